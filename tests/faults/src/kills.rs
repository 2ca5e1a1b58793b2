//! Kills: a phone's process that is ended hard in the middle of its work, and what its store shows then.
//!
//! The phone is this program again, in a process of its own. It says on its output what is acknowledged, after each
//! commit, and is sent SIGKILL at a random moment, also while it opens what the last one left. When the signal comes is
//! not the seed's choice, so a run that failed may not fail again.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use peel_journal::signing::{Present, Signing};
use peel_journal::store::{Batch, Op, Store, StoreError};
use peel_journal::trail::{Stamp, Trail, TrailError};
use peel_journal::upload::keep_receipt;
use peel_ledger::Hash;
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::tree::leaf_hash;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::phone::{self, Keys, Seen};
use crate::run::{Counts, Part, Run};

/// Kills of one store, one after the other.
const KILLS: u64 = 20;
/// The longest that a process lives after its start or its opening, in microseconds.
const LONGEST_US: u64 = 20_000;

/// Kills.
pub const PART: Part = Part {
    name: "kills",
    promise: "a phone's process that is killed at any moment loses nothing that it acknowledged",
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

fn open(directory: &Path) -> (Store, Trail) {
    let (store, _) = Store::open(directory, 1).unwrap();
    let trail = Keys::alone().trail(&store).unwrap();
    (store, trail)
}

/// The phone: works on the store in `directory` until it is killed.
pub fn child(directory: &Path, seed: u64) -> ! {
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut store, mut trail) = open(directory);
    say("open");
    for step in 0_u64.. {
        let at = Stamp { wall_ms: 1_000, mono_ns: step, boot: seed.to_le_bytes() };
        match rng.random_range(0..10) {
            0..6 => append(&store, &mut trail, at, &mut rng),
            6..9 => sign(&store, &mut trail, &mut rng),
            _ => {
                store.close();
                (store, trail) = open(directory);
            }
        }
    }
    std::process::exit(0)
}

fn append(store: &Store, trail: &mut Trail, at: Stamp, rng: &mut StdRng) {
    let items = phone::items(rng, at);
    let image = rng.random_bool(0.2).then(|| phone::media(rng));
    let mut batch = Batch::new();
    batch.extend(image.clone().map(Op::Media));
    let committed = trail.append(store, &items, batch, None, rng).unwrap();
    let mut line = format!("entries {}", committed.first);
    for entry in &committed.entries {
        let _ = write!(line, " {}", leaf_hash(entry).to_hex());
    }
    say(&line);
    if let Some(row) = image {
        say(&format!("image {}", hex(&row.media_id)));
    }
}

fn sign(store: &Store, trail: &mut Trail, rng: &mut StdRng) {
    let checkpoint = trail.checkpoint();
    let released = |_: &[u8]| -> Option<Vec<u8>> {
        say(&format!("released {} {}", checkpoint.size, checkpoint.root.to_hex()));
        None
    };
    let present = || Ok::<Present, TrailError>(trail.present());
    Signing::default().sign(store, present, &[], &released).unwrap();
    say(&format!("signed {}", checkpoint.size));
    if rng.random_bool(0.5) {
        let beacon = Hash::new(rng.random());
        let signature_lines = "a line\n".to_owned();
        let receipt = MirrorReceipt { checkpoint: checkpoint.clone(), signature_lines, cosigned_at_s: 1, beacon };
        keep_receipt(store, &receipt, 0).unwrap();
        trail.witness(beacon);
        say(&format!("cosigned {}", checkpoint.size));
    }
}

/// What processes said is acknowledged.
#[derive(Default)]
struct Acknowledged {
    leaves: Vec<Hash>,
    released: Vec<(u64, Hash)>,
    images: Vec<[u8; 16]>,
    signed: u64,
    cosigned: u64,
}

impl Acknowledged {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let what = words.next().unwrap();
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap();
        match what {
            "open" => {}
            "entries" => {
                let first = number();
                assert_eq!(
                    first,
                    self.leaves.len() as u64,
                    "a process went on in another place than the last one ended"
                );
                self.leaves.extend(words.map(|word| Hash::from_hex(word).unwrap()));
            }
            "image" => {
                let text = words.next().unwrap();
                let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
                self.images.push(std::array::from_fn(byte));
            }
            "released" => {
                let size = number();
                self.released.push((size, Hash::from_hex(words.next().unwrap()).unwrap()));
            }
            "signed" => self.signed = self.signed.max(number()),
            "cosigned" => self.cosigned = self.cosigned.max(number()),
            other => panic!("a process said {other}"),
        }
    }

    /// Checks the store that a killed process left, and takes over what was under way in it.
    fn check(&mut self, directory: &Path) {
        let (store, _) = Store::open(directory, 1).unwrap_or_else(|error| panic!("the store does not open: {error}"));
        let trail = Keys::alone().trail(&store).unwrap_or_else(|error| panic!("the trail does not go on: {error}"));
        let seen = Seen::read(&store);
        phone::check_tree(&store, &trail, &seen.entries);
        let leaves: Vec<Hash> = seen.entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert!(leaves.len() >= self.leaves.len(), "{} of {} entries are there", leaves.len(), self.leaves.len());
        assert!(leaves.starts_with(&self.leaves), "an acknowledged entry was changed");
        assert!(leaves.len() - self.leaves.len() <= 16, "more than one change was under way");
        assert!(self.images.iter().all(|image| seen.media.contains_key(image)), "an acknowledged image is gone");
        assert!(seen.signed >= self.signed && seen.cosigned >= self.cosigned, "a signature or a receipt is gone");
        for (size, root) in self.released.iter().rev().take(5) {
            assert!(*size <= leaves.len() as u64, "a signature over what is not durable left the phone");
            assert!(phone::range(&seen.entries[..*size as usize]).root() == *root, "a signed root is not the tree's");
            let other = Hash::of(&[root.as_bytes(), b"another"]).to_bytes();
            assert_eq!(store.intend_to_sign(*size, other), Err(StoreError::SecondHistory));
        }
        self.leaves = leaves;
        store.close();
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
        let before = acknowledged.leaves.len();
        for line in whole.lines() {
            acknowledged.hear(line);
        }
        counts.add("kills", 1);
        counts.add("entries acknowledged", (acknowledged.leaves.len() - before) as u64);
        let heard = acknowledged.leaves.len();
        acknowledged.check(home.path());
        counts.add("kills with a change under way that was durable", u64::from(acknowledged.leaves.len() > heard));
    }
    counts
}
