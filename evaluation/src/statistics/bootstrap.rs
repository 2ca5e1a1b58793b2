//! Intervals by drawing people again: each replicate draws as many people as there are, with replacement; a mated pair
//! counts as often as its person was drawn, a non-mated pair as often as both were, multiplied.
//!
//! Always: pairs are streamed past all replicates at once, so memory grows with people and replicates, not with pairs.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::statistics::counts::Score;
use crate::statistics::interval::{Interval, percentiles};
use crate::statistics::rates::Errors;
use crate::statistics::{part, real};

/// At most so many bytes of weights.
const WEIGHT_BYTES: usize = 200_000_000;
const MOST_REPLICATES: usize = 1000;

/// How often each person was drawn in each replicate.
#[derive(Clone, Debug)]
pub struct Weights {
    replicates: usize,
    by_person: Vec<u8>,
}

impl Weights {
    /// Draws; the same seed draws the same.
    pub fn draw(people: usize, seed: u64) -> Self {
        let replicates = (WEIGHT_BYTES / people.max(1)).clamp(1, MOST_REPLICATES);
        let mut by_person = vec![0_u8; people * replicates];
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        for replicate in 0..replicates {
            for _ in 0..people {
                let person = random.random_range(0..people);
                if let Some(weight) = by_person.get_mut(person * replicates + replicate) {
                    *weight = weight.saturating_add(1);
                }
            }
        }
        Self { replicates, by_person }
    }

    /// How many replicates there are.
    pub fn replicates(&self) -> usize {
        self.replicates
    }

    fn of(&self, person: usize) -> &[u8] {
        self.by_person.get(person * self.replicates..(person + 1) * self.replicates).unwrap_or_default()
    }

    /// How often a pair of these people counts in one replicate.
    pub fn in_replicate(&self, [first, second]: [usize; 2], replicate: usize) -> u32 {
        let of = |person| self.of(person).get(replicate).copied().map_or(0, u32::from);
        if first == second { of(first) } else { of(first) * of(second) }
    }

    /// How often a pair of these people counts in each replicate.
    pub fn of_pair(&self, [first, second]: [usize; 2], weights: &mut Vec<u32>) {
        weights.clear();
        if first == second {
            weights.extend(self.of(first).iter().map(|weight| u32::from(*weight)));
        } else {
            let both = self.of(first).iter().zip(self.of(second));
            weights.extend(both.map(|(first, second)| u32::from(*first) * u32::from(*second)));
        }
    }
}

/// Errors at some thresholds, in the sample and in each replicate.
#[derive(Clone, Debug)]
pub struct Replicates {
    thresholds: Vec<Threshold>,
    /// By replicate, the non-mated and the mated comparisons.
    all: Vec<[u64; 2]>,
}

#[derive(Clone, Debug)]
struct Threshold {
    score: Score,
    errors: Errors,
    /// By replicate, the false matches and the false non-matches.
    wrong: Vec<[u64; 2]>,
}

impl Replicates {
    /// Nothing counted yet.
    pub fn new(thresholds: impl IntoIterator<Item = Score>, replicates: usize) -> Self {
        let none = vec![[0; 2]; replicates];
        let begin = |score| Threshold { score, errors: Errors::default(), wrong: none.clone() };
        Self { thresholds: thresholds.into_iter().map(begin).collect(), all: none.clone() }
    }

    /// Counts one comparison, with how often it counts in each replicate.
    pub fn add(&mut self, score: Score, mated: bool, weights: &[u32]) {
        let kind = usize::from(mated);
        add_weights(&mut self.all, kind, weights);
        for threshold in &mut self.thresholds {
            let above = score > threshold.score;
            threshold.errors.add(mated, above);
            if above != mated {
                add_weights(&mut threshold.wrong, kind, weights);
            }
        }
    }

    /// The sample's own errors at the threshold of that place.
    pub fn errors(&self, place: usize) -> Option<Errors> {
        self.thresholds.get(place).map(|threshold| threshold.errors)
    }

    /// The middle 95 % of the replicates' FNMR (`mated`) or FMR at the threshold of that place.
    pub fn interval(&self, place: usize, mated: bool) -> Option<Interval> {
        let of_kind = |[non_mated_count, mated_count]: [u64; 2]| if mated { mated_count } else { non_mated_count };
        let both = self.thresholds.get(place)?.wrong.iter().zip(&self.all);
        let rates = both.map(|(wrong, all)| (of_kind(*wrong), of_kind(*all))).filter(|(_, all)| *all > 0);
        percentiles(rates.map(|(wrong, all)| part(wrong, all)).collect())
    }
}

fn add_weights(sums: &mut [[u64; 2]], kind: usize, weights: &[u32]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        if let Some(sum) = sum.get_mut(kind) {
            *sum += u64::from(*weight);
        }
    }
}

/// Scores of each replicate in coarse bins: for what is not a rate at one threshold.
#[derive(Clone, Debug)]
pub struct BinnedReplicates {
    replicates: usize,
    bins: Vec<[u64; 2]>,
}

/// Bins over scores from -1 to 1.
const BINS: usize = 2000;

impl BinnedReplicates {
    /// Nothing counted yet.
    pub fn new(replicates: usize) -> Self {
        Self { replicates, bins: vec![[0; 2]; BINS * replicates] }
    }

    /// Counts one comparison.
    pub fn add(&mut self, score: Score, mated: bool, weights: &[u32]) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "scores are from -1 to 1")]
        let bin = (((score.value() + 1.0) * 1000.0) as usize).min(BINS - 1);
        let row = self.bins.get_mut(bin * self.replicates..(bin + 1) * self.replicates).unwrap_or_default();
        add_weights(row, usize::from(mated), weights);
    }

    /// Of each replicate the mated and the non-mated comparisons by bin, the lowest first.
    fn each(&self) -> impl Iterator<Item = Vec<[u64; 2]>> {
        (0..self.replicates)
            .map(|replicate| self.bins.iter().skip(replicate).step_by(self.replicates).copied().collect())
    }

    /// The middle 95 % of the equal error rate.
    pub fn equal_error_rate(&self) -> Option<Interval> {
        percentiles(self.each().filter_map(|bins| equal_error_rate(&bins)).collect())
    }

    /// The middle 95 % of the FNMR where the FMR is `fmr`: with the threshold's own uncertainty.
    pub fn fnmr_at_fmr(&self, fmr: f64) -> Option<Interval> {
        percentiles(self.each().filter_map(|bins| fnmr_at_fmr(&bins, fmr)).collect())
    }
}

fn totals(bins: &[[u64; 2]]) -> Option<(u64, u64)> {
    let (non_mated, mated) = bins.iter().fold((0, 0), |(non, mated), [n, m]| (non + n, mated + m));
    (mated > 0 && non_mated > 0).then_some((non_mated, mated))
}

fn equal_error_rate(bins: &[[u64; 2]]) -> Option<f64> {
    let (non_mated, mated) = totals(bins)?;
    let (mut accepted, mut missed) = (non_mated, 0);
    let mut before = (1.0, 0.0);
    for [n, m] in bins {
        accepted -= n;
        missed += m;
        let after = (part(accepted, non_mated), part(missed, mated));
        if after.0 <= after.1 {
            let (above, below) = (before.0 - before.1, after.0 - after.1);
            return Some(before.0 + above / (above - below) * (after.0 - before.0));
        }
        before = after;
    }
    None
}

/// Within the bin where the rate is met, non-mated scores are taken as spread evenly.
fn fnmr_at_fmr(bins: &[[u64; 2]], fmr: f64) -> Option<f64> {
    let (non_mated, mated) = totals(bins)?;
    let allowed = fmr * real(non_mated);
    let (mut accepted, mut missed) = (real(non_mated), 0.0);
    for [n, m] in bins {
        let after = accepted - real(*n);
        if after <= allowed {
            let share = if *n == 0 { 0.0 } else { (accepted - allowed) / real(*n) };
            return Some((missed + share * real(*m)) / real(mated));
        }
        accepted = after;
        missed += real(*m);
    }
    None
}
