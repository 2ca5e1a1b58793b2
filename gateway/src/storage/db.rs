//! One SQLite connection on a thread of its own.

use std::path::Path;
use std::thread;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::schema;

/// Older libraries can lose committed writes of the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;

/// Why the store did not do something. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too many writes are waiting.
    #[error("take more work while the store is busy")]
    Busy,
    /// The store is shutting down.
    #[error("reach the store, which is closed")]
    Closed,
    /// SQLite is too old to be trusted with acknowledged writes.
    #[error("open the store with a database library older than 3.51.3")]
    OldLibrary,
    /// The disk is full.
    #[error("write to a full disk")]
    Full,
    /// The database refused.
    #[error("read or write the store")]
    Database,
    /// What was read does not make sense.
    #[error("read a record of the store")]
    Corrupt,
    /// Somebody else changed it in between.
    #[error("change a record that has changed meanwhile")]
    Conflict,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Self::Corrupt,
            _ => Self::Database,
        }
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the store; clones share one writer.
#[derive(Clone, Debug)]
pub struct Db {
    jobs: mpsc::Sender<Job>,
}

impl Db {
    /// Opens (or makes) the database and checks it, without a thread: for set-up and commands.
    pub fn open_connection(path: &Path) -> Result<Connection, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::OldLibrary);
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma trusted_schema = off; pragma cell_size_check = on; pragma secure_delete = on;",
        )?;
        schema::apply(&connection)?;
        Ok(connection)
    }

    /// Opens the database on its own thread; at most `queue` jobs wait.
    pub fn open(path: &Path, queue: usize) -> Result<Self, StoreError> {
        let mut connection = Self::open_connection(path)?;
        let (jobs, mut waiting) = mpsc::channel::<Job>(queue.max(1));
        let work = move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut connection);
            }
        };
        thread::Builder::new().name("store".to_owned()).spawn(work).map_err(|_| StoreError::Closed)?;
        Ok(Self { jobs })
    }

    async fn run<T, E>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = transact(connection, behavior, work);
            // A caller that went away does not undo what was committed.
            let _ = answer.send(result);
        });
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` in a transaction that may write, and returns after its commit.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(TransactionBehavior::Immediate, work).await
    }

    /// Empties the write-ahead log, so that what was deleted stands in no file any more. A reader of another process
    /// can hold it up; then the next call does it.
    pub async fn forget_deleted(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
            let _ = answer.send(done.map_err(StoreError::from));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` in a transaction that only reads.
    pub async fn read<T, E>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(TransactionBehavior::Deferred, work).await
    }
}

fn transact<T, E: From<StoreError>>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction_with_behavior(behavior).map_err(StoreError::from)?;
    let value = work(&transaction)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_transaction_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("g.db"), 4).unwrap();
        let failed: Result<(), StoreError> = db
            .write(|tx| {
                tx.execute("insert into policy (version, cose, at_ms) values (1, x'00', 0)", [])?;
                Err(StoreError::Conflict)
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Conflict)));
        let count: Result<i64, StoreError> =
            db.read(|tx| Ok(tx.query_row("select count(*) from policy", [], |row| row.get(0))?)).await;
        assert_eq!(count.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_full_queue_says_busy() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("g.db"), 1).unwrap();
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let (started, begun) = oneshot::channel();
        let first = db.clone();
        let holding = tokio::spawn(async move {
            first
                .read::<(), StoreError>(move |_| {
                    let _ = started.send(());
                    let _ = blocked.recv();
                    Ok(())
                })
                .await
        });
        begun.await.unwrap();
        let second = db.clone();
        let waiting = tokio::spawn(async move { second.read::<(), StoreError>(|_| Ok(())).await });
        tokio::task::yield_now().await;
        assert!(matches!(db.read::<(), StoreError>(|_| Ok(())).await, Err(StoreError::Busy)));
        release.send(()).unwrap();
        holding.await.unwrap().unwrap();
        waiting.await.unwrap().unwrap();
    }
}
