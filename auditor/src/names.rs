//! Short names for the logs of a printed report. A log's full name is some sixty characters long, the same for each but
//! for the last ones.

use std::fmt::Write as _;

use peel_ledger::bundle::Report;

/// Full names and what stands for them, in the order of the report.
pub(crate) struct Names(Vec<(String, String)>);

impl Names {
    pub(crate) fn of(report: &Report) -> Self {
        let mut names: Vec<(String, String)> = Vec::new();
        let mut phones = 0_usize;
        for full in report.checked.iter().filter_map(|item| item.log.as_deref()) {
            if names.iter().any(|(known, _)| known == full) {
                continue;
            }
            let short = if full.ends_with("/peel/log") {
                "force log".to_owned()
            } else if full.ends_with("/peel/events") {
                "events log".to_owned()
            } else {
                phones += 1;
                format!("phone {phones}")
            };
            names.push((full.to_owned(), short));
        }
        Self(names)
    }

    /// Which name stands for which log. Writing to a string cannot fail.
    pub(crate) fn legend(&self) -> String {
        let mut out = String::new();
        for (full, short) in &self.0 {
            let _ = writeln!(out, "{short} = {full}");
        }
        out
    }

    /// The text with the short names, wherever a full one stands by itself.
    pub(crate) fn shorten(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (full, short)| replaced(&text, full, short))
    }
}

fn replaced(text: &str, full: &str, short: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(full) {
        out.push_str(before);
        // A longer name may begin with this one.
        let whole = !after.starts_with(|next: char| next.is_alphanumeric() || "-_./".contains(next));
        out.push_str(if whole { short } else { full });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_not_taken_for_a_shorter_one() {
        let names = Names(vec![("f/peel/device/e1".to_owned(), "phone 1".to_owned())]);
        let text = "f/peel/device/e1: a\nf/peel/device/e12: b\nf/peel/device/e1, entry 3";
        assert_eq!(names.shorten(text), "phone 1: a\nf/peel/device/e12: b\nphone 1, entry 3");
        assert_eq!(names.legend(), "phone 1 = f/peel/device/e1\n");
    }
}
