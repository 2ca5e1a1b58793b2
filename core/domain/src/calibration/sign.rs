//! The calibration as a document: read from TOML, signed by two people, verified by whoever loads it.
//!
//! `COSE_Sign` over deterministic CBOR, in the same form as a policy. Must never: give a calibration that is unsigned,
//! signed once, contradictory, of other models or older than the product asks for.

use sha2::{Digest as _, Sha256};

use crate::calibration::{CALIBRATION_FORMAT, Calibration, Contradiction, Models};
use crate::cbor;
use crate::two_signers::{self, DocumentError};

pub use crate::two_signers::DocumentSigner as CalibrationSigner;

/// Bound into every signature, so that no other document passes for a calibration.
const CONTEXT: &[u8] = b"peel/v1/calibration";

/// Why a calibration was refused. The text reads after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// It is not a calibration, or has a field too many or too few; the TOML line is given where there is one.
    #[error("read a calibration")]
    Malformed {
        /// The line, from 1.
        line: Option<usize>,
    },
    /// Of a format that this build does not know.
    #[error("read a calibration of an unknown format")]
    UnknownFormat,
    /// Nobody signed it.
    #[error("take a calibration that nobody signed")]
    Unsigned,
    /// One person alone signed it.
    #[error("take a calibration that only one person signed")]
    OneSigner,
    /// A signature is not by a trusted signer over this calibration.
    #[error("verify a calibration")]
    Signature,
    /// A signer's key is not a P-256 key, or both are the same.
    #[error("read the calibration signers' keys")]
    SignerKeys,
    /// It says something against itself; the first of what it says.
    #[error("take a calibration that contradicts itself: {0}")]
    Contradictory(Contradiction),
    /// Of other models.
    #[error("take a calibration of other models")]
    OtherModels,
    /// Older than the product asks for.
    #[error("take a calibration older than this build asks for")]
    WrongVersion,
}

impl CalibrationError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed { .. } => "calibration.malformed",
            Self::UnknownFormat => "calibration.unknown_format",
            Self::Unsigned => "calibration.unsigned",
            Self::OneSigner => "calibration.one_signer",
            Self::Signature => "calibration.signature",
            Self::SignerKeys => "calibration.signer_keys",
            Self::Contradictory(what) => what.code(),
            Self::OtherModels => "calibration.other_models",
            Self::WrongVersion => "calibration.wrong_version",
        }
    }
}

impl From<DocumentError> for CalibrationError {
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

const fn malformed() -> CalibrationError {
    CalibrationError::Malformed { line: None }
}

/// A calibration that was verified, with the hash of its signed document for the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCalibration {
    /// The calibration.
    pub calibration: Calibration,
    /// SHA-256 of the signed document.
    pub sha256: [u8; 32],
}

impl Calibration {
    /// Reads a calibration as people write it, and checks it.
    pub fn from_toml(text: &str) -> Result<Self, CalibrationError> {
        let line_of = |error: &toml::de::Error| {
            let start = error.span()?.start;
            text.get(..start).map(|before| before.matches('\n').count() + 1)
        };
        let read: Self = toml::from_str(text).map_err(|error| CalibrationError::Malformed { line: line_of(&error) })?;
        read.checked()
    }

    /// Writes it as [`Self::from_toml`] reads it.
    pub fn to_toml(&self) -> Result<String, CalibrationError> {
        toml::to_string(self).map_err(|_| malformed())
    }

    /// Deterministic CBOR (RFC 8949 section 4.2.1): what is signed.
    pub fn to_cbor(&self) -> Result<Vec<u8>, CalibrationError> {
        cbor::encode(self).map_err(|_| malformed())
    }

    fn checked(self) -> Result<Self, CalibrationError> {
        if self.format != CALIBRATION_FORMAT {
            return Err(CalibrationError::UnknownFormat);
        }
        match self.contradictions().first() {
            None => Ok(self),
            Some(what) => Err(CalibrationError::Contradictory(*what)),
        }
    }
}

/// Signs a sound calibration with two different keys.
pub fn sign_calibration(
    calibration: &Calibration,
    signers: &[CalibrationSigner<'_>; 2],
) -> Result<Vec<u8>, CalibrationError> {
    let calibration = calibration.clone().checked()?;
    Ok(two_signers::sign(calibration.to_cbor()?, CONTEXT, signers)?)
}

/// What a calibration must be to be used.
#[derive(Clone, Copy, Debug)]
pub struct CalibrationTrust<'a> {
    /// The signers' public keys: `SubjectPublicKeyInfo`, DER, P-256.
    pub signers: &'a [Vec<u8>],
    /// The models that are loaded.
    pub models: &'a Models,
    /// An older version is refused.
    pub least_version: u32,
}

/// Verifies a signed calibration.
pub fn verify_calibration(bytes: &[u8], trust: CalibrationTrust<'_>) -> Result<SignedCalibration, CalibrationError> {
    let payload = two_signers::verify(bytes, CONTEXT, trust.signers)?;
    let calibration: Calibration = cbor::decode(&payload).map_err(|_| malformed())?;
    let calibration = calibration.checked()?;
    if calibration.models != *trust.models {
        return Err(CalibrationError::OtherModels);
    }
    if calibration.version < trust.least_version {
        return Err(CalibrationError::WrongVersion);
    }
    Ok(SignedCalibration { calibration, sha256: Sha256::digest(bytes).into() })
}
