//! [`OfficerCore`]: one alert, from the screen to the decision.

use peel_domain::id::AlertId;
use peel_domain::judgement::{Sighting, SkipReason};

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::requests::{DecisionRequest, FaceSide, JudgementRequest};
use super::views::{AlertView, ComparisonView};

#[uniffi::export]
impl OfficerCore {
    /// The alert, as far as this officer may see it now.
    pub fn alert(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        Ok(self.home.engine().alert(alert_id)?)
    }

    /// Records that the alert is on the screen.
    pub async fn displayed(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.displayed(alert_id)).await
    }

    /// One image of the alert, JPEG or PNG, for the screen alone: do not store, share or log it.
    pub async fn face_image(&self, alert_id: AlertId, side: FaceSide) -> Result<Vec<u8>, CoreError> {
        self.home.blocking(move |engine| engine.face_image(alert_id, side).map(|image| image.to_vec())).await
    }

    /// Records for how long a face was looked at.
    pub async fn face_viewed(
        &self,
        alert_id: AlertId,
        side: FaceSide,
        visible_ms: u32,
        zoomed: bool,
    ) -> Result<(), CoreError> {
        self.home.blocking(move |engine| engine.face_viewed(alert_id, side, visible_ms, zoomed)).await
    }

    /// Records the blind judgement; the reply is the revealed alert.
    pub async fn judge(&self, alert_id: AlertId, judgement: JudgementRequest) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.judge(alert_id, judgement)).await
    }

    /// Records that the officer cannot judge now, and why; the reply is the revealed alert.
    pub async fn skip_judgement(&self, alert_id: AlertId, reason: SkipReason) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.skip_judgement(alert_id, reason)).await
    }

    /// Records the judgement after the reveal.
    pub async fn judge_again(&self, alert_id: AlertId, judgement: JudgementRequest) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.judge_again(alert_id, judgement)).await
    }

    /// Runs the secondary face check on the alert's own two images, after the reveal.
    pub async fn compare(&self, alert_id: AlertId) -> Result<ComparisonView, CoreError> {
        self.home.blocking(move |engine| engine.compare(alert_id)).await
    }

    /// Records the officer's decision. It stands: a second one is `AlreadyDecided`.
    pub async fn decide(&self, alert_id: AlertId, decision: DecisionRequest) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.decide(alert_id, &decision)).await
    }

    /// Records that the person was seen, was lost, or is with the officer.
    pub async fn sighted(&self, alert_id: AlertId, sighting: Sighting) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.sighted(alert_id, sighting)).await
    }

    /// Records that nothing more is due on the alert. Its images are destroyed soon after.
    pub async fn close_alert(&self, alert_id: AlertId) -> Result<AlertView, CoreError> {
        self.home.blocking(move |engine| engine.close_alert(alert_id)).await
    }
}
