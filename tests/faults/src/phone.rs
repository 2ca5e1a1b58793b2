//! A phone's store, trail and keys, and what is seen when it is opened.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peel_journal::store::{MediaRow, Op, PruneRule, Store, StoreError};
use peel_journal::trail::{Item, Stamp, Trail, TrailError};
use peel_ledger::entry::{CipherSuite, EntryClass};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::{Hash, Origin};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Entries whose bodies go together.
pub const TILE: u64 = 256;
/// Under which name a store says which of the phone's logs it holds.
const LOG: &str = "log";

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
    /// Keys for runs without a force: those of the phone's first log, of its second, and so on.
    pub fn alone(number: u64) -> Self {
        thread_local! {
            static RECIPIENTS: RefCell<Option<Vec<RecipientPublicKey>>> = const { RefCell::new(None) };
        }
        let make = || vec![recipient().public_key().unwrap()];
        let recipients = RECIPIENTS.with(|known| known.borrow_mut().get_or_insert_with(make).clone());
        let origin = Origin::device("force.example", &format!("e{number}")).unwrap();
        let mut log = [7; 32];
        log[..8].copy_from_slice(&number.to_le_bytes());
        Self { origin, log, recipients }
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

/// So many receipts that a tile becomes full; they are quickly made, because nothing is sealed.
pub fn many(rng: &mut StdRng, at: Stamp) -> Vec<Item> {
    (0..rng.random_range(100..=MOST_AT_ONCE)).map(|_| Item::Receipt(Hash::new(rng.random()), at)).collect()
}

/// The most entries that one change appends.
pub const MOST_AT_ONCE: usize = 300;

/// The mirror's statement as runs without a force make it up: since when it holds something, and when it said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub root: [u8; 32],
    /// The later of both clocks when it came first.
    pub held_since_ms: i64,
    /// The mirror's clock.
    pub stated_ms: i64,
}

impl Statement {
    /// As a signature line.
    pub fn line(&self) -> String {
        format!("{} {}\n", self.held_since_ms, self.stated_ms)
    }

    fn parse(root: [u8; 32], line: &str) -> Self {
        let (held_since_ms, stated_ms) = line.trim_end().split_once(' ').unwrap();
        Self { root, held_since_ms: held_since_ms.parse().unwrap(), stated_ms: stated_ms.parse().unwrap() }
    }
}

/// Which of the phone's logs a store holds, and how many of its entries stand for those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Its number, from 0.
    pub number: u64,
    /// Its first entries.
    pub carried: u64,
}

impl Log {
    /// Written in the transaction that begins the log.
    pub fn op(self) -> Op {
        Op::Put(LOG, [self.number.to_le_bytes(), self.carried.to_le_bytes()].concat())
    }

    /// The log that a store holds.
    pub fn read(store: &Store) -> Self {
        let Some(bytes) = store.meta(LOG).unwrap() else { return Self::default() };
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        Self { number: number(0), carried: number(8) }
    }
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
    /// Which log it is.
    pub log: Log,
    /// The trail's leaf hashes.
    pub leaves: Vec<[u8; 32]>,
    /// Below this index there are no bodies any more.
    pub pruned: u64,
    /// The trail's entries from there on.
    pub entries: Vec<Vec<u8>>,
    /// What is kept of the logs before it, by their numbers.
    pub retired: BTreeMap<u64, Vec<Vec<u8>>>,
    /// The mirror's statements by size.
    pub statements: BTreeMap<u64, Statement>,
    /// Images by their identifiers.
    pub media: BTreeMap<[u8; 16], MediaRow>,
    /// Alerts in order.
    pub alerts: Vec<([u8; 16], Vec<u8>)>,
    /// The largest size with a signed checkpoint.
    pub signed: u64,
    /// The last beacon.
    pub beacon: Option<Vec<u8>>,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (entries, images, alerts) = (self.leaves.len(), self.media.len(), self.alerts.len());
        let (log, retired, cosigned) = (self.log.number, self.retired.len(), self.cosigned());
        write!(f, "log {log}, {entries} entries, pruned below {}, {retired} logs before it, ", self.pruned)?;
        write!(f, "{images} images, {alerts} alerts, signed {}, cosigned {cosigned}", self.signed)
    }
}

impl Seen {
    /// Reads everything.
    pub fn read(store: &Store) -> Self {
        let media = store.media_lines().unwrap().into_iter().map(|line| {
            let row = store.media(line.media_id).unwrap().unwrap();
            (line.media_id, row)
        });
        let (log, pruned) = (Log::read(store), store.pruned().unwrap());
        let kept = |number: u64| Some((number, store.retired(Keys::alone(number).origin.as_str()).unwrap()?));
        let mut statements = BTreeMap::new();
        while let Some(next) = store.cosignature_over(statements.last_key_value().map_or(0, |(size, _)| *size)).unwrap()
        {
            statements.insert(next.size, Statement::parse(next.root, &next.note));
        }
        Self {
            log,
            leaves: store.leaves(u64::from(u32::MAX)).unwrap(),
            pruned,
            entries: store.entries(pruned, u64::from(u32::MAX)).unwrap(),
            retired: (0..log.number).filter_map(kept).collect(),
            statements,
            media: media.collect(),
            alerts: store.alerts().unwrap(),
            signed: store.signed_size().unwrap(),
            beacon: store.meta("beacon").unwrap(),
        }
    }

    /// The largest size with a receipt.
    pub fn cosigned(&self) -> u64 {
        self.statements.last_key_value().map_or(0, |(size, _)| *size)
    }

    /// Appends.
    pub fn append(&mut self, entries: Vec<Vec<u8>>) {
        self.leaves.extend(entries.iter().map(|entry| leaf_hash(entry).to_bytes()));
        self.entries.extend(entries);
    }

    /// What pruning leaves, written down from what is promised of it.
    pub fn prune(&mut self, rule: PruneRule) {
        let Some((_, newest)) = self.statements.last_key_value() else { return };
        let kept_for = rule.keep_ms.max(rule.backup_horizon_ms).cast_signed();
        let until = newest.stated_ms.min(rule.now_ms) - kept_for;
        let old_enough = self.statements.iter().rfind(|(_, statement)| statement.held_since_ms <= until);
        let Some((held, _)) = old_enough.map(|(size, statement)| (*size, *statement)) else { return };
        if held >= self.log.carried {
            self.retired.clear();
        }
        let end = held.min((self.leaves.len() as u64).saturating_sub(1)) / TILE * TILE;
        if end > self.pruned {
            self.entries.drain(..(end - self.pruned) as usize);
            self.statements.retain(|size, _| *size >= end);
            self.pruned = end;
        }
    }

    /// This log ends and the next begins with `entries`.
    pub fn rotate(&mut self, entries: Vec<Vec<u8>>, carried: u64) {
        self.retired.insert(self.log.number, std::mem::take(&mut self.entries));
        self.log = Log { number: self.log.number + 1, carried };
        (self.pruned, self.signed) = (0, 0);
        self.leaves.clear();
        self.statements.clear();
        self.append(entries);
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

/// The root over some leaf hashes, computed from nothing but them.
pub fn root(leaves: &[[u8; 32]]) -> Hash {
    let mut range = CompactRange::new();
    for leaf in leaves {
        range.append(Hash::new(*leaf)).unwrap();
    }
    range.root()
}

/// Checks that a store's trail is of what it shows, that its stored hashes are those of its entries, and that whatever
/// it has no body of stands under a statement of the mirror.
pub fn check_tree(store: &Store, trail: &Trail, seen: &Seen) {
    let Seen { leaves, pruned, entries, statements, .. } = seen;
    assert_eq!(leaves.len() as u64, pruned + entries.len() as u64, "an entry is half pruned");
    let hashes = entries.iter().map(|entry| leaf_hash(entry).to_bytes());
    assert!(hashes.eq(leaves[*pruned as usize..].iter().copied()), "a stored leaf is not its entry's hash");
    let checkpoint = trail.checkpoint();
    assert_eq!(checkpoint.size, leaves.len() as u64, "the trail is not as long as its entries");
    assert!(checkpoint.root == root(leaves), "the trail's root is not that of its entries");
    if *pruned == 0 {
        return;
    }
    assert_eq!(store.entries(pruned - 1, 1), Err(StoreError::Pruned), "an entry is half pruned");
    let covering = statements.range(pruned..).next();
    let (size, statement) = covering.unwrap_or_else(|| panic!("pruned without a statement of the mirror"));
    let stated = leaves.get(..*size as usize).map(|leaves| root(leaves).to_bytes());
    assert!(stated == Some(statement.root), "the statement is about another tree");
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
