//! The tree's inner nodes, so that a proof costs a few hundred reads however long the log is.
//!
//! Leaf hashes lie beside their entries; of the inner nodes every eighth level is stored, as it is in a tile. What lies
//! between is computed from at most 128 stored hashes.

use peel_ledger::Hash;
use peel_ledger::tree::{Nodes, TreeError, node_hash};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::rows::{fixed, signed};
use super::{Store, prune, rows};

/// Levels between stored nodes: a tile of C2SP tlog-tiles is as high.
const TILE_HEIGHT: u32 = 8;
/// A log has fewer than 2^63 leaves.
const HIGHEST: u32 = 56;

/// The root of a complete subtree; one that is not complete is [`StoreError::Damaged`].
pub(super) fn node(connection: &Connection, level: u32, index: u64) -> Result<[u8; 32], StoreError> {
    let above = level % TILE_HEIGHT;
    let width = 1_u64 << above;
    let first = index.checked_mul(width).ok_or(StoreError::Damaged)?;
    Ok(fold(stored(connection, level - above, first, width)?).to_bytes())
}

/// Stores the nodes that the entry at `index` completes.
pub(super) fn complete(connection: &Connection, index: u64) -> Result<(), StoreError> {
    let size = index + 1;
    let width = 1_u64 << TILE_HEIGHT;
    let mut level = TILE_HEIGHT;
    while level <= HIGHEST && size.is_multiple_of(1 << level) {
        let at = (size >> level) - 1;
        let hash = fold(stored(connection, level - TILE_HEIGHT, at * width, width)?).to_bytes();
        let mut statement = connection.prepare_cached("INSERT INTO node (level, idx, hash) VALUES (?1, ?2, ?3)")?;
        statement.execute(params![level, signed(at)?, hash])?;
        level += TILE_HEIGHT;
    }
    Ok(())
}

pub(super) fn stored(connection: &Connection, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
    let end = first.checked_add(count).ok_or(StoreError::Damaged)?;
    // What is asked of the leaves lies within one tile, which is whole or pruned.
    if level == 0
        && let Some(tile) = prune::leaves(connection, first / prune::TILE)?
    {
        let from = usize::try_from(first % prune::TILE).map_err(|_| StoreError::Damaged)?;
        let range = from..from + usize::try_from(count).map_err(|_| StoreError::Damaged)?;
        return tile.get(range).map(<[Hash]>::to_vec).ok_or(StoreError::Damaged);
    }
    let last = signed(end)?;
    let collect = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
    let hashes: Vec<Vec<u8>> = if level == 0 {
        let mut statement =
            connection.prepare_cached("SELECT leaf FROM entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
        statement.query_map(params![signed(first)?, last], collect)?.collect::<Result<_, _>>()?
    } else {
        let mut statement = connection
            .prepare_cached("SELECT hash FROM node WHERE level = ?3 AND idx >= ?1 AND idx < ?2 ORDER BY idx")?;
        statement.query_map(params![signed(first)?, last, level], collect)?.collect::<Result<_, _>>()?
    };
    if u64::try_from(hashes.len()).ok() != Some(count) {
        return Err(StoreError::Damaged);
    }
    hashes.into_iter().map(|hash| Ok(Hash::new(fixed(hash)?))).collect()
}

/// The root over a power of two of hashes.
pub(super) fn fold(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.chunks_exact(2).filter_map(|pair| Some(node_hash(pair.first()?, pair.last()?))).collect();
    }
    hashes.pop().unwrap_or_default()
}

/// Fills the table for entries that were written before it existed.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let last: Option<i64> =
        connection.query_row("SELECT max(idx) FROM entry", [], |row| row.get(0)).optional()?.flatten();
    let Some(last) = last else { return Ok(()) };
    let size = rows::unsigned(last)? + 1;
    for full in 1..=size / (1 << TILE_HEIGHT) {
        complete(connection, (full << TILE_HEIGHT) - 1)?;
    }
    Ok(())
}

impl Nodes for Store {
    fn node(&self, level: u32, index: u64) -> Result<Hash, TreeError> {
        self.with(move |connection| node(connection, level, index)).map(Hash::new).map_err(|_| TreeError::MissingNode)
    }
}
