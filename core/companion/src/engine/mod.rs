//! The engine: commands in, durable events, a projection out.
//!
//! A command is checked by `peel_domain::workflow`, its events are sealed and committed, and only then the projection
//! moves and listeners hear of it. Must never: decide, show what is gated, or acknowledge what is not durable. Always:
//! one lock protects the projection; it is never held over the network, the face check, or a call to a listener.

mod alerts;
mod check;
mod deployment;
mod drone;
mod enrolment;
mod error;
mod force_log;
mod inbound;
mod incoming;
mod keys;
mod listeners;
mod persist;
mod photograph;
mod pins;
mod policy;
mod receipt;
mod record;
mod recover;
mod retention;
mod session;
mod signing;
mod state;
mod stops;
mod stream;
mod sync;
mod ticker;
mod views;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use peel_domain::time::{Clock as _, Moment};
use peel_face::FaceCheck;
use peel_journal::signing::Signing;
use tokio::sync::{Notify, watch};

pub(crate) use error::EngineError;

use crate::clock::CoreClock;
use crate::ffi::{ConnectionState, KeyVault, OfficerPosition};
use crate::sealed::RecordKey;
use crate::store::Store;
use crate::transport::GatewayClient;
use state::State;

/// The phone's engine. Methods that block say so; the others are asynchronous or cheap.
pub(crate) struct Engine {
    store: Store,
    store_key: RecordKey,
    vault: Arc<dyn KeyVault>,
    clock: CoreClock,
    models: PathBuf,
    face: OnceLock<Result<FaceCheck, peel_face::FaceError>>,
    /// One camera frame in work at a time.
    previewing: Mutex<()>,
    state: Mutex<State>,
    link: Mutex<Option<Arc<GatewayClient>>>,
    /// Bumped after every commit that changes what may be seen.
    changed: watch::Sender<u64>,
    /// The connection that is wanted: counted up by every `connect` and `disconnect`.
    wanted: watch::Sender<(bool, u64)>,
    /// The network changed: whoever waits tries at once.
    network: Notify,
    /// Something went into the trail that should go over at once.
    urgent: Notify,
    /// A hardware signature is wanted.
    hardware: Notify,
    /// One signature over the trail at a time.
    signing: Signing,
    /// There was a connection when the work was suspended.
    resume_online: AtomicBool,
    /// One upload at a time.
    syncing: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Starts what goes on by itself: ticks, the connection, uploads, signatures.
pub(crate) fn start(engine: &Arc<Engine>, runtime: &tokio::runtime::Handle) {
    runtime.spawn(ticker::run(Arc::clone(engine)));
    runtime.spawn(stream::run(Arc::clone(engine)));
    runtime.spawn(sync::run(Arc::clone(engine)));
    runtime.spawn(signing::run(Arc::clone(engine)));
    runtime.spawn(pins::run(Arc::clone(engine)));
}

impl Engine {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Tells everyone who listens that there is something new.
    fn bump(&self) {
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// The gateway of this enrolment.
    fn link(&self) -> Result<Arc<GatewayClient>, EngineError> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(EngineError::NotEnrolled)
    }

    fn set_link(&self, client: GatewayClient) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(client));
    }

    /// The face check; loading its models takes a while the first time. Blocks.
    fn face(&self) -> Result<&FaceCheck, EngineError> {
        let face = self.face.get_or_init(|| FaceCheck::from_directory(&self.models));
        face.as_ref().map_err(|error| EngineError::Face(*error))
    }

    /// Runs blocking work off the async threads.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let engine = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&engine)).await.map_err(|_| EngineError::Task)?
    }

    /// Asks for the connection.
    pub(crate) fn connect(&self) -> Result<(), EngineError> {
        self.lock().device()?;
        self.wanted.send_modify(|(on, count)| (*on, *count) = (true, count.wrapping_add(1)));
        Ok(())
    }

    /// Ends the connection.
    pub(crate) fn disconnect(&self) {
        self.wanted.send_modify(|(on, count)| (*on, *count) = (false, count.wrapping_add(1)));
    }

    /// The network changed: whoever waits tries at once.
    pub(crate) fn network_changed(&self) {
        self.network.notify_waiters();
    }

    fn set_connection(&self, connection: ConnectionState) {
        let mut state = self.lock();
        if state.connection != connection {
            state.connection = connection;
            drop(state);
            self.bump();
        }
    }

    /// Where the officer is; never recorded.
    pub(crate) fn set_position(&self, position: OfficerPosition) -> Result<(), EngineError> {
        let place = position.place;
        let sound = (-90.0..=90.0).contains(&place.latitude_deg)
            && (-180.0..=180.0).contains(&place.longitude_deg)
            && (0.0..=100_000.0).contains(&position.accuracy_m)
            && position.heading_deg.is_none_or(|heading| (0.0..=360.0).contains(&heading));
        if !sound {
            return Err(EngineError::Invalid("position.out_of_range"));
        }
        self.lock().position = Some(position);
        Ok(())
    }

    /// Finishes what is under way and closes the store. Blocks.
    pub(crate) fn close(&self) {
        self.disconnect();
        // With the projection held, no command is between its check and its commit.
        let mut none_under_way = self.lock();
        none_under_way.reference = None;
        none_under_way.capture = None;
        self.store.close();
    }

    /// Closes as [`Self::close`] does, so that a sleeping app holds no lock on a file; [`Self::resume`] goes on. Blocks.
    pub(crate) fn suspend(&self) {
        self.resume_online.fetch_or(self.wanted.borrow().0, Ordering::SeqCst);
        self.close();
    }

    /// Opens the store again and connects, if there was a connection. A file that is not as it was left is not written
    /// to: the core must be opened anew, which checks everything. Blocks.
    pub(crate) fn resume(&self) -> Result<(), EngineError> {
        {
            let state = self.lock();
            self.store.reopen()?;
            if state.trail.as_ref().is_some_and(|trail| trail.check(&self.store).is_err()) {
                self.store.close();
                return Err(EngineError::Integrity("trail.self_check"));
            }
        }
        if self.resume_online.swap(false, Ordering::SeqCst) {
            self.connect()?;
        }
        Ok(())
    }
}
