//! Intervals, and what a test of some size could have found at all. Everything at 95 %.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

use crate::statistics::{part, real};

const TAIL: f64 = 0.025;
/// The chance that a difference that is there is found.
const POWER: f64 = 0.8;

/// From, to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub to: f64,
}

impl Interval {
    /// The least interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// The quantile of the standard normal distribution (probit).
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// Wilson's score interval of a proportion; 0 to 1 when nothing was counted.
pub fn wilson(count: u64, of: u64) -> Interval {
    if of == 0 {
        return Interval { from: 0.0, to: 1.0 };
    }
    let (proportion, of_real) = (part(count, of), real(of));
    let z = -normal_quantile(TAIL);
    let square = z * z;
    let middle = proportion + square / (2.0 * of_real);
    let reach = z * (proportion * (1.0 - proportion) / of_real + square / (4.0 * of_real * of_real)).sqrt();
    let scale = 1.0 + square / of_real;
    let from = if count == 0 { 0.0 } else { ((middle - reach) / scale).max(0.0) };
    let to = if count == of { 1.0 } else { ((middle + reach) / scale).min(1.0) };
    Interval { from, to }
}

/// The exact interval of Clopper and Pearson; 0 to 1 when nothing was counted.
pub fn clopper_pearson(count: u64, of: u64) -> Interval {
    let quantile = |first: f64, second: f64, probability: f64| {
        Beta::new(first, second).map_or(f64::NAN, |beta| beta.inverse_cdf(probability))
    };
    let (hits, misses) = (real(count), real(of.saturating_sub(count)));
    Interval {
        from: if count == 0 { 0.0 } else { quantile(hits, misses + 1.0, TAIL) },
        to: if count >= of { 1.0 } else { quantile(hits + 1.0, misses, 1.0 - TAIL) },
    }
}

/// With no error among so many, the rate is at most this (one-sided 95 %, exact; the rule of three says 3 / `of`).
pub fn at_most(of: u64) -> f64 {
    if of == 0 { 1.0 } else { 1.0 - 0.05_f64.powf(1.0 / real(of)) }
}

/// The least true error rate that so many comparisons would have shown with 95 % certainty by at least one error.
pub fn detectable(of: u64) -> f64 {
    at_most(of)
}

/// The least rate above `base` (measured on `base_count` comparisons) that a two-sided test at 5 % would have told from
/// it with 80 % certainty on `count` comparisons: by the difference of arcsines of roots. `None` when there is none.
pub fn detectable_rise(base: f64, base_count: u64, count: u64) -> Option<f64> {
    if base_count == 0 || count == 0 || !(0.0..=1.0).contains(&base) {
        return None;
    }
    let spread = (1.0 / real(base_count) + 1.0 / real(count)).sqrt();
    let angle = base.sqrt().asin() + (normal_quantile(POWER) - normal_quantile(TAIL)) * spread / 2.0;
    (angle < std::f64::consts::FRAC_PI_2).then(|| angle.sin().powi(2))
}

/// The middle 95 % of values; `None` for fewer than 40, or where one is not a number.
pub fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    if values.len() < 40 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let cut = values.len() * 25 / 1000;
    Some(Interval { from: *values.get(cut)?, to: *values.get(last - cut)? })
}
