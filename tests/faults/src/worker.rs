//! A phone at work on a disk that can fail, and what its store was told meanwhile.

use std::cell::RefCell;

use peel_journal::signing::{HardwareSign, Present, Signing};
use peel_journal::store::{Batch, Op, Store};
use peel_journal::trail::{Stamp, Trail, TrailError};
use peel_journal::upload::keep_receipt;
use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::note::SignedNote;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::crash::place;
use crate::phone::{self, Keys, Seen};

/// What the store was told, change by change.
#[derive(Default)]
pub(crate) struct Told {
    changes: Vec<Change>,
    pub(crate) now: Seen,
    /// Sizes and roots whose signature may have left the phone, and since when.
    pub(crate) released: Vec<(usize, u64, Hash)>,
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
        seen.entries.len() == self.after.entries.len() + self.more && known == self.after
    }
}

impl Told {
    pub(crate) fn new(now: Seen, released: Vec<(usize, u64, Hash)>) -> Self {
        Self { changes: Vec::new(), now, released }
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

    /// Signatures that may have left by a moment, for a life that begins with it.
    pub(crate) fn released_until(&self, moment: usize) -> Vec<(usize, u64, Hash)> {
        self.released.iter().filter(|(at, ..)| *at <= moment).map(|(_, size, root)| (0, *size, *root)).collect()
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
}

impl Worker {
    /// Opens the store on this thread's disk.
    pub(crate) fn start(told: Told, seed: u64) -> Result<Self, TrailError> {
        let keys = Keys::alone();
        let store = place().open()?;
        let trail = keys.trail(&store)?;
        Ok(Self { keys, store, trail, told, rng: StdRng::seed_from_u64(seed), wall_ms: 1_000_000 })
    }

    /// Closes the store; gives what it was told.
    pub(crate) fn end(self) -> Told {
        self.store.close();
        self.told
    }

    /// Does something.
    pub(crate) fn step(&mut self) -> Result<(), TrailError> {
        match self.rng.random_range(0..20) {
            0..12 => self.append(),
            12..17 => self.sign(),
            17 => Ok(self.store.truncate_log()?),
            _ => {
                self.store.close();
                self.reopen()
            }
        }
    }

    /// What an app does when it wakes up.
    pub(crate) fn reopen(&mut self) -> Result<(), TrailError> {
        self.store.close();
        self.store = place().open()?;
        self.trail = self.keys.trail(&self.store)?;
        Ok(())
    }

    fn stamp(&mut self) -> Stamp {
        self.wall_ms += self.rng.random_range(-1_000..5_000);
        let boot = [self.rng.random_range(0..3); 8];
        Stamp { wall_ms: self.wall_ms, mono_ns: self.rng.random_range(0..1_000_000), boot }
    }

    pub(crate) fn append(&mut self) -> Result<(), TrailError> {
        let at = self.stamp();
        let items = phone::items(&mut self.rng, at);
        let image = self.rng.random_bool(0.2).then(|| phone::media(&mut self.rng));
        let deleted = if self.rng.random_bool(0.15) { self.told.now.media.keys().next().copied() } else { None };
        let alert = self.rng.random_bool(0.2).then(|| (self.rng.random(), vec![5; self.rng.random_range(10..3_000)]));
        let alert_seq = self.told.now.alerts.len() as u64;
        let mut batch = Batch::new();
        batch.extend(image.clone().map(Op::Media));
        batch.extend(deleted.map(Op::DeleteMedia));
        batch.extend(alert.clone().map(|(alert_id, sealed)| Op::Alert { alert_id, alert_seq, sealed }));
        let began = place().disk.now();
        let result = self.trail.append(&self.store, &items, batch, None, &mut self.rng);
        let (entries, more) = match &result {
            Ok(committed) => (committed.entries.clone(), 0),
            Err(_) => (Vec::new(), items.len()),
        };
        self.told.change(began, result.map(drop), more, |seen| {
            seen.entries.extend(entries);
            seen.media.extend(image.map(|row| (row.media_id, row)));
            if let Some(media_id) = deleted {
                seen.media.remove(&media_id);
            }
            seen.alerts.extend(alert);
        })
    }

    /// Signs the present checkpoint, and in half of the cases has it cosigned.
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
        self.told.released.push((at, checkpoint.size, checkpoint.root));
        self.told.change(at, result.map(drop), 0, |seen| seen.signed = seen.signed.max(checkpoint.size))?;
        if self.rng.random_bool(0.5) { self.cosign(checkpoint) } else { Ok(()) }
    }

    fn cosign(&mut self, checkpoint: Checkpoint) -> Result<(), TrailError> {
        let size = checkpoint.size;
        let signature_lines = format!("a line about {size}\n");
        let receipt =
            MirrorReceipt { signature_lines, cosigned_at_s: 1, beacon: Hash::new(self.rng.random()), checkpoint };
        let began = place().disk.now();
        let result = keep_receipt(&self.store, &receipt, 0);
        self.told.change(began, result, 0, |seen| {
            seen.cosigned = seen.cosigned.max(size);
            seen.beacon = Some(receipt.beacon.to_bytes().to_vec());
        })?;
        self.trail.witness(receipt.beacon);
        Ok(())
    }
}
