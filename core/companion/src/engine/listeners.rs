//! Subscriptions: the present state at once, then coalesced, each listener on a task of its own.
//!
//! Must never: call a listener under a lock, or for a state that is not durable. A slow listener delays nobody else and
//! gets the newest state when it returns.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;

use super::{Engine, views};
use crate::ffi::{AlertListener, AlertsSnapshot, ConnectionListener, ConnectionView, Subscription};

impl Engine {
    /// The alerts now.
    pub(crate) fn alerts_snapshot(&self) -> AlertsSnapshot {
        views::snapshot(&self.lock(), &self.now())
    }

    /// The connection now.
    pub(crate) fn connection_view(&self) -> ConnectionView {
        views::connection(&self.lock())
    }

    /// Calls `listener` with the alerts until the subscription ends.
    pub(crate) fn subscribe_alerts(
        self: &Arc<Self>,
        listener: Arc<dyn AlertListener>,
        runtime: &Handle,
    ) -> Arc<Subscription> {
        self.subscribe(runtime, Self::alerts_snapshot, move |snapshot| listener.on_alerts(snapshot))
    }

    /// Calls `listener` with the connection until the subscription ends.
    pub(crate) fn subscribe_connection(
        self: &Arc<Self>,
        listener: Arc<dyn ConnectionListener>,
        runtime: &Handle,
    ) -> Arc<Subscription> {
        self.subscribe(runtime, Self::connection_view, move |view| listener.on_connection(view))
    }

    fn subscribe<T: PartialEq + Clone + Send + 'static>(
        self: &Arc<Self>,
        runtime: &Handle,
        look: impl Fn(&Self) -> T + Send + 'static,
        call: impl Fn(T) + Send + Sync + 'static,
    ) -> Arc<Subscription> {
        let (subscription, cancelled, mut ended) = Subscription::live();
        let engine = Arc::downgrade(self);
        let mut changed = self.changed.subscribe();
        let call = Arc::new(call);
        runtime.spawn(async move {
            let mut shown: Option<T> = None;
            loop {
                changed.borrow_and_update();
                let Some(present) = engine.upgrade().map(|engine| look(&engine)) else { return };
                if cancelled.load(Ordering::SeqCst) {
                    return;
                }
                if shown.as_ref() != Some(&present) {
                    shown = Some(present.clone());
                    let (call, cancelled) = (Arc::clone(&call), Arc::clone(&cancelled));
                    // A listener that fails is not called again for this state; the next one finds it.
                    let _ = tokio::task::spawn_blocking(move || {
                        if !cancelled.load(Ordering::SeqCst) {
                            call(present);
                        }
                    })
                    .await;
                }
                tokio::select! {
                    change = changed.changed() => if change.is_err() { return },
                    _ = ended.changed() => return,
                }
            }
        });
        subscription
    }
}
