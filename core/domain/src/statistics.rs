//! Rates and tests for small counts: a share never stands without its numerator, denominator and 95% interval (S45).
//!
//! For: the record, the year's report, the tables by group. Must never: give a rate without what it rests on, use a
//! normal approximation where counts are small, or merge periods.
//! Always: intervals are Wilson's or exact (Clopper and Pearson), tests are exact. What is computed is within 1e-9 of
//! what other libraries give (`tests/referee/python/statistics`); the same counts give the same bits on one machine, and
//! no result depends on the order of a sum over a hash.

mod binomial;
mod disclosure;
mod fisher;
mod per_unit;
mod power;
mod rate;
mod second_check;

pub use binomial::{binomial_test, rule_of_three};
pub use disclosure::{Part, Shown, suppress, suppress_sums};
pub use fisher::fisher_exact;
pub use per_unit::PerUnit;
pub use power::{DETECTED, MAX_CASES, SIGNIFICANT, detectable_share, power};
pub use rate::{FalseAlertRates, Interval, NotARate, Rate, RateWords};
pub use second_check::share_of_true_after;

/// A count as a number. Counts of faces stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}
