//! What a score of the secondary face check means: the bands' bounds, the likelihood ratio behind them, the quality
//! they need, what was tested, and on whom. One signed document beside the models that it belongs to.
//!
//! Must never: hold a bound without saying where it comes from, or a rate without its counts and interval. Always: whole
//! numbers, so that there is one encoding and no number that is none; what contradicts itself is refused.

mod check;
mod likelihood;
mod sign;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use check::Contradiction;
pub use likelihood::{Knot, LikelihoodInterval, MAX_LOG10_THOUSANDTHS, ratio_at};
pub use sign::{
    CalibrationError, CalibrationSigner, CalibrationTrust, SignedCalibration, sign_calibration, verify_calibration,
};

use crate::permit::ComparisonPurpose;

/// The only format so far.
pub const CALIBRATION_FORMAT: u16 = 1;

/// Judged on fewer people a calibration is a demonstration, not for operations: no error among so many still means up to
/// 1.0 %.
pub const LEAST_JUDGED_PEOPLE: u32 = 300;

/// A calibration as people write it (TOML) and sign it (deterministic CBOR).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// [`CALIBRATION_FORMAT`].
    pub format: u16,
    /// Counted up by everyone who signs another one; an older one than the product asks for is refused.
    pub version: u32,
    /// For demonstration, not for operations: too few people judged it.
    pub demonstration: bool,
    /// How it came about, in words.
    pub statement: String,
    /// The models that it belongs to.
    pub models: Models,
    /// The alert's own probe against its reference.
    pub alert_probe: UseCalibration,
    /// A fresh close photograph against the reference.
    pub close_photograph: UseCalibration,
}

impl Calibration {
    /// The part of one use.
    pub fn of(&self, purpose: ComparisonPurpose) -> &UseCalibration {
        match purpose {
            ComparisonPurpose::AlertProbe => &self.alert_probe,
            ComparisonPurpose::ClosePhotograph => &self.close_photograph,
        }
    }

    /// The part of one use, to be changed before it is signed.
    pub fn of_mut(&mut self, purpose: ComparisonPurpose) -> &mut UseCalibration {
        match purpose {
            ComparisonPurpose::AlertProbe => &mut self.alert_probe,
            ComparisonPurpose::ClosePhotograph => &mut self.close_photograph,
        }
    }
}

/// The files whose scores are calibrated: lower-case hexadecimal SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// The detector's file.
    pub detector_sha256: String,
    /// The embedder's file.
    pub embedder_sha256: String,
}

/// A part of a million: of a score from -1 to 1, or of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millionths(pub i32);

impl Millionths {
    /// As a number.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

/// A part of a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Milli(pub u32);

impl Milli {
    /// As a number.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1e3
    }
}

/// The calibration of one use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseCalibration {
    /// Its name in every record.
    pub id: String,
    /// How its numbers came about, in words.
    pub statement: String,
    /// Where the bounds come from.
    pub bands_from: BandsFrom,
    /// Scores above it support.
    pub supports_above: Millionths,
    /// Scores below it do not support, if the quality is conclusive.
    pub does_not_support_below: Millionths,
    /// What has to be said with every opinion.
    pub limits: BTreeSet<Limit>,
    /// Score and likelihood ratio with its interval, ascending; between two, along a straight line. Empty where none was
    /// fitted.
    #[serde(default)]
    pub likelihood: Vec<Knot>,
    /// Quality below which no opinion is given.
    pub possible: QualityFloors,
    /// Quality below which a low score means nothing.
    pub conclusive: QualityFloors,
    /// On whom it was fitted and judged; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<Study>,
    /// What an officer is told of its errors.
    #[serde(default)]
    pub told: Vec<ToldRate>,
    /// What was measured on the people who judged it.
    #[serde(default)]
    pub tested: Vec<TestedRate>,
}

impl UseCalibration {
    /// The interval of a score's likelihood ratio, where the bands rest on it: for the record, never for an officer.
    pub fn likelihood_of(&self, score: Millionths) -> Option<LikelihoodInterval> {
        let knot = ratio_at(&self.likelihood, score).filter(|_| self.bands_from != BandsFrom::StartingValues)?;
        Some(LikelihoodInterval { from_log10_thousandths: knot.from, to_log10_thousandths: knot.to })
    }
}

/// Where a band's bounds come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandsFrom {
    /// Chosen on other people's pairs, and not moved: too few people judged the ratio, or carry none as great as was asked
    /// for. Then no opinion rests on the ratio, and no record has it.
    StartingValues,
    /// From the likelihood ratio, at the ratios that the study names.
    LikelihoodRatio,
    /// From the likelihood ratio or the starting values, whichever is stricter.
    StricterOfBoth,
}

/// What has to be said with an opinion, as a code for the words on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// The check cannot separate twins or close relatives.
    CannotSeparateTwinsOrCloseRelatives,
    /// The bands are not fitted on enough people.
    CalibrationNotFitted,
    /// The same images as the LFR system saw: the two systems' errors are correlated.
    SameImagesAsTheAlert,
}

impl Limit {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::CannotSeparateTwinsOrCloseRelatives => "cannot_separate_twins_or_close_relatives",
            Self::CalibrationNotFitted => "calibration_not_fitted",
            Self::SameImagesAsTheAlert => "same_images_as_the_alert",
        }
    }
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateCode {
    /// False alerts that the check supported.
    FalseAlertsGivenSupports,
    /// True alerts that the check did not support.
    TrueAlertsGivenDoesNotSupport,
    /// True alerts with small, poor probes whose score is low.
    TrueAlertsOfSmallPoorProbesScoringLow,
}

impl RateCode {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::FalseAlertsGivenSupports => "false_alerts_given_supports",
            Self::TrueAlertsGivenDoesNotSupport => "true_alerts_given_does_not_support",
            Self::TrueAlertsOfSmallPoorProbesScoringLow => "true_alerts_of_small_poor_probes_scoring_low",
        }
    }
}

/// A rate for an officer: two counts, and a code for the words around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldRate {
    /// What it counts.
    pub code: RateCode,
    /// How many.
    pub numerator: u32,
    /// Of how many.
    pub denominator: u32,
}

/// A rate for a scientist: counts, people, and the interval (95 %) without which it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestedRate {
    /// What it counts.
    pub code: RateCode,
    /// How many.
    pub errors: u32,
    /// Of how many alerts on which the check gave an opinion.
    pub of: u32,
    /// People in them.
    pub people: u32,
    /// The interval's lower end.
    pub from: Millionths,
    /// The interval's upper end; without an error, by people alone.
    pub to: Millionths,
}

/// On whom a calibration was fitted, on whom it was judged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The table of scores: lower-case hexadecimal SHA-256.
    pub scores_sha256: String,
    /// People of the half that it was fitted on.
    pub fitted_people: u32,
    /// People of the half that it was judged on; nobody is in both.
    pub judged_people: u32,
    /// Entries of the watchlist from which the first system picked.
    pub watchlist_entries: u32,
    /// The least ratio for "supports".
    pub supports_ratio: u32,
    /// One in so many is the greatest ratio for "does not support".
    pub does_not_support_ratio: u32,
}

/// Limits on the measured quality of one image, in thousandths of each measure's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityFloors {
    /// Least distance between the eyes in pixels of the picture.
    pub inter_eye_pixels: Milli,
    /// Least detector score.
    pub detector_score: Milli,
    /// Least length of the embedding.
    pub embedding_norm: Milli,
    /// Least sharpness.
    pub sharpness: Milli,
    /// Least mean luma of the face.
    pub darkest: Milli,
    /// Greatest mean luma of the face.
    pub brightest: Milli,
    /// Greatest turn to the side, either way.
    pub yaw: Milli,
    /// Greatest nod, either way.
    pub pitch: Milli,
    /// Greatest prominence of a second face, as a part of the first one's.
    pub rival_fraction: Milli,
}
