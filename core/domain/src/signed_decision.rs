//! The officer's signature over a decision: `COSE_Sign1` (RFC 9052 section 4.2), ES256, over the decision's digest.
//!
//! Must never: be needed for a decision to stand; a key that refuses leaves it unsigned. Always: the digest names the
//! enrolment, the alert, the decision and its note, so a signature says one thing about one alert on one phone.

use coset::{CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, iana};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};

use crate::id::{AlertId, EnrolmentId};
use crate::judgement::Decision;

/// What the officer's key signs is bound to its use.
const CONTEXT: &[u8] = b"peel/v1/decision";
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
    /// Its note.
    pub note: Option<&'a str>,
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

fn protected_header() -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build()
}

impl DecisionStatement<'_> {
    /// SHA-256 of the statement as CBOR: `[enrolment, alert, decision, note]`.
    fn digest(&self) -> Result<Vec<u8>, DecisionSignatureError> {
        let mut bytes = Vec::new();
        let statement = (self.enrolment_id, self.alert_id, self.decision, self.note);
        ciborium::into_writer(&statement, &mut bytes).map_err(|_| DecisionSignatureError::Encode)?;
        Ok(Sha256::digest(&bytes).to_vec())
    }

    /// What the officer's key is asked to sign.
    pub fn to_be_signed(&self) -> Result<UnsignedDecision, DecisionSignatureError> {
        let builder = CoseSign1Builder::new().protected(protected_header()).payload(self.digest()?);
        Ok(UnsignedDecision(builder))
    }

    /// Verifies a signature against the officer's key: `SubjectPublicKeyInfo`, DER, P-256.
    pub fn verify(&self, signed: &[u8], k_officer_spki: &[u8]) -> Result<(), DecisionSignatureError> {
        if signed.len() > MAX_BYTES {
            return Err(DecisionSignatureError::Malformed);
        }
        let key = VerifyingKey::from_public_key_der(k_officer_spki).map_err(|_| DecisionSignatureError::Key)?;
        let read = CoseSign1::from_slice(signed).map_err(|_| DecisionSignatureError::Malformed)?;
        let alone = read.protected.header == protected_header() && read.unprotected.is_empty();
        if !alone || read.clone().to_vec().ok().as_deref() != Some(signed) {
            return Err(DecisionSignatureError::Malformed);
        }
        if read.payload.as_deref() != Some(self.digest()?.as_slice()) {
            return Err(DecisionSignatureError::Signature);
        }
        read.verify_signature(CONTEXT, |signature, message| {
            let signature = Signature::from_slice(signature).map_err(|_| DecisionSignatureError::Signature)?;
            key.verify(message, &signature).map_err(|_| DecisionSignatureError::Signature)
        })
    }
}

/// A decision that waits for the officer's key, which may be on another thread.
#[derive(Debug)]
pub struct UnsignedDecision(CoseSign1Builder);

impl UnsignedDecision {
    /// Signs; `sign` gives the ECDSA signature over the bytes that it is handed, in DER.
    pub fn sign(self, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<Vec<u8>, DecisionSignatureError> {
        let signed = self.0.try_create_signature(CONTEXT, |message| {
            let der = sign(message).ok_or(DecisionSignatureError::NotSigned)?;
            let signature = Signature::from_der(&der).map_err(|_| DecisionSignatureError::NotSigned)?;
            Ok::<_, DecisionSignatureError>(signature.to_bytes().to_vec())
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

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn spki(seed: u8) -> Vec<u8> {
        key(seed).verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
    }

    fn statement(alert: u128, decision: &Decision) -> DecisionStatement<'_> {
        let enrolment_id = EnrolmentId(Uuid::from_u128(1));
        DecisionStatement { enrolment_id, alert_id: AlertId(Uuid::from_u128(alert)), decision, note: None }
    }

    fn signed(statement: DecisionStatement<'_>, seed: u8) -> Vec<u8> {
        let sign = |message: &[u8]| {
            let signature: Signature = key(seed).sign(message);
            Some(signature.to_der().as_bytes().to_vec())
        };
        statement.to_be_signed().unwrap().sign(sign).unwrap()
    }

    #[test]
    fn a_signature_holds_for_its_statement_and_key_alone() {
        let engage = Decision::Engage;
        let by_officer = signed(statement(1, &engage), 3);
        assert_eq!(statement(1, &engage).verify(&by_officer, &spki(3)), Ok(()));
        let wrong = Err(DecisionSignatureError::Signature);
        assert_eq!(statement(1, &engage).verify(&by_officer, &spki(4)), wrong, "another key");
        assert_eq!(statement(2, &engage).verify(&by_officer, &spki(3)), wrong, "another alert");
        let noted = DecisionStatement { note: Some("n"), ..statement(1, &engage) };
        assert_eq!(noted.verify(&by_officer, &spki(3)), wrong, "another note");
        assert_eq!(statement(1, &engage).verify(&by_officer, b"no key"), Err(DecisionSignatureError::Key));
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
