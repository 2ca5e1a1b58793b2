//! Commands on a stop.

use peel_domain::id::{AlertId, EngagementId};
use peel_domain::stop::{
    Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome, SegmentKind,
};
use peel_domain::workflow::{Command, FalseAlertForm};
use uuid::Uuid;

use super::error::EngineError;
use super::{Engine, views};
use crate::ffi::{FalseAlertRequest, StopView};

impl Engine {
    /// The stop and its timer, now.
    pub(crate) fn stop(&self, alert_id: AlertId) -> Result<StopView, EngineError> {
        let state = self.lock();
        views::stop(&state, state.held(alert_id)?, &self.now())
    }

    fn stop_command(&self, alert_id: AlertId, command: &Command) -> Result<StopView, EngineError> {
        self.command(alert_id, command)?;
        self.stop(alert_id)
    }

    /// Contact: the timer runs. Blocks, as all below.
    pub(crate) fn contact_made(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, EngineError> {
        let engagement_id = EngagementId(Uuid::now_v7());
        self.stop_command(alert_id, &Command::ContactMade { engagement_id, footing })
    }

    /// Another segment.
    pub(crate) fn start_segment(&self, alert_id: AlertId, kind: SegmentKind) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::StartSegment(kind))
    }

    /// Another footing.
    pub(crate) fn change_footing(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::ChangeFooting(footing))
    }

    /// What was explained.
    pub(crate) fn explain(&self, alert_id: AlertId, explanation: Explanation) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::Explain(explanation))
    }

    /// An identity step.
    pub(crate) fn identity_step(
        &self,
        alert_id: AlertId,
        kind: IdentityStepKind,
        result: IdentityStepResult,
        reason: Option<String>,
    ) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::IdentityStep { kind, result, reason })
    }

    /// The conclusion about identity.
    pub(crate) fn conclude_identity(
        &self,
        alert_id: AlertId,
        conclusion: IdentityConclusion,
    ) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::ConcludeIdentity(conclusion))
    }

    /// The outcome.
    pub(crate) fn record_outcome(&self, alert_id: AlertId, outcome: Outcome) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::RecordOutcome(outcome))
    }

    /// Causes of a false alert. There may have been no stop.
    pub(crate) fn report_false_alert(&self, alert_id: AlertId, form: FalseAlertRequest) -> Result<(), EngineError> {
        let FalseAlertRequest { causes, primary, apology_given, follow_up_wanted } = form;
        let form = FalseAlertForm { causes, primary, apology_given, follow_up_wanted };
        self.command(alert_id, &Command::ReportFalseAlert(form))
    }

    /// "Left": the timer ends.
    pub(crate) fn release(&self, alert_id: AlertId) -> Result<StopView, EngineError> {
        self.stop_command(alert_id, &Command::Release)
    }
}
