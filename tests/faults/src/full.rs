//! A disk that is full, or that fails, at each write and each sync in turn: the phone's, and the force's.

use peel_journal::store::StoreError;
use peel_journal::trail::TrailError;
use rand::{Rng as _, RngExt as _};

use crate::crash::{check, place};
use crate::disk::{Image, Refusal, Refused};
use crate::network::server;
use crate::phone::Seen;
use crate::run::{Counts, Part, Run};
use crate::worker::{Told, Worker};

/// Ways to fail: what is refused, and whether once or until there is space again.
const WAYS: u64 = 6;
/// Writes of the longest of these runs.
const WRITES: u64 = 400;
/// Has no divisor with [`WRITES`] but 1.
const SPREAD: u64 = 37;
/// What a phone does in a run.
const STEPS: usize = 14;

/// The phone's disk.
pub const PHONE: Part = Part {
    name: "full-phone",
    promise: "a phone's disk that is full or fails at any write is a typed error; nothing is signed that is not durable; \
              it goes on when there is space",
    full: WAYS * WRITES,
    short: 60,
    work: phone_work,
};

/// The force's disk.
pub const GATEWAY: Part = Part {
    name: "full-force",
    promise: "a force's store that is full signs nothing that is not durable and goes on when there is space",
    full: 60,
    short: 1,
    work: server::fill,
};

fn is_typed(error: TrailError) -> bool {
    matches!(error, TrailError::Store(StoreError::Full | StoreError::Io | StoreError::Closed))
}

fn phone_work(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let disk = &place().disk;
    // Few runs are spread over all writes; the full count meets each.
    let (way, at) = (run.number % WAYS, run.number / WAYS * SPREAD % WRITES);
    let what = [Refused::Full, Refused::Write, Refused::Sync][way as usize / 2];
    disk.load(Image::new());
    disk.refuse(Some(Refusal { what, at, lasting: way.is_multiple_of(2) }));
    let seed = rng.next_u64();
    let has_reserve = place().has_reserve();
    // The first opening may be what fails.
    let mut worker = match Worker::start(Told::default(), seed) {
        Ok(worker) => worker,
        Err(error) => {
            assert!(is_typed(error), "{error:?} is not what a full disk is");
            assert!(way != 1 || !has_reserve, "the reserve does not let a store be opened");
            disk.refuse(None);
            counts.add("refusals met", 1);
            Worker::start(Told::default(), seed).unwrap()
        }
    };
    for step in 0..STEPS {
        // Often enough that each kind of change is hit.
        let result = if step % 3 == 2 { worker.sign() } else { worker.step() };
        let Err(error) = result else { continue };
        assert!(is_typed(error), "{error:?} is not what a full disk is");
        if worker.store.size().is_ok() {
            assert!(Seen::read(&worker.store) == worker.told.now, "a change that failed is seen");
        }
        disk.refuse(None);
        counts.add("refusals met", 1);
        if worker.store.size().is_err() {
            worker.reopen().unwrap();
        }
        worker.append().unwrap();
        worker.sign().unwrap();
        assert!(worker.store.restore_reserve(), "the reserve is not laid down again");
    }
    let met = disk.refused() > 0;
    disk.refuse(None);
    counts.add("refusals that nothing had to say about", u64::from(met));
    let end = disk.now();
    let told = worker.end();
    let moments = [end, rng.random_range(0..=end), rng.random_range(0..=end)];
    let states = moments.map(|moment| (moment, disk.after_power_cut(moment, &mut rng)));
    for (moment, state) in states {
        check(&told, &Seen::default(), moment, state, &mut rng);
        counts.add("power cuts after it", 1);
    }
    counts
}
