//! Rates and waits, and the lines of the table.
//!
//! A rate is the best of some runs, because everything that disturbs a run makes it slower. Waits are taken in turn with
//! their floor, so that what disturbs one disturbs the other; of both the same percentile is compared.

use std::fmt::Display;
use std::time::{Duration, Instant};

const RUNS: u32 = 5;

/// How many items a second, at best, when one run of `work` takes `items`.
pub(crate) fn rate(items: usize, mut work: impl FnMut()) -> f64 {
    let best = (0..RUNS).map(|_| time(&mut work)).min().unwrap_or_default();
    per_second(items, best)
}

/// How long it takes.
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Items a second.
pub(crate) fn per_second(items: usize, took: Duration) -> f64 {
    u32::try_from(items).map_or(f64::NAN, f64::from) / took.as_secs_f64()
}

/// Times of one thing, to take percentiles of.
#[derive(Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn add(&mut self, work: impl FnOnce()) {
        self.0.push(time(work));
    }

    pub(crate) fn push(&mut self, wait: Duration) {
        self.0.push(wait);
    }

    /// The wait that so many of a hundred do not exceed, in milliseconds.
    pub(crate) fn percentile(&self, of_hundred: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * of_hundred / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1000.0)
    }
}

/// The head of the table.
pub(crate) fn head() {
    println!("| What | Floor | Measured | Ratio | Goal | |");
    println!("|---|---|---|---|---|---|");
}

fn row(what: &str, floor: impl Display, measured: impl Display, ratio: impl Display, goal: impl Display, met: bool) {
    println!("| {what} | {floor} | {measured} | {ratio} | {goal} | {} |", if met { "met" } else { "missed" });
}

/// A rate, of which at least a share of the floor is wanted.
pub(crate) fn share(what: &str, floor: f64, measured: f64, goal: f64) {
    let ratio = measured / floor;
    let (floor, measured) = (format!("{floor:.0}/s"), format!("{measured:.0}/s"));
    row(what, floor, measured, format!("{ratio:.2}"), format!("at least {goal:.1}"), ratio >= goal);
}

/// A wait, of which at most a multiple of the floor is wanted.
pub(crate) fn multiple(what: &str, floor_ms: f64, measured_ms: f64, goal: f64) {
    let ratio = measured_ms / floor_ms;
    let (floor, measured) = (format!("{floor_ms:.2} ms"), format!("{measured_ms:.2} ms"));
    row(what, floor, measured, format!("{ratio:.2}"), format!("at most {goal:.1}"), ratio <= goal);
}

/// A rate that is wanted whatever the floor; how much of the floor it is is told.
pub(crate) fn at_least(what: &str, floor: f64, measured: f64, goal: f64) {
    let (ratio, met) = (format!("{:.2}", measured / floor), measured >= goal);
    row(what, format!("{floor:.0}/s"), format!("{measured:.0}/s"), ratio, format!("{goal:.0}/s"), met);
}

/// A number that must not be exceeded.
pub(crate) fn at_most(what: &str, measured: f64, unit: &str, goal: f64) {
    row(what, "", format!("{measured:.1} {unit}"), "", format!("at most {goal:.0} {unit}"), measured <= goal);
}

/// A number without a goal.
pub(crate) fn told(what: &str, floor: impl Display, measured: impl Display) {
    println!("| {what} | {floor} | {measured} | | | |");
}
