//! What the other half of the people says of a calibration.

use peel_domain::calibration::{Knot, Millionths, ratio_at};
use serde::Serialize;

use crate::calibration::fit::{Fitted, SEED, kinds};
use crate::calibration::rates::{Cell, Rates, cells, overall};
use crate::calibration::rows::{Pair, Pairs, Study};
use crate::statistics::{
    Bin, Counts, Interval, Judged, Score, Steps, Weights, cllr, expected_calibration_error, minimum_cllr, percentiles,
    pool_adjacent_violators, reliability,
};

/// So many pairs times replicates are judged at most.
const MOST_WORK: usize = 200_000_000;
const LEAST_REPLICATES: usize = 200;

/// A number with its interval (95 %), by people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// The number.
    pub value: f64,
    /// Its interval.
    pub interval: Option<Interval>,
}

/// The ratio's cost on one selection of pairs.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Pairs with an opinion: non-mated, mated.
    pub pairs: [u64; 2],
    /// Those without one.
    pub without: [u64; 2],
    /// Cllr in bits of what the document says; absent where a kind is missing.
    pub cllr: Option<Cost>,
    /// Cllr of the best monotone ratios for these very pairs.
    pub minimum_cllr: Option<Cost>,
    /// The expected calibration error.
    pub expected_calibration_error: Option<Cost>,
    /// Cllr of isotonic ratios that were fitted on the other half, as a comparison.
    pub isotonic_cllr: Option<Cost>,
    /// Errors by the bounds.
    pub rates: Rates,
    /// The reliability diagram.
    pub bins: Vec<Bin>,
}

/// Whether quality beside the score makes the ratio better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Covariate {
    /// Cllr by score alone.
    pub without: f64,
    /// Cllr by score and quality.
    pub with: f64,
    /// The interval (95 %) of the second less the first, by people.
    pub difference: Option<Interval>,
    /// Whether all of that interval is below zero.
    pub earns_its_place: bool,
}

/// What one half says of what was fitted on the other.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// People of the half.
    pub people: u64,
    /// Entries of its watchlist.
    pub watchlist: u64,
    /// On pairs that the first engine picked.
    pub alert: Measured,
    /// On pairs at random.
    pub random: Measured,
    /// By condition, on pairs that the first engine picked.
    pub conditions: Vec<Cell>,
    /// By the groups of the two people, on the same.
    pub groups: Vec<Cell>,
    /// Quality beside the score.
    pub quality: Option<Covariate>,
}

/// Judges.
pub fn judge(study: &Study, fitted: &Fitted) -> Judgement {
    let weights = Weights::draw(study.judge.people, SEED + 1);
    let isotonic = Isotonic::of(&study.fit.alert.pairs, fitted.carried);
    let measured = |pairs: &Pairs| measured(pairs, fitted, &isotonic, &weights);
    let (side, bounds) = (&study.judge, bounds(fitted));
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Judgement {
        people: count(side.people),
        watchlist: count(side.watchlist),
        alert: measured(&side.alert),
        random: measured(&side.random),
        conditions: cells(&side.alert, bounds, &weights, &study.conditions, |pair| pair.condition.map(|one| [one])),
        groups: cells(&side.alert, bounds, &weights, &study.groups, |pair| pair.groups),
        quality: covariate(&side.alert.pairs, fitted, &weights),
    }
}

fn bounds(fitted: &Fitted) -> [f64; 2] {
    fitted.bounds.map(|bound| Millionths(bound).value())
}

/// Natural logarithm of the ratio, as the product reads it from the document.
fn log_ratio(map: &[Knot], score: Score) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "scores are from -1 to 1")]
    let place = Millionths((score.value() * 1e6).round() as i32);
    let thousandths = ratio_at(map, place).map_or(0, |knot| knot.ratio);
    f64::from(thousandths) / 1e3 * std::f64::consts::LN_10
}

/// Isotonic ratios by score.
struct Isotonic {
    /// From this score on, this logarithm; ascending.
    steps: Vec<(Score, f64)>,
}

impl Isotonic {
    fn of(pairs: &[Pair], carried: [f64; 2]) -> Self {
        let [least, greatest] = carried.map(|log10| log10 * std::f64::consts::LN_10);
        let steps = counted(pairs, |_| 1);
        let mut blocks = pool_adjacent_violators(&steps).into_iter();
        let mut block = blocks.next();
        let mut left = block.map_or(0, |block| block.mated + block.non_mated);
        let mut found = Vec::new();
        for step in steps.as_slice() {
            if left == 0 {
                block = blocks.next();
                left = block.map_or(0, |block| block.mated + block.non_mated);
            }
            left = left.saturating_sub(step.mated + step.non_mated);
            if let Some(block) = block {
                found.push((step.score, block.log_ratio.clamp(least, greatest)));
            }
        }
        Self { steps: found }
    }

    fn log_ratio(&self, score: Score) -> f64 {
        let place = self.steps.partition_point(|(from, _)| *from <= score).saturating_sub(1);
        self.steps.get(place).map_or(0.0, |(_, log_ratio)| *log_ratio)
    }
}

fn counted(pairs: &[Pair], times: impl Fn(&Pair) -> u32) -> Steps {
    let mut counts = Counts::default();
    for pair in pairs {
        match times(pair) {
            0 => {}
            times => counts.add_times(pair.score, pair.mated, times.into()),
        }
    }
    counts.steps()
}

fn judged(pairs: &[Pair], ratios: &[f64], times: impl Fn(&Pair) -> u32) -> Vec<Judged> {
    let one = |(pair, log_ratio): (&Pair, &f64)| {
        let times = u64::from(times(pair));
        let (mated, non_mated) = if pair.mated { (times, 0) } else { (0, times) };
        Judged { log_ratio: *log_ratio, mated, non_mated }
    };
    pairs.iter().zip(ratios).map(one).filter(|judged| judged.mated + judged.non_mated > 0).collect()
}

fn replicates(pairs: usize, weights: &Weights) -> usize {
    weights.replicates().min((MOST_WORK / pairs.max(1)).max(LEAST_REPLICATES))
}

/// A number of the pairs as they are, and its interval over draws of people.
fn cost(pairs: &[Pair], weights: &Weights, number: impl Fn(&dyn Fn(&Pair) -> u32) -> Option<f64>) -> Option<Cost> {
    let value = number(&|_| 1)?;
    let drawn = (0..replicates(pairs.len(), weights))
        .filter_map(|replicate| number(&|pair: &Pair| weights.in_replicate(pair.people, replicate)));
    Some(Cost { value, interval: percentiles(drawn.collect()) })
}

fn measured(pairs: &Pairs, fitted: &Fitted, isotonic: &Isotonic, weights: &Weights) -> Measured {
    let all = &pairs.pairs;
    let ratios: Vec<f64> = all.iter().map(|pair| log_ratio(&fitted.map, pair.score)).collect();
    let of_isotonic: Vec<f64> = all.iter().map(|pair| isotonic.log_ratio(pair.score)).collect();
    let error = |times: &dyn Fn(&Pair) -> u32| expected_calibration_error(&reliability(&judged(all, &ratios, times)));
    Measured {
        pairs: kinds(all),
        without: pairs.without,
        cllr: cost(all, weights, |times| cllr(&judged(all, &ratios, times))),
        minimum_cllr: cost(all, weights, |times| minimum_cllr(&counted(all, times))),
        expected_calibration_error: cost(all, weights, error),
        isotonic_cllr: cost(all, weights, |times| cllr(&judged(all, &of_isotonic, times))),
        rates: overall(pairs, bounds(fitted), weights),
        bins: reliability(&judged(all, &ratios, |_| 1)),
    }
}

/// Both by the same rule for what so many people carry, and neither rounded.
fn covariate(pairs: &[Pair], fitted: &Fitted, weights: &Weights) -> Option<Covariate> {
    let with_quality = fitted.with_quality?;
    let [least, greatest] = fitted.carried.map(|log10| log10 * std::f64::consts::LN_10);
    let ratios = |logistic: crate::calibration::Logistic| -> Vec<f64> {
        let one = |pair: &Pair| logistic.log_ratio(pair.score.value(), pair.quality).clamp(least, greatest);
        pairs.iter().map(one).collect()
    };
    let (without, with) = (ratios(fitted.logistic), ratios(with_quality));
    let both = |times: &dyn Fn(&Pair) -> u32| {
        Some([cllr(&judged(pairs, &without, times))?, cllr(&judged(pairs, &with, times))?])
    };
    let [cost_without, cost_with] = both(&|_| 1)?;
    let difference = (0..replicates(pairs.len(), weights)).filter_map(|replicate| {
        both(&|pair: &Pair| weights.in_replicate(pair.people, replicate)).map(|[without, with]| with - without)
    });
    let difference = percentiles(difference.collect());
    Some(Covariate {
        without: cost_without,
        with: cost_with,
        difference,
        earns_its_place: difference.is_some_and(|interval| interval.to < 0.0),
    })
}
