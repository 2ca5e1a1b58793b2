//! Likelihood ratios: how much more likely a score is for a mated than for a non-mated pair, and what such a statement
//! costs when it is wrong (Cllr, in bits; 0 is perfect, 1 says nothing).
//!
//! Always: both kinds weigh the same, however many pairs there are of each, so nothing depends on how often people are
//! who they seem to be.

use serde::Serialize;

use crate::statistics::counts::{Step, Steps};
use crate::statistics::interval::{Interval, normal_quantile};
use crate::statistics::real;

/// Comparisons that share one log likelihood ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Natural logarithm of the likelihood ratio; may be infinite.
    pub log_ratio: f64,
    /// Mated comparisons.
    pub mated: u64,
    /// Non-mated comparisons.
    pub non_mated: u64,
}

fn totals(judged: &[Judged]) -> Option<(f64, f64)> {
    let mated: u64 = judged.iter().map(|judged| judged.mated).sum();
    let non_mated: u64 = judged.iter().map(|judged| judged.non_mated).sum();
    (mated > 0 && non_mated > 0).then(|| (real(mated), real(non_mated)))
}

/// The log-likelihood-ratio cost; `None` unless both kinds are there.
pub fn cllr(judged: &[Judged]) -> Option<f64> {
    let (mated, non_mated) = totals(judged)?;
    let cost = |count: u64, log_ratio: f64| if count == 0 { 0.0 } else { real(count) * softplus(log_ratio) };
    let of_mated: f64 = judged.iter().map(|judged| cost(judged.mated, -judged.log_ratio)).sum();
    let of_non_mated: f64 = judged.iter().map(|judged| cost(judged.non_mated, judged.log_ratio)).sum();
    Some(f64::midpoint(of_mated / mated, of_non_mated / non_mated) / std::f64::consts::LN_2)
}

/// `ln(1 + e^x)` without overflow.
fn softplus(value: f64) -> f64 {
    value.max(0.0) + (-value.abs()).exp().ln_1p()
}

/// The best monotone likelihood ratios for these very scores (isotonic regression): what no calibration can better.
pub fn pool_adjacent_violators(steps: &Steps) -> Vec<Judged> {
    let mut blocks: Vec<(u64, u64)> = Vec::new();
    for step in steps.as_slice() {
        let mut block = (step.mated, step.non_mated);
        while let Some((mated, non_mated)) = blocks.pop_if(|last| !rises(*last, block)) {
            block = (block.0 + mated, block.1 + non_mated);
        }
        blocks.push(block);
    }
    let prior = (real(steps.mated()) / real(steps.non_mated())).ln();
    let judge = |(mated, non_mated): (u64, u64)| Judged {
        log_ratio: (real(mated) / real(non_mated)).ln() - prior,
        mated,
        non_mated,
    };
    blocks.into_iter().map(judge).collect()
}

/// Whether the mated part of the second block is the greater one.
fn rises(first: (u64, u64), second: (u64, u64)) -> bool {
    let product = |mated: u64, non_mated: u64| u128::from(mated) * u128::from(non_mated);
    product(first.0, second.1) < product(second.0, first.1)
}

/// Cllr of [`pool_adjacent_violators`]: the part of the cost that is due to scores that overlap.
pub fn minimum_cllr(steps: &Steps) -> Option<f64> {
    if steps.has_both() { cllr(&pool_adjacent_violators(steps)) } else { None }
}

/// A calibration by two numbers: log ratio = slope times score plus offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Affine {
    /// Natural log units for a score of 1.
    pub slope: f64,
    /// Natural log units.
    pub offset: f64,
}

impl Affine {
    /// Judges scores.
    pub fn judge(self, steps: &Steps) -> Vec<Judged> {
        let judge = |step: &Step| Judged {
            log_ratio: self.slope * step.score.value() + self.offset,
            mated: step.mated,
            non_mated: step.non_mated,
        };
        steps.as_slice().iter().map(judge).collect()
    }
}

/// Newton steps at most; it takes about ten.
const MOST_STEPS: usize = 100;

/// Logistic regression with both kinds weighing the same. `None` when one kind is missing or a threshold separates
/// them: then any steepness fits, and none can be said to be right.
pub fn fit(steps: &Steps) -> Option<Affine> {
    let ([_, highest_non_mated], [lowest_mated, _]) = (steps.range(false)?, steps.range(true)?);
    let ([lowest_non_mated, _], [_, highest_mated]) = (steps.range(false)?, steps.range(true)?);
    if highest_non_mated <= lowest_mated || highest_mated <= lowest_non_mated {
        return None;
    }
    // Around the middle, so that the two numbers are estimated almost independently.
    let middle = f64::midpoint(steps.mean(true)?, steps.mean(false)?);
    let (mut slope, mut level) = (1.0, 0.0);
    let mut loss = logistic_loss(steps, middle, slope, level);
    for _ in 0..MOST_STEPS {
        let [step_slope, step_level] = newton_step(steps, middle, slope, level)?;
        let mut scale = 1.0;
        let next = loop {
            let (slope, level) = (slope - scale * step_slope, level - scale * step_level);
            let next = logistic_loss(steps, middle, slope, level);
            if next <= loss || scale < 1e-6 {
                break (slope, level, next);
            }
            scale /= 2.0;
        };
        let done = (slope - next.0).abs() <= 1e-10 * slope.abs().max(1.0) && (level - next.1).abs() <= 1e-10;
        (slope, level, loss) = next;
        if done {
            return Some(Affine { slope, offset: level - slope * middle });
        }
    }
    None
}

fn weights(steps: &Steps) -> [f64; 2] {
    [0.5 / real(steps.mated()), 0.5 / real(steps.non_mated())]
}

fn logistic_loss(steps: &Steps, middle: f64, slope: f64, level: f64) -> f64 {
    let [mated, non_mated] = weights(steps);
    let of_one = |step: &Step| {
        let log_ratio = slope * (step.score.value() - middle) + level;
        mated * real(step.mated) * softplus(-log_ratio) + non_mated * real(step.non_mated) * softplus(log_ratio)
    };
    steps.as_slice().iter().map(of_one).sum()
}

/// The inverse second derivative times the first.
fn newton_step(steps: &Steps, middle: f64, slope: f64, level: f64) -> Option<[f64; 2]> {
    let [mated, non_mated] = weights(steps);
    let (mut by_slope, mut by_level) = (0.0, 0.0);
    let (mut slope_slope, mut slope_level, mut level_level) = (0.0, 0.0, 0.0);
    for step in steps.as_slice() {
        let place = step.score.value() - middle;
        let chance = sigmoid(slope * place + level);
        let weight = mated * real(step.mated) + non_mated * real(step.non_mated);
        let error = weight * chance - mated * real(step.mated);
        let bend = weight * chance * (1.0 - chance);
        by_slope += error * place;
        by_level += error;
        slope_slope += bend * place * place;
        slope_level += bend * place;
        level_level += bend;
    }
    let determinant = slope_slope * level_level - slope_level * slope_level;
    (determinant > 1e-300).then(|| {
        [
            (level_level * by_slope - slope_level * by_level) / determinant,
            (slope_slope * by_level - slope_level * by_slope) / determinant,
        ]
    })
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

/// Bins of the reliability diagram.
const BINS: usize = 10;

/// One bin of the reliability diagram, at even odds before the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Mean of what was stated: the chance that the pair is mated.
    pub stated: f64,
    /// The part that is mated, both kinds weighing the same.
    pub observed: f64,
    /// Where the observed part lies with 95 % certainty, if pairs were independent.
    pub around: Interval,
    /// The bin's part of the whole weight.
    pub weight: f64,
    /// Mated comparisons in the bin.
    pub mated: u64,
    /// Non-mated comparisons in the bin.
    pub non_mated: u64,
}

/// Ten bins of equal width over the stated chance; empty ones are left out.
pub fn reliability(judged: &[Judged]) -> Vec<Bin> {
    let Some((all_mated, all_non_mated)) = totals(judged) else { return Vec::new() };
    let empty = Bin {
        stated: 0.0,
        observed: 0.0,
        around: Interval { from: 0.0, to: 1.0 },
        weight: 0.0,
        mated: 0,
        non_mated: 0,
    };
    let mut bins = [empty; BINS];
    for judged in judged {
        let stated = sigmoid(judged.log_ratio);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chance is from 0 to 1")]
        let place = ((stated * 10.0) as usize).min(BINS - 1);
        if let Some(bin) = bins.get_mut(place) {
            let weight = real(judged.mated) / all_mated / 2.0 + real(judged.non_mated) / all_non_mated / 2.0;
            bin.stated += weight * stated;
            bin.weight += weight;
            bin.mated += judged.mated;
            bin.non_mated += judged.non_mated;
        }
    }
    let finish = |bin: Bin| Bin {
        stated: bin.stated / bin.weight,
        observed: real(bin.mated) / all_mated / 2.0 / bin.weight,
        around: around(bin.mated, bin.non_mated, all_mated, all_non_mated),
        ..bin
    };
    bins.into_iter().filter(|bin| bin.weight > 0.0).map(finish).collect()
}

/// By the log odds and their spread, half a pair added to each kind so that none is empty (Haldane and Anscombe).
fn around(mated: u64, non_mated: u64, all_mated: f64, all_non_mated: f64) -> Interval {
    let (mated, non_mated) = (real(mated) + 0.5, real(non_mated) + 0.5);
    let middle = (mated / all_mated).ln() - (non_mated / all_non_mated).ln();
    let reach = normal_quantile(0.975) * (1.0 / mated + 1.0 / non_mated).sqrt();
    Interval { from: sigmoid(middle - reach), to: sigmoid(middle + reach) }
}

/// The mean distance between stated and observed, by weight.
pub fn expected_calibration_error(bins: &[Bin]) -> Option<f64> {
    let distance = |bin: &Bin| bin.weight * (bin.stated - bin.observed).abs();
    (!bins.is_empty()).then(|| bins.iter().map(distance).sum())
}
