//! The append, as a pure step: state and event in; entry bytes, leaf hash and next state out.
//!
//! The caller commits entry and state in one transaction and only then uses the new state. A state can
//! always check itself against the last stored entry in O(log n): field 6 of that entry is the root
//! before it.

use rand_core::CryptoRng;

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryClass, EntryError, EntryHeader, EntryTime};
use crate::seal::{RecipientPublicKey, SealError, seal};
use crate::tree::{CompactRange, TreeError, leaf_hash};
use crate::{Hash, Origin};

/// Why an append or a self check did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriterError {
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The parts do not make an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The tree refused.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The class and the way of writing it do not fit.
    #[error("append entry: receipts are written in the clear, everything else sealed")]
    Class,
    /// The last entry is not the one that the state ends with.
    #[error("check log at start: last entry and state disagree")]
    SelfCheck,
}

/// What the log's writer remembers: the range before the last leaf, and that leaf.
///
/// Keeping both, rather than the present range alone, is what lets a cold start check field 6 without
/// reading the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterState {
    before_last: CompactRange,
    last_leaf: Option<Hash>,
    range: CompactRange,
}

/// One appended entry, to be committed together with the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The leaf index, equal to field 2.
    pub index: u64,
    /// The entry's bytes: what goes to storage and to the mirror.
    pub entry: Vec<u8>,
    /// The leaf hash of those bytes.
    pub leaf: Hash,
    /// The state after the append.
    pub state: WriterState,
}

impl WriterState {
    /// The state of an empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.range.size()
    }

    /// The present root.
    pub fn root(&self) -> Hash {
        self.range.root()
    }

    /// The present compact range.
    pub const fn range(&self) -> &CompactRange {
        &self.range
    }

    /// The present checkpoint, unsigned.
    pub fn checkpoint(&self, origin: &Origin) -> Checkpoint {
        Checkpoint::of(origin.clone(), &self.range)
    }

    /// For storage: the range before the last leaf, then the last leaf hash if there is one.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.before_last.to_bytes();
        if let Some(leaf) = &self.last_leaf {
            bytes.extend_from_slice(leaf.as_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreeError> {
        if let Ok(range) = CompactRange::from_bytes(bytes) {
            // Only the empty log has no last leaf.
            let empty = range.size() == 0;
            return if empty { Ok(Self::new()) } else { Err(TreeError::Malformed) };
        }
        let (before, leaf) = bytes.split_last_chunk::<{ Hash::LEN }>().ok_or(TreeError::Malformed)?;
        Self::step(CompactRange::from_bytes(before)?, Hash::new(*leaf))
    }

    fn step(before_last: CompactRange, leaf: Hash) -> Result<Self, TreeError> {
        let mut range = before_last.clone();
        range.append(leaf)?;
        Ok(Self { before_last, last_leaf: Some(leaf), range })
    }

    /// Seals a body and appends it. Nothing changes here: the new state is in the result.
    ///
    /// # Errors
    /// [`WriterError::Class`] for class 5, and whatever sealing refuses.
    pub fn append(
        &self,
        origin: &Origin,
        class: EntryClass,
        time: EntryTime,
        body: &[u8],
        recipients: &[RecipientPublicKey],
        rng: &mut impl CryptoRng,
    ) -> Result<Appended, WriterError> {
        if class == EntryClass::Receipt {
            return Err(WriterError::Class);
        }
        let header = self.header(class, time, rng);
        let entry = seal(&header, origin, body, recipients, rng)?;
        self.finish(&entry)
    }

    /// Appends a receipt's commitment in the clear (class 5).
    pub fn append_receipt(
        &self,
        time: EntryTime,
        commitment: Hash,
        rng: &mut impl CryptoRng,
    ) -> Result<Appended, WriterError> {
        let header = self.header(EntryClass::Receipt, time, rng);
        self.finish(&Entry::receipt(header, commitment)?)
    }

    fn header(&self, class: EntryClass, time: EntryTime, rng: &mut impl CryptoRng) -> EntryHeader {
        let mut event_id = [0; 16];
        rng.fill_bytes(&mut event_id);
        EntryHeader { seq: self.size(), event_id, class, time, prior_root: self.root() }
    }

    fn finish(&self, entry: &Entry) -> Result<Appended, WriterError> {
        let bytes = entry.encode();
        let leaf = leaf_hash(&bytes);
        let state = Self::step(self.range.clone(), leaf)?;
        Ok(Appended { index: self.size(), entry: bytes, leaf, state })
    }

    /// The check at a cold start, in O(log n): the last stored entry must be the leaf that this state
    /// ends with, at its index, and its field 6 the root of everything before it.
    pub fn self_check(&self, last_entry: Option<&[u8]>) -> Result<(), WriterError> {
        let (Some(bytes), Some(leaf)) = (last_entry, self.last_leaf) else {
            let both_empty = last_entry.is_none() && self.last_leaf.is_none() && self.size() == 0;
            return if both_empty { Ok(()) } else { Err(WriterError::SelfCheck) };
        };
        let entry = Entry::decode(bytes)?;
        let sound = leaf_hash(bytes) == leaf
            && entry.header().seq == self.before_last.size()
            && entry.header().prior_root == self.before_last.root();
        if sound { Ok(()) } else { Err(WriterError::SelfCheck) }
    }
}

#[cfg(test)]
mod tests;
