//! [`OfficerCore`]: opening, enrolment, shift, deployment, connection and synchronisation.

use std::path::Path;
use std::sync::Arc;

use peel_domain::deployment::Role;
use peel_domain::id::DeploymentId;

use zeroize::Zeroizing;

use super::error::CoreError;
use super::requests::CoreConfig;
use super::runtime::Home;
use super::subscription::Subscription;
use super::traits::{AlertListener, ConnectionListener, DeviceClock, KeyVault};
use super::views_session::{DeploymentView, EnrolmentView, OfficerPosition, SessionView, ShiftView, SyncOutcome};
use crate::engine::Engine;

/// The phone's core: one for the life of the app.
///
/// Commands that record something return after the record is durable; they run on the core's own threads, so that a
/// cancelled coroutine or task loses nothing.
#[derive(uniffi::Object)]
pub struct OfficerCore {
    pub(super) home: Home,
}

#[uniffi::export]
impl OfficerCore {
    /// Opens the core's data, checks it, and continues what was open when the app ended, stops included.
    ///
    /// A damaged file is set aside and reported as an alarm, never deleted.
    #[uniffi::constructor]
    #[expect(clippy::needless_pass_by_value, reason = "the border hands values over")]
    pub fn open(
        config: CoreConfig,
        vault: Arc<dyn KeyVault>,
        clock: Arc<dyn DeviceClock>,
    ) -> Result<Arc<Self>, CoreError> {
        let engine = Engine::open(Path::new(&config.data_dir), Path::new(&config.models_dir), vault, clock)?;
        Ok(Arc::new(Self { home: Home::new(engine)? }))
    }

    /// Enrols this device with the text of an enrolment code. The code works once and for a short time.
    pub async fn enrol(&self, code: String) -> Result<EnrolmentView, CoreError> {
        let code = Zeroizing::new(code);
        self.home.run(|engine| async move { engine.enrol(code).await }).await
    }

    /// Signs an officer in for a shift. Needs the gateway.
    pub async fn sign_in(&self, officer_number: String, pin: String) -> Result<ShiftView, CoreError> {
        let pin = Zeroizing::new(pin);
        self.home.run(|engine| async move { engine.sign_in(officer_number, pin).await }).await
    }

    /// The deployments that the officer is rostered for. Needs the gateway.
    pub async fn deployments(&self) -> Result<Vec<DeploymentView>, CoreError> {
        self.home.run(|engine| async move { engine.deployments().await }).await
    }

    /// Joins a deployment in a role; alerts arrive after `acknowledge_briefing` and `connect`.
    pub async fn join(&self, deployment_id: DeploymentId, role: Role) -> Result<(), CoreError> {
        self.home.run(move |engine| async move { engine.join(deployment_id, role).await }).await
    }

    /// Records that the officer has read the deployment's card.
    pub async fn acknowledge_briefing(&self) -> Result<(), CoreError> {
        self.home.blocking(|engine| engine.acknowledge_briefing()).await
    }

    /// Where the phone stands with its officer and its deployment.
    pub fn session(&self) -> Result<SessionView, CoreError> {
        Ok(self.home.engine().session())
    }

    /// Connects, and keeps the connection up until `disconnect`. Returns at once; see `subscribe_connection`.
    pub fn connect(&self) -> Result<(), CoreError> {
        Ok(self.home.engine().connect()?)
    }

    /// Ends the connection. What is recorded stays and goes over later.
    pub fn disconnect(&self) -> Result<(), CoreError> {
        self.home.engine().disconnect();
        Ok(())
    }

    /// Says that the network changed or is back: the core tries at once.
    pub fn network_changed(&self) -> Result<(), CoreError> {
        self.home.engine().network_changed();
        Ok(())
    }

    /// Subscribes to the alerts of the open deployment.
    pub fn subscribe_alerts(&self, listener: Arc<dyn AlertListener>) -> Result<Arc<Subscription>, CoreError> {
        Ok(self.home.engine().subscribe_alerts(listener, self.home.handle()?))
    }

    /// Subscribes to the connection's state.
    pub fn subscribe_connection(&self, listener: Arc<dyn ConnectionListener>) -> Result<Arc<Subscription>, CoreError> {
        Ok(self.home.engine().subscribe_connection(listener, self.home.handle()?))
    }

    /// Tells the core where this officer is: used for bearings and distances, never recorded.
    pub fn set_position(&self, position: OfficerPosition) -> Result<(), CoreError> {
        Ok(self.home.engine().set_position(position)?)
    }

    /// Brings the trail to the force, for at most `budget_ms` milliseconds.
    pub async fn sync_now(&self, budget_ms: u32) -> Result<SyncOutcome, CoreError> {
        self.home.run(move |engine| async move { engine.sync(budget_ms).await }).await
    }

    /// Leaves the deployment: every alert must be closed; images are destroyed, with receipts in the trail.
    pub async fn leave_deployment(&self) -> Result<(), CoreError> {
        self.home.run(|engine| async move { engine.leave_deployment().await }).await
    }

    /// Ends the shift: signs the officer out and brings the trail to the force where that is possible.
    pub async fn end_shift(&self) -> Result<SyncOutcome, CoreError> {
        self.home.run(|engine| async move { engine.end_shift().await }).await
    }

    /// Finishes what is under way, closes the files and waits for their thread, before the app sleeps: afterwards no
    /// lock on a file is held. Commands fail until `resume_work`.
    pub async fn suspend_work(&self) -> Result<(), CoreError> {
        self.home
            .blocking(|engine| {
                engine.suspend();
                Ok(())
            })
            .await
    }

    /// Goes on after `suspend_work`, with the connection that there was. Where it fails, open the core anew.
    pub async fn resume_work(&self) -> Result<(), CoreError> {
        self.home.blocking(|engine| engine.resume()).await
    }
}
