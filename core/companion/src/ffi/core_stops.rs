//! [`OfficerCore`]: the stop, from contact to release.

use peel_domain::id::AlertId;
use peel_domain::stop::{
    Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome, ReceiptChannel,
    SegmentKind,
};

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::requests::FalseAlertRequest;
use super::views::ComparisonView;
use super::views_session::{ReceiptView, StopView};

fn not_built<T>() -> Result<T, CoreError> {
    Err(CoreError::Internal { reason: "not_built".to_owned() })
}

#[uniffi::export]
impl OfficerCore {
    /// The stop and its timer, as of now.
    pub fn stop(&self, alert_id: AlertId) -> Result<StopView, CoreError> {
        let _ = alert_id;
        not_built()
    }

    /// Records that contact was made: the timer runs, whatever happens to the phone.
    pub async fn contact_made(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, CoreError> {
        let _ = (alert_id, footing);
        not_built()
    }

    /// Begins another segment: waiting for a check, moved, medical help, or back to talking.
    pub async fn start_segment(&self, alert_id: AlertId, kind: SegmentKind) -> Result<StopView, CoreError> {
        let _ = (alert_id, kind);
        not_built()
    }

    /// Records that the footing changed.
    pub async fn change_footing(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, CoreError> {
        let _ = (alert_id, footing);
        not_built()
    }

    /// Records what was explained. "This came from live facial recognition" is needed before release.
    pub async fn explain(&self, alert_id: AlertId, explanation: Explanation) -> Result<StopView, CoreError> {
        let _ = (alert_id, explanation);
        not_built()
    }

    /// Records an identity step. "Declined" is not held against anybody.
    pub async fn identity_step(
        &self,
        alert_id: AlertId,
        kind: IdentityStepKind,
        result: IdentityStepResult,
    ) -> Result<StopView, CoreError> {
        let _ = (alert_id, kind, result);
        not_built()
    }

    /// Compares a fresh close photograph, JPEG or PNG, with the reference. The photograph is never stored.
    pub async fn compare_close_photograph(
        &self,
        alert_id: AlertId,
        photograph: Vec<u8>,
    ) -> Result<ComparisonView, CoreError> {
        let _ = (alert_id, photograph);
        not_built()
    }

    /// Records the officer's conclusion about identity.
    pub async fn conclude_identity(
        &self,
        alert_id: AlertId,
        conclusion: IdentityConclusion,
    ) -> Result<StopView, CoreError> {
        let _ = (alert_id, conclusion);
        not_built()
    }

    /// Records the outcome.
    pub async fn record_outcome(&self, alert_id: AlertId, outcome: Outcome) -> Result<StopView, CoreError> {
        let _ = (alert_id, outcome);
        not_built()
    }

    /// Records why the alert was about somebody else.
    pub async fn report_false_alert(
        &self,
        alert_id: AlertId,
        report: FalseAlertRequest,
    ) -> Result<StopView, CoreError> {
        let _ = (alert_id, report);
        not_built()
    }

    /// Makes the person's receipt and records that it was offered, and how.
    pub async fn offer_receipt(&self, alert_id: AlertId, channel: ReceiptChannel) -> Result<ReceiptView, CoreError> {
        let _ = (alert_id, channel);
        not_built()
    }

    /// Records that the person left: the timer ends.
    pub async fn release(&self, alert_id: AlertId) -> Result<StopView, CoreError> {
        let _ = alert_id;
        not_built()
    }
}
