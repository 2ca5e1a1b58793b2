//! The public export of a deployment: the 16 columns and everything that is published beside them.
//!
//! Must never: hold an identifier of an alert, an officer, a phone, a camera or a person, a place but the deployment's own
//! words, or a clock time within the deployment (S58). Always: every rate has its counts and its interval (S45), both
//! false alert rates stand together, what the trail does not say is `null`.

use serde::Serialize;

use crate::deployment::{CameraKind, UseCase};
use crate::policy::{Policy, TwoPersonRule};
use crate::record::csv::COLUMNS;
use crate::record::practice::{BlindShift, CheckModel, ForceCounts, HumanValue};
use crate::record::publish::Tables;
use crate::record::rates::{Counts, Measures};
use crate::record::stops::StopLengths;
use crate::record::summary::{DeploymentRecord, RecordError};
use crate::record::tables::{AgeTable, GroupTable, WalkRow};
use crate::statistics::{FalseAlertRates, Rate};
use crate::stop::FalseAlertCause;

/// The form of the export.
pub const EXPORT_FORMAT: &str = "peel/deployment/1";

/// One of the 16 columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub column: &'static str,
    /// Its cell.
    pub value: String,
}

/// Cameras, by what they are mounted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cameras {
    /// On vans.
    pub van: u64,
    /// Static ones.
    pub r#static: u64,
    /// Others.
    pub other: u64,
}

/// A change of the threshold, as the alerts show it, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ThresholdChange {
    /// From.
    pub from: u16,
    /// To.
    pub to: u16,
}

/// The deployment's setting (S43).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Why it took place.
    pub use_case: Option<UseCase>,
    /// The LFR algorithm, by vendor, name and version.
    pub algorithm: Option<String>,
    /// The threshold of the card, in thousandths.
    pub threshold: Option<u16>,
    /// Each change of it that an alert shows.
    pub threshold_changes: Vec<ThresholdChange>,
    /// Entries on the watchlist.
    pub watchlist_size: Option<u32>,
    /// Cameras.
    pub cameras: Cameras,
    /// From first live to the end, in whole minutes.
    pub duration_minutes: Option<u64>,
    /// Of these live, in whole minutes.
    pub live_minutes: Option<u64>,
    /// The version of the policy on the card.
    pub policy_version: Option<u32>,
}

/// What is not counted as an alert, and what stands in no column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// Duplicates.
    pub duplicates: u64,
    /// Technical withdrawals.
    pub technical_withdrawals: u64,
    /// Alerts on test subjects.
    pub test_subjects: u64,
    /// True alerts whose entry was out of date or wrong (W2): within the true alerts.
    pub stale_true_alerts: u64,
    /// Arrests on false alerts.
    pub arrests_on_false_alerts: u64,
    /// Arrests where identity was not verified.
    pub arrests_without_identity: u64,
    /// Confirmed true alerts whose outcome went with a phone.
    pub outcomes_lost: u64,
    /// Phones that were given up for good.
    pub phones_given_up: u64,
}

/// A cause of false alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub cause: FalseAlertCause,
    /// False alerts with it.
    pub cases: u64,
    /// False alerts with it as the main cause.
    pub primary: u64,
}

/// Whether two officers had judged before anybody decided to engage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TwoPersonCompliance {
    /// What the policy asks.
    pub rule: TwoPersonRule,
    /// Judged by two before, of all alerts that somebody decided to engage.
    pub by_two: Option<Rate>,
    /// The same, of those where the rule asks for it; `null` where it asks for none.
    pub where_asked: Option<Rate>,
    /// Decided to engage, where the trail does not say whether the rule asks for it.
    pub unsaid: u64,
}

/// Blind judgements (S06).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BlindJudgements {
    /// Put off, of all that were asked for.
    pub skipped: Option<Rate>,
    /// Officers who judged or put off.
    pub officers: u64,
    /// Of these, who put off more than the policy lets pass without a review.
    pub officers_to_review: u64,
    /// The share above which it is reviewed, in per cent.
    pub review_above_percent: u8,
    /// Judged again after the reveal.
    pub shift: BlindShift,
}

/// Receipts, at stops that ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Receipts {
    /// Offered, of all stops.
    pub offered: Option<Rate>,
    /// Taken, of those offered.
    pub taken: Option<Rate>,
}

/// What became of images (S24 to S29).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Deletions {
    /// Images whose destruction has a receipt.
    pub with_receipt: u64,
    /// Images that were stored and have none yet.
    pub without_receipt: u64,
    /// Holds of evidence by supervisors (S28).
    pub evidence_holds: u64,
}

/// Test subjects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestSubjects {
    /// By group.
    pub by_group: Vec<WalkRow>,
    /// All of them.
    pub all: Option<Rate>,
}

/// Everything of a deployment or of several that is summed the same way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// The counts.
    pub counts: Counts,
    /// Both false alert rates.
    pub false_alert_rates: FalseAlertRates,
    /// Every other measure.
    pub measures: Measures,
    /// What is counted apart.
    pub apart: Apart,
    /// Stops on false alerts.
    pub stops_on_false_alerts: StopLengths,
    /// Of these, longer than the policy lets pass without a review (S52).
    pub stops_to_review: u64,
    /// False alerts for which an officer apologised.
    pub apologies: u64,
    /// Causes of false alerts.
    pub causes: Vec<Cause>,
    /// Who stopped false alerts.
    pub human_value: HumanValue,
    /// Blind judgements.
    pub blind: BlindJudgements,
    /// Two officers.
    pub two_persons: TwoPersonCompliance,
    /// Force.
    pub force: ForceCounts,
    /// Receipts.
    pub receipts: Receipts,
    /// Images.
    pub deletions: Deletions,
    /// Under 18.
    pub ages: AgeTable,
    /// By ethnicity, as the people said it themselves.
    pub by_ethnicity: GroupTable,
    /// Test subjects.
    pub test_subjects: TestSubjects,
    /// Versions of the phones' core.
    pub phone_software: Vec<String>,
    /// Models of the face check.
    pub models: Vec<CheckModel>,
}

/// One deployment's export.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublicExport {
    /// [`EXPORT_FORMAT`].
    pub format: &'static str,
    /// The version of what computed it.
    pub software: &'static str,
    /// An exercise: kept out of all statistics.
    pub exercise: bool,
    /// The 16 columns.
    pub columns: Vec<Column>,
    /// The setting.
    pub setting: Setting,
    /// The rest.
    #[serde(flatten)]
    pub published: Published,
}

impl DeploymentRecord {
    /// The public export, for a record without holes, under the force's policy.
    ///
    /// # Errors
    /// [`RecordError::Incomplete`], with every issue.
    pub fn export(&self, policy: &Policy) -> Result<PublicExport, RecordError> {
        let cells = self.columns()?;
        let columns = COLUMNS.into_iter().zip(cells).map(|(column, value)| Column { column, value });
        let smallest = u64::from(policy.deployment.published_cell_min);
        let tables = Tables {
            ages: AgeTable::of_deployment(&self.practice.ages, smallest),
            by_ethnicity: GroupTable::of_deployment(&self.practice, smallest),
        };
        Ok(PublicExport {
            format: EXPORT_FORMAT,
            software: env!("CARGO_PKG_VERSION"),
            exercise: self.exercise,
            columns: columns.collect(),
            setting: self.setting(),
            published: Published::new(&[self], policy, tables),
        })
    }

    fn setting(&self) -> Setting {
        let card = self.card.as_ref();
        let of_kind = |kind: CameraKind| {
            let cameras = card.into_iter().flat_map(|card| &card.cameras);
            u64::try_from(cameras.filter(|camera| camera.kind == kind).count()).unwrap_or(u64::MAX)
        };
        let changes = self.thresholds.windows(2).filter_map(|pair| match pair {
            [from, to] => Some(ThresholdChange { from: from.0, to: to.0 }),
            _ => None,
        });
        Setting {
            use_case: card.map(|card| card.use_case),
            algorithm: card.map(|card| card.algorithm.clone()),
            threshold: card.map(|card| card.threshold.0),
            threshold_changes: changes.collect(),
            watchlist_size: card.map(|card| card.watchlist_size),
            cameras: Cameras {
                van: of_kind(CameraKind::Van),
                r#static: of_kind(CameraKind::Static),
                other: of_kind(CameraKind::Other),
            },
            duration_minutes: self.duration_ms().map(|ms| ms / 60_000),
            live_minutes: self.live_ms.map(|ms| ms / 60_000),
            policy_version: card.map(|card| card.policy_version),
        }
    }

    /// From first live to the end, in milliseconds; pauses are part of it.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        u64::try_from(self.ended_ms?.saturating_sub(self.started_ms?)).ok()
    }
}
