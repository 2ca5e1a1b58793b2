//! [`OfficerCore`]: the drone overhead.

use std::sync::Arc;

use peel_domain::id::FeedId;

use super::core_session::OfficerCore;
use super::error::CoreError;
use super::subscription::Subscription;
use super::traits::DroneListener;

fn not_built<T>() -> Result<T, CoreError> {
    Err(CoreError::Internal { reason: "not_built".to_owned() })
}

#[uniffi::export]
impl OfficerCore {
    /// Opens the live view of an assigned feed, until the subscription is cancelled. Nothing of it is stored; that it
    /// was opened and closed is in the trail.
    pub fn open_drone_view(
        &self,
        feed_id: FeedId,
        listener: Arc<dyn DroneListener>,
    ) -> Result<Arc<Subscription>, CoreError> {
        let _ = (feed_id, listener);
        not_built()
    }
}
