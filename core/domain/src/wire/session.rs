//! Enrolment, tokens, sign-in, deployments: the requests and responses of a phone's session.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cbor;
use crate::deployment::{DeploymentCard, DeploymentState, Role};
use crate::id::{EnrolmentId, OfficerId};
use crate::wire::{Base64, EnrolmentCodeError};

/// `POST /v1/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// The one-time secret of the enrolment code.
    pub secret: Base64,
    /// `K_log`: the raw Ed25519 public key, 32 bytes. Its key line needs the origin, which only the gateway knows.
    pub k_log: Base64,
    /// `K_hw`: `SubjectPublicKeyInfo`, DER.
    pub k_hw_spki: Base64,
    /// `K_auth`: `SubjectPublicKeyInfo`, DER.
    pub k_auth_spki: Base64,
    /// The device's model, as it names itself.
    pub model: String,
}

/// What a recipient of bodies may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientPurpose {
    /// The force's desk.
    Operations,
    /// Oversight.
    Auditor,
}

/// A public key that bodies are sealed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientDto {
    /// Its key id.
    pub kid: Base64,
    /// The HPKE suite, as the ledger names it.
    pub suite: String,
    /// The public key, as the suite serialises it.
    pub public_key: Base64,
    /// What for.
    pub purpose: RecipientPurpose,
}

/// The answer to an enrolment: everything that the phone will verify with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// The enrolment.
    pub enrolment_id: EnrolmentId,
    /// The origin of the phone's log.
    pub origin: String,
    /// Recipients of bodies.
    pub recipients: Vec<RecipientDto>,
    /// The mirror's verifier key line.
    pub mirror_vkey: String,
    /// The force log's.
    pub force_log_vkey: String,
    /// The events log's.
    pub events_vkey: String,
    /// The two policy signers: `SubjectPublicKeyInfo`, DER, P-256.
    pub policy_signers: Vec<Base64>,
    /// The key that signs what the gateway streams: raw Ed25519, 32 bytes.
    pub gateway_sequence_key: Base64,
    /// Those who approve changes: two of them approve each statement of the gateway's pins. Verifier key lines.
    pub approver_vkeys: Vec<String>,
}

impl EnrolResponse {
    /// SHA-256 over everything in the reply that is the force's and not this device's: recipients with their purposes,
    /// verifier keys, policy signers, sequence key, as deterministic CBOR. The enrolment code carries it.
    ///
    /// # Errors
    /// [`EnrolmentCodeError::Malformed`] if the parts do not encode.
    pub fn keys_sha256(&self) -> Result<[u8; 32], EnrolmentCodeError> {
        let vkeys = [&self.mirror_vkey, &self.force_log_vkey, &self.events_vkey];
        let keys = (&self.recipients, vkeys, &self.policy_signers, &self.gateway_sequence_key, &self.approver_vkeys);
        let bytes = cbor::encode(&keys).map_err(|_| EnrolmentCodeError::Malformed)?;
        Ok(Sha256::digest(bytes).into())
    }
}

/// `POST /v1/token`, with a proof of possession by `K_auth` ([`crate::wire::dpop`]) that proves who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// The enrolment.
    pub enrolment_id: EnrolmentId,
}

/// A token. It prints redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The token: of use only with proofs by the key that asked for it.
    pub token: String,
    /// For how many seconds it is good.
    pub expires_in_s: u32,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenResponse([redacted])")
    }
}

/// `POST /v1/sign-in`. It prints redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The officer.
    pub officer_id: OfficerId,
    /// The PIN.
    pub pin: String,
    /// `K_officer`: `SubjectPublicKeyInfo`, DER.
    pub k_officer_spki: Base64,
}

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInRequest([redacted])")
    }
}

impl Drop for SignInRequest {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.pin);
    }
}

/// The shift certificate; verified by [`crate::shift::verify_certificate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInResponse {
    /// `COSE_Sign1`.
    pub certificate: Base64,
}

/// A deployment that the officer is rostered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosteredDeployment {
    /// Its card.
    pub card: DeploymentCard,
    /// Its state.
    pub state: DeploymentState,
    /// The officer's roles in it.
    pub roles: BTreeSet<Role>,
}

/// `GET /v1/deployments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentsResponse {
    /// Deployments, the earliest first.
    pub deployments: Vec<RosteredDeployment>,
}

/// `POST /v1/deployments/{id}/presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceRequest {
    /// In which role.
    pub role: Role,
    /// Joining or leaving.
    pub present: bool,
}

/// `GET /v1/beacon`: what bounds the phone's clock from below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconResponse {
    /// 32 bytes, lower-case hexadecimal.
    pub beacon: String,
    /// When it was made; milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The signed note that says so.
    pub note: String,
}

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable code.
    pub code: String,
    /// "failed to ...", for people who read logs.
    pub message: String,
}
