//! How fast each step was, in real time.

use std::fmt::Write;
use std::time::Instant;

/// The steps that are measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// From the camera's capture (the vendor's post begins) to the alert on the phone's list.
    CaptureToScreen,
    /// A blind judgement, until it is durable and the rest is shown.
    Judgement,
    /// A secondary face check, until its opinion is in the trail.
    Check,
    /// A decision, until it is durable.
    Decision,
    /// Bringing the trail to the force.
    Sync,
}

const STEPS: [(Step, &str); 5] = [
    (Step::CaptureToScreen, "capture to screen"),
    (Step::Judgement, "judgement"),
    (Step::Check, "face check"),
    (Step::Decision, "decision"),
    (Step::Sync, "sync"),
];

/// Collected figures.
#[derive(Debug, Default)]
pub struct Figures {
    measured: Vec<(Step, f64)>,
}

impl Figures {
    /// Adds a figure in milliseconds.
    pub fn add(&mut self, step: Step, ms: f64) {
        self.measured.push((step, ms));
    }

    /// Adds the time between two instants.
    pub fn add_between(&mut self, step: Step, from: Instant, to: Instant) {
        self.add(step, to.saturating_duration_since(from).as_secs_f64() * 1000.0);
    }

    /// A table: step, how many, median and slowest.
    pub fn table(&self) -> String {
        let mut text = String::from("step                 n   median      slowest\n");
        for (step, name) in STEPS {
            let mut times: Vec<f64> =
                self.measured.iter().filter(|(measured, _)| *measured == step).map(|(_, ms)| *ms).collect();
            times.sort_by(f64::total_cmp);
            let (Some(median), Some(slowest)) = (times.get(times.len() / 2), times.last()) else { continue };
            let _ = writeln!(text, "{name:<18} {:>3} {median:>8.1} ms {slowest:>8.1} ms", times.len());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_step_that_was_measured() {
        let mut figures = Figures::default();
        for ms in [3.0, 1.0, 2.0] {
            figures.add(Step::Check, ms);
        }
        let table = figures.table();
        assert!(table.contains("face check           3      2.0 ms      3.0 ms"), "{table}");
        assert!(!table.contains("sync"));
    }
}
