use std::io::{Seek as _, SeekFrom, Write as _};

use super::*;

mod closing;
mod prune;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn entry(index: u64, bytes: usize) -> Op {
    let byte = u8::try_from(index % 251).unwrap();
    Op::Entry { index, leaf: [byte; 32], bytes: vec![byte; bytes], sealed: Some(vec![byte; 10]) }
}

fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    let mut batch = Batch::new();
    batch.extend(ops);
    batch
}

#[test]
fn what_was_committed_is_there_after_a_drop_without_a_clean_close() {
    let directory = directory();
    let (store, opened) = Store::open(directory.path(), 1).unwrap();
    assert_eq!(opened, Opened { set_aside: false, unclean: false, no_reserve: false });
    store.commit(batch([entry(0, 300), entry(1, 300), Op::Put("writer", vec![7])])).unwrap();
    drop(store);
    let (store, opened) = Store::open(directory.path(), 2).unwrap();
    assert!(opened.unclean);
    assert_eq!(store.entries(0, 10).unwrap().len(), 2);
    assert_eq!(store.leaves(2).unwrap(), [[0; 32], [1; 32]]);
    assert_eq!(store.events().unwrap().len(), 2);
    assert_eq!(store.meta("writer").unwrap(), Some(vec![7]));
    store.close();
    let (store, opened) = Store::open(directory.path(), 3).unwrap();
    assert!(!opened.unclean);
    assert_eq!(store.entries(1, 10).unwrap(), [vec![1; 300]]);
}

#[test]
fn a_batch_that_fails_half_way_leaves_nothing() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch([entry(0, 10)])).unwrap();
    // The same index twice violates the primary key after the first change has run.
    assert_eq!(store.commit(batch([Op::Put("x", vec![1]), entry(0, 10)])), Err(StoreError::Io));
    assert_eq!(store.meta("x").unwrap(), None);
}

#[test]
fn a_missing_entry_is_damage_not_a_shorter_answer() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch([entry(0, 10), entry(2, 10)])).unwrap();
    assert_eq!(store.entries(0, 10), Err(StoreError::Damaged));
}

#[test]
fn a_damaged_file_is_set_aside_and_kept() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch((0..200).map(|index| entry(index, 2_000)))).unwrap();
    store.close();
    let path = directory.path().join(FILE);
    let before = fs::metadata(&path).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[0xAA; 4096]).unwrap();
    drop(file);
    let (store, opened) = Store::open(directory.path(), 77).unwrap();
    assert!(opened.set_aside);
    assert_eq!(store.entries(0, 10).unwrap().len(), 0);
    let kept = directory.path().join("peel.db.set-aside-77");
    assert_eq!(fs::metadata(kept).unwrap().len(), before);
}

#[test]
fn a_page_that_was_overwritten_is_noticed_after_an_unclean_end() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch((0..200).map(|index| entry(index, 2_000)))).unwrap();
    store.truncate_log().unwrap();
    drop(store);
    let path = directory.path().join(FILE);
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4096 * 20)).unwrap();
    file.write_all(&vec![0xAA; 4096 * 10]).unwrap();
    drop(file);
    assert!(Store::open(directory.path(), 5).unwrap().1.set_aside);
}

#[test]
fn a_store_of_a_later_version_is_refused_and_left_alone() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.close();
    let connection = Connection::open(directory.path().join(FILE)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    assert_eq!(Store::open(directory.path(), 1).err(), Some(StoreError::LaterVersion));
}

#[test]
fn a_full_disk_spends_the_reserve_on_what_is_under_way_and_refuses_new_alerts() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.limit_pages(2).unwrap();
    let mut alert = batch([entry(0, 60_000)]);
    alert.refuse_when_full();
    assert_eq!(store.commit(alert), Err(StoreError::Full));
    assert!(!store.reserve_is_spent());
    store.commit(batch([entry(0, 60_000)])).unwrap();
    assert!(store.reserve_is_spent());
    assert_eq!(store.entries(0, 1).unwrap().len(), 1);
    let much = batch((1..200).map(|index| entry(index, 60_000)));
    assert_eq!(store.commit(much), Err(StoreError::Full));
    assert_eq!(store.entries(0, 10).unwrap().len(), 1);
}

#[test]
fn a_second_history_is_never_signed() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.intend_to_sign(5, [5; 32]).unwrap();
    store.intend_to_sign(5, [5; 32]).unwrap();
    assert_eq!(store.intend_to_sign(5, [6; 32]), Err(StoreError::SecondHistory));
    assert_eq!(store.intend_to_sign(4, [4; 32]), Err(StoreError::SecondHistory));
    store.intend_to_sign(9, [9; 32]).unwrap();
}

#[test]
fn a_closed_store_says_so() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.close();
    store.close();
    assert_eq!(store.commit(Batch::new()), Err(StoreError::Closed));
    assert_eq!(store.events(), Err(StoreError::Closed));
}

/// What version 3 brought, taken away.
const fn without_version_three() -> &'static str {
    "DROP TABLE leaf_tile; DROP TABLE retired_log; DROP TABLE retired_entry;
     ALTER TABLE cosigned DROP COLUMN stated_ms; ALTER TABLE cosigned DROP COLUMN held_since_ms;"
}

fn leaf(index: u64) -> [u8; 32] {
    let mut leaf = [3; 32];
    leaf[..8].copy_from_slice(&index.to_be_bytes());
    leaf
}

fn leaves(range: std::ops::Range<u64>) -> Batch {
    batch(range.map(|index| Op::Entry { index, leaf: leaf(index), bytes: vec![1], sealed: None }))
}

#[test]
fn proofs_from_the_store_are_those_from_all_leaves() {
    use peel_ledger::tree::{LeafHashes, consistency_proof, inclusion_proof, subtree_root};
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    let size = 66_000;
    store.commit(leaves(0..size)).unwrap();
    let all = LeafHashes::new((0..size).map(|index| peel_ledger::Hash::new(leaf(index))).collect());
    assert_eq!(subtree_root(&store, 0, size), subtree_root(&all, 0, size));
    for (old, new) in [(1, 2), (255, 256), (256, 257), (300, 66_000), (65_535, 65_536), (65_536, 65_537), (1, 66_000)] {
        assert_eq!(consistency_proof(&store, old, new), consistency_proof(&all, old, new), "{old} {new}");
        assert_eq!(inclusion_proof(&store, old, new), inclusion_proof(&all, old, new), "{old} {new}");
    }
    assert!(inclusion_proof(&store, 0, size + 1).is_err());
}

#[test]
fn a_store_of_version_one_is_opened_with_its_nodes_made_good() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(leaves(0..600)).unwrap();
    let whole = |store: &Store| peel_ledger::tree::subtree_root(store, 0, 600).unwrap();
    let root = whole(&store);
    store.close();
    let connection = Connection::open(directory.path().join(FILE)).unwrap();
    connection.execute_batch("DROP TABLE node; PRAGMA user_version = 1;").unwrap();
    connection.execute_batch(without_version_three()).unwrap();
    drop(connection);
    let (store, opened) = Store::open(directory.path(), 2).unwrap();
    assert!(!opened.set_aside);
    assert_eq!(whole(&store), root);
    store.commit(leaves(600..1_024)).unwrap();
    assert!(peel_ledger::tree::subtree_root(&store, 0, 1_024).is_ok());
}
