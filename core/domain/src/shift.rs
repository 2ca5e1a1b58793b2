//! The shift certificate: how the core knows that an officer, and nobody else, is acting.
//!
//! The force signs (`COSE_Sign1`, RFC 9052 section 4.2, `EdDSA` with Ed25519) who the officer is, in which roles, on which
//! enrolment, with which hardware key, from when until when. [`verify_certificate`] is the only way to a
//! [`SignedInOfficer`], and the workflow takes decisions from nothing else (S02).
//! Must never: make an officer from an unverified byte. Always: a certificate is bound to one enrolment and one key.

use std::collections::{BTreeMap, BTreeSet};

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, iana};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cbor;
use crate::deployment::Role;
use crate::id::{DeploymentId, EnrolmentId, OfficerId};

/// Bound into every signature, so that no other document passes for a certificate.
const CONTEXT: &[u8] = b"peel/v1/shift";
/// Longest certificate, in bytes.
const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;
/// Longest shift, in milliseconds: a certificate that claims more is refused.
pub const MAX_SHIFT_MS: i64 = 24 * 3_600_000;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateClaims {
    /// The officer.
    pub officer_id: OfficerId,
    /// The enrolment that the officer signed in on.
    pub enrolment_id: EnrolmentId,
    /// `K_officer`: `SubjectPublicKeyInfo`, DER.
    #[serde(with = "crate::bytes")]
    pub k_officer_spki: Vec<u8>,
    /// Roles by deployment.
    pub roles: BTreeMap<DeploymentId, BTreeSet<Role>>,
    /// Valid from; milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Valid until, exclusive.
    pub until_ms: i64,
}

/// What the phone knows and the certificate must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// This enrolment.
    pub enrolment_id: EnrolmentId,
    /// This officer's hardware key: `SubjectPublicKeyInfo`, DER.
    pub k_officer_spki: &'a [u8],
}

/// What is wrong with a certificate. The text reads after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// Not a certificate.
    #[error("read a shift certificate")]
    Malformed,
    /// The force's key is not a key.
    #[error("read the force's key")]
    ForceKey,
    /// Not signed by the force.
    #[error("verify a shift certificate")]
    Signature,
    /// For another enrolment.
    #[error("take a shift certificate of another enrolment")]
    OtherEnrolment,
    /// For another officer's key.
    #[error("take a shift certificate of another key")]
    OtherKey,
    /// Its times contradict each other, or it lasts longer than a shift may.
    #[error("take a shift certificate of a wrong length")]
    Length,
}

impl ShiftError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "shift.malformed",
            Self::ForceKey => "shift.force_key",
            Self::Signature => "shift.signature",
            Self::OtherEnrolment => "shift.other_enrolment",
            Self::OtherKey => "shift.other_key",
            Self::Length => "shift.length",
        }
    }
}

/// An officer whose certificate was verified. It has no public constructor and cannot be deserialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInOfficer {
    claims: CertificateClaims,
    certificate_sha256: [u8; 32],
    /// The end of the shift by this phone's clock, which may lie years from the force's.
    ends_ms: i64,
}

impl SignedInOfficer {
    /// The officer.
    pub fn officer_id(&self) -> &OfficerId {
        &self.claims.officer_id
    }

    /// The enrolment.
    pub fn enrolment_id(&self) -> EnrolmentId {
        self.claims.enrolment_id
    }

    /// The officer's hardware key: `SubjectPublicKeyInfo`, DER.
    pub fn k_officer_spki(&self) -> &[u8] {
        &self.claims.k_officer_spki
    }

    /// SHA-256 of the certificate, which the officer's decisions name.
    pub fn certificate_sha256(&self) -> [u8; 32] {
        self.certificate_sha256
    }

    /// The end of the shift by the force's clock; milliseconds since 1970 UTC.
    pub fn until_ms(&self) -> i64 {
        self.claims.until_ms
    }

    /// The roles in a deployment; empty where the officer is not rostered.
    pub fn roles(&self, deployment_id: DeploymentId) -> BTreeSet<Role> {
        self.claims.roles.get(&deployment_id).cloned().unwrap_or_default()
    }

    /// Whether the officer has this role there.
    pub fn has_role(&self, deployment_id: DeploymentId, role: Role) -> bool {
        self.claims.roles.get(&deployment_id).is_some_and(|roles| roles.contains(&role))
    }

    /// Whether the shift still lasts: as long since sign-in, by this phone's clock, as the certificate is good for. Whether
    /// the certificate itself was in its time, the force says (it serves nobody after it) and the auditor, by an entry's
    /// beacon and cosignature.
    pub fn is_on_shift(&self, now_ms: i64) -> bool {
        now_ms < self.ends_ms
    }
}

fn protected_header() -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build()
}

/// Signs a certificate for the force; `sign` gives the Ed25519 signature over the bytes that it is handed.
pub fn sign_certificate(
    claims: &CertificateClaims,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Result<Vec<u8>, ShiftError> {
    let payload = cbor::encode(claims).map_err(|_| ShiftError::Malformed)?;
    CoseSign1Builder::new()
        .protected(protected_header())
        .payload(payload)
        .create_signature(CONTEXT, |message| sign(message).to_vec())
        .build()
        .to_vec()
        .map_err(|_| ShiftError::Malformed)
}

/// Verifies a certificate against the force's Ed25519 key and this phone. Its dates are the force's, and a phone's clock may
/// be years off: so nothing is compared with them, and the shift lasts from sign-in, `signed_in_ms` by the phone's clock.
pub fn verify_certificate(
    bytes: &[u8],
    force_key: &[u8; 32],
    binding: Binding<'_>,
    signed_in_ms: i64,
) -> Result<SignedInOfficer, ShiftError> {
    let claims = read_certificate(bytes, force_key)?;
    let length_ms = check_claims(&claims, binding)?;
    Ok(SignedInOfficer {
        claims,
        certificate_sha256: certificate_sha256(bytes),
        ends_ms: signed_in_ms.saturating_add(length_ms),
    })
}

/// By what a decision names the certificate that it was made under.
pub fn certificate_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What a certificate of the force says, for those who look at a record later. It makes nobody an officer.
pub fn read_certificate(bytes: &[u8], force_key: &[u8; 32]) -> Result<CertificateClaims, ShiftError> {
    if bytes.len() > MAX_CERTIFICATE_BYTES {
        return Err(ShiftError::Malformed);
    }
    let key = VerifyingKey::from_bytes(force_key).map_err(|_| ShiftError::ForceKey)?;
    let signed = CoseSign1::from_slice(bytes).map_err(|_| ShiftError::Malformed)?;
    // What the force did not sign must not vary: a certificate has one form.
    let alone = signed.protected.header == protected_header() && signed.unprotected.is_empty();
    if !alone || signed.clone().to_vec().map_err(|_| ShiftError::Malformed)? != bytes {
        return Err(ShiftError::Malformed);
    }
    let payload = signed.payload.as_ref().ok_or(ShiftError::Malformed)?;
    signed.verify_signature(CONTEXT, |signature, message| {
        let signature = Signature::from_slice(signature).map_err(|_| ShiftError::Signature)?;
        key.verify_strict(message, &signature).map_err(|_| ShiftError::Signature)
    })?;
    cbor::decode(payload).map_err(|_| ShiftError::Malformed)
}

/// Gives how long the certificate is good for, in milliseconds.
fn check_claims(claims: &CertificateClaims, binding: Binding<'_>) -> Result<i64, ShiftError> {
    if claims.enrolment_id != binding.enrolment_id {
        return Err(ShiftError::OtherEnrolment);
    }
    if claims.k_officer_spki.is_empty() || claims.k_officer_spki != binding.k_officer_spki {
        return Err(ShiftError::OtherKey);
    }
    let length = claims.until_ms.checked_sub(claims.from_ms).ok_or(ShiftError::Length)?;
    if length <= 0 || length > MAX_SHIFT_MS {
        return Err(ShiftError::Length);
    }
    Ok(length)
}
