//! Changes of the force log by two people: proposed, approved and submitted, at one desk or with files.
//!
//! Must never: append a change that fewer than two different people approved, apply one twice, or carry a person's name
//! (a revocation has a reason's code). Always: the leaf and what it means in the store are one transaction.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_domain::event::{Action, Actor};
use peel_domain::id::{DeploymentId, EnrolmentId};
use peel_ledger::force_log::{Change, ForceLeaf, ForceLogError, MAX_LEAF_BYTES};
use peel_ledger::note::{Ed25519Signer, VerifierKey};
use peel_ledger::{Hash, Origin};

use super::authority::About;
use super::{Authority, ServiceError, enrolment, force_log, policy, restored};
use crate::force::{ForceConfig, Rotation};
use crate::storage::{self, Device, LogStore as _, Logs, Standing, Tx};

/// The first line of a change's file.
const FILE_LINE: &str = "peel change v1";

/// Why a device's enrolment is revoked, or the device given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// It was lost.
    Lost,
    /// It was stolen.
    Stolen,
    /// Its keys or its system are no longer to be trusted.
    Compromised,
    /// Another device took its place.
    Replaced,
    /// It is no longer in use.
    Retired,
}

impl RevocationReason {
    const ALL: [Self; 5] = [Self::Lost, Self::Stolen, Self::Compromised, Self::Replaced, Self::Retired];

    /// The code that stands in the force log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Compromised => "compromised",
            Self::Replaced => "replaced",
            Self::Retired => "retired",
        }
    }
}

impl FromStr for RevocationReason {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let reason = Self::ALL.into_iter().find(|reason| reason.code() == text);
        reason.ok_or("a reason is one of lost, stolen, compromised, replaced, retired")
    }
}

fn known(tx: &Tx, enrolment_id: EnrolmentId) -> Result<Device, ServiceError> {
    storage::device(tx, enrolment_id)?.ok_or(ServiceError::UnknownDevice)
}

fn origin_of(authority: &Authority, enrolment_id: EnrolmentId) -> Result<Origin, ServiceError> {
    Ok(authority.config.device_origin(&enrolment_id.to_string())?)
}

/// Proposes to revoke a device's enrolment; those whose keys are at hand approve it with that.
pub fn propose_revocation(
    authority: &Authority,
    tx: &Tx,
    enrolment_id: EnrolmentId,
    reason: RevocationReason,
) -> Result<ForceLeaf, ServiceError> {
    if known(tx, enrolment_id)?.standing == Standing::Revoked {
        return Err(ServiceError::Revoked);
    }
    let origin = origin_of(authority, enrolment_id)?;
    force_log::proposed(authority, tx, Change::Revocation { origin, reason: reason.code().to_owned() })
}

/// Proposes to give a phone up for good, for one deployment: its record is then published without the rest of the phone's
/// log, and says so. The phone is served as before; one that must not be is revoked.
pub fn propose_giving_up(
    authority: &Authority,
    tx: &Tx,
    enrolment_id: EnrolmentId,
    deployment_id: DeploymentId,
    reason: RevocationReason,
) -> Result<ForceLeaf, ServiceError> {
    let origin = origin_of(authority, known(tx, enrolment_id)?.enrolment_id)?;
    storage::deployment(tx, deployment_id)?.ok_or(ServiceError::NotFound)?;
    let (deployment, reason) = (deployment_id.to_string(), reason.code().to_owned());
    let size = cosigned_size(tx, enrolment_id)?;
    force_log::proposed(authority, tx, Change::GivenUp { origin, deployment, reason, size })
}

/// How many entries of a phone's log the force has cosigned.
fn cosigned_size(tx: &Tx, enrolment_id: EnrolmentId) -> Result<u64, ServiceError> {
    let log = Logs(tx).log(&enrolment_id.to_string())?;
    Ok(log.and_then(|log| log.committed).map_or(0, |committed| committed.size))
}

fn give_up(authority: &Authority, tx: &Tx, leaf: &ForceLeaf, given_up: &Change) -> Result<(), ServiceError> {
    let Change::GivenUp { origin, deployment, reason, size } = given_up else { return Err(ServiceError::Internal) };
    let enrolment_id = device_of(authority, origin)?;
    known(tx, enrolment_id)?;
    let deployment_id = deployment.parse().map_err(|_| ServiceError::Invalid("change.deployment"))?;
    storage::deployment(tx, deployment_id)?.ok_or(ServiceError::NotFound)?;
    reason.parse::<RevocationReason>().map_err(|_| ServiceError::Invalid("change.reason"))?;
    // It may have come back while people approved: then the statement says less than there is, and never more.
    if *size > cosigned_size(tx, enrolment_id)? {
        return Err(ServiceError::Invalid("change.size"));
    }
    if force_log::holds(authority, tx, leaf)? {
        return Err(ServiceError::Invalid("change.repeated"));
    }
    force_log::append_change(authority, tx, leaf)?;
    let about = About { deployment_id: Some(deployment_id), alert_id: None };
    let action = Action::PhoneGivenUp { enrolment_id, reason: reason.clone(), size: *size };
    authority.append_events(tx, &[authority.event(Actor::Gateway, about, action)])
}

fn enrolment_change(authority: &Authority, tx: &Tx, device: &Device) -> Result<Change, ServiceError> {
    let origin = origin_of(authority, device.enrolment_id)?;
    let log_key = ForceConfig::vkey(&device.keys.log_vkey)?;
    let hardware = VerifierKey::p256(origin.as_str(), &device.keys.hw_spki).map_err(|_| ServiceError::Internal)?;
    let replaces = storage::replaced_by(tx, device.enrolment_id)?.map(|before| origin_of(authority, before));
    Ok(Change::Enrolment { origin, log_key, hardware_key: Some(hardware), replaces: replaces.transpose()? })
}

/// Proposes the enrolment of a device that waits for approval.
pub fn propose_enrolment(authority: &Authority, tx: &Tx, enrolment_id: EnrolmentId) -> Result<ForceLeaf, ServiceError> {
    let device = known(tx, enrolment_id)?;
    if device.standing != Standing::Pending {
        return Err(ServiceError::Invalid("change.device"));
    }
    force_log::proposed(authority, tx, enrolment_change(authority, tx, &device)?)
}

/// A policy's coming into force.
pub(super) fn policy_change(version: u32, cose: &[u8]) -> Change {
    Change::PolicyChange { version: version.into(), policy: Hash::of(&[cose]) }
}

/// Proposes a policy that both policy signers signed.
pub fn propose_policy(authority: &Authority, tx: &Tx, cose: &[u8]) -> Result<ForceLeaf, ServiceError> {
    let version = policy::verified(authority, tx, cose)?.policy.version;
    force_log::proposed(authority, tx, policy_change(version, cose))
}

/// Proposes the pins after the next rotation of the gateway's TLS key, which it prepares.
pub fn propose_pins(authority: &Authority, tx: &Tx) -> Result<ForceLeaf, ServiceError> {
    let change = Rotation::of(&authority.dir).prepare(&authority.config, &authority.keys)?;
    force_log::proposed(authority, tx, change)
}

/// One more person approves, under the name that the force's configuration has; the same person twice is refused.
pub fn approve(leaf: &mut ForceLeaf, approver: &Ed25519Signer) -> Result<(), ServiceError> {
    if let ForceLeaf::Change { force_log: Some(force_log), .. } = &*leaf {
        // A name that nobody has would stand in the file for good, and count for nothing.
        let force = force_log.as_str().split_once("/peel/").map_or("", |(force, _)| force);
        let role = approver.name().strip_prefix(force).and_then(|name| name.strip_prefix("/peel/approver-"));
        role.filter(|number| !number.is_empty()).ok_or(ServiceError::Invalid("change.approver"))?;
    }
    leaf.approve(approver).map_err(|error| match error {
        ForceLogError::Repeated => ServiceError::Invalid("change.approved_before"),
        _ => ServiceError::Approvals,
    })
}

/// Appends an approved change to the force log and does what it says. A policy's own bytes come with it.
pub fn submit(authority: &Authority, tx: &Tx, leaf: &ForceLeaf, cose: Option<Vec<u8>>) -> Result<(), ServiceError> {
    const REPEATED: ServiceError = ServiceError::Invalid("change.repeated");
    let ForceLeaf::Change { change, .. } = leaf else { return Err(ServiceError::Invalid("change.kind")) };
    match change {
        Change::Revocation { origin, .. } => {
            let enrolment_id = device_of(authority, origin)?;
            if known(tx, enrolment_id)?.standing == Standing::Revoked {
                return Err(REPEATED);
            }
            force_log::append_change(authority, tx, leaf)?;
            Ok(storage::set_standing(tx, enrolment_id, Standing::Revoked)?)
        }
        Change::Enrolment { origin, .. } => {
            let enrolment_id = device_of(authority, origin)?;
            let device = known(tx, enrolment_id)?;
            if *change != enrolment_change(authority, tx, &device)? {
                return Err(ServiceError::Invalid("change.device"));
            }
            if device.standing != Standing::Pending {
                return Err(REPEATED);
            }
            // While people approved, another one may have gone on from the same log.
            let replaces = storage::replaced_by(tx, enrolment_id)?;
            if let Some(before) = replaces {
                enrolment::may_be_replaced(authority, tx, before)?;
                enrolment::is_the_newest(tx, before, enrolment_id)?;
            }
            force_log::append_change(authority, tx, leaf)?;
            storage::set_standing(tx, enrolment_id, Standing::Good)?;
            let enrolled = Action::Enrolled { enrolment_id, replaces };
            let enrolled = authority.event(Actor::Gateway, About::default(), enrolled);
            authority.append_events(tx, &[enrolled])
        }
        Change::PolicyChange { .. } => {
            let cose = cose.ok_or(ServiceError::Invalid("change.policy"))?;
            let signed = policy::verified(authority, tx, &cose)?;
            if *change != policy_change(signed.policy.version, &cose) {
                return Err(ServiceError::Invalid("change.policy"));
            }
            force_log::append_change(authority, tx, leaf)?;
            policy::put_into_force(authority, tx, signed, cose)
        }
        Change::PinChange { .. } => {
            // The files move after the commit: `Rotation::approve_and_complete`.
            if *change != Rotation::of(&authority.dir).change(&authority.config)? {
                return Err(ServiceError::Invalid("change.pins"));
            }
            // It may have stopped after the commit and before the files had moved: the leaf stands there once.
            if force_log::holds(authority, tx, leaf)? { Ok(()) } else { force_log::append_change(authority, tx, leaf) }
        }
        Change::ForceLogEnded { .. } => restored::restart(authority, tx, leaf),
        Change::GivenUp { .. } => give_up(authority, tx, leaf, change),
        Change::KeyChange { .. } => Err(ServiceError::Invalid("change.kind")),
    }
}

fn device_of(authority: &Authority, origin: &Origin) -> Result<EnrolmentId, ServiceError> {
    let enrolment_id = origin.last_part().parse().map_err(|_| ServiceError::Invalid("change.device"))?;
    let own = origin_of(authority, enrolment_id)?;
    if own == *origin { Ok(enrolment_id) } else { Err(ServiceError::Invalid("change.device")) }
}

/// A change as a file that goes from desk to desk: nothing in it is secret.
pub fn change_file(leaf: &ForceLeaf) -> String {
    format!("{FILE_LINE}\n{}\n", STANDARD.encode(leaf.encode()))
}

/// Reads a change's file.
pub fn read_change_file(text: &str) -> Result<ForceLeaf, ServiceError> {
    const BAD: ServiceError = ServiceError::Invalid("change.file");
    if text.len() > 2 * MAX_LEAF_BYTES {
        return Err(BAD);
    }
    let body = text.strip_prefix(FILE_LINE).and_then(|rest| rest.strip_prefix('\n')).ok_or(BAD)?;
    let bytes = STANDARD.decode(body.trim_end()).map_err(|_| BAD)?;
    let leaf = ForceLeaf::decode(&bytes).map_err(|_| BAD)?;
    if matches!(leaf, ForceLeaf::Change { .. }) { Ok(leaf) } else { Err(BAD) }
}

/// SHA-256 of each key, by which an approver compares them with what the phone's own side has.
fn fingerprints(log_key: &VerifierKey, hardware_key: Option<&VerifierKey>) -> serde_json::Value {
    let of = |key: &VerifierKey| Hash::of(&[&key.key_bytes()]).to_hex();
    serde_json::json!({ "log": of(log_key), "hardware": hardware_key.map(of) })
}

/// What a change says, for those who are asked to approve it.
pub fn describe(leaf: &ForceLeaf) -> serde_json::Value {
    let ForceLeaf::Change { change, force_log, at_s, approvals } = leaf else { return serde_json::Value::Null };
    let what = match change {
        Change::Enrolment { origin, log_key, hardware_key, replaces } => serde_json::json!({
            "enrolment": origin.as_str(), "replaces": replaces.as_ref().map(Origin::as_str),
            "keys": fingerprints(log_key, hardware_key.as_ref()),
        }),
        Change::Revocation { origin, reason } => {
            serde_json::json!({ "revocation": origin.as_str(), "reason": reason })
        }
        Change::KeyChange { origin, log_key, hardware_key } => serde_json::json!({
            "key_change": origin.as_str(), "keys": fingerprints(log_key, hardware_key.as_ref()),
        }),
        Change::PolicyChange { version, policy } => {
            serde_json::json!({ "policy_version": version, "sha256": policy.to_hex() })
        }
        Change::ForceLogEnded { origin, size, root, events } => serde_json::json!({
            "force_log_ended": origin.as_str(), "size": size, "root": root.map(|root| root.to_hex()),
            "events_log": events.name(), "keys": fingerprints(events, None),
        }),
        Change::GivenUp { origin, deployment, reason, size } => serde_json::json!({
            "given_up": origin.as_str(), "deployment": deployment, "reason": reason, "entries": size,
        }),
        Change::PinChange { version, statement } => {
            serde_json::json!({ "pins_version": version, "sha256": statement.to_hex() })
        }
    };
    let approved_by: Vec<&str> = approvals.iter().map(|approval| approval.name.as_str()).collect();
    let force_log = force_log.as_ref().map(Origin::as_str);
    serde_json::json!({ "change": what, "force_log": force_log, "at_s": at_s, "approved_by": approved_by })
}
