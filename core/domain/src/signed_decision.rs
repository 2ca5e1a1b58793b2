//! The officer's signature over a decision: `COSE_Sign1` (RFC 9052 section 4.2), ES256, over the decision's digest.
//!
//! Must never: be needed for a decision to stand; a key that refuses leaves it unsigned. Always: the digest names the
//! enrolment, the alert, the decision and its note, the moment of the event and the certificate of the shift, so a
//! signature says one thing about one alert on one phone at one time. The form is `core/domain/decision.cddl`.

use coset::{CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, iana};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::id::{AlertId, EnrolmentId};
use crate::judgement::Decision;
use crate::time::Moment;

/// What the officer's key signs is bound to its use.
const CONTEXT: &[u8] = b"peel/v2/decision";
/// Statements of the first version, which named neither their moment nor the certificate.
const CONTEXT_V1: &[u8] = b"peel/v1/decision";
/// Longest signature with its headers, in bytes.
const MAX_BYTES: usize = 1024;

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct DecisionStatement<'a> {
    /// On which phone.
    pub enrolment_id: EnrolmentId,
    /// About which alert.
    pub alert_id: AlertId,
    /// The decision.
    pub decision: &'a Decision,
    /// Its note, as the event has it.
    pub note: Option<&'a str>,
    /// The event's moment.
    pub at: Moment,
    /// SHA-256 of the certificate of the officer's shift.
    pub certificate_sha256: [u8; 32],
}

/// Which version of the statement a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementVersion {
    /// The first: the enrolment, the alert, the decision and its note. It does not bind the moment, so the same signature
    /// fits the same decision at another time.
    WithoutMoment,
    /// The present one.
    Bound,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDecision {
    /// What it covers.
    pub version: StatementVersion,
    /// The signature itself, in the one form that it has whoever wrote it down: by it a copy is known.
    pub signature: [u8; 64],
}

/// What is wrong with a signature over a decision. The text reads after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecisionSignatureError {
    /// The statement cannot be encoded, or what was signed cannot.
    #[error("encode a decision to be signed")]
    Encode,
    /// The key did not sign.
    #[error("sign a decision")]
    NotSigned,
    /// Not a signature in its one form.
    #[error("read a signature over a decision")]
    Malformed,
    /// Not a key.
    #[error("read an officer's key")]
    Key,
    /// Not by this key, or over something else.
    #[error("verify a signature over a decision")]
    Signature,
}

/// A byte string in CBOR.
#[derive(Serialize)]
#[serde(transparent)]
struct Bytes<'a>(#[serde(with = "serialize_bytes")] &'a [u8]);

fn protected_header() -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build()
}

fn sha256_of(statement: &impl Serialize) -> Result<Vec<u8>, DecisionSignatureError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(statement, &mut bytes).map_err(|_| DecisionSignatureError::Encode)?;
    Ok(Sha256::digest(&bytes).to_vec())
}

impl DecisionStatement<'_> {
    /// SHA-256 of the statement as CBOR: `[enrolment, alert, decision, note, [wall ms, monotonic ns, boot], certificate]`.
    fn digest(&self) -> Result<Vec<u8>, DecisionSignatureError> {
        let moment = (self.at.utc_ms, self.at.monotonic_ns, Bytes(&self.at.boot_id.0));
        let certificate = Bytes(&self.certificate_sha256);
        sha256_of(&(self.enrolment_id, self.alert_id, self.decision, self.note, moment, certificate))
    }

    /// The same of the first version: `[enrolment, alert, decision, note]`.
    fn digest_v1(&self) -> Result<Vec<u8>, DecisionSignatureError> {
        sha256_of(&(self.enrolment_id, self.alert_id, self.decision, self.note))
    }

    /// What the officer's key is asked to sign.
    pub fn to_be_signed(&self) -> Result<UnsignedDecision, DecisionSignatureError> {
        let builder = CoseSign1Builder::new().protected(protected_header()).payload(self.digest()?);
        Ok(UnsignedDecision { builder, context: CONTEXT })
    }

    /// The same in the first version, for tests of those who read old records: phones sign the present one.
    pub fn to_be_signed_v1(&self) -> Result<UnsignedDecision, DecisionSignatureError> {
        let builder = CoseSign1Builder::new().protected(protected_header()).payload(self.digest_v1()?);
        Ok(UnsignedDecision { builder, context: CONTEXT_V1 })
    }

    /// Verifies a signature against the officer's key: `SubjectPublicKeyInfo`, DER, P-256. Tells which version of the
    /// statement it covers.
    pub fn verify(&self, signed: &[u8], k_officer_spki: &[u8]) -> Result<VerifiedDecision, DecisionSignatureError> {
        if signed.len() > MAX_BYTES {
            return Err(DecisionSignatureError::Malformed);
        }
        let key = VerifyingKey::from_public_key_der(k_officer_spki).map_err(|_| DecisionSignatureError::Key)?;
        let read = CoseSign1::from_slice(signed).map_err(|_| DecisionSignatureError::Malformed)?;
        let alone = read.protected.header == protected_header() && read.unprotected.is_empty();
        if !alone || read.clone().to_vec().ok().as_deref() != Some(signed) {
            return Err(DecisionSignatureError::Malformed);
        }
        let payload = read.payload.as_deref().ok_or(DecisionSignatureError::Malformed)?;
        let (version, context) = if payload == self.digest()? {
            (StatementVersion::Bound, CONTEXT)
        } else if payload == self.digest_v1()? {
            (StatementVersion::WithoutMoment, CONTEXT_V1)
        } else {
            return Err(DecisionSignatureError::Signature);
        };
        let found = Signature::from_slice(&read.signature).map_err(|_| DecisionSignatureError::Signature)?;
        let low = found.normalize_s();
        // Of (r, s) and (r, -s), which verify alike, the present version takes the lower; older phones wrote either.
        if version == StatementVersion::Bound && low != found {
            return Err(DecisionSignatureError::Malformed);
        }
        read.verify_signature(context, |_, message| {
            key.verify(message, &found).map_err(|_| DecisionSignatureError::Signature)
        })?;
        Ok(VerifiedDecision { version, signature: low.to_bytes().into() })
    }
}

mod serialize_bytes {
    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }
}

/// A decision that waits for the officer's key, which may be on another thread.
#[derive(Debug)]
pub struct UnsignedDecision {
    builder: CoseSign1Builder,
    context: &'static [u8],
}

impl UnsignedDecision {
    /// Signs; `sign` gives the ECDSA signature over the bytes that it is handed, in DER.
    pub fn sign(self, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<Vec<u8>, DecisionSignatureError> {
        let signed = self.builder.try_create_signature(self.context, |message| {
            let der = sign(message).ok_or(DecisionSignatureError::NotSigned)?;
            let signature = Signature::from_der(&der).map_err(|_| DecisionSignatureError::NotSigned)?;
            Ok::<_, DecisionSignatureError>(signature.normalize_s().to_bytes().to_vec())
        })?;
        signed.build().to_vec().map_err(|_| DecisionSignatureError::Encode)
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;
    use p256::pkcs8::EncodePublicKey as _;
    use uuid::Uuid;

    use super::*;
    use crate::time::{BootId, TimeSource};

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn spki(seed: u8) -> Vec<u8> {
        key(seed).verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
    }

    fn moment(utc_ms: i64) -> Moment {
        let boot_id = BootId([7; 8]);
        Moment { utc_ms, monotonic_ns: 9, boot_id, source: TimeSource::Device, uncertainty_ms: 0 }
    }

    fn statement(alert: u128, decision: &Decision) -> DecisionStatement<'_> {
        DecisionStatement {
            enrolment_id: EnrolmentId(Uuid::from_u128(1)),
            alert_id: AlertId(Uuid::from_u128(alert)),
            decision,
            note: None,
            at: moment(5),
            certificate_sha256: [8; 32],
        }
    }

    fn by(seed: u8) -> impl FnOnce(&[u8]) -> Option<Vec<u8>> {
        move |message| {
            let signature: Signature = key(seed).sign(message);
            Some(signature.to_der().as_bytes().to_vec())
        }
    }

    fn signed(statement: DecisionStatement<'_>, seed: u8) -> Vec<u8> {
        statement.to_be_signed().unwrap().sign(by(seed)).unwrap()
    }

    fn version(statement: DecisionStatement<'_>, signed: &[u8], seed: u8) -> Option<StatementVersion> {
        statement.verify(signed, &spki(seed)).ok().map(|found| found.version)
    }

    #[test]
    fn s02_a_signature_holds_for_its_statement_and_key_alone() {
        let engage = Decision::Engage;
        let by_officer = signed(statement(1, &engage), 3);
        assert_eq!(version(statement(1, &engage), &by_officer, 3), Some(StatementVersion::Bound));
        let wrong = Err(DecisionSignatureError::Signature);
        assert_eq!(statement(1, &engage).verify(&by_officer, &spki(4)), wrong, "another key");
        assert_eq!(statement(2, &engage).verify(&by_officer, &spki(3)), wrong, "another alert");
        let noted = DecisionStatement { note: Some("n"), ..statement(1, &engage) };
        assert_eq!(noted.verify(&by_officer, &spki(3)), wrong, "another note");
        let another = DecisionStatement { certificate_sha256: [9; 32], ..statement(1, &engage) };
        assert_eq!(another.verify(&by_officer, &spki(3)), wrong, "another certificate");
        for at in [moment(6), Moment { monotonic_ns: 10, ..moment(5) }, Moment { boot_id: BootId([6; 8]), ..moment(5) }]
        {
            let later = DecisionStatement { at, ..statement(1, &engage) };
            assert_eq!(later.verify(&by_officer, &spki(3)), wrong, "another moment");
        }
        assert_eq!(statement(1, &engage).verify(&by_officer, b"no key"), Err(DecisionSignatureError::Key));
    }

    #[test]
    fn s02_a_statement_of_the_first_version_is_read_and_said_to_bind_no_moment() {
        let engage = Decision::Engage;
        let old = statement(1, &engage).to_be_signed_v1().unwrap().sign(by(3)).unwrap();
        let later = DecisionStatement { at: moment(6), certificate_sha256: [9; 32], ..statement(1, &engage) };
        for fits in [statement(1, &engage), later] {
            assert_eq!(version(fits, &old, 3), Some(StatementVersion::WithoutMoment));
        }
        assert_eq!(version(statement(2, &engage), &old, 3), None);
        // The present statement under the first version's context is neither.
        let mixed = UnsignedDecision { context: CONTEXT_V1, ..statement(1, &engage).to_be_signed().unwrap() };
        assert_eq!(version(statement(1, &engage), &mixed.sign(by(3)).unwrap(), 3), None);
    }

    /// The same signature with the other of its two values.
    fn turned(signed: &[u8]) -> Vec<u8> {
        let mut read = CoseSign1::from_slice(signed).unwrap();
        let signature = Signature::from_slice(&read.signature).unwrap();
        let (r, s) = signature.split_scalars();
        read.signature = Signature::from_scalars(r, -s).unwrap().to_bytes().to_vec();
        read.to_vec().unwrap()
    }

    #[test]
    fn s02_a_copy_of_a_signature_is_known_in_either_of_its_values() {
        let engage = Decision::Engage;
        let new = signed(statement(1, &engage), 3);
        let malformed = Err(DecisionSignatureError::Malformed);
        assert_eq!(statement(1, &engage).verify(&turned(&new), &spki(3)), malformed);
        let old = statement(1, &engage).to_be_signed_v1().unwrap().sign(by(3)).unwrap();
        let verify = |signed: &[u8]| statement(1, &engage).verify(signed, &spki(3)).unwrap();
        assert_ne!(turned(&old), old);
        assert_eq!(verify(&turned(&old)), verify(&old));
    }

    #[test]
    fn the_statements_digest_is_that_of_the_published_form() {
        let decision = Decision::Engage;
        let statement = DecisionStatement { note: Some("n"), ..statement(2, &decision) };
        // [h'00..01', h'00..02', "engage", "n", [5, 9, h'07..'], h'08..']
        let mut bytes = vec![0x86, 0x50];
        bytes.extend([[0; 15].as_slice(), &[1, 0x50], &[0; 15], &[2, 0x66], b"engage", &[0x61], b"n"].concat());
        bytes.extend([&[0x83, 5, 9, 0x48][..], &[7; 8], &[0x58, 0x20], &[8; 32]].concat());
        assert_eq!(statement.digest().unwrap(), Sha256::digest(&bytes).to_vec());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let engage = Decision::Engage;
        let good = signed(statement(1, &engage), 3);
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut flipped = good.clone();
                flipped[at] ^= 1 << bit;
                assert!(statement(1, &engage).verify(&flipped, &spki(3)).is_err(), "byte {at} bit {bit}");
            }
            assert!(statement(1, &engage).verify(&good[..at], &spki(3)).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_key_that_refuses_signs_nothing() {
        let unsigned = statement(1, &Decision::Engage).to_be_signed().unwrap();
        assert_eq!(unsigned.sign(|_| None), Err(DecisionSignatureError::NotSigned));
    }
}
