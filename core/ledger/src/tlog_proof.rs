//! The offline proof that an entry is in a log (C2SP tlog-proof, version 1): index, inclusion proof, and the checkpoint
//! that they lead to with the lines of the log and of its witnesses.
//!
//! Must never: take the log's or a witness's key from the proof. Always: a proof has one text; the `extra` line, which
//! none of the product's logs writes, is refused.

use std::fmt::Write as _;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_decimal};
use crate::note::{NoteError, SignatureType, SignedNote, VerifierKey};
use crate::tree::{TreeError, verify_inclusion};
use crate::{Hash, Origin};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 64-bit size has no longer proof.
const MAX_HASHES: usize = 64;

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not in the one form of a proof.
    #[error("read proof: not a C2SP tlog-proof in canonical form")]
    Malformed,
    /// The checkpoint is another log's.
    #[error("read proof: of another log")]
    OtherLog,
    /// The log's own key has not signed the checkpoint.
    #[error("read proof: checkpoint not signed by the log")]
    Unsigned,
    /// Fewer witnesses cosigned the checkpoint than are asked for.
    #[error("read proof: cosigned by {found} witnesses where {needed} are asked for")]
    Witnesses {
        /// How many did.
        found: usize,
        /// How many are asked for.
        needed: usize,
    },
    /// The note around the checkpoint was refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Index, proof and checkpoint do not fit the leaf.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl From<CheckpointError> for TlogProofError {
    fn from(error: CheckpointError) -> Self {
        if let CheckpointError::Note(error) = error { Self::Note(error) } else { Self::Malformed }
    }
}

/// Whom a reader of a log believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTrust {
    /// The log.
    pub origin: Origin,
    /// Its Ed25519 key.
    pub log_key: VerifierKey,
    /// Cosigners that count, each key once.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them must have cosigned.
    pub witnesses_needed: usize,
}

impl LogTrust {
    /// The key under which this log, or the force log of a later epoch, signs: it has one key for all of them.
    fn key_for(&self, origin: &Origin) -> Option<VerifierKey> {
        if *origin == self.origin {
            return Some(self.log_key.clone());
        }
        let (domain, _) = self.origin.as_str().split_once("/peel/")?;
        let later = origin.force_log_epoch(domain)? > self.origin.force_log_epoch(domain)?;
        let key = self.log_key.key_bytes().try_into().ok().filter(|_| later)?;
        VerifierKey::ed25519(origin.as_str(), &key).ok()
    }
}

/// A proof, read and not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof (RFC 6962, section 2.1.1), leaf to root.
    pub hashes: Vec<Hash>,
    /// The checkpoint with its lines.
    pub note: SignedNote,
}

impl TlogProof {
    /// The proof's text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nindex {}\n", self.index);
        for hash in &self.hashes {
            let _ = writeln!(text, "{}", hash.to_base64());
        }
        let _ = write!(text, "\n{}", self.note.to_text());
        text
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`TlogProofError::Malformed`] and those of the note.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofError::Malformed)?;
        let (head, note) = text.split_once("\n\n").ok_or(TlogProofError::Malformed)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(TlogProofError::Malformed);
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(parse_decimal);
        let index = index.ok_or(TlogProofError::Malformed)?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MAX_HASHES {
                return Err(TlogProofError::Malformed);
            }
            hashes.push(Hash::from_base64(line).map_err(|_| TlogProofError::Malformed)?);
        }
        Ok(Self { index, hashes, note: SignedNote::parse(note.as_bytes())? })
    }

    /// Verifies that the leaf stands in the log, and gives the checkpoint that says so.
    ///
    /// # Errors
    /// [`TlogProofError`].
    pub fn verify(&self, leaf: &Hash, trust: &LogTrust) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::from_note(&self.note)?;
        let log_key = trust.key_for(&checkpoint.origin).ok_or(TlogProofError::OtherLog)?;
        self.note.verify(std::slice::from_ref(&log_key)).map_err(|error| match error {
            NoteError::Unsigned => TlogProofError::Unsigned,
            other => TlogProofError::Note(other),
        })?;
        let found = self.witnesses(trust);
        if found < trust.witnesses_needed {
            return Err(TlogProofError::Witnesses { found, needed: trust.witnesses_needed });
        }
        verify_inclusion(self.index, checkpoint.size, leaf, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }

    /// How many witnesses cosigned; one key under two names counts once.
    fn witnesses(&self, trust: &LogTrust) -> usize {
        let mut counted: Vec<Vec<u8>> = Vec::new();
        for witness in trust.witnesses.iter().filter(|key| key.signature_type() == SignatureType::CosignatureV1) {
            let is_there = self.note.verify(std::slice::from_ref(witness)).is_ok();
            if is_there && !counted.contains(&witness.key_bytes()) {
                counted.push(witness.key_bytes());
            }
        }
        counted.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::Ed25519Signer;
    use crate::tree::{CompactRange, LeafHashes, inclusion_proof, leaf_hash};

    const SIZE: u64 = 300;

    fn origin() -> Origin {
        Origin::new("force.example/peel/log").unwrap()
    }

    fn log_signer() -> Ed25519Signer {
        Ed25519Signer::from_seed(origin().as_str(), &[1; 32]).unwrap()
    }

    fn witness(number: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(&format!("witness{number}.example"), &[number; 32]).unwrap()
    }

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    fn proof(index: u64, witnesses: &[u8]) -> TlogProof {
        proof_by(&log_signer(), index, witnesses)
    }

    fn proof_by(signer: &Ed25519Signer, index: u64, witnesses: &[u8]) -> TlogProof {
        let mut range = CompactRange::new();
        for index in 0..SIZE {
            range.append(leaf(index)).unwrap();
        }
        let mut note = Checkpoint::of(Origin::new(signer.name()).unwrap(), &range).sign(signer).unwrap();
        for number in witnesses {
            note.attach(witness(*number).cosign(note.text(), 7).unwrap()).unwrap();
        }
        let nodes = LeafHashes::new((0..SIZE).map(leaf).collect());
        TlogProof { index, hashes: inclusion_proof(&nodes, index, SIZE).unwrap(), note }
    }

    fn trust(witnesses: &[u8], witnesses_needed: usize) -> LogTrust {
        let witnesses = witnesses.iter().map(|number| witness(*number).cosigner_verifier().unwrap()).collect();
        LogTrust { origin: origin(), log_key: log_signer().verifier().unwrap(), witnesses, witnesses_needed }
    }

    #[test]
    fn a_proof_reads_back_and_proves_its_own_leaf_alone() {
        for index in [0, 1, 255, 256, 299] {
            let proof = proof(index, &[]);
            assert_eq!(TlogProof::parse(proof.to_text().as_bytes()).as_ref(), Ok(&proof));
            assert_eq!(proof.verify(&leaf(index), &trust(&[], 0)).unwrap().size, SIZE);
            assert!(matches!(proof.verify(&leaf(index + 1), &trust(&[], 0)), Err(TlogProofError::Tree(_))));
        }
    }

    #[test]
    fn another_log_another_key_and_too_few_witnesses_are_told_apart() {
        let proof = proof(7, &[2, 3]);
        assert!(proof.verify(&leaf(7), &trust(&[2, 3, 4], 2)).is_ok());
        let few = proof.verify(&leaf(7), &trust(&[3, 4, 5], 2));
        assert_eq!(few, Err(TlogProofError::Witnesses { found: 1, needed: 2 }));
        // One key twice in the list is one witness.
        let twice = proof.verify(&leaf(7), &trust(&[2, 2], 2));
        assert_eq!(twice, Err(TlogProofError::Witnesses { found: 1, needed: 2 }));
        let other_log = LogTrust { origin: Origin::new("other.example/peel/log").unwrap(), ..trust(&[], 0) };
        assert_eq!(proof.verify(&leaf(7), &other_log), Err(TlogProofError::OtherLog));
        let stranger = Ed25519Signer::from_seed(origin().as_str(), &[9; 32]).unwrap();
        let other_key = LogTrust { log_key: stranger.verifier().unwrap(), ..trust(&[], 0) };
        assert_eq!(proof.verify(&leaf(7), &other_key), Err(TlogProofError::Unsigned));
    }

    #[test]
    fn s35_the_force_log_of_a_later_epoch_is_believed_by_the_same_key_and_no_other_log_is() {
        let by = |name: &str, seed: u8| {
            let signer = Ed25519Signer::from_seed(name, &[seed; 32]).unwrap();
            proof_by(&signer, 7, &[]).verify(&leaf(7), &trust(&[], 0))
        };
        assert_eq!(by("force.example/peel/log-2", 1).unwrap().size, SIZE);
        assert_eq!(by("force.example/peel/log-2", 9), Err(TlogProofError::Unsigned));
        for other in ["other.example/peel/log-2", "force.example/peel/events", "force.example/peel/device/x"] {
            assert_eq!(by(other, 1), Err(TlogProofError::OtherLog), "{other}");
        }
        let second = Ed25519Signer::from_seed("force.example/peel/log-2", &[1; 32]).unwrap().verifier().unwrap();
        let later = LogTrust { origin: second.name().parse().unwrap(), log_key: second, ..trust(&[], 0) };
        let former = proof(7, &[]).verify(&leaf(7), &later);
        assert_eq!(former, Err(TlogProofError::OtherLog), "what has ended is not gone back to");
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let bytes = proof(7, &[]).to_text().into_bytes();
        let trust = trust(&[], 0);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let verified = TlogProof::parse(&changed).and_then(|proof| proof.verify(&leaf(7), &trust));
            assert!(verified.is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_what_would_be_written(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(proof) = TlogProof::parse(&bytes) {
                prop_assert_eq!(proof.to_text().into_bytes(), bytes);
            }
        }
    }
}
