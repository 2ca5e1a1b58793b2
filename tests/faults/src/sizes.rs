//! Bodies of every length that matters: written, kept, uploaded and opened again, or refused with a typed error.

use peel_journal::store::{Batch, Store};
use peel_journal::trail::{Item, Stamp, TrailError};
use peel_ledger::entry::{Entry, EntryClass, MAX_BODY_BYTES, MAX_ENTRY_BYTES};
use peel_ledger::seal::{SealError, open};
use peel_ledger::writer::WriterError;
use rand::RngExt as _;

use crate::phone::{self, Keys, Seen, recipient};
use crate::run::{Counts, Part, Run};

/// Lengths that are tried by name; others are drawn.
const NAMED: &[usize] = &[
    0,
    1,
    255,
    256,
    257,
    511,
    512,
    513,
    4_095,
    4_096,
    65_279,
    65_280,
    65_534,
    65_535,
    65_536,
    65_537,
    100_000,
    1 << 20,
];

/// Lengths of bodies.
pub const PART: Part = Part {
    name: "sizes",
    promise: "a body of any length is recorded as it is or refused with a typed error, and the trail goes on",
    full: 200,
    short: 4,
    work,
};

fn work(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let home = phone::home().join("sizes");
    let (store, _) = Store::open(&home, 1).unwrap();
    let keys = Keys::alone(0);
    let mut trail = keys.trail(&store).unwrap();
    let mut lengths: Vec<usize> = if run.number == 0 { NAMED.to_vec() } else { Vec::new() };
    lengths.extend([MAX_BODY_BYTES - 1, MAX_BODY_BYTES, MAX_BODY_BYTES + 1]);
    lengths.extend((0..20).map(|_| rng.random_range(0..70_000)));
    let at = Stamp { wall_ms: 1, mono_ns: 1, boot: [1; 8] };
    for length in lengths {
        let mut body = vec![0; length];
        rng.fill(body.as_mut_slice());
        let before = trail.checkpoint();
        let item = Item::Body { class: EntryClass::Event, at, body: body.clone() };
        let result = trail.append(&store, &[item], Batch::new(), None, &mut rng);
        if length > MAX_BODY_BYTES {
            let expected = TrailError::Writer(WriterError::Seal(SealError::BodyTooLong));
            assert_eq!(result.unwrap_err(), expected, "a body of {length} bytes");
            assert_eq!(trail.checkpoint(), before);
            counts.add("refused as too long", 1);
            continue;
        }
        let committed = result.unwrap_or_else(|error| panic!("a body of {length} bytes: {error}"));
        let kept = store.entries(committed.first, 1).unwrap().remove(0);
        assert!(kept.len() <= MAX_ENTRY_BYTES);
        let entry = Entry::decode(&kept).unwrap();
        assert!(open(&entry, &keys.origin, &recipient()).unwrap().as_slice() == body, "a body of {length} bytes");
        counts.add("recorded and opened", 1);
    }
    store.close();
    let (store, _) = Store::open(&home, 1).unwrap();
    phone::check_tree(&store, &keys.trail(&store).unwrap(), &Seen::read(&store));
    store.close();
    std::fs::remove_file(home.join("peel.db")).unwrap();
    counts
}
