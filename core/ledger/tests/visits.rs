//! Two bundles of one force, side by side.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod support;

use peel_ledger::bundle::{Files, LogExport, Relation, Trust, Verdict, build, compare};
use support::{Force, Phone, checkpoint_of, second_phone};

/// Two visits: the same force a while later.
fn visits() -> (Force, Files, Files, Trust) {
    let mut force = Force::new();
    let phone = force.phone(300, 300);
    let older = force.bundle(&phone);
    let (export, trusted) = second_phone(&mut force, &Force::new().phone(3, 3).entries, 900);
    let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
    let newer = build(&[force.export(), log, export], 3000, &force.manifest).unwrap();
    let mut trust = force.trust();
    trust.logs.push(trusted);
    (force, older, newer, trust)
}

fn relations(older: &Files, newer: &Files, trust: &Trust) -> (Verdict, Vec<Relation>) {
    let found = compare(older, newer, trust);
    (found.verdict, found.logs.iter().map(|log| log.relation).collect())
}

#[test]
fn two_honest_visits_show_growth_and_in_the_wrong_order_a_rollback() {
    use Relation::{Added, Gone, Grown, RolledBack, Same};
    let (_, older, newer, trust) = visits();
    assert_eq!(relations(&older, &older, &trust), (Verdict::Good, vec![Same, Same]));
    assert_eq!(relations(&older, &newer, &trust), (Verdict::Good, vec![Grown, Same, Added]));
    assert_eq!(relations(&newer, &older, &trust), (Verdict::Tampered, vec![RolledBack, Same, Gone]));
    assert_eq!(compare(&newer, &older, &trust).remarks.len(), 1);
}

#[test]
fn a_fork_between_two_visits_is_shown_with_its_first_difference() {
    let (_, older, _, trust) = visits();
    for at in [0, 255, 256, 299] {
        let mut force = Force::new();
        let mut entries = Force::new().phone(300, 300).entries;
        entries[at] = entries[(at + 1) % 300].clone();
        let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 400);
        let forked = force.bundle(&Phone { entries, note });
        let found = compare(&older, &forked, &trust);
        let log = found.logs.iter().find(|log| log.log.ends_with("/e1")).unwrap();
        assert_eq!((found.verdict, log.relation), (Verdict::Tampered, Relation::Forked));
        assert_eq!(log.first_difference, Some(at as u64));
        let (older, newer) = (log.older.as_ref().unwrap(), log.newer.as_ref().unwrap());
        assert!(older.size == newer.size && older.root != newer.root);
    }
}

#[test]
fn a_log_cut_off_at_its_end_is_a_rollback() {
    let (_, older, _, trust) = visits();
    for left in [0, 1, 256, 299] {
        let mut force = Force::new();
        let entries = Force::new().phone(300, 300).entries[..left].to_vec();
        let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 400);
        let found = compare(&older, &force.bundle(&Phone { entries, note }), &trust);
        let log = found.logs.iter().find(|log| log.log.ends_with("/e1")).unwrap();
        assert_eq!(log.relation, Relation::RolledBack, "{left}");
    }
}

#[test]
fn what_is_not_sound_or_not_known_is_not_called_good() {
    let (_, older, newer, trust) = visits();
    let mut broken = newer.clone();
    broken.get_mut("logs/e1/tile/entries/000").unwrap()[100] ^= 1;
    assert_eq!(relations(&older, &broken, &trust).0, Verdict::Incomplete);
    let fewer = Trust { logs: trust.logs[..1].to_vec(), ..trust };
    let found = compare(&older, &newer, &fewer);
    assert_eq!((found.verdict, found.unknown), (Verdict::Incomplete, 1));
    assert_eq!(relations(&Files::new(), &Files::new(), &fewer).0, Verdict::Incomplete);
}
