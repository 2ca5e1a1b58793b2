//! A whole bundle, and everything that must not pass: changed by a stranger, and rewritten by whoever
//! holds the manifest's key.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod support;

use peel_ledger::Hash;
use peel_ledger::bundle::{
    Content, Files, LogExport, MANIFEST_PATH, Manifest, Problem, RecipientPurpose, Report, Trust, TrustError,
    TrustedRecipient, Verdict, VerifyOptions, build, verify,
};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::Entry;
use peel_ledger::force_log::Change;
use peel_ledger::note::{Ed25519Signer, SignedNote};
use peel_ledger::tree::{CompactRange, leaf_hash};
use support::{DOMAIN, Force, Phone};

fn check(files: &Files, trust: &Trust) -> Report {
    verify(files, trust, VerifyOptions::default(), &mut |_| {})
}

/// A force with a phone of 9 entries synced every 4, and its bundle.
fn small() -> (Force, Phone, Files) {
    let mut force = Force::new();
    let phone = force.phone(9, 4);
    let files = force.bundle(&phone);
    (force, phone, files)
}

/// Rebuilds a bundle around other phone entries, with the checkpoint signed anew by the phone's keys and
/// accepted anew by the force log: what all signers together could forge.
fn rebuilt(entries: Vec<Vec<u8>>) -> (Force, Files) {
    let mut force = Force::new();
    let mut range = CompactRange::new();
    for entry in &entries {
        range.append(leaf_hash(entry)).unwrap();
    }
    let checkpoint = Checkpoint::of(force.origin(), &range);
    let (note, _) = force.accept(&checkpoint, 5000);
    let files = force.bundle(&Phone { entries, note });
    (force, files)
}

#[test]
fn a_sound_bundle_is_good_and_its_bodies_open() {
    let (force, _, files) = small();
    let mut bodies = Vec::new();
    let options = VerifyOptions { open: std::slice::from_ref(&force.auditor), last_seen: None };
    let report = verify(&files, &force.trust(), options, &mut |opened| match opened.content {
        Content::Body(body) => bodies.push(body.to_vec()),
        Content::Receipt(_) => panic!("no receipt was given out"),
    });
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert_eq!(bodies.len(), 9);
    assert_eq!(bodies[8], b"body 8");
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("\"verdict\":\"good\""));
}

#[test]
fn s34_every_flipped_bit_of_every_file_is_noticed() {
    let mut force = Force::new();
    let phone = force.phone(3, 2);
    let files = force.bundle(&phone);
    let trust = force.trust();
    for (path, bytes) in &files {
        // Every bit of the signed texts; of the rest one bit a byte, as the manifest covers each byte.
        let text = path.ends_with("checkpoint") || path == MANIFEST_PATH;
        for at in 0..bytes.len() {
            for bit in if text { 0..8 } else { at % 8..at % 8 + 1 } {
                let mut changed = files.clone();
                changed.get_mut(path).unwrap()[at] ^= 1 << bit;
                assert_eq!(check(&changed, &trust).verdict, Verdict::Tampered, "{path} byte {at} bit {bit}");
            }
        }
    }
}

/// The bundle as someone who holds the manifest's key, and no other, would change it.
fn resigned(force: &Force, mut files: Files) -> Files {
    files.remove(MANIFEST_PATH);
    let mut note = SignedNote::new(Manifest::of(force.manifest.name(), 1, &files).note_text()).unwrap();
    note.attach(force.manifest.sign(note.text()).unwrap()).unwrap();
    files.insert(MANIFEST_PATH.to_owned(), note.to_text().into_bytes());
    files
}

#[test]
fn s34_every_changed_byte_of_a_log_is_noticed_even_under_a_new_manifest() {
    let mut force = Force::new();
    let phone = force.phone(2, 1);
    let files = force.bundle(&phone);
    for (path, bytes) in files.iter().filter(|(path, _)| *path != MANIFEST_PATH) {
        for at in 0..bytes.len() {
            let mut changed = files.clone();
            changed.get_mut(path).unwrap()[at] ^= 1 << (at % 8);
            let report = check(&resigned(&force, changed), &force.trust());
            assert_eq!(report.verdict, Verdict::Tampered, "{path} byte {at}");
        }
    }
}

#[test]
fn files_missing_added_or_stale_are_noticed() {
    let (force, _, files) = small();
    for path in files.keys() {
        let mut fewer = files.clone();
        fewer.remove(path);
        assert_eq!(check(&fewer, &force.trust()).verdict, Verdict::Tampered, "{path}");
    }
    for path in ["extra", "logs/e1/extra", "logs/e2/checkpoint"] {
        let mut more = files.clone();
        more.insert(path.to_owned(), vec![1]);
        assert!(check(&more, &force.trust()).has(Problem::FileAdditional), "{path}");
    }
}

#[test]
fn a_file_that_no_log_explains_is_noticed_even_when_the_manifest_names_it() {
    let (force, _, mut files) = small();
    files.insert("logs/e1/tile/entries/000.p/3".to_owned(), vec![0]);
    let files = resigned(&force, files);
    assert!(check(&files, &force.trust()).has(Problem::FileUnplaced));
}

#[test]
fn trust_in_other_keys_does_not_pass_this_bundle() {
    let (force, _, files) = small();
    let other = Ed25519Signer::from_seed(force.manifest.name(), &[9; 32]).unwrap();
    let trust = Trust { manifest: other.verifier().unwrap(), ..force.trust() };
    assert!(check(&files, &trust).has(Problem::ManifestSignature));
    let mut trust = force.trust();
    let other = Ed25519Signer::from_seed(force.phone.name(), &[9; 32]).unwrap();
    trust.logs[0].key = other.verifier().unwrap();
    assert!(check(&files, &trust).has(Problem::CheckpointSignature));
    let other = Ed25519Signer::from_seed("chief", &[9; 32]).unwrap();
    let mut trust = force.trust();
    trust.approvers[0] = other.verifier().unwrap();
    assert!(check(&files, &trust).has(Problem::Approvals));
}

#[test]
fn s34_entries_dropped_swapped_or_inserted_are_noticed_even_under_new_signatures() {
    let mut force = Force::new();
    let entries = force.phone(12, 100).entries;
    for at in 0..12 {
        let mut dropped = entries.clone();
        dropped.remove(at);
        let mut inserted = entries.clone();
        inserted.insert(at, entries[(at + 5) % 12].clone());
        let mut forged = vec![inserted];
        // The last entry dropped leaves a shorter log that is sound in itself: the force log knows.
        if at < 11 {
            forged.push(dropped);
            let mut swapped = entries.clone();
            swapped.swap(at, at + 1);
            forged.push(swapped);
        }
        for entries in forged {
            let (force, files) = rebuilt(entries);
            let report = check(&files, &force.trust());
            assert!(report.has(Problem::Sequence) || report.has(Problem::PriorRoot), "position {at}");
        }
    }
}

#[test]
fn s34_a_phones_history_dropped_by_the_server_is_noticed() {
    let (mut force, phone, _) = small();
    // The phone's last accepted checkpoint has 9 entries; the bundle shows a sound log of 8.
    let mut range = CompactRange::new();
    for entry in &phone.entries[..8] {
        range.append(leaf_hash(entry)).unwrap();
    }
    let leaves = force.leaves.clone();
    let (note, _) = force.accept(&Checkpoint::of(force.origin(), &range), 109);
    force.leaves = leaves;
    let files = force.bundle(&Phone { entries: phone.entries[..8].to_vec(), note });
    let report = check(&files, &force.trust());
    assert!(report.has(Problem::ForceLast) && report.has(Problem::ForceRoot), "{report:?}");
    // Or the whole log.
    let files = build(&[force.export()], 1, &force.manifest).unwrap();
    assert!(check(&files, &force.trust()).has(Problem::LogMissing));
}

#[test]
fn a_checkpoint_without_enrolment_or_after_revocation_is_noticed() {
    let mut force = Force::new();
    force.leaves.clear();
    let phone = force.phone(3, 2);
    assert!(check(&force.bundle(&phone), &force.trust()).has(Problem::Enrolment));
    let mut force = Force::new();
    force.approve(Change::Revocation { origin: force.origin(), reason: "lost".to_owned() }, 60);
    let phone = force.phone(3, 2);
    assert!(check(&force.bundle(&phone), &force.trust()).has(Problem::Enrolment));
}

#[test]
fn force_log_leaves_out_of_order_are_noticed() {
    let (mut force, phone, _) = small();
    force.leaves.swap(1, 2);
    assert!(check(&force.bundle(&phone), &force.trust()).has(Problem::ForceOrder));
}

#[test]
fn a_beacon_that_the_force_log_does_not_hold_is_noticed() {
    let (mut force, phone, _) = small();
    // Without the leaf at size 4, entries 4 to 7 name a beacon that nobody can date.
    force.leaves.remove(1);
    assert!(check(&force.bundle(&phone), &force.trust()).has(Problem::Beacon));
}

#[test]
fn entries_without_a_beacon_are_not_called_dated() {
    const DATED: &str = "entries dated by a beacon before and a cosignature after";
    let counts = |size: u64, every: u64| {
        let mut force = Force::new();
        let phone = force.phone(size, every);
        let report = check(&force.bundle(&phone), &force.trust());
        let dated = report.checked.iter().find(|item| item.what == DATED).map(|item| item.count);
        (dated, report.remarks.iter().find(|remark| remark.contains("name no beacon")).cloned())
    };
    // The first four entries were made before the phone had seen any beacon.
    let (dated, undated) = counts(9, 4);
    assert_eq!(dated, Some(5));
    assert!(undated.unwrap().contains(": 4 entries"));
    let (dated, undated) = counts(3, 4);
    assert_eq!(dated, None);
    assert!(undated.unwrap().contains(": 3 entries"));
}

#[test]
fn a_clock_jump_backwards_within_a_boot_is_noticed() {
    let mut force = Force::new();
    let phone = force.phone(3, 1);
    let entry = Entry::decode(&phone.entries[2]).unwrap();
    let mut header = *entry.header();
    header.time.mono_ns = 0;
    let sealed =
        Entry::new(header, entry.suite(), entry.recipients().to_vec(), entry.body().to_vec(), *entry.commitment());
    let mut entries = phone.entries;
    entries[2] = sealed.unwrap().encode();
    let (force, files) = rebuilt(entries);
    assert!(check(&files, &force.trust()).has(Problem::Time));
}

#[test]
fn a_missing_hardware_or_gateway_line_makes_the_check_incomplete() {
    let (force, phone, _) = small();
    for keep in [1, 2] {
        let mut note = SignedNote::new(phone.note.text()).unwrap();
        for line in &phone.note.signatures()[..keep] {
            note.attach(line.clone()).unwrap();
        }
        let report = check(&force.bundle(&Phone { entries: phone.entries.clone(), note }), &force.trust());
        assert_eq!(report.verdict, Verdict::Incomplete);
    }
}

#[test]
fn a_log_unknown_to_the_reader_makes_the_check_incomplete() {
    let (force, _, files) = small();
    let trust = Trust { logs: Vec::new(), ..force.trust() };
    assert_eq!(check(&files, &trust).verdict, Verdict::Incomplete);
}

#[test]
fn witnesses_and_the_last_visit_are_checked_when_asked_for() {
    let (force, phone, files) = small();
    let witness = Ed25519Signer::from_seed("witness.example/w1", &[4; 32]).unwrap();
    let key = witness.cosigner_verifier().unwrap();
    let trust = Trust { witnesses: vec![key], witnesses_required: 1, without_witnesses: None, ..force.trust() };
    assert_eq!(check(&files, &trust).verdict, Verdict::Incomplete);
    let mut export = force.export();
    let line = witness.cosign(export.checkpoint.text(), 500).unwrap();
    export.checkpoint.attach(line).unwrap();
    let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
    let files = build(&[export.clone(), log], 1, &force.manifest).unwrap();
    let seen = Checkpoint::from_note(&export.checkpoint).unwrap();
    let options = VerifyOptions { last_seen: Some(&seen), open: &[] };
    assert_eq!(verify(&files, &trust, options, &mut |_| {}).verdict, Verdict::Good);
    let forked = Checkpoint { root: Hash::default(), ..seen };
    let options = VerifyOptions { last_seen: Some(&forked), open: &[] };
    assert!(verify(&files, &trust, options, &mut |_| {}).has(Problem::Consistency));
}

#[test]
fn a_trust_file_reads_back_and_refuses_what_it_does_not_know() {
    let (force, ..) = small();
    let text = force.trust().to_toml();
    assert_eq!(Trust::parse(&text), Ok(force.trust()));
    assert_eq!(Trust::parse(&format!("unknown = 1\n{text}")), Err(TrustError::Form));
    assert_eq!(
        Trust::parse(&text.replace(&format!("\"{DOMAIN}\""), "\"other.example\"")),
        Err(TrustError::Key("manifest"))
    );
    let twice = format!("{text}\n[[log]]\nkey = \"{}\"\n", force.phone.verifier().unwrap());
    assert_eq!(Trust::parse(&twice), Err(TrustError::Doubled));
    let too_many = text.replace("approvals_required = 2", "approvals_required = 3");
    assert_eq!(Trust::parse(&too_many), Err(TrustError::Threshold("approvals")));
    for reason in ["", " ", "two\\nlines", &"x".repeat(201)] {
        let changed = text.replace("\"a test\"", &format!("\"{reason}\""));
        assert_eq!(Trust::parse(&changed), Err(TrustError::WithoutWitnesses), "{reason}");
    }
}

#[test]
fn a_trust_file_with_recipients_and_a_root_reads_back_and_refuses_what_cannot_be() {
    let (force, ..) = small();
    let recipient =
        |kid, from_s, until_s| TrustedRecipient { kid, purpose: RecipientPurpose::Operations, from_s, until_s };
    let root = Ed25519Signer::from_seed("force.example/peel/root", &[4; 32]).unwrap().verifier().unwrap();
    let recipients = vec![recipient([0; 8], None, Some(9)), recipient([0xab; 8], Some(9), None)];
    let trust = Trust { recipients, root: Some(root), ..force.trust() };
    let text = trust.to_toml();
    assert_eq!(Trust::parse(&text), Ok(trust));
    for bad in ["abababababababAB", "ababababababab", "+bababababababab", ""] {
        let changed = text.replace("abababababababab", bad);
        assert_eq!(Trust::parse(&changed), Err(TrustError::Recipient), "{bad}");
    }
    assert_eq!(Trust::parse(&text.replace("abababababababab", "0000000000000000")), Err(TrustError::Doubled));
    let backwards = text.replace("until_s = 9", "from_s = 9\nuntil_s = 9");
    assert_eq!(Trust::parse(&backwards), Err(TrustError::Recipient));
    // The oldest form, with neither.
    let oldest = Trust { recipients: Vec::new(), root: None, ..force.trust() };
    assert!(!oldest.to_toml().contains("recipient") && !oldest.to_toml().contains("root"));
    assert_eq!(Trust::parse(&oldest.to_toml()), Ok(oldest));
}

#[test]
fn a_trust_file_that_names_no_recipients_leaves_the_check_open() {
    let (force, _, files) = small();
    let report = check(&files, &Trust { recipients: Vec::new(), ..force.trust() });
    assert_eq!((report.verdict, report.failures), (Verdict::Incomplete, 0), "{report:?}");
    let item = report.not_checked.iter().find(|item| item.what.starts_with("recipients"));
    assert!(item.is_some_and(|item| item.expected), "{report:?}");
}

#[test]
fn recipients_are_compared_with_those_of_the_time_that_is_proved() {
    let (force, _, files) = small();
    // The phone's nine entries are cosigned at 104, 108 and 109; from the fifth on they name a beacon.
    let with = |from_s, until_s| {
        let purpose = RecipientPurpose::Auditor;
        let recipients = vec![TrustedRecipient { kid: force.auditor.kid(), purpose, from_s, until_s }];
        check(&files, &Trust { recipients, ..force.trust() })
    };
    assert_eq!(with(None, None).verdict, Verdict::Good);
    assert_eq!(with(Some(104), Some(109)).verdict, Verdict::Good);
    let late = with(Some(105), None);
    assert_eq!(
        late.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(),
        (0..4).map(Some).collect::<Vec<_>>()
    );
    assert!(late.has(Problem::Recipients));
    let over = with(None, Some(108));
    assert_eq!(over.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(), [Some(8)]);
}
