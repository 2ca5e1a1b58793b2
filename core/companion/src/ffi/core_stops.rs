//! [`OfficerCore`]: the stop, from contact to release.

use peel_domain::id::AlertId;
use peel_domain::stop::{
    Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome, ReceiptChannel,
    SegmentKind,
};

use zeroize::Zeroizing;

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::requests::FalseAlertRequest;
use super::views::ComparisonView;
use super::views_session::{ReceiptView, StopView};

#[uniffi::export]
impl OfficerCore {
    /// The stop and its timer, as of now.
    pub fn stop(&self, alert_id: AlertId) -> Result<StopView, CoreError> {
        Ok(self.home.engine().stop(alert_id)?)
    }

    /// Records that contact was made: the timer runs, whatever happens to the phone.
    pub async fn contact_made(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.contact_made(alert_id, footing)).await
    }

    /// Begins another segment: waiting for a check, moved, medical help, or back to talking.
    pub async fn start_segment(&self, alert_id: AlertId, kind: SegmentKind) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.start_segment(alert_id, kind)).await
    }

    /// Records that the footing changed.
    pub async fn change_footing(&self, alert_id: AlertId, footing: LegalFooting) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.change_footing(alert_id, footing)).await
    }

    /// Records what was explained. "This came from live facial recognition" is needed before release.
    pub async fn explain(&self, alert_id: AlertId, explanation: Explanation) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.explain(alert_id, explanation)).await
    }

    /// Records an identity step. "Declined" is not held against anybody. A fingerprint or a face check after two
    /// supporting documents needs a reason.
    pub async fn identity_step(
        &self,
        alert_id: AlertId,
        kind: IdentityStepKind,
        result: IdentityStepResult,
        reason: Option<String>,
    ) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.identity_step(alert_id, kind, result, reason)).await
    }

    /// Compares a fresh close photograph, JPEG or PNG, with the reference. The photograph is never stored. After two
    /// supporting documents it needs a reason.
    pub async fn compare_close_photograph(
        &self,
        alert_id: AlertId,
        photograph: Vec<u8>,
        reason: Option<String>,
    ) -> Result<ComparisonView, CoreError> {
        let photograph = Zeroizing::new(photograph);
        self.home
            .blocking(move |engine| engine.compare_close_photograph(alert_id, &photograph, reason.as_deref()))
            .await
    }

    /// Records the officer's conclusion about identity.
    pub async fn conclude_identity(
        &self,
        alert_id: AlertId,
        conclusion: IdentityConclusion,
    ) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.conclude_identity(alert_id, conclusion)).await
    }

    /// Records the outcome.
    pub async fn record_outcome(&self, alert_id: AlertId, outcome: Outcome) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.record_outcome(alert_id, outcome)).await
    }

    /// Records why the alert was about somebody else.
    pub async fn report_false_alert(&self, alert_id: AlertId, report: FalseAlertRequest) -> Result<(), CoreError> {
        self.home.blocking(move |engine| engine.report_false_alert(alert_id, report)).await
    }

    /// Makes the person's receipt and records that it was offered, and how.
    pub async fn offer_receipt(&self, alert_id: AlertId, channel: ReceiptChannel) -> Result<ReceiptView, CoreError> {
        self.home.blocking(move |engine| engine.offer_receipt(alert_id, channel)).await
    }

    /// Records that the person left: the timer ends.
    pub async fn release(&self, alert_id: AlertId) -> Result<StopView, CoreError> {
        self.home.blocking(move |engine| engine.release(alert_id)).await
    }
}
