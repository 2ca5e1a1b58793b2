//! The compact range: the roots of the complete subtrees that tile `[0, size)`.
//!
//! Appending costs the merges that the new leaf completes; the root is a fold from the right. There are
//! always exactly as many roots as `size` has one-bits.

use super::{TreeError, empty_root, node_hash};
use crate::Hash;

/// What a log must remember to go on growing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactRange {
    size: u64,
    /// Roots of complete subtrees, left to right, so largest first.
    roots: Vec<Hash>,
}

impl CompactRange {
    /// The range of the empty tree.
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// Puts a range together from its parts; their number must fit the size.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Result<Self, TreeError> {
        if size > 1 << 63 || roots.len() != size.count_ones() as usize {
            return Err(TreeError::Malformed);
        }
        Ok(Self { size, roots })
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The subtree roots, largest first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds one leaf by its leaf hash.
    pub fn append(&mut self, leaf: Hash) -> Result<(), TreeError> {
        if self.size >= 1 << 63 {
            return Err(TreeError::Full);
        }
        let mut merged = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().ok_or(TreeError::Malformed)?;
            merged = node_hash(&left, &merged);
        }
        self.roots.push(merged);
        self.size += 1;
        Ok(())
    }

    /// The tree root.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return empty_root() };
        roots.fold(*last, |right, left| node_hash(left, &right))
    }

    /// The range over `[start, size)` alone, where `start` is 0 or a multiple of a power of two above the
    /// span: what a mirror holds of a package that it has begun. Leaves appended to it give the root of
    /// the package, which the whole range may already have merged with what is to its left.
    pub fn tail(&self, start: u64) -> Result<Self, TreeError> {
        let span = self.size.checked_sub(start).ok_or(TreeError::Range)?;
        let unit = span.checked_add(1).and_then(u64::checked_next_power_of_two);
        if start != 0 && !unit.is_some_and(|unit| start.is_multiple_of(unit)) {
            return Err(TreeError::Range);
        }
        let from = self.roots.len().checked_sub(span.count_ones() as usize).ok_or(TreeError::Range)?;
        Self::from_parts(span, self.roots.get(from..).unwrap_or_default().to_vec())
    }

    /// Size (8 bytes, big-endian) and roots, for storage.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for root in &self.roots {
            bytes.extend_from_slice(root.as_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreeError> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(TreeError::Malformed)?;
        let chunks = rest.chunks_exact(Hash::LEN);
        if !chunks.remainder().is_empty() {
            return Err(TreeError::Malformed);
        }
        let roots = chunks.map(Hash::from_slice).collect::<Result<Vec<_>, _>>();
        Self::from_parts(u64::from_be_bytes(*size), roots.map_err(|_| TreeError::Malformed)?)
    }
}
