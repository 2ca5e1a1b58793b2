use peel_ledger::tree::{LeafHashes, consistency_proof, inclusion_proof, subtree_root};
use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The force's retention and its backup horizon in these tests.
const KEEP: u64 = 5 * 86_400_000;
const HORIZON: u64 = 7 * 86_400_000;

fn rule(now_ms: i64) -> PruneRule {
    PruneRule { keep_ms: KEEP, backup_horizon_ms: HORIZON, now_ms, proved: u64::MAX }
}

fn long(range: std::ops::Range<u64>) -> Batch {
    batch(range.map(|index| Op::Entry { index, leaf: leaf(index), bytes: vec![7; 600], sealed: None }))
}

/// The mirror signs at `stated_ms` for `size` entries; the phone's clock says `wall_ms`.
fn cosign(store: &Store, size: u64, stated_ms: i64, wall_ms: i64) {
    let root = subtree_root(store, 0, size).unwrap().to_bytes();
    let note = "\u{2014} force.example/peel/mirror ".to_owned() + &"A".repeat(100) + "\n";
    store.commit(batch([Op::Cosigned { size, root, note, stated_ms, wall_ms }])).unwrap();
}

fn signed(store: &Store, size: u64) {
    store.intend_to_sign(size, subtree_root(store, 0, size).unwrap().to_bytes()).unwrap();
    store.keep_note(size, "n".repeat(400)).unwrap();
}

fn store_with(entries: u64) -> (tempfile::TempDir, Store) {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(long(0..entries)).unwrap();
    (directory, store)
}

#[test]
fn s36_nothing_goes_above_what_the_force_log_is_proved_to_hold() {
    let (_directory, store) = store_with(700);
    for size in [300, 600, 700] {
        cosign(&store, size, 100 * DAY, 100 * DAY);
    }
    cosign(&store, 700, 300 * DAY, 300 * DAY);
    assert_eq!(store.prune(PruneRule { proved: 0, ..rule(400 * DAY) }).unwrap().below, 0);
    assert_eq!(store.prune(PruneRule { proved: 299, ..rule(400 * DAY) }).unwrap().below, 0);
    assert_eq!(store.prune(PruneRule { proved: 599, ..rule(400 * DAY) }).unwrap().below, 256);
    assert_eq!(store.prune(PruneRule { proved: 600, ..rule(400 * DAY) }).unwrap().below, 512);
}

#[test]
fn s36_a_body_goes_only_under_a_cosignature_and_after_retention_and_backup_horizon() {
    let (_directory, store) = store_with(700);
    let late = rule(400 * DAY);
    assert_eq!(store.prune(late).unwrap().below, 0, "without a cosignature nothing goes");
    cosign(&store, 600, 100 * DAY, 100 * DAY);
    assert_eq!(store.prune(late).unwrap().below, 0, "the phone's clock alone counts for nothing");
    cosign(&store, 700, 105 * DAY + HOUR, 105 * DAY + HOUR);
    assert_eq!(store.prune(late).unwrap().below, 0, "retention has passed, the backup horizon has not");
    cosign(&store, 700, 107 * DAY, 107 * DAY);
    assert_eq!(store.prune(rule(107 * DAY - 1)).unwrap().below, 0);
    // 600 were covered for seven days: two whole tiles of them.
    assert_eq!(store.prune(late).unwrap(), Pruned { bodies: 512, below: 512, more: false });
    assert_eq!(store.prune(late).unwrap(), Pruned { bodies: 0, below: 512, more: false });
    assert_eq!((store.pruned().unwrap(), store.size().unwrap()), (512, 700));
    assert_eq!(store.entries(511, 1), Err(StoreError::Pruned));
    assert_eq!(store.entries(512, 300).unwrap().len(), 188);
    // The longer of the two counts, whichever it is.
    let longer = PruneRule { keep_ms: HORIZON, backup_horizon_ms: KEEP, now_ms: 400 * DAY, proved: u64::MAX };
    cosign(&store, 700, 112 * DAY, 112 * DAY);
    assert_eq!(store.prune(longer).unwrap().bodies, 0);
}

#[test]
fn the_tree_and_its_proofs_go_on_over_pruned_leaves() {
    let (_directory, store) = store_with(1_100);
    let all = LeafHashes::new((0..1_100).map(|index| peel_ledger::Hash::new(leaf(index))).collect());
    cosign(&store, 1_100, 0, 0);
    cosign(&store, 1_100, 20 * DAY, 20 * DAY);
    assert_eq!(store.prune(rule(20 * DAY)).unwrap().below, 1_024);
    for (old, new) in [(1, 2), (3, 700), (255, 256), (511, 1_023), (512, 1_025), (1_000, 1_100), (1_024, 1_100)] {
        assert_eq!(consistency_proof(&store, old, new), consistency_proof(&all, old, new), "{old} {new}");
        assert_eq!(inclusion_proof(&store, old, new), inclusion_proof(&all, old, new), "{old} {new}");
    }
    for to in [0, 1, 256, 300, 1_023, 1_024, 1_100] {
        assert_eq!(store.leaves(to).unwrap(), (0..to).map(leaf).collect::<Vec<_>>(), "{to}");
    }
    store.commit(leaves(1_100..1_400)).unwrap();
    let all = LeafHashes::new((0..1_400).map(|index| peel_ledger::Hash::new(leaf(index))).collect());
    assert_eq!(subtree_root(&store, 0, 1_400), subtree_root(&all, 0, 1_400));
}

#[test]
fn the_last_entry_stays_for_the_next_start() {
    let (_directory, store) = store_with(512);
    cosign(&store, 512, 0, 0);
    cosign(&store, 512, 20 * DAY, 20 * DAY);
    assert_eq!(store.prune(rule(20 * DAY)).unwrap().below, 256);
    assert_eq!((store.size().unwrap(), store.entries(511, 1).unwrap().len()), (512, 1));
}

#[test]
fn a_statement_about_another_tree_or_a_damaged_leaf_prunes_nothing_at_all() {
    let (directory, store) = store_with(1_000);
    let (note, root) = (String::new(), [9; 32]);
    store.commit(batch([Op::Cosigned { size: 1_000, root, note, stated_ms: 0, wall_ms: 0 }])).unwrap();
    assert_eq!(store.prune(rule(20 * DAY)).unwrap().bodies, 0);
    let (_other, other) = store_with(1_000);
    other.commit(batch([Op::Cosigned { size: 999, root, note: String::new(), stated_ms: 0, wall_ms: 0 }])).unwrap();
    cosign(&other, 1_000, 20 * DAY, 20 * DAY);
    assert_eq!(other.prune(rule(20 * DAY)), Err(StoreError::Damaged));
    // One leaf of the third tile: the two before it would go, in the same transaction.
    store.close();
    let connection = Connection::open(directory.path().join(FILE)).unwrap();
    connection.execute("UPDATE entry SET leaf = zeroblob(32) WHERE idx = 700", []).unwrap();
    connection.execute("DELETE FROM cosigned", []).unwrap();
    drop(connection);
    store.reopen().unwrap();
    cosign(&store, 600, 0, 0);
    cosign(&store, 999, 1, 1);
    cosign(&store, 1_000, 20 * DAY, 20 * DAY);
    assert_eq!(store.prune(rule(20 * DAY)), Err(StoreError::Damaged));
    assert_eq!((store.pruned().unwrap(), store.entries(0, 1).unwrap().len()), (0, 1));
}

#[test]
fn at_most_forty_bytes_an_event_are_kept() {
    const EVENTS: u64 = 25_600;
    let (_directory, store) = store_with(EVENTS + 1);
    for size in (1..EVENTS).step_by(100) {
        signed(&store, size);
        cosign(&store, size, 0, 0);
    }
    signed(&store, EVENTS + 1);
    cosign(&store, EVENTS + 1, 1, 1);
    cosign(&store, EVENTS + 1, 20 * DAY, 20 * DAY);
    let before = store.bytes_in_use().unwrap();
    let steps: Vec<Pruned> = std::iter::repeat_with(|| store.prune(rule(20 * DAY)).unwrap()).take(3).collect();
    assert_eq!(steps.iter().map(|step| step.bodies).collect::<Vec<_>>(), [64 * 256, 36 * 256, 0]);
    assert_eq!(steps.iter().map(|step| step.more).collect::<Vec<_>>(), [true, false, false]);
    let after = store.bytes_in_use().unwrap();
    assert!(before > EVENTS * 600);
    println!("kept: {after} bytes for {EVENTS} events, {} an event; before: {}", after / EVENTS, before / EVENTS);
    assert!(after <= 40 * EVENTS, "{after}");
    assert_eq!(store.signed_size().unwrap(), EVENTS + 1);
    assert_eq!(store.intend_to_sign(5, [5; 32]), Err(StoreError::SecondHistory));
    // What was freed is used again.
    store.commit(long(EVENTS + 1..EVENTS + 5_000)).unwrap();
    store.truncate_log().unwrap();
    let pages: i64 = store.with(|c| Ok(c.pragma_query_value(None, "page_count", |row| row.get(0))?)).unwrap();
    assert!(u64::try_from(pages).unwrap() * 4_096 <= before + 4_096 * 64);
}

#[test]
fn what_the_mirror_lost_is_not_pruned_until_it_is_held_anew_for_as_long() {
    let (_directory, store) = store_with(1_000);
    cosign(&store, 600, 0, 0);
    cosign(&store, 900, DAY, DAY);
    store.commit(batch([Op::MirrorLost(300)])).unwrap();
    cosign(&store, 1_000, 9 * DAY, 9 * DAY);
    assert_eq!(store.prune(rule(9 * DAY)).unwrap().bodies, 0);
    assert_eq!(store.cosignature_over(599).unwrap().unwrap().size, 600, "the statement stays: it proves the loss");
    cosign(&store, 1_000, 16 * DAY, 16 * DAY);
    assert_eq!(store.prune(rule(16 * DAY)).unwrap().bodies, 768);
    assert_eq!(store.cosignature_over(0).unwrap().unwrap().size, 900);
    assert_eq!(store.cosignature_over(1_000).unwrap(), None);
}

#[test]
fn a_store_of_version_two_is_opened_and_its_receipts_wait_for_the_next() {
    let (directory, store) = store_with(600);
    cosign(&store, 600, 0, 0);
    store.close();
    let connection = Connection::open(directory.path().join(FILE)).unwrap();
    connection.execute_batch(without_version_three()).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    let (store, opened) = Store::open(directory.path(), 2).unwrap();
    assert!(!opened.set_aside);
    assert_eq!(store.prune(rule(20 * DAY)).unwrap().bodies, 0);
    cosign(&store, 600, 20 * DAY, 20 * DAY);
    assert_eq!(store.prune(rule(21 * DAY)).unwrap().bodies, 0);
    cosign(&store, 600, 27 * DAY, 27 * DAY);
    assert_eq!(store.prune(rule(27 * DAY)).unwrap().bodies, 512);
}

/// One step of time, in hours; how far the phone's clock and the mirror's are off, in hours; entries that come.
type Hours = (i64, i64, i64, u64);

/// Runs a phone and gives the true age of every body at the moment when it went, youngest first.
fn ages(steps: &[Hours]) -> Option<i64> {
    let (_directory, store) = store_with(0);
    let (mut now, mut size) = (1_000 * DAY, 0);
    let mut held = Vec::new();
    let mut youngest: Option<i64> = None;
    for &(passed, phone, mirror, entries) in steps {
        now += passed * HOUR;
        store.commit(leaves(size..size + entries)).unwrap();
        size += entries;
        cosign(&store, size, now + mirror * HOUR, now + phone * HOUR);
        held.resize(usize::try_from(size).unwrap(), now);
        let before = store.pruned().unwrap();
        let after = store.prune(rule(now + phone * HOUR)).unwrap().below;
        for index in before..after {
            let age = now - held[usize::try_from(index).unwrap()];
            youngest = Some(youngest.map_or(age, |other| other.min(age)));
        }
    }
    youngest
}

fn off() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0_i64), 1 => -87_600_i64..87_600, 1 => -200_i64..200]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_phones_clock_set_forward_or_back_never_prunes_early(
        steps in proptest::collection::vec((0_i64..100, off(), Just(0_i64), 1_u64..400), 1..12),
    ) {
        prop_assert!(ages(&steps).is_none_or(|age| age >= 7 * DAY));
    }

    #[test]
    fn a_mirrors_clock_set_forward_or_back_never_prunes_early(
        steps in proptest::collection::vec((0_i64..100, Just(0_i64), off(), 1_u64..400), 1..12),
    ) {
        prop_assert!(ages(&steps).is_none_or(|age| age >= 7 * DAY));
    }

    #[test]
    fn honest_clocks_prune_what_is_old(
        steps in proptest::collection::vec((100_i64..200, Just(0_i64), Just(0_i64), 300_u64..600), 8..12),
    ) {
        prop_assert!(ages(&steps).is_some_and(|age| age >= 7 * DAY));
    }
}
