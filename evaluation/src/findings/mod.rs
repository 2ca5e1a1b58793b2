//! Everything that a table of scores says, in numbers: what the report shows, and what a referee can compute again.
//!
//! Must never: hold the rows, name a file, or give a rate for fewer than [`LEAST_COMPARISONS`] comparisons or
//! [`LEAST_PEOPLE`] people.
//! Always: two passes over the table; memory grows with distinct scores, people and groups, not with rows.

mod cells;
mod first_pass;
mod rate;
mod second_pass;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::statistics::{Affine, Bin, FoldAccuracy, Interval, Score, Steps, minimum_cllr};
use crate::table::{Origin, TableError};

pub use rate::{LEAST_COMPARISONS, LEAST_PEOPLE, Rate};

/// False match rates whose thresholds are looked for.
pub const TARGETS: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// The same people are drawn in every report.
const SEED: u64 = 19795;

/// Non-mated and mated, in this order.
pub type Kinds = [u64; 2];

/// What a table of scores says.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// What made the scores, where that is known.
    pub origin: Option<Origin>,
    /// Lower-case hexadecimal SHA-256 of the table.
    pub table_sha256: String,
    /// Rows.
    pub rows: Kinds,
    /// Distinct files.
    pub files: usize,
    /// Distinct people.
    pub people: usize,
    /// Whether the table names the people; else files that mated pairs join are taken as one person.
    pub people_are_named: bool,
    /// Rows without a score, by reason: the failures to acquire.
    pub failed: BTreeMap<String, Kinds>,
    /// Rows with a score on which the product gives no opinion, by reason.
    pub refused: BTreeMap<String, Kinds>,
    /// Rows by band.
    pub bands: BTreeMap<String, Kinds>,
    /// The area under the ROC curve.
    pub area: Option<f64>,
    /// The equal error rate.
    pub equal_error_rate: Option<f64>,
    /// Its interval, by people.
    pub equal_error_rate_interval: Option<Interval>,
    /// No threshold from the first to below the second makes an error.
    pub errorless: Option<[f64; 2]>,
    /// The highest non-mated and the lowest mated score.
    pub extremes: [Option<f64>; 2],
    /// Errors at the product's bounds and at the targets of the false match rate.
    pub thresholds: Vec<AtThreshold>,
    /// Cllr of the best monotone calibration of these scores.
    pub minimum_cllr: Option<f64>,
    /// A calibration fitted on one half of the people and judged on the other.
    pub calibration: Option<Calibration>,
    /// Accuracy by folds, where the table has them.
    pub folds: Option<FoldAccuracy>,
    /// By condition.
    pub conditions: Vec<Group>,
    /// By the groups of the two people.
    pub groups: Vec<Group>,
    /// Conditions and groups beyond what is tabulated.
    pub not_tabulated: u64,
    /// Error against discard.
    pub discard: Vec<Discard>,
    /// All scores, for the curves.
    #[serde(skip)]
    pub steps: Steps,
}

/// Errors at one threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Why this threshold.
    pub kind: ThresholdKind,
    /// The threshold; `None` where too few non-mated comparisons can set it.
    pub threshold: Option<f64>,
    /// The false match rate.
    pub fmr: Option<Rate>,
    /// The false non-match rate.
    pub fnmr: Option<Rate>,
    /// The false non-match rate's interval with the threshold's own uncertainty, by people.
    pub fnmr_with_threshold: Option<Interval>,
}

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdKind {
    /// Scores above it support.
    SupportsAbove,
    /// Scores below it do not support.
    DoesNotSupportBelow,
    /// The lowest with at most this false match rate.
    FalseMatchRate(f64),
}

/// A calibration by two numbers, each half of the people judged by what was fitted on the other half.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Fitted on people with even and with odd numbers.
    pub fitted: [Affine; 2],
    /// Its cost on the other half.
    pub cllr: f64,
    /// The cost of the best monotone calibration of the same comparisons.
    pub minimum_cllr: f64,
    /// The expected calibration error.
    pub expected_calibration_error: f64,
    /// The reliability diagram.
    pub bins: Vec<Bin>,
    /// Comparisons judged.
    pub judged: Kinds,
    /// Comparisons of people from both halves, which neither may judge.
    pub left_out: Kinds,
}

/// One condition, or one pair of groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// As the table names it; two groups in alphabetical order.
    pub names: Vec<String>,
    /// Rows.
    pub rows: Kinds,
    /// Rows without a score.
    pub failed: Kinds,
    /// People in its comparisons.
    pub people: Kinds,
    /// Errors at the thresholds of [`Findings::thresholds`], in their order.
    pub thresholds: Vec<AtThreshold>,
    /// The false non-match rate where the condition's own false match rate is 0.001; for conditions alone.
    pub own: Option<AtThreshold>,
    /// The least false non-match and false match rate at "supports" that would have shown at least one error with
    /// 95 % certainty, of non-mated and mated.
    pub detectable: [Option<f64>; 2],
    /// The least rates that would have been told from those of all rows with 80 % certainty.
    pub detectable_rise: [Option<f64>; 2],
}

/// False non-match rate at a fixed threshold when the mated pairs of the lowest quality are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Discard {
    /// Why this threshold.
    pub kind: ThresholdKind,
    /// The threshold.
    pub threshold: f64,
    /// By the part that is left out.
    pub points: Vec<DiscardPoint>,
}

/// One point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DiscardPoint {
    /// The part of mated pairs that is left out.
    pub left_out: f64,
    /// Among the others.
    pub false_non_matches: u64,
    /// The others.
    pub mated: u64,
}

/// The product's bounds, in the order of the bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Scores above it support.
    pub supports_above: f64,
    /// Scores below it do not support.
    pub does_not_support_below: f64,
}

/// Reads a table of scores; `bounds` count where nothing beside it says which it was made with.
pub fn findings(scores: &Path, bounds: Bounds) -> Result<Findings, TableError> {
    let origin = Origin::beside(scores)?;
    let bounds = origin.as_ref().map_or(bounds, |origin| Bounds {
        supports_above: origin.supports_above,
        does_not_support_below: origin.does_not_support_below,
    });
    let first = first_pass::read(scores)?;
    let steps = first.counts.steps();
    let found = second_pass::read(scores, &first, &steps, bounds)?;
    let value = |score: Score| score.value();
    let extremes =
        [steps.range(false).map(|[_, highest]| value(highest)), steps.range(true).map(|[low, _]| value(low))];
    let errorless = match extremes {
        [Some(highest), Some(lowest)] if highest < lowest => Some([highest, lowest]),
        _ => None,
    };
    Ok(Findings {
        origin,
        table_sha256: first.sha256,
        rows: first.rows,
        files: first.files,
        people: first.people.count(),
        people_are_named: first.people_are_named,
        failed: first.failed,
        refused: first.refused,
        bands: first.bands,
        area: steps.area(),
        equal_error_rate: steps.equal_error_rate(),
        equal_error_rate_interval: found.equal_error_rate,
        errorless,
        extremes,
        thresholds: found.thresholds,
        minimum_cllr: minimum_cllr(&steps),
        calibration: found.calibration,
        folds: first.folds.accuracy(),
        conditions: found.conditions,
        groups: found.groups,
        not_tabulated: found.not_tabulated,
        discard: found.discard,
        steps,
    })
}
