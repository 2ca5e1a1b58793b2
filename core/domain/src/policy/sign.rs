//! The policy as a document: read from TOML, signed by two people, verified by everybody.
//!
//! `COSE_Sign` (RFC 9052 section 4.1, tag 98) over deterministic CBOR, ES256 with P-256, each signature with the key id
//! of its signer: the first eight bytes of SHA-256 of the `SubjectPublicKeyInfo`.
//! Must never: apply a policy that is unsigned, signed once, contradictory, of another force or older than the one in
//! force. Always: both signers are distinct and trusted, and one policy signed by two people is one document: no byte of
//! it can be changed without their keys, headers, order and the value of s included.

use std::collections::BTreeSet;

use coset::{
    CoseSign, CoseSignBuilder, CoseSignature, CoseSignatureBuilder, Header, HeaderBuilder, TaggedCborSerializable, iana,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};

use crate::cbor;
use crate::id::ForceId;
use crate::policy::check::Contradiction;
use crate::policy::{POLICY_FORMAT, Policy};

/// Bound into every signature, so that no other document passes for a policy.
const CONTEXT: &[u8] = b"peel/v1/policy";
/// How many people sign.
const SIGNERS: usize = 2;
/// Most signatures that are looked at.
const MAX_SIGNATURES: usize = 8;
/// Largest policy, in bytes.
const MAX_POLICY_BYTES: usize = 256 * 1024;

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

/// One of the two who sign.
pub struct PolicySigner<'a> {
    /// The public key: `SubjectPublicKeyInfo`, DER, P-256.
    pub spki: &'a [u8],
    /// Signs with ECDSA P-256 and SHA-256: the raw signature, r and s of 32 bytes each.
    pub sign: &'a dyn Fn(&[u8]) -> [u8; 64],
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

fn kid(spki: &[u8]) -> Vec<u8> {
    Sha256::digest(spki).iter().take(8).copied().collect()
}

/// What each signer's protected header says, and nothing besides.
fn signer_header(kid: &[u8]) -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(kid.to_vec()).build()
}

/// Signs a sound policy with two different keys.
pub fn sign_policy(policy: &Policy, signers: &[PolicySigner<'_>; SIGNERS]) -> Result<Vec<u8>, PolicyError> {
    let policy = policy.clone().checked()?;
    let [first, second] = signers;
    if first.spki == second.spki {
        return Err(PolicyError::SignerKeys);
    }
    let mut in_order = [first, second];
    in_order.sort_by_key(|signer| kid(signer.spki));
    let mut builder = CoseSignBuilder::new().payload(policy.to_cbor()?);
    for signer in in_order {
        let signature = CoseSignatureBuilder::new().protected(signer_header(&kid(signer.spki))).build();
        builder = builder.try_add_created_signature(signature, CONTEXT, |message| {
            let signature = Signature::from_slice(&(signer.sign)(message)).map_err(|_| PolicyError::Signature)?;
            Ok(signature.normalize_s().to_bytes().to_vec())
        })?;
    }
    builder.build().to_tagged_vec().map_err(|_| malformed())
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
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(malformed());
    }
    let keys = trusted_keys(trust.signers)?;
    let signed = CoseSign::from_tagged_slice(bytes).map_err(|_| malformed())?;
    // What nobody signed must not vary: a policy has one document, and with it one hash in the trail.
    let bare = signed.protected.header.is_empty() && signed.unprotected.is_empty();
    if !bare || signed.clone().to_tagged_vec().map_err(|_| malformed())? != bytes {
        return Err(malformed());
    }
    let payload = signed.payload.as_ref().ok_or(malformed())?;
    check_signatures(&signed, &keys)?;
    let policy: Policy = cbor::decode(payload).map_err(|_| malformed())?;
    let policy = policy.checked()?;
    if policy.force_id != *trust.force_id {
        return Err(PolicyError::OtherForce);
    }
    if policy.version < trust.current_version {
        return Err(PolicyError::WrongVersion);
    }
    Ok(SignedPolicy { policy, sha256: Sha256::digest(bytes).into() })
}

fn trusted_keys(signers: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, VerifyingKey)>, PolicyError> {
    let distinct: BTreeSet<&Vec<u8>> = signers.iter().collect();
    if distinct.len() != signers.len() || signers.len() < SIGNERS || signers.len() > MAX_SIGNATURES {
        return Err(PolicyError::SignerKeys);
    }
    signers
        .iter()
        .map(|spki| {
            let key = VerifyingKey::from_public_key_der(spki).map_err(|_| PolicyError::SignerKeys)?;
            Ok((kid(spki), key))
        })
        .collect()
}

/// Every signature must be good, and they must be by two different people.
fn check_signatures(signed: &CoseSign, keys: &[(Vec<u8>, VerifyingKey)]) -> Result<(), PolicyError> {
    if signed.signatures.len() > MAX_SIGNATURES {
        return Err(malformed());
    }
    let mut signers = BTreeSet::new();
    for (which, signature) in signed.signatures.iter().enumerate() {
        let header = &signature.protected.header;
        let (kid, key) = keys.iter().find(|(kid, _)| *kid == header.key_id).ok_or(PolicyError::Signature)?;
        if *header != signer_header(kid) || !signature.unprotected.is_empty() {
            return Err(PolicyError::Signature);
        }
        signed.verify_signature(which, CONTEXT, |bytes, message| {
            let signature = Signature::from_slice(bytes).map_err(|_| PolicyError::Signature)?;
            // Of the two values of s that verify, only the lower is taken.
            if signature.normalize_s() != signature {
                return Err(PolicyError::Signature);
            }
            key.verify(message, &signature).map_err(|_| PolicyError::Signature)
        })?;
        signers.insert(kid);
    }
    let ascending = |pair: &[CoseSignature]| match pair {
        [left, right] => left.protected.header.key_id < right.protected.header.key_id,
        _ => true,
    };
    match signers.len() {
        0 => Err(PolicyError::Unsigned),
        1 => Err(PolicyError::OneSigner),
        // A third signature, one twice or two exchanged would make another document of the same policy.
        _ if signed.signatures.len() == SIGNERS && signed.signatures.windows(2).all(ascending) => Ok(()),
        _ => Err(malformed()),
    }
}
