//! What all logs together say about one alert.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Action, Actor, EventBody};
use crate::id::{AlertId, EngagementId, EnrolmentId, OfficerId};
use crate::judgement::{Decision, JudgementKind, JudgementValue, NoEngagementReason};
use crate::record::project::Source;
use crate::record::summary::Issue;
use crate::stop::{FalseAlertCause, Outcome, ReceiptChannel, Truth, Verification};
use crate::time::Elapsed;
use crate::workflow::DecisionKind;

/// A stop as one phone recorded it.
#[derive(Clone, Debug)]
pub(super) struct StopFacts {
    pub(super) enrolment_id: EnrolmentId,
    pub(super) duration: Option<Elapsed>,
    pub(super) outcome: Option<Outcome>,
    pub(super) receipts: Vec<ReceiptChannel>,
}

/// One truth that was stated, with when and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stated {
    at_ms: i64,
    is_false: bool,
}

/// What all logs together say about one alert.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // separate facts, each said by another log
pub(super) struct AlertFacts {
    pub(super) ingested: bool,
    pub(super) test_subject: bool,
    pub(super) withdrawn_technically: bool,
    marked_duplicate: bool,
    called_duplicate: bool,
    pub(super) decisions: Vec<(EnrolmentId, OfficerId, DecisionKind)>,
    pub(super) stops: BTreeMap<EngagementId, StopFacts>,
    current_stop: BTreeMap<EnrolmentId, EngagementId>,
    confirmed: BTreeSet<bool>,
    by_supervisor: Vec<Stated>,
    judged: Vec<Stated>,
    pub(super) causes: Vec<FalseAlertCause>,
    pub(super) primary_cause: Option<FalseAlertCause>,
    pub(super) closed: BTreeSet<EnrolmentId>,
    pub(super) received: BTreeSet<EnrolmentId>,
}

/// The truth of a counted alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlertTruth {
    Known(Truth, Verification),
    Missing,
    Contradictory,
}

fn truth(is_false: bool) -> Truth {
    if is_false { Truth::FalseAlert } else { Truth::TrueAlert }
}

impl AlertFacts {
    /// Takes one event in; an actor that cannot have done it is an issue, and the event is left out.
    pub(super) fn take(&mut self, alert_id: AlertId, source: Source, event: &EventBody) -> Result<(), Issue> {
        match (source, &event.actor) {
            (Source::Device(device), Actor::Officer(officer)) => self.take_officer(device, officer, event),
            (Source::Device(device), Actor::Core) => match &event.action {
                Action::AlertReceived { .. } => {
                    self.received.insert(device);
                }
                Action::Closed => {
                    self.closed.insert(device);
                }
                action if is_officers_alone(action) => return Err(Issue::WrongActor(alert_id)),
                _ => {}
            },
            (Source::Events, _) | (Source::Device(_), Actor::Gateway | Actor::Operator(_)) => {
                if is_officers_alone(&event.action) {
                    return Err(Issue::WrongActor(alert_id));
                }
                self.take_force(source, event);
            }
            (Source::Device(_), _) => {
                if is_officers_alone(&event.action) {
                    return Err(Issue::WrongActor(alert_id));
                }
            }
        }
        self.take_truth(alert_id, event)
    }

    fn take_force(&mut self, source: Source, event: &EventBody) {
        match &event.action {
            Action::AlertIngested { test_subject, .. } if source == Source::Events => {
                self.ingested = true;
                self.test_subject |= test_subject;
            }
            Action::AlertWithdrawn { judged_false } if source == Source::Events => {
                if *judged_false {
                    self.judged.push(Stated { at_ms: event.at.utc_ms, is_false: true });
                } else {
                    self.withdrawn_technically = true;
                }
            }
            Action::MarkedDuplicate { .. } => self.marked_duplicate = true,
            _ => {}
        }
    }

    fn take_officer(&mut self, device: EnrolmentId, officer: &OfficerId, event: &EventBody) {
        match &event.action {
            Action::Decided { decision, .. } => {
                self.decisions.push((device, officer.clone(), DecisionKind::from(decision)));
                self.take_reasons(decision, event.at.utc_ms);
            }
            Action::ContactMade { engagement_id, .. } => {
                self.current_stop.insert(device, *engagement_id);
                let stop = StopFacts { enrolment_id: device, duration: None, outcome: None, receipts: Vec::new() };
                self.stops.entry(*engagement_id).or_insert(stop);
            }
            Action::Released { duration } => self.on_stop(device, |stop| stop.duration = Some(*duration)),
            Action::OutcomeRecorded(outcome) => self.on_stop(device, |stop| stop.outcome = Some(outcome.clone())),
            Action::ReceiptOffered { channel, .. } => self.on_stop(device, |stop| stop.receipts.push(*channel)),
            Action::FalseAlertReported { causes, primary, .. } => {
                self.causes.clone_from(causes);
                self.primary_cause = Some(*primary);
            }
            Action::MarkedDuplicate { .. } => self.marked_duplicate = true,
            Action::Closed => {
                self.closed.insert(device);
            }
            _ => {}
        }
    }

    fn take_reasons(&mut self, decision: &Decision, at_ms: i64) {
        let reasons = match decision {
            Decision::Engage => return,
            Decision::DoNotEngage(reasons) | Decision::PassTo(reasons) | Decision::ObserveOnly(reasons) => reasons,
        };
        self.called_duplicate |= reasons.contains(&NoEngagementReason::DuplicateAlert);
        if reasons.contains(&NoEngagementReason::DifferentPerson) {
            self.judged.push(Stated { at_ms, is_false: true });
        }
    }

    fn take_truth(&mut self, alert_id: AlertId, event: &EventBody) -> Result<(), Issue> {
        let at_ms = event.at.utc_ms;
        match &event.action {
            Action::Judged { kind, value, .. } => {
                let human = match kind {
                    JudgementKind::OperatorAdjudication => matches!(event.actor, Actor::Operator(_)),
                    JudgementKind::Supervisor => matches!(event.actor, Actor::Supervisor(_)),
                    _ => matches!(event.actor, Actor::Officer(_)),
                };
                if !human {
                    return Err(Issue::WrongActor(alert_id));
                }
                let is_false = match value {
                    JudgementValue::SamePersonLikely => false,
                    JudgementValue::DifferentPeopleLikely => true,
                    JudgementValue::CannotTell => return Ok(()),
                };
                let stated = Stated { at_ms, is_false };
                if *kind == JudgementKind::Supervisor {
                    self.by_supervisor.push(stated);
                } else {
                    self.judged.push(stated);
                }
            }
            Action::TruthRecorded { truth, verification } => {
                let is_false = *truth == Truth::FalseAlert;
                match (verification, &event.actor) {
                    (Verification::Confirmed, Actor::Officer(_) | Actor::Supervisor(_)) => {
                        self.confirmed.insert(is_false);
                    }
                    (Verification::Unconfirmed, Actor::Supervisor(_)) => {
                        self.by_supervisor.push(Stated { at_ms, is_false });
                    }
                    (Verification::Unconfirmed, Actor::Officer(_)) => self.judged.push(Stated { at_ms, is_false }),
                    _ => return Err(Issue::WrongActor(alert_id)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn on_stop(&mut self, device: EnrolmentId, change: impl FnOnce(&mut StopFacts)) {
        let current = self.current_stop.get(&device);
        if let Some(stop) = current.and_then(|engagement| self.stops.get_mut(engagement)) {
            change(stop);
        }
    }

    /// Contact was made on some phone.
    pub(super) fn engaged(&self) -> bool {
        !self.stops.is_empty()
    }

    /// The same person was alerted twice, as somebody marked or an officer who did not engage said.
    pub(super) fn is_duplicate(&self) -> bool {
        let wanted = self.decisions.iter().any(|(_, _, kind)| *kind == DecisionKind::Engage);
        !self.engaged() && (self.marked_duplicate || (self.called_duplicate && !wanted))
    }

    /// Confirmed by verification; else the supervisor's word at the debrief; else the last human judgement.
    pub(super) fn truth(&self) -> AlertTruth {
        let mut confirmed = self.confirmed.iter();
        match (confirmed.next(), confirmed.next()) {
            (Some(_), Some(_)) => return AlertTruth::Contradictory,
            (Some(is_false), None) => return AlertTruth::Known(truth(*is_false), Verification::Confirmed),
            _ => {}
        }
        let last = self.by_supervisor.iter().max().or_else(|| self.judged.iter().max());
        last.map_or(AlertTruth::Missing, |stated| AlertTruth::Known(truth(stated.is_false), Verification::Unconfirmed))
    }

    /// Outcomes of all stops.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.stops.values().filter_map(|stop| stop.outcome.as_ref())
    }
}

/// What only an officer can have done.
fn is_officers_alone(action: &Action) -> bool {
    matches!(
        action,
        Action::Decided { .. }
            | Action::ContactMade { .. }
            | Action::Released { .. }
            | Action::OutcomeRecorded(_)
            | Action::IdentityConcluded(_)
            | Action::FalseAlertReported { .. }
            | Action::ReceiptOffered { .. }
            | Action::JudgementSkipped { .. }
    )
}
