//! Kills: a phone's process that is ended hard in the middle of its work, and what its store shows then.
//!
//! The phone is this program again, in a process of its own: it records, signs, keeps receipts, prunes, ends its log and
//! begins the next, goes to sleep and wakes up. It says on its output what is acknowledged, after each commit, and is
//! sent SIGKILL at a random moment, also while it opens what the last one left. When the signal comes is not the seed's
//! choice, so a run that failed may not fail again.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use peel_journal::signing::{Present, Signing};
use peel_journal::store::{Batch, Op, PruneRule, Store, StoreError};
use peel_journal::succession::estate;
use peel_journal::trail::{Item, Stamp, Trail, TrailError};
use peel_journal::upload::keep_receipt;
use peel_ledger::Hash;
use peel_ledger::mirror::MirrorReceipt;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::phone::{self, Keys, Log, MOST_AT_ONCE, Seen, Statement};
use crate::rotation::{self, MOST_CARRIED};
use crate::run::{Counts, Part, Run};

/// Kills of one store, one after the other.
const KILLS: u64 = 20;
/// The longest that a process lives after its start or its opening, in microseconds.
const LONGEST_US: u64 = 20_000;
/// Both clocks of these runs stand: what the mirror holds may go.
const NOW_MS: i64 = 1_000_000;

/// Kills.
pub const PART: Part = Part {
    name: "kills",
    promise: "a phone's process that is killed at any moment, while it records, keeps receipts, prunes, ends its log or \
              goes to sleep, loses nothing that it acknowledged",
    full: 500,
    short: 5,
    work,
};

/// The argument by which the program becomes the phone.
pub const CHILD: &str = "phone-to-be-killed";

fn say(line: &str) {
    // One write a line: it is in the pipe when the call returns, whatever happens to the process.
    let mut out = std::io::stdout().lock();
    let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    if written.is_err() {
        std::process::exit(0);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The phone at work.
struct Phone<'a> {
    directory: &'a Path,
    store: Store,
    trail: Trail,
    log: Log,
    rng: StdRng,
    at: Stamp,
}

fn open(directory: &Path) -> (Store, Trail, Log) {
    let (store, _) = Store::open(directory, 1).unwrap();
    let log = Log::read(&store);
    let trail = Keys::alone(log.number).trail(&store).unwrap();
    (store, trail, log)
}

/// The phone: works on the store in `directory` until it is killed.
pub fn child(directory: &Path, seed: u64) -> ! {
    let (store, trail, log) = open(directory);
    say("open");
    let at = Stamp { wall_ms: NOW_MS, mono_ns: 0, boot: seed.to_le_bytes() };
    let mut phone = Phone { directory, store, trail, log, rng: StdRng::seed_from_u64(seed), at };
    loop {
        phone.at.mono_ns += 1;
        phone.step();
    }
}

impl Phone<'_> {
    fn step(&mut self) {
        match self.rng.random_range(0..40) {
            0..12 => self.append(),
            12..16 => {
                let items = phone::many(&mut self.rng, self.at);
                self.append_items(&items, Batch::new());
            }
            16..26 => self.sign(),
            26..32 => self.prune(),
            32..34 => self.rotate(),
            34..38 => self.suspend(),
            _ => {
                self.store.close();
                (self.store, self.trail, self.log) = open(self.directory);
            }
        }
    }

    fn append(&mut self) {
        let items = phone::items(&mut self.rng, self.at);
        let image = self.rng.random_bool(0.2).then(|| phone::media(&mut self.rng));
        let mut batch = Batch::new();
        batch.extend(image.clone().map(Op::Media));
        self.append_items(&items, batch);
        if let Some(row) = image {
            say(&format!("image {}", hex(&row.media_id)));
        }
    }

    fn append_items(&mut self, items: &[Item], batch: Batch) {
        self.trail.append(&self.store, items, batch, None, &mut self.rng).unwrap();
        self.say("entries");
    }

    /// Says something of the log as it is now.
    fn say(&self, what: &str) {
        let checkpoint = self.trail.checkpoint();
        say(&format!("{what} {} {} {}", self.log.number, checkpoint.size, checkpoint.root.to_hex()));
    }

    fn sign(&mut self) {
        let released = |_: &[u8]| -> Option<Vec<u8>> {
            self.say("released");
            None
        };
        let present = || Ok::<Present, TrailError>(self.trail.present());
        Signing::default().sign(&self.store, present, &[], &released).unwrap();
        self.say("signed");
        if self.rng.random_bool(0.7) {
            self.acknowledge();
        }
    }

    /// Keeps the mirror's statement over all that there is.
    fn acknowledge(&mut self) {
        let (checkpoint, beacon) = (self.trail.checkpoint(), Hash::new(self.rng.random()));
        let root = checkpoint.root.to_bytes();
        let signature_lines = Statement { root, held_since_ms: NOW_MS, stated_ms: NOW_MS }.line();
        let cosigned_at_s = NOW_MS.unsigned_abs() / 1_000;
        let receipt = MirrorReceipt { checkpoint, signature_lines, cosigned_at_s, beacon };
        keep_receipt(&self.store, &receipt, NOW_MS).unwrap();
        self.trail.witness(beacon);
        self.say("cosigned");
    }

    fn prune(&mut self) {
        let rule = PruneRule { keep_ms: 0, backup_horizon_ms: 0, now_ms: NOW_MS, proved: u64::MAX };
        let pruned = self.store.prune(rule).unwrap();
        say(&format!("pruned {} {} -", self.log.number, pruned.below));
    }

    fn rotate(&mut self) {
        if self.trail.size() - self.store.cosigned_size().unwrap() > MOST_CARRIED {
            self.acknowledge();
        }
        let estate = estate(&self.store, &self.trail).unwrap();
        let items = rotation::last_words(&estate, self.at);
        let log = Log { number: self.log.number + 1, carried: items.len() as u64 };
        let next = Keys::alone(log.number);
        let mut batch = Batch::new();
        batch.push(log.op());
        let name = (next.origin.clone(), next.signer());
        let (trail, _) = self.trail.succeed(&self.store, name, next.recipients, &items, batch, &mut self.rng).unwrap();
        (self.trail, self.log) = (trail, log);
        self.say("ended");
    }

    fn suspend(&mut self) {
        self.store.close();
        self.store.reopen().unwrap();
        self.trail.check(&self.store).unwrap();
        self.say("awake");
    }
}

/// What processes said is acknowledged.
struct Acknowledged {
    /// Which log.
    log: u64,
    /// How far it goes, and its root there.
    size: u64,
    root: Hash,
    /// How the log before it ended.
    before: Option<(u64, Hash)>,
    /// The leaf hashes that the last process left.
    leaves: Vec<[u8; 32]>,
    released: Vec<(u64, Hash)>,
    images: Vec<[u8; 16]>,
    signed: u64,
    cosigned: u64,
    pruned: u64,
}

impl Default for Acknowledged {
    fn default() -> Self {
        Self {
            log: 0,
            size: 0,
            root: phone::root(&[]),
            before: None,
            leaves: Vec::new(),
            released: Vec::new(),
            images: Vec::new(),
            signed: 0,
            cosigned: 0,
            pruned: 0,
        }
    }
}

impl Acknowledged {
    fn hear(&mut self, line: &str, counts: &mut Counts) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["open"] => {}
            ["image", text] => {
                let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
                self.images.push(std::array::from_fn(byte));
            }
            [what, log, number, root] => {
                let (log, number): (u64, u64) = (log.parse().unwrap(), number.parse().unwrap());
                let root = Hash::from_hex(root).unwrap_or_default();
                if *what == "ended" {
                    assert_eq!(log, self.log + 1);
                    self.end();
                    counts.add("logs ended and carried over", 1);
                }
                assert_eq!(log, self.log, "a process went on in another log than the last one ended in");
                self.hear_of(what, number, root, counts);
            }
            _ => panic!("a process said {line}"),
        }
    }

    fn hear_of(&mut self, what: &str, number: u64, root: Hash, counts: &mut Counts) {
        match what {
            "entries" | "ended" => {
                assert!(number >= self.size, "a process went on in another place than the last one ended");
                counts.add("entries acknowledged", number - self.size);
                (self.size, self.root) = (number, root);
            }
            "awake" => {
                assert_eq!((number, root), (self.size, self.root), "another trail woke up than went to sleep");
                counts.add("times asleep", 1);
            }
            "released" => self.released.push((number, root)),
            "signed" => self.signed = self.signed.max(number),
            "cosigned" => {
                self.cosigned = self.cosigned.max(number);
                counts.add("receipts kept", 1);
            }
            "pruned" => {
                assert!(number >= self.pruned && number <= self.cosigned, "pruned what the mirror has not");
                counts.add("prunings", u64::from(number > self.pruned));
                self.pruned = number;
            }
            other => panic!("a process said {other}"),
        }
    }

    /// The log ends here.
    fn end(&mut self) {
        let before = Some((self.size, self.root));
        let images = std::mem::take(&mut self.images);
        *self = Self { log: self.log + 1, before, images, ..Self::default() };
    }

    /// Checks the store that a killed process left, and takes over what was under way in it.
    fn check(&mut self, directory: &Path, counts: &mut Counts) {
        let (store, _) = Store::open(directory, 1).unwrap_or_else(|error| panic!("the store does not open: {error}"));
        let seen = Seen::read(&store);
        let keys = Keys::alone(seen.log.number);
        let trail = keys.trail(&store).unwrap_or_else(|error| panic!("the trail does not go on: {error}"));
        phone::check_tree(&store, &trail, &seen);
        if seen.log.number == self.log + 1 {
            self.end();
            counts.add("kills with the log's end under way that was durable", 1);
        }
        assert_eq!(seen.log.number, self.log, "the store holds another log");
        let size = self.size as usize;
        assert!(seen.leaves.len() >= size, "{} of {size} entries are there", seen.leaves.len());
        assert!(phone::root(&seen.leaves[..size]) == self.root, "an acknowledged entry was changed");
        assert!(seen.leaves.starts_with(&self.leaves), "an entry was changed");
        assert!(seen.leaves.len() - size <= MOST_AT_ONCE, "more than one change was under way");
        assert!(self.images.iter().all(|image| seen.media.contains_key(image)), "an acknowledged image is gone");
        assert!(seen.signed >= self.signed && seen.cosigned() >= self.cosigned, "a signature or a receipt is gone");
        assert!(seen.pruned >= self.pruned, "what was pruned is back");
        self.check_released(&store, &seen);
        self.check_carried(&seen, &keys);
        counts.add("kills with a change under way that was durable", u64::from(seen.leaves.len() > size));
        counts.add("kills with a pruning under way that was durable", u64::from(seen.pruned > self.pruned));
        counts.add("kills with a receipt under way that was durable", u64::from(seen.cosigned() > self.cosigned));
        counts.add("stores found with pruned entries", u64::from(seen.pruned > 0));
        (self.size, self.root) = (seen.leaves.len() as u64, phone::root(&seen.leaves));
        (self.signed, self.cosigned, self.pruned) = (seen.signed, seen.cosigned(), seen.pruned);
        self.leaves = seen.leaves;
        store.close();
    }

    fn check_released(&self, store: &Store, seen: &Seen) {
        for (size, root) in self.released.iter().rev().take(5) {
            let leaves = seen.leaves.get(..*size as usize);
            let leaves = leaves.unwrap_or_else(|| panic!("a signature over what is not durable left the phone"));
            assert!(phone::root(leaves) == *root, "a signed root is not the tree's");
            let other = Hash::of(&[root.as_bytes(), b"another"]).to_bytes();
            assert_eq!(store.intend_to_sign(*size, other), Err(StoreError::SecondHistory));
        }
    }

    /// The log before this one ended where it was acknowledged, and what the mirror did not have of it is here.
    fn check_carried(&mut self, seen: &Seen, keys: &Keys) {
        // Once it was looked at, the tree's root stands for it; and the present log may be pruned.
        let (Some((size, root)), 0) = (self.before.take(), seen.pruned) else { return };
        let told = rotation::read(&seen.entries, &keys.origin);
        assert_eq!((told.end.size, told.end.root), (size, root), "the log before this one ended elsewhere");
        let kept = seen.retired.get(&(self.log - 1));
        assert!(kept.is_none_or(|entries| entries.ends_with(&told.carried)), "what was carried is not what was kept");
        assert!(told.receipt.is_some() || told.end.confirmed.size() == 0, "what was not carried is under no statement");
    }
}

fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    if own.file_stem().is_some_and(|name| name == "faults") {
        return own;
    }
    // A test of this package: the program lies one folder above it.
    let built = own.parent().and_then(Path::parent).unwrap().join(format!("faults{}", std::env::consts::EXE_SUFFIX));
    assert!(built.exists(), "the program of this package is not built");
    built
}

/// One process, killed `wait` after its start, or after it has opened its store; gives what it said.
fn live_and_die(directory: &Path, seed: u64, at_work: bool, wait: Duration) -> String {
    let mut child = Command::new(program())
        .arg(CHILD)
        .arg(directory)
        .arg(seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    if at_work {
        out.read_line(&mut said).unwrap();
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_none(), "the phone ended by itself: {status}");
    out.read_to_string(&mut said).unwrap();
    said
}

fn work(run: &Run) -> Counts {
    let mut rng = run.rng();
    // On a disk, so that the system's own layer and its syncs are in play.
    let home = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    let mut counts = Counts::default();
    for _ in 0..KILLS {
        let wait = Duration::from_micros(rng.random_range(0..LONGEST_US));
        let at_work = rng.random_bool(0.75);
        let said = live_and_die(home.path(), rng.random(), at_work, wait);
        // The last line may be cut: then its commit is not acknowledged.
        let whole = said.rfind('\n').map_or("", |end| &said[..end]);
        for line in whole.lines() {
            acknowledged.hear(line, &mut counts);
        }
        counts.add("kills", 1);
        acknowledged.check(home.path(), &mut counts);
    }
    counts
}
