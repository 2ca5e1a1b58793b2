//! A force that put its store back from a backup, as its bundle tells of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: a failure here is a failed test"
)]

mod support;

use peel_ledger::bundle::{
    Files, LogExport, Problem, Relation, Report, Verdict, VerifyOptions, build, compare, verify,
};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::Entry;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::{Hash, Origin};
use support::{DOMAIN, Force, Phone, check, checkpoint_of, policy};

/// The force log's key, under the name that it has in this epoch: a force that goes on under another keeps its key.
fn force_log_of(epoch: u32) -> Ed25519Signer {
    Ed25519Signer::from_seed(Origin::force_log_of(DOMAIN, epoch).unwrap().as_str(), &[13; 32]).unwrap()
}

#[test]
fn s34_a_force_log_under_another_name_says_how_the_former_one_ended() {
    let second = || Origin::force_log_of(DOMAIN, 2).unwrap();
    let renamed = |leaves: &[ForceLeaf]| {
        let mut force = Force::new();
        force.log = force_log_of(2);
        for leaf in leaves {
            let bytes = force.approved(leaf.clone(), 0..2);
            force.leaves.push(bytes);
        }
        let phone = force.phone(2, 2);
        check(&force.bundle(&phone), &force.trust())
    };
    let events = Ed25519Signer::from_seed("force.example/peel/events-2", &[4; 32]).unwrap().verifier().unwrap();
    let change = Change::ForceLogEnded { origin: Origin::force_log(DOMAIN).unwrap(), size: 9, root: None, events };
    let ended = ForceLeaf::Change { change, force_log: Some(second()), at_s: 60, approvals: Vec::new() };
    // Everything that is kept names the former log: without the word between them, one person alone could cut it there.
    assert!(renamed(&[]).has(Problem::FormerLog));
    assert!(renamed(&[policy(1, Some(second()), 61)]).has(Problem::OtherForce));
    let report = renamed(&[ended.clone(), policy(1, Some(second()), 61)]);
    assert!(!report.has(Problem::FormerLog) && !report.has(Problem::OtherForce), "{report:?}");
    assert!(renamed(&[ended, policy(1, Some(Origin::force_log(DOMAIN).unwrap()), 61)]).has(Problem::OtherForce));
}

/// A force that lost its last leaves, and the phone's log that it had accepted in between.
fn put_back(kept: usize, renames: bool) -> (Force, Phone) {
    let mut force = Force::new();
    // Synced every second entry: the entries after it name the beacon of that visit.
    let phone = force.phone(6, 2);
    force.leaves.truncate(kept);
    if renames {
        begin_anew(&mut force, 2, 9);
    }
    (force, phone)
}

/// The force log goes on as its next epoch: the former one had so many leaves.
fn begin_anew(force: &mut Force, epoch: u32, size: u64) {
    let (next, events) = (Origin::force_log_of(DOMAIN, epoch).unwrap(), Origin::events_of(DOMAIN, epoch).unwrap());
    force.log = force_log_of(epoch);
    let events = Ed25519Signer::from_seed(events.as_str(), &[4; 32]).unwrap().verifier().unwrap();
    let origin = Origin::force_log_of(DOMAIN, epoch - 1).unwrap();
    let change = Change::ForceLogEnded { origin, size, root: None, events };
    let ended = ForceLeaf::Change { change, force_log: Some(next), at_s: 200, approvals: Vec::new() };
    let ended = force.approved(ended, 0..2);
    force.leaves.push(ended);
}

#[test]
fn s35_what_a_phone_brings_again_names_beacons_that_the_force_lost_and_that_is_open() {
    // Enrolment and the first visit are kept; the second visit's beacon, which entries 4 and 5 name, is lost.
    let checked = |renames| {
        let (mut force, phone) = put_back(2, renames);
        let (note, _) = force.accept(&checkpoint_of(force.origin(), &phone.entries), 300);
        check(&force.bundle(&Phone { entries: phone.entries, note }), &force.trust())
    };
    let report = checked(true);
    assert!(!report.has(Problem::Beacon), "{report:?}");
    assert_eq!((report.verdict, report.restores), (Verdict::Incomplete, 1), "{report:?}");
    let told = "2 entries name a beacon that the force lost";
    assert!(report.not_checked.iter().any(|item| item.what.starts_with(told)), "{report:?}");
    assert!(checked(false).has(Problem::Beacon), "no restore is on record");
}

#[test]
fn s34_once_a_log_names_a_beacon_of_the_present_store_it_names_no_lost_one() {
    let (mut force, phone) = put_back(2, true);
    let (_, receipt) = force.accept(&checkpoint_of(force.origin(), &phone.entries[..4]), 300);
    let mut entries = phone.entries[..5].to_vec();
    for (at, beacon) in [(4, receipt.beacon), (5, Hash::of(&[b"nobody's"]))] {
        let entry = Entry::decode(&phone.entries[at]).unwrap();
        let mut header = *entry.header();
        header.time.beacon = Some(beacon);
        header.prior_root = checkpoint_of(force.origin(), &entries[..at]).root;
        let (keys, body) = (entry.recipients().to_vec(), entry.body().to_vec());
        entries.truncate(at);
        entries.push(Entry::new(header, entry.suite(), keys, body, *entry.commitment()).unwrap().encode());
    }
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 400);
    let report = check(&force.bundle(&Phone { entries, note }), &force.trust());
    let beacons = report.failed.iter().filter(|failure| failure.problem == Problem::Beacon);
    assert_eq!(beacons.map(|failure| failure.index).collect::<Vec<_>>(), [Some(5)], "{report:?}");
}

#[test]
fn s35_a_restore_that_took_entries_away_is_a_loss_in_the_comparison_and_no_rollback() {
    let older = || {
        let mut force = Force::new();
        force.log = force_log_of(1);
        let phone = force.phone(6, 2);
        (force.bundle(&phone), phone)
    };
    let (first, phone) = older();
    let (mut force, _) = put_back(2, true);
    let shorter = phone.entries[..2].to_vec();
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &shorter), 300);
    let newer = force.bundle(&Phone { entries: shorter, note });
    let found = compare(&first, &newer, &force.trust());
    let relations: Vec<_> = found.logs.iter().map(|log| log.relation).collect();
    assert_eq!((found.verdict, relations), (Verdict::Incomplete, vec![Relation::BegunAnew, Relation::Lost]));
    // Entries that were replaced are no loss.
    let mut forged = phone.entries;
    forged.swap(0, 1);
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &forged), 400);
    let newer = force.bundle(&Phone { entries: forged, note });
    assert_eq!(compare(&first, &newer, &force.trust()).verdict, Verdict::Tampered);
}

/// The force's bundle with so many entries of its phone, which the force log says nothing more about.
fn showing(force: &mut Force, phone: &Phone, size: usize) -> Files {
    let entries = phone.entries[..size].to_vec();
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 300);
    force.leaves.pop();
    force.bundle(&Phone { entries, note })
}

#[test]
fn s34_after_a_second_restore_what_is_kept_counts_under_every_former_name_and_the_rest_is_lost() {
    let mut first = Force::new();
    first.log = force_log_of(1);
    let phone = first.phone(6, 2);
    // Two leaves are in the backup. What the second epoch wrote, with its word on the first one's end, went with its store.
    let (mut force, _) = put_back(2, false);
    begin_anew(&mut force, 3, 5);
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &phone.entries), 300);
    let newer = force.bundle(&Phone { entries: phone.entries.clone(), note });
    let seen = |epoch, leaves: &[Vec<u8>]| {
        let seen = checkpoint_of(Origin::force_log_of(DOMAIN, epoch).unwrap(), leaves);
        since(&newer, &force, &seen)
    };
    for size in 1..=2 {
        let report = seen(1, &first.leaves[..size]);
        assert!(report.checked.iter().any(|item| item.what.contains("continues the checkpoint")), "{size}: {report:?}");
    }
    for size in 3..=4 {
        let report = seen(1, &first.leaves[..size]);
        assert_eq!((report.verdict, &report.failed[..]), (Verdict::Incomplete, &[][..]), "{size}: {report:?}");
        let lost = format!("{} leaves seen before", size - 2);
        assert!(report.not_checked.iter().any(|item| item.what.starts_with(&lost)), "{size}: {report:?}");
    }
    assert!(seen(1, &first.leaves[1..3]).has(Problem::Consistency), "another history of what is kept");
    // The second epoch's own size is on record.
    assert!(!seen(2, &vec![vec![1]; 5]).has(Problem::Consistency));
    assert!(seen(2, &vec![vec![1]; 6]).has(Problem::Consistency), "longer than the force says");
    let found = compare(&first.bundle(&phone), &newer, &force.trust());
    assert_eq!((found.verdict, found.logs[0].relation), (Verdict::Incomplete, Relation::BegunAnew), "{found:?}");
}

fn since(files: &Files, force: &Force, seen: &Checkpoint) -> Report {
    let options = VerifyOptions { last_seen: Some(seen), open: &[] };
    verify(files, &force.trust(), options, &mut |_| {})
}

#[test]
fn s34_leaves_that_were_replaced_before_the_word_of_a_restore_are_a_fork() {
    let mut first = Force::new();
    first.log = force_log_of(1);
    let phone = first.phone(6, 2);
    for epoch in [2, 3] {
        let (mut force, _) = put_back(1, false);
        force.approve(Change::Revocation { origin: Origin::device(DOMAIN, "e9").unwrap(), reason: "x".to_owned() }, 60);
        begin_anew(&mut force, epoch, 9);
        let newer = showing(&mut force, &phone, 6);
        let found = compare(&first.bundle(&phone), &newer, &force.trust());
        assert_eq!(
            (found.verdict, found.logs[0].relation),
            (Verdict::Tampered, Relation::Forked),
            "{epoch}: {found:?}"
        );
        let seen = checkpoint_of(Origin::force_log(DOMAIN).unwrap(), &first.leaves[..2]);
        assert!(since(&newer, &force, &seen).has(Problem::Consistency), "{epoch}");
    }
}

#[test]
fn s34_a_restore_excuses_no_log_that_is_shorter_than_what_the_kept_leaves_accepted() {
    let mut first = Force::new();
    first.log = force_log_of(1);
    let phone = first.phone(6, 2);
    let older = first.bundle(&phone);
    let relation = |kept, shown: Option<usize>| {
        let (mut force, _) = put_back(kept, true);
        let newer = match shown {
            Some(size) => showing(&mut force, &phone, size),
            None => build(&[force.export()] as &[LogExport], 2000, &force.manifest).unwrap(),
        };
        let found = compare(&older, &newer, &force.trust());
        (found.verdict, found.logs[1].relation)
    };
    // Three leaves: the enrolment, and the visits up to two and to four entries.
    assert_eq!(relation(3, Some(4)), (Verdict::Incomplete, Relation::Lost));
    assert_eq!(relation(3, Some(2)), (Verdict::Tampered, Relation::RolledBack), "the backup had four");
    assert_eq!(relation(3, None), (Verdict::Tampered, Relation::Gone));
    assert_eq!(relation(1, None), (Verdict::Incomplete, Relation::Lost), "nothing of it was in the backup");
}
