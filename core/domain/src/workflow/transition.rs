//! Which event moves which state. Order and actors are checked here; policy and forms are checked before, by `decide`.

use crate::event::{Action, Actor, CoordinationStatus, EventBody};
use crate::id::{ComparisonId, EngagementId, MediaId, OfficerId};
use crate::judgement::{Decision, JudgementKind, JudgementValue, SkipReason};
use crate::permit::ComparisonPurpose;
use crate::stop::{IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome};
use crate::stop_state::{IdentityStepRecord, StopState};
use crate::time::{Elapsed, Moment};
use crate::workflow::actor::may_do;
use crate::workflow::error::WorkflowError;
use crate::workflow::phase::{DecisionKind, Phase};
use crate::workflow::state::{AlertState, Taken, Withdrawal};

type Step = Result<(), WorkflowError>;

impl AlertState {
    /// Moves the state by one event of its alert; an error leaves it as it was.
    pub fn apply(&mut self, event: &EventBody) -> Result<(), WorkflowError> {
        if event.alert_id != Some(self.alert_id) {
            return Err(WorkflowError::WrongAlert);
        }
        if !may_do(&event.action, &event.actor) {
            return Err(WorkflowError::WrongActor);
        }
        let at = event.at;
        match (&event.action, &event.actor) {
            (Action::Decided { decision, .. }, Actor::Officer(officer)) => self.on_decided(decision, officer),
            (Action::Judged { kind, value, .. }, Actor::Officer(officer)) => self.on_judged(*kind, *value, officer),
            (action, _) => self.on_action(action, at),
        }?;
        self.note_time(&at);
        Ok(())
    }

    fn on_action(&mut self, action: &Action, at: Moment) -> Step {
        match action {
            Action::AlertReceived { .. } if self.phase == Phase::Received => Ok(()),
            Action::AlertDisplayed => self.on_displayed(),
            Action::FaceViewed { media_id, .. } => self.on_viewed(*media_id),
            Action::JudgementSkipped { reason } => self.on_skipped(*reason),
            Action::Judged { .. } | Action::TruthRecorded { .. } => Ok(()),
            Action::Revealed => self.on_revealed(),
            Action::Compared(record) => self.on_compared(record.comparison_id, record.purpose),
            Action::Sighted(sighting) => {
                self.check_pursued()?;
                self.sighting = Some(*sighting);
                if self.phase == Phase::Decided(DecisionKind::Engage) {
                    self.phase = Phase::Locating;
                }
                Ok(())
            }
            Action::Coordination { officer_id, status } => {
                if *status == CoordinationStatus::Judged {
                    self.judged_by.insert(officer_id.clone());
                }
                self.others.insert(officer_id.clone(), *status);
                Ok(())
            }
            Action::NoDecision => {
                if self.phase.is_undecided() {
                    Ok(())
                } else {
                    Err(WorkflowError::AlreadyDecided)
                }
            }
            Action::Expired => self.on_side(Phase::Expired, at),
            Action::Withdrawn { judged_false, .. } => self.on_withdrawn(*judged_false, at),
            Action::MarkedDuplicate { .. } => self.on_side(Phase::Duplicate, at),
            Action::Superseded { .. } => self.on_side(Phase::Superseded, at),
            Action::Closed => self.on_closed(at),
            Action::MediaDeleted(deleted) => {
                self.media.retain(|held| held.media_id != deleted.media_id);
                if self.phase == Phase::Closed && self.media.is_empty() {
                    self.phase = Phase::MediaDeleted;
                }
                Ok(())
            }
            other => self.on_stop_action(other, at),
        }
    }

    fn on_stop_action(&mut self, action: &Action, at: Moment) -> Step {
        match action {
            Action::ContactMade { engagement_id, footing } => self.on_contact(*engagement_id, *footing, at),
            Action::SegmentStarted(kind) => {
                self.running()?.start_segment(*kind, at);
                Ok(())
            }
            Action::FootingChanged(footing) => {
                self.running()?.change_footing(*footing, at);
                Ok(())
            }
            Action::Explained(explanation) => {
                let stop = self.running()?;
                stop.seen_running(at);
                stop.explained = Some(stop.explained.map_or(*explanation, |before| before.and(*explanation)));
                Ok(())
            }
            Action::IdentityStep { kind, result, .. } => self.on_identity_step(*kind, *result, at),
            Action::IdentityConcluded(conclusion) => self.on_concluded(*conclusion, at),
            Action::OutcomeRecorded(outcome) => self.on_outcome(outcome),
            Action::FalseAlertReported { .. } => self.on_false_alert_reported(),
            Action::ReceiptOffered { .. } => {
                self.check_open()?;
                self.stop.as_mut().ok_or(WorkflowError::NoContact)?.receipt_offered = true;
                Ok(())
            }
            Action::EthnicityStated(_) | Action::ForceStated(_) => {
                self.check_open()?;
                self.stop.as_ref().map(|_| ()).ok_or(WorkflowError::NoContact)
            }
            Action::Released { duration } => self.on_released(*duration, at),
            _ => Err(WorkflowError::WrongAlert),
        }
    }

    /// Refuses what needs an open alert, with the reason that it is not.
    pub(super) fn check_open(&self) -> Step {
        match self.phase {
            Phase::Closed | Phase::MediaDeleted => Err(WorkflowError::Closed),
            Phase::Expired => Err(WorkflowError::Expired),
            Phase::WithdrawnByOperator => Err(WorkflowError::Withdrawn),
            Phase::Duplicate | Phase::Superseded => Err(WorkflowError::Replaced),
            _ => Ok(()),
        }
    }

    fn on_displayed(&mut self) -> Step {
        self.check_open()?;
        if self.phase == Phase::Received {
            self.phase = Phase::Displayed;
        }
        Ok(())
    }

    fn on_viewed(&self, media_id: MediaId) -> Step {
        if self.known_media.contains(&media_id) { Ok(()) } else { Err(WorkflowError::UnknownMedia) }
    }

    fn check_blind_now(&self) -> Step {
        if self.revealed().is_some() {
            self.check_undecided()?;
            return Err(WorkflowError::AlreadyJudged);
        }
        self.check_open()?;
        if self.phase == Phase::Displayed { Ok(()) } else { Err(WorkflowError::NotDisplayed) }
    }

    fn on_skipped(&mut self, reason: SkipReason) -> Step {
        self.check_blind_now()?;
        self.skipped = Some(reason);
        self.phase = Phase::Skipped;
        Ok(())
    }

    fn on_judged(&mut self, kind: JudgementKind, value: JudgementValue, officer: &OfficerId) -> Step {
        match kind {
            JudgementKind::Blind => {
                self.check_blind_now()?;
                self.blind = Some(value);
                self.phase = Phase::BlindJudged;
            }
            JudgementKind::Revealed => {
                self.check_deciding()?;
                self.second_look = Some(value);
            }
            JudgementKind::SecondOfficer => {}
            JudgementKind::OperatorAdjudication | JudgementKind::Supervisor => return Err(WorkflowError::WrongActor),
        }
        if kind != JudgementKind::Revealed {
            self.judged_by.insert(officer.clone());
        }
        Ok(())
    }

    fn on_revealed(&mut self) -> Step {
        match self.phase {
            Phase::BlindJudged | Phase::Skipped => {
                self.phase = Phase::Revealed;
                Ok(())
            }
            _ => Err(WorkflowError::NotRevealed),
        }
    }

    fn check_undecided(&self) -> Step {
        if self.taken.is_some() { Err(WorkflowError::AlreadyDecided) } else { Ok(()) }
    }

    /// The officer has the revealed alert before them and has not decided.
    fn check_deciding(&self) -> Step {
        self.check_undecided()?;
        self.check_open()?;
        if self.phase == Phase::Revealed { Ok(()) } else { Err(WorkflowError::NotRevealed) }
    }

    fn on_decided(&mut self, decision: &Decision, officer: &OfficerId) -> Step {
        self.check_deciding()?;
        self.phase = Phase::Decided(DecisionKind::from(decision));
        self.taken = Some(Taken { decision: decision.clone(), by: officer.clone() });
        Ok(())
    }

    fn check_pursued(&self) -> Step {
        match self.phase {
            Phase::Decided(DecisionKind::Engage | DecisionKind::ObserveOnly) | Phase::Locating => Ok(()),
            phase if phase.is_stop() => Ok(()),
            Phase::Decided(_) => Err(WorkflowError::NotEngaged),
            Phase::Released | Phase::Arrested => Err(WorkflowError::StopEnded),
            _ => self.check_open().and(Err(WorkflowError::NotDecided)),
        }
    }

    /// An alert that comes to an end by itself. Once contact was made, nothing does that.
    fn on_side(&mut self, phase: Phase, at: Moment) -> Step {
        self.check_open()?;
        if self.stop.is_some() {
            return Err(WorkflowError::ContactAlreadyMade);
        }
        self.expired |= phase == Phase::Expired;
        self.phase = phase;
        self.side_since = Some(at);
        Ok(())
    }

    fn on_withdrawn(&mut self, judged_false: bool, at: Moment) -> Step {
        let after_contact = self.stop.is_some();
        if self.phase.is_closed() || after_contact {
            self.withdrawal = Some(Withdrawal { judged_false, after_contact });
            return Ok(());
        }
        if !self.phase.is_side_state() {
            self.on_side(Phase::WithdrawnByOperator, at)?;
        }
        self.withdrawal = Some(Withdrawal { judged_false, after_contact });
        Ok(())
    }

    /// Whether contact may be recorded: also late, because a stop that happens must be on record.
    pub(super) fn check_contact(&self) -> Step {
        if self.stop.is_some() {
            return Err(WorkflowError::ContactAlreadyMade);
        }
        match self.phase {
            Phase::Closed | Phase::MediaDeleted => Err(WorkflowError::Closed),
            _ if self.engaged() => Ok(()),
            _ => self.check_open().and(Err(match self.taken {
                Some(_) => WorkflowError::NotEngaged,
                None => WorkflowError::NotDecided,
            })),
        }
    }

    fn on_contact(&mut self, engagement_id: EngagementId, footing: LegalFooting, at: Moment) -> Step {
        self.check_contact()?;
        self.stop = Some(StopState::begin(engagement_id, footing, at));
        self.phase = Phase::Contact;
        Ok(())
    }

    /// The stop, while its timer runs.
    fn running(&mut self) -> Result<&mut StopState, WorkflowError> {
        let stop = self.stop.as_mut().ok_or(WorkflowError::NoContact)?;
        if stop.is_running() { Ok(stop) } else { Err(WorkflowError::StopEnded) }
    }

    fn on_identity_step(&mut self, kind: IdentityStepKind, result: IdentityStepResult, at: Moment) -> Step {
        let stop = self.running()?;
        stop.seen_running(at);
        stop.steps.push(IdentityStepRecord { kind, result });
        if self.phase == Phase::Contact {
            self.phase = Phase::Verifying;
        }
        Ok(())
    }

    fn on_concluded(&mut self, conclusion: IdentityConclusion, at: Moment) -> Step {
        self.check_open()?;
        let stop = self.stop.as_mut().ok_or(WorkflowError::NoContact)?;
        if stop.outcome.is_some() {
            return Err(WorkflowError::OutcomeAlreadyRecorded);
        }
        stop.seen_running(at);
        stop.conclusion = Some(conclusion);
        if stop.is_running() {
            self.phase = Phase::Concluded;
        }
        Ok(())
    }

    fn on_outcome(&mut self, outcome: &Outcome) -> Step {
        self.check_open()?;
        let stop = self.stop.as_mut().ok_or(WorkflowError::NoContact)?;
        if stop.conclusion.is_none() {
            return Err(WorkflowError::NotConcluded);
        }
        if stop.outcome.is_some() {
            return Err(WorkflowError::OutcomeAlreadyRecorded);
        }
        stop.outcome = Some(outcome.clone());
        if !stop.is_running() && matches!(outcome, Outcome::Arrest { .. }) {
            self.phase = Phase::Arrested;
        }
        Ok(())
    }

    /// Whether the alert is false as far as the phone knows: found so, judged so, or withdrawn as such.
    pub(super) fn is_false(&self) -> bool {
        match self.stop.as_ref().map(|stop| stop.conclusion) {
            Some(Some(conclusion)) => conclusion == IdentityConclusion::NotThePerson,
            Some(None) => false,
            None => {
                self.last_judgement() == Some(JudgementValue::DifferentPeopleLikely)
                    || self.withdrawal.is_some_and(|withdrawal| withdrawal.judged_false)
            }
        }
    }

    /// Open also after closing: a report adds to the record and changes no decision.
    fn on_false_alert_reported(&mut self) -> Step {
        if self.false_alert_reported {
            return Err(WorkflowError::AlreadyReported);
        }
        if self.phase.is_undecided() {
            return Err(WorkflowError::NotDecided);
        }
        if !self.is_false() {
            return Err(WorkflowError::NotFalse);
        }
        self.false_alert_reported = true;
        Ok(())
    }

    fn on_released(&mut self, duration: Elapsed, at: Moment) -> Step {
        let stop = self.running()?;
        stop.end(at, duration);
        let arrested = matches!(stop.outcome, Some(Outcome::Arrest { .. }));
        self.phase = if arrested { Phase::Arrested } else { Phase::Released };
        Ok(())
    }

    fn on_closed(&mut self, at: Moment) -> Step {
        if let Some(stop) = &self.stop {
            if stop.is_running() {
                return Err(WorkflowError::StopRunning);
            }
            if stop.outcome.is_none() {
                return Err(WorkflowError::OutcomeNeeded);
            }
        }
        match self.phase {
            Phase::Closed | Phase::MediaDeleted => return Err(WorkflowError::Closed),
            phase if phase.is_undecided() => return Err(WorkflowError::NotDecided),
            _ => {}
        }
        self.phase = if self.media.is_empty() { Phase::MediaDeleted } else { Phase::Closed };
        self.closed_at = Some(at);
        Ok(())
    }

    /// Leave was checked when the permit was given; a comparison that took place is recorded even if the alert went
    /// away in the meantime.
    fn on_compared(&mut self, comparison_id: ComparisonId, purpose: ComparisonPurpose) -> Step {
        if self.revealed().is_none() {
            return Err(WorkflowError::NotRevealed);
        }
        if purpose == ComparisonPurpose::ClosePhotograph && self.stop.is_none() {
            return Err(WorkflowError::NoContact);
        }
        if self.comparisons.contains(&comparison_id) {
            return Err(WorkflowError::Comparison);
        }
        self.comparisons.push(comparison_id);
        if let (ComparisonPurpose::ClosePhotograph, Some(stop)) = (purpose, self.stop.as_mut()) {
            stop.close_photograph_compared = true;
        }
        Ok(())
    }

    /// Whether a comparison of this kind has its place now: an open, revealed alert; a running stop (S18).
    pub(super) fn check_comparison(&self, purpose: ComparisonPurpose) -> Step {
        self.check_open()?;
        match purpose {
            ComparisonPurpose::AlertProbe if matches!(self.phase, Phase::Received | Phase::Displayed) => {
                Err(WorkflowError::NotRevealed)
            }
            ComparisonPurpose::AlertProbe => Ok(()),
            ComparisonPurpose::ClosePhotograph => match &self.stop {
                None => Err(WorkflowError::NoContact),
                Some(stop) if !stop.is_running() => Err(WorkflowError::StopEnded),
                Some(_) => Ok(()),
            },
        }
    }
}
