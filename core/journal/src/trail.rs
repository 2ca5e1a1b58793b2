//! The trail's writer: event bodies become sealed entries, in order, in one transaction with what belongs to them.
//!
//! Must never: hold a key that opens an old entry, or count an entry that was not committed. Always: what is drafted
//! changes nothing until the store has made it durable.

use std::sync::Arc;

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{Entry, EntryClass, EntryTime};
use peel_ledger::note::{Ed25519Signer, NoteError};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::tree::TreeError;
use peel_ledger::writer::{Appended, WriterError, WriterState};
use peel_ledger::{Hash, Origin};
use rand_core::CryptoRng;

use crate::sealed::{RecordKey, SealedError};
use crate::signing::Present;
use crate::store::{Batch, Op, Store, StoreError};

/// The name of the writer's state in the store.
const WRITER: &str = "writer";
/// The name of the last beacon in the store.
pub(crate) const BEACON: &str = "beacon";

/// A trail error. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrailError {
    /// An entry.
    #[error(transparent)]
    Writer(#[from] WriterError),
    /// The working cache.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// A checkpoint.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state of the tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The log's key is lost: entries are durable, and nothing signs them.
    #[error("sign a log whose key is lost")]
    NoKey,
    /// A log cannot succeed itself.
    #[error("let a log succeed itself")]
    SameLog,
}

/// When something was, by the phone's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Wall clock: milliseconds since 1970-01-01 UTC.
    pub wall_ms: i64,
    /// Monotonic clock in nanoseconds since boot.
    pub mono_ns: u64,
    /// Which boot.
    pub boot: [u8; 8],
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An event's body, to be sealed.
    Body {
        /// Its coarse class.
        class: EntryClass,
        /// When.
        at: Stamp,
        /// The body in the clear.
        body: Vec<u8>,
    },
    /// A receipt's commitment, in the clear.
    Receipt(Hash, Stamp),
}

/// Entries that are ready to be committed.
#[derive(Debug, Clone)]
struct Draft {
    ops: Vec<Op>,
    state: WriterState,
    last: Option<([u8; 8], u64)>,
    first: u64,
    entries: Vec<Vec<u8>>,
}

/// Entries that are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The index of the first.
    pub first: u64,
    /// Their bytes.
    pub entries: Vec<Vec<u8>>,
}

/// The writer of this device's log.
#[derive(Debug)]
pub struct Trail {
    origin: Origin,
    signer: Option<Arc<Ed25519Signer>>,
    recipients: Vec<RecipientPublicKey>,
    state: WriterState,
    beacon: Option<Hash>,
    /// Boot and monotonic time of the last entry: within one boot, entries never go back.
    last: Option<([u8; 8], u64)>,
}

impl Trail {
    /// Continues what the store holds, after a check in O(log n) that it ends as it says.
    ///
    /// # Errors
    /// [`TrailError::Tree`] or [`TrailError::Writer`] where the stored state and the last entry disagree: such a log
    /// must not be continued.
    pub fn open(
        store: &Store,
        origin: Origin,
        signer: Ed25519Signer,
        recipients: Vec<RecipientPublicKey>,
    ) -> Result<Self, TrailError> {
        Self::open_with(store, origin, Some(Arc::new(signer)), recipients)
    }

    /// The same for a log whose key is lost: it is recorded to as before, and signs nothing any more.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_unsigned(
        store: &Store,
        origin: Origin,
        recipients: Vec<RecipientPublicKey>,
    ) -> Result<Self, TrailError> {
        Self::open_with(store, origin, None, recipients)
    }

    fn open_with(
        store: &Store,
        origin: Origin,
        signer: Option<Arc<Ed25519Signer>>,
        recipients: Vec<RecipientPublicKey>,
    ) -> Result<Self, TrailError> {
        let beacon = store.meta(BEACON)?.and_then(|bytes| Hash::from_slice(&bytes).ok());
        let state = store.meta(WRITER)?.map_or_else(|| Ok(WriterState::new()), |bytes| WriterState::from_bytes(&bytes));
        let state = state?;
        let last = state.size().checked_sub(1).map(|last| store.entries(last, 1)).transpose()?;
        let last = last.and_then(|entries| entries.into_iter().next());
        state.self_check(last.as_deref())?;
        let last = last.map(|bytes| Entry::decode(&bytes)).transpose().map_err(WriterError::from)?;
        let last = last.map(|entry| (entry.header().time.boot, entry.header().time.mono_ns));
        if store.size()? != state.size() {
            return Err(WriterError::SelfCheck.into());
        }
        Ok(Self { origin, signer, recipients, state, beacon, last })
    }

    /// Checks that the store still ends where this writer does: for a store that was closed and opened again.
    ///
    /// # Errors
    /// [`WriterError::SelfCheck`] when something else wrote meanwhile: the log must not be continued from here.
    pub fn check(&self, store: &Store) -> Result<(), TrailError> {
        let stored = store.meta(WRITER)?.unwrap_or_else(|| WriterState::new().to_bytes());
        let same = stored == self.state.to_bytes() && store.size()? == self.size();
        if same { Ok(()) } else { Err(WriterError::SelfCheck.into()) }
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.state.size()
    }

    /// The log's name.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The last beacon, if the force ever gave one.
    pub const fn beacon(&self) -> Option<Hash> {
        self.beacon
    }

    /// The last beacon: entries from now on are not older than it.
    pub fn witness(&mut self, beacon: Hash) {
        self.beacon = Some(beacon);
    }

    /// What a signature over the trail is made of.
    pub fn present(&self) -> Present {
        Present { checkpoint: self.checkpoint(), signer: self.signer.clone() }
    }

    /// Whether there is a key that signs this log.
    pub const fn is_signed(&self) -> bool {
        self.signer.is_some()
    }

    /// Entries from now on are sealed to these: the force changes its operations key every month.
    pub fn seal_to(&mut self, recipients: Vec<RecipientPublicKey>) {
        self.recipients = recipients;
    }

    /// An empty log that goes on with this one's time and beacon.
    pub(crate) fn begin(&self, origin: Origin, signer: Ed25519Signer, recipients: Vec<RecipientPublicKey>) -> Self {
        let (signer, state) = (Some(Arc::new(signer)), WriterState::new());
        Self { origin, signer, recipients, state, beacon: self.beacon, last: self.last }
    }

    /// The present checkpoint, unsigned.
    pub fn checkpoint(&self) -> Checkpoint {
        self.state.checkpoint(&self.origin)
    }

    /// Seals `items` one after another and commits them together with `batch` in one transaction. With a cache key,
    /// each body is also sealed to this device.
    ///
    /// When it fails, nothing has happened.
    pub fn append(
        &mut self,
        store: &Store,
        items: &[Item],
        mut batch: Batch,
        cache: Option<&RecordKey>,
        rng: &mut impl CryptoRng,
    ) -> Result<Committed, TrailError> {
        let Draft { ops, state, last, first, entries } = self.draft(items, cache, rng)?;
        batch.extend(ops);
        store.commit(batch)?;
        (self.state, self.last) = (state, last);
        Ok(Committed { first, entries })
    }

    fn draft(&self, items: &[Item], cache: Option<&RecordKey>, rng: &mut impl CryptoRng) -> Result<Draft, TrailError> {
        let mut draft = Draft {
            ops: Vec::new(),
            state: self.state.clone(),
            last: self.last,
            first: self.state.size(),
            entries: Vec::new(),
        };
        for item in items {
            let time = self.time(item, &mut draft.last);
            let (appended, sealed) = self.next(&draft.state, item, time, cache, rng)?;
            draft.state = appended.state;
            draft.entries.push(appended.entry.clone());
            let (index, leaf) = (appended.index, appended.leaf.to_bytes());
            draft.ops.push(Op::Entry { index, leaf, bytes: appended.entry, sealed });
        }
        if !items.is_empty() {
            draft.ops.push(Op::Put(WRITER, draft.state.to_bytes()));
        }
        Ok(draft)
    }

    fn next(
        &self,
        state: &WriterState,
        item: &Item,
        time: EntryTime,
        cache: Option<&RecordKey>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Appended, Option<Vec<u8>>), TrailError> {
        match item {
            Item::Receipt(commitment, _) => Ok((state.append_receipt(time, *commitment, rng)?, None)),
            Item::Body { class, body, .. } => {
                let sealed = cache.map(|key| key.seal(&event_place(state.size()), body, rng)).transpose()?;
                Ok((state.append(&self.origin, *class, time, body, &self.recipients, rng)?, sealed))
            }
        }
    }

    /// The time for the envelope. Moments are taken before they wait their turn, so two of one boot can come in the
    /// wrong order by a hair; the envelope's never do.
    fn time(&self, item: &Item, last: &mut Option<([u8; 8], u64)>) -> EntryTime {
        let (Item::Body { at, .. } | Item::Receipt(_, at)) = item;
        let before = last.filter(|(boot, _)| *boot == at.boot).map_or(0, |(_, mono_ns)| mono_ns);
        let mono_ns = at.mono_ns.max(before);
        *last = Some((at.boot, mono_ns));
        EntryTime { wall_ms: at.wall_ms, mono_ns, boot: at.boot, beacon: self.beacon }
    }
}

/// Where an event's sealed copy belongs.
pub fn event_place(index: u64) -> Vec<u8> {
    format!("peel/v1/event/{index}").into_bytes()
}

#[cfg(test)]
mod tests;
