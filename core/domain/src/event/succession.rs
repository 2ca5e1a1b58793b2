//! How a phone says that a log of its own ended and what it carries over: the next log's first events.
//!
//! Always: the bytes are the ledger's; the domain knows what they are for, not how they are made.

use serde::{Deserialize, Serialize};

use super::Action;

/// Longest part of a carried entry, in bytes, so that the event that carries it fits an entry itself.
pub const MAX_CARRIED_PART: usize = 48 * 1024;

/// Why a log ended before its enrolment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEndCause {
    /// The key that signs the log is lost.
    LogKeyLost,
    /// The hardware key that signs beside it is lost.
    HardwareKeyLost,
    /// The key that proves the device to the gateway is lost.
    AuthKeyLost,
    /// The keys were changed although none is lost.
    Rotated,
    /// The force lost what it had confirmed and what was pruned here since.
    ForceLostHistory,
    /// The force, or somebody in its name, holds more of this log than there is, or another history of it.
    OtherHistory,
    /// The force does not know this enrolment any more.
    EnrolmentUnknown,
    /// Two people revoked this enrolment.
    EnrolmentRevoked,
    /// Nobody had approved this enrolment.
    EnrolmentPending,
    /// The gateway changed its keys more than once while this phone was away.
    GatewayKeysMissed,
}

/// How the log before this one ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnded {
    /// Why.
    pub cause: LogEndCause,
    /// Its name.
    pub origin: String,
    /// Its entries.
    pub size: u64,
    /// Their root.
    #[serde(with = "crate::bytes")]
    pub root: [u8; 32],
    /// The part that the mirror had confirmed: a compact range, size first.
    #[serde(with = "crate::bytes")]
    pub confirmed: Vec<u8>,
    /// The last checkpoint that its own keys signed, as a note.
    pub signed: Option<String>,
    /// The mirror's statement that it had the confirmed part, as a note.
    pub receipt: Option<String>,
}

impl LogEnded {
    /// What the next log begins with: this end, and the entries from index `first` on, in their parts.
    pub fn last_words(self, first: u64, entries: &[Vec<u8>]) -> impl Iterator<Item = Action> {
        let carried = (first..).zip(entries).flat_map(|(index, entry)| EntryCarried::parts(index, entry));
        std::iter::once(Action::LogEnded(self)).chain(carried.map(Action::EntryCarried))
    }
}

/// One entry of the log before this one, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryCarried {
    /// Its index there.
    pub index: u64,
    /// Whether another part follows.
    pub more: bool,
    /// Its bytes.
    #[serde(with = "crate::bytes")]
    pub bytes: Vec<u8>,
}

impl EntryCarried {
    /// The parts in which an entry is carried: one, unless it is among the longest.
    pub fn parts(index: u64, entry: &[u8]) -> Vec<Self> {
        let count = entry.len().div_ceil(MAX_CARRIED_PART);
        let part = |(at, bytes): (usize, &[u8])| Self { index, more: at + 1 < count, bytes: bytes.to_vec() };
        entry.chunks(MAX_CARRIED_PART).enumerate().map(part).collect()
    }
}

/// Puts carried entries together again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarriedEntries {
    entries: Vec<Vec<u8>>,
    open: Option<u64>,
}

impl CarriedEntries {
    /// Takes the next part; says whether it is where it belongs.
    pub fn take(&mut self, part: &EntryCarried) -> bool {
        match (self.open, self.entries.last_mut()) {
            (Some(index), Some(entry)) if index == part.index => entry.extend_from_slice(&part.bytes),
            (Some(_), _) => return false,
            (None, _) => self.entries.push(part.bytes.clone()),
        }
        self.open = part.more.then_some(part.index);
        true
    }

    /// The entries, in order; nothing while one is incomplete.
    pub fn whole(&self) -> Option<&[Vec<u8>]> {
        self.open.is_none().then_some(&self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_any_length_is_carried_and_put_together_again() {
        let mut carried = CarriedEntries::default();
        let entries: Vec<Vec<u8>> = [1, 900, MAX_CARRIED_PART, MAX_CARRIED_PART + 1, 65_535].map(|n| vec![7; n]).into();
        for (index, entry) in (40..).zip(&entries) {
            let parts = EntryCarried::parts(index, entry);
            assert!(parts.len() == 1 + usize::from(entry.len() > MAX_CARRIED_PART));
            assert!(parts.iter().all(|part| carried.take(part)));
        }
        assert_eq!(carried.whole(), Some(entries.as_slice()));
    }

    #[test]
    fn a_part_that_is_missing_or_of_another_entry_is_found() {
        let long = vec![7; 65_535];
        let parts = EntryCarried::parts(3, &long);
        let mut carried = CarriedEntries::default();
        assert!(carried.take(&parts[0]));
        assert_eq!(carried.whole(), None);
        assert!(!carried.take(&EntryCarried { index: 4, ..parts[1].clone() }));
        assert!(carried.take(&parts[1]));
        assert!(carried.whole().is_some());
    }
}
