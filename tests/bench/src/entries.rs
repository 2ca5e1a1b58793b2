//! Entries that are well-formed and sealed to nobody: noise of the right lengths, made quickly.
//!
//! A store and a mirror cannot tell them from sealed ones, so they cost both the same.

use peel_ledger::Hash;
use peel_ledger::entry::{CipherSuite, Entry, EntryClass, EntryHeader, EntryTime, WrappedKey};
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::writer::WriterState;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Recipients of every entry.
pub(crate) const RECIPIENTS: usize = 2;
/// The padded body of a usual event.
pub(crate) const PADDED: usize = 256;
const TAG: usize = 16;

/// A log that grows by noise.
#[derive(Default)]
pub(crate) struct Noise {
    before_last: CompactRange,
    range: CompactRange,
    last: Option<Hash>,
}

impl Noise {
    /// The next entry and its leaf.
    pub(crate) fn next(&mut self, rng: &mut StdRng) -> (Vec<u8>, Hash) {
        let seq = self.range.size();
        let time = EntryTime { wall_ms: 1_795_000_000_000, mono_ns: seq, boot: [1; 8], beacon: None };
        let class = EntryClass::Event;
        let header = EntryHeader { seq, event_id: rng.random(), class, time, prior_root: self.range.root() };
        let recipients = (0_u8..).take(RECIPIENTS).map(|kid| WrappedKey {
            kid: [kid; 8],
            enc: rng.random::<[u8; 32]>().to_vec(),
            wrapped_cek: vec![kid; 48],
        });
        let recipients = recipients.collect();
        let body = vec![9; PADDED + TAG];
        let entry = Entry::new(header, CipherSuite::X25519ChaCha20Poly1305, recipients, body, [5; 32]).unwrap();
        let bytes = entry.encode();
        let leaf = leaf_hash(&bytes);
        self.before_last = self.range.clone();
        self.range.append(leaf).unwrap();
        self.last = Some(leaf);
        (bytes, leaf)
    }

    /// The root over all entries so far.
    pub(crate) fn root(&self) -> Hash {
        self.range.root()
    }

    /// The writer's state after the last entry.
    pub(crate) fn state(&self) -> WriterState {
        let last = self.last.as_ref().map(Hash::as_bytes).map_or(&[][..], |leaf| leaf.as_slice());
        WriterState::from_bytes(&[&self.before_last.to_bytes(), last].concat()).unwrap()
    }
}
