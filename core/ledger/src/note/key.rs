//! Verifier keys: `<name>+<key id>+<base64 of type and key>` (the vkey form of signed-note).
//!
//! A key that exists is valid and has one text form. The key id is computed, never believed.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};

use super::signer::cosignature_message;
use super::{NoteError, SignatureLine, check_name};
use crate::Hash;

/// The signature types of signed-note that the product uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the note text.
    Ed25519,
    /// 0x02: ECDSA P-256 with SHA-256, DER, over the note text.
    EcdsaP256,
    /// 0x04: a timestamped Ed25519 cosignature.
    CosignatureV1,
}

impl SignatureType {
    /// The identifier byte.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::EcdsaP256 => 0x02,
            Self::CosignatureV1 => 0x04,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Ed25519(Ed25519Key),
    Cosigner(Ed25519Key),
    /// The key and its SPKI in DER.
    P256(Box<P256Key>, Vec<u8>),
}

/// A public key under a name, able to check its own signature lines.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: [u8; 4],
    kind: Kind,
}

pub(super) fn ed25519_key_id(name: &str, signature_type: SignatureType, key: &[u8; 32]) -> [u8; 4] {
    first_four(&Hash::of(&[name.as_bytes(), b"\n", &[signature_type.code()], key]))
}

fn first_four(hash: &Hash) -> [u8; 4] {
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

impl VerifierKey {
    /// An Ed25519 note key (type 0x01).
    pub fn ed25519(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let parsed = parse_ed25519(key)?;
        let key_id = ed25519_key_id(name, SignatureType::Ed25519, key);
        Ok(Self { name: name.to_owned(), key_id, kind: Kind::Ed25519(parsed) })
    }

    /// A timestamping cosigner's key (type 0x04).
    pub fn cosigner(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let parsed = parse_ed25519(key)?;
        let key_id = ed25519_key_id(name, SignatureType::CosignatureV1, key);
        Ok(Self { name: name.to_owned(), key_id, kind: Kind::Cosigner(parsed) })
    }

    /// A hardware P-256 key (type 0x02) from its `SubjectPublicKeyInfo` in DER; the key id is the first
    /// four bytes of SHA-256 of that DER.
    pub fn p256(name: &str, spki_der: &[u8]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = P256Key::from_public_key_der(spki_der).map_err(|_| NoteError::Key)?;
        let canonical = key.to_public_key_der().map_err(|_| NoteError::Key)?;
        if canonical.as_bytes() != spki_der {
            return Err(NoteError::Key);
        }
        let key_id = first_four(&Hash::of(&[spki_der]));
        Ok(Self { name: name.to_owned(), key_id, kind: Kind::P256(Box::new(key), spki_der.to_vec()) })
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's short id.
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Which kind of signature it checks.
    pub const fn signature_type(&self) -> SignatureType {
        match self.kind {
            Kind::Ed25519(_) => SignatureType::Ed25519,
            Kind::Cosigner(_) => SignatureType::CosignatureV1,
            Kind::P256(..) => SignatureType::EcdsaP256,
        }
    }

    /// The public key without its type: 32 bytes of Ed25519, or the SPKI in DER.
    pub fn key_bytes(&self) -> Vec<u8> {
        match &self.kind {
            Kind::Ed25519(key) | Kind::Cosigner(key) => key.as_bytes().to_vec(),
            Kind::P256(_, spki) => spki.clone(),
        }
    }

    /// Checks a signature over bytes that are not a note, by an Ed25519 note key. The caller separates
    /// domains with a label of its own.
    pub fn verify_detached(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        match &self.kind {
            Kind::Ed25519(key) => verify_ed25519(key, message, signature),
            Kind::Cosigner(_) | Kind::P256(..) => Err(NoteError::Key),
        }
    }

    /// Checks one line over a note text; gives the time that a cosignature states.
    pub(super) fn verify(&self, text: &str, line: &SignatureLine) -> Result<Option<u64>, NoteError> {
        match &self.kind {
            Kind::Ed25519(key) => {
                verify_ed25519(key, text.as_bytes(), line.signature())?;
                Ok(None)
            }
            Kind::Cosigner(key) => {
                let split = line.signature().split_first_chunk::<8>();
                let (time, signature) = split.ok_or(NoteError::Signature)?;
                let time = u64::from_be_bytes(*time);
                if time > i64::MAX.unsigned_abs() {
                    return Err(NoteError::Signature);
                }
                verify_ed25519(key, cosignature_message(text, time).as_bytes(), signature)?;
                Ok(Some(time))
            }
            Kind::P256(key, _) => {
                verify_p256(key, text.as_bytes(), line.signature())?;
                Ok(None)
            }
        }
    }
}

fn parse_ed25519(key: &[u8; 32]) -> Result<Ed25519Key, NoteError> {
    let parsed = Ed25519Key::from_bytes(key).map_err(|_| NoteError::Key)?;
    if parsed.is_weak() { Err(NoteError::Key) } else { Ok(parsed) }
}

fn verify_ed25519(key: &Ed25519Key, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
    key.verify_strict(message, &signature).map_err(|_| NoteError::Signature)
}

/// Of the two values of s that verify, only the lower is taken: a line has one form.
fn verify_p256(key: &P256Key, message: &[u8], der: &[u8]) -> Result<(), NoteError> {
    let signature = P256Signature::from_der(der).map_err(|_| NoteError::Signature)?;
    if signature.normalize_s() != signature {
        return Err(NoteError::Signature);
    }
    key.verify(message, &signature).map_err(|_| NoteError::Signature)
}

/// The one form of a P-256 signature in DER. Hardware gives either value of s; anyone can turn one into the other.
pub(super) fn lower_s(der: &[u8]) -> Result<Vec<u8>, NoteError> {
    let signature = P256Signature::from_der(der).map_err(|_| NoteError::Signature)?;
    Ok(signature.normalize_s().to_der().as_bytes().to_vec())
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[self.signature_type().code()][..], &self.key_bytes()].concat();
        write!(formatter, "{}+{}+{}", self.name, hex::encode(self.key_id), STANDARD.encode(typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let typed = STANDARD.decode(encoded).map_err(|_| NoteError::Key)?;
        let (code, bytes) = typed.split_first().ok_or(NoteError::Key)?;
        let ed25519 = || <&[u8; 32]>::try_from(bytes).map_err(|_| NoteError::Key);
        let key = match code {
            0x01 => Self::ed25519(name, ed25519()?)?,
            0x02 => Self::p256(name, bytes)?,
            0x04 => Self::cosigner(name, ed25519()?)?,
            _ => return Err(NoteError::Key),
        };
        if key.to_string() == text { Ok(key) } else { Err(NoteError::Key) }
    }
}

#[cfg(test)]
mod published;
