//! The gateway's TLS pins, as the force states them: a note signed by the force's root key.
//!
//! Its text is `<force domain>/peel/pins`, the version, and two lines with a pin each in base64: the present key's and the
//! next one's (SHA-256 of the DER `SubjectPublicKeyInfo`). Must never: be believed with an older version than one that
//! was seen. Always: exactly two pins, and they differ; one byte form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;
use crate::note::{Ed25519Signer, NoteError, SignedNote, VerifierKey};

/// The longest statement, in bytes.
pub const MAX_PINS_BYTES: usize = 4 * 1024;

/// Why a statement of pins was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinsError {
    /// Not a statement of this force's pins in its one form.
    #[error("read statement of pins: not in its form")]
    Malformed,
    /// Not signed by the force's root key.
    #[error("verify statement of pins: not signed by the force")]
    Signature,
}

impl From<NoteError> for PinsError {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::Unsigned | NoteError::Signature | NoteError::UnknownKey => Self::Signature,
            _ => Self::Malformed,
        }
    }
}

/// The two pins, the present key's first.
pub type Pins = [[u8; 32]; 2];

/// What the force states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinStatement {
    /// Counted from 1; a greater one replaces a smaller one.
    pub version: u64,
    /// The pins.
    pub pins: Pins,
}

impl PinStatement {
    fn text(&self, force_domain: &str) -> String {
        let [present, next] = self.pins.map(|pin| STANDARD.encode(pin));
        format!("{force_domain}/peel/pins\n{}\n{present}\n{next}\n", self.version)
    }

    /// Signs the statement with the force's root key.
    pub fn sign(&self, force_domain: &str, root: &Ed25519Signer) -> Result<SignedNote, PinsError> {
        let mut note = SignedNote::new(self.text(force_domain))?;
        note.attach(root.sign(note.text())?)?;
        Ok(note)
    }

    /// Reads a statement and verifies that this force's root key signed it.
    pub fn verify(bytes: &[u8], force_domain: &str, root: &VerifierKey) -> Result<Self, PinsError> {
        if bytes.len() > MAX_PINS_BYTES {
            return Err(PinsError::Malformed);
        }
        let note = SignedNote::parse(bytes)?;
        note.verify_every_line(std::slice::from_ref(root))?;
        Self::parse(note.text(), force_domain).ok_or(PinsError::Malformed)
    }

    fn parse(text: &str, force_domain: &str) -> Option<Self> {
        let mut lines = text.lines().skip(1);
        let version = lines.next()?.parse().ok()?;
        let mut pin = || -> Option<[u8; 32]> { STANDARD.decode(lines.next()?).ok()?.try_into().ok() };
        let statement = Self { version, pins: [pin()?, pin()?] };
        let [present, next] = &statement.pins;
        (statement.text(force_domain) == text && version > 0 && present != next).then_some(statement)
    }
}

/// What the force log's leaf names: SHA-256 of the statement's text and lines.
pub fn statement_hash(note: &str) -> Hash {
    Hash::of(&[note.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORCE: &str = "force.example";

    fn root(seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed("force.example/peel/root", &[seed; 32]).unwrap()
    }

    #[test]
    fn a_statement_reads_back_under_the_forces_key_alone() {
        let statement = PinStatement { version: 2, pins: [[1; 32], [2; 32]] };
        let note = statement.sign(FORCE, &root(1)).unwrap().to_text();
        let (own, other) = (root(1).verifier().unwrap(), root(2).verifier().unwrap());
        assert_eq!(PinStatement::verify(note.as_bytes(), FORCE, &own), Ok(statement));
        assert_eq!(PinStatement::verify(note.as_bytes(), FORCE, &other), Err(PinsError::Signature));
        assert_eq!(PinStatement::verify(note.as_bytes(), "other.example", &own), Err(PinsError::Malformed));
    }

    #[test]
    fn one_pin_twice_version_nought_and_other_forms_are_refused() {
        let key = root(1).verifier().unwrap();
        for statement in [
            PinStatement { version: 0, pins: [[1; 32], [2; 32]] },
            PinStatement { version: 1, pins: [[1; 32], [1; 32]] },
        ] {
            let note = statement.sign(FORCE, &root(1)).unwrap().to_text();
            assert_eq!(PinStatement::verify(note.as_bytes(), FORCE, &key), Err(PinsError::Malformed));
        }
        let text = PinStatement { version: 1, pins: [[1; 32], [2; 32]] }.text(FORCE);
        for other in [text.replacen("\n1\n", "\n01\n", 1), format!("{text}more\n"), text.replacen("pins", "log", 1)] {
            let mut note = SignedNote::new(other).unwrap();
            note.attach(root(1).sign(note.text()).unwrap()).unwrap();
            let read = PinStatement::verify(note.to_text().as_bytes(), FORCE, &key);
            assert_eq!(read, Err(PinsError::Malformed));
        }
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let note = PinStatement { version: 1, pins: [[1; 32], [2; 32]] }.sign(FORCE, &root(1)).unwrap().to_text();
        let key = root(1).verifier().unwrap();
        for bit in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(PinStatement::verify(&bytes, FORCE, &key).is_err(), "bit {bit}");
        }
    }
}
