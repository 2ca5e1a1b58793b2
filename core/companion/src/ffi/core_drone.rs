//! [`OfficerCore`]: the drone overhead.

use std::sync::Arc;

use peel_domain::id::FeedId;

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::subscription::Subscription;
use super::traits::DroneListener;

#[uniffi::export]
impl OfficerCore {
    /// Opens the live view of an assigned feed, until the subscription is cancelled. Nothing of it is stored; that it
    /// was opened and closed is in the trail.
    pub async fn open_drone_view(
        &self,
        feed_id: FeedId,
        listener: Arc<dyn DroneListener>,
    ) -> Result<Arc<Subscription>, CoreError> {
        let runtime = self.home.handle()?.clone();
        self.home.blocking(move |engine| engine.open_drone_view(feed_id, listener, &runtime)).await
    }
}
