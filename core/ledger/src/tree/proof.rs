//! Inclusion, consistency and subtree proofs.
//!
//! A subtree `[start, end)` has a start that is a multiple of the smallest power of two not below its
//! length. A subtree consistency proof shows that its hash belongs to the tree of a given size. With
//! one leaf it is RFC 6962's audit path, with start 0 it is RFC 6962's consistency proof; so one
//! generator and one verifier serve all three.

use super::{MAX_PROOF_HASHES, Nodes, TreeError, node_hash, split};
use crate::Hash;

fn check_subtree(start: u64, end: u64, size: u64) -> Result<(), TreeError> {
    let span = end.checked_sub(start).filter(|span| *span > 0 && end <= size).ok_or(TreeError::Range)?;
    let aligned = span.checked_next_power_of_two().is_some_and(|unit| start.is_multiple_of(unit));
    if aligned && size <= 1 << 63 { Ok(()) } else { Err(TreeError::Range) }
}

/// The Merkle tree hash over leaves `[start, end)` of a subtree.
pub fn subtree_root(nodes: &impl Nodes, start: u64, end: u64) -> Result<Hash, TreeError> {
    check_subtree(start, end, end)?;
    range_root(nodes, start, end)
}

fn range_root(nodes: &impl Nodes, start: u64, end: u64) -> Result<Hash, TreeError> {
    let span = end - start;
    if span.is_power_of_two() {
        let level = span.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(span);
    Ok(node_hash(&range_root(nodes, start, middle)?, &range_root(nodes, middle, end)?))
}

/// The audit path for leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1).
pub fn inclusion_proof(nodes: &impl Nodes, index: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
    subtree_proof(nodes, index, index.checked_add(1).ok_or(TreeError::Range)?, size)
}

/// The consistency proof between two sizes (RFC 6962 section 2.1.2); empty from size 0.
pub fn consistency_proof(nodes: &impl Nodes, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
    if old == 0 { Ok(Vec::new()) } else { subtree_proof(nodes, 0, old, new) }
}

/// The proof that subtree `[start, end)` belongs to the tree of `size` leaves.
pub fn subtree_proof(nodes: &impl Nodes, start: u64, end: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
    check_subtree(start, end, size)?;
    // Walk down from the root to the smallest subtree that holds [start, end), keeping the siblings.
    let (mut low, mut high) = (0, size);
    let mut whole = true;
    let mut siblings = Vec::new();
    while (low, high) != (start.max(low), end) {
        let middle = low + split(high - low);
        if end <= middle {
            siblings.push((middle, high));
            high = middle;
        } else {
            // Past the middle the rest is to the right; a subtree that straddles it is proved by its
            // last part, with the part to the left as a sibling.
            whole &= start >= middle;
            siblings.push((low, middle));
            low = middle;
        }
    }
    let mut proof = Vec::with_capacity(siblings.len() + 1);
    if !whole {
        proof.push(range_root(nodes, low, high)?);
    }
    for (from, to) in siblings.into_iter().rev() {
        proof.push(range_root(nodes, from, to)?);
    }
    Ok(proof)
}

/// Checks that `leaf` is at `index` of the tree with `size` leaves and this `root`.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<(), TreeError> {
    verify_subtree(index, index.checked_add(1).ok_or(TreeError::Range)?, size, leaf, proof, root)
}

/// The root that `leaf` at `index` of a tree with `size` leaves leads to by an audit path. It means
/// nothing until someone's signature over that root has been verified.
pub fn root_from_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash]) -> Result<Hash, TreeError> {
    let end = index.checked_add(1).ok_or(TreeError::Range)?;
    let (of_leaf, of_tree) = climb(index, end, size, leaf, proof)?;
    if of_leaf == *leaf { Ok(of_tree) } else { Err(TreeError::Proof) }
}

/// Checks that the tree of `old` leaves is a prefix of the tree of `new` leaves.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    proof: &[Hash],
    new_root: &Hash,
) -> Result<(), TreeError> {
    if old == 0 {
        let sound = proof.is_empty() && *old_root == super::empty_root() && (new > 0 || old_root == new_root);
        return if sound { Ok(()) } else { Err(TreeError::Proof) };
    }
    verify_subtree(0, old, new, old_root, proof, new_root)
}

/// Checks that subtree `[start, end)` with hash `subtree` belongs to the tree with `size` leaves.
pub fn verify_subtree(
    start: u64,
    end: u64,
    size: u64,
    subtree: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), TreeError> {
    let (of_subtree, of_tree) = climb(start, end, size, subtree, proof)?;
    if of_subtree == *subtree && of_tree == *root { Ok(()) } else { Err(TreeError::Proof) }
}

/// Folds a subtree consistency proof; gives the subtree's hash and the tree's root that it leads to.
fn climb(start: u64, end: u64, size: u64, subtree: &Hash, proof: &[Hash]) -> Result<(Hash, Hash), TreeError> {
    check_subtree(start, end, size)?;
    if proof.len() > MAX_PROOF_HASHES {
        return Err(TreeError::Proof);
    }
    // Positions, at the present level, of the subtree's first and last node and of the tree's last node.
    let (mut first, mut last, mut edge) = (start, end - 1, size - 1);
    // Climb to the lowest level at which the subtree ends in a node of the large tree.
    while first != last && (last == edge || last & 1 == 1) {
        (first, last, edge) = (first >> 1, last >> 1, edge >> 1);
    }
    let mut hashes = proof.iter();
    let seed = if first == last { *subtree } else { *hashes.next().ok_or(TreeError::Proof)? };
    let (mut of_subtree, mut of_tree) = (seed, seed);
    for sibling in hashes {
        if edge == 0 {
            return Err(TreeError::Proof);
        }
        if last & 1 == 1 || last == edge {
            if first < last {
                of_subtree = node_hash(sibling, &of_subtree);
            }
            of_tree = node_hash(sibling, &of_tree);
            while last & 1 == 0 && last != 0 {
                (first, last, edge) = (first >> 1, last >> 1, edge >> 1);
            }
        } else {
            of_tree = node_hash(&of_tree, sibling);
        }
        (first, last, edge) = (first >> 1, last >> 1, edge >> 1);
    }
    if edge == 0 { Ok((of_subtree, of_tree)) } else { Err(TreeError::Proof) }
}

#[cfg(test)]
mod tests;
