//! Logs for whoever checks them: the checkpoint and C2SP tlog-tiles, as they are stored.
//!
//! Must never: give more of a log than its newest signed checkpoint covers.
//! Always: a tile of some width is the same bytes for ever, so it may be kept by any cache.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::tiles::{TILE_WIDTH, Tile, TileKind, encode_entries};
use peel_ledger::tlog_proof::TlogProof;
use peel_ledger::tree::{CompactRange, Nodes, TreeError, inclusion_proof};

use super::{Gateway, ServiceError, force_log};
use crate::storage::{LogStore as _, Logs, Tx};
use crate::witness;

/// Roots of full subtrees that are remembered; then all are forgotten.
const MOST_ROOTS: usize = 1 << 18;
/// Levels of the tree in one level of tiles (C2SP tlog-tiles).
const TILE_HEIGHT: u32 = 8;
/// Levels of height 8 that a log of 64-bit size can have.
const LEVELS: u32 = 8;

/// Roots of full subtrees, by log, level and position: they never change.
#[derive(Debug, Default)]
pub struct TileRoots(Mutex<HashMap<(String, u32, u64), Hash>>);

impl TileRoots {
    fn known(&self, key: &(String, u32, u64)) -> Option<Hash> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn remember(&self, key: (String, u32, u64), root: Hash) {
        let mut roots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if roots.len() >= MOST_ROOTS {
            roots.clear();
        }
        roots.insert(key, root);
    }

    /// `count` hashes of a level from `start` on: leaves, or roots of 256 hashes of the level below.
    fn hashes(&self, tx: &Tx, log_id: &str, level: u32, start: u64, count: u64) -> Result<Vec<Hash>, ServiceError> {
        let Some(below) = level.checked_sub(1) else { return Ok(Logs(tx).leaves(log_id, start, count)?) };
        let mut hashes = Vec::new();
        for index in start..start.saturating_add(count) {
            let key = (log_id.to_owned(), level, index);
            if let Some(root) = self.known(&key) {
                hashes.push(root);
                continue;
            }
            let mut range = CompactRange::new();
            for hash in self.hashes(tx, log_id, below, index.saturating_mul(TILE_WIDTH), TILE_WIDTH)? {
                range.append(hash).map_err(|_| ServiceError::Internal)?;
            }
            let root = range.root();
            self.remember(key, root);
            hashes.push(root);
        }
        Ok(hashes)
    }

    /// The proof that the entry at an index is in the tree of a size.
    pub(super) fn inclusion(&self, tx: &Tx, log_id: &str, index: u64, size: u64) -> Result<Vec<Hash>, ServiceError> {
        let nodes = LogNodes { roots: self, tx, log_id };
        inclusion_proof(&nodes, index, size).map_err(|_| ServiceError::Internal)
    }

    fn tile(&self, tx: &Tx, log_id: &str, tile: Tile) -> Result<Vec<u8>, ServiceError> {
        let row = Logs(tx).log(log_id)?.ok_or(ServiceError::NotFound)?;
        let size = row.committed.map_or(0, |committed| committed.size);
        let level = if let TileKind::Hashes { level } = tile.kind { level } else { 0 };
        let held = if level < LEVELS { size.checked_shr(8 * level).unwrap_or(0) } else { 0 };
        let start = tile.index.checked_mul(TILE_WIDTH).ok_or(ServiceError::NotFound)?;
        if start.checked_add(tile.width).is_none_or(|end| end > held) {
            return Err(ServiceError::NotFound);
        }
        if tile.kind == TileKind::Entries {
            let entries = Logs(tx).read_entries(log_id, start, tile.width, usize::MAX)?;
            return encode_entries(&entries).map_err(|_| ServiceError::Internal);
        }
        let hashes = self.hashes(tx, log_id, level, start, tile.width)?;
        Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
    }
}

/// A log's nodes, full subtrees from what is remembered.
struct LogNodes<'a> {
    roots: &'a TileRoots,
    tx: &'a Tx,
    log_id: &'a str,
}

impl Nodes for LogNodes<'_> {
    fn node(&self, level: u32, index: u64) -> Result<Hash, TreeError> {
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let (start, count) = (index.checked_shl(height).ok_or(TreeError::Range)?, 1_u64 << height);
        let hashes = self.roots.hashes(self.tx, self.log_id, tile_level, start, count);
        let hashes = hashes.map_err(|_| TreeError::MissingNode)?;
        let mut range = CompactRange::new();
        hashes.into_iter().try_for_each(|hash| range.append(hash))?;
        if range.size() == count { Ok(range.root()) } else { Err(TreeError::MissingNode) }
    }
}

impl Gateway {
    /// The proof that a leaf stands in the force log, up to the checkpoint that is published.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if it does not, or not yet.
    pub async fn force_log_proof(&self, leaf: Hash) -> Result<TlogProof, ServiceError> {
        let authority = self.authority.clone();
        let roots = std::sync::Arc::clone(&self.tile_roots);
        let log_id = force_log::FORCE_LOG;
        self.db
            .read(move |tx| {
                authority.cover(tx)?;
                let note = witness::published(&authority, tx)?.ok_or(ServiceError::NotFound)?;
                let size = Checkpoint::from_note(&note).map_err(|_| ServiceError::Internal)?.size;
                let index = Logs(tx).index_of_leaf(&leaf)?.filter(|index| *index < size);
                let index = index.ok_or(ServiceError::NotFound)?;
                Ok(TlogProof { index, hashes: roots.inclusion(tx, log_id, index, size)?, note })
            })
            .await
    }

    /// The newest signed checkpoint of a log.
    pub async fn checkpoint_of(&self, log_id: String) -> Result<String, ServiceError> {
        let row = self.db.read(move |tx| Logs(tx).log(&log_id)).await?.ok_or(ServiceError::NotFound)?;
        Ok(row.committed.ok_or(ServiceError::NotFound)?.note)
    }

    /// A tile of a log, by its path after `tile/`; of the force log where none is named.
    pub async fn tile_of(&self, log_id: Option<String>, path: &str) -> Result<Vec<u8>, ServiceError> {
        let log_id = log_id.unwrap_or_else(|| force_log::FORCE_LOG.to_owned());
        let tile = Tile::parse(&format!("tile/{path}")).ok_or(ServiceError::NotFound)?;
        let roots = std::sync::Arc::clone(&self.tile_roots);
        self.db.read(move |tx| roots.tile(tx, &log_id, tile)).await
    }
}
