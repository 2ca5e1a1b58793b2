//! Keys of the device that are lost: what is shown, what goes on, and how the phone is enrolled again.
//!
//! Must never: stop recording because of a key, or leave behind what the force does not have. Always: the next
//! enrolment's log begins with how the last one ended and carries the rest of it, in one transaction.

use peel_domain::event::{Actor, EventBody, Justification, LogEndCause, LogEnded};
use peel_domain::policy::{Policy, PolicyError};
use peel_journal::succession::{self, Estate};
use peel_journal::upload::{self, LossProof};
use peel_ledger::Origin;
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::{RecipientPublicKey, check_recipients};

use super::error::{EngineError, SERVER_LOST_PRUNED};
use super::state::{DeviceRecord, State};
use super::sync::{PENDING, PINS_OUTDATED, REVOKED, ROLLBACK, SECOND_HISTORY, UNKNOWN_DEVICE};
use super::{Engine, persist, record, recover};
use crate::ffi::{KeySlot, VaultError, WrapSlot};
use crate::store::{Batch, Op};
use crate::trail;
use crate::vault::unwrap_secret;

/// Nothing signs the trail any more: entries are durable and stay here until the phone is enrolled again.
pub(super) const LOG_LOST: &str = "key.log_lost";
/// Checkpoints carry the software line alone.
pub(super) const HARDWARE_LOST: &str = "key.hardware_lost";
/// The gateway does not know this device any more.
pub(super) const AUTH_LOST: &str = "key.auth_lost";

/// What lets a phone be enrolled again, the worst first.
const CAUSES: [(&str, LogEndCause); 10] = [
    (LOG_LOST, LogEndCause::LogKeyLost),
    (AUTH_LOST, LogEndCause::AuthKeyLost),
    (HARDWARE_LOST, LogEndCause::HardwareKeyLost),
    (SERVER_LOST_PRUNED, LogEndCause::ForceLostHistory),
    (SECOND_HISTORY, LogEndCause::OtherHistory),
    (ROLLBACK, LogEndCause::OtherHistory),
    (UNKNOWN_DEVICE, LogEndCause::EnrolmentUnknown),
    (REVOKED, LogEndCause::EnrolmentRevoked),
    (PINS_OUTDATED, LogEndCause::GatewayKeysMissed),
    (PENDING, LogEndCause::EnrolmentPending),
];

/// The recipients of a device's entries: those of the enrolment, with the desk's key of the period from the policy.
/// A key that bodies cannot be sealed to beside the others is refused here: afterwards nothing could be recorded any more.
pub(super) fn recipients(device: &DeviceRecord, policy: &Policy) -> Result<Vec<RecipientPublicKey>, EngineError> {
    let period = policy.trail.operations_key.as_ref();
    let past = |text: &&String| period.is_some() && device.operations.contains(text);
    let recipients = device.recipients.iter().filter(|text| !past(text)).chain(period).map(|text| text.parse());
    let refused = || match period {
        Some(_) => EngineError::Policy(PolicyError::Recipients),
        None => EngineError::Integrity("device.recipients"),
    };
    let recipients: Vec<RecipientPublicKey> = recipients.collect::<Result<_, _>>().map_err(|_| refused())?;
    check_recipients(&recipients, &mut rand::rng()).map_err(|_| refused())?;
    Ok(recipients)
}

/// Puts a verified policy into force: entries are sealed to the desk's key that it names.
pub(super) fn take_policy(state: &mut State, device: &DeviceRecord, policy: Policy) -> Result<(), EngineError> {
    let recipients = recipients(device, &policy)?;
    if let Some(trail) = &mut state.trail {
        trail.seal_to(recipients);
    }
    state.policy = policy;
    Ok(())
}

/// The name of a device's log.
pub(super) fn origin(device: &DeviceRecord) -> Result<Origin, EngineError> {
    Origin::new(device.origin.as_str()).map_err(|_| EngineError::Integrity("device.origin"))
}

/// Why this phone may be enrolled although it is enrolled already.
fn cause(state: &State) -> Option<LogEndCause> {
    CAUSES.into_iter().find(|(code, _)| state.alarms.contains(*code)).map(|(_, cause)| cause)
}

impl Engine {
    /// Whether an enrolment may begin.
    pub(super) fn may_enrol(&self) -> Result<(), EngineError> {
        let state = self.lock();
        if state.device.is_none() {
            return Ok(());
        }
        cause(&state).ok_or(EngineError::AlreadyEnrolled)?;
        // Its images and open alerts belong to the enrolment that they came for.
        if state.deployment.is_some() { Err(EngineError::NotNow("deployment.leave_first")) } else { Ok(()) }
    }

    /// The key that signs the log; nothing where the key store lost it.
    pub(super) fn log_signer(&self, device: &DeviceRecord) -> Result<Option<Ed25519Signer>, EngineError> {
        let seed = match unwrap_secret(self.vault.as_ref(), WrapSlot::Log, &device.k_log_wrapped) {
            Ok(seed) => seed,
            Err(VaultError::Lost) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Ok(seed) = seed.as_slice().try_into() else { return Ok(None) };
        let signer = Ed25519Signer::from_seed(device.origin.as_str(), seed);
        signer.map(Some).map_err(|_| EngineError::Integrity("device.key"))
    }

    /// Shows which keys of the device are not those that the force knows.
    pub(super) fn note_lost_keys(&self, state: &mut State, device: &DeviceRecord) {
        if state.trail.as_ref().is_some_and(|trail| !trail.is_signed()) {
            state.raise(LOG_LOST);
        }
        let lost = |slot, known: &[u8]| match self.vault.public_key(slot) {
            Ok(shown) => shown != known,
            Err(error) => error == VaultError::Lost,
        };
        if lost(KeySlot::Hardware, &device.k_hw_spki) {
            state.raise(HARDWARE_LOST);
        }
        if device.k_auth_spki.as_ref().is_some_and(|known| lost(KeySlot::Auth, known)) {
            state.raise(AUTH_LOST);
        }
    }

    /// Ends the log of the present enrolment and begins the next one's with what the force does not have. Blocks.
    pub(super) fn succeed(&self, state: &mut State, device: DeviceRecord) -> Result<(), EngineError> {
        let cause = cause(state).ok_or(EngineError::AlreadyEnrolled)?;
        if state.alarms.contains(UNKNOWN_DEVICE) {
            // Who does not know the device has nothing of its log any more, whatever it confirmed.
            upload::keep_loss(&self.store, 0)?;
        }
        let old = state.trail()?;
        let estate = succession::estate(&self.store, old)?;
        let items = self.last_words(state, &estate, cause).iter().map(trail::item).collect::<Result<Vec<_>, _>>()?;
        let mut batch = Batch::new();
        batch.extend(
            [persist::SHIFT, persist::CURSOR, persist::ALARMS, persist::PINS, persist::FORCE_PROOF].map(Op::Forget),
        );
        batch.push(persist::put(&self.store_key, persist::DEVICE, &device)?);
        let signer = self.log_signer(&device)?.ok_or(EngineError::Vault(VaultError::Lost))?;
        // A policy for the keys of before may not fit the next ones; it is refused when it is read again.
        let strictest = recover::strictest(device.force_id.as_str())?;
        let sealed_to = recipients(&device, &state.policy).or_else(|_| recipients(&device, &strictest))?;
        let (next, recipients) = ((origin(&device)?, signer), sealed_to);
        old.succeed(&self.store, next, recipients, &items, batch, &mut rand::rng())?;
        self.disconnect();
        let mut fresh = State::fresh(recover::strictest(device.force_id.as_str())?);
        fresh.calibration.clone_from(&state.calibration);
        fresh.last_tick = state.last_tick;
        self.load_device(&mut fresh, device)?;
        *state = fresh;
        Ok(())
    }

    fn last_words(&self, state: &State, estate: &Estate, cause: LogEndCause) -> Vec<EventBody> {
        let now = self.now();
        let event = |action| record::event(state, action, Actor::Core, Justification::Integrity, now);
        let Estate { end, signed, receipt, entries } = estate;
        let ended = LogEnded {
            cause,
            origin: end.origin.to_string(),
            size: end.size,
            root: end.root.to_bytes(),
            confirmed: end.confirmed.to_bytes(),
            signed: signed.clone(),
            receipt: receipt.as_ref().map(LossProof::note_text),
        };
        ended.last_words(end.confirmed.size(), entries).map(event).collect()
    }
}
