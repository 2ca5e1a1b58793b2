//! A transaction, whatever the engine.
//!
//! Always: nobody but this module begins or ends one; what gets a `&Tx` is inside. (On the
//! connection for admissions each statement is a transaction by itself.)

use std::ops::ControlFlow;

use super::engine::{Access, Engine};
use super::value::{Row, Value};
use super::{StoreError, StoredEntry};

/// A transaction on either engine. Statements are in the SQL that both read, with `?1` for the first parameter.
pub struct Tx(Box<dyn Engine>);

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Tx {
    pub(super) fn new(engine: Box<dyn Engine>) -> Self {
        Self(engine)
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        self.0.as_ref()
    }

    /// Runs a statement; gives the number of rows it changed.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        self.0.execute(sql, params)
    }

    /// Runs a query; `read` makes something of each row, and must not use the transaction meanwhile.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.0.query(sql, params, &mut |row| {
            all.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// The first row of a query.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnOnce(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let (mut read, mut found) = (Some(read), None);
        self.0.query(sql, params, &mut |row| {
            if let Some(read) = read.take() {
                found = Some(read(row)?);
            }
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Runs a query until `each` says stop.
    pub(super) fn query_while(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut each: impl FnMut(&mut Row) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.0.query(sql, params, &mut each)
    }

    pub(super) fn insert_entries(
        &self,
        log_id: &str,
        first: i64,
        entries: &[StoredEntry<'_>],
    ) -> Result<(), StoreError> {
        self.0.insert_entries(log_id, first, entries)
    }

    /// Runs `work` in a transaction of its own, with `before_commit` at its end where it writes.
    pub(super) fn transact<T, E: From<StoreError>>(
        &self,
        access: Access,
        work: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.0.begin(access)?;
        let result = work(self).and_then(|value| {
            self.0.commit()?;
            Ok(value)
        });
        if result.is_err() {
            self.0.roll_back();
        }
        result
    }
}
