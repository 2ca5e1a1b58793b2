//! Reading and writing single rows. No rule lives here.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::prune;

/// One image as it lies in the store, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRow {
    /// The image.
    pub media_id: [u8; 16],
    /// Its alert.
    pub alert_id: [u8; 16],
    /// 0 probe, 1 reference.
    pub class: u8,
    /// Key and salt, wrapped by the deployment's key.
    pub wrapped: Vec<u8>,
    /// HMAC-SHA-256(salt, image).
    pub commitment: [u8; 32],
    /// The sealed image.
    pub sealed: Vec<u8>,
    /// When it is destroyed at the latest.
    pub expire_at_ms: i64,
}

/// A media row without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLine {
    /// The image.
    pub media_id: [u8; 16],
    /// Its alert.
    pub alert_id: [u8; 16],
    /// 0 probe, 1 reference.
    pub class: u8,
    /// HMAC-SHA-256(salt, image).
    pub commitment: [u8; 32],
    /// When it is destroyed at the latest.
    pub expire_at_ms: i64,
}

/// SQLite's integers are signed; indices stay far below the limit.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Io)
}

pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged)
}

pub(super) fn fixed<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged)
}

pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn put_meta(connection: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?;
    statement.execute(params![name, value])?;
    Ok(())
}

pub(super) fn delete_meta(connection: &Connection, name: &str) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?;
    Ok(())
}

pub(super) fn put_entry(connection: &Connection, index: u64, leaf: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT INTO entry (idx, leaf, bytes) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![signed(index)?, leaf, bytes])?;
    Ok(())
}

pub(super) fn entries(connection: &Connection, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    if limit > 0 && from < prune::below(connection)? {
        return Err(StoreError::Pruned);
    }
    let mut statement =
        connection.prepare_cached("SELECT idx, bytes FROM entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
    let mut rows = statement.query(params![signed(from)?, signed(limit)?])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let index = unsigned(row.get(0)?)?;
        let bytes: Vec<u8> = row.get(1)?;
        let expected = from + u64::try_from(entries.len()).map_err(|_| StoreError::Io)?;
        if index != expected {
            return Err(StoreError::Damaged);
        }
        entries.push(bytes);
    }
    Ok(entries)
}

pub(super) fn leaves(connection: &Connection, to: u64) -> Result<Vec<[u8; 32]>, StoreError> {
    let below = prune::below(connection)?.min(to);
    let mut leaves = Vec::new();
    for tile in 0..below.div_ceil(prune::TILE) {
        let tile = prune::leaves(connection, tile)?.ok_or(StoreError::Damaged)?;
        leaves.extend(tile.into_iter().map(peel_ledger::Hash::to_bytes));
    }
    leaves.truncate(usize::try_from(below).map_err(|_| StoreError::Io)?);
    let mut statement = connection.prepare_cached("SELECT leaf FROM entry WHERE idx < ?1 ORDER BY idx")?;
    let rows = statement.query_map([signed(to)?], |row| row.get::<_, Vec<u8>>(0))?;
    for leaf in rows {
        leaves.push(fixed(leaf?)?);
    }
    Ok(leaves)
}

pub(super) fn size(connection: &Connection) -> Result<u64, StoreError> {
    let last: Option<i64> = connection.query_row("SELECT max(idx) FROM entry", [], |row| row.get(0))?;
    last.map_or_else(|| prune::below(connection), |last| Ok(unsigned(last)? + 1))
}

pub(super) fn put_event(connection: &Connection, index: u64, sealed: &[u8]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT INTO event (idx, sealed) VALUES (?1, ?2)")?;
    statement.execute(params![signed(index)?, sealed])?;
    Ok(())
}

pub(super) fn events(connection: &Connection) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT idx, sealed FROM event ORDER BY idx")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
    rows.map(|row| row.map_err(StoreError::from).and_then(|(index, sealed)| Ok((unsigned(index)?, sealed)))).collect()
}

pub(super) fn put_alert(
    connection: &Connection,
    alert_id: [u8; 16],
    alert_seq: u64,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO alert (alert_id, alert_seq, sealed) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![alert_id, signed(alert_seq)?, sealed])?;
    Ok(())
}

/// An alert's identifier and its sealed bytes.
pub type SealedAlert = ([u8; 16], Vec<u8>);

pub(super) fn alerts(connection: &Connection) -> Result<Vec<SealedAlert>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT alert_id, sealed FROM alert ORDER BY alert_seq")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
    rows.map(|row| row.map_err(StoreError::from).and_then(|(id, sealed)| Ok((fixed(id)?, sealed)))).collect()
}

pub(super) fn put_media(connection: &Connection, row: &MediaRow) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO media (media_id, alert_id, class, wrapped, commitment, sealed, expire_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute(params![
        row.media_id,
        row.alert_id,
        row.class,
        row.wrapped,
        row.commitment,
        row.sealed,
        row.expire_at_ms
    ])?;
    Ok(())
}

pub(super) fn media(connection: &Connection, media_id: [u8; 16]) -> Result<Option<MediaRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT alert_id, class, wrapped, commitment, sealed, expire_at_ms FROM media WHERE media_id = ?1",
    )?;
    let row = statement
        .query_row([media_id], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, u8>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get::<_, Vec<u8>>(4)?,
                row.get::<_, i64>(5)?,
            ))
        })
        .optional()?;
    row.map(|(alert_id, class, wrapped, commitment, sealed, expire_at_ms)| {
        let (alert_id, commitment) = (fixed(alert_id)?, fixed(commitment)?);
        Ok(MediaRow { media_id, alert_id, class, wrapped, commitment, sealed, expire_at_ms })
    })
    .transpose()
}

pub(super) fn media_lines(connection: &Connection) -> Result<Vec<MediaLine>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT media_id, alert_id, class, commitment, expire_at_ms FROM media")?;
    let mut rows = statement.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(MediaLine {
            media_id: fixed(row.get(0)?)?,
            alert_id: fixed(row.get(1)?)?,
            class: row.get(2)?,
            commitment: fixed(row.get(3)?)?,
            expire_at_ms: row.get(4)?,
        });
    }
    Ok(lines)
}

pub(super) fn delete_media(connection: &Connection, media_id: [u8; 16]) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM media WHERE media_id = ?1")?.execute([media_id])?;
    Ok(())
}
