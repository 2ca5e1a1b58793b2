//! What of the force's own logs was signed last, in a file beside the keys: outside the store, so that it stays when the
//! store is put back from a backup.
//!
//! Must never: let a second history of the force log be signed, or be replaced by less. Always: what was signed is
//! durable here before anybody sees it; every process keeps to the largest that it signed or saw.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::tree::CompactRange;
use peel_ledger::writer::WriterState;
use peel_ledger::{Hash, Origin};
use serde::{Deserialize, Serialize};

use super::ServiceError;
use super::force_log::FORCE_LOG;
use crate::force::ForceError;
use crate::slots::{Slots, Turn};
use crate::storage::{LogRow, LogStore as _, Logs, StoreError, Tx};

/// Leaves read at a time.
const CHUNK: u64 = 4_096;
const ROLLED_BACK: ServiceError = ServiceError::Store(StoreError::RolledBack);

/// A log as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSigned {
    /// Which.
    pub origin: Origin,
    /// Its leaves.
    pub size: u64,
    /// Their root, where it is known.
    pub root: Option<Hash>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile {
    origin: String,
    /// The compact range, in hexadecimal.
    range: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessedFile {
    size: u64,
    /// In base64; a witness that is ahead names the size alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedFile {
    /// What outsiders have seen and the store does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    witnessed: Option<WitnessedFile>,
    force_log: LogFile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    events: Option<LogFile>,
}

#[derive(Clone, Debug)]
struct Known {
    origin: Origin,
    range: CompactRange,
}

impl Known {
    fn file(&self) -> LogFile {
        LogFile { origin: self.origin.to_string(), range: hex::encode(self.range.to_bytes()) }
    }

    fn read(file: &LogFile) -> Option<Self> {
        let range = CompactRange::from_bytes(&hex::decode(&file.range).ok()?).ok()?;
        Some(Self { origin: file.origin.parse().ok()?, range })
    }

    fn last(&self) -> LastSigned {
        LastSigned { origin: self.origin.clone(), size: self.range.size(), root: Some(self.range.root()) }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    force_log: Option<Known>,
    events: Option<Known>,
    witnessed: Option<WitnessedFile>,
    /// The size that the file has.
    durable: u64,
}

/// The memory of one process; processes that share a directory share the file.
#[derive(Debug)]
pub struct SignedMemory {
    file: Slots,
    state: Mutex<State>,
}

fn failed(error: std::io::Error) -> ServiceError {
    ServiceError::Force(ForceError::File(error))
}

fn read(turn: &Turn<'_>) -> Result<Option<SignedFile>, ServiceError> {
    let malformed = |_| ServiceError::Force(ForceError::Config);
    match turn.read() {
        Ok(text) => text.map(|text| toml::from_str(&text).map_err(malformed)).transpose(),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(ServiceError::Force(ForceError::Config)),
        Err(error) => Err(failed(error)),
    }
}

impl State {
    fn of(file: &SignedFile) -> Result<Self, ServiceError> {
        let bad = || ServiceError::Force(ForceError::Config);
        let force_log = Known::read(&file.force_log).ok_or_else(bad)?;
        let events = file.events.as_ref().map(|events| Known::read(events).ok_or_else(bad)).transpose()?;
        let durable = force_log.range.size();
        Ok(Self { force_log: Some(force_log), events, witnessed: file.witnessed.clone(), durable })
    }

    /// Goes on to what the store holds under its newest checkpoint, if that continues what is known.
    fn follow(&mut self, origin: &Origin, tx: &Tx, row: Option<&LogRow>) -> Result<(), ServiceError> {
        let logs = Logs(tx);
        let signed = row.and_then(|row| Some((&row.origin, row.committed.as_ref()?)));
        let Some((held, committed)) = signed else {
            // Nothing is signed yet, and nothing may have been.
            let fresh = || Known { origin: origin.clone(), range: CompactRange::new() };
            let known = self.force_log.get_or_insert_with(fresh);
            return if known.range.size() == 0 { Ok(()) } else { Err(ROLLED_BACK) };
        };
        let note = SignedNote::parse(committed.note.as_bytes()).map_err(|_| ServiceError::Internal)?;
        let checkpoint = Checkpoint::from_note(&note).map_err(|_| ServiceError::Internal)?;
        if let Some(seen) = self.witnessed.clone() {
            self.refute(&seen, &logs, checkpoint.size)?;
        }
        let known = self.force_log.as_mut().ok_or(ROLLED_BACK)?;
        if known.origin != *origin || held != origin || checkpoint.size < known.range.size() {
            return Err(ROLLED_BACK);
        }
        let range = grown(&logs, known.range.clone(), checkpoint.size)?;
        if range.root() != checkpoint.root {
            return Err(ROLLED_BACK);
        }
        known.range = range;
        Ok(())
    }

    /// Forgets what outsiders had seen where the store has it: a newer copy of the store was put back.
    fn refute(&mut self, seen: &WitnessedFile, logs: &Logs<'_>, held: u64) -> Result<(), ServiceError> {
        let known = self.force_log.as_ref().filter(|_| held >= seen.size).ok_or(ROLLED_BACK)?;
        if let Some(root) = &seen.root
            && (known.range.size() > seen.size
                || grown(logs, known.range.clone(), seen.size)?.root().to_base64() != *root)
        {
            return Err(ROLLED_BACK);
        }
        self.witnessed = None;
        Ok(())
    }
}

fn grown(logs: &Logs<'_>, mut range: CompactRange, size: u64) -> Result<CompactRange, ServiceError> {
    while range.size() < size {
        let leaves = logs.leaves(FORCE_LOG, range.size(), CHUNK.min(size - range.size()))?;
        if leaves.is_empty() {
            return Err(ROLLED_BACK);
        }
        for leaf in leaves {
            range.append(leaf).map_err(|_| ServiceError::Internal)?;
        }
    }
    Ok(range)
}

fn events_of(tx: &Tx, events: &Origin) -> Result<Option<Known>, ServiceError> {
    let Some(row) = Logs(tx).log(events.last_part())? else { return Ok(None) };
    let state = WriterState::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
    Ok(Some(Known { origin: events.clone(), range: state.range().clone() }))
}

impl SignedMemory {
    /// What the file says; a new force has none.
    pub fn open(path: PathBuf) -> Result<Self, ServiceError> {
        let memory = Self { file: Slots::new(path), state: Mutex::default() };
        *memory.lock() = read(&memory.turn()?)?.as_ref().map(State::of).transpose()?.unwrap_or_default();
        Ok(memory)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No other process of this directory reads or writes the file meanwhile.
    fn turn(&self) -> Result<Turn<'_>, ServiceError> {
        self.file.turn().map_err(failed)
    }

    /// Whether the store continues what was signed; nothing may be signed otherwise.
    pub(super) fn check(&self, origin: &Origin, tx: &Tx) -> Result<(), ServiceError> {
        self.check_row(origin, tx, Logs(tx).log(FORCE_LOG)?.as_ref())
    }

    /// The same with the force log's row as it is in this transaction.
    pub(super) fn check_row(&self, origin: &Origin, tx: &Tx, row: Option<&LogRow>) -> Result<(), ServiceError> {
        let mut state = self.lock();
        if state.force_log.is_none()
            && let Some(file) = read(&self.turn()?)?
        {
            // Another process of this directory was the first to sign.
            *state = State::of(&file)?;
        }
        state.follow(origin, tx, row)
    }

    /// Makes durable here what the store holds, before anybody sees it.
    pub(crate) fn remember(&self, [origin, events]: [&Origin; 2], tx: &Tx) -> Result<(), ServiceError> {
        self.check(origin, tx)?;
        let mut state = self.lock();
        if state.force_log.as_ref().is_some_and(|known| known.range.size() > state.durable) {
            state.events = events_of(tx, events)?;
            self.write(&mut state)?;
        }
        Ok(())
    }

    /// The same for what is about to be read: a reader's snapshot may be older than what is known.
    pub(crate) fn cover(&self, origins: [&Origin; 2], tx: &Tx) -> Result<(), ServiceError> {
        let size = Logs(tx).log(FORCE_LOG)?.and_then(|row| row.committed).map_or(0, |committed| committed.size);
        let covered = {
            let state = self.lock();
            state.witnessed.is_none() && size <= state.durable
        };
        if covered { Ok(()) } else { self.remember(origins, tx) }
    }

    fn write(&self, state: &mut State) -> Result<(), ServiceError> {
        let known = state.force_log.as_ref().ok_or(ServiceError::Internal)?;
        let turn = self.turn()?;
        let there = read(&turn)?.as_ref().map(State::of).transpose()?.unwrap_or_default();
        let more = there.force_log.filter(|there| there.origin == known.origin);
        let behind = more.filter(|more| more.range.size() > known.range.size());
        if behind.is_none() || state.witnessed.is_some() {
            // A process that is behind takes nothing away of what another one of this directory signed.
            let (force_log, events) = match behind {
                Some(there_signed) => (there_signed.file(), there.events.as_ref().map(Known::file)),
                None => (known.file(), state.events.as_ref().map(Known::file)),
            };
            let file = SignedFile { witnessed: state.witnessed.clone(), force_log, events };
            let text = toml::to_string(&file).map_err(|_| ServiceError::Internal)?;
            turn.write(&text).map_err(failed)?;
        }
        state.durable = known.range.size();
        Ok(())
    }

    /// Notes that outsiders have seen a longer force log than the store has: nothing is signed from here on.
    pub fn note_witnessed(&self, origin: &Origin, size: u64, root: Option<Hash>) -> Result<(), ServiceError> {
        let mut state = self.lock();
        let fresh = || Known { origin: origin.clone(), range: CompactRange::new() };
        let held = state.force_log.get_or_insert_with(fresh).range.size();
        let most = state.witnessed.as_ref().map_or(held, |witnessed| witnessed.size);
        // More leaves than any store can count are nobody's log.
        if size <= most || i64::try_from(size).is_err() {
            return Ok(());
        }
        state.witnessed = Some(WitnessedFile { size, root: root.map(|root| root.to_base64()) });
        self.write(&mut state)
    }

    /// The force log and the events log as they were signed last; nothing where there is no memory.
    pub(super) fn last(&self) -> Option<(LastSigned, Option<LastSigned>)> {
        let state = self.lock();
        let mut force_log = state.force_log.as_ref()?.last();
        if let Some(WitnessedFile { size, root }) = state.witnessed.as_ref().filter(|seen| seen.size > force_log.size) {
            let root = root.as_deref().and_then(|root| Hash::from_base64(root).ok());
            (force_log.size, force_log.root) = (*size, root);
        }
        Some((force_log, state.events.as_ref().map(Known::last)))
    }

    /// From here on the logs of another epoch are signed, from nothing.
    pub(super) fn begin_anew(&self, origin: &Origin) {
        let known = Known { origin: origin.clone(), range: CompactRange::new() };
        *self.lock() = State { force_log: Some(known), ..State::default() };
    }

    /// Takes for signed what the store holds, where nothing is known at all.
    pub(super) fn adopt(&self, origin: &Origin) -> Result<(), ServiceError> {
        if self.lock().force_log.is_some() {
            return Err(ServiceError::Invalid("change.adopt"));
        }
        self.begin_anew(origin);
        Ok(())
    }
}
