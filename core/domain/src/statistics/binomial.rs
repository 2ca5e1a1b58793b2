//! The binomial distribution to nearly the last bit, its exact interval and its two-sided test.
//!
//! Probabilities by Loader's saddle point ("Fast and Accurate Computation of Binomial Probabilities", 2000), tails by the
//! continued fraction of the incomplete beta function (DLMF 8.17.22). Always: the smaller tail is computed, never as
//! one less the larger.

use std::f64::consts::TAU;

use crate::statistics::rate::{Interval, Rate};
use crate::statistics::real;

/// Below or above the interval: 2.5% each.
const TAIL: f64 = 0.025;
/// Probabilities that differ by less than this part are one probability: rounding must not decide what is as unlikely.
pub(super) const SAME: f64 = 1.0 + 1e-7;
/// Steps of the continued fraction; one of a million cases needs some hundred.
const MAX_STEPS: u32 = 100_000;
/// Halvings of an interval of floating numbers; there are never more.
const MAX_HALVINGS: u32 = 1_100;

/// The error of Stirling's formula for n!, for 0 to 15; the first is not used.
const STIRLING_ERRORS: [f64; 16] = [
    0.0,
    0.081_061_466_795_327_26,
    0.041_340_695_955_409_3,
    0.027_677_925_684_998_34,
    0.020_790_672_103_765_093,
    0.016_644_691_189_821_193,
    0.013_876_128_823_070_748,
    0.011_896_709_945_891_77,
    0.010_411_265_261_972_096,
    0.009_255_462_182_712_733,
    0.008_330_563_433_362_87,
    0.007_573_675_487_951_841,
    0.006_942_840_107_209_53,
    0.006_408_994_188_004_207,
    0.005_951_370_112_758_847_5,
    0.005_554_733_551_962_801,
];

fn stirling_error(count: u64) -> f64 {
    if let Some(error) = usize::try_from(count).ok().and_then(|index| STIRLING_ERRORS.get(index)) {
        return *error;
    }
    let n = real(count);
    let square = n * n;
    let terms = [1.0 / 1188.0, 1.0 / 1680.0, 1.0 / 1260.0, 1.0 / 360.0, 1.0 / 12.0];
    terms.into_iter().reduce(|sum, term| term - sum / square).unwrap_or(0.0) / n
}

/// x ln(x/m) + m - x, without loss where x is near m.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let square = ratio * ratio;
    let mut sum = (x - mean) * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in 1..1000_u32 {
        power *= square;
        let next = sum + power / f64::from(2 * odd + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

/// The chance of `count` among `of`, each with the chance `p`; `q` is one less it, told apart so that nothing is lost.
pub(super) fn exactly(count: u64, of: u64, p: f64, q: f64) -> f64 {
    if count > of {
        return 0.0;
    }
    if p <= 0.0 {
        return if count == 0 { 1.0 } else { 0.0 };
    }
    if q <= 0.0 {
        return if count == of { 1.0 } else { 0.0 };
    }
    let n = real(of);
    if count == 0 {
        return (n * ln_of_rest(p, q)).exp();
    }
    if count == of {
        return (n * ln_of_rest(q, p)).exp();
    }
    let (hits, misses) = (real(count), real(of - count));
    let errors = stirling_error(of) - stirling_error(count) - stirling_error(of - count);
    let exponent = errors - deviance(hits, n * p) - deviance(misses, n * q);
    exponent.exp() / (TAU * hits * (misses / n)).sqrt()
}

/// ln(rest), where `rest` is one less `part`.
fn ln_of_rest(part: f64, rest: f64) -> f64 {
    if part < 0.5 { (-part).ln_1p() } else { rest.ln() }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let kept = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut numerator = 1.0;
    let mut inverse = 1.0 / kept(1.0 - (a + b) * x / (a + 1.0));
    let mut product = inverse;
    for step in 1..MAX_STEPS {
        let step = f64::from(step);
        let twice = a + 2.0 * step;
        let even = step * (b - step) * x / ((twice - 1.0) * twice);
        let odd = -(a + step) * (a + b + step) * x / (twice * (twice + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            inverse = 1.0 / kept(1.0 + term * inverse);
            numerator = kept(1.0 + term / numerator);
            factor = inverse * numerator;
            product *= factor;
        }
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product
}

/// The chances of fewer than `count`, and of `count` or more, among `of`.
pub(super) fn tails(count: u64, of: u64, p: f64) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    if count > of {
        return (1.0, 0.0);
    }
    let q = 1.0 - p;
    let (a, b) = (real(count), real(of - count + 1));
    if p * (a + b + 2.0) < a + 1.0 {
        let above = exactly(count, of, p, q) * q * fraction(a, b, p);
        (1.0 - above, above.min(1.0))
    } else {
        let below = exactly(count - 1, of, p, q) * p * fraction(b, a, q);
        (below.min(1.0), 1.0 - below)
    }
}

/// Where a function that rises from below zero to above it crosses it.
pub(super) fn crossing(from: f64, to: f64, rises: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (from, to);
    for _ in 0..MAX_HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if rises(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The exact interval of Clopper and Pearson, 95%.
pub(super) fn exact_interval(count: u64, of: u64) -> Interval {
    let low = if count == 0 { 0.0 } else { crossing(0.0, 1.0, |p| tails(count, of, p).1 - TAIL) };
    let high = if count >= of { 1.0 } else { crossing(0.0, 1.0, |p| TAIL - tails(count + 1, of, p).0) };
    Interval { low, high }
}

/// The two-sided exact test of a share against an expected one: how likely is a count that is as unlikely as this one,
/// or more. `None` where `expected` is no share.
pub fn binomial_test(seen: Rate, expected: f64) -> Option<f64> {
    (0.0..=1.0).contains(&expected).then(|| two_sided(seen.numerator(), seen.denominator(), expected))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // of * p lies between 0 and `of`
pub(super) fn two_sided(count: u64, of: u64, p: f64) -> f64 {
    let q = 1.0 - p;
    let mean = real(of) * p;
    let bound = exactly(count, of, p, q) * SAME;
    let is_as_unlikely = |other: u64| exactly(other, of, p, q) <= bound;
    let sum = if real(count) < mean {
        // From the mean upwards the chances fall: the first count that is as unlikely begins the other tail.
        let other = first((mean.ceil() as u64).min(of), of, is_as_unlikely);
        tails(count + 1, of, p).0 + other.map_or(0.0, |other| tails(other, of, p).1)
    } else if real(count) > mean {
        let other = last(mean.floor() as u64, is_as_unlikely);
        tails(count, of, p).1 + other.map_or(0.0, |other| tails(other + 1, of, p).0)
    } else {
        1.0
    };
    sum.min(1.0)
}

/// The first of `from..=to` that holds, where all after it hold.
fn first(from: u64, to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (from, to + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    (low <= to).then_some(low)
}

/// The last of `0..=to` that holds, where all before it hold.
fn last(to: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (0, to + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low.checked_sub(1)
}

/// With no case among `of`, the share is below this with 95% certainty: three of them. `None` for nothing.
pub fn rule_of_three(of: u64) -> Option<f64> {
    (of > 0).then(|| (3.0 / real(of)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ours: f64, theirs: f64) {
        assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1e-3), "{ours} and {theirs}");
    }

    #[test]
    fn chances_add_up_and_agree_with_small_fractions() {
        near(exactly(3, 5, 0.25, 0.75), 90.0 / 1024.0);
        near(exactly(0, 5, 0.25, 0.75), 243.0 / 1024.0);
        near(exactly(5, 5, 0.25, 0.75), 1.0 / 1024.0);
        near(exactly(30, 60, 0.5, 0.5), 0.102_578_173_008_569_54);
        let sum: f64 = (0..=2_077).map(|count| exactly(count, 2_077, 0.004_8, 0.995_2)).sum();
        near(sum, 1.0);
    }

    #[test]
    fn tails_are_the_sums_of_the_chances() {
        for (of, p) in [(10, 0.45), (2_077, 0.0048), (400, 0.5), (37, 0.999)] {
            for count in 0..=of.min(60) {
                let below: f64 = (0..count).map(|other| exactly(other, of, p, 1.0 - p)).sum();
                near(tails(count, of, p).0, below);
            }
        }
        assert_eq!(tails(11, 10, 0.5), (1.0, 0.0));
    }

    #[test]
    fn chances_at_the_ends_are_certain() {
        assert_eq!((exactly(0, 9, 0.0, 1.0), exactly(1, 9, 0.0, 1.0)), (1.0, 0.0));
        assert_eq!((exactly(9, 9, 1.0, 0.0), exactly(8, 9, 1.0, 0.0)), (1.0, 0.0));
        assert!(two_sided(0, 9, 0.0) >= 1.0 && two_sided(1, 9, 0.0) <= 0.0);
    }
}
