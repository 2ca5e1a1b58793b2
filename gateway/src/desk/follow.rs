//! Following the mirror: fetch, check, keep, tell.
//!
//! Always: an entry is kept only when a checkpoint signed by its log holds it, and told only after it is kept.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::time::Duration;

use peel_domain::event::EventBody;
use peel_domain::id::EnrolmentId;
use peel_ledger::Origin;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::Entry;
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::tree::{CompactRange, leaf_hash};

use super::client::Client;
use super::keys::OperationsKeys;
use super::open::{closing, coordination, open_entry};
use super::store::{DeskStore, KnownLog};
use super::{DeskDir, DeskError};
use crate::force::ForceConfig;
use crate::service::DeskLog;
use crate::storage::StoreError;

/// The force log's name; its leaves are not entries, and the desk needs none of them.
const FORCE_LOG: &str = "log";
/// How often a process looks whether another one has finished its round.
const TURN_EVERY: Duration = Duration::from_millis(20);

/// A desk at work.
pub struct Desk {
    client: Client,
    store: DeskStore,
    config: ForceConfig,
    dir: DeskDir,
    keys: OperationsKeys,
    /// Logs that were not what they must be, since this desk was started.
    aside: BTreeSet<String>,
}

/// What one round brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Entries that are new here.
    pub entries: u64,
    /// Events handed back to `serve`.
    pub told: u64,
    /// Logs that were set aside in this round: an alarm.
    pub set_aside: Vec<String>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk([redacted])")
    }
}

fn alarm(log: &str) -> DeskError {
    DeskError::Integrity(log.to_owned())
}

impl Desk {
    /// Opens the desk's directory for the gateway at `url`.
    pub fn open(dir: &DeskDir, url: &str) -> Result<Self, DeskError> {
        Ok(Self {
            client: Client::new(dir, url)?,
            store: DeskStore::open(&dir.database())?,
            config: dir.config()?,
            dir: dir.clone(),
            keys: dir.operations_keys()?,
            aside: BTreeSet::new(),
        })
    }

    /// One round over all logs; `seen` gets every newly opened event with its log and index.
    ///
    /// Processes that share the directory take turns: each goes on where the last one ended, and nothing is told twice.
    ///
    /// A log that is not what it must be is set aside and the others go on: one phone cannot stop the desk. It is tried
    /// again when the desk is next started.
    pub async fn follow(&mut self, seen: &mut dyn FnMut(&str, u64, &EventBody)) -> Result<Followed, DeskError> {
        let mut followed = Followed::default();
        // Held until the round is over: what is known here is never ahead of what the gateway is asked for after it.
        let _turn = self.turn().await?;
        let logs = self.client.logs().await?;
        // A former one may have lost what the desk holds: the force's store was put back from a backup.
        let present = logs.iter().filter_map(|offered| self.events_epoch(offered)).max();
        for offered in logs {
            if offered.log == FORCE_LOG || self.aside.contains(&offered.log) {
                continue;
            }
            match self.follow_one(&offered, seen, &mut followed).await {
                Err(DeskError::Integrity(_) | DeskError::Open(_))
                    if self.events_epoch(&offered).is_none_or(|epoch| Some(epoch) != present) =>
                {
                    self.aside.insert(offered.log.clone());
                    followed.set_aside.push(offered.log);
                }
                result => result?,
            }
        }
        Ok(followed)
    }

    /// The right to be the one that follows, once no other process has it. It ends with the process at the latest.
    async fn turn(&self) -> Result<File, DeskError> {
        let failed = |_| DeskError::Store(StoreError::Database);
        let path = self.dir.lock();
        let lock = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN_EVERY).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// The epoch of an events log of the force.
    fn events_epoch(&self, offered: &DeskLog) -> Option<u32> {
        offered.origin.parse::<Origin>().ok()?.events_epoch(&self.config.force)
    }

    async fn follow_one(
        &mut self,
        offered: &DeskLog,
        seen: &mut dyn FnMut(&str, u64, &EventBody),
        followed: &mut Followed,
    ) -> Result<(), DeskError> {
        let log = self.fetch(offered, followed).await?;
        self.tell(&log, seen, followed).await
    }

    /// The log as it is known here, or as it is first seen.
    fn known(&self, offered: &DeskLog) -> Result<KnownLog, DeskError> {
        let events = self.events_epoch(offered).and_then(|epoch| Origin::events_of(&self.config.force, epoch).ok());
        let events = events.filter(|events| events.last_part() == offered.log);
        let vkeys: Vec<VerifierKey> = if let Some(events) = &events {
            vec![self.config.events_key(events)?]
        } else {
            offered.vkeys.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|_| alarm(&offered.log))?
        };
        let origin = match events {
            Some(events) => events,
            None => self.config.device_origin(&offered.log)?,
        };
        if offered.origin != origin.as_str() {
            return Err(alarm(&offered.log));
        }
        let fresh = KnownLog { log_id: offered.log.clone(), origin, vkeys, range: CompactRange::new(), told: 0 };
        let Some(known) = self.store.log(&offered.log)? else { return Ok(fresh) };
        if known.vkeys == fresh.vkeys && known.origin == fresh.origin { Ok(known) } else { Err(alarm(&offered.log)) }
    }

    fn verified(&self, log: &KnownLog, text: &str) -> Result<Checkpoint, DeskError> {
        let note = SignedNote::parse(text.as_bytes()).map_err(|_| alarm(&log.log_id))?;
        let mut keys = log.vkeys.clone();
        keys.push(ForceConfig::vkey(&self.config.mirror_vkey)?);
        let lines = note.verify(&keys).map_err(|_| alarm(&log.log_id))?;
        let own = log.vkeys.first().ok_or_else(|| alarm(&log.log_id))?;
        if !lines.iter().any(|line| line.key_id == own.key_id()) {
            return Err(alarm(&log.log_id));
        }
        let checkpoint = Checkpoint::from_note(&note).map_err(|_| alarm(&log.log_id))?;
        if checkpoint.origin == log.origin { Ok(checkpoint) } else { Err(alarm(&log.log_id)) }
    }

    async fn fetch(&mut self, offered: &DeskLog, followed: &mut Followed) -> Result<KnownLog, DeskError> {
        let mut log = self.known(offered)?;
        let checkpoint = self.verified(&log, &offered.checkpoint)?;
        let first = log.range.size();
        if checkpoint.size < first {
            return Err(alarm(&log.log_id));
        }
        let mut fresh = Vec::new();
        while log.range.size() < checkpoint.size {
            let wanted = checkpoint.size - log.range.size();
            let mut entries = self.client.entries(&log.log_id, log.range.size()).await?;
            // The log may have grown meanwhile; what is above the checkpoint waits for the next round.
            entries.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
            if entries.is_empty() {
                return Err(DeskError::Gateway);
            }
            for bytes in entries {
                let entry = Entry::decode(&bytes).map_err(|_| alarm(&log.log_id))?;
                let header = entry.header();
                if header.seq != log.range.size() || header.prior_root != log.range.root() {
                    return Err(alarm(&log.log_id));
                }
                log.range.append(leaf_hash(&bytes)).map_err(|_| alarm(&log.log_id))?;
                fresh.push(bytes);
            }
        }
        if log.range.root() != checkpoint.root {
            return Err(alarm(&log.log_id));
        }
        if !fresh.is_empty() {
            self.store.add(&log, first, &fresh)?;
            followed.entries += fresh.len() as u64;
        }
        Ok(log)
    }

    /// Opens an entry; the key of a new period may have been made since the desk was started.
    fn opened(&mut self, bytes: &[u8], origin: &Origin) -> Result<Option<EventBody>, DeskError> {
        match open_entry(bytes, origin, &self.keys) {
            Err(DeskError::Open(_)) => {
                self.keys = self.dir.operations_keys()?;
                open_entry(bytes, origin, &self.keys)
            }
            opened => opened,
        }
    }

    async fn tell(
        &mut self,
        log: &KnownLog,
        seen: &mut dyn FnMut(&str, u64, &EventBody),
        followed: &mut Followed,
    ) -> Result<(), DeskError> {
        let size = log.range.size();
        let entries = self.store.entries(&log.log_id, log.told, size)?;
        let device = log.log_id.parse::<EnrolmentId>().ok();
        for (index, bytes) in (log.told..).zip(&entries) {
            let Some(event) = self.opened(bytes, &log.origin)? else { continue };
            if let Some(ended) = device.and_then(|device| closing(&event, device)) {
                self.client.tell_closing(&ended).await?;
            }
            if let Some(message) = device.and_then(|device| coordination(&event, device)) {
                self.client.tell(&message).await?;
                self.store.set_told(&log.log_id, index + 1)?;
                followed.told += 1;
            }
            seen(&log.log_id, index, &event);
        }
        if size > log.told {
            self.store.set_told(&log.log_id, size)?;
        }
        Ok(())
    }
}
