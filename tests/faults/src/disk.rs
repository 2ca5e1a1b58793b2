//! A disk in memory behind SQLite that can be asked, afterwards, what a power cut at any moment might have left.
//!
//! Every write, truncation, creation, deletion and sync is kept in order. [`Disk::after_power_cut`] gives one of the
//! states that an honest disk may show after a cut at a moment: what was synced is there; of what was not, any part may
//! be, sector by sector, and what a file grew by without a sync may hold anything. [`Refusal`]s make a running disk full
//! or broken instead.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use sqlite_vfs::{DatabaseHandle, LockKind, OpenAccess, OpenKind, OpenOptions, Vfs, WalDisabled};

/// What a disk writes at once or not at all.
const SECTOR: usize = 512;

/// The files of a disk by name, as they are when the power comes back.
pub type Image = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug)]
enum Event {
    Create { name: String, file: usize },
    Delete { name: String },
    Write { file: usize, at: usize, bytes: Vec<u8> },
    SetLen { file: usize, len: usize },
    Sync { file: usize },
    SyncNames,
}

/// How a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No space is left.
    Full,
    /// The write fails.
    Write,
    /// The sync fails.
    Sync,
}

/// When a disk refuses.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// What it refuses.
    pub what: Refused,
    /// At which write or sync from now on, counted from 0.
    pub at: u64,
    /// Whether all that follow are refused too.
    pub lasting: bool,
}

#[derive(Debug, Default)]
struct State {
    /// Counts loads: a file that was opened before one is no file of this disk any more.
    generation: u64,
    names: BTreeMap<String, usize>,
    files: Vec<Vec<u8>>,
    /// What was durable when the events begin.
    base_names: BTreeMap<String, usize>,
    base_files: Vec<Vec<u8>>,
    events: Vec<Event>,
    refusal: Option<Refusal>,
    counted: u64,
    refused: u64,
}

impl State {
    fn refuses(&mut self, what: Refused) -> bool {
        let Some(refusal) = self.refusal.filter(|refusal| refusal.what == what) else { return false };
        let now = self.counted;
        self.counted += 1;
        let refuses = now == refusal.at || refusal.lasting && now > refusal.at;
        self.refused += u64::from(refuses);
        refuses
    }
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// A new, empty disk that SQLite knows as `name`. It stays registered as long as the process lives.
    pub fn register(name: &str) -> Self {
        let disk = Self::default();
        sqlite_vfs::register(name, disk.clone(), false).expect("a VFS can be registered");
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts other contents onto the disk, all of them durable, and begins to keep events anew.
    pub fn load(&self, image: Image) {
        let mut state = State::default();
        for (name, bytes) in image {
            state.names.insert(name, state.files.len());
            state.files.push(bytes);
        }
        (state.base_names, state.base_files) = (state.names.clone(), state.files.clone());
        let mut present = self.state();
        state.generation = present.generation + 1;
        *present = state;
    }

    /// How many events there were: a moment in the disk's life.
    pub fn now(&self) -> usize {
        self.state().events.len()
    }

    /// The files as a running system sees them now.
    pub fn contents(&self) -> Image {
        let state = self.state();
        state.names.iter().map(|(name, file)| (name.clone(), state.files[*file].clone())).collect()
    }

    /// Refuses from now on; nothing makes the disk sound again.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        let mut state = self.state();
        (state.refusal, state.counted, state.refused) = (refusal, 0, 0);
    }

    /// How often the present refusal was met.
    pub fn refused(&self) -> u64 {
        self.state().refused
    }

    /// One of the states that a power cut at `moment` may leave.
    pub fn after_power_cut(&self, moment: usize, rng: &mut StdRng) -> Image {
        let state = self.state();
        let events = &state.events[..moment];
        // Mostly all or mostly nothing of what is not durable are the interesting states, so each has its share.
        let kept = [0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0][rng.random_range(0..7)];
        let names = surviving_names(&state.base_names, events, kept, rng);
        names
            .into_iter()
            .map(|(name, file)| {
                let base = state.base_files.get(file).cloned().unwrap_or_default();
                (name, surviving_bytes(base, file, events, kept, rng))
            })
            .collect()
    }
}

/// The names after a cut: of what was not synced, for each name any number of changes from the first on.
fn surviving_names(
    base: &BTreeMap<String, usize>,
    events: &[Event],
    kept: f64,
    rng: &mut StdRng,
) -> BTreeMap<String, usize> {
    let mut names = base.clone();
    let synced = events.iter().rposition(|event| matches!(event, Event::SyncNames)).unwrap_or(0);
    let mut lost: Vec<&str> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let (Event::Create { name, .. } | Event::Delete { name }) = event else { continue };
        if at >= synced && (lost.contains(&name.as_str()) || !rng.random_bool(kept)) {
            lost.push(name);
            continue;
        }
        match event {
            Event::Create { name, file } => names.insert(name.clone(), *file),
            _ => names.remove(name),
        };
    }
    names
}

/// A file's bytes after a cut.
fn surviving_bytes(base: Vec<u8>, file: usize, events: &[Event], kept: f64, rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = base;
    let is_sync = |event: &Event| matches!(event, Event::Sync { file: synced } if *synced == file);
    let synced = events.iter().rposition(is_sync).unwrap_or(0);
    let (before, after) = events.split_at(synced);
    for event in before {
        apply(&mut bytes, file, event);
    }
    let durable = bytes.len();
    for event in after {
        match event {
            Event::Write { file: written, at, bytes: new } if *written == file => {
                for part in sectors(*at, new.len()) {
                    if rng.random_bool(kept) {
                        write(&mut bytes, part.start, &new[part.start - at..part.end - at]);
                    }
                }
            }
            Event::SetLen { file: set, len } if *set == file && rng.random_bool(kept) => bytes.resize(*len, 0),
            _ => {}
        }
    }
    // Space that the file was given and nothing was written to yet, as some file systems show it.
    if bytes.len() > durable && rng.random_bool(0.2) {
        let grown = durable.next_multiple_of(SECTOR).min(bytes.len());
        for sector in bytes[grown..].chunks_mut(SECTOR) {
            if rng.random_bool(1.0 - kept) {
                rng.fill(sector);
            }
        }
    }
    bytes
}

fn sectors(at: usize, len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = at + len;
    let mut next = at;
    std::iter::from_fn(move || {
        let start = next;
        next = ((start / SECTOR + 1) * SECTOR).min(end);
        (start < end).then_some(start..next)
    })
}

fn apply(bytes: &mut Vec<u8>, file: usize, event: &Event) {
    match event {
        Event::Write { file: written, at, bytes: new } if *written == file => write(bytes, *at, new),
        Event::SetLen { file: set, len } if *set == file => bytes.resize(*len, 0),
        _ => {}
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    let end = at + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(new);
}

/// A file that is open.
#[derive(Debug)]
pub struct OpenFile {
    disk: Disk,
    generation: u64,
    file: usize,
    /// The first sync of a journal also makes names durable, as SQLite's own layer for Unix does it.
    names_too: bool,
    lock: LockKind,
}

impl Vfs for Disk {
    type Handle = OpenFile;

    fn open(&self, name: &str, options: OpenOptions) -> Result<OpenFile, Error> {
        let mut state = self.state();
        let creates = matches!(options.access, OpenAccess::Create | OpenAccess::CreateNew);
        let known = state.names.get(name).copied();
        let file = match known {
            Some(_) if options.access == OpenAccess::CreateNew => return Err(ErrorKind::AlreadyExists.into()),
            Some(file) => file,
            None if creates => {
                let file = state.files.len();
                state.files.push(Vec::new());
                state.names.insert(name.to_owned(), file);
                state.events.push(Event::Create { name: name.to_owned(), file });
                file
            }
            None => return Err(ErrorKind::NotFound.into()),
        };
        let journal = matches!(options.kind, OpenKind::MainJournal | OpenKind::SuperJournal | OpenKind::Wal);
        let generation = state.generation;
        Ok(OpenFile { disk: self.clone(), generation, file, names_too: journal && creates, lock: LockKind::None })
    }

    fn delete(&self, name: &str) -> Result<(), Error> {
        let mut state = self.state();
        state.names.remove(name).ok_or(ErrorKind::NotFound)?;
        state.events.push(Event::Delete { name: name.to_owned() });
        Ok(())
    }

    fn exists(&self, name: &str) -> Result<bool, Error> {
        Ok(self.state().names.contains_key(name))
    }

    fn access(&self, name: &str, _write: bool) -> Result<bool, Error> {
        self.exists(name)
    }

    fn temporary_name(&self) -> String {
        format!("temporary-{}", self.now())
    }

    fn random(&self, buffer: &mut [i8]) {
        buffer.fill(4);
    }

    fn sleep(&self, _duration: Duration) -> Duration {
        Duration::ZERO
    }
}

impl OpenFile {
    fn state(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.disk.state();
        if state.generation == self.generation { Ok(state) } else { Err(ErrorKind::NotFound.into()) }
    }
}

impl DatabaseHandle for OpenFile {
    type WalIndex = WalDisabled;

    fn size(&self) -> Result<u64, Error> {
        Ok(self.state()?.files[self.file].len() as u64)
    }

    fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> Result<(), Error> {
        let state = self.state()?;
        let at = usize::try_from(offset).map_err(|_| ErrorKind::InvalidInput)?;
        let there = state.files[self.file].get(at..).unwrap_or_default();
        let length = there.len().min(buffer.len());
        buffer[..length].copy_from_slice(&there[..length]);
        buffer[length..].fill(0);
        if length == buffer.len() { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn write_all_at(&mut self, buffer: &[u8], offset: u64) -> Result<(), Error> {
        let mut state = self.state()?;
        if state.refuses(Refused::Full) {
            return Err(ErrorKind::WriteZero.into());
        }
        if state.refuses(Refused::Write) {
            return Err(ErrorKind::Other.into());
        }
        let at = usize::try_from(offset).map_err(|_| ErrorKind::InvalidInput)?;
        write(&mut state.files[self.file], at, buffer);
        state.events.push(Event::Write { file: self.file, at, bytes: buffer.to_vec() });
        Ok(())
    }

    fn sync(&mut self, _data_only: bool) -> Result<(), Error> {
        let mut state = self.state()?;
        if state.refuses(Refused::Sync) {
            return Err(ErrorKind::Other.into());
        }
        state.events.push(Event::Sync { file: self.file });
        if self.names_too {
            state.events.push(Event::SyncNames);
        }
        drop(state);
        self.names_too = false;
        Ok(())
    }

    fn set_len(&mut self, size: u64) -> Result<(), Error> {
        let mut state = self.state()?;
        let len = usize::try_from(size).map_err(|_| ErrorKind::InvalidInput)?;
        state.files[self.file].resize(len, 0);
        state.events.push(Event::SetLen { file: self.file, len });
        Ok(())
    }

    fn lock(&mut self, lock: LockKind) -> Result<bool, Error> {
        self.lock = lock;
        Ok(true)
    }

    fn reserved(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    fn current_lock(&self) -> Result<LockKind, Error> {
        Ok(self.lock)
    }

    fn wal_index(&self, _readonly: bool) -> Result<WalDisabled, Error> {
        Ok(WalDisabled)
    }
}
