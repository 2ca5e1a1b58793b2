//! A subscription: as long as it lives, its listener is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::CoreError;

/// Keeps a listener subscribed. Cancel it when the screen goes; dropping it cancels it too.
#[derive(Debug, uniffi::Object)]
pub struct Subscription {
    cancelled: Arc<AtomicBool>,
    on_cancel: tokio::sync::watch::Sender<bool>,
}

impl Subscription {
    /// A live subscription, the flag that its source looks at before each call, and a signal that it was cancelled.
    pub(crate) fn live() -> (Arc<Self>, Arc<AtomicBool>, tokio::sync::watch::Receiver<bool>) {
        let cancelled = Arc::new(AtomicBool::new(false));
        let (on_cancel, signal) = tokio::sync::watch::channel(false);
        (Arc::new(Self { cancelled: Arc::clone(&cancelled), on_cancel }), cancelled, signal)
    }

    fn stop(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.on_cancel.send_replace(true);
    }
}

#[uniffi::export]
impl Subscription {
    /// Ends the subscription: after this returns, no further call begins but one that was on its way.
    pub fn cancel(&self) -> Result<(), CoreError> {
        self.stop();
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stop();
    }
}
