//! Holds of evidence: which sealed files there are, and until when.
//!
//! Must never: say who holds them and why, or keep anything that opens them.

use crate::params;
use peel_domain::id::{AlertId, HoldId, MediaId};

use super::{Row, StoreError, Tx};

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRow {
    /// The hold.
    pub hold_id: HoldId,
    /// Its alert.
    pub alert_id: AlertId,
    /// When it ends, milliseconds since 1970 UTC.
    pub until_ms: i64,
}

const COLUMNS: &str = "hold_id, alert_id, until_ms";

fn row_of(row: &mut Row) -> Result<HoldRow, StoreError> {
    Ok(HoldRow { hold_id: row.parse(0)?, alert_id: row.parse(1)?, until_ms: row.take(2)? })
}

/// Stores a new hold.
pub fn put_hold(tx: &Tx, row: &HoldRow, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into hold (hold_id, alert_id, held_ms, until_ms) values (?1, ?2, ?3, ?4)",
        params![row.hold_id.to_string(), row.alert_id.to_string(), now_ms, row.until_ms],
    )?;
    Ok(())
}

/// Remembers the sealed file of a held image.
pub fn put_held_image(tx: &Tx, hold_id: HoldId, media_id: MediaId, file: &str) -> Result<(), StoreError> {
    tx.execute(
        "insert into held_image (hold_id, media_id, file) values (?1, ?2, ?3)",
        params![hold_id.to_string(), media_id.to_string(), file],
    )?;
    Ok(())
}

/// A hold that has not ended.
pub fn hold(tx: &Tx, hold_id: HoldId) -> Result<Option<HoldRow>, StoreError> {
    let sql = format!("select {COLUMNS} from hold where hold_id = ?1 and released_ms is null");
    tx.query_one(&sql, params![hold_id.to_string()], row_of)
}

/// Whether there is or was such a hold.
pub fn is_known_hold(tx: &Tx, hold_id: HoldId) -> Result<bool, StoreError> {
    let sql = "select count(*) from hold where hold_id = ?1";
    Ok(tx.query_one(sql, params![hold_id.to_string()], |row| row.take::<i64>(0))?.unwrap_or(0) > 0)
}

/// Holds whose end has come.
pub fn due_holds(tx: &Tx, now_ms: i64) -> Result<Vec<HoldRow>, StoreError> {
    let sql =
        format!("select {COLUMNS} from hold where released_ms is null and until_ms <= ?1 order by hold_id limit 100");
    tx.query(&sql, params![now_ms], row_of)
}

/// The images of a hold and their sealed files.
pub fn held_images(tx: &Tx, hold_id: HoldId) -> Result<Vec<(MediaId, String)>, StoreError> {
    let sql = "select media_id, file from held_image where hold_id = ?1 order by media_id";
    tx.query(sql, params![hold_id.to_string()], |row| Ok((row.parse(0)?, row.take(1)?)))
}

/// Ends a hold; gives the files to remove.
pub fn end_hold(tx: &Tx, hold_id: HoldId, now_ms: i64) -> Result<Vec<String>, StoreError> {
    let files = held_images(tx, hold_id)?.into_iter().map(|(_, file)| file).collect();
    let id = hold_id.to_string();
    tx.execute("delete from held_image where hold_id = ?1", params![id])?;
    tx.execute("update hold set released_ms = ?1 where hold_id = ?2 and released_ms is null", params![now_ms, id])?;
    Ok(files)
}
