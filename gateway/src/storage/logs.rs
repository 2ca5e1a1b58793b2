//! Logs: mirrored ones, the events log and the force log.

use peel_ledger::{Hash, Origin};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::StoreError;

/// A checkpoint that a phone has announced and whose entries are not all here yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its size.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// A checkpoint whose entries are all durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its size.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// When, in milliseconds since 1970 UTC: the time that is cosigned.
    pub at_ms: i64,
}

/// A log's state.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Its short name: the origin's last part.
    pub log_id: String,
    /// Its origin.
    pub origin: Origin,
    /// The compact range or writer state over `next_index` entries.
    pub state: Vec<u8>,
    /// Entries stored.
    pub next_index: u64,
    /// The newest announced checkpoint.
    pub pending: Option<Pending>,
    /// The newest checkpoint that is durable.
    pub committed: Option<Committed>,
}

/// One entry to store.
#[derive(Clone, Copy, Debug)]
pub struct StoredEntry<'a> {
    /// Its leaf hash.
    pub leaf: &'a Hash,
    /// Its bytes.
    pub body: &'a [u8],
}

/// What a store of logs must do; every call is part of the caller's transaction.
pub trait LogStore {
    /// Makes an empty log.
    fn create_log(&self, log_id: &str, origin: &Origin, state: &[u8]) -> Result<(), StoreError>;
    /// A log's state.
    fn log(&self, log_id: &str) -> Result<Option<LogRow>, StoreError>;
    /// All logs, in the order of their names.
    fn logs(&self) -> Result<Vec<LogRow>, StoreError>;
    /// Sets the pending checkpoint if the present one has the `expected` size.
    fn swap_pending(&self, log_id: &str, expected: Option<u64>, pending: &Pending) -> Result<(), StoreError>;
    /// Stores entries from `first` on, which must be the next index, with the state after them.
    fn put_package(
        &self,
        log_id: &str,
        first: u64,
        entries: &[StoredEntry<'_>],
        state: &[u8],
    ) -> Result<(), StoreError>;
    /// Says that a checkpoint's entries are all stored.
    fn commit_size(&self, log_id: &str, committed: &Committed) -> Result<(), StoreError>;
    /// Entries from `from` on, at most `count` of them and about `bytes` bytes.
    fn read_entries(&self, log_id: &str, from: u64, count: u64, bytes: usize) -> Result<Vec<Vec<u8>>, StoreError>;
    /// The first `size` leaf hashes.
    fn leaf_hashes(&self, log_id: &str, size: u64) -> Result<Vec<Hash>, StoreError>;
    /// Remembers where the entry for a receipt's paper code is.
    fn put_receipt(&self, code: &str, log_id: &str, index: u64) -> Result<(), StoreError>;
    /// Finds the entries for a paper code.
    fn receipts(&self, code: &str) -> Result<Vec<(String, u64)>, StoreError>;
}

/// [`LogStore`] on SQLite.
#[derive(Debug)]
pub struct SqliteLogs<'a>(pub &'a Connection);

fn to_sql(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt)
}

fn from_sql(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt)
}

const COLUMNS: &str = "log_id, origin, state, next_index, pending_size, pending_note, size, note, at_ms";

type RawLog = (String, String, Vec<u8>, i64, Option<i64>, Option<String>, i64, Option<String>, Option<i64>);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawLog> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
    ))
}

fn parsed(raw: RawLog) -> Result<LogRow, StoreError> {
    let (log_id, origin, state, next, pending_size, pending_note, size, note, at_ms) = raw;
    let pending = match (pending_size, pending_note) {
        (Some(size), Some(note)) => Some(Pending { size: from_sql(size)?, note }),
        _ => None,
    };
    let committed = match (note, at_ms) {
        (Some(note), Some(at_ms)) => Some(Committed { size: from_sql(size)?, note, at_ms }),
        _ => None,
    };
    let origin = Origin::new(origin).map_err(|_| StoreError::Corrupt)?;
    Ok(LogRow { log_id, origin, state, next_index: from_sql(next)?, pending, committed })
}

impl LogStore for SqliteLogs<'_> {
    fn create_log(&self, log_id: &str, origin: &Origin, state: &[u8]) -> Result<(), StoreError> {
        self.0.execute(
            "insert into log (log_id, origin, state, next_index, size) values (?1, ?2, ?3, 0, 0)",
            params![log_id, origin.as_str(), state],
        )?;
        Ok(())
    }

    fn log(&self, log_id: &str) -> Result<Option<LogRow>, StoreError> {
        let sql = format!("select {COLUMNS} from log where log_id = ?1");
        self.0.query_row(&sql, [log_id], raw).optional()?.map(parsed).transpose()
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        let mut statement = self.0.prepare(&format!("select {COLUMNS} from log order by log_id"))?;
        let rows = statement.query_map([], raw)?;
        rows.map(|row| parsed(row?)).collect()
    }

    fn swap_pending(&self, log_id: &str, expected: Option<u64>, pending: &Pending) -> Result<(), StoreError> {
        let expected = expected.map(to_sql).transpose()?;
        let changed = self.0.execute(
            "update log set pending_size = ?1, pending_note = ?2 where log_id = ?3 and pending_size is ?4",
            params![to_sql(pending.size)?, pending.note, log_id, expected],
        )?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn put_package(
        &self,
        log_id: &str,
        first: u64,
        entries: &[StoredEntry<'_>],
        state: &[u8],
    ) -> Result<(), StoreError> {
        let mut insert =
            self.0.prepare_cached("insert into entry (log_id, idx, leaf, body) values (?1, ?2, ?3, ?4)")?;
        let mut index = first;
        for entry in entries {
            insert.execute(params![log_id, to_sql(index)?, entry.leaf.as_bytes(), entry.body])?;
            index = index.checked_add(1).ok_or(StoreError::Corrupt)?;
        }
        let changed = self.0.execute(
            "update log set next_index = ?1, state = ?2 where log_id = ?3 and next_index = ?4",
            params![to_sql(index)?, state, log_id, to_sql(first)?],
        )?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn commit_size(&self, log_id: &str, committed: &Committed) -> Result<(), StoreError> {
        let size = to_sql(committed.size)?;
        let changed = self.0.execute(
            "update log set size = ?1, note = ?2, at_ms = ?3 where log_id = ?4 and size <= ?1 and next_index >= ?1",
            params![size, committed.note, committed.at_ms, log_id],
        )?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn read_entries(&self, log_id: &str, from: u64, count: u64, bytes: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut statement =
            self.0.prepare_cached("select body from entry where log_id = ?1 and idx >= ?2 order by idx limit ?3")?;
        let mut rows = statement.query(params![log_id, to_sql(from)?, to_sql(count)?])?;
        let mut entries: Vec<Vec<u8>> = Vec::new();
        let mut total = 0_usize;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(0)?;
            total = total.saturating_add(body.len());
            if total > bytes && !entries.is_empty() {
                break;
            }
            entries.push(body);
        }
        Ok(entries)
    }

    fn leaf_hashes(&self, log_id: &str, size: u64) -> Result<Vec<Hash>, StoreError> {
        let mut statement =
            self.0.prepare_cached("select leaf from entry where log_id = ?1 and idx < ?2 order by idx")?;
        let rows = statement.query_map(params![log_id, to_sql(size)?], |row| row.get::<_, Vec<u8>>(0))?;
        rows.map(|row| Hash::from_slice(&row?).map_err(|_| StoreError::Corrupt)).collect()
    }

    fn put_receipt(&self, code: &str, log_id: &str, index: u64) -> Result<(), StoreError> {
        self.0.execute(
            "insert or ignore into receipt (code, log_id, idx) values (?1, ?2, ?3)",
            params![code, log_id, to_sql(index)?],
        )?;
        Ok(())
    }

    fn receipts(&self, code: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let mut statement = self.0.prepare_cached("select log_id, idx from receipt where code = ?1 limit 8")?;
        let rows = statement.query_map([code], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        rows.map(|row| {
            let (log_id, index) = row?;
            Ok((log_id, from_sql(index)?))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Db;

    #[test]
    fn a_package_out_of_order_and_a_lost_race_for_pending_are_conflicts() {
        let dir = tempfile::tempdir().unwrap();
        let connection = Db::open_connection(&dir.path().join("g.db")).unwrap();
        let logs = SqliteLogs(&connection);
        let origin = Origin::events("force.example").unwrap();
        logs.create_log("events", &origin, &[]).unwrap();
        let leaf = Hash::default();
        let entry = [StoredEntry { leaf: &leaf, body: b"x" }];
        assert!(matches!(logs.put_package("events", 1, &entry, &[]), Err(StoreError::Conflict)));
        connection.execute("delete from entry", []).unwrap();
        logs.put_package("events", 0, &entry, &[1]).unwrap();
        let pending = Pending { size: 3, note: "n".to_owned() };
        logs.swap_pending("events", None, &pending).unwrap();
        assert!(matches!(logs.swap_pending("events", None, &pending), Err(StoreError::Conflict)));
        // A size whose entries are not all here cannot be committed.
        let committed = Committed { size: 2, note: "n".to_owned(), at_ms: 1 };
        assert!(matches!(logs.commit_size("events", &committed), Err(StoreError::Conflict)));
        logs.commit_size("events", &Committed { size: 1, ..committed }).unwrap();
        let row = logs.log("events").unwrap().unwrap();
        assert_eq!((row.next_index, row.committed.unwrap().size, row.pending.unwrap().size), (1, 1, 3));
        assert_eq!(logs.read_entries("events", 0, 10, 100).unwrap(), vec![b"x".to_vec()]);
    }
}
