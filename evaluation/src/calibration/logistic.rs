//! Logistic regression that stays finite when a threshold separates the kinds.
//!
//! Both kinds weigh the same, so the fitted log odds are a log likelihood ratio. The prior is Platt's (1999): a true alert
//! counts as (n + 1) / (n + 2) true, a false one as 1 / (n + 2), as if one more of each had gone the other way; n counts
//! people and not pairs, because pairs of one person are no new witness.

use serde::Serialize;

use crate::statistics::real;

/// Newton steps at most; it takes about ten.
const MOST_STEPS: usize = 200;

/// How true a pair of each kind counts: non-mated, mated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Targets {
    /// Of false alerts.
    pub non_mated: f64,
    /// Of true alerts.
    pub mated: f64,
}

impl Targets {
    /// From the people in non-mated and in mated pairs.
    pub fn of(people: [u64; 2]) -> Self {
        let [non_mated, mated] = people;
        Self { non_mated: 1.0 / (real(non_mated) + 2.0), mated: (real(mated) + 1.0) / (real(mated) + 2.0) }
    }
}

/// One case: what is known of it, its kind, and how often it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) score: f64,
    pub(crate) quality: f64,
    pub(crate) mated: bool,
    pub(crate) weight: f64,
}

/// Log likelihood ratio = slope * score + by quality * quality + offset, in natural units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Logistic {
    /// For a score of 1.
    pub slope: f64,
    /// For an embedding length of 1; zero where quality was left out.
    pub quality: f64,
    /// At zero.
    pub offset: f64,
}

impl Logistic {
    /// The log likelihood ratio.
    pub fn log_ratio(self, score: f64, quality: f64) -> f64 {
        self.slope * score + self.quality * quality + self.offset
    }
}

type Vector = [f64; 3];

/// Fits; `None` where a kind is missing or the scores do not vary.
pub(crate) fn fit(cases: &[Case], targets: Targets, with_quality: bool) -> Option<Logistic> {
    let total = |mated: bool| cases.iter().filter(|case| case.mated == mated).map(|case| case.weight).sum::<f64>();
    let (of_mated, of_non_mated) = (total(true), total(false));
    if of_mated <= 0.0 || of_non_mated <= 0.0 {
        return None;
    }
    let weighted: Vec<(Vector, f64, f64)> = cases
        .iter()
        .filter(|case| case.weight > 0.0)
        .map(|case| {
            let (target, all) = if case.mated { (targets.mated, of_mated) } else { (targets.non_mated, of_non_mated) };
            ([case.score, case.quality, 1.0], target, case.weight / all / 2.0)
        })
        .collect();
    // Around the middle and in units of the spread, so that the numbers are estimated almost independently.
    let [score_middle, score_spread] = middle_and_spread(&weighted, |[score, _, _]| score);
    let [quality_middle, quality_spread] = middle_and_spread(&weighted, |[_, quality, _]| quality);
    let uses_quality = with_quality && quality_spread > 1e-9;
    if score_spread.is_nan() || score_spread <= 1e-9 {
        return None;
    }
    let scale = |[score, quality, one]: Vector| {
        let quality = if uses_quality { (quality - quality_middle) / quality_spread } else { 0.0 };
        [(score - score_middle) / score_spread, quality, one]
    };
    let scaled: Vec<(Vector, f64, f64)> =
        weighted.into_iter().map(|(features, target, weight)| (scale(features), target, weight)).collect();
    let [slope, quality, level] = newton(&scaled, uses_quality)?;
    let slope = slope / score_spread;
    let quality = if uses_quality { quality / quality_spread } else { 0.0 };
    Some(Logistic { slope, quality, offset: level - slope * score_middle - quality * quality_middle })
}

/// Weighted mean and standard deviation of one feature.
fn middle_and_spread(cases: &[(Vector, f64, f64)], feature: fn(Vector) -> f64) -> [f64; 2] {
    let all: f64 = cases.iter().map(|(_, _, weight)| weight).sum();
    let mean = |term: &dyn Fn(f64) -> f64| {
        cases.iter().map(|(features, _, weight)| weight * term(feature(*features))).sum::<f64>() / all
    };
    let middle = mean(&|value| value);
    [middle, mean(&|value| (value - middle).powi(2)).sqrt()]
}

fn dot(left: Vector, right: Vector) -> f64 {
    left.into_iter().zip(right).map(|(left, right)| left * right).sum()
}

fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}

fn loss(cases: &[(Vector, f64, f64)], numbers: Vector) -> f64 {
    let of_one = |(features, target, weight): &(Vector, f64, f64)| {
        let odds = dot(*features, numbers);
        weight * (softplus(odds) - target * odds)
    };
    cases.iter().map(of_one).sum()
}

fn newton(cases: &[(Vector, f64, f64)], uses_quality: bool) -> Option<Vector> {
    let mut numbers = [0.0; 3];
    let mut now = loss(cases, numbers);
    for _ in 0..MOST_STEPS {
        let step = newton_step(cases, numbers, uses_quality)?;
        let mut scale = 1.0;
        let (next, after) = loop {
            let mut next = numbers;
            for (number, step) in next.iter_mut().zip(step) {
                *number -= scale * step;
            }
            let after = loss(cases, next);
            if after <= now || scale < 1e-9 {
                break (next, after);
            }
            scale /= 2.0;
        };
        let moved = numbers.into_iter().zip(next).map(|(before, after)| (before - after).abs()).fold(0.0, f64::max);
        (numbers, now) = (next, after);
        if moved <= 1e-10 {
            return Some(numbers);
        }
    }
    None
}

/// The inverse second derivative times the first.
fn newton_step(cases: &[(Vector, f64, f64)], numbers: Vector, uses_quality: bool) -> Option<Vector> {
    let mut first = [0.0; 3];
    let mut second = [[0.0; 3]; 3];
    for (features, target, weight) in cases {
        let chance = 1.0 / (1.0 + (-dot(*features, numbers)).exp());
        let (error, bend) = (weight * (chance - target), weight * chance * (1.0 - chance));
        for ((sum, row), left) in first.iter_mut().zip(&mut second).zip(features) {
            *sum += error * left;
            for (cell, right) in row.iter_mut().zip(features) {
                *cell += bend * left * right;
            }
        }
    }
    if !uses_quality {
        second[1][1] = 1.0;
    }
    solve(second, first)
}

/// By Cramer's rule; the matrix is symmetric, and positive where there is an answer.
fn solve([row0, row1, row2]: [Vector; 3], right: Vector) -> Option<Vector> {
    let cross = |[a0, a1, a2]: Vector, [b0, b1, b2]: Vector| [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0];
    let determinant = dot(row0, cross(row1, row2));
    (determinant > 1e-300).then(|| {
        // The columns of the inverse are the rows of a symmetric one.
        [cross(row1, row2), cross(row2, row0), cross(row0, row1)].map(|column| dot(column, right) / determinant)
    })
}
