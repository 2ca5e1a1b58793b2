//! Officers: added by the force, signed in by number and PIN, with a certificate that lasts the shift.
//!
//! Always: five wrong PINs in a row for an officer close that officer's sign-in on that device for a quarter of an hour, ten
//! for whomever close the device's (S38). One phone locks nobody out on another.

use p256::pkcs8::DecodePublicKey as _;
use peel_domain::deployment::Role;
use peel_domain::ethnicity::EthnicGroup;
use peel_domain::event::{Action, Actor};
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId, OfficerId};
use peel_domain::shift::{CertificateClaims, sign_certificate};
use peel_domain::stop::{Truth, Verification};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::authority::About;
use super::pin::{self, PinHash};
use super::standing::in_good_standing;
use super::{Authority, Gateway, ServiceError};
use crate::storage::{self, OfficerRow, PinFailures, Roster, Shift, Tx, put_officer};

/// Length of a shift's certificate: twelve hours (S38).
const SHIFT_MS: i64 = 12 * 3_600_000;
/// Certificates begin a little earlier, for phones whose clock is behind.
const SKEW_MS: i64 = 120_000;
const MAX_FAILURES: u32 = 5;
/// For whomever on one device, also for numbers that nobody has.
const MAX_DEVICE_FAILURES: u32 = 10;
const LOCK_MS: i64 = 15 * 60_000;

/// Adds an officer, or replaces PIN and roster.
pub fn add_officer(
    tx: &Tx,
    officer_id: OfficerId,
    pin: &str,
    roster: Roster,
    rng: &mut impl CryptoRng,
) -> Result<(), ServiceError> {
    for deployment_id in roster.keys() {
        storage::deployment(tx, *deployment_id)?.ok_or(ServiceError::NotFound)?;
    }
    let PinHash { salt, hash } = pin::hash(pin, rng)?;
    put_officer(tx, &OfficerRow { officer_id, salt, pin_hash: hash, roster })?;
    Ok(())
}

/// A supervisor states, at the debrief, the truth of an alert that no identity check confirmed.
pub fn record_truth(
    authority: &Authority,
    tx: &Tx,
    supervisor: &OfficerId,
    pin: &str,
    alert_id: AlertId,
    truth: Truth,
) -> Result<(), ServiceError> {
    let deployment_id = check_supervisor(tx, supervisor, pin, alert_id)?;
    let about = About { deployment_id: Some(deployment_id), alert_id: Some(alert_id) };
    let action = Action::TruthRecorded { truth, verification: Verification::Unconfirmed };
    let stated = authority.event(Actor::Supervisor(supervisor.clone()), about, action);
    authority.append_events(tx, &[stated])
}

/// How members of staff of one group who tested the system walked past its cameras (S47).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestWalk {
    /// How they define their own ethnicity.
    pub group: EthnicGroup,
    /// How often they walked past.
    pub passes: u32,
    /// How often the system raised an alert.
    pub recognised: u32,
}

/// A supervisor records a test of the system; more recognised than passed is refused.
pub fn record_test_walk(
    authority: &Authority,
    tx: &Tx,
    supervisor: &OfficerId,
    pin: &str,
    deployment_id: DeploymentId,
    walk: TestWalk,
) -> Result<(), ServiceError> {
    supervises(tx, supervisor, pin, |_| Ok(deployment_id))?;
    let TestWalk { group, passes, recognised } = walk;
    if passes == 0 || recognised > passes {
        return Err(ServiceError::Invalid("deployment.test_walk"));
    }
    let about = About { deployment_id: Some(deployment_id), alert_id: None };
    let action = Action::TestWalked { group, passes, recognised };
    let stated = authority.event(Actor::Supervisor(supervisor.clone()), about, action);
    authority.append_events(tx, &[stated])
}

/// Refuses whoever is not a supervisor of the alert's deployment; gives the deployment.
pub(super) fn check_supervisor(
    tx: &Tx,
    supervisor: &OfficerId,
    pin: &str,
    alert_id: AlertId,
) -> Result<DeploymentId, ServiceError> {
    let of_alert = |tx: &Tx| Ok(storage::alert(tx, alert_id)?.ok_or(ServiceError::NotFound)?.deployment_id);
    supervises(tx, supervisor, pin, of_alert)
}

/// Refuses whoever is not a supervisor of the deployment, which is looked up only once the PIN is right.
fn supervises(
    tx: &Tx,
    supervisor: &OfficerId,
    pin: &str,
    deployment: impl FnOnce(&Tx) -> Result<DeploymentId, ServiceError>,
) -> Result<DeploymentId, ServiceError> {
    let row = storage::officer(tx, supervisor)?;
    let stored = row.as_ref().map(|row| PinHash { salt: row.salt.clone(), hash: row.pin_hash.clone() });
    if !pin::verify(pin, stored.as_ref())? {
        return Err(ServiceError::SignIn);
    }
    let deployment_id = deployment(tx)?;
    let roles = row.and_then(|mut row| row.roster.remove(&deployment_id)).unwrap_or_default();
    if roles.contains(&Role::Supervisor) { Ok(deployment_id) } else { Err(ServiceError::NotRostered) }
}

/// Refuses while sign-in is closed: on the device, or there for the officer.
fn is_open(tx: &Tx, device: EnrolmentId, officer_id: &OfficerId, now_ms: i64) -> Result<(), ServiceError> {
    if storage::pin_failures(tx, device, None)?.locked_until_ms > now_ms {
        return Err(ServiceError::DeviceLocked);
    }
    let closed = storage::pin_failures(tx, device, Some(officer_id))?.locked_until_ms > now_ms;
    if closed { Err(ServiceError::Locked) } else { Ok(()) }
}

/// Counts one more wrong PIN, and begins anew where so many close sign-in.
fn count_failure(
    tx: &Tx,
    device: EnrolmentId,
    officer_id: Option<&OfficerId>,
    most: u32,
    now_ms: i64,
) -> Result<(), ServiceError> {
    let count = storage::pin_failures(tx, device, officer_id)?.count.saturating_add(1);
    let failures = if count >= most {
        PinFailures { count: 0, locked_until_ms: now_ms.saturating_add(LOCK_MS) }
    } else {
        PinFailures { count, locked_until_ms: 0 }
    };
    Ok(storage::note_pin_failures(tx, device, officer_id, failures)?)
}

impl Gateway {
    /// The officer who is signed in on a device that is served.
    pub async fn shift(&self, enrolment_id: EnrolmentId) -> Result<Shift, ServiceError> {
        let device = self.served_device(enrolment_id).await?;
        let now_ms = self.authority.clock.now_ms();
        device.shift.filter(|shift| shift.until_ms > now_ms).ok_or(ServiceError::NotSignedIn)
    }

    /// Signs an officer in on a device; gives the shift certificate.
    pub async fn sign_in(
        &self,
        enrolment_id: EnrolmentId,
        officer_id: OfficerId,
        pin: Zeroizing<String>,
        k_officer_spki: Vec<u8>,
    ) -> Result<Vec<u8>, ServiceError> {
        p256::PublicKey::from_public_key_der(&k_officer_spki)
            .map_err(|_| ServiceError::Invalid("sign_in.officer_key"))?;
        let wanted = officer_id.clone();
        let now_ms = self.authority.clock.now_ms();
        let asked = move |tx: &Tx| {
            is_open(tx, enrolment_id, &wanted, now_ms)?;
            Ok::<_, ServiceError>(storage::officer(tx, &wanted)?)
        };
        let stored = self.db.read(asked).await?.map(|row| PinHash { salt: row.salt, hash: row.pin_hash });
        let right = self.hashing.run(move || pin::verify(&pin, stored.as_ref())).await??;
        let authority = self.authority.clone();
        let claims = self
            .db
            .write(move |tx| {
                in_good_standing(&storage::device(tx, enrolment_id)?.ok_or(ServiceError::UnknownDevice)?)?;
                // Guesses that were hashed side by side are still counted one after another.
                is_open(tx, enrolment_id, &officer_id, now_ms)?;
                let known = storage::officer(tx, &officer_id)?;
                let Some(row) = known.filter(|_| right) else {
                    count_failure(tx, enrolment_id, Some(&officer_id), MAX_FAILURES, now_ms)?;
                    count_failure(tx, enrolment_id, None, MAX_DEVICE_FAILURES, now_ms)?;
                    return Ok(None);
                };
                for whose in [Some(&officer_id), None] {
                    storage::note_pin_failures(tx, enrolment_id, whose, PinFailures::default())?;
                }
                let until_ms = now_ms.saturating_add(SHIFT_MS);
                storage::set_shift(tx, enrolment_id, &Shift { officer_id: officer_id.clone(), until_ms })?;
                Ok::<_, ServiceError>(Some(CertificateClaims {
                    officer_id,
                    enrolment_id,
                    k_officer_spki,
                    roles: row.roster,
                    from_ms: now_ms.saturating_sub(SKEW_MS),
                    until_ms,
                }))
            })
            .await?
            .ok_or(ServiceError::SignIn)?;
        sign_certificate(&claims, |message| authority.keys.root.sign_detached(message))
            .map_err(|_| ServiceError::Internal)
    }
}
