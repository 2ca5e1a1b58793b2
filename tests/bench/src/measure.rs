//! Rates: the best of some runs, because everything that disturbs a run makes it slower.

use std::time::Instant;

const RUNS: u32 = 5;

/// How many items a second, at best, when one run of `work` takes `items`.
pub(crate) fn rate(items: usize, mut work: impl FnMut()) -> f64 {
    let run = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let best = (0..RUNS).map(run).fold(f64::INFINITY, f64::min);
    u32::try_from(items).map_or(f64::NAN, f64::from) / best
}

/// One line of the table.
pub(crate) fn line(what: &str, floor: f64, measured: f64, goal: f64) {
    println!("{what:<44} {floor:>12.0}/s {measured:>12.0}/s {:>7.2} {goal:>6.2}", measured / floor);
}
