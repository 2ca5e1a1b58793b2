use peel_ledger::Hash;
use peel_ledger::entry::{CipherSuite, Entry, EntryClass};
use peel_ledger::seal::{RecipientPrivateKey, open};
use peel_ledger::tree::subtree_root;

use super::*;
use crate::signing::Signing;
use crate::store::{PruneRule, StoreError};
use crate::trail::Stamp;
use crate::upload::keep_loss;

const DAY_MS: i64 = 86_400_000;
const AT: Stamp = Stamp { wall_ms: 5, mono_ns: 7, boot: [1; 8] };

fn item(class: EntryClass, body: &[u8]) -> Item {
    Item::Body { class, at: AT, body: body.to_vec() }
}

fn origin(id: &str) -> Origin {
    Origin::device("force.example", id).unwrap()
}

fn signer(id: &str) -> Ed25519Signer {
    Ed25519Signer::generate(origin(id).as_str(), &mut rand::rng()).unwrap()
}

struct Phone {
    directory: tempfile::TempDir,
    key: RecipientPrivateKey,
}

impl Phone {
    fn new() -> Self {
        let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
        Self { directory: tempfile::tempdir().unwrap(), key }
    }

    fn recipients(&self) -> Vec<RecipientPublicKey> {
        vec![self.key.public_key().unwrap()]
    }

    fn store(&self) -> Store {
        Store::open(self.directory.path(), 1).unwrap().0
    }
}

fn write(store: &Store, trail: &mut Trail, count: usize) {
    let items = vec![item(EntryClass::Event, b"event"); count];
    trail.append(store, &items, Batch::new(), None, &mut rand::rng()).unwrap();
}

fn cosign(store: &Store, size: u64, at_ms: i64) {
    let root = subtree_root(store, 0, size).unwrap().to_bytes();
    let mut batch = Batch::new();
    batch.push(Op::Cosigned { size, root, note: String::new(), stated_ms: at_ms, wall_ms: at_ms });
    store.commit(batch).unwrap();
}

fn sign(store: &Store, trail: &Trail) -> Result<(), TrailError> {
    Signing::default().sign::<TrailError>(store, || Ok(trail.present()), &[], &|_| None).map(|_| ())
}

/// What the next log says of the old one: a first entry, then the rest of it.
fn items(estate: &Estate) -> Vec<Item> {
    let first = item(EntryClass::Recovery, b"the old log ended so");
    let rest = estate.entries.iter().map(|entry| item(EntryClass::Recovery, entry));
    std::iter::once(first).chain(rest).collect()
}

#[test]
fn without_its_key_a_log_is_recorded_to_and_signs_nothing() {
    let phone = Phone::new();
    let store = phone.store();
    let mut trail = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut trail, 3);
    sign(&store, &trail).unwrap();
    drop((trail, store));
    let store = phone.store();
    let mut trail = Trail::open_unsigned(&store, origin("e1"), phone.recipients()).unwrap();
    assert!(!trail.is_signed());
    write(&store, &mut trail, 2);
    assert_eq!(sign(&store, &trail), Err(TrailError::NoKey));
    assert_eq!((trail.size(), store.signed_size().unwrap()), (5, 3), "durable, unsigned");
}

#[test]
fn the_next_log_carries_what_the_mirror_does_not_have_and_leads_to_the_old_root() {
    let phone = Phone::new();
    let store = phone.store();
    let mut old = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut old, 300);
    cosign(&store, 290, 0);
    sign(&store, &old).unwrap();
    write(&store, &mut old, 7);
    let before = store.entries(0, 400).unwrap();
    let estate = estate(&store, &old).unwrap();
    assert_eq!((estate.entries.len(), estate.end.size, estate.end.root), (17, 307, old.checkpoint().root));
    assert_eq!(estate.receipt.as_ref().unwrap().checkpoint.size, 290);
    assert!(estate.signed.as_ref().unwrap().starts_with("force.example/peel/device/e1\n300\n"));
    estate.end.check(estate.entries.iter().map(Vec::as_slice)).unwrap();

    let refused =
        old.succeed(&store, (origin("e1"), signer("e1")), phone.recipients(), &[], Batch::new(), &mut rand::rng());
    assert_eq!(refused.err(), Some(TrailError::SameLog));
    let next = (origin("e2"), signer("e2"));
    let (new, committed) =
        old.succeed(&store, next, phone.recipients(), &items(&estate), Batch::new(), &mut rand::rng()).unwrap();
    assert_eq!((committed.first, new.size(), store.size().unwrap()), (0, 18, 18));
    assert_eq!((store.signed_size().unwrap(), store.cosigned_size().unwrap()), (0, 0));
    assert_eq!(store.retired("force.example/peel/device/e1").unwrap().unwrap(), before);
    sign(&store, &new).unwrap();
    // What the force opens of the new log is the rest of the old one, byte for byte.
    let opened: Vec<Vec<u8>> = committed.entries[1..]
        .iter()
        .map(|bytes| {
            let entry = Entry::decode(bytes).unwrap();
            assert_eq!(entry.header().class, EntryClass::Recovery);
            open(&entry, new.origin(), &phone.key).unwrap().to_vec()
        })
        .collect();
    assert_eq!(opened, before[290..]);
    estate.end.check(opened.iter().map(Vec::as_slice)).unwrap();
    // After a start it is the new log that goes on.
    drop((new, old, store));
    let store = phone.store();
    assert!(Trail::open(&store, origin("e2"), signer("e2"), phone.recipients()).is_ok_and(|trail| trail.size() == 18));
}

#[test]
fn s36_what_the_mirror_lost_is_carried_as_far_as_it_is_still_here() {
    let phone = Phone::new();
    let store = phone.store();
    let mut old = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut old, 300);
    cosign(&store, 300, 0);
    write(&store, &mut old, 300);
    cosign(&store, 512, 9 * DAY_MS);
    let all = store.entries(0, 600).unwrap();
    let rule = PruneRule { keep_ms: 0, backup_horizon_ms: 7 * 86_400_000, now_ms: 9 * DAY_MS, proved: u64::MAX };
    assert_eq!(store.prune(rule).unwrap().below, 256);
    assert_eq!(estate(&store, &old).unwrap().entries.len(), 88, "nothing is lost yet");
    // The force comes back with 400: it confirmed 300 of these at a time, and has lost a part of the 512.
    keep_loss(&store, 400).unwrap();
    assert_eq!(estate(&store, &old).unwrap().entries, all[300..]);
    // It comes back with less than was pruned.
    keep_loss(&store, 100).unwrap();
    write(&store, &mut old, 10);
    let left = estate(&store, &old).unwrap();
    assert_eq!((left.end.confirmed.size(), left.entries.len()), (256, 354));
    assert_eq!(left.entries[..344], all[256..]);
    left.end.check(left.entries.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(left.receipt.unwrap().checkpoint.size, 512, "its own word for all that it had");
    // What it confirms anew is not carried.
    cosign(&store, 610, 10 * DAY_MS);
    assert!(estate(&store, &old).unwrap().entries.is_empty());
}

#[test]
fn the_old_log_is_kept_until_the_mirror_has_held_what_stands_for_it() {
    let phone = Phone::new();
    let store = phone.store();
    let mut old = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut old, 5);
    let left = estate(&store, &old).unwrap();
    let (mut new, _) = old
        .succeed(
            &store,
            (origin("e2"), signer("e2")),
            phone.recipients(),
            &items(&left),
            Batch::new(),
            &mut rand::rng(),
        )
        .unwrap();
    let kept = |store: &Store, at_ms| {
        store
            .prune(PruneRule { keep_ms: 0, backup_horizon_ms: 7 * 86_400_000, now_ms: at_ms, proved: u64::MAX })
            .unwrap();
        store.retired("force.example/peel/device/e1").unwrap().map(|entries| entries.len())
    };
    assert_eq!(kept(&store, 100 * DAY_MS), Some(5));
    cosign(&store, 5, DAY_MS);
    cosign(&store, 6, 9 * DAY_MS);
    assert_eq!(kept(&store, 100 * DAY_MS), Some(5), "one entry that stands for it is not old enough");
    // This log ends too before it is safe: what stands for it stands for both.
    write(&store, &mut new, 1);
    let left = estate(&store, &new).unwrap();
    assert_eq!(left.entries.len(), 1);
    let (third, _) = new
        .succeed(
            &store,
            (origin("e3"), signer("e3")),
            phone.recipients(),
            &items(&left),
            Batch::new(),
            &mut rand::rng(),
        )
        .unwrap();
    cosign(&store, third.size(), 20 * DAY_MS);
    assert_eq!(kept(&store, 100 * DAY_MS), Some(5));
    cosign(&store, third.size(), 27 * DAY_MS);
    assert_eq!(kept(&store, 100 * DAY_MS), None);
    assert_eq!(store.retired("force.example/peel/device/e2").unwrap(), None);
}

#[test]
fn a_succession_that_fails_changes_nothing() {
    let phone = Phone::new();
    let store = phone.store();
    let mut old = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut old, 4);
    let left = estate(&store, &old).unwrap();
    let mut batch = Batch::new();
    batch.push(Op::Put("x", vec![1]));
    // The index that the new log's first entry needs is taken within the same transaction.
    batch.push(Op::Retire { origin: "another".to_owned(), carried: 1 });
    batch.push(Op::Retire { origin: "another".to_owned(), carried: 1 });
    let next = (origin("e2"), signer("e2"));
    let failed = old.succeed(&store, next, phone.recipients(), &items(&left), batch, &mut rand::rng());
    assert_eq!(failed.err(), Some(TrailError::Store(StoreError::Io)));
    assert_eq!((store.size().unwrap(), store.meta("x").unwrap()), (4, None));
    assert_eq!(store.retired("another").unwrap(), None);
    old.check(&store).unwrap();
    write(&store, &mut old, 1);
}

#[test]
fn entries_are_sealed_to_the_recipients_of_their_time() {
    let phone = Phone::new();
    let store = phone.store();
    let mut trail = Trail::open(&store, origin("e1"), signer("e1"), phone.recipients()).unwrap();
    write(&store, &mut trail, 1);
    let next_month = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
    trail.seal_to(vec![next_month.public_key().unwrap()]);
    write(&store, &mut trail, 1);
    let entries: Vec<Entry> = store.entries(0, 2).unwrap().iter().map(|bytes| Entry::decode(bytes).unwrap()).collect();
    let opens = |entry: &Entry, key: &RecipientPrivateKey| open(entry, trail.origin(), key).is_ok();
    assert!(opens(&entries[0], &phone.key) && !opens(&entries[0], &next_month));
    assert!(opens(&entries[1], &next_month) && !opens(&entries[1], &phone.key));
    assert_ne!(subtree_root(&store, 0, 2).unwrap(), Hash::default());
}
