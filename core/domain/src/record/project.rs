//! From events to a record.

use std::collections::{BTreeMap, BTreeSet};

use crate::alert::Thousandths;
use crate::deployment::{DeploymentCard, DeploymentState};
use crate::event::{Action, Actor, EventBody};
use crate::id::{AlertId, DeploymentId, EnrolmentId, HoldId, MediaId, OfficerId};
use crate::judgement::JudgementKind;
use crate::record::alert_facts::AlertFacts;
use crate::record::summary::{Conflict, DeploymentRecord, GivenUpPhone, Issue, OfficerJudgements, StopSummary};
use crate::record::truth::AlertTruth;
use crate::stop::{Outcome, ReceiptChannel, Truth, Verification};

/// Phones that were given up.
type GivenUp = BTreeMap<EnrolmentId, GivenUpPhone>;

/// Which log an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The force's events log.
    Events,
    /// A phone's log.
    Device(EnrolmentId),
}

/// Collects the events of one deployment. Within a log the order is the log's; between logs it does not matter.
#[derive(Clone, Debug)]
pub struct RecordBuilder {
    deployment_id: DeploymentId,
    card: Option<DeploymentCard>,
    states: Vec<(i64, DeploymentState)>,
    faces: Option<u64>,
    threshold: Option<Thousandths>,
    alerts: BTreeMap<AlertId, AlertFacts>,
    officers: BTreeMap<OfficerId, OfficerJudgements>,
    deleted: BTreeSet<(Source, MediaId)>,
    stored: BTreeSet<(Source, MediaId)>,
    refused: BTreeSet<(EnrolmentId, u64)>,
    holds: BTreeSet<HoldId>,
    given_up: BTreeMap<EnrolmentId, GivenUpPhone>,
    held: BTreeMap<EnrolmentId, u64>,
    issues: BTreeSet<Issue>,
}

impl RecordBuilder {
    /// An empty one.
    pub fn new(deployment_id: DeploymentId) -> Self {
        Self {
            deployment_id,
            card: None,
            states: Vec::new(),
            faces: None,
            threshold: None,
            alerts: BTreeMap::new(),
            officers: BTreeMap::new(),
            deleted: BTreeSet::new(),
            stored: BTreeSet::new(),
            refused: BTreeSet::new(),
            holds: BTreeSet::new(),
            given_up: BTreeMap::new(),
            held: BTreeMap::new(),
            issues: BTreeSet::new(),
        }
    }

    /// How many entries of a phone's log there are: where it was given up, what came since is said.
    pub fn holds(&mut self, device: EnrolmentId, entries: u64) {
        self.held.insert(device, entries);
    }

    /// Takes an event in. Events of other deployments change nothing, but for the numbers that a phone refused: a
    /// phone that has left the deployment refuses what still comes.
    pub fn add(&mut self, source: Source, event: &EventBody) {
        if let (Action::InputRefused { alert_seq: Some(number), .. }, Source::Device(device), Actor::Core) =
            (&event.action, source, &event.actor)
        {
            self.refused.insert((device, *number));
        }
        if event.deployment_id != Some(self.deployment_id) {
            return;
        }
        let by_core = event.actor == Actor::Core;
        match (&event.action, source) {
            (Action::DeploymentCreated(card), Source::Events) => self.card = Some(card.clone()),
            (Action::DeploymentStateChanged { state }, Source::Events) => self.states.push((event.at.utc_ms, *state)),
            (Action::AlertIngested { threshold: Some(threshold), .. }, Source::Events) => {
                self.threshold = Some(self.threshold.map_or(*threshold, |lowest| lowest.min(*threshold)));
            }
            (Action::PhoneGivenUp { enrolment_id, reason, size }, Source::Events) => {
                self.given_up.insert(
                    *enrolment_id,
                    GivenUpPhone {
                        enrolment_id: *enrolment_id,
                        reason: reason.clone(),
                        size_then: *size,
                        entries_since: 0,
                        alerts_missing: Vec::new(),
                        stops_open: Vec::new(),
                    },
                );
            }
            (Action::FacesSeenEstimated { faces }, Source::Events) => self.faces = Some(*faces),
            (Action::AlertReceived { media, .. }, Source::Device(_)) if by_core => {
                self.stored.extend(media.iter().map(|image| (source, image.media_id)));
            }
            (Action::MediaDeleted(deleted), _) if by_core || source == Source::Events => {
                self.deleted.insert((source, deleted.media_id));
            }
            (Action::EvidenceHeld(held), Source::Events) if matches!(event.actor, Actor::Supervisor(_)) => {
                self.holds.insert(held.hold_id);
            }
            _ => {}
        }
        if source != Source::Events {
            self.count_judgement(event);
        }
        if let Some(alert_id) = event.alert_id {
            let taken = self.alerts.entry(alert_id).or_default().take(alert_id, source, event);
            self.issues.extend(taken.err());
        }
    }

    fn count_judgement(&mut self, event: &EventBody) {
        let Actor::Officer(officer) = &event.actor else { return };
        let judgements = match &event.action {
            Action::Judged { kind: JudgementKind::Blind, .. } => (1, 0),
            Action::JudgementSkipped { .. } => (0, 1),
            _ => return,
        };
        let counted = self.officers.entry(officer.clone()).or_default();
        counted.judged_blind = counted.judged_blind.saturating_add(judgements.0);
        counted.skipped = counted.skipped.saturating_add(judgements.1);
    }

    /// The record as far as the events go; what it lacks is in its issues.
    pub fn finish(mut self) -> DeploymentRecord {
        let mut record = DeploymentRecord::empty(self.deployment_id);
        if self.card.is_none() {
            self.issues.insert(Issue::NoCard);
        }
        let first_live = self.states.iter().find(|(_, state)| *state == DeploymentState::Live);
        record.started_ms = first_live.map(|(at_ms, _)| *at_ms);
        let ended = self.states.iter().rev().find(|(_, state)| *state == DeploymentState::Ended);
        record.ended_ms = ended.map(|(at_ms, _)| *at_ms);
        if record.started_ms.is_none() || record.ended_ms.is_none() {
            self.issues.insert(Issue::NotEnded);
        }
        record.faces_seen = self.faces.or_else(|| self.card.as_ref().and_then(|card| card.faces_seen_estimate));
        record.exercise = self.card.as_ref().is_some_and(|card| card.exercise);
        let set = self.card.as_ref().map(|card| card.threshold);
        record.threshold_min = set.into_iter().chain(self.threshold).min();
        record.card = self.card.take();
        record.evidence_holds = count(self.holds.len());
        record.deletion_receipts = count(self.deleted.len());
        record.media_without_receipt = count(self.stored.difference(&self.deleted).count());
        record.officers = std::mem::take(&mut self.officers);
        let alerts = std::mem::take(&mut self.alerts);
        for (alert_id, facts) in &alerts {
            for (device, alert_seq) in facts.unaccounted(&self.refused) {
                match self.given_up.get_mut(&device) {
                    Some(phone) => phone.alerts_missing.push((*alert_id, alert_seq)),
                    None => {
                        self.issues.insert(Issue::PhoneMissing(*alert_id, device));
                    }
                }
            }
            count_alert(&mut record, &mut self.issues, &mut self.given_up, *alert_id, facts);
        }
        record.given_up = std::mem::take(&mut self.given_up).into_values().collect();
        for phone in &mut record.given_up {
            let held = self.held.get(&phone.enrolment_id).copied().unwrap_or(0);
            phone.entries_since = held.saturating_sub(phone.size_then);
        }
        if !record.truth_adds_up() {
            self.issues.insert(Issue::TruthDoesNotAddUp);
        }
        if !record.outcomes_add_up() {
            self.issues.insert(Issue::OutcomesDoNotAddUp);
        }
        record.issues = self.issues;
        record
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn count_alert(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    given_up: &mut GivenUp,
    alert_id: AlertId,
    facts: &AlertFacts,
) {
    if !facts.ingested {
        issues.insert(Issue::UnknownAlert(alert_id));
        return;
    }
    note_conflict(record, alert_id, facts);
    record.open_on.extend(facts.received.difference(&facts.closed).map(|device| (alert_id, *device)));
    if facts.test_subject {
        record.test_subjects += 1;
        return;
    }
    if facts.is_duplicate() {
        record.duplicates += 1;
        return;
    }
    if facts.withdrawn_technically && !facts.engaged() {
        record.technical_withdrawals += 1;
        return;
    }
    record.total_alerts += 1;
    record.engagements += u64::from(facts.engaged());
    let truth = match facts.truth() {
        AlertTruth::Known(truth, verification) => {
            count_truth(record, truth, verification);
            Some((truth, verification))
        }
        AlertTruth::Missing => {
            issues.insert(Issue::TruthMissing(alert_id));
            None
        }
        AlertTruth::Contradictory => {
            issues.insert(Issue::TruthContradictory(alert_id));
            None
        }
    };
    let lost = count_stops(record, issues, given_up, alert_id, facts, truth.map(|(truth, _)| truth));
    count_outcome(record, issues, alert_id, facts, truth, lost);
    if facts.verified_apart() {
        record.verified_apart.push(alert_id);
    }
    if truth.is_some_and(|(truth, _)| truth == Truth::FalseAlert) {
        count_causes(record, facts);
    }
}

/// A report that its officer overtook by concluding otherwise is no false alert's.
fn count_causes(record: &mut DeploymentRecord, facts: &AlertFacts) {
    let (causes, primary) = facts.causes();
    for cause in causes {
        *record.causes.entry(cause).or_default() += 1;
    }
    if let Some(primary) = primary {
        *record.primary_causes.entry(primary).or_default() += 1;
    }
}

fn note_conflict(record: &mut DeploymentRecord, alert_id: AlertId, facts: &AlertFacts) {
    let decisions = facts.decisions();
    let kinds: BTreeSet<String> = decisions.iter().map(|(_, _, kind)| format!("{kind:?}")).collect();
    if kinds.len() > 1 {
        record.conflicts.push(Conflict { alert_id, decisions });
    }
}

fn count_truth(record: &mut DeploymentRecord, truth: Truth, verification: Verification) {
    let column = match (truth, verification) {
        (Truth::TrueAlert, Verification::Confirmed) => &mut record.true_confirmed,
        (Truth::TrueAlert, Verification::Unconfirmed) => &mut record.true_unconfirmed,
        (Truth::FalseAlert, Verification::Confirmed) => &mut record.false_confirmed,
        (Truth::FalseAlert, Verification::Unconfirmed) => &mut record.false_unconfirmed,
    };
    *column += 1;
}

/// Counts the stops; says whether the rest of one went with a phone that was given up.
fn count_stops(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    given_up: &mut GivenUp,
    alert_id: AlertId,
    facts: &AlertFacts,
    truth: Option<Truth>,
) -> bool {
    let mut lost = false;
    for ((enrolment_id, engagement_id), stop) in &facts.stops {
        let phone = given_up.get_mut(enrolment_id);
        lost |= phone.is_some() && stop.outcome.is_none();
        let Some(duration) = stop.duration else {
            match phone {
                Some(phone) => phone.stops_open.push(alert_id),
                None => {
                    issues.insert(Issue::StopOpen(alert_id));
                }
            }
            continue;
        };
        let offered = count(stop.receipts.len().min(1));
        let taken = stop.receipts.iter().any(|channel| *channel != ReceiptChannel::Declined);
        record.receipts_offered += offered;
        record.receipts_taken += u64::from(taken);
        record.stops.push(StopSummary {
            alert_id,
            engagement_id: *engagement_id,
            enrolment_id: *enrolment_id,
            duration,
            truth,
        });
    }
    lost
}

/// One top-level outcome for each confirmed true alert: arrest before other before no action.
fn count_outcome(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    alert_id: AlertId,
    facts: &AlertFacts,
    truth: Option<(Truth, Verification)>,
    lost: bool,
) {
    let arrested = facts.outcomes().any(|outcome| matches!(outcome, Outcome::Arrest { .. }));
    match truth {
        Some((Truth::TrueAlert, Verification::Confirmed)) => {
            if arrested {
                record.arrests += 1;
            } else if facts.outcomes().any(|outcome| matches!(outcome, Outcome::Other(_))) {
                record.other_outcomes += 1;
            } else if facts.outcomes().any(|outcome| matches!(outcome, Outcome::NoAction(_))) {
                record.no_action += 1;
            } else if lost {
                record.outcomes_lost += 1;
            } else {
                issues.insert(Issue::OutcomeMissing(alert_id));
            }
        }
        Some((Truth::FalseAlert, _)) if arrested => record.arrests_on_false_alerts += 1,
        _ if arrested => record.arrests_without_identity += 1,
        _ => {}
    }
}
