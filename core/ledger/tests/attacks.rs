//! The bundle's check as its attackers see it: administrators with some of the keys, a phone that copies, witnesses that
//! are not what they seem, and two bundles that do not go together.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod support;

use peel_ledger::bundle::{
    Files, LogExport, MANIFEST_PATH, Manifest, Problem, Report, Trust, TrustError, Verdict, VerifyOptions, build,
    verify,
};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::Entry;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::{Ed25519Signer, SignedNote};
use peel_ledger::{Hash, Origin};
use support::{DOMAIN, Force, Phone, check, checkpoint_of, policy, second_phone};

/// A bundle around these entries, signed and accepted anew by everyone at the force and by the phone's keys.
fn forged(entries: Vec<Vec<u8>>) -> (Force, Files) {
    let mut force = Force::new();
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 5000);
    let files = force.bundle(&Phone { entries, note });
    (force, files)
}

/// The same bundle with the manifest signed anew.
fn resigned(force: &Force, mut files: Files) -> Files {
    files.remove(MANIFEST_PATH);
    let mut note = SignedNote::new(Manifest::of(force.manifest.name(), 9000, &files).note_text()).unwrap();
    note.attach(force.manifest.sign(note.text()).unwrap()).unwrap();
    files.insert(MANIFEST_PATH.to_owned(), note.to_text().into_bytes());
    files
}

#[test]
fn s34_every_position_of_a_300_event_log_dropped_inserted_swapped_or_retimed_is_noticed() {
    let entries = Force::new().phone(300, 1000).entries;
    for at in 0..300 {
        let mut changed = Vec::new();
        let mut inserted = entries.clone();
        inserted.insert(at, entries[(at + 150) % 300].clone());
        changed.push(inserted);
        // Later than its successor by its own clock: the last entry has none, and whoever holds every key may date it.
        if at < 299 {
            let mut dropped = entries.clone();
            dropped.remove(at);
            changed.push(dropped);
            let mut swapped = entries.clone();
            swapped.swap(at, at + 1);
            changed.push(swapped);
            let entry = Entry::decode(&entries[at]).unwrap();
            let mut header = *entry.header();
            header.time.mono_ns += 1_000;
            let (keys, body) = (entry.recipients().to_vec(), entry.body().to_vec());
            let mut retimed = entries.clone();
            retimed[at] = Entry::new(header, entry.suite(), keys, body, *entry.commitment()).unwrap().encode();
            changed.push(retimed);
        }
        for entries in changed {
            let (force, files) = forged(entries);
            assert_eq!(check(&files, &force.trust()).verdict, Verdict::Tampered, "position {at}");
        }
    }
}

#[test]
fn another_phones_entries_under_this_phones_keys_are_noticed() {
    let mut force = Force::new();
    let phone = force.phone(5, 5);
    let (copy, trusted) = second_phone(&mut force, &phone.entries, 200);
    let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
    let files = build(&[force.export(), log, copy], 2000, &force.manifest).unwrap();
    let mut trust = force.trust();
    trust.logs.push(trusted);
    let report = check(&files, &trust);
    assert!(report.has(Problem::Copied), "{report:?}");
    // And with the key to open them: they were sealed under the other log's name.
    let keys = std::slice::from_ref(&force.auditor);
    let opened = verify(&files, &trust, VerifyOptions { open: keys, last_seen: None }, &mut |_| {});
    assert!(opened.has(Problem::Body));
}

#[test]
fn tiles_of_another_phone_do_not_fit_this_phones_checkpoint() {
    let mut force = Force::new();
    let phone = force.phone(5, 5);
    let (other, trusted) = second_phone(&mut force, &Force::new().phone(6, 6).entries, 200);
    let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
    let mut files = build(&[force.export(), log, other], 2000, &force.manifest).unwrap();
    let moved: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("logs/e2/tile")).map(owned).collect();
    files.retain(|path, _| !path.starts_with("logs/e1/tile"));
    files.extend(moved.into_iter().map(|(path, bytes)| (path.replace("/e2/", "/e1/"), bytes)));
    let mut trust = force.trust();
    trust.logs.push(trusted);
    assert!(check(&resigned(&force, files), &trust).has(Problem::Tiles));
}

fn owned((path, bytes): (&String, &Vec<u8>)) -> (String, Vec<u8>) {
    (path.clone(), bytes.clone())
}

#[test]
fn two_accepted_histories_of_a_log_are_noticed_even_if_the_log_is_not_there() {
    let mut force = Force::new();
    let phone = force.phone(4, 4);
    let (_, _) = force.accept(&Checkpoint { origin: force.origin(), size: 4, root: Hash::of(&[b"fork"]) }, 200);
    let report = check(&force.bundle(&phone), &force.trust());
    assert!(report.has(Problem::Fork) && report.has(Problem::ForceRoot), "{report:?}");
    let trust = Trust { logs: Vec::new(), ..force.trust() };
    assert!(check(&force.bundle(&phone), &trust).has(Problem::Fork));
}

#[test]
fn an_approved_change_counts_once_and_only_for_a_log_that_is_enrolled() {
    let mut force = Force::new();
    let again = force.leaves[0].clone();
    force.leaves.push(again);
    let phone = force.phone(2, 2);
    assert!(check(&force.bundle(&phone), &force.trust()).has(Problem::ChangeRepeated));

    let log_key = Force::new().phone.verifier().unwrap();
    let hardware_key = Some(Force::new().hardware_key());
    let origin = Force::new().origin();
    let enrolment = Change::Enrolment {
        origin: origin.clone(),
        log_key: log_key.clone(),
        hardware_key: hardware_key.clone(),
        replaces: None,
    };
    let key_change = Change::KeyChange { origin: origin.clone(), log_key, hardware_key };
    let revocation = Change::Revocation { origin, reason: "lost".to_owned() };
    let cases: [(&[&Change], bool); 6] = [
        (&[&enrolment], true),
        (&[&enrolment, &key_change], true),
        (&[&enrolment, &enrolment], false),
        (&[&key_change], false),
        (&[&enrolment, &revocation, &key_change], false),
        (&[&enrolment, &revocation, &enrolment], false),
    ];
    for (number, (changes, sound)) in cases.into_iter().enumerate() {
        let mut force = Force::new();
        force.leaves.clear();
        for (at_s, change) in (50..).zip(changes) {
            force.approve((*change).clone(), at_s);
        }
        let phone = force.phone(2, 2);
        let report = check(&force.bundle(&phone), &force.trust());
        assert_eq!(report.has(Problem::Enrolment), !sound, "case {number}: {report:?}");
    }
}

/// What is found about a force log with these leaves after the phone's enrolment.
fn with_leaves(leaves: &[ForceLeaf]) -> Report {
    let mut force = Force::new();
    for leaf in leaves {
        let bytes = force.approved(leaf.clone(), 0..2);
        force.leaves.push(bytes);
    }
    let phone = force.phone(2, 2);
    check(&force.bundle(&phone), &force.trust())
}

#[test]
fn a_statement_counts_once_whoever_approved_it() {
    let mut force = Force::new();
    let third = Ed25519Signer::from_seed("deputy", &[6; 32]).unwrap();
    let leaf = policy(1, Some(Origin::force_log(DOMAIN).unwrap()), 60);
    for people in [0..2, 0..1, 1..2] {
        let (alone, mut leaf) = (people.len() == 1, ForceLeaf::decode(&force.approved(leaf.clone(), people)).unwrap());
        if alone {
            leaf.approve(&third).unwrap();
        }
        force.leaves.push(leaf.encode());
    }
    let phone = force.phone(2, 2);
    let mut trust = force.trust();
    trust.approvers.push(third.verifier().unwrap());
    let report = check(&force.bundle(&phone), &trust);
    let repeated = report.failed.iter().filter(|failure| failure.problem == Problem::ChangeRepeated);
    assert_eq!(repeated.map(|failure| failure.index).collect::<Vec<_>>(), [Some(2), Some(3)], "{report:?}");
}

#[test]
fn a_change_for_another_force_or_suddenly_for_none_is_refused() {
    let own = || Some(Origin::force_log(DOMAIN).unwrap());
    let other = Some(Origin::force_log("other.example").unwrap());
    assert_eq!(with_leaves(&[policy(1, own(), 60)]).verdict, Verdict::Good);
    assert!(with_leaves(&[policy(1, other, 60)]).has(Problem::OtherForce));
    assert!(with_leaves(&[policy(1, None, 60)]).has(Problem::OtherForce));
    // A log that an earlier version began goes on under the present one, and what names no force is said.
    let mut force = Force::new();
    let ForceLeaf::Change { change, at_s, .. } = ForceLeaf::decode(&force.leaves[0]).unwrap() else { panic!() };
    let begun = ForceLeaf::Change { change, force_log: None, at_s, approvals: Vec::new() };
    force.leaves = [begun, policy(1, None, 60), policy(2, own(), 61)].map(|leaf| force.approved(leaf, 0..2)).to_vec();
    let phone = force.phone(2, 2);
    let report = check(&force.bundle(&phone), &force.trust());
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert!(report.not_checked.iter().any(|item| item.what.starts_with("1 changes of policy or pins")));
    assert_eq!(report.policies.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn versions_of_policies_and_pins_only_rise() {
    let own = || Some(Origin::force_log(DOMAIN).unwrap());
    for versions in [[2, 1], [2, 2]] {
        let leaves = [policy(versions[0], own(), 60), policy(versions[1], own(), 61)];
        assert!(with_leaves(&leaves).has(Problem::Version), "{versions:?}");
    }
    let pins = |version, statement: &[u8], at_s| {
        let change = Change::PinChange { version, statement: Hash::of(&[statement]) };
        ForceLeaf::Change { change, force_log: own(), at_s, approvals: Vec::new() }
    };
    // Moving the server's keys may be taken up again where it stopped: the same pins then stand there twice.
    assert_eq!(with_leaves(&[pins(1, b"a", 60), pins(1, b"a", 61), pins(2, b"b", 62)]).verdict, Verdict::Good);
    assert!(with_leaves(&[pins(1, b"a", 60), pins(1, b"b", 61)]).has(Problem::Version));
    assert!(with_leaves(&[pins(2, b"a", 60), pins(1, b"b", 61)]).has(Problem::Version));
}

#[test]
fn a_force_log_is_not_later_than_the_witnesses_who_cosigned_it() {
    let witness = |seed| Ed25519Signer::from_seed(&format!("w{seed}.example/w"), &[seed; 32]).unwrap();
    let found = |last_leaf_s: u64, times: [u64; 2]| {
        let mut force = Force::new();
        let phone = force.phone(3, 3);
        force.approve(Change::PolicyChange { version: 1, policy: Hash::default() }, last_leaf_s);
        let mut export = force.export();
        for (seed, at_s) in (1..).zip(times) {
            export.checkpoint.attach(witness(seed).cosign(export.checkpoint.text(), at_s).unwrap()).unwrap();
        }
        let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
        let witnesses = [1, 2].map(|seed| witness(seed).cosigner_verifier().unwrap()).to_vec();
        let trust = Trust { witnesses, witnesses_required: 2, without_witnesses: None, ..force.trust() };
        check(&build(&[export, log], 2000, &force.manifest).unwrap(), &trust)
    };
    let report = found(1_000, [90, 1_500]);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert!(report.remarks.iter().any(|remark| remark.contains("500 s before the latest witness's")));
    // A witness's clock may be five minutes behind the force's.
    assert!(!found(1_000, [90, 700]).has(Problem::WitnessTime));
    assert!(found(1_000, [90, 699]).has(Problem::WitnessTime), "every witness was there before");
}

#[test]
fn without_witnesses_a_check_is_complete_only_where_the_trust_file_says_why() {
    let mut force = Force::new();
    let phone = force.phone(3, 3);
    let files = force.bundle(&phone);
    assert_eq!(check(&files, &force.trust()).verdict, Verdict::Good);
    let silent = Trust { without_witnesses: None, ..force.trust() };
    assert_eq!(check(&files, &silent).verdict, Verdict::Incomplete);
    let unasked = Trust { approvals_required: 0, ..force.trust() };
    assert_eq!(check(&files, &unasked).verdict, Verdict::Incomplete, "nor is one that asks nobody to have approved");
}

#[test]
fn one_key_does_not_count_as_two_people_or_two_witnesses() {
    let force = Force::new();
    let witness =
        |name: &str, seed: u8| Ed25519Signer::from_seed(name, &[seed; 32]).unwrap().cosigner_verifier().unwrap();
    let refused = |trust: Trust| Trust::parse(&trust.to_toml()).err();
    let two = vec![witness("w1.example/a", 3), witness("w2.example/b", 4)];
    assert_eq!(
        refused(Trust { witnesses: two, witnesses_required: 2, without_witnesses: None, ..force.trust() }),
        None
    );
    let one = vec![witness("w1.example/a", 3), witness("w2.example/b", 3)];
    let trust = Trust { witnesses: one, witnesses_required: 2, without_witnesses: None, ..force.trust() };
    assert_eq!(refused(trust), Some(TrustError::OneKeyTwice("witnesses")));
    let person = |name: &str| Ed25519Signer::from_seed(name, &[5; 32]).unwrap().verifier().unwrap();
    let trust = Trust { approvers: vec![person("chief"), person("clerk")], ..force.trust() };
    assert_eq!(refused(trust), Some(TrustError::OneKeyTwice("approvers")));
    // The force itself under a witness's name.
    let bytes: [u8; 32] = force.gateway.cosigner_verifier().unwrap().key_bytes().try_into().unwrap();
    let own = peel_ledger::note::VerifierKey::cosigner("w.example/c", &bytes).unwrap();
    let trust = Trust { witnesses: vec![own], witnesses_required: 1, without_witnesses: None, ..force.trust() };
    assert_eq!(refused(trust), Some(TrustError::OneKeyTwice("witnesses")));
}

#[test]
fn a_witness_that_has_not_cosigned_yet_leaves_the_check_open_and_a_line_that_does_not_hold_is_a_failure() {
    let mut force = Force::new();
    let phone = force.phone(3, 3);
    let witnesses = [1, 2].map(|seed| Ed25519Signer::from_seed(&format!("w{seed}.example/w"), &[seed; 32]).unwrap());
    let keys = witnesses.each_ref().map(|signer| signer.cosigner_verifier().unwrap()).to_vec();
    let trust = Trust { witnesses: keys, witnesses_required: 2, without_witnesses: None, ..force.trust() };
    let found = |lines: &[(usize, &str)]| {
        let mut export = force.export();
        for (signer, over) in lines {
            let text = format!("{}{over}", export.checkpoint.text());
            export.checkpoint.attach(witnesses[*signer].cosign(&text, 500).unwrap()).unwrap();
        }
        let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
        check(&build(&[export, log], 2000, &force.manifest).unwrap(), &trust)
    };
    assert_eq!(found(&[(0, ""), (1, "")]).verdict, Verdict::Good);
    for (lines, said) in [
        (&[(1, "")][..], "1 of 2 witnesses asked for cosigned (w2.example/w); not yet: w1.example/w"),
        (&[], "0 of 2 witnesses asked for cosigned; not yet: w1.example/w, w2.example/w"),
    ] {
        let report = found(lines);
        assert_eq!((report.verdict, report.failures), (Verdict::Incomplete, 0), "{report:?}");
        assert!(report.not_checked.iter().any(|item| item.expected && item.what.contains(said)), "{report:?}");
    }
    let report = found(&[(0, ""), (1, "another line\n")]);
    assert!(report.verdict == Verdict::Tampered && report.has(Problem::CheckpointSignature), "{report:?}");
}

#[test]
fn a_witness_that_the_reader_does_not_know_is_neither_counted_nor_an_alarm() {
    let mut force = Force::new();
    let phone = force.phone(3, 3);
    let [known, stranger] = ["known.example/w", "stranger.example/w"]
        .map(|name| Ed25519Signer::from_seed(name, &[name.len() as u8; 32]).unwrap());
    let trust = |required| Trust {
        witnesses: vec![known.cosigner_verifier().unwrap()],
        witnesses_required: required,
        without_witnesses: None,
        ..force.trust()
    };
    let bundle = |signers: &[&Ed25519Signer]| {
        let mut export = force.export();
        for signer in signers {
            let line = signer.cosign(export.checkpoint.text(), 500).unwrap();
            export.checkpoint.attach(line).unwrap();
        }
        let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
        build(&[export, log], 2000, &force.manifest).unwrap()
    };
    let report = check(&bundle(&[&known, &stranger]), &trust(1));
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert!(report.not_checked.iter().any(|item| item.what.contains("1 signatures by names")));
    let report = check(&bundle(&[&stranger]), &trust(1));
    assert_eq!((report.verdict, report.failures), (Verdict::Incomplete, 0), "{report:?}");
    // A known witness's name over another key is a forgery, not a stranger.
    let impostor = Ed25519Signer::from_seed("known.example/w", &[77; 32]).unwrap();
    assert!(check(&bundle(&[&impostor]), &trust(0)).has(Problem::CheckpointSignature));
}

#[test]
fn a_file_in_the_place_of_a_folder_is_noticed_under_a_new_manifest() {
    let mut force = Force::new();
    let phone = force.phone(3, 3);
    for path in ["logs/e1", "logs", "readme", "logs/log/tile/0/000.p/1"] {
        let mut files = force.bundle(&phone);
        files.insert(path.to_owned(), vec![0]);
        assert!(check(&resigned(&force, files), &force.trust()).has(Problem::FileUnplaced), "{path}");
    }
}

#[test]
fn a_size_that_no_memory_holds_is_refused_at_once() {
    for size in [u64::MAX, 1 << 63, 1 << 40, 257, 4, 2] {
        let mut force = Force::new();
        let phone = force.phone(3, 3);
        let checkpoint = Checkpoint { origin: force.origin(), size, root: Hash::default() };
        let (note, _) = force.accept(&checkpoint, 5000);
        let mut files = force.bundle(&phone);
        files.insert("logs/e1/checkpoint".to_owned(), note.to_text().into_bytes());
        let report = check(&resigned(&force, files), &force.trust());
        assert!(report.has(Problem::Tiles), "{size}: {report:?}");
    }
}

#[test]
fn a_beacon_that_runs_backwards_is_noticed() {
    let mut force = Force::new();
    let phone = force.phone(9, 3);
    let beacon_of = |at: usize| Entry::decode(&phone.entries[at]).unwrap().header().time.beacon;
    let entry = Entry::decode(&phone.entries[8]).unwrap();
    let mut header = *entry.header();
    header.time.beacon = beacon_of(3);
    assert_ne!(header.time.beacon, beacon_of(7));
    let (keys, body) = (entry.recipients().to_vec(), entry.body().to_vec());
    let mut entries = phone.entries.clone();
    entries[8] = Entry::new(header, entry.suite(), keys, body, *entry.commitment()).unwrap().encode();
    force.leaves.pop();
    let (note, _) = force.accept(&checkpoint_of(force.origin(), &entries), 300);
    let report = check(&force.bundle(&Phone { entries, note }), &force.trust());
    assert!(report.has(Problem::Beacon), "{report:?}");
}
