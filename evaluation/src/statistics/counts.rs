//! Scores on a grid of millionths, and how many mated and non-mated comparisons have each.
//!
//! Always: memory grows with the number of distinct scores (at most two million), not with that of comparisons.

use std::collections::BTreeMap;

use crate::statistics::real;

const SCALE: f64 = 1e6;

/// A score in millionths, from -1 to 1: the six decimals of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

impl Score {
    /// The nearest of the grid; `None` outside of -1 to 1.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    pub fn new(value: f64) -> Option<Self> {
        (-1.0..=1.0).contains(&value).then(|| Self((value * SCALE).round() as i32))
    }

    /// From decimals.
    pub fn parse(text: &str) -> Option<Self> {
        Self::new(text.trim().parse().ok()?)
    }

    /// As a number from -1 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / SCALE
    }
}

/// How many comparisons have which score.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    by_score: BTreeMap<Score, [u64; 2]>,
}

impl Counts {
    /// Counts one comparison.
    pub fn add(&mut self, score: Score, mated: bool) {
        self.add_times(score, mated, 1);
    }

    /// Counts one comparison so many times.
    pub fn add_times(&mut self, score: Score, mated: bool, times: u64) {
        let [non_mated_count, mated_count] = self.by_score.entry(score).or_default();
        *(if mated { mated_count } else { non_mated_count }) += times;
    }

    /// How many comparisons were counted.
    pub fn total(&self) -> u64 {
        self.by_score.values().flatten().sum()
    }

    /// Counts what another counted.
    pub fn extend(&mut self, other: &Self) {
        for (score, [non_mated, mated]) in &other.by_score {
            let [non_mated_count, mated_count] = self.by_score.entry(*score).or_default();
            *non_mated_count += non_mated;
            *mated_count += mated;
        }
    }

    /// In ascending order.
    pub fn steps(&self) -> Steps {
        Steps::new(self.by_score.iter().map(|(score, [non_mated, mated])| Step {
            score: *score,
            mated: *mated,
            non_mated: *non_mated,
        }))
    }
}

/// One distinct score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The score.
    pub score: Score,
    /// Mated comparisons that have it.
    pub mated: u64,
    /// Non-mated comparisons that have it.
    pub non_mated: u64,
}

/// All distinct scores in ascending order.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    ascending: Vec<Step>,
    mated: u64,
    non_mated: u64,
}

impl Steps {
    fn new(steps: impl Iterator<Item = Step>) -> Self {
        let ascending: Vec<Step> = steps.collect();
        let mated = ascending.iter().map(|step| step.mated).sum();
        let non_mated = ascending.iter().map(|step| step.non_mated).sum();
        Self { ascending, mated, non_mated }
    }

    /// The distinct scores.
    pub fn as_slice(&self) -> &[Step] {
        &self.ascending
    }

    /// Mated comparisons with a score.
    pub fn mated(&self) -> u64 {
        self.mated
    }

    /// Non-mated comparisons with a score.
    pub fn non_mated(&self) -> u64 {
        self.non_mated
    }

    /// Whether both kinds are there.
    pub fn has_both(&self) -> bool {
        self.mated > 0 && self.non_mated > 0
    }

    /// The lowest and the highest score of one kind.
    pub fn range(&self, mated: bool) -> Option<[Score; 2]> {
        let mut of_kind = self
            .ascending
            .iter()
            .filter(|step| if mated { step.mated > 0 } else { step.non_mated > 0 })
            .map(|s| s.score);
        let lowest = of_kind.next()?;
        Some([lowest, of_kind.next_back().unwrap_or(lowest)])
    }

    /// The mean score of one kind.
    pub fn mean(&self, mated: bool) -> Option<f64> {
        let count = |step: &Step| if mated { step.mated } else { step.non_mated };
        let total: u64 = self.ascending.iter().map(count).sum();
        let sum: f64 = self.ascending.iter().map(|step| step.score.value() * real(count(step))).sum();
        (total > 0).then(|| sum / real(total))
    }
}
