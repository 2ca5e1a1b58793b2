//! What all logs together say about one alert.
//!
//! Must never: believe a phone about what others did. Always: of a phone's log, what its officer and its core did;
//! of the force's events log, what the force, its operators and its supervisors did.

use std::collections::{BTreeMap, BTreeSet};

use crate::ethnicity::SelfDefined;
use crate::event::{Action, Actor, CoordinationStatus, EventBody};
use crate::id::{AlertId, EngagementId, EnrolmentId, OfficerId};
use crate::judgement::{Decision, JudgementKind, JudgementValue, NoEngagementReason};
use crate::record::issue::Issue;
use crate::record::project::Source;
use crate::record::truth::{AlertTruth, Statements};
use crate::stop::{
    FalseAlertCause, ForceUse, IdentityConclusion, NoActionReason, Outcome, ReceiptChannel, Truth, Verification,
};
use crate::time::Elapsed;
use crate::workflow::{self, DecisionKind};

/// A stop as one phone recorded it.
#[derive(Clone, Debug)]
pub(super) struct StopFacts {
    pub(super) duration: Option<Elapsed>,
    pub(super) outcome: Option<Outcome>,
    pub(super) receipts: Vec<ReceiptChannel>,
    pub(super) ethnicity: Option<SelfDefined>,
    pub(super) force: Option<ForceUse>,
}

impl StopFacts {
    fn begun() -> Self {
        Self { duration: None, outcome: None, receipts: Vec::new(), ethnicity: None, force: None }
    }
}

/// An officer on a phone.
pub(super) type Judge = (EnrolmentId, OfficerId);

/// A decision to engage: by whom, and who was known on that phone to have judged before.
#[derive(Clone, Debug)]
pub(super) struct Engaging {
    pub(super) officer: OfficerId,
    pub(super) judged_before: BTreeSet<OfficerId>,
}

/// A false alert's causes, all of them and the main one.
type Causes = (Vec<FalseAlertCause>, FalseAlertCause);

/// What all logs together say about one alert.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // separate facts, each said by another log
pub(super) struct AlertFacts {
    pub(super) ingested: bool,
    pub(super) test_subject: bool,
    pub(super) withdrawn_technically: bool,
    marked_duplicate: bool,
    called_duplicate: bool,
    decisions: BTreeMap<EnrolmentId, Vec<(OfficerId, DecisionKind)>>,
    /// By phone and stop, so that no phone can change another's.
    pub(super) stops: BTreeMap<(EnrolmentId, EngagementId), StopFacts>,
    current_stop: BTreeMap<EnrolmentId, EngagementId>,
    statements: Statements,
    causes: BTreeMap<EnrolmentId, Causes>,
    pub(super) closed: BTreeSet<EnrolmentId>,
    pub(super) received: BTreeSet<EnrolmentId>,
    /// To whom it was issued, under which number.
    issued: BTreeSet<(EnrolmentId, u64)>,
    /// Whether the entry is of somebody under 18, where the trail says it.
    pub(super) under_18: Option<bool>,
    /// Whether the entry is of somebody vulnerable, where the trail says it.
    pub(super) vulnerable: Option<bool>,
    pub(super) operator_said_false: bool,
    pub(super) blind: BTreeMap<Judge, JudgementValue>,
    pub(super) revealed: BTreeMap<Judge, JudgementValue>,
    /// Who judged blind, by their own phones.
    pub(super) judged_blind: BTreeSet<OfficerId>,
    /// Who was known on each phone to have judged, as far as its log has been read.
    known_judges: BTreeMap<EnrolmentId, BTreeSet<OfficerId>>,
    pub(super) engaging: Vec<Engaging>,
    pub(super) decided_different: bool,
    pub(super) entry_called_stale: bool,
    pub(super) apologised: bool,
}

impl AlertFacts {
    /// Takes one event in; an actor that cannot have done it is an issue, and the event is left out.
    pub(super) fn take(&mut self, alert_id: AlertId, source: Source, event: &EventBody) -> Result<(), Issue> {
        match source {
            Source::Events => self.take_force(event),
            Source::Device(device) => self.take_phone(device, event),
        }
        .map_err(|NotBelieved| Issue::WrongActor(alert_id))
    }

    fn take_force(&mut self, event: &EventBody) -> Result<(), NotBelieved> {
        match (&event.action, &event.actor) {
            (Action::AlertIngested { test_subject, under_18, vulnerable, .. }, _) => {
                self.ingested = true;
                self.test_subject |= test_subject;
                self.under_18 = self.under_18.or(*under_18);
                self.vulnerable = self.vulnerable.or(*vulnerable);
            }
            (Action::AlertIssued { enrolment_id, alert_seq }, _) => {
                self.issued.insert((*enrolment_id, *alert_seq));
            }
            (Action::AlertWithdrawn { judged_false: true }, by) => {
                self.operator_said_false = true;
                self.statements.judge(Source::Events, by, event.at, Some(Truth::FalseAlert));
            }
            (Action::AlertWithdrawn { judged_false: false }, _) => self.withdrawn_technically = true,
            (Action::MarkedDuplicate { .. }, _) => self.marked_duplicate = true,
            (Action::Judged { kind: JudgementKind::OperatorAdjudication, value, .. }, by @ Actor::Operator(_)) => {
                self.operator_said_false = *value == JudgementValue::DifferentPeopleLikely;
                self.statements.judge(Source::Events, by, event.at, judged(*value));
            }
            (Action::Judged { kind: JudgementKind::Supervisor, value, .. }, Actor::Supervisor(_)) => {
                if let Some(truth) = judged(*value) {
                    self.statements.debrief(truth, Verification::Unconfirmed);
                }
            }
            (Action::TruthRecorded { truth, verification }, Actor::Supervisor(_)) => {
                self.statements.debrief(*truth, *verification);
            }
            (action, _) if is_officers_alone(action) => return Err(NotBelieved),
            (action @ (Action::EvidenceHeld(_) | Action::EvidenceReleased(_)), by) if !workflow::may_do(action, by) => {
                return Err(NotBelieved);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_phone(&mut self, device: EnrolmentId, event: &EventBody) -> Result<(), NotBelieved> {
        match (&event.actor, &event.action) {
            (Actor::Officer(_) | Actor::Core, action) if !workflow::may_do(action, &event.actor) => {
                return Err(NotBelieved);
            }
            (Actor::Core, Action::AlertReceived { .. }) => {
                self.received.insert(device);
            }
            (Actor::Officer(_) | Actor::Core, Action::Closed) => {
                self.closed.insert(device);
            }
            (Actor::Officer(officer), _) => self.take_officer(device, officer, event),
            // What the phone was told: that another officer has judged must be borne out by that officer's own log.
            (Actor::Gateway, Action::Coordination { officer_id, status: CoordinationStatus::Judged }) => {
                self.known_judges.entry(device).or_default().insert(officer_id.clone());
            }
            // The rest changes nothing here, because the force's own log says it.
            (Actor::Core, _) | (Actor::Gateway, Action::Withdrawn { .. } | Action::Coordination { .. }) => {}
            _ => return Err(NotBelieved),
        }
        Ok(())
    }

    fn take_officer(&mut self, device: EnrolmentId, officer: &OfficerId, event: &EventBody) {
        match &event.action {
            Action::Decided { decision, .. } => {
                let decisions = self.decisions.entry(device).or_default();
                decisions.push((officer.clone(), DecisionKind::from(decision)));
                if *decision == Decision::Engage {
                    let judged_before = self.known_judges.get(&device).cloned().unwrap_or_default();
                    self.engaging.push(Engaging { officer: officer.clone(), judged_before });
                }
                self.take_reasons(device, decision, event);
            }
            Action::ContactMade { engagement_id, .. } => {
                self.current_stop.insert(device, *engagement_id);
                self.stops.entry((device, *engagement_id)).or_insert_with(StopFacts::begun);
            }
            Action::Released { duration } => self.on_stop(device, |stop| stop.duration = Some(*duration)),
            Action::OutcomeRecorded(outcome) => {
                self.entry_called_stale |= *outcome == Outcome::NoAction(NoActionReason::NoLongerWanted);
                self.on_stop(device, |stop| stop.outcome = Some(outcome.clone()));
            }
            Action::EthnicityStated(stated) => self.on_stop(device, |stop| stop.ethnicity = Some(*stated)),
            Action::ForceStated(force) => self.on_stop(device, |stop| stop.force = Some(*force)),
            Action::ReceiptOffered { channel, .. } => self.on_stop(device, |stop| stop.receipts.push(*channel)),
            Action::FalseAlertReported { causes, primary, apology_given, .. } => {
                self.apologised |= apology_given;
                self.causes.insert(device, (causes.clone(), *primary));
            }
            Action::MarkedDuplicate { .. } => self.marked_duplicate = true,
            Action::Judged { kind, value, .. } => {
                self.take_judgement(device, officer, *kind, *value);
                self.take_truth(device, event);
            }
            _ => self.take_truth(device, event),
        }
    }

    fn take_judgement(&mut self, device: EnrolmentId, officer: &OfficerId, kind: JudgementKind, value: JudgementValue) {
        let judge = (device, officer.clone());
        match kind {
            JudgementKind::Blind | JudgementKind::SecondOfficer => {
                self.blind.insert(judge, value);
                self.judged_blind.insert(officer.clone());
                self.known_judges.entry(device).or_default().insert(officer.clone());
            }
            JudgementKind::Revealed => {
                self.revealed.insert(judge, value);
            }
            JudgementKind::OperatorAdjudication | JudgementKind::Supervisor => {}
        }
    }

    fn take_reasons(&mut self, device: EnrolmentId, decision: &Decision, event: &EventBody) {
        let reasons = match decision {
            Decision::Engage => return,
            Decision::DoNotEngage(reasons) | Decision::PassTo(reasons) | Decision::ObserveOnly(reasons) => reasons,
        };
        self.called_duplicate |= reasons.contains(&NoEngagementReason::DuplicateAlert);
        self.entry_called_stale |= reasons.contains(&NoEngagementReason::EntryStaleOrError);
        self.decided_different |= reasons.contains(&NoEngagementReason::DifferentPerson);
        if reasons.contains(&NoEngagementReason::DifferentPerson) {
            self.statements.judge(Source::Device(device), &event.actor, event.at, Some(Truth::FalseAlert));
        }
    }

    /// An officer's judgements and conclusions. Only who stood before the person can have verified anything.
    fn take_truth(&mut self, device: EnrolmentId, event: &EventBody) {
        let in_contact = self.current_stop.contains_key(&device);
        match &event.action {
            Action::IdentityConcluded(conclusion) if in_contact => {
                self.statements.conclude(device, concluded(*conclusion));
            }
            Action::TruthRecorded { truth, verification: Verification::Confirmed } if in_contact => {
                self.statements.conclude(device, Some(*truth));
            }
            Action::TruthRecorded { truth, .. } => {
                self.statements.judge(Source::Device(device), &event.actor, event.at, Some(*truth));
            }
            Action::Judged { value, .. } => {
                self.statements.judge(Source::Device(device), &event.actor, event.at, judged(*value));
            }
            _ => {}
        }
    }

    fn on_stop(&mut self, device: EnrolmentId, change: impl FnOnce(&mut StopFacts)) {
        let current = self.current_stop.get(&device).map(|engagement| (device, *engagement));
        if let Some(stop) = current.and_then(|key| self.stops.get_mut(&key)) {
            change(stop);
        }
    }

    /// Contact was made on some phone.
    pub(super) fn engaged(&self) -> bool {
        !self.stops.is_empty()
    }

    /// Every decision, by phone and in its order.
    pub(super) fn decisions(&self) -> Vec<(EnrolmentId, OfficerId, DecisionKind)> {
        let of = |(device, all): (&EnrolmentId, &Vec<(OfficerId, DecisionKind)>)| {
            let device = *device;
            all.iter().map(move |(officer, kind)| (device, officer.clone(), *kind)).collect::<Vec<_>>()
        };
        self.decisions.iter().flat_map(of).collect()
    }

    /// The same person was alerted twice, as somebody marked or an officer who did not engage said.
    pub(super) fn is_duplicate(&self) -> bool {
        let wanted = self.decisions.values().flatten().any(|(_, kind)| *kind == DecisionKind::Engage);
        !self.engaged() && (self.marked_duplicate || (self.called_duplicate && !wanted))
    }

    /// The alert's truth.
    pub(super) fn truth(&self) -> AlertTruth {
        self.statements.truth()
    }

    /// It was verified as true and as false.
    pub(super) fn verified_apart(&self) -> bool {
        self.statements.verified_apart()
    }

    /// Outcomes of all stops.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.stops.values().filter_map(|stop| stop.outcome.as_ref())
    }

    /// All causes that were reported, and the main one of the first report.
    pub(super) fn causes(&self) -> (BTreeSet<FalseAlertCause>, Option<FalseAlertCause>) {
        let all = self.causes.values().flat_map(|(causes, _)| causes.iter().copied()).collect();
        (all, self.causes.values().next().map(|(_, primary)| *primary))
    }

    /// Phones that the alert was issued to and that neither are done with it nor refused it, with its number there.
    pub(super) fn unaccounted<'a>(
        &'a self,
        refused: &'a BTreeSet<(EnrolmentId, u64)>,
    ) -> impl Iterator<Item = (EnrolmentId, u64)> + 'a {
        self.issued.iter().filter(|issued| !refused.contains(issued) && !self.is_done_on(issued.0)).copied()
    }

    /// The phone closed the alert, or its stop ended with an outcome: nothing that counts can follow.
    fn is_done_on(&self, device: EnrolmentId) -> bool {
        let stop = self.current_stop.get(&device).and_then(|engagement| self.stops.get(&(device, *engagement)));
        self.closed.contains(&device) || stop.is_some_and(|stop| stop.duration.is_some() && stop.outcome.is_some())
    }
}

/// An actor that cannot have done it, or not in this log.
struct NotBelieved;

fn judged(value: JudgementValue) -> Option<Truth> {
    match value {
        JudgementValue::SamePersonLikely => Some(Truth::TrueAlert),
        JudgementValue::DifferentPeopleLikely => Some(Truth::FalseAlert),
        JudgementValue::CannotTell => None,
    }
}

fn concluded(conclusion: IdentityConclusion) -> Option<Truth> {
    match conclusion {
        IdentityConclusion::SamePerson => Some(Truth::TrueAlert),
        IdentityConclusion::NotThePerson => Some(Truth::FalseAlert),
        IdentityConclusion::NotEstablished => None,
    }
}

/// What only an officer can have done, on a phone; and, in the events log, a statement of anybody else than those
/// whose place it is.
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
            | Action::EthnicityStated(_)
            | Action::ForceStated(_)
            | Action::JudgementSkipped { .. }
            | Action::Judged { .. }
            | Action::TruthRecorded { .. }
    )
}
