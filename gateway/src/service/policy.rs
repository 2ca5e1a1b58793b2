//! The policy in force: taken in only with two signatures, sent to every device.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_domain::event::{Action, Actor};
use peel_domain::id::ForceId;
use peel_domain::policy::{Policy, PolicyError, PolicyTrust, SignedPolicy, verify_policy};
use peel_domain::wire::StreamEvent;
use peel_ledger::seal::{RecipientPublicKey, check_recipients};

use super::authority::About;
use super::{Authority, Gateway, ServiceError, changes, fanout, force_log};
use crate::force::RecipientPurpose;
use crate::storage::{self, PolicyRow, Tx};

/// A recipient and what it opens records for.
pub(super) type Recipient = (RecipientPurpose, RecipientPublicKey);

/// Reads a policy that may come into force: this force's, signed by both signers, newer than the present one.
pub(super) fn verified(authority: &Authority, tx: &Tx, cose: &[u8]) -> Result<SignedPolicy, ServiceError> {
    let signers = authority.config.policy_signers.iter().map(|text| STANDARD.decode(text));
    let signers = signers.collect::<Result<Vec<_>, _>>().map_err(|_| ServiceError::Internal)?;
    let force_id = ForceId::new(authority.config.force.as_str()).map_err(|_| ServiceError::Internal)?;
    let signed = verify_policy(cose, PolicyTrust { signers: &signers, force_id: &force_id, current_version: 0 })?;
    check_sealing(authority, &signed.policy)?;
    match storage::latest_policy(tx)? {
        Some(PolicyRow { version: in_force, .. }) if signed.policy.version <= in_force => {
            Err(ServiceError::PolicyVersion { in_force })
        }
        _ => Ok(signed),
    }
}

/// Whether records can be sealed to the desk's key that the policy names, together with the force's other keys: phones
/// that took another could record nothing any more, and refuse it.
fn check_sealing(authority: &Authority, policy: &Policy) -> Result<(), ServiceError> {
    let Some(text) = &policy.trail.operations_key else { return Ok(()) };
    let refused = |_| ServiceError::Policy(PolicyError::Recipients);
    let named: RecipientPublicKey = text.parse().map_err(refused)?;
    let purposes = authority.config.recipients.iter().map(|recipient| recipient.purpose).zip(&authority.recipients);
    let others = purposes.filter(|(purpose, _)| *purpose != RecipientPurpose::Operations).map(|(_, key)| key.clone());
    let recipients: Vec<RecipientPublicKey> = others.chain(std::iter::once(named)).collect();
    check_recipients(&recipients, &mut rand::rng()).map_err(refused)
}

/// Takes a signed policy into force with the approvals of those whose keys are at hand.
pub fn install_policy(authority: &Authority, tx: &Tx, cose: Vec<u8>) -> Result<u32, ServiceError> {
    let version = verified(authority, tx, &cose)?.policy.version;
    let leaf = force_log::proposed(authority, tx, changes::policy_change(version, &cose))?;
    changes::submit(authority, tx, &leaf, Some(cose))?;
    Ok(version)
}

/// Puts a verified policy into the store and tells everybody; the force log has it already.
pub(super) fn put_into_force(
    authority: &Authority,
    tx: &Tx,
    signed: SignedPolicy,
    cose: Vec<u8>,
) -> Result<(), ServiceError> {
    let SignedPolicy { policy, sha256 } = signed;
    let version = policy.version;
    storage::put_policy(tx, &PolicyRow { version, cose }, authority.clock.now_ms())?;
    let applied = authority.event(Actor::Gateway, About::default(), Action::PolicyApplied { version, sha256 });
    authority.append_events(tx, &[applied])?;
    let devices = storage::all_devices(tx)?;
    fanout::send(authority, tx, &devices, &StreamEvent::Policy { version })?;
    Ok(())
}

/// The policy in force; the strictest one until a force has signed its own.
pub(super) fn in_force(authority: &Authority, tx: &Tx) -> Result<Policy, ServiceError> {
    let force_id = ForceId::new(authority.config.force.as_str()).map_err(|_| ServiceError::Internal)?;
    let Some(row) = storage::latest_policy(tx)? else { return Ok(Policy::strictest(force_id, 0)) };
    trusted(authority, &row.cose)
}

/// A stored policy, verified again: the store is not trusted to say how long faces may be kept, or who opens what.
fn trusted(authority: &Authority, cose: &[u8]) -> Result<Policy, ServiceError> {
    let force_id = ForceId::new(authority.config.force.as_str()).map_err(|_| ServiceError::Internal)?;
    let signers = authority.config.policy_signers.iter().map(|text| STANDARD.decode(text));
    let signers = signers.collect::<Result<Vec<_>, _>>().map_err(|_| ServiceError::Internal)?;
    let trust = PolicyTrust { signers: &signers, force_id: &force_id, current_version: 0 };
    Ok(verify_policy(cose, trust)?.policy)
}

/// A key of the desk, and when policies named it; milliseconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationsPeriod {
    /// The key.
    pub key: RecipientPublicKey,
    /// From when; the first key from the beginning.
    pub from_ms: Option<i64>,
    /// Until when, where another one came after it.
    pub until_ms: Option<i64>,
}

/// The desk's keys that were ever named, in the order of their first period. One that was named again counts as named all
/// the time between.
pub fn operations_keys(authority: &Authority, tx: &Tx) -> Result<Vec<OperationsPeriod>, ServiceError> {
    let first = authority.operations_key()?;
    let mut periods = vec![OperationsPeriod { key: first.clone(), from_ms: None, until_ms: None }];
    let mut present = first.clone();
    for (cose, at_ms) in storage::policies(tx)? {
        // One that the signers did not sign never told a phone anything.
        let Ok(policy) = trusted(authority, &cose) else { continue };
        let key = operations_key_of(&policy).unwrap_or_else(|| first.clone());
        if key == present {
            continue;
        }
        periods.iter_mut().filter(|period| period.key == present).for_each(|period| period.until_ms = Some(at_ms));
        match periods.iter_mut().find(|period| period.key == key) {
            Some(again) => again.until_ms = None,
            None => periods.push(OperationsPeriod { key: key.clone(), from_ms: Some(at_ms), until_ms: None }),
        }
        present = key;
    }
    Ok(periods)
}

/// The desk's key that a policy names; its form was checked when it was verified.
fn operations_key_of(policy: &Policy) -> Option<RecipientPublicKey> {
    policy.trail.operations_key.as_ref().and_then(|text| text.parse().ok())
}

/// Whom the force seals its own events to: with the desk's key that the policy in force names.
pub(super) fn recipients_in_force(authority: &Authority, tx: &Tx) -> Result<Vec<Recipient>, ServiceError> {
    let named = authority.config.recipients.iter().map(|recipient| recipient.purpose).zip(&authority.recipients);
    let period = match storage::latest_policy(tx)? {
        Some(row) => authority.of_policy(&row.cose, |cose| operations_key_of(&trusted(authority, cose).ok()?)),
        None => None,
    };
    let in_force = named.map(|(purpose, key)| match (purpose, &period) {
        (RecipientPurpose::Operations, Some(period)) => (purpose, period.clone()),
        _ => (purpose, key.clone()),
    });
    Ok(in_force.collect())
}

impl Gateway {
    /// The policy with the highest version.
    pub async fn policy(&self) -> Result<PolicyRow, ServiceError> {
        let found = self.db.read(|tx| storage::latest_policy(tx).map_err(ServiceError::from)).await?;
        found.ok_or(ServiceError::NotFound)
    }
}
