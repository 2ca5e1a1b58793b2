//! The record itself: counts, lists, invariants.

use std::collections::{BTreeMap, BTreeSet};

use crate::alert::Thousandths;
use crate::deployment::DeploymentCard;
use crate::id::{AlertId, DeploymentId, EngagementId, EnrolmentId, OfficerId};
use crate::policy::Policy;
use crate::record::issue::Issue;
use crate::record::practice::Practice;
use crate::statistics::FalseAlertRates;
use crate::stop::{FalseAlertCause, Truth};
use crate::time::Elapsed;
use crate::workflow::DecisionKind;

/// A record cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has holes.
    #[error("publish a record with {} open issues", .0.len())]
    Incomplete(BTreeSet<Issue>),
}

/// Decisions of several phones on one alert that differ: all stay, and the supervisor looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The alert.
    pub alert_id: AlertId,
    /// Every decision, by device and officer.
    pub decisions: Vec<(EnrolmentId, OfficerId, DecisionKind)>,
}

/// One stop that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopSummary {
    /// The alert.
    pub alert_id: AlertId,
    /// The stop.
    pub engagement_id: EngagementId,
    /// The phone that recorded it.
    pub enrolment_id: EnrolmentId,
    /// How long it took.
    pub duration: Elapsed,
    /// Whether the alert was right; `None` where that is not known.
    pub truth: Option<Truth>,
}

/// A phone that was given up for good: what the record says of it, and does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUpPhone {
    /// The phone.
    pub enrolment_id: EnrolmentId,
    /// Why, as the force's code says.
    pub reason: String,
    /// Entries of its log that the force had when it was given up.
    pub size_then: u64,
    /// Entries that have come since.
    pub entries_since: u64,
    /// Alerts that were issued to it under these numbers, and whose end there is not on record.
    pub alerts_missing: Vec<(AlertId, u64)>,
    /// Alerts at which it began a stop whose end is not on record.
    pub stops_open: Vec<AlertId>,
}

/// How often an officer judged blind and how often they put it off (S06).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfficerJudgements {
    /// Blind judgements.
    pub judged_blind: u64,
    /// Logged skips.
    pub skipped: u64,
}

/// A deployment's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Its card.
    pub card: Option<DeploymentCard>,
    /// An exercise: kept out of all statistics, and marked wherever it is written.
    pub exercise: bool,
    /// First live; milliseconds since 1970 UTC.
    pub started_ms: Option<i64>,
    /// Ended.
    pub ended_ms: Option<i64>,
    /// How long cameras compared faces, pauses left out, in milliseconds.
    pub live_ms: Option<u64>,
    /// Faces seen, as estimated.
    pub faces_seen: Option<u64>,
    /// The lowest threshold of the card and of all alerts, as far as the trail says it.
    pub threshold_min: Option<Thousandths>,
    /// The card's threshold, then each other one that alerts were raised at, in the order of the force's log.
    pub thresholds: Vec<Thousandths>,
    /// Counted alerts.
    pub total_alerts: u64,
    /// True, verified.
    pub true_confirmed: u64,
    /// True, judged.
    pub true_unconfirmed: u64,
    /// False, verified.
    pub false_confirmed: u64,
    /// False, judged.
    pub false_unconfirmed: u64,
    /// Confirmed true alerts that ended in arrest.
    pub arrests: u64,
    /// Confirmed true alerts with another outcome.
    pub other_outcomes: u64,
    /// Confirmed true alerts with no action.
    pub no_action: u64,
    /// Arrests on false alerts: apart, in no column.
    pub arrests_on_false_alerts: u64,
    /// Arrests where identity was not verified: apart, in no column.
    pub arrests_without_identity: u64,
    /// Counted alerts with contact.
    pub engagements: u64,
    /// False alerts with contact.
    pub engaged_false: u64,
    /// Duplicates, not counted.
    pub duplicates: u64,
    /// Technical withdrawals, not counted.
    pub technical_withdrawals: u64,
    /// Test subjects, not counted.
    pub test_subjects: u64,
    /// Stops that ended.
    pub stops: Vec<StopSummary>,
    /// Causes of false alerts.
    pub causes: BTreeMap<FalseAlertCause, u64>,
    /// Main causes of false alerts.
    pub primary_causes: BTreeMap<FalseAlertCause, u64>,
    /// Stops at which a receipt was offered.
    pub receipts_offered: u64,
    /// Stops at which a receipt was taken.
    pub receipts_taken: u64,
    /// Images whose destruction has a receipt.
    pub deletion_receipts: u64,
    /// Images that were stored and have none yet.
    pub media_without_receipt: u64,
    /// Holds of evidence by supervisors (S28).
    pub evidence_holds: u64,
    /// What is published beside the columns.
    pub practice: Practice,
    /// Judgements by officer.
    pub officers: BTreeMap<OfficerId, OfficerJudgements>,
    /// Alerts that a phone received and has not closed.
    pub open_on: Vec<(AlertId, EnrolmentId)>,
    /// Differing decisions.
    pub conflicts: Vec<Conflict>,
    /// Counted alerts that were verified as true and as false, also where the supervisor settled it.
    pub verified_apart: Vec<AlertId>,
    /// Confirmed true alerts whose outcome went with a phone that was given up: in no column.
    pub outcomes_lost: u64,
    /// Phones that were given up for good.
    pub given_up: Vec<GivenUpPhone>,
    /// What keeps it from being published.
    pub issues: BTreeSet<Issue>,
}

impl DeploymentRecord {
    pub(super) fn empty(deployment_id: DeploymentId) -> Self {
        Self {
            deployment_id,
            card: None,
            exercise: false,
            started_ms: None,
            ended_ms: None,
            live_ms: None,
            faces_seen: None,
            threshold_min: None,
            thresholds: Vec::new(),
            total_alerts: 0,
            true_confirmed: 0,
            true_unconfirmed: 0,
            false_confirmed: 0,
            false_unconfirmed: 0,
            arrests: 0,
            other_outcomes: 0,
            no_action: 0,
            arrests_on_false_alerts: 0,
            arrests_without_identity: 0,
            engagements: 0,
            engaged_false: 0,
            duplicates: 0,
            technical_withdrawals: 0,
            test_subjects: 0,
            stops: Vec::new(),
            causes: BTreeMap::new(),
            primary_causes: BTreeMap::new(),
            receipts_offered: 0,
            receipts_taken: 0,
            deletion_receipts: 0,
            media_without_receipt: 0,
            evidence_holds: 0,
            practice: Practice::default(),
            officers: BTreeMap::new(),
            open_on: Vec::new(),
            conflicts: Vec::new(),
            verified_apart: Vec::new(),
            outcomes_lost: 0,
            given_up: Vec::new(),
            issues: BTreeSet::new(),
        }
    }

    /// False alerts: confirmed and unconfirmed.
    pub fn false_alerts(&self) -> u64 {
        self.false_confirmed.saturating_add(self.false_unconfirmed)
    }

    /// True alerts: confirmed and unconfirmed.
    pub fn true_alerts(&self) -> u64 {
        self.true_confirmed.saturating_add(self.true_unconfirmed)
    }

    /// Both false alert rates, per face and per alert.
    pub fn false_alert_rates(&self) -> FalseAlertRates {
        FalseAlertRates::new(self.false_alerts(), self.total_alerts, self.faces_seen)
    }

    /// Stops on false alerts that took longer than the policy lets pass without a review (S52).
    pub fn stops_to_review(&self, policy: &Policy) -> Vec<StopSummary> {
        let over_ms = u64::from(policy.stop.review_over_s).saturating_mul(1000);
        let on_false = self.stops.iter().filter(|stop| stop.truth == Some(Truth::FalseAlert));
        on_false.filter(|stop| stop.duration.ms > over_ms).copied().collect()
    }

    /// Officers who put off more blind judgements than the policy lets pass without a review (S06).
    pub fn skips_to_review(&self, policy: &Policy) -> Vec<OfficerId> {
        let percent = u64::from(policy.judgement.skip_review_percent);
        let over = self.officers.iter().filter(|(_, counted)| {
            let all = counted.judged_blind.saturating_add(counted.skipped);
            counted.skipped.saturating_mul(100) > percent.saturating_mul(all)
        });
        over.map(|(officer, _)| officer.clone()).collect()
    }

    /// Refuses a record with holes.
    pub fn complete(&self) -> Result<&Self, RecordError> {
        if self.issues.is_empty() { Ok(self) } else { Err(RecordError::Incomplete(self.issues.clone())) }
    }

    pub(super) fn truth_adds_up(&self) -> bool {
        self.true_alerts().saturating_add(self.false_alerts()) == self.total_alerts
    }

    pub(super) fn outcomes_add_up(&self) -> bool {
        let known = self.arrests.saturating_add(self.other_outcomes).saturating_add(self.no_action);
        known.saturating_add(self.outcomes_lost) == self.true_confirmed
    }
}
