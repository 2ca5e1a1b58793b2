//! The policy in force: taken in only with two signatures, sent to every device.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_domain::event::{Action, Actor};
use peel_domain::id::ForceId;
use peel_domain::policy::{Policy, PolicyTrust, SignedPolicy, verify_policy};
use peel_domain::wire::StreamEvent;

use super::authority::About;
use super::{Authority, Gateway, ServiceError, changes, fanout, force_log};
use crate::storage::{self, PolicyRow, Tx};

/// Reads a policy that may come into force: this force's, signed by both signers, newer than the present one.
pub(super) fn verified(authority: &Authority, tx: &Tx, cose: &[u8]) -> Result<SignedPolicy, ServiceError> {
    let signers = authority.config.policy_signers.iter().map(|text| STANDARD.decode(text));
    let signers = signers.collect::<Result<Vec<_>, _>>().map_err(|_| ServiceError::Internal)?;
    let force_id = ForceId::new(authority.config.force.as_str()).map_err(|_| ServiceError::Internal)?;
    let signed = verify_policy(cose, PolicyTrust { signers: &signers, force_id: &force_id, current_version: 0 })?;
    match storage::latest_policy(tx)? {
        Some(PolicyRow { version: in_force, .. }) if signed.policy.version <= in_force => {
            Err(ServiceError::PolicyVersion { in_force })
        }
        _ => Ok(signed),
    }
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
    // Verified again: the store is not trusted to say how long faces may be kept.
    let signers = authority.config.policy_signers.iter().map(|text| STANDARD.decode(text));
    let signers = signers.collect::<Result<Vec<_>, _>>().map_err(|_| ServiceError::Internal)?;
    let trust = PolicyTrust { signers: &signers, force_id: &force_id, current_version: 0 };
    Ok(verify_policy(&row.cose, trust)?.policy)
}

impl Gateway {
    /// The policy with the highest version.
    pub async fn policy(&self) -> Result<PolicyRow, ServiceError> {
        let found = self.db.read(|tx| storage::latest_policy(tx).map_err(ServiceError::from)).await?;
        found.ok_or(ServiceError::NotFound)
    }
}
