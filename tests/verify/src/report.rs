//! The table at the end, for people and for machines.
//!
//! The last line of the text is `N passed, N failed` and nothing else; what did not run is named
//! above it with its reason and, where nothing may be skipped, counted as failed.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use crate::parts::Outcome;

/// One part's line.
pub(crate) struct Line {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

impl Line {
    /// What a part came to.
    pub(crate) fn new(name: &'static str, outcome: Outcome, took: Duration) -> Self {
        Self { name, outcome, took }
    }

    /// One line for the progress.
    pub(crate) fn summary(&self) -> String {
        format!("{}: {} in {}", self.name, self.outcome.in_words(), seconds(self.took))
    }
}

/// The whole run's result.
pub(crate) struct Report {
    strict: bool,
    lines: Vec<Line>,
    notes: Vec<String>,
}

impl Report {
    /// An empty report; `strict` counts everything that did not run as failed.
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, lines: Vec::new(), notes: Vec::new() }
    }

    /// Adds a part.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds facts to be told at the end.
    pub(crate) fn add_notes(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }

    /// True when nothing failed, and something ran.
    pub(crate) fn all_well(&self) -> bool {
        self.failed() == 0 && self.passed() > 0
    }

    fn passed(&self) -> u64 {
        self.lines.iter().map(|line| line.outcome.passed).sum()
    }

    fn failed(&self) -> u64 {
        let failed: u64 = self.lines.iter().map(|line| line.outcome.failed).sum();
        failed + if self.strict { self.not_run() } else { 0 }
    }

    fn not_run(&self) -> u64 {
        self.lines.iter().map(|line| count(&line.outcome.not_run)).sum()
    }

    /// For people.
    pub(crate) fn as_text(&self) -> String {
        let mut text = format!("\n{:<10} {:>8} {:>8} {:>8} {:>10}\n", "part", "passed", "failed", "not run", "time");
        for line in &self.lines {
            let outcome = &line.outcome;
            let _ = writeln!(
                text,
                "{:<10} {:>8} {:>8} {:>8} {:>10}",
                line.name,
                outcome.passed,
                outcome.failed,
                outcome.not_run.len(),
                seconds(line.took)
            );
        }
        text.push('\n');
        for line in &self.lines {
            for problem in &line.outcome.problems {
                let _ = writeln!(text, "failed: {}: {problem}", line.name);
            }
        }
        for line in &self.lines {
            for reason in &line.outcome.not_run {
                let _ = writeln!(text, "not run: {}: {reason}", line.name);
            }
        }
        if self.strict && self.not_run() > 0 {
            text.push_str("in continuous integration everything must run: not run counts as failed\n");
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        let _ = writeln!(text, "{} passed, {} failed", self.passed(), self.failed());
        text
    }

    /// For machines: one object.
    pub(crate) fn as_json(&self) -> String {
        let parts: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "part": line.name,
                    "passed": line.outcome.passed,
                    "failed": line.outcome.failed,
                    "not_run": line.outcome.not_run,
                    "problems": line.outcome.problems,
                    "seconds": line.took.as_secs_f64(),
                })
            })
            .collect();
        json!({
            "passed": self.passed(),
            "failed": self.failed(),
            "strict": self.strict,
            "parts": parts,
            "notes": self.notes,
        })
        .to_string()
    }
}

fn count(list: &[String]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(strict: bool) -> Report {
        let mut report = Report::new(strict);
        let outcome = Outcome { passed: 4, not_run: vec!["no people".to_owned()], ..Outcome::default() };
        report.push(Line::new("rust", outcome, Duration::from_secs(2)));
        report
    }

    #[test]
    fn the_last_line_is_the_sum_and_nothing_else() {
        assert_eq!(report(false).as_text().lines().last(), Some("4 passed, 0 failed"));
    }

    #[test]
    fn what_did_not_run_is_named_and_fails_only_where_nothing_may_be_skipped() {
        assert!(report(false).as_text().contains("not run: rust: no people"));
        assert!(report(false).all_well());
        assert_eq!(report(true).as_text().lines().last(), Some("4 passed, 1 failed"));
        assert!(!report(true).all_well());
    }

    #[test]
    fn a_run_without_any_test_is_not_well() {
        assert!(!Report::new(false).all_well());
    }

    #[test]
    fn machines_read_the_same_numbers() {
        let value: serde_json::Value = serde_json::from_str(&report(true).as_json()).expect("an object");
        assert_eq!(value["passed"], 4);
        assert_eq!(value["failed"], 1);
        assert_eq!(value["parts"][0]["part"], "rust");
    }
}
