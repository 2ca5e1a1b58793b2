//! The likelihood ratio of a score: how much more likely it is for a true alert than for a false one.
//!
//! Must never: be shown to an officer, or be read as how likely it is that two images show one person: that depends on
//! how often alerts are true. Always: beyond the last knots the ratio stays what it is there, because no test said more.

use serde::{Deserialize, Serialize};

use crate::calibration::Millionths;

/// A ratio of a million or a millionth and beyond is refused: no table carries it.
pub const MAX_LOG10_THOUSANDTHS: i32 = 6_000;

/// One score with its ratio and the ratio's interval (95 %): `[score, from, ratio, to]`, the score in millionths, the
/// others in thousandths of the ratio's decimal logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i32; 4]", into = "[i32; 4]")]
pub struct Knot {
    /// The score.
    pub score: Millionths,
    /// The interval's lower end.
    pub from: i32,
    /// The ratio.
    pub ratio: i32,
    /// The interval's upper end.
    pub to: i32,
}

impl From<[i32; 4]> for Knot {
    fn from([score, from, ratio, to]: [i32; 4]) -> Self {
        Self { score: Millionths(score), from, ratio, to }
    }
}

impl From<Knot> for [i32; 4] {
    fn from(knot: Knot) -> Self {
        [knot.score.0, knot.from, knot.ratio, knot.to]
    }
}

/// The interval (95 %) of a likelihood ratio, in thousandths of its decimal logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodInterval {
    /// Lower end.
    pub from_log10_thousandths: i32,
    /// Upper end.
    pub to_log10_thousandths: i32,
}

/// The knot at a score, between two of the map along a straight line; `None` where the map is empty.
pub fn ratio_at(map: &[Knot], score: Millionths) -> Option<Knot> {
    let place = map.partition_point(|knot| knot.score <= score);
    let before = place.checked_sub(1).and_then(|place| map.get(place));
    match (before, map.get(place)) {
        (None, None) => None,
        (Some(end), None) | (None, Some(end)) => Some(Knot { score, ..*end }),
        (Some(before), Some(after)) => {
            let [along, whole] = [score.0, after.score.0].map(|to| i64::from(to) - i64::from(before.score.0));
            let between = |low: i32, high: i32| {
                let rise = (i64::from(high) - i64::from(low)).saturating_mul(along);
                // Two knots never have one score in a map that was checked.
                let rise = rise.checked_div_euclid(whole).unwrap_or(0);
                i32::try_from(i64::from(low) + rise).unwrap_or(low)
            };
            Some(Knot {
                score,
                from: between(before.from, after.from),
                ratio: between(before.ratio, after.ratio),
                to: between(before.to, after.to),
            })
        }
    }
}
