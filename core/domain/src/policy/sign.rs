//! The policy as a document: read from TOML, signed by two people, verified by everybody.
//!
//! `COSE_Sign` over deterministic CBOR in the form of [`crate::two_signers`].
//! Must never: apply a policy that is unsigned, signed once, contradictory, of another force or older than the one in
//! force. Always: both signers are distinct and trusted, and one policy signed by two people is one document.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::cbor;
use crate::id::ForceId;
use crate::policy::check::Contradiction;
use crate::policy::{POLICY_FORMAT, Policy};
use crate::two_signers::{self, DocumentError};

pub use crate::two_signers::DocumentSigner as PolicySigner;

/// Bound into every signature, so that no other document passes for a policy.
const CONTEXT: &[u8] = b"peel/v1/policy";

/// Why a policy was refused. The text reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is not a policy, or has a field too many or too few; the TOML line is given where there is one.
    #[error("read a policy")]
    Malformed {
        /// The line, from 1.
        line: Option<usize>,
    },
    /// Of a format that this build does not know.
    #[error("read a policy of an unknown format")]
    UnknownFormat,
    /// Nobody signed it.
    #[error("take a policy that nobody signed")]
    Unsigned,
    /// One person alone signed it.
    #[error("take a policy that only one person signed")]
    OneSigner,
    /// A signature is not by a trusted signer over this policy.
    #[error("verify a policy")]
    Signature,
    /// A signer's key is not a P-256 key, or both are the same.
    #[error("read the policy signers' keys")]
    SignerKeys,
    /// It says things against itself.
    #[error("take a policy with {} contradictions", .0.len())]
    Contradictory(BTreeSet<Contradiction>),
    /// Of another force.
    #[error("take another force's policy")]
    OtherForce,
    /// Older than the one in force.
    #[error("take a policy older than the one in force")]
    WrongVersion,
    /// It names a key that nothing can be sealed to together with the others.
    #[error("seal to the key that the policy names")]
    Recipients,
}

impl PolicyError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "policy.malformed",
            Self::UnknownFormat => "policy.unknown_format",
            Self::Unsigned => "policy.unsigned",
            Self::OneSigner => "policy.one_signer",
            Self::Signature => "policy.signature",
            Self::SignerKeys => "policy.signer_keys",
            Self::Contradictory(_) => "policy.contradictory",
            Self::OtherForce => "policy.other_force",
            Self::WrongVersion => "policy.wrong_version",
            Self::Recipients => "policy.recipients",
        }
    }
}

/// A policy that was verified, with the hash of its signed document for the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPolicy {
    /// The policy.
    pub policy: Policy,
    /// SHA-256 of the signed document.
    pub sha256: [u8; 32],
}

const fn malformed() -> PolicyError {
    PolicyError::Malformed { line: None }
}

impl Policy {
    /// Reads a policy as people write it, and checks it.
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let line_of = |error: &toml::de::Error| {
            let start = error.span()?.start;
            text.get(..start).map(|before| before.matches('\n').count() + 1)
        };
        let policy: Self = toml::from_str(text).map_err(|error| PolicyError::Malformed { line: line_of(&error) })?;
        policy.checked()
    }

    /// Writes it as [`Self::from_toml`] reads it.
    pub fn to_toml(&self) -> Result<String, PolicyError> {
        toml::to_string_pretty(self).map_err(|_| malformed())
    }

    /// Deterministic CBOR (RFC 8949 section 4.2.1): what is signed.
    pub fn to_cbor(&self) -> Result<Vec<u8>, PolicyError> {
        cbor::encode(self).map_err(|_| malformed())
    }

    fn checked(self) -> Result<Self, PolicyError> {
        if self.format != POLICY_FORMAT {
            return Err(PolicyError::UnknownFormat);
        }
        let contradictions = self.contradictions();
        if contradictions.is_empty() { Ok(self) } else { Err(PolicyError::Contradictory(contradictions)) }
    }
}

impl From<DocumentError> for PolicyError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Malformed => malformed(),
            DocumentError::Unsigned => Self::Unsigned,
            DocumentError::OneSigner => Self::OneSigner,
            DocumentError::Signature => Self::Signature,
            DocumentError::SignerKeys => Self::SignerKeys,
        }
    }
}

/// Signs a sound policy with two different keys.
pub fn sign_policy(policy: &Policy, signers: &[PolicySigner<'_>; 2]) -> Result<Vec<u8>, PolicyError> {
    let policy = policy.clone().checked()?;
    Ok(two_signers::sign(policy.to_cbor()?, CONTEXT, signers)?)
}

/// What a policy must be to take effect.
#[derive(Clone, Copy, Debug)]
pub struct PolicyTrust<'a> {
    /// The two signers' public keys: `SubjectPublicKeyInfo`, DER, P-256.
    pub signers: &'a [Vec<u8>],
    /// The force.
    pub force_id: &'a ForceId,
    /// The version in force: an older one is refused. Zero where there is none yet.
    pub current_version: u32,
}

/// Verifies a signed policy.
pub fn verify_policy(bytes: &[u8], trust: PolicyTrust<'_>) -> Result<SignedPolicy, PolicyError> {
    let payload = two_signers::verify(bytes, CONTEXT, trust.signers)?;
    let policy: Policy = cbor::decode(&payload).map_err(|_| malformed())?;
    let policy = policy.checked()?;
    if policy.force_id != *trust.force_id {
        return Err(PolicyError::OtherForce);
    }
    if policy.version < trust.current_version {
        return Err(PolicyError::WrongVersion);
    }
    Ok(SignedPolicy { policy, sha256: Sha256::digest(bytes).into() })
}
