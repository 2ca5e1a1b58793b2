//! Where proofs get the tree's inner nodes from.
//!
//! Only complete subtrees are asked for, so every answer is final: it never changes as the log grows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{TreeError, node_hash};
use crate::Hash;

/// Answers for the root of a complete subtree.
pub trait Nodes {
    /// The root over leaves `[index << level, (index + 1) << level)`; level 0 is a leaf hash.
    fn node(&self, level: u32, index: u64) -> Result<Hash, TreeError>;
}

/// The plainest source: all leaf hashes at hand; inner nodes are computed once and kept.
#[derive(Debug, Default)]
pub struct LeafHashes {
    leaves: Vec<Hash>,
    computed: Mutex<HashMap<(u32, u64), Hash>>,
}

impl LeafHashes {
    /// Takes the leaf hashes of `[0, leaves.len())`.
    pub fn new(leaves: Vec<Hash>) -> Self {
        Self { leaves, computed: Mutex::default() }
    }

    /// Takes the leaf hash that follows. What was computed before stays: it is about complete subtrees.
    pub fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }
}

impl Nodes for LeafHashes {
    fn node(&self, level: u32, index: u64) -> Result<Hash, TreeError> {
        if level == 0 {
            let index = usize::try_from(index).map_err(|_| TreeError::MissingNode)?;
            return self.leaves.get(index).copied().ok_or(TreeError::MissingNode);
        }
        let end = index.checked_add(1).and_then(|next| next.checked_mul(1_u64.checked_shl(level)?));
        if end.is_none_or(|end| end > self.size()) {
            return Err(TreeError::MissingNode);
        }
        let known =
            |nodes: &Self| nodes.computed.lock().unwrap_or_else(PoisonError::into_inner).get(&(level, index)).copied();
        if let Some(hash) = known(self) {
            return Ok(hash);
        }
        let hash = node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?);
        self.computed.lock().unwrap_or_else(PoisonError::into_inner).insert((level, index), hash);
        Ok(hash)
    }
}
