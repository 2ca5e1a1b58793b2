//! Power cuts: what the phone's store shows after a cut at any moment of its work.
//!
//! A run works on a store for a while and then asks the disk for states that a cut at some moments may have left. Each
//! must open, without a loss of what was acknowledged and without a trace of what was not: a store shows exactly what it
//! was told up to the last acknowledgement, or with the one change that was under way, never a part of one.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use peel_journal::store::{Batch, PruneRule, Store, StoreError};
use peel_journal::trail::{Stamp, Trail};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

use crate::disk::{Disk, Image};
use crate::phone::{self, Keys, Seen};
use crate::run::{Counts, Part, Run};
use crate::worker::{Told, Worker, sign};

/// States that one life of a store is asked for.
const STATES: u64 = 10;
/// Lives of the store in one run: after each, one of the states goes on.
const LIVES: u64 = 2;

/// Power cuts.
pub const PART: Part = Part {
    name: "crash",
    promise: "after a power cut at any moment the phone's store opens with all that was acknowledged and no part of more",
    full: 2_500,
    short: 50,
    work,
};

/// A disk and a directory of this thread's own.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) disk: Disk,
    vfs: String,
    directory: PathBuf,
}

thread_local! {
    static PLACE: RefCell<Option<&'static Place>> = const { RefCell::new(None) };
}

/// This thread's disk. A registered VFS lives as long as the process, so a thread has one.
pub(crate) fn place() -> &'static Place {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    PLACE.with(|place| {
        *place.borrow_mut().get_or_insert_with(|| {
            let vfs = format!("faults-{}", NEXT.fetch_add(1, Ordering::Relaxed));
            let directory = phone::home().join("crash");
            Box::leak(Box::new(Place { disk: Disk::register(&vfs), vfs, directory }))
        })
    })
}

impl Place {
    /// Whether the store's reserve lies there.
    pub(crate) fn has_reserve(&self) -> bool {
        self.directory.join("reserve").exists()
    }

    pub(crate) fn open(&self) -> Result<Store, StoreError> {
        Store::open_through(&self.directory, 1, Some(&self.vfs)).map(|(store, _)| store)
    }
}

/// Loads what a cut at `moment` left, opens it, checks it against what was told, and gives what it shows.
pub(crate) fn check(told: &Told, before: &Seen, moment: usize, state: Image, rng: &mut StdRng) -> Seen {
    let place = place();
    place.disk.load(state);
    let store = place.open().unwrap_or_else(|error| panic!("a store that a power cut left does not open: {error}"));
    let seen = Seen::read(&store);
    told.check(&seen, before, moment);
    let keys = Keys::alone(seen.log.number);
    let trail = keys.trail(&store).unwrap_or_else(|error| panic!("the trail does not go on: {error}"));
    phone::check_tree(&store, &trail, &seen);
    for (size, root) in told.released_until(moment, seen.log.number) {
        let other = peel_ledger::Hash::of(&[root.as_bytes(), b"another"]).to_bytes();
        assert_eq!(store.intend_to_sign(size, other), Err(StoreError::SecondHistory), "a second root at {size}");
    }
    if rng.random_bool(0.3) {
        go_on(&store, trail, &seen, rng);
    }
    store.close();
    seen
}

/// A phone goes on with what a cut left: it records, signs and prunes.
fn go_on(store: &Store, mut trail: Trail, seen: &Seen, rng: &mut StdRng) {
    let mut expected = seen.clone();
    let items = phone::items(rng, Stamp { wall_ms: 5, mono_ns: u64::MAX >> 1, boot: [9; 8] });
    let committed = trail.append(store, &items, Batch::new(), None, rng).unwrap();
    expected.append(committed.entries);
    sign(store, &trail, &|_| None).unwrap();
    expected.signed = expected.leaves.len() as u64;
    let rule = PruneRule { keep_ms: 0, backup_horizon_ms: 0, now_ms: i64::MAX, proved: u64::MAX };
    store.prune(rule).unwrap();
    expected.prune(rule);
    store.close();
    let store = place().open().unwrap();
    let trail = Keys::alone(seen.log.number).trail(&store).unwrap();
    let found = Seen::read(&store);
    assert!(found == expected, "after a cut the store went on to {found} instead of {expected}");
    phone::check_tree(&store, &trail, &found);
    store.close();
}

fn work(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let (mut image, mut before, mut released) = (Image::new(), Seen::default(), Vec::new());
    for _ in 0..LIVES {
        let disk = &place().disk;
        disk.load(image.clone());
        let told = Told::new(before.clone(), released);
        let mut worker = Worker::start(told, rng.next_u64()).unwrap();
        // Only full tiles are pruned.
        for _ in 0..if rng.random_bool(0.3) { 2 } else { 0 } {
            worker.append_many().unwrap();
        }
        for _ in 0..rng.random_range(3..25) {
            worker.step().unwrap();
        }
        let end = disk.now();
        let told = worker.end();
        let states: Vec<(usize, Image)> = (0..STATES)
            .map(|_| {
                let moment = rng.random_range(0..=end);
                (moment, disk.after_power_cut(moment, &mut rng))
            })
            .collect();
        counts.absorb(told.counts());
        released = Vec::new();
        for (moment, state) in states {
            let seen = check(&told, &before, moment, state.clone(), &mut rng);
            counts.add("crash states", 1);
            counts.add("entries found in them", seen.leaves.len() as u64);
            counts.add("states with pruned entries", u64::from(seen.pruned > 0));
            counts.add("states of a later log", u64::from(seen.log.number > 0));
            counts.add("states with a change under way that was durable", u64::from(told.was_under_way(&seen, moment)));
            (image, released) = (state, told.released_until(moment, seen.log.number));
            // The next life begins with what the last of these states shows.
            if counts.get("crash states").is_multiple_of(STATES) {
                before = seen;
            }
        }
    }
    counts
}
