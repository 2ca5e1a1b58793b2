//! One cell of a table by condition or group, counted in the second pass.

use std::collections::HashSet;

use crate::findings::first_pass::tally;
use crate::findings::rate::Rate;
use crate::findings::{AtThreshold, Group, Kinds, ThresholdKind};
use crate::statistics::{Replicates, Score, detectable, detectable_rise};

/// A threshold and why it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Looked {
    pub(super) kind: ThresholdKind,
    pub(super) score: Option<Score>,
}

pub(super) struct Cell {
    looked: Vec<Looked>,
    replicates: Replicates,
    people: [HashSet<usize>; 2],
    rows: Kinds,
    failed: Kinds,
}

impl Cell {
    pub(super) fn new(looked: Vec<Looked>, replicates: usize) -> Self {
        let thresholds: Vec<Score> = looked.iter().filter_map(|looked| looked.score).collect();
        Self {
            looked,
            replicates: Replicates::new(thresholds, replicates),
            people: [HashSet::new(), HashSet::new()],
            rows: [0; 2],
            failed: [0; 2],
        }
    }

    pub(super) fn add(&mut self, score: Option<Score>, mated: bool, people: [usize; 2], weights: &[u32]) {
        tally(&mut self.rows, mated);
        let Some(score) = score else {
            tally(&mut self.failed, mated);
            return;
        };
        let [non_mated_people, mated_people] = &mut self.people;
        (if mated { mated_people } else { non_mated_people }).extend(people);
        self.replicates.add(score, mated, weights);
    }

    fn people(&self) -> Kinds {
        self.people.each_ref().map(|people| u64::try_from(people.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn thresholds(&self) -> Vec<AtThreshold> {
        let [non_mated_people, mated_people] = self.people();
        let mut place = 0;
        let at = |looked: &Looked| {
            let unset = AtThreshold {
                kind: looked.kind,
                threshold: looked.score.map(Score::value),
                fmr: None,
                fnmr: None,
                fnmr_with_threshold: None,
            };
            if looked.score.is_none() {
                return unset;
            }
            let here = place;
            place += 1;
            let Some(errors) = self.replicates.errors(here) else { return unset };
            let interval = |mated| self.replicates.interval(here, mated);
            let of_non_mated = Rate::new(errors.false_matches, errors.non_mated, non_mated_people, interval(false));
            let of_mated = Rate::new(errors.false_non_matches, errors.mated, mated_people, interval(true));
            AtThreshold {
                fmr: (errors.non_mated > 0).then_some(of_non_mated),
                fnmr: (errors.mated > 0).then_some(of_mated),
                ..unset
            }
        };
        self.looked.iter().map(at).collect()
    }

    /// The cell as a row of its table; `all` is the same at all rows together, `own` the place of its own threshold.
    pub(super) fn group(&self, names: Vec<String>, all: &[AtThreshold], own: bool) -> Group {
        let mut thresholds = self.thresholds();
        let own = if own { thresholds.pop() } else { None };
        let first = thresholds.first();
        let compared = |mated: bool| {
            let rate = first.and_then(|at| if mated { at.fnmr } else { at.fmr });
            let base = all.first().and_then(|at| if mated { at.fnmr } else { at.fmr });
            (rate, base)
        };
        let seen = |mated| compared(mated).0.map(|rate: Rate| detectable(rate.of));
        let rise = |mated| {
            let (Some(rate), Some(base)) = compared(mated) else { return None };
            detectable_rise(base.rate?, base.of, rate.of)
        };
        Group {
            names,
            rows: self.rows,
            failed: self.failed,
            people: self.people(),
            own,
            detectable: [seen(false), seen(true)],
            detectable_rise: [rise(false), rise(true)],
            thresholds,
        }
    }
}
