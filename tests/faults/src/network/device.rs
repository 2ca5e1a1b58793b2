//! The phone's side: the journal on its own store, and its upload driven as an app drives it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use peel_domain::id::EnrolmentId;
use peel_journal::store::{Batch, PruneRule, Store};
use peel_journal::succession::estate;
use peel_journal::trail::{Item, Stamp, Trail};
use peel_journal::upload::{Request, Upload, UploadError, keep_loss, keep_receipt, loss_proof};
use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::EntryClass;
use peel_ledger::mirror::{Action, Alarm, MirrorReceipt, Notice, ServerAnswer};
use peel_ledger::note::SignedNote;
use peel_ledger::tree::leaf_hash;
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::Network;
use super::server::{Reply, Server, copy, force, real_ms, remove};
use crate::phone::{self, Keys, Log};
use crate::rotation;
use crate::worker::sign;

/// How far back the force's backups may reach.
pub(crate) const WEEK_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Requests after which a synchronisation that has not ended is left.
const MOST_REQUESTS: usize = 60;

/// What came of a synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    /// There was nothing to send.
    UpToDate,
    /// Everything is at the force.
    Done,
    /// Not yet.
    Later,
    /// An alarm ended it.
    Stopped(Alarm),
    /// The force asks for what it had confirmed and what was pruned since; the phone proves that.
    LostPruned,
}

/// A log of the phone that ended.
pub(crate) struct Ended {
    pub(crate) enrolment: EnrolmentId,
    /// All that was ever recorded in it.
    pub(crate) entries: Vec<Vec<u8>>,
    /// What was carried over begins here.
    pub(crate) from: u64,
}

/// The phone.
pub(crate) struct Device {
    directory: PathBuf,
    store: Store,
    trail: Trail,
    /// Its enrolments, the present one last.
    known: Vec<(EnrolmentId, Keys)>,
    pub(crate) enrolment: EnrolmentId,
    /// All that was ever recorded in the present log, also what was pruned: kept here, not by the phone.
    recorded: Vec<Vec<u8>>,
    /// Receipts for the present log: a size, and the later of both clocks when it came.
    receipts: Vec<(u64, i64)>,
    /// When the mirror signed last, by its own clock.
    stated_ms: i64,
    pub(crate) ended: Vec<Ended>,
    /// The force lost what was pruned.
    pub(crate) lost_pruned: bool,
    /// The phone's clock, which may be anything.
    pub(crate) wall_ms: i64,
    mono_ns: u64,
    boot: u64,
    /// Set for good by what an app does not go on after.
    pub(crate) frozen: Option<Alarm>,
    pub(crate) alarms: u64,
    /// How often it was told that the server lost history.
    pub(crate) losses_noticed: u64,
    pub(crate) retries: u64,
    pub(crate) other_notices: u64,
}

/// Directories are used again, so that the reserve in them need not be laid down for each.
fn directory(number: u64) -> PathBuf {
    let directory = phone::home().join(format!("device-{number}"));
    remove(&directory.join("peel.db"));
    directory
}

fn next_directory() -> PathBuf {
    thread_local! {
        static NEXT: AtomicU64 = const { AtomicU64::new(0) };
    }
    directory(NEXT.with(|next| next.fetch_add(1, Ordering::Relaxed)) % 8)
}

fn open(directory: &Path, known: &[(EnrolmentId, Keys)]) -> (Store, Trail, EnrolmentId) {
    let (store, _) = Store::open(directory, 1).unwrap();
    let (enrolment, keys) = &known[Log::read(&store).number as usize];
    let trail = keys.trail(&store).unwrap();
    (store, trail, *enrolment)
}

/// What a mirror's statement says, if it is the mirror's.
fn confirmed(note: &str) -> (u64, Hash) {
    let note = SignedNote::parse(note.as_bytes()).unwrap();
    note.verify_every_line(std::slice::from_ref(&force().mirror)).unwrap();
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    (checkpoint.size, checkpoint.root)
}

impl Device {
    /// A phone that is enrolled and has recorded nothing.
    pub(crate) fn new(rng: &mut StdRng) -> Self {
        let directory = next_directory();
        Self::at(directory, vec![(force().device, force().keys.clone())], rng.random())
    }

    fn at(directory: PathBuf, known: Vec<(EnrolmentId, Keys)>, boot: u64) -> Self {
        let (store, trail, enrolment) = open(&directory, &known);
        let recorded = store.entries(0, u64::from(u32::MAX)).unwrap();
        Self {
            directory,
            store,
            trail,
            known,
            enrolment,
            recorded,
            receipts: Vec::new(),
            stated_ms: 0,
            ended: Vec::new(),
            lost_pruned: false,
            wall_ms: real_ms(),
            mono_ns: 0,
            boot,
            frozen: None,
            alarms: 0,
            losses_noticed: 0,
            retries: 0,
            other_notices: 0,
        }
    }

    /// Closes the store.
    pub(crate) fn end(self) {
        self.store.close();
        remove(&self.directory.join("peel.db"));
    }

    /// Copies the store as it lies there.
    pub(crate) fn copy(&self) -> PathBuf {
        let to = phone::home().join(format!("copy-{}", self.directory.file_name().unwrap().display()));
        copy(&self.directory.join("peel.db"), &to);
        to
    }

    /// A phone on a copy of a store: a clone, or this phone as it was.
    pub(crate) fn of_copy(&self, from: &Path, rng: &mut StdRng) -> Self {
        let directory = next_directory();
        std::fs::create_dir_all(&directory).unwrap();
        copy(from, &directory.join("peel.db"));
        Self::at(directory, self.known.clone(), rng.random())
    }

    /// The process ends and starts again on what it left.
    pub(crate) fn crash(&mut self, rng: &mut StdRng) {
        let directory = next_directory();
        std::fs::create_dir_all(&directory).unwrap();
        copy(&self.directory.join("peel.db"), &directory.join("peel.db"));
        self.store.close();
        remove(&self.directory.join("peel.db"));
        self.directory = directory;
        (self.store, self.trail, self.enrolment) = open(&self.directory, &self.known);
        self.mono_ns = 0;
        self.boot = rng.random();
        self.check();
    }

    /// The phone shows what was recorded: bodies from where it pruned, leaf hashes of all.
    pub(crate) fn check(&self) {
        let (pruned, leaves) = (self.store.pruned().unwrap(), self.store.leaves(u64::from(u32::MAX)).unwrap());
        let kept = self.store.entries(pruned, u64::from(u32::MAX)).unwrap();
        assert!(self.recorded.get(pruned as usize..) == Some(kept.as_slice()), "the phone lost what it recorded");
        let recorded = self.recorded.iter().map(|entry| leaf_hash(entry).to_bytes());
        assert!(recorded.eq(leaves), "a leaf hash that the phone kept is not that of its entry");
    }

    pub(crate) fn size(&self) -> u64 {
        self.trail.size()
    }

    pub(crate) fn cosigned(&self) -> u64 {
        self.store.cosigned_size().unwrap()
    }

    /// All that was recorded in the present log.
    pub(crate) fn entries(&self) -> &[Vec<u8>] {
        &self.recorded
    }

    /// The leaf hashes that the phone keeps.
    pub(crate) fn leaves(&self) -> Vec<[u8; 32]> {
        self.store.leaves(u64::from(u32::MAX)).unwrap()
    }

    pub(crate) fn pruned(&self) -> u64 {
        self.store.pruned().unwrap()
    }

    fn stamp(&self) -> Stamp {
        Stamp { wall_ms: self.wall_ms, mono_ns: self.mono_ns, boot: self.boot.to_le_bytes() }
    }

    fn append(&mut self, items: &[Item], rng: &mut StdRng) {
        let committed = self.trail.append(&self.store, items, Batch::new(), None, rng).unwrap();
        self.recorded.extend(committed.entries);
    }

    /// Records something.
    pub(crate) fn record(&mut self, rng: &mut StdRng) {
        self.wall_ms += rng.random_range(0..10_000);
        self.mono_ns += rng.random_range(0..10_000_000_000);
        let items = phone::items(rng, self.stamp());
        self.append(&items, rng);
    }

    /// Records so much that a tile of entries becomes full.
    pub(crate) fn record_tile(&mut self, rng: &mut StdRng) {
        let items = phone::many(rng, self.stamp());
        self.append(&items, rng);
    }

    pub(crate) fn record_many(&mut self, rng: &mut StdRng, times: usize) {
        for _ in 0..times {
            self.record(rng);
        }
    }

    /// Records so much that it takes several requests to send.
    pub(crate) fn record_long(&mut self, rng: &mut StdRng) {
        let at = self.stamp();
        for _ in 0..rng.random_range(5..11) {
            let item = Item::Body { class: EntryClass::Event, at, body: vec![rng.random(); 4_500] };
            self.append(&vec![item; 64], rng);
        }
    }

    /// Lets bodies go that the force has had for a week.
    pub(crate) fn prune(&mut self) {
        let before = self.pruned();
        let rule =
            PruneRule { keep_ms: 0, backup_horizon_ms: WEEK_MS.unsigned_abs(), now_ms: self.wall_ms, proved: u64::MAX };
        let pruned = self.store.prune(rule).unwrap();
        let until = self.stated_ms.min(self.wall_ms) - WEEK_MS;
        let held = self.receipts.iter().filter(|(_, since_ms)| *since_ms <= until).map(|(size, _)| *size).max();
        let may_go = pruned.below == before || held.is_some_and(|held| pruned.below <= held);
        assert!(may_go, "what the force had not confirmed for a week was pruned");
        self.check();
    }

    /// The phone is enrolled anew: its log ends, and the next one carries what the force does not have of it. Gives how
    /// many entries that are.
    pub(crate) fn rotate(&mut self, server: &Server, rng: &mut StdRng) -> u64 {
        let (enrolment, keys) = server.enrol(rng.random(), rng);
        if rng.random_bool(0.1) {
            // It ends before it has begun the new log: that enrolment is never used.
            self.crash(rng);
            return 0;
        }
        let (pruned, estate) = (self.pruned(), estate(&self.store, &self.trail).unwrap());
        let items = rotation::last_words(&estate, self.stamp());
        let mut batch = Batch::new();
        self.known.push((enrolment, keys.clone()));
        batch.push(Log { number: self.known.len() as u64 - 1, carried: items.len() as u64 }.op());
        let (name, recipients) = ((keys.origin.clone(), keys.signer()), keys.recipients.clone());
        let (trail, committed) = self.trail.succeed(&self.store, name, recipients, &items, batch, rng).unwrap();
        let told = self.check_end(&committed.entries, &keys, pruned);
        let carried = told.carried.len() as u64;
        let entries = std::mem::replace(&mut self.recorded, committed.entries);
        self.ended.push(Ended { enrolment: self.enrolment, entries, from: told.end.confirmed.size() });
        (self.trail, self.enrolment, self.frozen, self.lost_pruned) = (trail, enrolment, None, false);
        self.receipts.clear();
        carried
    }

    /// What the next log says of this one: all that is here and that the force did not confirm, or lost, and the force's
    /// own word for the rest.
    fn check_end(&self, entries: &[Vec<u8>], keys: &Keys, pruned: u64) -> rotation::Told {
        let leaves: Vec<[u8; 32]> = self.recorded.iter().map(|entry| leaf_hash(entry).to_bytes()).collect();
        let told = rotation::check(entries, &keys.origin, &leaves);
        let from = told.end.confirmed.size();
        let held = self.receipts.iter().map(|(size, _)| *size).max().unwrap_or(0);
        assert!(from <= held.max(pruned), "what is here and not at the force is not carried");
        if let Some(note) = &told.receipt {
            let (size, root) = confirmed(note);
            assert!(size >= from, "the force's word is about less than was left out");
            assert!(phone::root(&leaves[..size as usize]) == root, "the force's word is about another log");
        }
        told
    }

    /// The force asks for an entry that it once confirmed: the phone has the force's own word for it.
    fn prove(&self, from: u64, below: u64) {
        assert!(from < below && below == self.pruned());
        let proof = loss_proof(&self.store, self.trail.origin(), from).unwrap();
        let proof = proof.unwrap_or_else(|| panic!("a loss without a proof"));
        let receipt = proof.verify(&force().mirror).unwrap();
        assert!(receipt.checkpoint.size > from);
        let leaves = self.store.leaves(receipt.checkpoint.size).unwrap();
        assert!(phone::root(&leaves) == receipt.checkpoint.root, "the force's word is about another log");
        assert_eq!(confirmed(&proof.note_text()), (receipt.checkpoint.size, receipt.checkpoint.root));
    }

    fn keep(&mut self, receipt: &MirrorReceipt) {
        keep_receipt(&self.store, receipt, self.wall_ms).unwrap();
        self.trail.witness(receipt.beacon);
        self.stated_ms = i64::try_from(receipt.cosigned_at_s).unwrap() * 1_000;
        let size = receipt.checkpoint.size;
        if !self.receipts.iter().any(|(known, _)| *known == size) {
            self.receipts.push((size, self.stated_ms.max(self.wall_ms)));
        }
    }

    fn lose(&mut self, holds: u64) {
        keep_loss(&self.store, holds).unwrap();
        self.receipts.retain(|(size, _)| *size <= holds);
    }

    /// Brings the trail to the force over a network, with at most some requests.
    pub(crate) fn sync(&mut self, network: &mut Network, rng: &mut StdRng) -> Synced {
        if let Some(alarm) = self.frozen {
            return Synced::Stopped(alarm);
        }
        if self.lost_pruned {
            return Synced::LostPruned;
        }
        if self.size() == self.cosigned() {
            return Synced::UpToDate;
        }
        let (checkpoint, note) = sign(&self.store, &self.trail, &|_| None).unwrap();
        let mut upload = Upload::new(checkpoint, note, force().mirror.clone(), self.cosigned());
        let mut action = upload.begin();
        for _ in 0..MOST_REQUESTS {
            match &action {
                Action::Done(receipt) => {
                    self.keep(receipt);
                    return Synced::Done;
                }
                Action::Stop(alarm) => {
                    self.alarms += 1;
                    if matches!(alarm, Alarm::RolledBack | Alarm::Unknown) {
                        self.frozen = Some(*alarm);
                    }
                    if *alarm == Alarm::Unknown {
                        self.lose(0);
                    }
                    return Synced::Stopped(*alarm);
                }
                Action::Wait { .. } | Action::BackOff | Action::RefreshAuthorisation => self.retries += 1,
                _ => {}
            }
            let request = match upload.request(&self.store, &action) {
                Err(UploadError::Pruned { from, below }) => {
                    self.prove(from, below);
                    self.lost_pruned = true;
                    return Synced::LostPruned;
                }
                request => request.unwrap(),
            };
            let answer = network.exchange(self.enrolment, &request, rng);
            let step = match &answer {
                None => upload.answered(request.asked, ServerAnswer::Lost),
                Some(Reply { status, body, retry_after_s }) => {
                    let (status, retry_after_s) = (*status, *retry_after_s);
                    upload.answered(request.asked, ServerAnswer::Reply { status, body, retry_after_s })
                }
            };
            match step.notice {
                Some(Notice::ServerLostHistory { holds, .. }) => {
                    self.lose(holds);
                    self.losses_noticed += 1;
                }
                Some(_) => self.other_notices += 1,
                None => {}
            }
            action = step.action;
        }
        Synced::Later
    }

    /// Sends everything to a server without faults; gives the status at which it ended, if the force did not take it.
    pub(crate) fn send_all(&mut self, server: &Server) -> Option<u16> {
        let device = self.enrolment;
        self.send_through(&mut |request| server.handle(device, request.endpoint, &request.body))
    }

    /// The same with something between.
    pub(crate) fn send_through(&mut self, handle: &mut dyn FnMut(&Request) -> Reply) -> Option<u16> {
        let (checkpoint, note) = sign(&self.store, &self.trail, &|_| None).unwrap();
        let mut upload = Upload::new(checkpoint, note, force().mirror.clone(), self.cosigned());
        let mut action = upload.begin();
        loop {
            if let Action::Done(receipt) = &action {
                self.keep(receipt);
                return None;
            }
            let request = upload.request(&self.store, &action).unwrap();
            let reply = handle(&request);
            let answer = ServerAnswer::Reply { status: reply.status, body: &reply.body, retry_after_s: None };
            action = upload.answered(request.asked, answer).action;
            if matches!(action, Action::BackOff | Action::Stop(_) | Action::RefreshAuthorisation) {
                return Some(reply.status);
            }
        }
    }
}
