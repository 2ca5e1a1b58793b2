//! How often the check supports a false alert and doubts a true one, on people who were not fitted on.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::calibration::rows::{Pair, Pairs};
use crate::findings::Rate;
use crate::statistics::{Interval, Weights, at_most, clopper_pearson, detectable_rise, part, percentiles};

/// A rate with its intervals by pairs and by people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct JudgedRate {
    /// Counts, rate and intervals; the rate is absent where there are too few.
    pub rate: Rate,
    /// Passers-by in what is counted.
    pub people_with_error: u64,
    /// The part of passers-by in it: its exact interval.
    pub by_passers_by: Option<Interval>,
    /// The least true rate that would have shown an error among so many passers-by, each counted once, with 95 %
    /// certainty.
    pub could_have_found: f64,
}

impl JudgedRate {
    /// The interval (95 %) that is told with the rate: the hull of all that were computed, and where none or all are
    /// counted no narrower than the exact bound by people, each counted once.
    pub fn around(&self) -> Option<Interval> {
        let interval = self.rate.interval?;
        let hull = self.rate.exact.map_or(interval, |exact| interval.hull(exact));
        Some(match (self.rate.errors, self.rate.at_most) {
            (0, Some([by_pairs, by_people])) => Interval { from: 0.0, to: hull.to.max(by_pairs).max(by_people) },
            (errors, _) if errors == self.rate.of => {
                Interval { from: hull.from.min(1.0 - self.could_have_found), to: 1.0 }
            }
            _ => hull,
        })
    }
}

/// Both kinds of error, and what the bands are right about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// False alerts that the check supports, of those on which it gives an opinion.
    pub false_support: JudgedRate,
    /// True alerts that it does not support.
    pub false_doubt: JudgedRate,
    /// True alerts that it supports.
    pub true_support: JudgedRate,
    /// False alerts that it does not support.
    pub true_doubt: JudgedRate,
}

impl Rates {
    /// At least so many times as likely is "supports" for a true as for a false alert: the lower end of the one against the
    /// upper end of the other; `None` where there are too few.
    pub fn support_is_worth(&self) -> Option<f64> {
        worth(&self.true_support, &self.false_support)
    }

    /// The same of "does not support", for a false against a true alert.
    pub fn doubt_is_worth(&self) -> Option<f64> {
        worth(&self.true_doubt, &self.false_doubt)
    }
}

fn worth(right: &JudgedRate, wrong: &JudgedRate) -> Option<f64> {
    Some(right.around()?.from / wrong.around()?.to)
}

/// One condition, or one pair of groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// As the table names it.
    pub names: Vec<String>,
    /// Its rates; absent where there are too few.
    pub rates: Rates,
    /// The least rates that would have been told from those of all with 80 % certainty, each person counted once: false
    /// support, false doubt.
    pub detectable_rise: [Option<f64>; 2],
}

/// What the check says of a pair by these bounds.
#[derive(Clone, Copy, PartialEq)]
enum Said {
    Supports,
    DoesNotSupport,
}

fn says(pair: &Pair, [supports, doubts]: [f64; 2]) -> Option<Said> {
    let score = pair.score.value();
    if score > supports {
        Some(Said::Supports)
    } else if score < doubts && !pair.poor {
        // Where it is not known that the quality forbids a doubt, it counts as one.
        Some(Said::DoesNotSupport)
    } else {
        None
    }
}

fn rate(pairs: &[&Pair], said: impl Fn(&Pair) -> bool, weights: &Weights) -> JudgedRate {
    let counted: Vec<bool> = pairs.iter().map(|pair| said(pair)).collect();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let errors = count(counted.iter().filter(|counted| **counted).count());
    let people = |only_counted: bool| {
        let chosen = pairs.iter().zip(&counted).filter(|(_, counted)| !only_counted || **counted);
        count(chosen.map(|(pair, _)| pair.people[0]).collect::<BTreeSet<_>>().len())
    };
    let (all_people, people_with_error) = (people(false), people(true));
    let replicate = |replicate: usize| {
        let (mut errors, mut all) = (0_u64, 0_u64);
        for (pair, counted) in pairs.iter().zip(&counted) {
            let times = u64::from(weights.in_replicate(pair.people, replicate));
            all += times;
            errors += times * u64::from(*counted);
        }
        (all > 0).then(|| part(errors, all))
    };
    let drawn = if errors == 0 { None } else { percentiles((0..weights.replicates()).filter_map(replicate).collect()) };
    JudgedRate {
        rate: Rate::new(errors, count(pairs.len()), all_people, drawn),
        people_with_error,
        by_passers_by: (all_people > 0).then(|| clopper_pearson(people_with_error, all_people)),
        could_have_found: at_most(all_people),
    }
}

fn rates(pairs: &[&Pair], bounds: [f64; 2], weights: &Weights) -> Rates {
    let of = |mated, what| {
        let kind: Vec<&Pair> = pairs.iter().copied().filter(|pair| pair.mated == mated).collect();
        rate(&kind, |pair| says(pair, bounds) == Some(what), weights)
    };
    Rates {
        false_support: of(false, Said::Supports),
        false_doubt: of(true, Said::DoesNotSupport),
        true_support: of(true, Said::Supports),
        true_doubt: of(false, Said::DoesNotSupport),
    }
}

/// Of all pairs.
pub(super) fn overall(pairs: &Pairs, bounds: [f64; 2], weights: &Weights) -> Rates {
    rates(&pairs.pairs.iter().collect::<Vec<_>>(), bounds, weights)
}

/// By a key that not every pair has; `names` by number.
pub(super) fn cells<const N: usize>(
    pairs: &Pairs,
    bounds: [f64; 2],
    weights: &Weights,
    names: &[String],
    key: impl Fn(&Pair) -> Option<[usize; N]>,
) -> Vec<Cell> {
    let all = overall(pairs, bounds, weights);
    let mut by_key: BTreeMap<[usize; N], Vec<&Pair>> = BTreeMap::new();
    for pair in &pairs.pairs {
        if let Some(key) = key(pair) {
            by_key.entry(key).or_default().push(pair);
        }
    }
    // By people: pairs of one person are no new witness.
    let rise = |all: &JudgedRate, here: &JudgedRate| detectable_rise(all.rate.rate?, all.rate.people, here.rate.people);
    let cell = |(key, pairs): ([usize; N], Vec<&Pair>)| {
        let rates = rates(&pairs, bounds, weights);
        Cell {
            names: key.into_iter().map(|number| names.get(number).cloned().unwrap_or_default()).collect(),
            detectable_rise: [
                rise(&all.false_support, &rates.false_support),
                rise(&all.false_doubt, &rates.false_doubt),
            ],
            rates,
        }
    };
    by_key.into_iter().map(cell).collect()
}
