//! The year's report: the sums of its deployments, and what they can and cannot show.
//!
//! Must never: merge periods, take a deployment in twice, leave one out unsaid, or mix an exercise in. Always: every sum is
//! that of the deployments beside it; everything that is wrong is listed at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::event::{Action, Actor, EventBody};
use crate::id::{DeploymentId, EnrolmentId};
use crate::policy::Policy;
use crate::record::export::{PublicExport, Published};
use crate::record::issue::Issue;
use crate::record::practice::Ages;
use crate::record::project::{RecordBuilder, Source};
use crate::record::publish::Tables;
use crate::record::summary::{DeploymentRecord, RecordError};
use crate::record::tables::{AgeTable, GroupTable};
use crate::statistics::share_of_true_after;

/// The form of the report.
pub const REPORT_FORMAT: &str = "peel/report/1";

/// A period of whole days, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
}

impl Period {
    /// Of these days; `None` where the last comes before the first.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// Whether a deployment that began then belongs to it.
    pub fn holds(&self, started_ms: i64) -> bool {
        DateTime::<Utc>::from_timestamp_millis(started_ms)
            .is_some_and(|at| (self.from..=self.to).contains(&at.date_naive()))
    }
}

/// Something that keeps a report from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// In which deployment.
    pub deployment_id: DeploymentId,
    /// What.
    pub issue: Issue,
}

/// Why there is no report. The text reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YearError {
    /// Records have holes: every one of them.
    #[error("report on deployments with {} open issues", .0.len())]
    Incomplete(Vec<Finding>),
    /// Deployments that do not belong to the period.
    #[error("merge {} deployments of another period", .0.len())]
    OutsidePeriod(Vec<DeploymentId>),
    /// Deployments that were given more than once.
    #[error("count {} deployments twice", .0.len())]
    Twice(Vec<DeploymentId>),
    /// There is no deployment.
    #[error("report on no deployment")]
    Empty,
}

/// What a second, independent check of faces could say after these alerts, and one whose errors go with the first's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SecondCheck {
    /// Its true match rate, assumed.
    pub true_match_rate: f64,
    /// Its false match rate, assumed, where its errors are independent.
    pub false_match_rate: f64,
    /// Its false match rate among lookalikes, assumed, where its errors go with the first system's.
    pub false_match_rate_of_lookalikes: f64,
    /// The share of true alerts among those that it does not support.
    pub true_where_not_supported: Option<f64>,
    /// The share of true alerts among those that it supports, where its errors go with the first system's.
    pub true_where_supported: Option<f64>,
}

impl SecondCheck {
    fn after(true_alerts: u64, false_alerts: u64) -> Self {
        let (of_true, of_false, of_lookalikes) = (0.95, 0.001, 0.2);
        Self {
            true_match_rate: of_true,
            false_match_rate: of_false,
            false_match_rate_of_lookalikes: of_lookalikes,
            true_where_not_supported: share_of_true_after(true_alerts, false_alerts, 1.0 - of_true, 1.0 - of_false),
            true_where_supported: share_of_true_after(true_alerts, false_alerts, of_true, of_lookalikes),
        }
    }
}

/// A year's report, or another period's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct YearReport {
    /// [`REPORT_FORMAT`].
    pub format: &'static str,
    /// The version of what computed it.
    pub software: &'static str,
    /// The period.
    pub period: Period,
    /// Exercises in it: in no number here.
    pub exercises: u64,
    /// Deployments that somebody decided to leave out: in no number here.
    pub left_out: Vec<DeploymentId>,
    /// Entries on the watchlists: smallest, median, largest.
    pub watchlist_sizes: Option<[u32; 3]>,
    /// The sums.
    #[serde(flatten)]
    pub published: Published,
    /// What a second check could say.
    pub second_check: SecondCheck,
    /// Each deployment, by its beginning.
    pub deployments: Vec<PublicExport>,
}

impl YearReport {
    /// Of these records, under the force's policy. Exercises are counted and left out; so are deployments in `left_out`,
    /// by name.
    pub fn new(
        period: Period,
        records: &[DeploymentRecord],
        left_out: &BTreeSet<DeploymentId>,
        policy: &Policy,
    ) -> Result<Self, YearError> {
        let (exercises, real): (Vec<_>, Vec<_>) = records.iter().partition(|record| record.exercise);
        let (left, mut taken): (Vec<_>, Vec<_>) =
            real.into_iter().partition(|record| left_out.contains(&record.deployment_id));
        taken.sort_by_key(|record| (record.started_ms, record.deployment_id));
        check(period, &taken)?;
        let exported = |record: &&DeploymentRecord| {
            let deployment_id = record.deployment_id;
            record.export(policy).map_err(|RecordError::Incomplete(issues)| {
                YearError::Incomplete(issues.into_iter().map(|issue| Finding { deployment_id, issue }).collect())
            })
        };
        let deployments = taken.iter().map(exported).collect::<Result<Vec<PublicExport>, YearError>>()?;
        let smallest = u64::from(policy.deployment.published_cell_min);
        let ages: Vec<Ages> = taken.iter().map(|record| record.practice.ages).collect();
        let tables = Tables {
            ages: AgeTable::of_all(&ages, smallest),
            by_ethnicity: GroupTable::of_all(taken.iter().map(|record| &record.practice), smallest),
        };
        let published = Published::new(&taken, policy, tables);
        Ok(Self {
            format: REPORT_FORMAT,
            software: env!("CARGO_PKG_VERSION"),
            period,
            exercises: u64::try_from(exercises.len()).unwrap_or(u64::MAX),
            left_out: left.iter().map(|record| record.deployment_id).collect(),
            watchlist_sizes: watchlist_sizes(&taken),
            second_check: SecondCheck::after(published.counts.true_alerts(), published.counts.false_alerts()),
            published,
            deployments,
        })
    }
}

fn check(period: Period, taken: &[&DeploymentRecord]) -> Result<(), YearError> {
    let of_issue = |record: &&DeploymentRecord| {
        let deployment_id = record.deployment_id;
        record.issues.iter().map(move |issue| Finding { deployment_id, issue: *issue }).collect::<Vec<_>>()
    };
    let findings: Vec<Finding> = taken.iter().flat_map(of_issue).collect();
    if !findings.is_empty() {
        return Err(YearError::Incomplete(findings));
    }
    let outside = taken.iter().filter(|record| !record.started_ms.is_some_and(|at_ms| period.holds(at_ms)));
    let outside: Vec<DeploymentId> = outside.map(|record| record.deployment_id).collect();
    if !outside.is_empty() {
        return Err(YearError::OutsidePeriod(outside));
    }
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = taken.iter().map(|record| record.deployment_id).filter(|id| !seen.insert(*id)).collect();
    if !twice.is_empty() {
        return Err(YearError::Twice(twice));
    }
    if taken.is_empty() { Err(YearError::Empty) } else { Ok(()) }
}

fn watchlist_sizes(records: &[&DeploymentRecord]) -> Option<[u32; 3]> {
    let mut sizes: Vec<u32> =
        records.iter().filter_map(|record| record.card.as_ref()).map(|card| card.watchlist_size).collect();
    sizes.sort_unstable();
    Some([*sizes.first()?, *sizes.get(sizes.len() / 2)?, *sizes.last()?])
}

/// Collects the events of all deployments at once: one reading of the logs for a year.
#[derive(Clone, Debug, Default)]
pub struct RecordsBuilder {
    builders: BTreeMap<DeploymentId, RecordBuilder>,
    /// A phone refuses numbers of its stream, of whichever deployment, also outside of any.
    refusals: Vec<(Source, EventBody)>,
    held: BTreeMap<EnrolmentId, u64>,
}

impl RecordsBuilder {
    /// How many entries of a phone's log there are.
    pub fn holds(&mut self, device: EnrolmentId, entries: u64) {
        self.held.insert(device, entries);
    }

    /// Takes an event in, as [`RecordBuilder::add`] does.
    pub fn add(&mut self, source: Source, event: &EventBody) {
        if matches!((&event.action, &event.actor), (Action::InputRefused { .. }, Actor::Core)) {
            self.refusals.push((source, event.clone()));
        } else if let Some(deployment_id) = event.deployment_id {
            let builder = self.builders.entry(deployment_id).or_insert_with(|| RecordBuilder::new(deployment_id));
            builder.add(source, event);
        }
    }

    /// Every deployment's record. What no card names is no deployment.
    pub fn finish(self) -> Vec<DeploymentRecord> {
        let Self { builders, refusals, held } = self;
        let record = |mut builder: RecordBuilder| {
            for (source, event) in &refusals {
                builder.add(*source, event);
            }
            for (device, entries) in &held {
                builder.holds(*device, *entries);
            }
            builder.finish()
        };
        builders.into_values().map(record).filter(|record| record.card.is_some()).collect()
    }
}
