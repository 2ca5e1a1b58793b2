//! Officers: added by the force, signed in by number and PIN, with a certificate that lasts the shift.
//!
//! Always: five wrong PINs in a row close sign-in for a quarter of an hour (S38).

use p256::pkcs8::DecodePublicKey as _;
use peel_domain::deployment::Role;
use peel_domain::event::{Action, Actor};
use peel_domain::id::{AlertId, EnrolmentId, OfficerId};
use peel_domain::shift::{CertificateClaims, sign_certificate};
use peel_domain::stop::{Truth, Verification};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::authority::About;
use super::pin::{self, PinHash};
use super::standing::in_good_standing;
use super::{Authority, Gateway, ServiceError};
use crate::storage::{self, OfficerRow, Roster, Shift, Tx, note_pin_failure, put_officer};

/// Length of a shift's certificate: twelve hours (S38).
const SHIFT_MS: i64 = 12 * 3_600_000;
/// Certificates begin a little earlier, for phones whose clock is behind.
const SKEW_MS: i64 = 120_000;
const MAX_FAILURES: u32 = 5;
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
    put_officer(tx, &OfficerRow { officer_id, salt, pin_hash: hash, roster, failures: 0, locked_until_ms: 0 })?;
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
    let row = storage::officer(tx, supervisor)?;
    let stored = row.as_ref().map(|row| PinHash { salt: row.salt.clone(), hash: row.pin_hash.clone() });
    if !pin::verify(pin, stored.as_ref())? {
        return Err(ServiceError::SignIn);
    }
    let deployment_id = storage::alert(tx, alert_id)?.ok_or(ServiceError::NotFound)?.deployment_id;
    let roles = row.and_then(|mut row| row.roster.remove(&deployment_id)).unwrap_or_default();
    if !roles.contains(&Role::Supervisor) {
        return Err(ServiceError::NotRostered);
    }
    let about = About { deployment_id: Some(deployment_id), alert_id: Some(alert_id) };
    let action = Action::TruthRecorded { truth, verification: Verification::Unconfirmed };
    let stated = authority.event(Actor::Supervisor(supervisor.clone()), about, action);
    authority.append_events(tx, &[stated])
}

impl Gateway {
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
        let row = self.db.read(move |tx| storage::officer(tx, &wanted).map_err(ServiceError::from)).await?;
        let now_ms = self.authority.clock.now_ms();
        if row.as_ref().is_some_and(|row| row.locked_until_ms > now_ms) {
            return Err(ServiceError::Locked);
        }
        let stored = row.map(|row| PinHash { salt: row.salt, hash: row.pin_hash });
        let right = tokio::task::spawn_blocking(move || pin::verify(&pin, stored.as_ref()))
            .await
            .map_err(|_| ServiceError::Internal)??;
        let authority = self.authority.clone();
        let claims = self
            .db
            .write(move |tx| {
                in_good_standing(&storage::device(tx, enrolment_id)?.ok_or(ServiceError::UnknownDevice)?)?;
                let Some(row) = storage::officer(tx, &officer_id)? else { return Ok(None) };
                // Guesses that were hashed side by side are still counted one after another.
                if row.locked_until_ms > now_ms {
                    return Err(ServiceError::Locked);
                }
                if !right {
                    let failures = row.failures.saturating_add(1);
                    let locked = if failures >= MAX_FAILURES { now_ms.saturating_add(LOCK_MS) } else { 0 };
                    let failures = if failures >= MAX_FAILURES { 0 } else { failures };
                    note_pin_failure(tx, &officer_id, failures, locked)?;
                    return Ok(None);
                }
                note_pin_failure(tx, &officer_id, 0, 0)?;
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
