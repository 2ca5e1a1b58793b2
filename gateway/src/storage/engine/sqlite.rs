//! SQLite: one file, one writer at a time, readers beside it.
//!
//! Must never: open a file with a library that can lose committed writes.
//! Always: `synchronous=FULL`, so a commit is on the disk; `secure_delete`, so what is deleted is overwritten.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use zeroize::Zeroizing;

use super::{Access, EachRow, Engine};
use crate::storage::schema;
use crate::storage::value::{Cell as Held, Row, Value};
use crate::storage::{StoreError, StoredEntry};

/// Older libraries can lose committed writes of the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long a write waits for another process's.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long emptying the write-ahead log waits for readers; it is tried again.
const SHORT_PATIENCE: Duration = Duration::from_millis(50);
const STATEMENTS: usize = 96;

/// A connection to a SQLite file.
pub(in crate::storage) struct File {
    connection: Connection,
    /// Why the last statement that failed did: the reason where the engine has given a transaction up.
    last: Cell<StoreError>,
}

impl File {
    /// Opens or makes the file, for writing or for reading alone.
    pub(in crate::storage) fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::OldLibrary);
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(
            "pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off; \
             pragma cell_size_check = on; pragma secure_delete = on; pragma recursive_triggers = on;",
        )?;
        use_write_ahead_log(&connection)?;
        if access == Access::Read {
            connection.execute_batch("pragma query_only = on;")?;
        }
        Ok(Self { connection, last: Cell::new(StoreError::Database) })
    }

    /// Opens or makes the file of admissions: of its own, so that nobody there waits for the store's writer. Its
    /// write-ahead log is brought to the disk when it is emptied, not with each commit.
    pub(in crate::storage) fn open_admissions(path: &Path) -> Result<Self, StoreError> {
        let file = Self::open(path, Access::Write)?;
        file.connection.execute_batch("pragma synchronous = normal; pragma secure_delete = off;")?;
        file.connection.execute_batch(schema::ADMISSIONS_SQLITE)?;
        Ok(file)
    }
}

/// Turns the write-ahead log on. The statement gives its row before it commits the change, so it is run to its end: where
/// that commit fails the file would be written with a rollback journal, whose last commit a power cut may undo.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("pragma journal_mode = wal")?;
    let mut rows = statement.query([])?;
    let mut is_on = false;
    while let Some(row) = rows.next()? {
        is_on = row.get::<_, String>(0)?.eq_ignore_ascii_case("wal");
    }
    if is_on { Ok(()) } else { Err(StoreError::Database) }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Result<Held, StoreError> {
    Ok(match value {
        ValueRef::Null => Held::Null,
        ValueRef::Integer(number) => Held::Int(number),
        ValueRef::Text(text) => Held::Text(String::from_utf8(text.to_vec()).map_err(|_| StoreError::Corrupt)?),
        ValueRef::Blob(bytes) => Held::Blob(Zeroizing::new(bytes.to_vec())),
        ValueRef::Real(_) => return Err(StoreError::Corrupt),
    })
}

impl Engine for File {
    fn begin(&self, access: Access) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(if access == Access::Write { "begin immediate" } else { "begin deferred" })?)
    }

    fn commit(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("commit")?)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // It fails only where the engine has rolled back already.
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn mark(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("savepoint job")?)
    }

    fn keep(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("release job")?)
    }

    fn undo(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("rollback to job; release job")?)
    }

    fn still_in_transaction(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() { Err(self.last.get()) } else { Ok(()) }
    }

    fn is_usable(&self) -> bool {
        true
    }

    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let run = || self.connection.prepare_cached(sql)?.execute(params_from_iter(params));
        Ok(self.noted(run())? as u64)
    }

    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), StoreError> {
        let mut statement = self.noted(self.connection.prepare_cached(sql))?;
        let columns = statement.column_count();
        let mut rows = self.noted(statement.query(params_from_iter(params)))?;
        while let Some(row) = self.noted(rows.next())? {
            let cells = (0..columns).map(|column| cell(row.get_ref(column)?)).collect::<Result<_, _>>()?;
            if each(&mut Row::new(cells))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn insert_entries(&self, log_id: &str, first: i64, entries: &[StoredEntry<'_>]) -> Result<(), StoreError> {
        let sql = "insert into entry (log_id, idx, leaf, body) values (?1, ?2, ?3, ?4)";
        let mut insert = self.noted(self.connection.prepare_cached(sql))?;
        for (index, entry) in (first..).zip(entries) {
            self.noted(insert.execute(rusqlite::params![log_id, index, entry.leaf.as_bytes(), entry.body]))?;
        }
        Ok(())
    }

    fn forget_deleted(&self) -> Result<bool, StoreError> {
        // A reader's snapshot keeps the log from being emptied: the writer must not wait for it.
        self.connection.busy_timeout(SHORT_PATIENCE)?;
        let busy = self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0));
        self.connection.busy_timeout(PATIENCE)?;
        Ok(busy? == 0)
    }

    fn bound(&self, file_mib: Option<u32>) -> Result<(), StoreError> {
        let Some(mib) = file_mib else { return Ok(()) };
        let page: i64 = self.connection.query_row("pragma page_size", [], |row| row.get(0))?;
        let pages = i64::from(mib).saturating_mul(1 << 20) / page.max(1);
        Ok(self.connection.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))?)
    }

    fn migrate(&self) -> Result<(), StoreError> {
        self.begin(Access::Write)?;
        let result = self.migrate_in_transaction().and_then(|()| self.commit());
        if result.is_err() {
            self.roll_back();
        }
        result
    }
}

impl File {
    fn noted<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| {
            let error = StoreError::from(error);
            self.last.set(error);
            error
        })
    }

    fn migrate_in_transaction(&self) -> Result<(), StoreError> {
        let mut version: i64 = 0;
        self.query("pragma user_version", &[], &mut |row| {
            version = row.take(0)?;
            Ok(ControlFlow::Break(()))
        })?;
        for step in schema::steps_from(version)? {
            self.connection.execute_batch(&step.for_sqlite())?;
            self.connection.execute_batch(&format!("pragma user_version = {}", step.version))?;
        }
        Ok(())
    }
}
