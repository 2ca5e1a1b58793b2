//! The phone: one event, a group of them, a start with a million, and bytes.
//!
//! Floor of a record: one synchronous write of a page into a file that has its length already, and the sealing of one
//! body to two recipients. They are taken in turn with the records, on the same disk.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use peel_journal::sealed::RecordKey;
use peel_journal::store::{Batch, Op, PruneRule, Store};
use peel_journal::trail::{Item, Stamp, Trail};
use peel_ledger::Origin;
use peel_ledger::entry::{CipherSuite, EntryClass, EntryHeader, EntryTime};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey, seal};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::entries::{Noise, PADDED};
use crate::measure::{Waits, at_most, multiple, share};
use crate::scratch;

const RECORDS: u64 = 2_000;
const GROUP: usize = 16;
const GROUPS: u64 = 200;
const MANY: u64 = 1_000_000;
const MANY_A_BATCH: u64 = 20_000;
const OPENINGS: usize = 9;
/// Whole tiles of 256, so that each of them is pruned.
const PRUNED: u64 = 51_200;
const BODY: [u8; 200] = [7; 200];
const PAGE: usize = 4096;
/// SQLite's log begins anew after so many pages.
const PAGES: u64 = 1_000;

struct Phone {
    store: Store,
    trail: Trail,
    cache: RecordKey,
    recipients: Vec<RecipientPublicKey>,
    rng: StdRng,
    file: File,
    mono_ns: u64,
}

impl Phone {
    fn new(folder: &Path) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let mut recipient = || {
            let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rng).unwrap();
            key.public_key().unwrap()
        };
        let recipients = vec![recipient(), recipient()];
        let (store, _) = Store::open(folder, 0).unwrap();
        let trail = Trail::open(&store, origin(), signer(), recipients.clone()).unwrap();
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(folder.join("floor")).unwrap();
        file.write_all(&vec![0; PAGE * usize::try_from(PAGES).unwrap()]).unwrap();
        file.sync_all().unwrap();
        let cache = RecordKey::generate(&mut rng);
        Self { store, trail, cache, recipients, rng, file, mono_ns: 0 }
    }

    fn items(&mut self, count: usize) -> Vec<Item> {
        self.mono_ns += 1;
        let at = Stamp { wall_ms: 5, mono_ns: self.mono_ns, boot: [1; 8] };
        (0..count).map(|_| Item::Body { class: EntryClass::Event, at, body: BODY.to_vec() }).collect()
    }

    fn record(&mut self, items: &[Item]) {
        let Self { store, trail, cache, rng, .. } = self;
        trail.append(store, items, Batch::new(), Some(&*cache), rng).unwrap();
    }

    fn crypto(&mut self) {
        let checkpoint = self.trail.checkpoint();
        let time = EntryTime { wall_ms: 5, mono_ns: 5, boot: [1; 8], beacon: None };
        let (event_id, class) = ([1; 16], EntryClass::Event);
        let header = EntryHeader { seq: checkpoint.size, event_id, class, time, prior_root: checkpoint.root };
        black_box(seal(&header, self.trail.origin(), &BODY, &self.recipients, &mut self.rng).unwrap().encode());
    }

    fn sync(&mut self, turn: u64) {
        self.file.seek(SeekFrom::Start(turn % PAGES * PAGE as u64)).unwrap();
        self.file.write_all(&[turn.to_le_bytes()[0]; PAGE]).unwrap();
        self.file.sync_data().unwrap();
    }
}

fn origin() -> Origin {
    Origin::device("force.example", "bench").unwrap()
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(origin().as_str(), &[3; 32]).unwrap()
}

pub(crate) fn run() {
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let mut phone = Phone::new(folder.path());
    one(&mut phone);
    groups(&mut phone);
    bytes(&phone);
    phone.store.close();
    drop(folder);
    cold();
    pruned();
}

fn one(phone: &mut Phone) {
    let (mut floor, mut durable) = (Waits::default(), Waits::default());
    for turn in 0..RECORDS {
        floor.add(|| {
            phone.sync(turn);
            phone.crypto();
        });
        let items = phone.items(1);
        durable.add(|| phone.record(&items));
    }
    multiple("durable `record()`, two recipients, p50", floor.percentile(50), durable.percentile(50), 2.5);
    multiple("the same, p99", floor.percentile(99), durable.percentile(99), 2.5);
}

fn groups(phone: &mut Phone) {
    let (mut floor, mut durable) = (Waits::default(), Waits::default());
    for _ in 0..GROUPS {
        floor.add(|| (0..GROUP).for_each(|_| phone.crypto()));
        let items = phone.items(GROUP);
        durable.add(|| phone.record(&items));
    }
    let a_second = |waits: &Waits| 16_000.0 / waits.percentile(50);
    share("a group of 16 events in one commit, beside the sealing alone", a_second(&floor), a_second(&durable), 0.8);
}

fn bytes(phone: &Phone) {
    let entry = phone.store.entries(RECORDS, 1).unwrap().pop().unwrap();
    at_most("bytes of an entry beside its padded body, two recipients", float(entry.len() - PADDED), "bytes", 450.0);
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// Appends events up to a size, many in a commit.
fn fill(store: &Store, noise: &mut Noise, sizes: std::ops::Range<u64>) {
    let mut rng = StdRng::seed_from_u64(2);
    for start in sizes.clone().step_by(usize::try_from(MANY_A_BATCH).unwrap()) {
        let mut batch = Batch::new();
        for index in start..sizes.end.min(start + MANY_A_BATCH) {
            let (bytes, leaf) = noise.next(&mut rng);
            batch.push(Op::Entry { index, leaf: leaf.to_bytes(), bytes, sealed: None });
        }
        batch.push(Op::Put("writer", noise.state().to_bytes()));
        store.commit(batch).unwrap();
    }
}

/// What a store keeps of events whose bodies it pruned: the pages of its file that hold something, without those of an
/// empty store. Pages that were freed are used again, and a vacuum would give them back.
fn pruned() {
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let (store, _) = Store::open(folder.path(), 0).unwrap();
    let empty = store.bytes_in_use().unwrap();
    let mut noise = Noise::default();
    // The last entry stays for the next start.
    fill(&store, &mut noise, 0..PRUNED + 1);
    let (size, root) = (PRUNED + 1, noise.root().to_bytes());
    let mut batch = Batch::new();
    batch.push(Op::Cosigned { size, root, note: "a line".to_owned(), stated_ms: 1, wall_ms: 1 });
    store.commit(batch).unwrap();
    while store.prune(PruneRule { keep_ms: 0, backup_horizon_ms: 0, now_ms: 1, proved: u64::MAX }).unwrap().more {}
    assert_eq!(store.pruned().unwrap(), PRUNED);
    let kept = usize::try_from(store.bytes_in_use().unwrap() - empty).unwrap();
    let kept = float(kept) / float(usize::try_from(PRUNED).unwrap());
    at_most("bytes of the phone's file in use for an event whose body was pruned", kept, "bytes", 40.0);
    store.close();
}

/// A store of a million events, made once and kept with what was built.
fn many() -> std::path::PathBuf {
    let folder = scratch().join(format!("events-{MANY}"));
    let (store, _) = Store::open(&folder, 0).unwrap();
    if store.size().unwrap() != MANY {
        store.close();
        std::fs::remove_dir_all(&folder).unwrap();
        let (store, _) = Store::open(&folder, 0).unwrap();
        fill(&store, &mut Noise::default(), 0..MANY);
        store.close();
        return folder;
    }
    store.close();
    folder
}

fn cold() {
    let folder = many();
    let recipients = Phone::new(tempfile::tempdir_in(scratch()).unwrap().path()).recipients;
    let mut waits = Waits::default();
    for _ in 0..OPENINGS {
        let mut opened = None;
        waits.add(|| {
            let (store, _) = Store::open(&folder, 0).unwrap();
            let trail = Trail::open(&store, origin(), signer(), recipients.clone()).unwrap();
            opened = Some((store, trail.size()));
        });
        let (store, size) = opened.unwrap();
        assert_eq!(size, MANY);
        store.close();
    }
    at_most("open a store of 1,000,000 events and check its end, p50", waits.percentile(50), "ms", 150.0);
    let stored = std::fs::metadata(folder.join("peel.db")).unwrap().len() / MANY;
    let stored = usize::try_from(stored).unwrap() - PADDED;
    at_most("bytes of the phone's file for an event beside its padded body", float(stored), "bytes", 450.0);
}
