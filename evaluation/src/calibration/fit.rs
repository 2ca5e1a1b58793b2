//! From one half's alerts to a likelihood ratio, and from the ratio to the bands' bounds.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::calibration::{BandsFrom, Knot, Millionths};
use serde::Serialize;

use crate::calibration::FitError;
use crate::calibration::logistic::{self, Case, Logistic, Targets};
use crate::calibration::rows::{Pair, Side};
use crate::statistics::{Interval, Weights, at_most, percentiles};

/// The same people are drawn in every fit.
pub(super) const SEED: u64 = 1_510;

/// What the bounds must be worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Asked {
    /// "Supports" from this ratio on.
    pub supports_ratio: u32,
    /// "Does not support" from one in so many down.
    pub does_not_support_ratio: u32,
    /// What of the bounds in force stays.
    pub keep: Keep,
}

/// What of the bounds in force ("supports" above, "does not support" below) stays.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Both as they are: a demonstration moves no band.
    Both([f64; 2]),
    /// The new ones may not be less strict.
    Strictness([f64; 2]),
    /// Nothing.
    Nothing,
}

impl Keep {
    /// The bounds in force, where they count.
    pub fn bounds(self) -> Option<[f64; 2]> {
        match self {
            Self::Both(bounds) | Self::Strictness(bounds) => Some(bounds),
            Self::Nothing => None,
        }
    }
}

/// Where the fitted ratio reaches what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The score; `None` where no score reaches it, or so few people cannot carry such a ratio.
    pub score: Option<f64>,
    /// Its interval (95 %), by people.
    pub interval: Option<Interval>,
}

/// What was fitted on one half.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// People of the half.
    pub people: u64,
    /// Entries of its watchlist.
    pub watchlist: u64,
    /// Pairs after an alert with an opinion: non-mated, mated.
    pub pairs: [u64; 2],
    /// Those without one.
    pub without: [u64; 2],
    /// Passers-by in them: non-mated, mated.
    pub passers_by: [u64; 2],
    /// How true each kind counts.
    pub targets: Targets,
    /// The ratio by score alone.
    pub logistic: Logistic,
    /// The ratio by score and quality.
    pub with_quality: Option<Logistic>,
    /// The least and the greatest decimal logarithm of a ratio that so many people carry.
    pub carried: [f64; 2],
    /// What was asked for.
    pub asked: Asked,
    /// Where the ratio reaches "supports".
    pub supports: Place,
    /// Where it reaches "does not support".
    pub does_not_support: Place,
    /// The bounds that follow: "supports" above, "does not support" below, in millionths.
    pub bounds: [i32; 2],
    /// What decided about them.
    pub bands_from: BandsFrom,
    /// The ratio by score, as the document holds it.
    pub map: Vec<Knot>,
}

/// Distinct passers-by in pairs of each kind: non-mated, mated.
pub(super) fn passers_by(pairs: &[Pair]) -> [u64; 2] {
    let of = |mated| {
        let people: BTreeSet<usize> =
            pairs.iter().filter(|pair| pair.mated == mated).map(|pair| pair.people[0]).collect();
        u64::try_from(people.len()).unwrap_or(u64::MAX)
    };
    [of(false), of(true)]
}

pub(super) fn kinds(pairs: &[Pair]) -> [u64; 2] {
    let mated = pairs.iter().filter(|pair| pair.mated).count();
    [pairs.len() - mated, mated].map(|count| u64::try_from(count).unwrap_or(u64::MAX))
}

/// No error among so many people still allows a rate of 1 in so many: a ratio beyond that is not carried by the test.
fn carried([non_mated, mated]: [u64; 2]) -> [f64; 2] {
    [at_most(mated).log10(), -at_most(non_mated).log10()]
}

/// Fits on one half.
pub fn fit(side: &Side, asked: Asked) -> Result<Fitted, FitError> {
    let pairs = &side.alert.pairs;
    let passers_by = passers_by(pairs);
    for (count, kind) in passers_by.into_iter().zip(["false", "true"]) {
        if count == 0 {
            return Err(FitError::KindMissing(kind));
        }
    }
    let targets = Targets::of(passers_by);
    let by = |weight: &dyn Fn(&Pair) -> f64, with_quality| {
        let case = |pair: &Pair| Case {
            score: pair.score.value(),
            quality: pair.quality,
            mated: pair.mated,
            weight: weight(pair),
        };
        logistic::fit(&pairs.iter().map(case).collect::<Vec<_>>(), targets, with_quality)
    };
    let logistic = by(&|_| 1.0, false).filter(|fitted| fitted.slope > 0.0).ok_or(FitError::NotHigher)?;
    let weights = Weights::draw(side.people, SEED);
    let replicates: Vec<Logistic> = (0..weights.replicates())
        .filter_map(|replicate| by(&|pair| f64::from(weights.in_replicate(pair.people, replicate)), false))
        .collect();
    let carried = carried(passers_by);
    let supports = place(logistic, &replicates, f64::from(asked.supports_ratio).log10(), carried);
    let does_not_support = place(logistic, &replicates, -f64::from(asked.does_not_support_ratio).log10(), carried);
    let (bounds, bands_from) = bounds(asked, supports.score, does_not_support.score)?;
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(Fitted {
        people: count(side.people),
        watchlist: count(side.watchlist),
        pairs: kinds(pairs),
        without: side.alert.without,
        passers_by,
        targets,
        logistic,
        with_quality: by(&|_| 1.0, true),
        carried,
        asked,
        supports,
        does_not_support,
        bounds,
        bands_from,
        map: map(logistic, &replicates, carried, [supports.score, does_not_support.score]),
    })
}

/// The score at which the decimal logarithm of the ratio is `wanted`; beyond the scores' own range where it never is.
fn score_at(fitted: Logistic, wanted: f64) -> f64 {
    let score = (wanted * std::f64::consts::LN_10 - fitted.offset) / fitted.slope;
    if fitted.slope > 0.0 { score.clamp(-1.0, 1.0) } else { wanted.signum() }
}

fn place(fitted: Logistic, replicates: &[Logistic], wanted: f64, [least, greatest]: [f64; 2]) -> Place {
    let score = score_at(fitted, wanted);
    let is_carried = (least..=greatest).contains(&wanted) && score.abs() < 1.0;
    Place {
        score: is_carried.then_some(score),
        interval: percentiles(replicates.iter().map(|fitted| score_at(*fitted, wanted)).collect()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "scores are from -1 to 1")]
fn millionths(score: f64, round: fn(f64) -> f64) -> i32 {
    // A bound given in decimals must not move by the last bit of its binary form.
    let scaled = score * 1e6;
    (if (scaled - scaled.round()).abs() < 1e-6 { scaled.round() } else { round(scaled) }) as i32
}

fn bounds(asked: Asked, supports: Option<f64>, doubts: Option<f64>) -> Result<([i32; 2], BandsFrom), FitError> {
    // Rounded to where the ratio is the greater.
    let fitted =
        [supports.map(|score| millionths(score, f64::ceil)), doubts.map(|score| millionths(score, f64::floor))];
    let of_force = |bounds: [f64; 2]| bounds.map(|score| millionths(score, f64::round));
    let (bounds, from) = match (asked.keep, fitted) {
        (Keep::Nothing, [Some(supports), Some(doubts)]) => ([supports, doubts], BandsFrom::LikelihoodRatio),
        (Keep::Nothing, _) => return Err(FitError::NotCarried),
        (Keep::Strictness(kept), [Some(supports), Some(doubts)]) => {
            let [least, most] = of_force(kept);
            ([supports.max(least), doubts.min(most)], BandsFrom::StricterOfBoth)
        }
        // A demonstration moves nothing, and what the people do not carry stays where it was.
        (Keep::Both(kept) | Keep::Strictness(kept), _) => (of_force(kept), BandsFrom::StartingValues),
    };
    let [supports, doubts] = bounds;
    if doubts < supports { Ok((bounds, from)) } else { Err(FitError::NotHigher) }
}

/// The ratio and its interval at every twentieth, at the bounds, and where it ends to be carried.
fn map(fitted: Logistic, replicates: &[Logistic], carried: [f64; 2], bounds: [Option<f64>; 2]) -> Vec<Knot> {
    let [least, greatest] = carried;
    let at =
        |fitted: &Logistic, score: f64| (fitted.log_ratio(score, 0.0) / std::f64::consts::LN_10).clamp(least, greatest);
    let twentieths = (-20..=20).map(|step| f64::from(step) / 20.0);
    let corners = carried.map(|end| score_at(fitted, end));
    let places: BTreeMap<i32, f64> = twentieths
        .chain(corners)
        .chain(bounds.into_iter().flatten())
        .map(|score| (millionths(score, f64::round), score))
        .collect();
    let mut knots: Vec<Knot> = Vec::with_capacity(places.len());
    for (place, score) in places {
        let ratio = at(&fitted, score);
        let around = percentiles(replicates.iter().map(|fitted| at(fitted, score)).collect())
            .unwrap_or(Interval { from: least, to: greatest });
        let mut knot = Knot {
            score: Millionths(place),
            from: thousandths(around.from.min(ratio), f64::floor),
            ratio: thousandths(ratio, f64::round),
            to: thousandths(around.to.max(ratio), f64::ceil),
        };
        // Where a replicate's slope is negative the ends may fall; a map may not.
        if let Some(before) = knots.last() {
            knot = Knot {
                from: knot.from.max(before.from).min(knot.ratio),
                ratio: knot.ratio.max(before.ratio),
                to: knot.to.max(before.to),
                ..knot
            };
        }
        knots.push(knot);
    }
    without_the_middle_of_level_parts(&knots)
}

/// Where three knots in a row say the same, the middle one says nothing.
fn without_the_middle_of_level_parts(knots: &[Knot]) -> Vec<Knot> {
    let says = |knot: &Knot| (knot.from, knot.ratio, knot.to);
    let is_level = |place: usize| {
        let around = place.checked_sub(1).and_then(|before| knots.get(before..place + 2));
        around.is_some_and(|around| around.iter().all(|knot| knots.get(place).map(says) == Some(says(knot))))
    };
    knots.iter().enumerate().filter(|(place, _)| !is_level(*place)).map(|(_, knot)| *knot).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a logarithm that was clamped")]
fn thousandths(log10: f64, round: fn(f64) -> f64) -> i32 {
    round(log10 * 1e3) as i32
}
