//! False matches and false non-matches at a threshold, and what follows from them at all thresholds.

use serde::Serialize;

use crate::statistics::counts::{Score, Steps};
use crate::statistics::{part, real};

/// Errors at one threshold, with what they rest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Errors {
    /// Mated comparisons whose score is not above the threshold.
    pub false_non_matches: u64,
    /// Mated comparisons with a score.
    pub mated: u64,
    /// Non-mated comparisons whose score is above the threshold.
    pub false_matches: u64,
    /// Non-mated comparisons with a score.
    pub non_mated: u64,
}

impl Errors {
    /// False non-match rate; 0 where nothing was compared.
    pub fn fnmr(&self) -> f64 {
        part(self.false_non_matches, self.mated)
    }

    /// False match rate; 0 where nothing was compared.
    pub fn fmr(&self) -> f64 {
        part(self.false_matches, self.non_mated)
    }

    /// Counts one comparison.
    pub fn add(&mut self, mated: bool, above: bool) {
        if mated {
            self.mated += 1;
            self.false_non_matches += u64::from(!above);
        } else {
            self.non_mated += 1;
            self.false_matches += u64::from(above);
        }
    }
}

/// One point of the DET and ROC curves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operating {
    /// The threshold; `None` for one below all scores.
    pub threshold: Option<Score>,
    /// False match rate.
    pub fmr: f64,
    /// False non-match rate.
    pub fnmr: f64,
}

/// The lowest threshold that keeps a false match rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The threshold.
    pub threshold: Score,
    /// So many false matches the wanted rate allows among the non-mated comparisons.
    pub allowed: u64,
    /// The errors there.
    pub errors: Errors,
}

impl Steps {
    /// The errors at a threshold.
    pub fn errors_at(&self, threshold: Score) -> Errors {
        let mut errors = Errors { mated: self.mated(), non_mated: self.non_mated(), ..Errors::default() };
        for step in self.as_slice() {
            if step.score > threshold {
                errors.false_matches += step.non_mated;
            } else {
                errors.false_non_matches += step.mated;
            }
        }
        errors
    }

    /// Every operating point, from the threshold below all scores upwards; nothing unless both kinds are there.
    pub fn curve(&self) -> Vec<Operating> {
        if !self.has_both() {
            return Vec::new();
        }
        let (mut missed, mut accepted) = (0, self.non_mated());
        let mut points = Vec::with_capacity(self.as_slice().len() + 1);
        points.push(Operating { threshold: None, fmr: 1.0, fnmr: 0.0 });
        for step in self.as_slice() {
            missed += step.mated;
            accepted -= step.non_mated;
            points.push(Operating {
                threshold: Some(step.score),
                fmr: part(accepted, self.non_mated()),
                fnmr: part(missed, self.mated()),
            });
        }
        points
    }

    /// The equal error rate: where the curve, its points joined by straight lines, meets FMR = FNMR.
    pub fn equal_error_rate(&self) -> Option<f64> {
        let curve = self.curve();
        curve.windows(2).find_map(|pair| {
            let [before, after] = pair else { return None };
            let (above, below) = (before.fmr - before.fnmr, after.fmr - after.fnmr);
            (below <= 0.0).then(|| before.fmr + above / (above - below) * (after.fmr - before.fmr))
        })
    }

    /// The area under the ROC curve: the chance that a mated score is above a non-mated one, ties counting half.
    pub fn area(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let mut mated_above = real(self.mated());
        let mut sum = 0.0;
        for step in self.as_slice() {
            mated_above -= real(step.mated);
            sum += real(step.non_mated) * (mated_above + real(step.mated) / 2.0);
        }
        Some(sum / real(self.mated()) / real(self.non_mated()))
    }

    /// The lowest threshold whose FMR is at most `fmr`; `None` when so few non-mated comparisons allow no false match
    /// at all, so that the rate cannot be set.
    pub fn at_fmr(&self, fmr: f64) -> Option<Target> {
        let allowed = whole(fmr * real(self.non_mated()));
        if allowed == 0 || self.mated() == 0 {
            return None;
        }
        let mut accepted = self.non_mated();
        let threshold = self.as_slice().iter().find_map(|step| {
            accepted -= step.non_mated;
            (accepted <= allowed).then_some(step.score)
        })?;
        Some(Target { threshold, allowed, errors: self.errors_at(threshold) })
    }
}

/// The whole number below, forgiving the last bits of a product such as 0.001 times 3000.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn whole(value: f64) -> u64 {
    (value + 1e-9).floor() as u64
}
