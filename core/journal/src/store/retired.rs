//! Logs that were succeeded by the present one: kept until what stands for them is safe with the force.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::rows::signed;

/// Sets the present log aside and makes room for the next.
pub(super) fn retire(connection: &Connection, origin: &str, carried: u64) -> Result<(), StoreError> {
    connection
        .execute("INSERT INTO retired_log (origin, carried) VALUES (?1, ?2)", params![origin, signed(carried)?])?;
    connection.execute("INSERT INTO retired_entry SELECT ?1, idx, bytes FROM entry", [origin])?;
    connection.execute_batch(
        "DELETE FROM entry; DELETE FROM node; DELETE FROM leaf_tile; DELETE FROM signed; DELETE FROM cosigned;
         DELETE FROM meta WHERE name = 'writer';",
    )?;
    // A log that was retired before is safe only when the whole of the present one is, and what follows stands for both.
    connection.execute("UPDATE retired_log SET carried = ?1", [signed(carried)?])?;
    Ok(())
}

/// Lets those go whose successors the force has held for long enough.
pub(super) fn release(connection: &Connection, held: u64) -> Result<(), StoreError> {
    let held = signed(held)?;
    let due = "SELECT origin FROM retired_log WHERE carried <= ?1";
    connection.execute(&format!("DELETE FROM retired_entry WHERE origin IN ({due})"), [held])?;
    connection.execute("DELETE FROM retired_log WHERE carried <= ?1", [held])?;
    Ok(())
}

/// The entries of a retired log that are still here, in order; nothing when it is not here.
pub(super) fn entries(connection: &Connection, origin: &str) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
    let known: Option<i64> =
        connection.query_row("SELECT 1 FROM retired_log WHERE origin = ?1", [origin], |row| row.get(0)).optional()?;
    if known.is_none() {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT bytes FROM retired_entry WHERE origin = ?1 ORDER BY idx")?;
    let rows = statement.query_map([origin], |row| row.get(0))?;
    Ok(Some(rows.collect::<Result<_, _>>()?))
}
