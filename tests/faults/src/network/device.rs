//! The phone's side: the journal on its own store, and its upload driven as an app drives it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use peel_journal::store::{Batch, Store};
use peel_journal::trail::{Item, Stamp, Trail};
use peel_journal::upload::{Request, Upload, keep_receipt};
use peel_ledger::entry::EntryClass;
use peel_ledger::mirror::{Action, Alarm, Notice, ServerAnswer};
use rand::RngExt as _;
use rand::rngs::StdRng;

use super::Network;
use super::server::{Reply, Server, copy, force, remove};
use crate::phone;
use crate::worker::sign;

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
}

/// The phone.
pub(crate) struct Device {
    directory: PathBuf,
    store: Store,
    trail: Trail,
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

fn open(directory: &Path) -> (Store, Trail) {
    let (store, _) = Store::open(directory, 1).unwrap();
    let trail = force().keys.trail(&store).unwrap();
    (store, trail)
}

impl Device {
    /// A phone that is enrolled and has recorded nothing.
    pub(crate) fn new(rng: &mut StdRng) -> Self {
        let directory = next_directory();
        Self::at(directory, rng.random())
    }

    fn at(directory: PathBuf, boot: u64) -> Self {
        let (store, trail) = open(&directory);
        Self {
            directory,
            store,
            trail,
            wall_ms: 1_700_000_000_000,
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
    pub(crate) fn of_copy(from: &Path, rng: &mut StdRng) -> Self {
        let directory = next_directory();
        std::fs::create_dir_all(&directory).unwrap();
        copy(from, &directory.join("peel.db"));
        Self::at(directory, rng.random())
    }

    /// The process ends and starts again on what it left.
    pub(crate) fn crash(&mut self, rng: &mut StdRng) {
        let directory = next_directory();
        std::fs::create_dir_all(&directory).unwrap();
        copy(&self.directory.join("peel.db"), &directory.join("peel.db"));
        self.store.close();
        remove(&self.directory.join("peel.db"));
        self.directory = directory;
        (self.store, self.trail) = open(&self.directory);
        self.mono_ns = 0;
        self.boot = rng.random();
    }

    pub(crate) fn size(&self) -> u64 {
        self.trail.size()
    }

    pub(crate) fn cosigned(&self) -> u64 {
        self.store.cosigned_size().unwrap()
    }

    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        self.store.entries(0, u64::from(u32::MAX)).unwrap()
    }

    /// Records something.
    pub(crate) fn record(&mut self, rng: &mut StdRng) {
        self.wall_ms += rng.random_range(0..10_000);
        self.mono_ns += rng.random_range(0..10_000_000_000);
        let at = Stamp { wall_ms: self.wall_ms, mono_ns: self.mono_ns, boot: self.boot.to_le_bytes() };
        let items = phone::items(rng, at);
        self.trail.append(&self.store, &items, Batch::new(), None, rng).unwrap();
    }

    pub(crate) fn record_many(&mut self, rng: &mut StdRng, times: usize) {
        for _ in 0..times {
            self.record(rng);
        }
    }

    /// Records so much that it takes several requests to send.
    pub(crate) fn record_long(&mut self, rng: &mut StdRng) {
        let at = Stamp { wall_ms: self.wall_ms, mono_ns: self.mono_ns, boot: self.boot.to_le_bytes() };
        for _ in 0..rng.random_range(5..11) {
            let item = Item::Body { class: EntryClass::Event, at, body: vec![rng.random(); 4_500] };
            self.trail.append(&self.store, &vec![item; 64], Batch::new(), None, rng).unwrap();
        }
    }

    /// Brings the trail to the force over a network, with at most some requests.
    pub(crate) fn sync(&mut self, network: &mut Network, rng: &mut StdRng) -> Synced {
        if let Some(alarm) = self.frozen {
            return Synced::Stopped(alarm);
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
                    keep_receipt(&self.store, receipt, 0).unwrap();
                    self.trail.witness(receipt.beacon);
                    return Synced::Done;
                }
                Action::Stop(alarm) => {
                    self.alarms += 1;
                    if matches!(alarm, Alarm::RolledBack | Alarm::Unknown) {
                        self.frozen = Some(*alarm);
                    }
                    return Synced::Stopped(*alarm);
                }
                Action::Wait { .. } | Action::BackOff | Action::RefreshAuthorisation => self.retries += 1,
                _ => {}
            }
            let request = upload.request(&self.store, &action).unwrap();
            let answer = network.exchange(&request, rng);
            let step = match &answer {
                None => upload.answered(request.asked, ServerAnswer::Lost),
                Some(Reply { status, body, retry_after_s }) => {
                    let (status, retry_after_s) = (*status, *retry_after_s);
                    upload.answered(request.asked, ServerAnswer::Reply { status, body, retry_after_s })
                }
            };
            match step.notice {
                Some(Notice::ServerLostHistory { .. }) => self.losses_noticed += 1,
                Some(_) => self.other_notices += 1,
                None => {}
            }
            action = step.action;
        }
        Synced::Later
    }

    /// Sends everything to a server without faults; gives the status at which it ended, if the force did not take it.
    pub(crate) fn send_all(&mut self, server: &Server) -> Option<u16> {
        self.send_through(&mut |request| server.handle(request.endpoint, &request.body))
    }

    /// The same with something between.
    pub(crate) fn send_through(&mut self, handle: &mut dyn FnMut(&Request) -> Reply) -> Option<u16> {
        let (checkpoint, note) = sign(&self.store, &self.trail, &|_| None).unwrap();
        let mut upload = Upload::new(checkpoint, note, force().mirror.clone(), self.cosigned());
        let mut action = upload.begin();
        loop {
            if let Action::Done(receipt) = &action {
                keep_receipt(&self.store, receipt, 0).unwrap();
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
