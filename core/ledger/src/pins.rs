//! The gateway's TLS pins, as the force states them: a note signed by the force's root key, and after it the change of the
//! force log that two people approved.
//!
//! The root key signs shifts all day, so it alone moves no phone. The note's text is `<force domain>/peel/pins`, the version, and two lines with a pin each in base64: the present key's and the
//! next one's (SHA-256 of the DER `SubjectPublicKeyInfo`); the last line is `approved` and the change's leaf in base64. Must never: be
//! believed with an older version than one that was seen, with one far above it, or without two different approvers.
//! Always: exactly two pins, and they differ; one byte form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;
use crate::force_log::{Change, ForceLeaf};
use crate::note::{Ed25519Signer, NoteError, SignedNote, VerifierKey};

/// The longest statement, in bytes.
pub const MAX_PINS_BYTES: usize = 4 * 1024;

/// How many different people must have approved a statement.
pub const APPROVERS_REQUIRED: usize = 2;
/// How far above the version that was seen a statement may be: a thief of the keys must not be able to use all of them up.
pub const MAX_VERSIONS_AHEAD: u64 = 1_000;
const APPROVED: &str = "approved ";

/// Why a statement of pins was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinsError {
    /// Not a statement of this force's pins in its one form.
    #[error("read statement of pins: not in its form")]
    Malformed,
    /// Not signed by the force's root key.
    #[error("verify statement of pins: not signed by the force")]
    Signature,
    /// Not approved by two different people, or they approved something else.
    #[error("verify statement of pins: not approved by two people")]
    Approvals,
    /// Not newer than what is known, or too far above it.
    #[error("verify statement of pins: version out of range")]
    Version,
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

    /// Reads a statement that goes to phones: signed by the root key, approved by two of the approvers, and a little newer
    /// than the `known` version.
    pub fn verify_approved(
        bytes: &[u8],
        force_domain: &str,
        root: &VerifierKey,
        approvers: &[VerifierKey],
        known: u64,
    ) -> Result<Self, PinsError> {
        if bytes.len() > MAX_PINS_BYTES {
            return Err(PinsError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| PinsError::Malformed)?;
        let (note, leaf) = split(text);
        let statement = Self::verify(note.as_bytes(), force_domain, root)?;
        let leaf = leaf.ok_or(PinsError::Approvals)?.ok_or(PinsError::Malformed)?;
        let expected = Change::PinChange { version: statement.version, statement: statement_hash(note) };
        let ForceLeaf::Change { change, .. } = &leaf else { return Err(PinsError::Approvals) };
        if *change != expected || leaf.check_approvals(approvers, APPROVERS_REQUIRED).is_err() {
            return Err(PinsError::Approvals);
        }
        let ahead = statement.version.checked_sub(known);
        if ahead.is_some_and(|ahead| (1..=MAX_VERSIONS_AHEAD).contains(&ahead)) {
            Ok(statement)
        } else {
            Err(PinsError::Version)
        }
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

/// A statement with the change that approved it, as phones get it.
pub fn with_approvals(note: &str, leaf: &ForceLeaf) -> String {
    format!("{note}{APPROVED}{}\n", STANDARD.encode(leaf.encode()))
}

/// The note of a statement, and the leaf that approves it where there is a line for it: nothing in it where it is malformed.
pub fn split(text: &str) -> (&str, Option<Option<ForceLeaf>>) {
    let line = text.strip_suffix('\n').and_then(|whole| whole.rfind('\n')).map_or(0, |end| end + 1);
    let (note, last) = text.split_at_checked(line).unwrap_or((text, ""));
    let Some(leaf) = last.strip_prefix(APPROVED).and_then(|leaf| leaf.strip_suffix('\n')) else { return (text, None) };
    let leaf = STANDARD.decode(leaf).ok().and_then(|bytes| ForceLeaf::decode(&bytes).ok());
    (note, Some(leaf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;

    fn approver(number: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(&format!("force.example/peel/approver-{number}"), &[number; 32]).unwrap()
    }

    /// A statement as phones get it, approved by these people.
    fn approved(version: u64, people: &[u8]) -> String {
        let note = PinStatement { version, pins: [[1; 32], [2; 32]] }.sign(FORCE, &root(1)).unwrap().to_text();
        let change = Change::PinChange { version, statement: statement_hash(&note) };
        let unapproved = ForceLeaf::change(change.clone(), Origin::force_log(FORCE).unwrap(), 7);
        let mut all = Vec::new();
        for number in people {
            let mut leaf = unapproved.clone();
            leaf.approve(&approver(*number)).unwrap();
            if let ForceLeaf::Change { approvals, .. } = leaf {
                all.extend(approvals);
            }
        }
        all.sort_by_key(|approval| (approval.name.clone(), approval.key_id));
        let force_log = Some(Origin::force_log(FORCE).unwrap());
        with_approvals(&note, &ForceLeaf::Change { change, force_log, at_s: 7, approvals: all })
    }

    fn read(text: &str, known: u64) -> Result<u64, PinsError> {
        let approvers = [1, 2].map(|number| approver(number).verifier().unwrap());
        let root = root(1).verifier().unwrap();
        PinStatement::verify_approved(text.as_bytes(), FORCE, &root, &approvers, known).map(|read| read.version)
    }

    #[test]
    fn two_different_approvers_are_needed_and_the_root_key_alone_moves_nobody() {
        let sound = approved(2, &[1, 2]);
        assert_eq!(read(&sound, 1), Ok(2));
        let (bare, leaf) = split(&sound);
        assert_eq!(read(bare, 1), Err(PinsError::Approvals));
        for people in [&[][..], &[1], &[1, 1], &[1, 3], &[3, 4]] {
            assert!(
                matches!(read(&approved(2, people), 1), Err(PinsError::Approvals | PinsError::Malformed)),
                "{people:?}"
            );
        }
        // The approvals are for these pins, and for this version.
        let leaf = leaf.unwrap().unwrap();
        let other = PinStatement { version: 2, pins: [[1; 32], [3; 32]] }.sign(FORCE, &root(1)).unwrap().to_text();
        let newer = PinStatement { version: 3, pins: [[1; 32], [2; 32]] }.sign(FORCE, &root(1)).unwrap().to_text();
        for note in [other, newer] {
            assert_eq!(read(&with_approvals(&note, &leaf), 1), Err(PinsError::Approvals));
        }
        let thief = PinStatement { version: 2, pins: [[1; 32], [2; 32]] }.sign(FORCE, &root(9)).unwrap().to_text();
        assert_eq!(read(&with_approvals(&thief, &leaf), 1), Err(PinsError::Signature));
    }

    #[test]
    fn a_version_is_newer_and_not_far_ahead() {
        for (version, known, good) in [(2, 1, true), (2, 2, false), (2, 3, false), (1_001, 1, true), (1_002, 1, false)]
        {
            assert_eq!(read(&approved(version, &[1, 2]), known).is_ok(), good, "{version} after {known}");
        }
        assert_eq!(read(&approved(u64::MAX, &[1, 2]), 1), Err(PinsError::Version));
    }

    #[test]
    fn every_flipped_bit_of_an_approved_statement_is_refused() {
        let text = approved(2, &[1, 2]);
        let (root, approvers) =
            (root(1).verifier().unwrap(), [1, 2].map(|number| approver(number).verifier().unwrap()));
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(PinStatement::verify_approved(&bytes, FORCE, &root, &approvers, 1).is_err(), "bit {bit}");
        }
    }

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
