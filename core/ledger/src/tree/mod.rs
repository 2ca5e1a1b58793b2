//! The Merkle tree of RFC 6962 section 2.1, without storage.
//!
//! It never holds leaves: a [`CompactRange`] keeps the few subtree roots that the next append needs, and
//! proofs are made from a [`Nodes`] that the caller answers. One verification routine serves inclusion,
//! consistency and subtree proofs, so there is one thing to get right.

mod nodes;
mod proof;
mod range;

use crate::Hash;

pub use nodes::{LeafHashes, Nodes};
pub use proof::{
    consistency_proof, inclusion_proof, root_from_inclusion, subtree_proof, subtree_root, verify_consistency,
    verify_inclusion, verify_subtree,
};
pub use range::CompactRange;

/// The most hashes that any proof may carry: a tree has at most 2^63 leaves.
pub const MAX_PROOF_HASHES: usize = 63;

/// Why a tree operation did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// An index or a range that is not in the tree.
    #[error("read tree: range not in the tree")]
    Range,
    /// The proof does not lead to the root.
    #[error("verify proof: does not lead to the root")]
    Proof,
    /// A node that a proof needs is not at hand.
    #[error("read tree: node missing")]
    MissingNode,
    /// Stored bytes that are not a compact range.
    #[error("read compact range: not a compact range")]
    Malformed,
    /// More than 2^63 leaves.
    #[error("append leaf: tree is full")]
    Full,
}

/// The hash of a leaf: SHA-256 over 0x00 and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of(&[&[0x00], entry])
}

/// The hash of an inner node: SHA-256 over 0x01 and the two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[0x01], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The largest power of two smaller than `leaves`, for at least two leaves.
const fn split(leaves: u64) -> u64 {
    1 << (u64::BITS - 1 - (leaves - 1).leading_zeros())
}
