//! The desk's copy of the mirror: sealed entries, and how far they were checked and told.

use std::path::Path;

use peel_ledger::Origin;
use peel_ledger::note::VerifierKey;
use peel_ledger::tree::CompactRange;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::DeskError;
use crate::storage::StoreError;

const TABLES: &str = "
create table if not exists log (
  log_id text primary key, origin text not null, vkeys text not null, range blob not null, told integer not null
) strict;
create table if not exists entry (
  log_id text not null references log, idx integer not null, body blob not null, primary key (log_id, idx)
) strict, without rowid;
";

/// A log as the desk has checked it.
#[derive(Clone, Debug)]
pub(super) struct KnownLog {
    pub(super) log_id: String,
    pub(super) origin: Origin,
    /// The keys that it was first seen with; they never change silently.
    pub(super) vkeys: Vec<VerifierKey>,
    pub(super) range: CompactRange,
    /// Entries whose meaning was handed on.
    pub(super) told: u64,
}

/// The desk's database.
#[derive(Debug)]
pub(super) struct DeskStore(Connection);

fn number(value: i64) -> Result<u64, DeskError> {
    u64::try_from(value).map_err(|_| DeskError::Store(StoreError::Corrupt))
}

fn column(value: u64) -> Result<i64, DeskError> {
    i64::try_from(value).map_err(|_| DeskError::Store(StoreError::Corrupt))
}

impl DeskStore {
    pub(super) fn open(path: &Path) -> Result<Self, DeskError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;")?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    pub(super) fn log(&self, log_id: &str) -> Result<Option<KnownLog>, DeskError> {
        type Raw = (String, String, Vec<u8>, i64);
        let sql = "select origin, vkeys, range, told from log where log_id = ?1";
        let raw: Option<Raw> = self
            .0
            .query_row(sql, [log_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        let corrupt = || DeskError::Store(StoreError::Corrupt);
        raw.map(|(origin, vkeys, range, told)| {
            Ok(KnownLog {
                log_id: log_id.to_owned(),
                origin: Origin::new(origin).map_err(|_| corrupt())?,
                vkeys: vkeys.lines().map(str::parse).collect::<Result<_, _>>().map_err(|_| corrupt())?,
                range: CompactRange::from_bytes(&range).map_err(|_| corrupt())?,
                told: number(told)?,
            })
        })
        .transpose()
    }

    pub(super) fn logs(&self) -> Result<Vec<KnownLog>, DeskError> {
        let mut statement = self.0.prepare("select log_id from log order by log_id")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        names.iter().filter_map(|name| self.log(name).transpose()).collect()
    }

    /// Stores checked entries together with the range over them.
    pub(super) fn add(&mut self, log: &KnownLog, first: u64, entries: &[Vec<u8>]) -> Result<(), DeskError> {
        let transaction = self.0.transaction()?;
        let vkeys: Vec<String> = log.vkeys.iter().map(ToString::to_string).collect();
        transaction.execute(
            "insert into log (log_id, origin, vkeys, range, told) values (?1, ?2, ?3, ?4, ?5) \
             on conflict (log_id) do update set range = excluded.range",
            params![log.log_id, log.origin.as_str(), vkeys.join("\n"), log.range.to_bytes(), column(log.told)?],
        )?;
        for (index, body) in (first..).zip(entries) {
            transaction.execute(
                "insert into entry (log_id, idx, body) values (?1, ?2, ?3)",
                params![log.log_id, column(index)?, body],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Says that entries below `told` were handed on.
    pub(super) fn set_told(&self, log_id: &str, told: u64) -> Result<(), DeskError> {
        self.0.execute("update log set told = ?1 where log_id = ?2", params![column(told)?, log_id])?;
        Ok(())
    }

    /// Entries `[from, to)`.
    pub(super) fn entries(&self, log_id: &str, from: u64, to: u64) -> Result<Vec<Vec<u8>>, DeskError> {
        let mut statement = self
            .0
            .prepare_cached("select body from entry where log_id = ?1 and idx >= ?2 and idx < ?3 order by idx")?;
        let rows = statement.query_map(params![log_id, column(from)?, column(to)?], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
