//! Logs: mirrored ones, the events log and the force log.

use std::ops::ControlFlow;

use crate::params;
use peel_ledger::{Hash, Origin};

use super::{Row, StoreError, Tx};

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

/// A log with entries for a paper code, and the newest of them that is durable.
pub type NewestReceipt = (String, Option<u64>);

/// What a store of logs must do; every call is part of the caller's transaction.
pub trait LogStore {
    /// Makes an empty log.
    fn create_log(&self, log_id: &str, origin: &Origin, state: &[u8]) -> Result<(), StoreError>;
    /// Gives a log another name; what it holds stays, and what was signed of it is for the caller to sign again.
    fn rename_log(&self, log_id: &str, origin: &Origin) -> Result<(), StoreError>;
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
    /// At most `count` leaf hashes from `from` on.
    fn leaves(&self, log_id: &str, from: u64, count: u64) -> Result<Vec<Hash>, StoreError>;
    /// Where a leaf stands in the force log.
    fn index_of_leaf(&self, leaf: &Hash) -> Result<Option<u64>, StoreError>;
    /// Remembers where the entry for a receipt's paper code is.
    fn put_receipt(&self, code: &str, log_id: &str, index: u64) -> Result<(), StoreError>;
    /// The logs after `log_id` that have entries for a paper code, in the order of their names, at most `count`, each with the
    /// newest of them that is durable. A log costs the same, however many it has.
    fn newest_receipts(&self, code: &str, log_id: &str, count: usize) -> Result<Vec<NewestReceipt>, StoreError>;
    /// The entries for a paper code from an index of a log on, in the order of the logs' names, at most `count`.
    fn receipts_from(&self, code: &str, log_id: &str, index: u64, count: u64)
    -> Result<Vec<(String, u64)>, StoreError>;
}

/// [`LogStore`] in a transaction of either engine.
#[derive(Debug)]
pub struct Logs<'a>(pub &'a Tx);

fn to_sql(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt)
}

const COLUMNS: &str = "log_id, origin, state, next_index, pending_size, pending_note, size, note, at_ms";

fn row_of(row: &mut Row) -> Result<LogRow, StoreError> {
    let pending = match (row.take::<Option<u64>>(4)?, row.take::<Option<String>>(5)?) {
        (Some(size), Some(note)) => Some(Pending { size, note }),
        _ => None,
    };
    let committed = match (row.take::<Option<String>>(7)?, row.take::<Option<i64>>(8)?) {
        (Some(note), Some(at_ms)) => Some(Committed { size: row.take(6)?, note, at_ms }),
        _ => None,
    };
    let origin = Origin::new(row.take::<String>(1)?).map_err(|_| StoreError::Corrupt)?;
    Ok(LogRow { log_id: row.take(0)?, origin, state: row.take(2)?, next_index: row.take(3)?, pending, committed })
}

impl LogStore for Logs<'_> {
    fn create_log(&self, log_id: &str, origin: &Origin, state: &[u8]) -> Result<(), StoreError> {
        self.0.execute(
            "insert into log (log_id, origin, state, next_index, size) values (?1, ?2, ?3, 0, 0)",
            params![log_id, origin.as_str(), state],
        )?;
        Ok(())
    }

    fn rename_log(&self, log_id: &str, origin: &Origin) -> Result<(), StoreError> {
        let changed =
            self.0.execute("update log set origin = ?1 where log_id = ?2", params![origin.as_str(), log_id])?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn log(&self, log_id: &str) -> Result<Option<LogRow>, StoreError> {
        let sql = format!("select {COLUMNS} from log where log_id = ?1");
        self.0.query_one(&sql, params![log_id], row_of)
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.0.query(&format!("select {COLUMNS} from log order by log_id"), params![], row_of)
    }

    fn swap_pending(&self, log_id: &str, expected: Option<u64>, pending: &Pending) -> Result<(), StoreError> {
        let expected = expected.map(to_sql).transpose()?;
        let changed = self.0.execute(
            "update log set pending_size = ?1, pending_note = ?2 where log_id = ?3 and pending_size is not distinct from ?4",
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
        let count = u64::try_from(entries.len()).map_err(|_| StoreError::Corrupt)?;
        let next = to_sql(first.checked_add(count).ok_or(StoreError::Corrupt)?)?;
        let changed = self.0.execute(
            "update log set next_index = ?1, state = ?2 where log_id = ?3 and next_index = ?4",
            params![next, state, log_id, to_sql(first)?],
        )?;
        if changed != 1 {
            return Err(StoreError::Conflict);
        }
        self.0.insert_entries(log_id, to_sql(first)?, entries)
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
        let sql = "select body from entry where log_id = ?1 and idx >= ?2 order by idx limit ?3";
        let mut entries: Vec<Vec<u8>> = Vec::new();
        let mut total = 0_usize;
        self.0.query_while(sql, params![log_id, to_sql(from)?, to_sql(count)?], |row| {
            let body: Vec<u8> = row.take(0)?;
            total = total.saturating_add(body.len());
            if total > bytes && !entries.is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            entries.push(body);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(entries)
    }

    fn leaf_hashes(&self, log_id: &str, size: u64) -> Result<Vec<Hash>, StoreError> {
        let sql = "select leaf from entry where log_id = ?1 and idx < ?2 order by idx";
        self.0.query(sql, params![log_id, to_sql(size)?], |row| Ok(Hash::new(row.take(0)?)))
    }

    fn leaves(&self, log_id: &str, from: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        let sql = "select leaf from entry where log_id = ?1 and idx >= ?2 order by idx limit ?3";
        self.0.query(sql, params![log_id, to_sql(from)?, to_sql(count)?], |row| Ok(Hash::new(row.take(0)?)))
    }

    fn index_of_leaf(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        // The log's name stands in the statement because the index is over that log alone.
        let sql = "select min(idx) from entry where log_id = 'log' and leaf = ?1";
        let found = self.0.query_one(sql, params![leaf.as_bytes()], |row| row.take::<Option<i64>>(0))?.flatten();
        found.map(|index| u64::try_from(index).map_err(|_| StoreError::Corrupt)).transpose()
    }

    fn put_receipt(&self, code: &str, log_id: &str, index: u64) -> Result<(), StoreError> {
        self.0.execute(
            "insert into receipt (code, log_id, idx) values (?1, ?2, ?3) on conflict do nothing",
            params![code, log_id, to_sql(index)?],
        )?;
        Ok(())
    }

    fn newest_receipts(&self, code: &str, log_id: &str, count: usize) -> Result<Vec<NewestReceipt>, StoreError> {
        let (mut at, mut found) = (log_id.to_owned(), Vec::new());
        let next = "select min(log_id) from receipt where code = ?1 and log_id > ?2";
        let newest = "select max(idx) from receipt where code = ?1 and log_id = ?2 \
                      and idx < (select size from log where log.log_id = ?2)";
        for _ in 0..count {
            let Some(log) = self.0.query_one(next, params![code, at], |row| row.take::<Option<String>>(0))?.flatten()
            else {
                break;
            };
            let index = self.0.query_one(newest, params![code, log], |row| row.take::<Option<u64>>(0))?.flatten();
            found.push((log.clone(), index));
            at = log;
        }
        Ok(found)
    }

    fn receipts_from(
        &self,
        code: &str,
        log_id: &str,
        index: u64,
        count: u64,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "select log_id, idx from receipt where code = ?1 and (log_id, idx) >= (?2, ?3) \
                   order by log_id, idx limit ?4";
        let read = |row: &mut Row| Ok((row.take(0)?, row.take(1)?));
        self.0.query(sql, params![code, log_id, to_sql(index)?, to_sql(count)?], read)
    }
}
