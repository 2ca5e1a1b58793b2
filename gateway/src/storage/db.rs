//! The store's threads: one that writes, a few that read beside it, one for what requests leave for a minute.
//!
//! Must never: answer a write before its commit, or let one failed job take another with it.
//! Always: the writer takes all jobs that wait, up to a bound, runs each behind a mark of its own and commits them
//! together; readers have snapshots and wait for nobody; both queues are bounded, and full means busy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::engine::{Access, notifications};
use super::group::{self, Job, Work};
use super::tx::Tx;
use super::{StoreAddress, StoreError};

/// Readers beside the writer.
const READERS: usize = 4;
/// How often a listener that has heard nothing looks whether it is still wanted.
const LISTEN: Duration = Duration::from_millis(500);
/// How often somebody who waits for the end of a store looks.
const LOOK: Duration = Duration::from_millis(5);

/// What is done in each transaction that writes, last: what must be true of it as a whole.
pub type BeforeCommit = Arc<dyn Fn(&Tx) -> Result<(), StoreError> + Send + Sync>;

/// What is done after each commit and before anybody gets an answer that rests on it.
pub type AfterCommit = Arc<dyn Fn(&Tx) -> Result<(), StoreError> + Send + Sync>;

/// What surrounds a commit.
#[derive(Clone)]
pub struct AroundCommit {
    /// Last in the transaction.
    pub before: BeforeCommit,
    /// Once it is durable.
    pub after: AfterCommit,
}

impl std::fmt::Debug for AroundCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AroundCommit")
    }
}

/// Bounds of a store.
#[derive(Clone, Copy, Debug)]
pub struct DbLimits {
    /// Jobs that may wait for the writer, and as many for the readers, before the store is busy.
    pub queue: usize,
    /// Mebibytes that a file may grow to before it is full; a server has its own bounds.
    pub file_mib: Option<u32>,
}

/// Work on a connection that is not the writer's.
type Reading = Box<dyn FnOnce(Result<&Tx, StoreError>) + Send>;

enum Task {
    Write(Box<dyn Job>),
    Forget(oneshot::Sender<Result<bool, StoreError>>),
}

/// A handle on the store; clones share its threads.
#[derive(Clone)]
pub struct Db {
    writes: mpsc::Sender<Task>,
    reads: mpsc::Sender<Reading>,
    admissions: mpsc::Sender<Reading>,
    address: StoreAddress,
    owed: Arc<AtomicBool>,
    threads: Weak<()>,
}

/// Tells when a store's threads have closed it, which they do once its last handle is gone.
#[derive(Debug)]
pub struct Closing(Weak<()>);

impl Closing {
    /// Waits until no thread holds the store any more: its file is whole then. Gives false when that took longer.
    pub async fn wait(&self, limit: Duration) -> bool {
        let closed = async {
            while self.0.strong_count() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(limit, closed).await.is_ok()
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("address", &self.address).finish_non_exhaustive()
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(|_| StoreError::Closed)
}

/// Starts a thread that holds `token` until its work, and with it its connection, is gone.
fn spawn_with(token: &Arc<()>, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let token = Arc::clone(token);
    spawn(name, move || {
        work();
        drop(token);
    })
}

impl Db {
    /// Opens the store on threads of its own.
    pub fn open(address: &StoreAddress, limits: DbLimits, before: BeforeCommit) -> Result<Self, StoreError> {
        Self::open_around(address, limits, AroundCommit { before, after: Arc::new(|_| Ok(())) })
    }

    /// Opens the store on threads of its own; `around` surrounds each commit.
    pub fn open_around(address: &StoreAddress, limits: DbLimits, around: AroundCommit) -> Result<Self, StoreError> {
        let queue = limits.queue;
        let token = Arc::new(());
        let (tell, opened) = std::sync::mpsc::channel();
        let (writes, waiting) = mpsc::channel(queue.max(1));
        let place = address.clone();
        spawn_with(&token, "store", move || {
            let first = place.open_writer().and_then(|tx| {
                tx.engine().bound(limits.file_mib)?;
                Ok(tx)
            });
            let failed = tell.send(first.as_ref().map(|_| ()).map_err(|error| *error)).is_err();
            if let Ok(tx) = first
                && !failed
            {
                write_until_closed(&place, tx, waiting, &around);
            }
        })?;
        opened.recv().map_err(|_| StoreError::Closed)??;
        let (reads, asked) = mpsc::channel(queue.max(1));
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..READERS {
            let (asked, address) = (Arc::clone(&asked), address.clone());
            spawn_with(&token, "store reader", move || serve_until_closed(|| address.open_reader(), &asked))?;
        }
        let (admissions, asked) = mpsc::channel(queue.max(1));
        let place = address.clone();
        let serve = move || serve_until_closed(|| place.open_admissions(), &Mutex::new(asked));
        spawn_with(&token, "store admissions", serve)?;
        let threads = Arc::downgrade(&token);
        Ok(Self { writes, reads, admissions, address: address.clone(), owed: Arc::default(), threads })
    }

    /// Opens the store, runs one transaction that writes, and closes it again: for set-up and commands.
    pub fn once<T, E>(address: &StoreAddress, work: impl FnOnce(&Tx) -> Result<T, E> + Send) -> Result<T, E>
    where
        T: Send,
        E: From<StoreError> + Send,
    {
        let run = || address.open_writer()?.transact(Access::Write, work);
        // On a thread of its own: a connection to a server must not be waited for on an asynchronous thread.
        thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Where the store is.
    pub fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// What to wait on for the end of the store, once every handle is given back.
    pub fn closing(&self) -> Closing {
        Closing(Weak::clone(&self.threads))
    }

    /// Runs `work` in a transaction that may write, and returns after its commit.
    pub async fn write<T, E>(&self, work: impl FnOnce(&Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let job = Box::new(Work::new(work, answer));
        self.writes.try_send(Task::Write(job)).map_err(|error| refused(&error))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on a snapshot of what is committed.
    pub async fn read<T, E>(&self, work: impl FnOnce(&Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let reading: Reading = Box::new(move |reader| {
            let result = reader.map_err(E::from).and_then(|tx| tx.transact(Access::Read, work));
            let _ = answer.send(result);
        });
        self.reads.try_send(reading).map_err(|error| refused(&error))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on what processes remember of requests: each of its statements is committed by itself, in the order of
    /// the calls, without waiting for the disk.
    pub async fn admit<T, E>(&self, work: impl FnOnce(&Tx) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel::<Result<T, E>>();
        let asked: Reading = Box::new(move |place| {
            let _ = answer.send(place.map_err(E::from).and_then(work));
        });
        self.admissions.try_send(asked).map_err(|error| refused(&error))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Makes sure that what was deleted does not stay behind. Where a reader holds that up it is owed, and
    /// [`Db::forget_what_is_owed`] does it.
    pub async fn forget_deleted(&self) -> Result<(), StoreError> {
        self.owed.store(true, Ordering::Release);
        self.forget_what_is_owed().await
    }

    /// Tries again what [`Db::forget_deleted`] could not do at once.
    pub async fn forget_what_is_owed(&self) -> Result<(), StoreError> {
        if !self.owed.load(Ordering::Acquire) {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        self.writes.send(Task::Forget(answer)).await.map_err(|_| StoreError::Closed)?;
        let done = answered.await.map_err(|_| StoreError::Closed)??;
        self.owed.store(!done, Ordering::Release);
        Ok(())
    }

    /// Calls `heard` with each text that any process tells the store's listeners, on a thread of its own, until it
    /// gives false; it is called with `None` now and then. A file has no listeners.
    pub fn listen(&self, mut heard: impl FnMut(Option<&str>) -> bool + Send + 'static) -> Result<(), StoreError> {
        let StoreAddress::Server(server) = self.address.clone() else { return Ok(()) };
        spawn("store listener", move || {
            while notifications(&server, LISTEN, &mut heard).is_err() && heard(None) {
                thread::sleep(LISTEN);
            }
        })
    }
}

fn refused<T>(error: &mpsc::error::TrySendError<T>) -> StoreError {
    match error {
        mpsc::error::TrySendError::Full(_) => StoreError::Busy,
        mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
    }
}

fn write_until_closed(address: &StoreAddress, mut tx: Tx, mut waiting: mpsc::Receiver<Task>, around: &AroundCommit) {
    let mut next = waiting.blocking_recv();
    while let Some(task) = next.take() {
        if !tx.engine().is_usable()
            && let Ok(again) = address.open_writer()
        {
            tx = again;
        }
        match task {
            Task::Forget(answer) => {
                let _ = answer.send(tx.engine().forget_deleted());
            }
            Task::Write(first) => {
                let mut jobs = vec![first];
                while jobs.len() < group::MOST_JOBS {
                    match waiting.try_recv() {
                        Ok(Task::Write(job)) => jobs.push(job),
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                group::commit(&tx, jobs, around);
            }
        }
        if next.is_none() {
            next = waiting.blocking_recv();
        }
    }
}

fn serve_until_closed(open: impl Fn() -> Result<Tx, StoreError>, asked: &Mutex<mpsc::Receiver<Reading>>) {
    let mut reader: Option<Tx> = None;
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(reading) = next else { return };
        reader = reader.filter(|tx| tx.engine().is_usable());
        if reader.is_none() {
            match open() {
                Ok(opened) => reader = Some(opened),
                Err(error) => {
                    reading(Err(error));
                    continue;
                }
            }
        }
        reading(reader.as_ref().ok_or(StoreError::Closed));
    }
}
