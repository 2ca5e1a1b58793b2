//! The sealed store: one SQLite file, one connection, one thread that owns it.
//!
//! Callers hand over a [`Batch`]; when [`Store::commit`] returns, all of it is durable or none of it is. Must never:
//! delete a damaged file, acknowledge what is not synced, let a second history be signed. Always: nothing readable
//! lies in the file; a full disk is a typed error, and a reserve lets the last records of what is under way through.

mod batch;
mod error;
mod prune;
mod retired;
mod rows;
mod schema;
mod tree;
mod worker;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;

pub use batch::{Batch, Op};
pub use error::StoreError;
pub use prune::{Cosigned, PruneRule, Pruned};
pub use rows::{MediaLine, MediaRow, SealedAlert};

const FILE: &str = "peel.db";
const RESERVE_FILE: &str = "reserve";
/// Freed when the disk is full, so that what is under way can be recorded to its end.
const RESERVE_BYTES: u64 = 8 << 20;
/// The same in pages of 4 KiB.
const RESERVE_PAGES: i64 = 2_048;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Message {
    Run(Job),
    Close(SyncSender<()>),
}

/// The store. Its methods block: call them off the async threads.
#[derive(Debug)]
pub struct Store {
    sender: Mutex<Option<Sender<Message>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
    path: PathBuf,
    vfs: Option<String>,
    reserve: PathBuf,
    limited: AtomicBool,
}

/// What opening found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// A damaged file was set aside and a new one begun.
    pub set_aside: bool,
    /// The last run did not end cleanly.
    pub unclean: bool,
    /// The reserve could not be laid down: the disk is nearly full.
    pub no_reserve: bool,
}

impl Store {
    /// Opens the store in `directory`; a damaged file is renamed and kept.
    pub fn open(directory: &Path, now_ms: i64) -> Result<(Self, Opened), StoreError> {
        Self::open_through(directory, now_ms, None)
    }

    /// The same with the file behind a VFS that was registered with SQLite: the failing disks of fault runs.
    pub fn open_through(directory: &Path, now_ms: i64, vfs: Option<&str>) -> Result<(Self, Opened), StoreError> {
        fs::create_dir_all(directory).map_err(|_| StoreError::Io)?;
        let path = directory.join(FILE);
        let (existed, reserve) = (path.exists(), directory.join(RESERVE_FILE));
        let (connection, set_aside) = match open_file(&path, &reserve, vfs) {
            Ok(connection) => (connection, false),
            Err(StoreError::Damaged) => {
                set_aside(&path, now_ms)?;
                (schema::open(&path, vfs)?, true)
            }
            Err(error) => return Err(error),
        };
        let unclean = existed && !set_aside && rows::meta(&connection, "was_unclean")?.is_some();
        let no_reserve = lay_reserve(&reserve).is_err();
        let (sender, receiver) = mpsc::channel();
        let worker = worker::start(connection, receiver).map_err(|_| StoreError::Io)?;
        let store = Self {
            sender: Mutex::new(Some(sender)),
            worker: Mutex::new(Some(worker)),
            path,
            vfs: vfs.map(ToOwned::to_owned),
            reserve,
            limited: AtomicBool::new(false),
        };
        Ok((store, Opened { set_aside, unclean, no_reserve }))
    }

    /// Sets the file aside after all: what it holds contradicts itself.
    pub fn set_aside(self, directory: &Path, now_ms: i64) -> Result<(Self, Opened), StoreError> {
        self.close();
        set_aside(&directory.join(FILE), now_ms)?;
        let (store, opened) = Self::open(directory, now_ms)?;
        Ok((store, Opened { set_aside: true, ..opened }))
    }

    /// Runs `work` on the writer thread and waits for it.
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = sync_channel(1);
        let job: Job = Box::new(move |connection| {
            // A caller that went away does not matter: the work is done either way.
            let _ = reply.send(work(connection));
        });
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.ok_or(StoreError::Closed)?.send(Message::Run(job)).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    /// Makes the whole batch durable, or nothing of it.
    ///
    /// When the disk is full, an essential batch is tried once more with the reserve freed; the error is then gone but
    /// [`Self::reserve_is_spent`] says so.
    pub fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let essential = batch.is_essential();
        let again = batch.clone();
        match self.with(move |connection| batch.run(connection)) {
            Err(StoreError::Full) if essential && self.free_reserve() => {
                self.with(move |connection| again.run(connection))
            }
            result => result,
        }
    }

    fn free_reserve(&self) -> bool {
        let freed = fs::remove_file(&self.reserve).is_ok();
        if freed && self.limited.load(Ordering::Relaxed) {
            // A full disk that is a limit on pages: the reserve is as large as on a real one.
            let _ = self.with(|connection| {
                let limit: i64 = connection.pragma_query_value(None, "max_page_count", |row| row.get(0))?;
                connection.pragma_update(None, "max_page_count", limit + RESERVE_PAGES)?;
                Ok(())
            });
        }
        freed
    }

    /// Whether the reserve was used up by a full disk.
    pub fn reserve_is_spent(&self) -> bool {
        !self.reserve.exists()
    }

    /// Lays the reserve down again where there is space.
    pub fn restore_reserve(&self) -> bool {
        let limited = self.limited.load(Ordering::Relaxed) && self.reserve_is_spent();
        (!limited || self.with(|connection| take_from_limit(connection)) == Ok(true))
            && lay_reserve(&self.reserve).is_ok()
    }

    /// A named value.
    pub fn meta(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(move |connection| rows::meta(connection, name))
    }

    /// At most `limit` entries from an index on; fewer at the end. A pruned one is
    /// [`StoreError::Pruned`], a missing one damage.
    pub fn entries(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.with(move |connection| rows::entries(connection, from, limit))
    }

    /// How many entries there are.
    pub fn size(&self) -> Result<u64, StoreError> {
        self.with(|connection| rows::size(connection))
    }

    /// The leaf hashes before an index, one after another.
    pub fn leaves(&self, to: u64) -> Result<Vec<[u8; 32]>, StoreError> {
        self.with(move |connection| rows::leaves(connection, to))
    }

    /// The sealed working cache, in order.
    pub fn events(&self) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.with(|connection| rows::events(connection))
    }

    /// The sealed alerts, in the order of their arrival.
    pub fn alerts(&self) -> Result<Vec<SealedAlert>, StoreError> {
        self.with(|connection| rows::alerts(connection))
    }

    /// One image's row.
    pub fn media(&self, media_id: [u8; 16]) -> Result<Option<MediaRow>, StoreError> {
        self.with(move |connection| rows::media(connection, media_id))
    }

    /// All images without their bytes.
    pub fn media_lines(&self) -> Result<Vec<MediaLine>, StoreError> {
        self.with(|connection| rows::media_lines(connection))
    }

    /// Commits the intent to sign `(size, root)`: must return before the signature leaves the core.
    pub fn intend_to_sign(&self, size: u64, root: [u8; 32]) -> Result<(), StoreError> {
        self.with(move |connection| batch::intend_to_sign(connection, size, root))
    }

    /// Keeps the signed checkpoint of a size.
    pub fn keep_note(&self, size: u64, note: String) -> Result<(), StoreError> {
        self.with(move |connection| batch::keep_note(connection, size, &note))
    }

    /// The largest size that was signed.
    pub fn signed_size(&self) -> Result<u64, StoreError> {
        self.with(|connection| batch::signed_size(connection))
    }

    /// The note over the largest size that was signed.
    pub fn last_note(&self) -> Result<Option<String>, StoreError> {
        self.with(|connection| batch::last_note(connection))
    }

    /// The largest cosigned size.
    pub fn cosigned_size(&self) -> Result<u64, StoreError> {
        self.with(|connection| batch::cosigned_size(connection))
    }

    /// The largest cosigned size of which the mirror has not lost anything since, as far as this phone was told.
    pub fn held_size(&self) -> Result<u64, StoreError> {
        self.with(|connection| batch::held_size(connection))
    }

    /// The latest time that the mirror ever stated, in milliseconds since 1970-01-01 UTC.
    pub fn latest_stated_ms(&self) -> Result<Option<i64>, StoreError> {
        self.with(|connection| batch::latest_stated_ms(connection))
    }

    /// Lets the bodies go that the force has provably held for long enough, in one transaction; their leaf hashes stay.
    /// Call again while there is more.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when what is stored does not lead to what the mirror signed: nothing goes.
    pub fn prune(&self, rule: PruneRule) -> Result<Pruned, StoreError> {
        self.with(move |connection| prune::prune(connection, rule))
    }

    /// The index below which bodies were pruned.
    pub fn pruned(&self) -> Result<u64, StoreError> {
        self.with(|connection| prune::below(connection))
    }

    /// The smallest stored statement of the mirror that covers the entry at `index`.
    pub fn cosignature_over(&self, index: u64) -> Result<Option<Cosigned>, StoreError> {
        self.with(move |connection| prune::cosignature_over(connection, index))
    }

    /// The entries of a log that the present one succeeds, as long as they are kept.
    pub fn retired(&self, origin: &str) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let origin = origin.to_owned();
        self.with(move |connection| retired::entries(connection, &origin))
    }

    /// Bytes of the file that hold something; what was freed is used again before the file grows.
    pub fn bytes_in_use(&self) -> Result<u64, StoreError> {
        self.with(|connection| {
            let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
            rows::unsigned(pages.saturating_mul(number("page_size")?))
        })
    }

    /// Makes what was deleted unreadable also in the write-ahead log.
    pub fn truncate_log(&self) -> Result<(), StoreError> {
        self.with(|connection| batch::truncate_log(connection))
    }

    /// Finishes what is under way, empties the write-ahead log, closes the file and waits for the thread: when it
    /// returns, this process holds no lock on the file. Later calls are [`StoreError::Closed`].
    pub fn close(&self) {
        // Held to the end, so that nothing opens the file again while its thread still ends.
        let mut open = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = open.take() {
            let (reply, done) = sync_channel(1);
            if sender.send(Message::Close(reply)).is_ok() {
                let _ = done.recv();
            }
        }
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            let _ = worker.join();
        }
    }

    /// Opens the file of a closed store again; one that is open stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] sets nothing aside: whoever still holds what was read from the file must be ended first.
    /// [`StoreError::InUse`] while another core holds it.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut open = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_some() {
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let connection = open_file(&self.path, &self.reserve, self.vfs.as_deref())?;
        let worker = worker::start(connection, receiver).map_err(|_| StoreError::Io)?;
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker);
        *open = Some(sender);
        Ok(())
    }

    /// Lets the file grow by `further` pages of 4 KiB and no more: the full disk of tests and fault runs.
    pub fn limit_pages(&self, further: i64) -> Result<(), StoreError> {
        self.limited.store(true, Ordering::Relaxed);
        self.with(move |connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", pages + further)?;
            Ok(())
        })
    }
}

/// Opening notes the start: on a full disk that is what the reserve is for.
fn open_file(path: &Path, reserve: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    match schema::open(path, vfs) {
        Err(StoreError::Full) if fs::remove_file(reserve).is_ok() => schema::open(path, vfs),
        opened => opened,
    }
}

/// Renames the file and its companions, so that nothing of them is lost.
fn set_aside(path: &Path, now_ms: i64) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        let to = PathBuf::from(format!("{}.set-aside-{now_ms}{suffix}", path.display()));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::Io),
            _ => {}
        }
    }
    Ok(())
}

/// The reserve on a disk whose end is a limit on pages: whether there was room for it.
fn take_from_limit(connection: &Connection) -> Result<bool, StoreError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let left = number("max_page_count")? - RESERVE_PAGES;
    let room = left >= number("page_count")?;
    if room {
        connection.pragma_update(None, "max_page_count", left)?;
    }
    Ok(room)
}

fn lay_reserve(path: &Path) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() == RESERVE_BYTES) {
        return Ok(());
    }
    let laid = std::io::copy(&mut std::io::Read::take(std::io::repeat(0), RESERVE_BYTES), &mut fs::File::create(path)?);
    if laid.is_err() {
        let _ = fs::remove_file(path);
    }
    laid.map(|_| ())
}

#[cfg(test)]
mod tests;
