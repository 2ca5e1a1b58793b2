//! Error rates, likelihood ratios and their intervals, in the terms of ISO/IEC 19795-1.
//!
//! Must never: read a file, or give a rate without what it rests on.
//! Always: a comparison passes a threshold when its score is **above** it, as in the product's own bands; so the false
//! match rate (FMR) is the part of non-mated scores above, the false non-match rate (FNMR) the part of mated scores not
//! above. What a script in another language computes from the same table agrees (`tests/referee/python/evaluation`).

mod bootstrap;
mod counts;
mod folds;
mod interval;
mod likelihood;
mod people;
mod rates;

pub use bootstrap::{BinnedReplicates, Replicates, Weights};
pub use counts::{Counts, Score, Step, Steps};
pub use folds::{FoldAccuracy, Folds};
pub use interval::{
    Interval, at_most, clopper_pearson, detectable, detectable_rise, normal_quantile, percentiles, wilson,
};
pub use likelihood::{
    Affine, Bin, Judged, cllr, expected_calibration_error, fit, minimum_cllr, pool_adjacent_violators, reliability,
};
pub(crate) use people::name_hash;
pub use people::{People, Settled};
pub use rates::{Errors, Operating, Target};

/// A count as a number; counts here stay far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A part of a whole; 0 of 0 is 0.
pub(crate) fn part(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { real(count) / real(of) }
}
