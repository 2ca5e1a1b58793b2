use peel_ledger::entry::{CipherSuite, Entry};
use peel_ledger::seal::{RecipientPrivateKey, open};

use super::*;

const AT: Stamp = Stamp { wall_ms: 5, mono_ns: 7, boot: [1; 8] };

fn body(text: &str) -> Item {
    Item::Body { class: EntryClass::Control, at: AT, body: text.as_bytes().to_vec() }
}

struct Phone {
    directory: tempfile::TempDir,
    key: RecipientPrivateKey,
    seed: [u8; 32],
}

impl Phone {
    fn new() -> Self {
        let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
        Self { directory: tempfile::tempdir().unwrap(), key, seed: [7; 32] }
    }

    fn open(&self) -> (Store, Result<Trail, TrailError>) {
        let (store, _) = Store::open(self.directory.path(), 1).unwrap();
        let origin = Origin::device("force.example", "e1").unwrap();
        let signer = Ed25519Signer::from_seed(origin.as_str(), &self.seed).unwrap();
        let trail = Trail::open(&store, origin, signer, vec![self.key.public_key().unwrap()]);
        (store, trail)
    }
}

#[test]
fn what_was_appended_is_durable_opens_for_the_force_and_for_the_cache_alone() {
    let phone = Phone::new();
    let (store, trail) = phone.open();
    let mut trail = trail.unwrap();
    let cache = RecordKey::generate(&mut rand::rng());
    let items = [body("one"), Item::Receipt(Hash::default(), AT)];
    let committed = trail.append(&store, &items, Batch::new(), Some(&cache), &mut rand::rng()).unwrap();
    assert_eq!((committed.first, trail.size()), (0, 2));
    let entry = Entry::decode(&committed.entries[0]).unwrap();
    assert_eq!(open(&entry, trail.origin(), &phone.key).unwrap().as_slice(), b"one");
    let events = store.events().unwrap();
    assert_eq!(cache.open(&event_place(0), &events[0].1).unwrap().as_slice(), b"one");
    let root = trail.checkpoint().root;
    drop((store, trail));
    let (_store, trail) = phone.open();
    assert_eq!(trail.unwrap().checkpoint().root, root);
}

#[test]
fn an_append_that_fails_leaves_trail_and_store_as_they_were() {
    let phone = Phone::new();
    let (store, trail) = phone.open();
    let mut trail = trail.unwrap();
    trail.append(&store, &[body("one")], Batch::new(), None, &mut rand::rng()).unwrap();
    let before = trail.checkpoint();
    // The index that the next entry needs is taken: the transaction fails after its first change.
    let mut batch = Batch::new();
    batch.push(Op::Put("x", vec![1]));
    batch.push(Op::Entry { index: 1, leaf: [0; 32], bytes: vec![], sealed: None });
    assert!(trail.append(&store, &[body("two")], batch, None, &mut rand::rng()).is_err());
    assert_eq!((trail.checkpoint(), store.size().unwrap(), store.meta("x").unwrap()), (before, 1, None));
    trail.append(&store, &[body("two")], Batch::new(), None, &mut rand::rng()).unwrap();
    assert_eq!(trail.size(), 2);
}

#[test]
fn a_log_that_ends_otherwise_than_its_state_is_not_continued() {
    let phone = Phone::new();
    let (store, trail) = phone.open();
    let mut trail = trail.unwrap();
    trail.append(&store, &[body("one"), body("two")], Batch::new(), None, &mut rand::rng()).unwrap();
    let kept = store.meta(WRITER).unwrap().unwrap();
    trail.append(&store, &[body("three")], Batch::new(), None, &mut rand::rng()).unwrap();
    // The state of two entries beside three of them: the last two could be rewritten unseen.
    let mut batch = Batch::new();
    batch.push(Op::Put(WRITER, kept));
    store.commit(batch).unwrap();
    drop((store, trail));
    assert!(matches!(phone.open().1, Err(TrailError::Writer(WriterError::SelfCheck))));
}

#[test]
fn entries_name_the_last_beacon() {
    let phone = Phone::new();
    let (store, trail) = phone.open();
    let mut trail = trail.unwrap();
    trail.witness(Hash::of(&[b"beacon"]));
    let committed = trail.append(&store, &[body("one")], Batch::new(), None, &mut rand::rng()).unwrap();
    let entry = Entry::decode(&committed.entries[0]).unwrap();
    assert_eq!(entry.header().time.beacon, Some(Hash::of(&[b"beacon"])));
}

#[test]
fn within_one_boot_time_never_goes_back_also_not_after_a_restart() {
    let phone = Phone::new();
    let at = |mono_ns, boot| Item::Receipt(Hash::default(), Stamp { mono_ns, boot: [boot; 8], ..AT });
    let times = |items: &[Item]| {
        let (store, trail) = phone.open();
        let committed = trail.unwrap().append(&store, items, Batch::new(), None, &mut rand::rng()).unwrap();
        let header = |bytes: &Vec<u8>| Entry::decode(bytes).unwrap().header().time.mono_ns;
        committed.entries.iter().map(header).collect::<Vec<_>>()
    };
    assert_eq!(times(&[at(9, 1), at(8, 1)]), [9, 9]);
    assert_eq!(times(&[at(7, 1), at(3, 2), at(4, 2)]), [9, 3, 4]);
}
