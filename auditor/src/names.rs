//! Short names for the logs of a printed report. A log's full name is some sixty characters long, the same for each but
//! for the last ones.

use std::fmt::Write as _;

use peel_ledger::Origin;
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
            let short = of_the_force(full).unwrap_or_else(|| {
                phones += 1;
                format!("phone {phones}")
            });
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

/// The force's own logs, which go on under a number after a restore of its store.
fn of_the_force(full: &str) -> Option<String> {
    let (force, _) = full.split_once("/peel/")?;
    let origin = Origin::new(full).ok()?;
    let numbered = |name: &str, epoch: u32| if epoch < 2 { name.to_owned() } else { format!("{name} {epoch}") };
    let log = origin.force_log_epoch(force).map(|epoch| numbered("force log", epoch));
    log.or_else(|| origin.events_epoch(force).map(|epoch| numbered("events log", epoch)))
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
    fn the_forces_own_logs_are_named_so_after_a_restore_too() {
        let name = |part: &str| of_the_force(&format!("force.example/peel/{part}"));
        assert_eq!(name("log").as_deref(), Some("force log"));
        assert_eq!(name("events-2").as_deref(), Some("events log 2"));
        assert_eq!(name("log-1"), None);
        assert_eq!(name("device/log"), None);
    }

    #[test]
    fn a_longer_name_is_not_taken_for_a_shorter_one() {
        let names = Names(vec![("f/peel/device/e1".to_owned(), "phone 1".to_owned())]);
        let text = "f/peel/device/e1: a\nf/peel/device/e12: b\nf/peel/device/e1, entry 3";
        assert_eq!(names.shorten(text), "phone 1: a\nf/peel/device/e12: b\nphone 1, entry 3");
        assert_eq!(names.legend(), "phone 1 = f/peel/device/e1\n");
    }
}
