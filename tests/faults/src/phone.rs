//! A phone's store, trail and keys, and what is seen when it is opened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peel_journal::store::{MediaRow, Store};
use peel_journal::trail::{Item, Stamp, Trail, TrailError};
use peel_ledger::entry::{CipherSuite, EntryClass};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::{Hash, Origin};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The device's enrolment where no force gave one.
pub const ENROLMENT: &str = "e1";

/// The keys that a phone of these runs has.
#[derive(Clone)]
pub struct Keys {
    /// The log's name.
    pub origin: Origin,
    /// The seed of the log's key.
    pub log: [u8; 32],
    /// Whom entries are sealed to.
    pub recipients: Vec<RecipientPublicKey>,
}

/// The recipient's private key of all runs.
pub fn recipient() -> RecipientPrivateKey {
    RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut StdRng::seed_from_u64(9)).unwrap()
}

impl Keys {
    /// Keys for runs without a force.
    pub fn alone() -> Self {
        thread_local! {
            static KEYS: RefCell<Option<Keys>> = const { RefCell::new(None) };
        }
        KEYS.with(|keys| {
            let make = || Self {
                origin: Origin::device("force.example", ENROLMENT).unwrap(),
                log: [7; 32],
                recipients: vec![recipient().public_key().unwrap()],
            };
            keys.borrow_mut().get_or_insert_with(make).clone()
        })
    }

    /// The log's signer.
    pub fn signer(&self) -> Ed25519Signer {
        Ed25519Signer::from_seed(self.origin.as_str(), &self.log).unwrap()
    }

    /// Opens the trail in a store.
    pub fn trail(&self, store: &Store) -> Result<Trail, TrailError> {
        Trail::open(store, self.origin.clone(), self.signer(), self.recipients.clone())
    }
}

/// One to sixteen bodies of mixed lengths, and now and then a receipt.
pub fn items(rng: &mut StdRng, at: Stamp) -> Vec<Item> {
    let count = if rng.random_bool(0.5) { 1 } else { rng.random_range(1..=16) };
    let item = |rng: &mut StdRng| {
        if rng.random_bool(0.05) {
            return Item::Receipt(Hash::new(rng.random()), at);
        }
        let length = if rng.random_bool(0.03) { rng.random_range(0..12_000) } else { rng.random_range(0..300) };
        let mut body = vec![0; length];
        rng.fill(body.as_mut_slice());
        Item::Body { class: EntryClass::Event, at, body }
    };
    (0..count).map(|_| item(rng)).collect()
}

/// An image's row.
pub fn media(rng: &mut StdRng) -> MediaRow {
    let length = rng.random_range(100..9_000);
    let mut sealed = vec![0; length];
    rng.fill(sealed.as_mut_slice());
    MediaRow {
        media_id: rng.random(),
        alert_id: rng.random(),
        class: rng.random_range(0..2),
        wrapped: vec![3; 80],
        commitment: rng.random(),
        sealed,
        expire_at_ms: rng.random_range(0..1_000_000),
    }
}

/// Everything that a store holds, as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The trail's entries.
    pub entries: Vec<Vec<u8>>,
    /// Images by their identifiers.
    pub media: BTreeMap<[u8; 16], MediaRow>,
    /// Alerts in order.
    pub alerts: Vec<([u8; 16], Vec<u8>)>,
    /// The largest size with a signed checkpoint.
    pub signed: u64,
    /// The largest size with a receipt.
    pub cosigned: u64,
    /// The last beacon.
    pub beacon: Option<Vec<u8>>,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (entries, images, alerts) = (self.entries.len(), self.media.len(), self.alerts.len());
        let (signed, cosigned) = (self.signed, self.cosigned);
        write!(f, "{entries} entries, {images} images, {alerts} alerts, signed {signed}, cosigned {cosigned}")
    }
}

impl Seen {
    /// Reads everything.
    pub fn read(store: &Store) -> Self {
        let media = store.media_lines().unwrap().into_iter().map(|line| {
            let row = store.media(line.media_id).unwrap().unwrap();
            (line.media_id, row)
        });
        Self {
            entries: store.entries(0, u64::from(u32::MAX)).unwrap(),
            media: media.collect(),
            alerts: store.alerts().unwrap(),
            signed: store.signed_size().unwrap(),
            cosigned: store.cosigned_size().unwrap(),
            beacon: store.meta("beacon").unwrap(),
        }
    }
}

/// The tree's range over some entries, computed from nothing but them.
pub fn range(entries: &[Vec<u8>]) -> CompactRange {
    let mut range = CompactRange::new();
    for entry in entries {
        range.append(leaf_hash(entry)).unwrap();
    }
    range
}

/// Checks that a store's trail is of these entries and that its stored hashes are theirs.
pub fn check_tree(store: &Store, trail: &Trail, entries: &[Vec<u8>]) {
    let leaves: Vec<[u8; 32]> = entries.iter().map(|entry| leaf_hash(entry).to_bytes()).collect();
    assert!(store.leaves(u64::from(u32::MAX)).unwrap() == leaves, "a stored leaf is not its entry's hash");
    let checkpoint = trail.checkpoint();
    assert_eq!(checkpoint.size, entries.len() as u64, "the trail is not as long as its entries");
    assert!(checkpoint.root == range(entries).root(), "the trail's root is not that of its entries");
}

thread_local! {
    static HOME: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// A directory of this thread's own, in memory where there is such a place.
pub fn home() -> PathBuf {
    let make = || {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        made.unwrap()
    };
    HOME.with(|home| home.borrow_mut().get_or_insert_with(make).path().to_path_buf())
}
