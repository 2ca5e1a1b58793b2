//! A log that follows another: when a log's key is lost, what the force does not have of it goes over in the next log.
//!
//! The next log's first entry names the old log, its size and root, and how much of it the mirror had confirmed; the
//! entries after it carry the rest, byte for byte. Must never: take an entry that is not where the old log had it.
//! Always: from the confirmed part, the carried entries lead to the stated root, or the whole is refused.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryError};
use crate::note::{SignedNote, VerifierKey};
use crate::tree::{CompactRange, TreeError, leaf_hash};
use crate::{Hash, Origin};

/// Why carried entries do not complete a log. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// A carried entry is none.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The tree refused.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An entry is missing, doubled, out of order, or not of this log.
    #[error("complete a log: a carried entry is not the next one")]
    NotNext,
    /// What is held of the log is not a beginning of what is carried: too short to join on, longer, or another history.
    #[error("complete a log: what is held of it is not its beginning")]
    Held,
    /// The carried entries lead elsewhere.
    #[error("complete a log: the carried entries do not lead to its root")]
    Root,
}

/// How an old log ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// Its name.
    pub origin: Origin,
    /// Entries.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The part of it that the mirror had confirmed.
    pub confirmed: CompactRange,
}

impl LogEnd {
    /// Checks that `entries` are all that follows the confirmed part.
    ///
    /// # Errors
    /// [`SuccessionError`]: nothing is to be believed of the carried entries then.
    pub fn check<'a>(&self, entries: impl IntoIterator<Item = &'a [u8]>) -> Result<(), SuccessionError> {
        let mut range = self.confirmed.clone();
        for bytes in entries {
            let entry = Entry::decode(bytes)?;
            if entry.header().seq != range.size() || entry.header().prior_root != range.root() {
                return Err(SuccessionError::NotNext);
            }
            range.append(leaf_hash(bytes))?;
        }
        let whole = range.size() == self.size && range.root() == self.root;
        if whole { Ok(()) } else { Err(SuccessionError::Root) }
    }

    /// The carried entries that whoever holds the log's first `held` entries, with this root, does not have. More may have
    /// arrived than the phone knew, so what is held may reach into what is carried.
    ///
    /// # Errors
    /// [`SuccessionError`]: nothing is to be added then.
    pub fn beyond<'a, B: AsRef<[u8]>>(
        &self,
        held: u64,
        held_root: Hash,
        carried: &'a [B],
    ) -> Result<&'a [B], SuccessionError> {
        self.check(carried.iter().map(AsRef::as_ref))?;
        let known = held.checked_sub(self.confirmed.size()).and_then(|known| usize::try_from(known).ok());
        let (known, rest) = known.and_then(|known| carried.split_at_checked(known)).ok_or(SuccessionError::Held)?;
        if self.after(known)?.root() == held_root { Ok(rest) } else { Err(SuccessionError::Held) }
    }

    /// The carried entries where less is held than was confirmed, because the mirror lost it: `receipt` is its own signed
    /// statement, as a note, that it once had all up to what is carried. What was lost has a size then, and no bytes.
    ///
    /// # Errors
    /// [`SuccessionError::Held`] where nothing was lost, or the mirror's statement does not show it; nothing is to be added
    /// then.
    pub fn after_loss<'a, B: AsRef<[u8]>>(
        &self,
        held: u64,
        carried: &'a [B],
        receipt: &str,
        mirror: &VerifierKey,
    ) -> Result<&'a [B], SuccessionError> {
        self.check(carried.iter().map(AsRef::as_ref))?;
        let note = SignedNote::parse(receipt.as_bytes()).ok();
        let note = note.filter(|note| note.verify(std::slice::from_ref(mirror)).is_ok());
        let had = note.and_then(|note| Checkpoint::from_note(&note).ok()).ok_or(SuccessionError::Held)?;
        let known = had.size.checked_sub(self.confirmed.size()).and_then(|known| usize::try_from(known).ok());
        let known = known.and_then(|known| carried.get(..known)).ok_or(SuccessionError::Held)?;
        let shown = had.origin == self.origin && had.root == self.after(known)?.root();
        if shown && held < self.confirmed.size() { Ok(carried) } else { Err(SuccessionError::Held) }
    }

    /// The range over the confirmed part and these entries after it.
    fn after<B: AsRef<[u8]>>(&self, entries: &[B]) -> Result<CompactRange, TreeError> {
        let mut range = self.confirmed.clone();
        for bytes in entries {
            range.append(leaf_hash(bytes.as_ref()))?;
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entry::EntryTime;
    use crate::writer::WriterState;

    /// A log of receipts' commitments and how it ended, with `confirmed` entries at the mirror.
    fn log(size: u64, confirmed: u64) -> (Vec<Vec<u8>>, LogEnd) {
        let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
        let (mut state, mut entries, mut held) = (WriterState::new(), Vec::new(), CompactRange::new());
        for _ in 0..size {
            if state.size() == confirmed {
                held = state.range().clone();
            }
            let appended = state.append_receipt(time, Hash::of(&[b"receipt"]), &mut rand::rng()).unwrap();
            entries.push(appended.entry);
            state = appended.state;
        }
        if confirmed == size {
            held = state.range().clone();
        }
        let origin = Origin::device("force.example", "e1").unwrap();
        (entries, LogEnd { origin, size, root: state.root(), confirmed: held })
    }

    fn check(end: &LogEnd, entries: &[Vec<u8>]) -> Result<(), SuccessionError> {
        end.check(entries.iter().map(Vec::as_slice))
    }

    #[test]
    fn the_rest_of_a_log_completes_it_and_nothing_else_does() {
        for (size, confirmed) in [(0, 0), (1, 0), (1, 1), (7, 3), (20, 16), (20, 20)] {
            let (entries, end) = log(size, confirmed);
            let rest = &entries[usize::try_from(confirmed).unwrap()..];
            assert_eq!(check(&end, rest), Ok(()), "{size} {confirmed}");
            if let Some((_, shorter)) = rest.split_first() {
                assert!(check(&end, shorter).is_err(), "without the first");
                assert_eq!(check(&end, &rest[..rest.len() - 1]), Err(SuccessionError::Root), "without the last");
                let doubled = [rest, &rest[rest.len() - 1..]].concat();
                assert_eq!(check(&end, &doubled), Err(SuccessionError::NotNext), "the last twice");
            }
            let (other, _) = log(size.max(1), confirmed);
            assert!(check(&end, &other).is_err(), "another log's");
        }
    }

    #[test]
    fn what_is_held_joins_what_is_carried_or_nothing_is_added() {
        let (entries, end) = log(20, 7);
        let root_at = |size: usize| {
            let mut range = CompactRange::new();
            entries[..size].iter().for_each(|entry| range.append(leaf_hash(entry)).unwrap());
            range.root()
        };
        let carried = &entries[7..];
        for held in [7_usize, 8, 19, 20] {
            let rest = end.beyond(held as u64, root_at(held), carried).unwrap();
            assert_eq!(rest, &entries[held..], "{held}");
        }
        for (held, root) in [(6, root_at(6)), (21, root_at(20)), (8, root_at(7)), (7, root_at(8)), (0, root_at(0))] {
            assert_eq!(end.beyond(held, root, carried), Err(SuccessionError::Held), "{held}");
        }
        assert!(end.beyond(7, root_at(7), &carried[1..]).is_err(), "what does not complete the log adds nothing");
    }

    #[test]
    fn s35_what_the_mirror_confirmed_and_lost_is_believed_on_its_own_word_alone() {
        use crate::note::Ed25519Signer;
        let (entries, end) = log(20, 7);
        let (mirror, other) =
            [(); 2].map(|()| Ed25519Signer::generate("force.example/peel/mirror", &mut rand::rng()).unwrap()).into();
        let key = mirror.cosigner_verifier().unwrap();
        let receipt = |origin: &Origin, size: usize, signer: &Ed25519Signer| {
            let mut range = CompactRange::new();
            entries[..size].iter().for_each(|entry| range.append(leaf_hash(entry)).unwrap());
            let had = Checkpoint { origin: origin.clone(), size: size as u64, root: range.root() };
            let mut note = had.to_note().unwrap();
            note.attach(signer.cosign(note.text(), 1_700_000_000).unwrap()).unwrap();
            note.to_text()
        };
        let carried = &entries[7..];
        for had in [7, 8, 20] {
            let text = receipt(&end.origin, had, &mirror);
            assert_eq!(end.after_loss(3, carried, &text, &key).unwrap(), carried, "{had}");
            assert_eq!(end.after_loss(7, carried, &text, &key), Err(SuccessionError::Held), "nothing was lost");
        }
        let stranger = Origin::device("force.example", "e2").unwrap();
        let wrong = [
            receipt(&end.origin, 6, &mirror),
            receipt(&end.origin, 8, &other),
            receipt(&stranger, 8, &mirror),
            receipt(&end.origin, 8, &mirror).replacen("\n8\n", "\n9\n", 1),
            String::new(),
        ];
        for text in wrong {
            assert_eq!(end.after_loss(3, carried, &text, &key), Err(SuccessionError::Held), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_changed_bit_is_found(size in 1_u64..12, held in 0_u64..12, at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let confirmed = held.min(size - 1);
            let (entries, end) = log(size, confirmed);
            let mut rest = entries[usize::try_from(confirmed).unwrap()..].to_vec();
            let one = at.index(rest.len());
            let byte = at.index(rest[one].len());
            rest[one][byte] ^= 1 << bit;
            prop_assert!(check(&end, &rest).is_err());
        }
    }
}
