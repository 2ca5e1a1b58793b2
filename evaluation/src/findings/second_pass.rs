//! The second pass: with the thresholds known, errors by condition and group, intervals by people, error against discard,
//! and the calibration of each half of the people judged on the other.

use std::collections::BTreeMap;
use std::path::Path;

use crate::findings::cells::{Cell, Looked};
use crate::findings::first_pass::{FirstPass, MOST_CONDITIONS, MOST_GROUPS, names, open};
use crate::findings::{
    AtThreshold, Bounds, Calibration, Discard, DiscardPoint, Group, Kinds, SEED, TARGETS, ThresholdKind,
};
use crate::statistics::{
    BinnedReplicates, Counts, Interval, Score, Steps, Weights, cllr, expected_calibration_error, fit, minimum_cllr,
    part, reliability,
};
use crate::table::{Row, Table, TableError};

pub(super) struct SecondPass {
    pub(super) thresholds: Vec<AtThreshold>,
    pub(super) equal_error_rate: Option<Interval>,
    pub(super) calibration: Option<Calibration>,
    pub(super) conditions: Vec<Group>,
    pub(super) groups: Vec<Group>,
    pub(super) not_tabulated: u64,
    pub(super) discard: Vec<Discard>,
}

struct Gathering<'pass> {
    first: &'pass FirstPass,
    looked: Vec<Looked>,
    weights: Weights,
    all: Cell,
    binned: BinnedReplicates,
    conditions: BTreeMap<String, Cell>,
    groups: BTreeMap<[String; 2], Cell>,
    not_tabulated: u64,
    halves: [Counts; 2],
    left_out: Kinds,
    /// By quality, the mated comparisons and those not above each threshold.
    qualities: BTreeMap<u32, (u64, Vec<u64>)>,
}

pub(super) fn read(scores: &Path, first: &FirstPass, steps: &Steps, bounds: Bounds) -> Result<SecondPass, TableError> {
    let looked = looked(steps, bounds);
    let weights = Weights::draw(first.people.count(), SEED);
    let replicates = weights.replicates();
    let mut gathering = Gathering {
        first,
        all: Cell::new(looked.clone(), replicates),
        binned: BinnedReplicates::new(replicates),
        looked,
        weights,
        conditions: BTreeMap::new(),
        groups: BTreeMap::new(),
        not_tabulated: 0,
        halves: [Counts::default(), Counts::default()],
        left_out: [0; 2],
        qualities: BTreeMap::new(),
    };
    let mut table = Table::of_scores(open(scores)?)?;
    let mut drawn = Vec::new();
    while let Some(row) = table.next_row()? {
        gathering.add(row, &mut drawn)?;
    }
    Ok(gathering.finish())
}

fn looked(steps: &Steps, bounds: Bounds) -> Vec<Looked> {
    let bound = |kind, value| Looked { kind, score: Score::new(value) };
    let mut looked = vec![
        bound(ThresholdKind::SupportsAbove, bounds.supports_above),
        bound(ThresholdKind::DoesNotSupportBelow, bounds.does_not_support_below),
    ];
    looked.extend(TARGETS.map(|target| Looked {
        kind: ThresholdKind::FalseMatchRate(target),
        score: steps.at_fmr(target).map(|found| found.threshold),
    }));
    looked
}

/// The target at which a condition's own threshold is set.
const OWN: f64 = 1e-3;

impl Gathering<'_> {
    fn add(&mut self, row: Row<'_>, drawn: &mut Vec<u32>) -> Result<(), TableError> {
        let changed = TableError::Unreadable(std::io::ErrorKind::InvalidData);
        let people = self.first.people.of(names(row, self.first.people_are_named)).ok_or(changed)?;
        let (score, mated) = (row.score()?, row.mated());
        self.weights.of_pair(people, drawn);
        self.all.add(score, mated, people, drawn);
        self.add_to_cells(row, score, people, drawn);
        let Some(score) = score else { return Ok(()) };
        self.binned.add(score, mated, drawn);
        self.add_to_half(score, mated, people);
        if let (true, Some(quality)) = (mated, row.quality()?) {
            let count = self.looked.len();
            let (all, missed) = self.qualities.entry(quality).or_insert_with(|| (0, vec![0; count]));
            *all += 1;
            for (missed, looked) in missed.iter_mut().zip(&self.looked) {
                *missed += u64::from(looked.score.is_some_and(|threshold| score <= threshold));
            }
        }
        Ok(())
    }

    fn add_to_cells(&mut self, row: Row<'_>, score: Option<Score>, people: [usize; 2], drawn: &[u32]) {
        let replicates = self.weights.replicates();
        if let Some(condition) = row.condition() {
            if !self.conditions.contains_key(condition) && self.conditions.len() < MOST_CONDITIONS {
                let own = self.first.conditions.get(condition).and_then(|counts| counts.steps().at_fmr(OWN));
                let mut looked = self.looked.clone();
                looked.push(Looked {
                    kind: ThresholdKind::FalseMatchRate(OWN),
                    score: own.map(|target| target.threshold),
                });
                self.conditions.insert(condition.to_owned(), Cell::new(looked, replicates));
            }
            match self.conditions.get_mut(condition) {
                Some(cell) => cell.add(score, row.mated(), people, drawn),
                None => self.not_tabulated += 1,
            }
        }
        if let Some(mut groups) = row.groups() {
            groups.sort_unstable();
            let key = groups.map(str::to_owned);
            if !self.groups.contains_key(&key) && self.groups.len() < MOST_GROUPS {
                self.groups.insert(key.clone(), Cell::new(self.looked.clone(), replicates));
            }
            match self.groups.get_mut(&key) {
                Some(cell) => cell.add(score, row.mated(), people, drawn),
                None => self.not_tabulated += 1,
            }
        }
    }

    fn add_to_half(&mut self, score: Score, mated: bool, people: [usize; 2]) {
        let [even, odd] = &mut self.halves;
        match people.map(|person| person % 2) {
            [0, 0] => even.add(score, mated),
            [1, 1] => odd.add(score, mated),
            _ => super::first_pass::tally(&mut self.left_out, mated),
        }
    }

    fn finish(self) -> SecondPass {
        let mut thresholds = self.all.thresholds();
        for at in &mut thresholds {
            if let (ThresholdKind::FalseMatchRate(target), Some(fnmr)) = (at.kind, at.fnmr)
                && fnmr.rate.is_some()
                && fnmr.errors > 0
            {
                at.fnmr_with_threshold = self.binned.fnmr_at_fmr(target);
            }
        }
        let conditions =
            self.conditions.iter().map(|(name, cell)| cell.group(vec![name.clone()], &thresholds, true)).collect();
        let groups = self.groups.iter().map(|(names, cell)| cell.group(names.to_vec(), &thresholds, false)).collect();
        SecondPass {
            equal_error_rate: self.binned.equal_error_rate(),
            calibration: calibration(&self.halves, self.left_out),
            discard: discard(&self.looked, &self.qualities),
            thresholds,
            conditions,
            groups,
            not_tabulated: self.not_tabulated,
        }
    }
}

fn calibration(halves: &[Counts; 2], left_out: Kinds) -> Option<Calibration> {
    let [even, odd] = halves.each_ref().map(Counts::steps);
    let fitted = [fit(&even)?, fit(&odd)?];
    let [of_even, of_odd] = fitted;
    let mut judged = of_odd.judge(&even);
    judged.extend(of_even.judge(&odd));
    let bins = reliability(&judged);
    let mut both = Counts::default();
    both.extend(&halves[0]);
    both.extend(&halves[1]);
    let both = both.steps();
    Some(Calibration {
        fitted,
        cllr: cllr(&judged)?,
        minimum_cllr: minimum_cllr(&both)?,
        expected_calibration_error: expected_calibration_error(&bins)?,
        bins,
        judged: [both.non_mated(), both.mated()],
        left_out,
    })
}

/// At the strictest false match rate that could be set, and at the product's own bound.
fn discard(looked: &[Looked], qualities: &BTreeMap<u32, (u64, Vec<u64>)>) -> Vec<Discard> {
    let target =
        looked.iter().rposition(|at| at.score.is_some() && matches!(at.kind, ThresholdKind::FalseMatchRate(_)));
    let all: u64 = qualities.values().map(|(mated, _)| mated).sum();
    let curve = |place: usize| {
        let at = looked.get(place)?;
        let missed = |row: &Vec<u64>| row.get(place).copied().unwrap_or(0);
        let mut false_non_matches: u64 = qualities.values().map(|(_, row)| missed(row)).sum();
        let (mut left_out, mut points) = (0, Vec::new());
        for (mated, row) in qualities.values() {
            let part_left_out = part(left_out, all);
            // Beyond the half too few remain; and some two hundred points draw a curve.
            if part_left_out > 0.5 {
                break;
            }
            if points.last().is_none_or(|last: &DiscardPoint| part_left_out - last.left_out >= 0.0025) {
                points.push(DiscardPoint { left_out: part_left_out, false_non_matches, mated: all - left_out });
            }
            left_out += mated;
            false_non_matches -= missed(row);
        }
        (!points.is_empty()).then_some(Discard { kind: at.kind, threshold: at.score?.value(), points })
    };
    [Some(0), target].into_iter().flatten().filter_map(curve).collect()
}
