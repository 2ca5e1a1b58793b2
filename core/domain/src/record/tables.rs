//! Tables by group: with their base, with what the numbers could have shown, and without single people (S46, S47).
//!
//! Must never: count a group that nobody stated of themselves, publish a test of a count that is kept back, or leave such
//! a count to be had from sums. Always: the base is the group's share among the true alerts of the same deployments.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ethnicity::EthnicGroup;
use crate::record::practice::{Ages, GroupTruth, Practice, Walks};
use crate::statistics::{
    Part, PerUnit, Rate, Shown, binomial_test, detectable_share, fisher_exact, suppress, suppress_sums,
};

/// The base of every comparison by group, as a code that is published with it.
pub const BASE: &str = "share_among_true_alerts_with_a_stop_in_the_same_deployments";

/// Counts by group before anything is kept back; it is never published itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Columns {
    true_alerts: Vec<u64>,
    false_alerts: Vec<u64>,
}

impl Columns {
    fn of(by_ethnicity: &BTreeMap<EthnicGroup, GroupTruth>) -> Self {
        let of = |group: &EthnicGroup| by_ethnicity.get(group).copied().unwrap_or_default();
        Self {
            true_alerts: EthnicGroup::ALL.iter().map(|group| of(group).true_alerts).collect(),
            false_alerts: EthnicGroup::ALL.iter().map(|group| of(group).false_alerts).collect(),
        }
    }
}

/// Engaged alerts by what the people said of their ethnicity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupTable {
    /// Counts below this are kept back.
    pub smallest_cell: u64,
    /// What a group's false alerts are compared with: [`BASE`].
    pub base: &'static str,
    /// True alerts in the table.
    pub true_alerts: u64,
    /// False alerts in the table: the number of cases of each test.
    pub false_alerts: u64,
    /// Engaged alerts where nobody asked, or the trail does not say it: not in the table.
    pub unasked: u64,
    /// Each group.
    pub rows: Vec<GroupRow>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// The group.
    pub group: EthnicGroup,
    /// True alerts.
    pub true_alerts: Shown,
    /// False alerts.
    pub false_alerts: Shown,
    /// The base: its share of the true alerts.
    pub base: Option<Rate>,
    /// Its share of the false alerts.
    pub share_of_false: Option<Rate>,
    /// Fisher's exact test of its false and true alerts against everybody else's, two-sided.
    pub fisher_p: Option<f64>,
    /// The exact binomial test of its share of the false alerts against the base, two-sided.
    pub binomial_p: Option<f64>,
    /// With so many cases only a share above this could have been detected, four times in five.
    pub detectable_share: Option<f64>,
}

impl GroupTable {
    /// Of one deployment.
    pub fn of_deployment(practice: &Practice, smallest_cell: u64) -> Self {
        let columns = Columns::of(&practice.by_ethnicity);
        let shown = [&columns.true_alerts, &columns.false_alerts].map(|column| suppress(column, smallest_cell));
        Self::new(&columns, shown, practice.ethnicity_unasked, smallest_cell)
    }

    /// Of several deployments, whose own tables are published too.
    pub fn of_all<'a>(practices: impl Iterator<Item = &'a Practice>, smallest_cell: u64) -> Self {
        let mut unasked = 0;
        let of_each: Vec<Columns> = practices
            .map(|practice| {
                unasked += practice.ethnicity_unasked;
                Columns::of(&practice.by_ethnicity)
            })
            .collect();
        let true_columns: Vec<&Vec<u64>> = of_each.iter().map(|columns| &columns.true_alerts).collect();
        let false_columns: Vec<&Vec<u64>> = of_each.iter().map(|columns| &columns.false_alerts).collect();
        let columns = Columns { true_alerts: sums(&true_columns), false_alerts: sums(&false_columns) };
        let shown =
            [(true_columns, &columns.true_alerts), (false_columns, &columns.false_alerts)].map(|(parts, sums)| {
                let parts: Vec<Part> = parts.into_iter().map(|row| Part::new(row.clone(), smallest_cell)).collect();
                suppress_sums(&parts, sums, smallest_cell)
            });
        Self::new(&columns, shown, unasked, smallest_cell)
    }

    fn new(columns: &Columns, [true_shown, false_shown]: [Vec<Shown>; 2], unasked: u64, smallest_cell: u64) -> Self {
        let (true_alerts, false_alerts) = (columns.true_alerts.iter().sum(), columns.false_alerts.iter().sum());
        let cells = true_shown.into_iter().zip(false_shown);
        let row = |(group, (of_true, of_false)): (&EthnicGroup, (Shown, Shown))| {
            GroupRow::new(*group, [of_true, of_false], [true_alerts, false_alerts])
        };
        let rows = EthnicGroup::ALL.iter().zip(cells).map(row).collect();
        Self { smallest_cell, base: BASE, true_alerts, false_alerts, unasked, rows }
    }
}

/// The sums of rows of as many counts as there are groups.
fn sums(rows: &[&Vec<u64>]) -> Vec<u64> {
    let at = |place: usize| rows.iter().filter_map(|row| row.get(place)).sum();
    (0..EthnicGroup::ALL.len()).map(at).collect()
}

impl GroupRow {
    fn new(group: EthnicGroup, [true_shown, false_shown]: [Shown; 2], [all_true, all_false]: [u64; 2]) -> Self {
        let base = true_shown.count().and_then(|count| Rate::new(count, all_true).ok());
        let share_of_false = false_shown.count().and_then(|count| Rate::new(count, all_false).ok());
        let both = base.zip(share_of_false);
        let table = |(of_true, of_false): (Rate, Rate)| {
            let [t, f] = [of_true, of_false].map(|rate| [rate.numerator(), rate.denominator() - rate.numerator()]);
            [f, t]
        };
        Self {
            group,
            true_alerts: true_shown,
            false_alerts: false_shown,
            base,
            share_of_false,
            fisher_p: both.map(|both| fisher_exact(table(both))),
            binomial_p: both.and_then(|(base, seen)| binomial_test(seen, base.share())),
            detectable_share: base.and_then(|base| detectable_share(all_false, base.share())),
        }
    }
}

/// Alerts on entries of somebody under 18.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgeTable {
    /// Counts below this are kept back.
    pub smallest_cell: u64,
    /// Alerts on entries of somebody under 18.
    pub alerts_under_18: Shown,
    /// Of others.
    pub alerts_of_others: Shown,
    /// Engaged, on entries of somebody under 18.
    pub engaged_under_18: Shown,
    /// Engaged, of others.
    pub engaged_of_others: Shown,
    /// Alerts where the trail does not say it.
    pub unsaid: u64,
}

impl AgeTable {
    /// Of one deployment.
    pub fn of_deployment(ages: &Ages, smallest_cell: u64) -> Self {
        let [alerts, engaged] = [ages.alerts, ages.engaged].map(|counts| suppress(&counts, smallest_cell));
        Self::new(&alerts, &engaged, ages.unsaid, smallest_cell)
    }

    /// Of several deployments, whose own tables are published too.
    pub fn of_all(ages: &[Ages], smallest_cell: u64) -> Self {
        let shown = [|ages: &Ages| ages.alerts, |ages: &Ages| ages.engaged].map(|column| {
            let parts: Vec<Part> = ages.iter().map(|ages| Part::new(column(ages).to_vec(), smallest_cell)).collect();
            let sums: Vec<u64> =
                (0..2).map(|at| ages.iter().filter_map(|ages| column(ages).get(at).copied()).sum()).collect();
            suppress_sums(&parts, &sums, smallest_cell)
        });
        let [alerts, engaged] = shown;
        Self::new(&alerts, &engaged, ages.iter().map(|ages| ages.unsaid).sum(), smallest_cell)
    }

    fn new(alerts: &[Shown], engaged: &[Shown], unsaid: u64, smallest_cell: u64) -> Self {
        let at = |shown: &[Shown], place: usize| shown.get(place).copied().unwrap_or(Shown::Suppressed);
        Self {
            smallest_cell,
            alerts_under_18: at(alerts, 0),
            alerts_of_others: at(alerts, 1),
            engaged_under_18: at(engaged, 0),
            engaged_of_others: at(engaged, 1),
            unsaid,
        }
    }
}

/// How often test subjects of a group were recognised (S47). They are members of staff and walk for this: nothing is kept
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WalkRow {
    /// How they define their own ethnicity.
    pub group: EthnicGroup,
    /// Recognised among passes: the true positive identification rate.
    pub recognised: Rate,
}

/// The rows of those groups that walked, and their sum.
pub(super) fn walk_rows(walks: &BTreeMap<EthnicGroup, Walks>) -> (Vec<WalkRow>, Option<Rate>) {
    let rate = |walks: &Walks| Rate::new(walks.recognised, walks.passes).ok();
    let rows = walks.iter().filter_map(|(group, walks)| Some(WalkRow { group: *group, recognised: rate(walks)? }));
    let all = walks.values().fold(Walks::default(), |sum, walks| Walks {
        passes: sum.passes.saturating_add(walks.passes),
        recognised: sum.recognised.saturating_add(walks.recognised),
    });
    (rows.collect(), rate(&all))
}

/// Arrests per unit, where there is one.
pub(super) fn per_unit(count: u64, units: Option<f64>) -> Option<PerUnit> {
    PerUnit::new(count, units?)
}
