//! [`OfficerCore`]: one alert, from the screen to the decision.

use peel_domain::id::AlertId;
use peel_domain::judgement::{Sighting, SkipReason};

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::requests::{DecisionRequest, FaceSide, JudgementRequest};
use super::views::{AlertView, ComparisonView};

fn not_built<T>() -> Result<T, CoreError> {
    Err(CoreError::Internal { reason: "not_built".to_owned() })
}

#[uniffi::export]
impl OfficerCore {
    /// The alert, as far as this officer may see it now.
    pub fn alert(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        let _ = alert_id;
        not_built()
    }

    /// Records that the alert is on the screen.
    pub async fn displayed(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        let _ = alert_id;
        not_built()
    }

    /// One image of the alert, JPEG or PNG, for the screen alone: do not store, share or log it.
    pub async fn face_image(&self, alert_id: AlertId, side: FaceSide) -> Result<Vec<u8>, CoreError> {
        let _ = (alert_id, side);
        not_built()
    }

    /// Records for how long a face was looked at.
    pub async fn face_viewed(
        &self,
        alert_id: AlertId,
        side: FaceSide,
        visible_ms: u32,
        zoomed: bool,
    ) -> Result<(), CoreError> {
        let _ = (alert_id, side, visible_ms, zoomed);
        not_built()
    }

    /// Records the blind judgement; the reply is the revealed alert.
    pub async fn judge(&self, alert_id: AlertId, judgement: JudgementRequest) -> Result<AlertView, CoreError> {
        let _ = (alert_id, judgement);
        not_built()
    }

    /// Records that the officer cannot judge now, and why; the reply is the revealed alert.
    pub async fn skip_judgement(&self, alert_id: AlertId, reason: SkipReason) -> Result<AlertView, CoreError> {
        let _ = (alert_id, reason);
        not_built()
    }

    /// Records the judgement after the reveal.
    pub async fn judge_again(&self, alert_id: AlertId, judgement: JudgementRequest) -> Result<AlertView, CoreError> {
        let _ = (alert_id, judgement);
        not_built()
    }

    /// Runs the secondary face check on the alert's own two images, after the reveal.
    pub async fn compare(&self, alert_id: AlertId) -> Result<ComparisonView, CoreError> {
        let _ = alert_id;
        not_built()
    }

    /// Records the officer's decision. It stands: a second one is `AlreadyDecided`.
    pub async fn decide(&self, alert_id: AlertId, decision: DecisionRequest) -> Result<AlertView, CoreError> {
        let _ = (alert_id, decision);
        not_built()
    }

    /// Records that the person was seen, was lost, or is with the officer.
    pub async fn sighted(&self, alert_id: AlertId, sighting: Sighting) -> Result<AlertView, CoreError> {
        let _ = (alert_id, sighting);
        not_built()
    }

    /// Records that nothing more is due on the alert. Its images are destroyed soon after.
    pub async fn close_alert(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        let _ = alert_id;
        not_built()
    }
}
