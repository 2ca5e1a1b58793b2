//! [`OfficerCore`]: opening, enrolment, shift, deployment, connection and synchronisation.

use std::sync::Arc;

use peel_domain::deployment::Role;
use peel_domain::id::DeploymentId;

use super::error::CoreError;
use super::requests::CoreConfig;
use super::subscription::Subscription;
use super::traits::{AlertListener, ConnectionListener, DeviceClock, KeyVault};
use super::views_session::{DeploymentView, EnrolmentView, OfficerPosition, SessionView, ShiftView, SyncOutcome};

/// The phone's core: one for the life of the app.
///
/// Commands that record something return after the record is durable; they run on the core's own threads, so that a
/// cancelled coroutine or task loses nothing.
#[derive(uniffi::Object)]
pub struct OfficerCore {}

fn not_built<T>() -> Result<T, CoreError> {
    Err(CoreError::Internal { reason: "not_built".to_owned() })
}

#[uniffi::export]
impl OfficerCore {
    /// Opens the core's data, checks it, and continues what was open when the app ended, stops included.
    ///
    /// A damaged file is set aside and reported as an alarm, never deleted.
    #[uniffi::constructor]
    pub fn open(
        config: CoreConfig,
        vault: Arc<dyn KeyVault>,
        clock: Arc<dyn DeviceClock>,
    ) -> Result<Arc<Self>, CoreError> {
        let _ = (config, vault, clock);
        not_built()
    }

    /// Enrols this device with the text of an enrolment code. The code works once and for a short time.
    pub async fn enrol(&self, code: String) -> Result<EnrolmentView, CoreError> {
        let _ = code;
        not_built()
    }

    /// Signs an officer in for a shift. Needs the gateway.
    pub async fn sign_in(&self, officer_number: String, pin: String) -> Result<ShiftView, CoreError> {
        let _ = (officer_number, pin);
        not_built()
    }

    /// The deployments that the officer is rostered for. Needs the gateway.
    pub async fn deployments(&self) -> Result<Vec<DeploymentView>, CoreError> {
        not_built()
    }

    /// Joins a deployment in a role; alerts arrive after `acknowledge_briefing` and `connect`.
    pub async fn join(&self, deployment_id: DeploymentId, role: Role) -> Result<(), CoreError> {
        let _ = (deployment_id, role);
        not_built()
    }

    /// Records that the officer has read the deployment's card.
    pub async fn acknowledge_briefing(&self) -> Result<(), CoreError> {
        not_built()
    }

    /// Where the phone stands with its officer and its deployment.
    pub fn session(&self) -> Result<SessionView, CoreError> {
        not_built()
    }

    /// Connects, and keeps the connection up until `disconnect`. Returns at once; see `subscribe_connection`.
    pub fn connect(&self) -> Result<(), CoreError> {
        not_built()
    }

    /// Ends the connection. What is recorded stays and goes over later.
    pub fn disconnect(&self) -> Result<(), CoreError> {
        not_built()
    }

    /// Says that the network changed or is back: the core tries at once.
    pub fn network_changed(&self) -> Result<(), CoreError> {
        not_built()
    }

    /// Subscribes to the alerts of the open deployment.
    pub fn subscribe_alerts(&self, listener: Arc<dyn AlertListener>) -> Result<Arc<Subscription>, CoreError> {
        let _ = listener;
        not_built()
    }

    /// Subscribes to the connection's state.
    pub fn subscribe_connection(&self, listener: Arc<dyn ConnectionListener>) -> Result<Arc<Subscription>, CoreError> {
        let _ = listener;
        not_built()
    }

    /// Tells the core where this officer is: used for bearings and distances, never recorded.
    pub fn set_position(&self, position: OfficerPosition) -> Result<(), CoreError> {
        let _ = position;
        not_built()
    }

    /// Brings the trail to the force, for at most `budget_ms` milliseconds.
    pub async fn sync_now(&self, budget_ms: u32) -> Result<SyncOutcome, CoreError> {
        let _ = budget_ms;
        not_built()
    }

    /// Leaves the deployment: every alert must be closed; images are destroyed, with receipts in the trail.
    pub async fn leave_deployment(&self) -> Result<(), CoreError> {
        not_built()
    }

    /// Ends the shift: signs the officer out and brings the trail to the force where that is possible.
    pub async fn end_shift(&self) -> Result<SyncOutcome, CoreError> {
        not_built()
    }

    /// Finishes what is under way and closes the files, before the app sleeps. Open the core anew afterwards.
    pub async fn suspend_work(&self) -> Result<(), CoreError> {
        not_built()
    }
}
