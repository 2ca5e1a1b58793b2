//! The tree against another implementation of RFC 6962 (`ct-merkle`): roots, and proofs both ways, at sizes drawn anew
//! for every case and at those around the widths of tiles and packages.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use peel_ledger::Hash;
use peel_ledger::tree::{
    CompactRange, LeafHashes, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;

type Other = MemoryBackedTree<Sha256, Vec<u8>>;

/// The entries of a log, and the log in both implementations.
struct Both {
    entries: Vec<Vec<u8>>,
    ours: LeafHashes,
    /// Our root at every size.
    roots: Vec<Hash>,
}

impl Both {
    fn new(entries: Vec<Vec<u8>>) -> Self {
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let mut range = CompactRange::new();
        let mut roots = vec![range.root()];
        for leaf in &leaves {
            range.append(*leaf).unwrap();
            roots.push(range.root());
        }
        Self { entries, ours: LeafHashes::new(leaves), roots }
    }

    fn size(&self) -> usize {
        self.entries.len()
    }

    fn other(&self, size: usize) -> Other {
        let mut tree = Other::new();
        for entry in &self.entries[..size] {
            tree.push(entry.clone());
        }
        tree
    }

    fn check_roots(&self) {
        let mut tree = Other::new();
        assert_eq!(tree.root().as_bytes().as_slice(), self.roots[0].as_bytes());
        for (entry, root) in self.entries.iter().zip(&self.roots[1..]) {
            tree.push(entry.clone());
            assert_eq!(tree.root().as_bytes().as_slice(), root.as_bytes());
        }
    }

    fn check_proofs(&self, index: usize, old: usize) {
        let (size, other) = (self.size(), self.other(self.size()));
        let root = self.roots[size];
        let audit = inclusion_proof(&self.ours, index as u64, size as u64).unwrap();
        let theirs = other.prove_inclusion(index);
        assert_eq!(flat(&audit), theirs.as_bytes(), "inclusion of {index} in {size}");
        assert!(other.root().verify_inclusion(&self.entries[index], index as u64, &theirs).is_ok());
        let leaf = leaf_hash(&self.entries[index]);
        assert_eq!(verify_inclusion(index as u64, size as u64, &leaf, &hashes(theirs.as_bytes()), &root), Ok(()));

        let proof = consistency_proof(&self.ours, old as u64, size as u64).unwrap();
        let theirs = other.prove_consistency(size - old);
        assert_eq!(flat(&proof), theirs.as_bytes(), "consistency of {old} and {size}");
        let old_root = &self.roots[old];
        let theirs = hashes(theirs.as_bytes());
        assert_eq!(verify_consistency(old as u64, size as u64, old_root, &theirs, &root), Ok(()));
    }

    /// Both must refuse what is not a proof, or neither: `change` spoils a true one.
    fn check_refusals(&self, index: usize, old: usize, change: &dyn Fn(&mut Vec<Hash>)) {
        let size = self.size();
        let root = RootHash::<Sha256>::new((*self.roots[size].as_bytes()).into(), size as u64);
        let mut audit = inclusion_proof(&self.ours, index as u64, size as u64).unwrap();
        change(&mut audit);
        let leaf = leaf_hash(&self.entries[index]);
        let ours = verify_inclusion(index as u64, size as u64, &leaf, &audit, &self.roots[size]);
        let theirs =
            root.verify_inclusion(&self.entries[index], index as u64, &InclusionProof::from_bytes(flat(&audit)));
        assert_eq!(ours.is_ok(), theirs.is_ok(), "inclusion of {index} in {size}");

        let mut proof = consistency_proof(&self.ours, old as u64, size as u64).unwrap();
        change(&mut proof);
        let ours = verify_consistency(old as u64, size as u64, &self.roots[old], &proof, &self.roots[size]);
        let old_root = RootHash::<Sha256>::new((*self.roots[old].as_bytes()).into(), old as u64);
        let theirs = ConsistencyProof::try_from_bytes(flat(&proof))
            .is_ok_and(|proof| root.verify_consistency(&old_root, &proof).is_ok());
        assert_eq!(ours.is_ok(), theirs, "consistency of {old} and {size}");
    }
}

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.to_bytes()).collect()
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks_exact(32).map(|hash| Hash::from_slice(hash).unwrap()).collect()
}

fn log(size: usize) -> Both {
    Both::new((0..size).map(|index| (index as u64).to_be_bytes()[4..].to_vec()).collect())
}

#[test]
fn trees_agree_at_the_sizes_around_tiles_and_packages() {
    for size in [1_usize, 2, 255, 256, 257, 511, 512, 513, 1023, 1025] {
        let both = log(size);
        both.check_roots();
        for at in [0, 1, 254, 255, 256, 257, 511, 512, size - 1] {
            if at < size {
                both.check_proofs(at, at + 1);
            }
        }
    }
}

#[test]
fn entries_of_every_length_hash_alike() {
    let both = Both::new([0_usize, 1, 255, 256, 257, 65_535].map(|length| vec![7; length]).into());
    both.check_roots();
    for at in 0..both.size() {
        both.check_proofs(at, at + 1);
    }
}

#[test]
fn a_tree_beyond_the_second_level_of_tiles_agrees() {
    let both = log(65_537);
    assert_eq!(both.other(65_537).root().as_bytes().as_slice(), both.roots[65_537].as_bytes());
    for at in [0, 255, 65_535, 65_536] {
        both.check_proofs(at, at + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_agree_at_any_size(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..9), 1..400),
        index in any::<usize>(),
        old in any::<usize>(),
        flip in any::<usize>(),
    ) {
        let both = Both::new(entries);
        let (index, old) = (index % both.size(), old % both.size() + 1);
        both.check_roots();
        both.check_proofs(index, old);
        both.check_refusals(index, old, &|_| {});
        both.check_refusals(index, old, &|proof| { proof.pop(); });
        both.check_refusals(index, old, &|proof| proof.push(Hash::default()));
        both.check_refusals(index, old, &|proof| {
            if let Some(at) = flip.checked_rem(proof.len()) {
                let mut bytes = proof[at].to_bytes();
                bytes[flip % 32] ^= 1;
                proof[at] = Hash::new(bytes);
            }
        });
        both.check_refusals(index, old, &|proof| proof.reverse());
    }
}
