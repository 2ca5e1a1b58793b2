//! What the engine holds in memory: a projection of the trail and of a few sealed settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peel_domain::alert::Alert;
use peel_domain::calibration::SignedCalibration;
use peel_domain::deployment::{DeploymentCard, DeploymentState, Feed, Role};
use peel_domain::event::{Action, ComparisonRecord, EventBody};
use peel_domain::id::{AlertId, EnrolmentId, FeedId, ForceId};
use peel_domain::policy::Policy;
use peel_domain::shift::SignedInOfficer;
use peel_domain::silence::Silence;
use peel_domain::time::Moment;
use peel_domain::wire::DroneStateDto;
use peel_domain::workflow::AlertState;
use peel_face::OpenReference;
use peel_journal::signing::CheckpointTimer;
use peel_journal::trail::Trail;
use serde::{Deserialize, Serialize};

use super::error::EngineError;
use super::force_log::ForceProof;
use super::photograph::LiveCapture;
use crate::ffi::{ConnectionState, OfficerPosition};
use crate::sealed::RecordKey;

/// What enrolment gave; sealed in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeviceRecord {
    pub(crate) enrolment_id: EnrolmentId,
    pub(crate) force_id: ForceId,
    pub(crate) gateway_url: String,
    pub(crate) spki_pins: [[u8; 32]; 2],
    pub(crate) root_certificate: Vec<u8>,
    pub(crate) force_key: [u8; 32],
    pub(crate) origin: String,
    /// `x25519:` or `p256:` and hexadecimal.
    pub(crate) recipients: Vec<String>,
    /// Those of them that are the desk's: a policy may name another.
    #[serde(default)]
    pub(crate) operations: Vec<String>,
    pub(crate) mirror_vkey: String,
    /// The force log's; earlier versions did not keep it, and let nothing go until the next enrolment.
    #[serde(default)]
    pub(crate) force_log_vkey: Option<String>,
    pub(crate) policy_signers: Vec<Vec<u8>>,
    pub(crate) sequence_key: [u8; 32],
    /// Those two of whom approve the gateway's pins; earlier versions did not keep them.
    #[serde(default)]
    pub(crate) approvers: Vec<String>,
    /// The Ed25519 seed of `K_log`, wrapped by the key store.
    pub(crate) k_log_wrapped: Vec<u8>,
    /// `K_hw`, for the hardware line.
    pub(crate) k_hw_spki: Vec<u8>,
    /// `K_auth`, as the force knows it; earlier versions did not keep it.
    #[serde(default)]
    pub(crate) k_auth_spki: Option<Vec<u8>>,
}

/// The open shift; sealed in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ShiftRecord {
    pub(crate) certificate: Vec<u8>,
    /// When the certificate was verified first: a stop that runs over the shift's end is still finished by its officer.
    pub(crate) signed_in_at_ms: i64,
}

/// The joined deployment; sealed in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeploymentRecord {
    pub(crate) card: DeploymentCard,
    pub(crate) role: Role,
    pub(crate) state: DeploymentState,
    pub(crate) briefed: bool,
    /// The working cache's key, wrapped by the deployment's key.
    pub(crate) cache_wrapped: Vec<u8>,
    pub(crate) feeds: Vec<Feed>,
}

/// The joined deployment with its key at hand.
pub(crate) struct OpenDeployment {
    pub(crate) record: DeploymentRecord,
    pub(crate) cache: RecordKey,
}

/// One alert on this phone.
pub(crate) struct Held {
    pub(crate) alert: Alert,
    pub(crate) state: AlertState,
    pub(crate) comparisons: Vec<ComparisonRecord>,
    pub(crate) prompts_due: Vec<u32>,
}

/// A drone's feed that was assigned.
pub(crate) struct AssignedFeed {
    pub(crate) feed: Feed,
    /// The last state that the gateway told, and when it came.
    pub(crate) told: Option<(DroneStateDto, Moment)>,
}

/// Everything that a lock protects.
pub(crate) struct State {
    pub(crate) device: Option<DeviceRecord>,
    pub(crate) trail: Option<Trail>,
    pub(crate) policy: Policy,
    pub(crate) officer: Option<SignedInOfficer>,
    pub(crate) deployment: Option<OpenDeployment>,
    pub(crate) alerts: BTreeMap<AlertId, Held>,
    /// The reference of the alert that was compared last, opened: one at most (S13), until the alert is closed, its images
    /// are destroyed or the app goes to sleep.
    pub(crate) reference: Option<(AlertId, Arc<OpenReference>)>,
    /// The close photograph that was taken and not compared yet: one at most, in memory alone (S19).
    pub(crate) capture: Option<LiveCapture>,
    /// The calibration beside the models, where it is sound: what an opinion's rates and limits are read from.
    pub(crate) calibration: Option<SignedCalibration>,
    pub(crate) feeds: BTreeMap<FeedId, AssignedFeed>,
    pub(crate) cursor: u64,
    pub(crate) refused: Vec<String>,
    pub(crate) alarms: BTreeSet<String>,
    pub(crate) connection: ConnectionState,
    pub(crate) last_contact: Option<Moment>,
    pub(crate) latest_gateway_ms: Option<i64>,
    /// What the wall clock read in an earlier boot, as the trail has it.
    pub(crate) latest_trail_ms: Option<i64>,
    pub(crate) force_proof: ForceProof,
    pub(crate) last_asked_for_proof: Option<Moment>,
    /// How long there was no contact, while a deployment is open.
    pub(crate) silence: Option<Silence>,
    /// The look at the clock that is durable of it.
    pub(crate) silence_kept: Option<Moment>,
    pub(crate) cosigned: u64,
    /// The mirror is to be asked what it has although nothing may be unsent: once a connection.
    pub(crate) asks_mirror: bool,
    pub(crate) position: Option<OfficerPosition>,
    pub(crate) last_tick: Option<Moment>,
    pub(crate) last_alive: Option<Moment>,
    pub(crate) last_kept_house: Option<Moment>,
    pub(crate) checkpoints: CheckpointTimer,
}

/// The most codes of refused inputs that are kept for the screen; all are in the trail.
const MAX_REFUSED: usize = 50;

impl State {
    /// A phone that was never enrolled. The strictest policy holds until the force's own is verified.
    pub(crate) fn fresh(policy: Policy) -> Self {
        Self {
            device: None,
            trail: None,
            policy,
            officer: None,
            deployment: None,
            alerts: BTreeMap::new(),
            reference: None,
            capture: None,
            calibration: None,
            feeds: BTreeMap::new(),
            cursor: 0,
            refused: Vec::new(),
            alarms: BTreeSet::new(),
            connection: ConnectionState::Idle,
            last_contact: None,
            latest_gateway_ms: None,
            latest_trail_ms: None,
            force_proof: ForceProof::default(),
            last_asked_for_proof: None,
            silence: None,
            silence_kept: None,
            cosigned: 0,
            asks_mirror: false,
            position: None,
            last_tick: None,
            last_alive: None,
            last_kept_house: None,
            checkpoints: CheckpointTimer::default(),
        }
    }

    pub(crate) fn device(&self) -> Result<&DeviceRecord, EngineError> {
        self.device.as_ref().ok_or(EngineError::NotEnrolled)
    }

    /// Whether this enrolment is the present one.
    pub(crate) fn is_of(&self, enrolment_id: EnrolmentId) -> bool {
        self.device.as_ref().is_some_and(|device| device.enrolment_id == enrolment_id)
    }

    pub(crate) fn trail(&self) -> Result<&Trail, EngineError> {
        self.trail.as_ref().ok_or(EngineError::NotEnrolled)
    }

    pub(crate) fn officer(&self) -> Result<&SignedInOfficer, EngineError> {
        self.officer.as_ref().ok_or(EngineError::NotSignedIn)
    }

    pub(crate) fn deployment(&self) -> Result<&OpenDeployment, EngineError> {
        self.deployment.as_ref().ok_or(EngineError::NotJoined)
    }

    pub(crate) fn held(&self, alert_id: AlertId) -> Result<&Held, EngineError> {
        self.alerts.get(&alert_id).ok_or(EngineError::NotFound("alert.unknown"))
    }

    /// Lets go of the opened reference of this alert.
    pub(crate) fn forget_reference(&mut self, of: AlertId) {
        self.reference.take_if(|(alert_id, _)| *alert_id == of);
    }

    pub(crate) fn deployment_ended(&self) -> bool {
        self.deployment.as_ref().is_some_and(|open| open.record.state == DeploymentState::Ended)
    }

    /// There was a contact with the gateway; `signed_ms` is the time that it signed, where it did.
    pub(crate) fn note_contact(&mut self, now: Moment, signed_ms: Option<i64>) {
        self.last_contact = Some(now);
        let policy = &self.policy;
        self.silence = self.silence.map(|silence| match signed_ms {
            Some(signed_ms) => silence.broken_by_signed(policy, &now, signed_ms),
            None => silence.broken(policy, &now),
        });
        if self.silence.is_some_and(|silence| silence.has_lapsed()) {
            // What the next look says of it must be durable at once.
            self.silence_kept = None;
        }
    }

    /// Notes something that needs attention; says whether it is new.
    pub(crate) fn raise(&mut self, code: &str) -> bool {
        self.alarms.insert(code.to_owned())
    }

    /// Notes an input that was refused, for the screen.
    pub(crate) fn note_refused(&mut self, code: String) {
        if self.refused.len() >= MAX_REFUSED {
            self.refused.remove(0);
        }
        self.refused.push(code);
    }

    /// Moves the projection by an event that is durable.
    pub(crate) fn apply(&mut self, event: &EventBody) {
        let Some(held) = event.alert_id.and_then(|alert_id| self.alerts.get_mut(&alert_id)) else { return };
        if let Action::Compared(record) = &event.action {
            held.comparisons.push(record.clone());
        }
        // Tried before it was committed; if it does not apply all the same, somebody must know.
        if !matches!(event.action, Action::AlertReceived { .. } | Action::InputRefused { .. })
            && held.state.apply(event).is_err()
        {
            self.raise("trail.does_not_apply");
        }
    }
}
