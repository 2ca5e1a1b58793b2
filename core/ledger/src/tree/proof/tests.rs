//! The tree against the recursive definition of RFC 6962, and the public Merkle test values.

#![allow(clippy::cast_possible_truncation, reason = "test sizes are small")]

use proptest::prelude::*;

use super::super::{CompactRange, LeafHashes, empty_root, leaf_hash};
use super::*;

/// RFC 6962 section 2.1, written as it stands there.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(usize::try_from(split(leaves.len() as u64)).unwrap());
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// The inputs of the public RFC 6962 Merkle tests.
const PUBLIC_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Their roots, for 0 to 8 leaves.
const PUBLIC_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn public_rfc_6962_roots_hold() {
    let mut range = CompactRange::new();
    assert_eq!(range.root().to_hex(), PUBLIC_ROOTS[0]);
    for (leaf, root) in PUBLIC_LEAVES.iter().zip(&PUBLIC_ROOTS[1..]) {
        range.append(leaf_hash(&hex::decode(leaf).unwrap())).unwrap();
        assert_eq!(&range.root().to_hex(), root);
    }
}

#[test]
fn every_subtree_of_every_small_tree_is_proved() {
    let all = leaves(40);
    let nodes = LeafHashes::new(all.clone());
    for size in 1..=40_u64 {
        let root = naive_root(&all[..size as usize]);
        for start in 0..size {
            for end in start + 1..=size {
                let Ok(proof) = subtree_proof(&nodes, start, end, size) else {
                    assert!(start % (end - start).next_power_of_two() != 0);
                    continue;
                };
                let subtree = naive_root(&all[start as usize..end as usize]);
                verify_subtree(start, end, size, &subtree, &proof, &root).unwrap();
                let other = leaf_hash(b"other");
                assert!(verify_subtree(start, end, size, &other, &proof, &root).is_err());
                if size > 1 {
                    assert!(verify_subtree(start, end, size, &subtree, &proof, &other).is_err());
                }
            }
        }
    }
}

#[test]
fn consistency_from_nothing_takes_no_proof() {
    let root = naive_root(&leaves(3));
    verify_consistency(0, 3, &empty_root(), &[], &root).unwrap();
    assert!(verify_consistency(0, 3, &empty_root(), &[root], &root).is_err());
    assert!(verify_consistency(0, 3, &root, &[], &root).is_err());
    assert!(verify_consistency(0, 0, &empty_root(), &[], &root).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn compact_range_agrees_with_the_definition(count in 0_u64..600) {
        let all = leaves(count);
        let mut range = CompactRange::new();
        for leaf in &all {
            range.append(*leaf).unwrap();
        }
        prop_assert_eq!(range.root(), naive_root(&all));
        prop_assert_eq!(CompactRange::from_bytes(&range.to_bytes()).unwrap(), range.clone());
        let start = count / 256 * 256;
        let tail = range.tail(start).unwrap();
        prop_assert_eq!(tail.size(), count - start);
        prop_assert_eq!(tail.root(), naive_root(&all[start as usize..]));
        prop_assert_eq!(range.tail(count + 1), Err(TreeError::Range));
    }

    #[test]
    fn proofs_verify_and_any_change_breaks_them(size in 2_u64..600, pick in any::<u64>(), old in any::<u64>(), flip in any::<usize>()) {
        let all = leaves(size);
        let nodes = LeafHashes::new(all.clone());
        let root = naive_root(&all);
        let index = pick % size;
        let mut proof = inclusion_proof(&nodes, index, size).unwrap();
        let leaf = all[index as usize];
        verify_inclusion(index, size, &leaf, &proof, &root).unwrap();
        prop_assert!(verify_inclusion((index + 1) % size, size, &leaf, &proof, &root).is_err());
        let at = flip % proof.len();
        let mut bytes = proof[at].to_bytes();
        bytes[flip % 32] ^= 1;
        proof[at] = Hash::new(bytes);
        prop_assert!(verify_inclusion(index, size, &leaf, &proof, &root).is_err());

        let old = old % size + 1;
        let old_root = naive_root(&all[..old as usize]);
        let mut proof = consistency_proof(&nodes, old, size).unwrap();
        verify_consistency(old, size, &old_root, &proof, &root).unwrap();
        prop_assert!(verify_consistency(old, size, &leaf_hash(b"x"), &proof, &root).is_err());
        proof.push(root);
        prop_assert!(verify_consistency(old, size, &old_root, &proof, &root).is_err());
    }

    #[test]
    fn bytes_that_are_no_range_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(range) = CompactRange::from_bytes(&bytes) {
            prop_assert_eq!(range.to_bytes(), bytes);
        }
    }

    #[test]
    fn hostile_proofs_never_panic(start in any::<u64>(), end in any::<u64>(), size in any::<u64>(), count in 0_usize..70) {
        let hash = leaf_hash(b"h");
        let _ = verify_subtree(start, end, size, &hash, &vec![hash; count], &hash);
        let _ = verify_consistency(start, end, &hash, &vec![hash; count], &hash);
        let _ = verify_inclusion(start, size, &hash, &vec![hash; count], &hash);
    }
}
