//! The checkpoint (C2SP tlog-checkpoint): origin, size and root, as the text of a signed note.
//!
//! A checkpoint has one text. Extension lines are refused: none of the product's logs writes any.

use crate::note::{Ed25519Signer, NoteError, SignedNote};
use crate::tree::CompactRange;
use crate::{Hash, Origin};

/// Why a text is not a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not origin, size and root on three lines in canonical form.
    #[error("read checkpoint: not origin, size and root in canonical form")]
    Malformed,
    /// The note around it was refused.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The state of a log: how many leaves, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Leaves.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Hash,
}

impl Checkpoint {
    /// The checkpoint of a range.
    pub fn of(origin: Origin, range: &CompactRange) -> Self {
        Self { origin, size: range.size(), root: range.root() }
    }

    /// The note text, three lines.
    pub fn note_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads a note text.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed);
        };
        let origin = Origin::new(origin).map_err(|_| CheckpointError::Malformed)?;
        let size = parse_decimal(size).ok_or(CheckpointError::Malformed)?;
        let root = Hash::from_base64(root).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self { origin, size, root })
    }

    /// An unsigned note over this checkpoint.
    pub fn to_note(&self) -> Result<SignedNote, NoteError> {
        SignedNote::new(self.note_text())
    }

    /// A note with the log's own Ed25519 line; the signer's name must be the origin.
    pub fn sign(&self, signer: &Ed25519Signer) -> Result<SignedNote, NoteError> {
        if signer.name() != self.origin.as_str() {
            return Err(NoteError::Name);
        }
        let mut note = self.to_note()?;
        note.attach(signer.sign(note.text())?)?;
        Ok(note)
    }

    /// Reads the checkpoint in a parsed note. The note's signatures are for the caller to verify.
    pub fn from_note(note: &SignedNote) -> Result<Self, CheckpointError> {
        Self::parse(note.text())
    }
}

/// A decimal number without sign or leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn reads_the_published_example() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.note_text(), TEXT);
    }

    #[test]
    fn refuses_second_forms_and_extensions() {
        for bad in [
            TEXT.replace("2085", "02085"),
            TEXT.replace("2085", "+2085"),
            TEXT.replace("q2I=", "q2J="),
            format!("{TEXT}extension\n"),
            TEXT.trim_end().to_owned(),
            TEXT.replace("example", ""),
        ] {
            let read = Checkpoint::parse(&bad);
            assert!(read.is_err() || read.unwrap().note_text() == bad && bad.starts_with('.'), "{bad}");
        }
    }

    #[test]
    fn only_the_log_itself_signs_its_checkpoint() {
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        let stranger = Ed25519Signer::from_seed("elsewhere.example", &[1; 32]).unwrap();
        assert_eq!(checkpoint.sign(&stranger), Err(NoteError::Name));
        let log = Ed25519Signer::from_seed("example.com/behind-the-sofa", &[1; 32]).unwrap();
        let note = checkpoint.sign(&log).unwrap();
        note.verify(&[log.verifier().unwrap()]).unwrap();
        assert_eq!(Checkpoint::from_note(&note), Ok(checkpoint));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn whatever_parses_has_one_form(text in "[a-z0-9/+=\n]{0,120}") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.note_text(), text);
            }
        }
    }
}
