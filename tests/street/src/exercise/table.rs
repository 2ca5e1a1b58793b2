//! The record as people read it: one column a line, and what the words mean.

use std::fmt::Write as _;

/// What stands beside a column.
const MEANINGS: [(&str, &str); 6] = [
    ("True Alerts Confirmed", "identity was established: the person sought"),
    ("True Alerts Unconfirmed", "by the last human judgement alone, or stated at the debrief"),
    ("False Alerts Confirmed", "identity was established: somebody else"),
    ("False Alerts Unconfirmed", "by the last human judgement alone, or stated at the debrief"),
    ("False Alert Rate", "as published, of all faces; then with its interval, of faces and of alerts"),
    ("No action", "the person was the one sought, and nothing followed"),
];

/// A record of one header and one row.
pub(super) fn of(csv: &str) -> String {
    let (head, row) = csv.trim_end().split_once('\n').unwrap_or_default();
    let (head, row): (Vec<&str>, Vec<&str>) = (head.trim().split(',').collect(), row.trim().split(',').collect());
    // A cell with a comma is quoted: such a row is shown as it stands.
    if head.len() != row.len() {
        return csv.to_owned();
    }
    let mut text = String::new();
    for (column, value) in head.into_iter().zip(row) {
        let mut parts = value.split("; ");
        let meaning = MEANINGS.iter().find(|(name, _)| *name == column).map(|(_, meaning)| format!("  ({meaning})"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {column:<25} {}{}", parts.next().unwrap_or_default(), meaning.unwrap_or_default());
        for more in parts {
            let _ = writeln!(text, "  {:<25} {more}", "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_line_and_each_figure_too() {
        let shown = of("Total Alerts,False Alert Rate,No action\r\n6,0.16%; per face 3/1834; per alert 3/6,0\r\n");
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(lines.len(), 5, "{shown}");
        assert!(lines[0].ends_with("Total Alerts              6"));
        assert!(lines[1].contains("0.16%  (as published") && lines[3].trim() == "per alert 3/6");
        assert!(lines[4].contains("No action                 0  (the person"));
        assert_eq!(of("a,b\n\"1,2\",3\n"), "a,b\n\"1,2\",3\n");
    }
}
