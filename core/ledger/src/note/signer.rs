//! Those who sign notes: software Ed25519 keys, and hardware P-256 keys behind a trait.
//!
//! A software key prints as `[redacted]` and is wiped on drop. A hardware key never enters this crate:
//! it gets the note text and gives back DER.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::key::{ed25519_key_id, lower_s};
use super::{NoteError, SignatureLine, SignatureType, SignedNote, VerifierKey, check_name};

/// A P-256 key in hardware. The implementation signs SHA-256 of the given bytes and returns DER.
pub trait HardwareSigner {
    /// The `SubjectPublicKeyInfo` in DER, uncompressed point.
    fn spki_der(&self) -> Vec<u8>;
    /// ECDSA over the note text; a refusal is an answer, not a panic.
    fn sign_der(&self, note_text: &[u8]) -> Result<Vec<u8>, NoteError>;
}

/// A named Ed25519 key that signs notes or cosigns checkpoints.
#[derive(Clone)]
pub struct Ed25519Signer {
    name: String,
    key: SigningKey,
}

impl Ed25519Signer {
    /// A key from its 32-byte seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// A new key.
    pub fn generate(name: &str, rng: &mut impl CryptoRng) -> Result<Self, NoteError> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(name, &seed)
    }

    /// The secret seed, for storage under another key.
    pub fn expose_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public half as a note key (type 0x01).
    pub fn verifier(&self) -> Result<VerifierKey, NoteError> {
        VerifierKey::ed25519(&self.name, self.key.verifying_key().as_bytes())
    }

    /// The public half as a cosigner's key (type 0x04). Use a key for one of the two only.
    pub fn cosigner_verifier(&self) -> Result<VerifierKey, NoteError> {
        VerifierKey::cosigner(&self.name, self.key.verifying_key().as_bytes())
    }

    /// A type 0x01 line over a note text.
    pub fn sign(&self, note_text: &str) -> Result<SignatureLine, NoteError> {
        let key_id = ed25519_key_id(&self.name, SignatureType::Ed25519, self.key.verifying_key().as_bytes());
        let signature = self.key.sign(note_text.as_bytes());
        SignatureLine::new(&self.name, key_id, signature.to_bytes().to_vec())
    }

    /// A type 0x04 line over a checkpoint's text at a time in seconds since 1970-01-01 UTC.
    pub fn cosign(&self, note_text: &str, time_s: u64) -> Result<SignatureLine, NoteError> {
        let public = self.key.verifying_key();
        let key_id = ed25519_key_id(&self.name, SignatureType::CosignatureV1, public.as_bytes());
        let signature = self.key.sign(cosignature_message(note_text, time_s).as_bytes());
        let timed = [&time_s.to_be_bytes()[..], &signature.to_bytes()].concat();
        SignatureLine::new(&self.name, key_id, timed)
    }

    /// Signs bytes that are not a note; `message` must begin with a label of its own.
    pub fn sign_detached(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// The message of a `cosignature/v1` (tlog-cosignature, "Ed25519 signed message").
pub fn cosignature_message(note_text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{note_text}")
}

impl SignedNote {
    /// Attaches a hardware line (type 0x02) that was made elsewhere over [`SignedNote::text`], in its one form (the
    /// lower s); a signature that does not verify is refused.
    pub fn attach_hardware_line(&mut self, name: &str, spki_der: &[u8], der: &[u8]) -> Result<(), NoteError> {
        let key = VerifierKey::p256(name, spki_der)?;
        let line = SignatureLine::new(name, key.key_id(), lower_s(der)?)?;
        key.verify(self.text(), &line)?;
        self.attach(line)
    }

    /// Asks a hardware key for its line and attaches it.
    pub fn sign_with_hardware(&mut self, name: &str, signer: &impl HardwareSigner) -> Result<(), NoteError> {
        let der = signer.sign_der(self.text().as_bytes())?;
        self.attach_hardware_line(name, &signer.spki_der(), &der)
    }
}
