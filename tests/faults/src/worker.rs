//! A phone at work on a disk that can fail, and what its store was told meanwhile.

use std::cell::RefCell;

use peel_journal::signing::{HardwareSign, Present, Signing};
use peel_journal::store::{Batch, Op, PruneRule, Store};
use peel_journal::succession::estate;
use peel_journal::trail::{Item, Stamp, Trail, TrailError};
use peel_journal::upload::keep_receipt;
use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::note::SignedNote;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::crash::place;
use crate::phone::{self, Keys, Log, Seen, Statement};
use crate::rotation::{self, MOST_CARRIED};
use crate::run::Counts;

/// What the store was told, change by change.
#[derive(Default)]
pub(crate) struct Told {
    changes: Vec<Change>,
    pub(crate) now: Seen,
    released: Vec<Released>,
    counts: Counts,
}

/// A size and a root whose signature may have left the phone: since when, and of which log.
struct Released {
    at: usize,
    log: u64,
    size: u64,
    root: Hash,
}

/// When a change began and was acknowledged, in events of the disk, and what the store must show after it. One that
/// failed is never acknowledged; whether it happened is open until the next that is.
struct Change {
    began: usize,
    acknowledged: Option<usize>,
    after: Seen,
    /// Entries more than `after` has, which nobody was told.
    more: usize,
}

impl Change {
    fn shows(&self, seen: &Seen) -> bool {
        if self.more == 0 {
            return *seen == self.after;
        }
        let mut known = seen.clone();
        known.entries.truncate(self.after.entries.len());
        known.leaves.truncate(self.after.leaves.len());
        seen.entries.len() == self.after.entries.len() + self.more && known == self.after
    }
}

impl Told {
    /// Goes on after what a store shows; `released` are signatures that may have left the phone before.
    pub(crate) fn new(now: Seen, released: Vec<(u64, Hash)>) -> Self {
        let log = now.log.number;
        let released = released.into_iter().map(|(size, root)| Released { at: 0, log, size, root }).collect();
        Self { changes: Vec::new(), now, released, counts: Counts::default() }
    }

    /// What was done.
    pub(crate) fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// Remembers a change and how it went.
    fn change<E>(
        &mut self,
        began: usize,
        result: Result<(), E>,
        more: usize,
        change: impl FnOnce(&mut Seen),
    ) -> Result<(), E> {
        let mut after = self.now.clone();
        change(&mut after);
        if result.is_ok() {
            self.now.clone_from(&after);
        }
        self.changes.push(Change { began, acknowledged: result.is_ok().then(|| place().disk.now()), after, more });
        result
    }

    /// What was acknowledged last before a moment, and everything since that may have happened.
    fn until(&self, moment: usize) -> (Option<&Change>, impl Iterator<Item = &Change>) {
        let known = |change: &Change| change.acknowledged.is_some_and(|at| at <= moment);
        let last = self.changes.iter().rposition(known);
        let later = self.changes.iter().skip(last.map_or(0, |last| last + 1));
        (last.map(|last| &self.changes[last]), later.take_while(move |change| change.began < moment))
    }

    /// Checks what a store shows after a cut at a moment; `before` is what it showed in the beginning.
    pub(crate) fn check(&self, seen: &Seen, before: &Seen, moment: usize) {
        let (acknowledged, mut later) = self.until(moment);
        let known = acknowledged.map_or(before, |change| &change.after);
        if seen == known || later.any(|change| change.shows(seen)) {
            return;
        }
        let under_way: Vec<String> = self.until(moment).1.map(|change| change.after.to_string()).collect();
        panic!("the store shows {seen}; acknowledged was {known}; under way was {under_way:?}");
    }

    /// Whether a store shows more than was acknowledged.
    pub(crate) fn was_under_way(&self, seen: &Seen, moment: usize) -> bool {
        self.until(moment).0.is_some_and(|change| change.after != *seen)
    }

    /// Signatures over a log that may have left by a moment.
    pub(crate) fn released_until(&self, moment: usize, log: u64) -> Vec<(u64, Hash)> {
        let known = self.released.iter().filter(|released| released.at <= moment && released.log == log);
        known.map(|released| (released.size, released.root)).collect()
    }
}

/// Signs the trail's present checkpoint.
pub(crate) fn sign(
    store: &Store,
    trail: &Trail,
    hardware: HardwareSign<'_>,
) -> Result<(Checkpoint, SignedNote), TrailError> {
    Signing::default().sign(store, || Ok::<Present, TrailError>(trail.present()), &[], hardware)
}

/// The phone.
pub(crate) struct Worker {
    keys: Keys,
    pub(crate) store: Store,
    trail: Trail,
    pub(crate) told: Told,
    rng: StdRng,
    wall_ms: i64,
    mirror_ms: i64,
}

impl Worker {
    /// Opens the store on this thread's disk.
    pub(crate) fn start(told: Told, seed: u64) -> Result<Self, TrailError> {
        let store = place().open()?;
        let keys = Keys::alone(told.now.log.number);
        let trail = keys.trail(&store)?;
        let rng = StdRng::seed_from_u64(seed);
        let newest = told.now.statements.last_key_value().map_or(0, |(_, statement)| statement.stated_ms);
        Ok(Self { keys, store, trail, told, rng, wall_ms: newest.max(1_000_000), mirror_ms: newest.max(1_000_000) })
    }

    /// Closes the store; gives what it was told.
    pub(crate) fn end(self) -> Told {
        self.store.close();
        self.told
    }

    /// Does something.
    pub(crate) fn step(&mut self) -> Result<(), TrailError> {
        match self.rng.random_range(0..48) {
            0..18 => self.append(),
            18..22 => self.append_many(),
            22..33 => self.sign(),
            33..41 => self.prune(),
            41 => self.rotate(),
            42..44 => Ok(self.store.truncate_log()?),
            44..46 => self.suspend(),
            _ => self.reopen(),
        }
    }

    /// What an app does when it starts again.
    pub(crate) fn reopen(&mut self) -> Result<(), TrailError> {
        self.store.close();
        self.store = place().open()?;
        self.trail = self.keys.trail(&self.store)?;
        Ok(())
    }

    /// What an app does when the system sends it to sleep, and when it wakes up.
    fn suspend(&mut self) -> Result<(), TrailError> {
        self.store.close();
        self.store.reopen()?;
        self.trail.check(&self.store)
    }

    fn stamp(&mut self) -> Stamp {
        self.wall_ms += self.rng.random_range(-1_000..5_000);
        let boot = [self.rng.random_range(0..3); 8];
        Stamp { wall_ms: self.wall_ms, mono_ns: self.rng.random_range(0..1_000_000), boot }
    }

    pub(crate) fn append(&mut self) -> Result<(), TrailError> {
        let at = self.stamp();
        let items = phone::items(&mut self.rng, at);
        self.append_items(&items)
    }

    /// Records so much that tiles become full.
    pub(crate) fn append_many(&mut self) -> Result<(), TrailError> {
        let at = self.stamp();
        let items = phone::many(&mut self.rng, at);
        self.append_items(&items)
    }

    fn append_items(&mut self, items: &[Item]) -> Result<(), TrailError> {
        let image = self.rng.random_bool(0.2).then(|| phone::media(&mut self.rng));
        let deleted = if self.rng.random_bool(0.15) { self.told.now.media.keys().next().copied() } else { None };
        let alert = self.rng.random_bool(0.2).then(|| (self.rng.random(), vec![5; self.rng.random_range(10..3_000)]));
        let alert_seq = self.told.now.alerts.len() as u64;
        let mut batch = Batch::new();
        batch.extend(image.clone().map(Op::Media));
        batch.extend(deleted.map(Op::DeleteMedia));
        batch.extend(alert.clone().map(|(alert_id, sealed)| Op::Alert { alert_id, alert_seq, sealed }));
        let began = place().disk.now();
        let result = self.trail.append(&self.store, items, batch, None, &mut self.rng);
        let (entries, more) = match &result {
            Ok(committed) => (committed.entries.clone(), 0),
            Err(_) => (Vec::new(), items.len()),
        };
        self.told.change(began, result.map(drop), more, |seen| {
            seen.append(entries);
            seen.media.extend(image.map(|row| (row.media_id, row)));
            if let Some(media_id) = deleted {
                seen.media.remove(&media_id);
            }
            seen.alerts.extend(alert);
        })
    }

    /// Signs the present checkpoint, and in most cases has it cosigned.
    pub(crate) fn sign(&mut self) -> Result<(), TrailError> {
        let disk = &place().disk;
        let released = RefCell::new(None);
        let hardware = |_: &[u8]| -> Option<Vec<u8>> {
            *released.borrow_mut() = Some(disk.now());
            None
        };
        let result = sign(&self.store, &self.trail, &hardware);
        let Some(at) = released.into_inner() else { return result.map(drop) };
        // The intent is durable before anything can leave.
        let checkpoint = self.trail.checkpoint();
        let (log, size, root) = (self.told.now.log.number, checkpoint.size, checkpoint.root);
        self.told.released.push(Released { at, log, size, root });
        self.told.change(at, result.map(drop), 0, |seen| seen.signed = seen.signed.max(checkpoint.size))?;
        if self.rng.random_bool(0.7) { self.acknowledge(checkpoint) } else { Ok(()) }
    }

    /// Keeps the mirror's statement. It says each thing once here; what it says again is the network's part.
    fn acknowledge(&mut self, checkpoint: Checkpoint) -> Result<(), TrailError> {
        let (size, root) = (checkpoint.size, checkpoint.root.to_bytes());
        if size == 0 || self.told.now.statements.contains_key(&size) {
            return Ok(());
        }
        self.mirror_ms += self.rng.random_range(0..6) * 1_000;
        let (stated_ms, wall_ms) = (self.mirror_ms, self.wall_ms);
        let statement = Statement { root, held_since_ms: stated_ms.max(wall_ms), stated_ms };
        let receipt = MirrorReceipt {
            signature_lines: statement.line(),
            cosigned_at_s: stated_ms.unsigned_abs() / 1_000,
            beacon: Hash::new(self.rng.random()),
            checkpoint,
        };
        let began = place().disk.now();
        let result = keep_receipt(&self.store, &receipt, wall_ms);
        self.told.change(began, result, 0, |seen| {
            seen.statements.insert(size, statement);
            seen.beacon = Some(receipt.beacon.to_bytes().to_vec());
        })?;
        self.trail.witness(receipt.beacon);
        self.told.counts.add("receipts kept", 1);
        Ok(())
    }

    /// Lets bodies go that the mirror held for long enough.
    fn prune(&mut self) -> Result<(), TrailError> {
        let mut span = || self.rng.random_range(0..4_000);
        let rule = PruneRule { keep_ms: span(), backup_horizon_ms: span(), now_ms: self.wall_ms, proved: u64::MAX };
        let before = self.told.now.pruned;
        let began = place().disk.now();
        let result = self.store.prune(rule);
        if let Ok(pruned) = &result {
            let mut expected = self.told.now.clone();
            expected.prune(rule);
            assert_eq!((pruned.below, pruned.more), (expected.pruned, false), "pruned to another place");
        }
        self.told.change(began, result.map(drop), 0, |seen| seen.prune(rule))?;
        self.told.counts.add("prunings", u64::from(self.told.now.pruned > before));
        Ok(())
    }

    /// The log ends and its rest goes over into the next one.
    fn rotate(&mut self) -> Result<(), TrailError> {
        if self.trail.size() - self.told.now.cosigned() > MOST_CARRIED {
            self.sign()?;
            let checkpoint = self.trail.checkpoint();
            self.acknowledge(checkpoint)?;
        }
        let at = self.stamp();
        let estate = estate(&self.store, &self.trail)?;
        let items = rotation::last_words(&estate, at);
        let log = Log { number: self.told.now.log.number + 1, carried: items.len() as u64 };
        let next = Keys::alone(log.number);
        let mut batch = Batch::new();
        batch.push(log.op());
        let (name, recipients) = ((next.origin.clone(), next.signer()), next.recipients.clone());
        let began = place().disk.now();
        let result = self.trail.succeed(&self.store, name, recipients, &items, batch, &mut self.rng);
        let old = self.told.now.leaves.clone();
        match result {
            Err(error) => {
                let more = items.len();
                self.told.change(began, Err(error), more, |seen| seen.rotate(Vec::new(), log.carried))
            }
            Ok((trail, committed)) => {
                rotation::check(&committed.entries, &next.origin, &old);
                self.told
                    .change(began, Ok::<_, TrailError>(()), 0, |seen| seen.rotate(committed.entries, log.carried))?;
                (self.trail, self.keys) = (trail, next);
                self.told.counts.add("logs ended and carried over", 1);
                Ok(())
            }
        }
    }
}
