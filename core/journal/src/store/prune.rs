//! Pruning: an entry's body leaves the phone when the force provably has it; its leaf hash stays.
//!
//! Must never: let a body go on the word of this phone's clock alone, or before a stored cosignature covers it. Always:
//! whole tiles of 256 entries from the log's beginning, in one transaction; the last entry stays, because the next start
//! checks the tree's state against it; the leaves that stay lead to the root that the mirror signed.

use peel_ledger::Hash;
use peel_ledger::tree::{Nodes, TreeError, subtree_root};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

use super::error::StoreError;
use super::rows::{fixed, signed, unsigned};
use super::{retired, rows, tree};

/// Entries in a tile of leaf hashes.
pub(super) const TILE: u64 = 256;
/// Bytes of a leaf hash.
const LEAF: usize = 32;
/// Tiles that one transaction prunes at most, so that an append never waits long.
const TILES_AT_ONCE: u64 = 64;

/// What must have passed before a body may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneRule {
    /// The policy's retention on the phone, in milliseconds.
    pub keep_ms: u64,
    /// How far back the force's backups may reach, in milliseconds.
    pub backup_horizon_ms: u64,
    /// The phone's wall clock: milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
    /// The size of this log that the force's public log is proved to hold: nothing above it goes, whatever the mirror
    /// confirmed.
    pub proved: u64,
}

/// What pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Bodies that went in this step.
    pub bodies: u64,
    /// Below this index there are no bodies any more.
    pub below: u64,
    /// There is more to prune at once.
    pub more: bool,
}

/// A mirror's statement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// What was cosigned.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
    /// The mirror's signature lines.
    pub note: String,
}

/// The tree as the connection has it.
struct Rows<'a>(&'a Connection);

impl Nodes for Rows<'_> {
    fn node(&self, level: u32, index: u64) -> Result<Hash, TreeError> {
        tree::node(self.0, level, index).map(Hash::new).map_err(|_| TreeError::MissingNode)
    }
}

/// The index below which bodies are gone.
pub(super) fn below(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT max(tile) FROM leaf_tile")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
    last.map_or(Ok(0), |last| Ok((unsigned(last)? + 1) * TILE))
}

/// The leaf hashes of a pruned tile.
pub(super) fn leaves(connection: &Connection, tile: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT leaves FROM leaf_tile WHERE tile = ?1")?;
    let bytes: Option<Vec<u8>> = statement.query_row([signed(tile)?], |row| row.get(0)).optional()?;
    Ok(bytes.map(|bytes| bytes.as_chunks::<LEAF>().0.iter().map(|leaf| Hash::new(*leaf)).collect()))
}

/// The smallest stored statement that covers the entry at `index`.
pub(super) fn cosignature_over(connection: &Connection, index: u64) -> Result<Option<Cosigned>, StoreError> {
    read_cosigned(
        connection,
        "SELECT size, root, note FROM cosigned WHERE size > ?1 ORDER BY size LIMIT 1",
        [signed(index)?],
    )
}

fn read_cosigned(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Option<Cosigned>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?));
    let row = statement.query_row(parameters, read).optional()?;
    row.map(|(size, root, note)| Ok(Cosigned { size: unsigned(size)?, root: fixed(root)?, note })).transpose()
}

/// What the mirror held already so long ago that its bodies may go. The present is what the mirror stated last, or
/// this phone's clock if that is earlier; since when it holds something is the later of both clocks at that time. So no
/// one clock, set forward or back, makes a body go early.
fn old_enough(connection: &Connection, rule: PruneRule) -> Result<Option<Cosigned>, StoreError> {
    let sql = "SELECT stated_ms FROM cosigned ORDER BY size DESC LIMIT 1";
    let stated: Option<i64> = connection.query_row(sql, [], |row| row.get(0)).optional()?.flatten();
    let Some(stated_ms) = stated else { return Ok(None) };
    let kept_for = i64::try_from(rule.keep_ms.max(rule.backup_horizon_ms)).unwrap_or(i64::MAX);
    let until = stated_ms.min(rule.now_ms).saturating_sub(kept_for);
    let sql =
        "SELECT size, root, note FROM cosigned WHERE held_since_ms <= ?1 AND size <= ?2 ORDER BY size DESC LIMIT 1";
    let proved = i64::try_from(rule.proved).unwrap_or(i64::MAX);
    read_cosigned(connection, sql, [until, proved])
}

/// Prunes what may go, all of it or nothing.
pub(super) fn prune(connection: &mut Connection, rule: PruneRule) -> Result<Pruned, StoreError> {
    let transaction = connection.transaction()?;
    let below = below(&transaction)?;
    let nothing = Pruned { bodies: 0, below, more: false };
    let Some(held) = old_enough(&transaction, rule)? else { return Ok(nothing) };
    let size = rows::size(&transaction)?;
    let end = held.size.min(size.saturating_sub(1)) / TILE * TILE;
    if end <= below {
        retired::release(&transaction, held.size)?;
        transaction.commit()?;
        return Ok(nothing);
    }
    // A statement about another tree proves nothing about this one.
    let root = subtree_root(&Rows(&transaction), 0, held.size).map_err(|_| StoreError::Damaged)?;
    if root.to_bytes() != held.root {
        return Err(StoreError::Damaged);
    }
    let to = end.min(below + TILES_AT_ONCE * TILE);
    for tile in below / TILE..to / TILE {
        prune_tile(&transaction, tile)?;
    }
    forget_statements(&transaction, to)?;
    retired::release(&transaction, held.size)?;
    transaction.commit()?;
    Ok(Pruned { bodies: to - below, below: to, more: to < end })
}

fn prune_tile(connection: &Connection, tile: u64) -> Result<(), StoreError> {
    let leaves = tree::stored(connection, 0, tile * TILE, TILE)?;
    let bytes: Vec<u8> = leaves.iter().copied().flat_map(peel_ledger::Hash::to_bytes).collect();
    // The stored nodes led to the mirror's root; what stays of the leaves must lead to the stored nodes.
    if tree::fold(leaves).to_bytes() != tree::node(connection, 8, tile)? {
        return Err(StoreError::Damaged);
    }
    let mut statement = connection.prepare_cached("DELETE FROM entry WHERE idx >= ?1 AND idx < ?2")?;
    statement.execute([signed(tile * TILE)?, signed((tile + 1) * TILE)?])?;
    let mut statement = connection.prepare_cached("INSERT INTO leaf_tile (tile, leaves) VALUES (?1, ?2)")?;
    statement.execute(params![signed(tile)?, bytes])?;
    Ok(())
}

/// Signatures over smaller trees say nothing that the later ones do not; the last signed size stays, and whatever
/// covers a pruned entry.
fn forget_statements(connection: &Connection, below: u64) -> Result<(), StoreError> {
    let last = "(SELECT max(size) FROM signed WHERE note IS NOT NULL)";
    connection.execute(&format!("DELETE FROM signed WHERE size < ?1 AND size < {last}"), [signed(below)?])?;
    connection.execute("DELETE FROM cosigned WHERE size < ?1", [signed(below)?])?;
    Ok(())
}
