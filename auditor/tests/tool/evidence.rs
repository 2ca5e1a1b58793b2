//! Evidence that supervisors hold: on the force's own log, and as the evidence system opens it.

use std::fs;

use peel_domain::event::{Action, Actor, EvidenceHeld, EvidenceReleased, HeldImage, HoldEnd, MediaClass};
use peel_domain::id::{AlertId, HoldId, MediaId};
use peel_ledger::Origin;
use peel_ledger::entry::CipherSuite;
use peel_ledger::evidence::{EvidenceLabel, SealedEvidence, commitment};
use peel_ledger::force_log::Change;
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::RecipientPrivateKey;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{audit, body, code, errors, officer, shift, text, tool, written_by};
use crate::support::{DOMAIN, Force, Item};

const SALT: [u8; 32] = [9; 32];
const IMAGE: &[u8] = b"\xff\xd8\xff an image";
const DAY_MS: i64 = 86_400_000;

fn supervisor() -> Actor {
    Actor::Supervisor("S-1".to_owned().try_into().unwrap())
}

fn held(hold: u128) -> EvidenceHeld {
    let media_id = MediaId(Uuid::from_u128(50));
    let commitment = commitment(&SALT, IMAGE).unwrap();
    EvidenceHeld {
        hold_id: HoldId(Uuid::from_u128(hold)),
        reason: "complaint about the stop".to_owned(),
        case_ref: "CR/1234/26".to_owned(),
        until_ms: 100_000 + DAY_MS,
        media: vec![HeldImage { media_id, class: MediaClass::Probe, commitment }],
    }
}

fn released(index: u64, actor: Actor, hold: u128, end: HoldEnd) -> Vec<u8> {
    let released = EvidenceReleased { hold_id: HoldId(Uuid::from_u128(hold)), end };
    body(index, actor, Some(7), Action::EvidenceReleased(released))
}

fn holding(index: u64, actor: Actor, held: EvidenceHeld) -> Vec<u8> {
    body(index, actor, Some(7), Action::EvidenceHeld(held))
}

/// A bundle whose one log is the force's own.
fn events(bodies: &[Vec<u8>]) -> TempDir {
    let mut force = Force::new();
    force.leaves.clear();
    force.phone = Ed25519Signer::generate(Origin::events(DOMAIN).unwrap().as_str(), &mut force.rng).unwrap();
    let log_key = force.phone.verifier().unwrap();
    let hardware_key = Some(force.hardware_key());
    force.approve(Change::Enrolment { origin: force.origin(), log_key, hardware_key, replaces: None }, 50);
    let items: Vec<Item> = bodies.iter().cloned().map(Item::Body).collect();
    written_by(&mut force, &items, |_, _| {})
}

#[test]
fn s28_holds_are_listed_with_their_end_and_their_commitments() {
    let bodies = [
        holding(0, supervisor(), held(1)),
        holding(1, supervisor(), held(2)),
        holding(2, supervisor(), held(3)),
        released(3, Actor::Gateway, 1, HoldEnd::DateReached),
        released(4, supervisor(), 2, HoldEnd::BySupervisor),
    ];
    let folder = events(&bodies);
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    for words in ["ended at its date", "ended by a supervisor", "not ended"] {
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
    }
    let json = text(&audit(folder.path(), &["--open", "key", "--format", "json"]));
    let findings: serde_json::Value = serde_json::from_str(&json).unwrap();
    let holds = findings["trail"]["holds"].as_array().unwrap();
    assert_eq!(
        (holds.len(), &holds[0]["end"], &holds[2]["end"]),
        (3, &"date_reached".into(), &serde_json::Value::Null)
    );
    assert_eq!(holds[0]["images"][0]["media_id"], Uuid::from_u128(50).to_string());
}

#[test]
fn s28_a_hold_by_nobody_named_without_terms_or_without_an_end_is_found() {
    let no_reason = EvidenceHeld { reason: " ".to_owned(), ..held(1) };
    let no_end = EvidenceHeld { until_ms: 0, ..held(1) };
    let bad = [
        vec![holding(0, Actor::Gateway, held(1))],
        vec![holding(0, officer(), held(1))],
        vec![holding(0, supervisor(), no_reason)],
        vec![holding(0, supervisor(), no_end)],
        vec![holding(0, supervisor(), held(1)), holding(1, supervisor(), held(1))],
        vec![released(0, Actor::Gateway, 1, HoldEnd::DateReached)],
        vec![holding(0, supervisor(), held(1)), released(1, officer(), 1, HoldEnd::BySupervisor)],
        vec![
            holding(0, supervisor(), held(1)),
            released(1, Actor::Gateway, 1, HoldEnd::DateReached),
            released(2, Actor::Gateway, 1, HoldEnd::DateReached),
        ],
    ];
    for (number, bodies) in bad.iter().enumerate() {
        let output = audit(events(bodies).path(), &["--open", "key"]);
        assert_eq!(code(&output), 1, "case {number}: {}", text(&output));
    }
    // One that should have ended long before the log's last entry.
    let overdue = EvidenceHeld { until_ms: 100_001, ..held(1) };
    let late = u64::try_from(2 * DAY_MS / 1000).unwrap();
    let bodies = [holding(0, supervisor(), overdue), body(late, Actor::Gateway, None, Action::Left)];
    let output = audit(events(&bodies).path(), &["--open", "key"]);
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("past its end"));
}

#[test]
fn s28_a_phone_holds_nothing() {
    let mut bodies = shift();
    bodies.insert(5, holding(5, supervisor(), held(1)));
    bodies[6] = body(6, officer(), None, Action::ShiftEnded);
    let mut force = Force::new();
    let items: Vec<Item> = bodies.iter().cloned().map(Item::Body).collect();
    let folder = written_by(&mut force, &items, |_, trust| {
        let mut events = trust.logs[0].clone();
        events.origin = Origin::events(DOMAIN).unwrap();
        events.key = Ed25519Signer::generate(events.origin.as_str(), &mut rand::rng()).unwrap().verifier().unwrap();
        events.hardware = None;
        trust.logs.push(events);
    });
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("not on the force's own log"), "{}", text(&output));
}

/// A sealed image of hold 1, its key's file, and other files beside the bundle.
fn seal_into(folder: &TempDir, media: u128, suite: CipherSuite) {
    let key = RecipientPrivateKey::generate(suite, &mut rand::rng()).unwrap();
    let label = EvidenceLabel {
        origin: Origin::events(DOMAIN).unwrap(),
        hold: HoldId(Uuid::from_u128(1)).0.into_bytes(),
        alert: AlertId(Uuid::from_u128(7)).0.into_bytes(),
        media: Uuid::from_u128(media).into_bytes(),
        commitment: commitment(&SALT, IMAGE).unwrap(),
    };
    let sealed = SealedEvidence::seal(label, &SALT, IMAGE, &key.public_key().unwrap(), &mut rand::rng()).unwrap();
    fs::write(folder.path().join("sealed"), sealed.encode()).unwrap();
    fs::write(folder.path().join("evidence.key"), key.expose_text().as_bytes()).unwrap();
}

#[test]
fn s28_the_evidence_system_opens_what_it_was_given_and_the_record_knows_it() {
    let folder = events(&[holding(0, supervisor(), held(1))]);
    let open = |more: &[&str]| tool(folder.path(), &[&["evidence", "sealed", "--open", "evidence.key"], more].concat());
    let asked = ["--bundle", "bundle", "--trust", "trust.toml", "--records", "key"];
    for suite in [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm] {
        seal_into(&folder, 50, suite);
        let output = open(&["--out", "image"]);
        assert_eq!(code(&output), 3, "nobody asked the records: {}", text(&output));
        assert_eq!(fs::read(folder.path().join("image")).unwrap(), IMAGE);
        assert_eq!(code(&open(&["--out", "image"])), 2, "never overwritten");
        fs::remove_file(folder.path().join("image")).unwrap();
        let output = open(&asked);
        assert_eq!(code(&output), 0, "{}{}", text(&output), errors(&output));
    }
    // The word is the exit code's, in text and in JSON, with the records and without.
    for (more, word, exit) in [(&asked[..], "good", 0), (&[], "incomplete", 3)] {
        let output = open(&[more, &["--format", "json"]].concat());
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&json["verdict"], code(&output)), (&word.into(), exit), "{json}");
        assert!(text(&open(more)).contains(&word.to_uppercase()));
    }
    // A check of the bundle that is not complete makes nothing good.
    let path = folder.path().join("trust.toml");
    let said = fs::read_to_string(&path).unwrap();
    fs::write(&path, said.replace("without_witnesses = \"a test\"\n", "")).unwrap();
    let output = open(&asked);
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("INCOMPLETE") && !text(&output).contains("GOOD"), "{}", text(&output));
    let output = open(&[&asked[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["verdict"], &json["on_record"]), (&"incomplete".into(), &"yes".into()), "{json}");
    fs::write(&path, said).unwrap();
    // Another image under the same hold, a changed file, another key, a changed bundle.
    seal_into(&folder, 51, CipherSuite::X25519ChaCha20Poly1305);
    let output = open(&asked);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("no such hold"), "{}", text(&output));
    let path = folder.path().join("sealed");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(code(&open(&["--out", "image"])), 1);
    assert!(!folder.path().join("image").exists());
    let output = tool(folder.path(), &["evidence", "sealed", "--open", "key"]);
    assert_eq!(code(&output), 2, "an auditor's key opens no image");
    seal_into(&folder, 50, CipherSuite::X25519ChaCha20Poly1305);
    let tile = folder.path().join("bundle/manifest.note");
    let mut note = fs::read(&tile).unwrap();
    note[40] ^= 1;
    fs::write(&tile, note).unwrap();
    let output = open(&asked);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("the bundle does not verify"), "{}", text(&output));
    assert_eq!(code(&open(&["--bundle", "bundle"])), 2, "a bundle alone proves nothing");
}
