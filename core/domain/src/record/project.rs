//! From events to a record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::alert::Thousandths;
use crate::deployment::{DeploymentCard, DeploymentState};
use crate::event::{Action, Actor, EventBody};
use crate::id::{AlertId, DeploymentId, EnrolmentId, HoldId, MediaId, OfficerId};
use crate::judgement::JudgementKind;
use crate::record::alert_facts::AlertFacts;
use crate::record::count::{count, count_alert};
use crate::record::issue::Issue;
use crate::record::practice::{CheckModel, Practice};
use crate::record::summary::{DeploymentRecord, GivenUpPhone, OfficerJudgements};

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
    /// The thresholds that alerts were raised at, without repetitions, in the order of the force's log.
    thresholds: Vec<Thousandths>,
    practice: Practice,
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
            thresholds: Vec::new(),
            practice: Practice::default(),
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
            (Action::AlertIngested { threshold: Some(threshold), .. }, Source::Events)
                if self.thresholds.last() != Some(threshold) =>
            {
                self.thresholds.push(*threshold);
            }
            (Action::TestWalked { group, passes, recognised }, Source::Events)
                if matches!(event.actor, Actor::Supervisor(_)) =>
            {
                let walks = self.practice.walks.entry(*group).or_default();
                walks.passes = walks.passes.saturating_add(u64::from(*passes));
                walks.recognised = walks.recognised.saturating_add(u64::from(*recognised));
            }
            (Action::Joined { software: Some(version), .. }, Source::Device(_)) => {
                self.practice.software.insert(version.clone());
            }
            (Action::Compared(comparison), Source::Device(_)) => {
                self.practice.models.insert(CheckModel {
                    model_sha256: hexadecimal(&comparison.model_sha256),
                    calibration_id: comparison.calibration_id.clone(),
                });
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
        record.live_ms = live_ms(&self.states);
        record.faces_seen = self.faces.or_else(|| self.card.as_ref().and_then(|card| card.faces_seen_estimate));
        record.exercise = self.card.as_ref().is_some_and(|card| card.exercise);
        let set = self.card.as_ref().map(|card| card.threshold);
        record.threshold_min = set.into_iter().chain(self.thresholds.iter().copied()).min();
        // The card's own threshold comes first: an alert at another one is a change.
        record.thresholds = set.into_iter().chain(self.thresholds.drain(..)).collect();
        record.thresholds.dedup();
        record.practice = std::mem::take(&mut self.practice);
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
        if record.faces_seen.is_some_and(|faces| faces < record.total_alerts) {
            self.issues.insert(Issue::FewerFacesThanAlerts);
        }
        let recognised: u64 = record.practice.walks.values().map(|walks| walks.recognised).sum();
        let more = record.practice.walks.values().any(|walks| walks.recognised > walks.passes);
        if more || recognised > record.test_subjects {
            self.issues.insert(Issue::TestWalksDoNotAddUp);
        }
        record.issues = self.issues;
        record
    }
}

/// How long cameras compared faces: from each "live" to the next pause or end. `None` while it is live.
fn live_ms(states: &[(i64, DeploymentState)]) -> Option<u64> {
    let mut since = None;
    let mut total = 0_i64;
    for (at_ms, state) in states {
        match (state, since) {
            (DeploymentState::Live, None) => since = Some(*at_ms),
            (DeploymentState::Paused | DeploymentState::Ended, Some(from)) => {
                total = total.saturating_add(at_ms.saturating_sub(from).max(0));
                since = None;
            }
            _ => {}
        }
    }
    if since.is_some() { None } else { u64::try_from(total).ok() }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
