//! [`OfficerCore`]: the close photograph, from the camera's frames to its comparison.

use peel_domain::id::AlertId;
use zeroize::Zeroizing;

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::requests::FrameLayout;
use super::views::{ComparisonView, PreviewView};

#[uniffi::export]
impl OfficerCore {
    /// Says of a camera's frame what stands in the way of a good close photograph. Nothing of it is kept or recorded.
    ///
    /// Refused whenever the photograph itself would be, and then not looked at; `reason` as in
    /// `compare_close_photograph`. At most one frame is in work: while it is, any other is dropped and the answer is
    /// nothing. Blocks for some tens of milliseconds, longer the first time: call it on the camera's own thread.
    #[expect(clippy::needless_pass_by_value, reason = "the border hands values over")]
    pub fn preview_photograph(
        &self,
        alert_id: AlertId,
        layout: FrameLayout,
        frame: &[u8],
        reason: Option<String>,
    ) -> Result<Option<PreviewView>, CoreError> {
        Ok(self.home.engine().preview_photograph(alert_id, layout, frame, reason.as_deref())?)
    }

    /// Takes a close photograph, JPEG or PNG, into memory until it is compared or dropped; it replaces one that is held.
    ///
    /// It is never stored, and goes by itself before the policy's time is over (a minute at most), when the stop ends
    /// and when the app sleeps. The shell lets go of its own copies. Returns at once, so that what is dropped afterwards
    /// stays dropped.
    #[expect(clippy::needless_pass_by_value, reason = "the border hands values over")]
    pub fn hold_photograph(
        &self,
        alert_id: AlertId,
        photograph: Vec<u8>,
        reason: Option<String>,
    ) -> Result<(), CoreError> {
        Ok(self.home.engine().hold_photograph(alert_id, Zeroizing::new(photograph), reason.as_deref())?)
    }

    /// Compares the photograph that is held with the reference; afterwards it is gone, whatever came of it.
    pub async fn compare_held_photograph(
        &self,
        alert_id: AlertId,
        reason: Option<String>,
    ) -> Result<ComparisonView, CoreError> {
        self.home.blocking(move |engine| engine.compare_held_photograph(alert_id, reason.as_deref())).await
    }

    /// The officer left the camera, or the person declined: what is held goes at once. Always allowed.
    pub fn drop_photograph(&self) -> Result<(), CoreError> {
        self.home.engine().drop_photograph();
        Ok(())
    }
}
