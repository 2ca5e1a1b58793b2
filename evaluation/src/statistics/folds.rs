//! Accuracy by cross-validation, as LFW's View 2 asks for: the threshold that is best on all other folds judges a fold.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::statistics::counts::{Counts, Score, Steps};
use crate::statistics::{part, real};

/// More folds than this are no cross-validation.
const MOST_FOLDS: usize = 100;

/// Comparisons by fold.
#[derive(Clone, Debug, Default)]
pub struct Folds {
    folds: BTreeMap<String, Fold>,
    too_many: bool,
}

#[derive(Clone, Debug, Default)]
struct Fold {
    counts: Counts,
    rows: u64,
}

/// The accuracy over all folds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldAccuracy {
    /// How many folds there are.
    pub folds: usize,
    /// The mean of the folds' accuracies; a row without a score counts as an error.
    pub mean: f64,
    /// The mean's standard error over the folds.
    pub standard_error: f64,
    /// Rows without a score.
    pub failed: u64,
    /// All rows.
    pub rows: u64,
}

impl Folds {
    /// Counts one row.
    pub fn add(&mut self, fold: &str, score: Option<Score>, mated: bool) {
        if !self.folds.contains_key(fold) && self.folds.len() >= MOST_FOLDS {
            self.too_many = true;
            return;
        }
        let fold = self.folds.entry(fold.to_owned()).or_default();
        fold.rows += 1;
        if let Some(score) = score {
            fold.counts.add(score, mated);
        }
    }

    /// The accuracy; `None` for fewer than two folds or more than a hundred.
    pub fn accuracy(&self) -> Option<FoldAccuracy> {
        if self.folds.len() < 2 || self.too_many {
            return None;
        }
        let accuracies: Vec<f64> = self.folds.keys().filter_map(|name| self.of_one(name)).collect();
        let count = real(u64::try_from(accuracies.len()).unwrap_or(0));
        let mean = accuracies.iter().sum::<f64>() / count;
        let variance = accuracies.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let rows = self.folds.values().map(|fold| fold.rows).sum();
        let scored: u64 = self.folds.values().map(|fold| fold.counts.total()).sum();
        Some(FoldAccuracy {
            folds: accuracies.len(),
            mean,
            standard_error: (variance / count).sqrt(),
            failed: rows - scored,
            rows,
        })
    }

    fn of_one(&self, name: &str) -> Option<f64> {
        let mut others = Counts::default();
        for (_, fold) in self.folds.iter().filter(|(other, _)| other.as_str() != name) {
            others.extend(&fold.counts);
        }
        let fold = self.folds.get(name)?;
        let steps = fold.counts.steps();
        let correct = match best_threshold(&others.steps()) {
            Some(threshold) => {
                let errors = steps.errors_at(threshold);
                errors.mated - errors.false_non_matches + errors.non_mated - errors.false_matches
            }
            None => steps.mated(),
        };
        Some(part(correct, fold.rows))
    }
}

/// The lowest threshold with the fewest errors; `None` where accepting everything is best.
fn best_threshold(steps: &Steps) -> Option<Score> {
    let (mut missed, mut accepted) = (0, steps.non_mated());
    let mut best = (accepted, None);
    for step in steps.as_slice() {
        missed += step.mated;
        accepted -= step.non_mated;
        if missed + accepted < best.0 {
            best = (missed + accepted, Some(step.score));
        }
    }
    best.1
}
