//! What an engine must be able to do: transactions with savepoints, statements in portable SQL, and packages of entries.
//!
//! Always: statements are written once, in the SQL that both engines read, with `?1` for the first parameter.

mod postgresql;
mod sqlite;

use std::ops::ControlFlow;

pub(super) use postgresql::{Server, notifications};
pub(super) use sqlite::File;

use super::value::{Row, Value};
use super::{StoreError, StoredEntry};

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Read one snapshot.
    Read,
    /// Write, as the only writer of all processes.
    Write,
}

/// Takes a row; says whether to go on.
pub(super) type EachRow<'a> = &'a mut dyn FnMut(&mut Row) -> Result<ControlFlow<()>, StoreError>;

/// One connection to one engine.
pub(super) trait Engine: Send {
    /// Begins a transaction.
    fn begin(&self, access: Access) -> Result<(), StoreError>;
    /// Commits it; durable when this returns.
    fn commit(&self) -> Result<(), StoreError>;
    /// Gives it up.
    fn roll_back(&self);
    /// Marks the place to which one job of a group is rolled back.
    fn mark(&self) -> Result<(), StoreError>;
    /// Keeps what was done since the mark.
    fn keep(&self) -> Result<(), StoreError>;
    /// Undoes what was done since the mark.
    fn undo(&self) -> Result<(), StoreError>;
    /// Says why where the transaction is gone: engines give one up by themselves, when a disk is full or a server ends.
    fn still_in_transaction(&self) -> Result<(), StoreError>;
    /// Whether the connection can be used again.
    fn is_usable(&self) -> bool;
    /// Runs a statement; gives the number of rows it changed.
    fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, StoreError>;
    /// Runs a query.
    fn query(&self, sql: &str, params: &[Value<'_>], each: EachRow<'_>) -> Result<(), StoreError>;
    /// Inserts entries from `first` on.
    fn insert_entries(&self, log_id: &str, first: i64, entries: &[StoredEntry<'_>]) -> Result<(), StoreError>;
    /// Makes sure that what was deleted does not stay behind longer than it must; false if that has to be tried again.
    fn forget_deleted(&self) -> Result<bool, StoreError>;
    /// Bounds what this connection may let a file grow to.
    fn bound(&self, file_mib: Option<u32>) -> Result<(), StoreError>;
    /// Brings the tables to the present version.
    fn migrate(&self) -> Result<(), StoreError>;
}
