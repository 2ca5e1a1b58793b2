//! The tool as its user runs it: a bundle in a folder, a trust file, exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

#[path = "../../core/ledger/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::{AlertId, CameraId};
use peel_domain::judgement::Decision;
use peel_domain::time::{BootId, Moment, TimeSource};
use support::Force;
use tempfile::TempDir;
use uuid::Uuid;

fn body(index: u64, actor: Actor, alert: Option<u128>, action: Action) -> Vec<u8> {
    let at = Moment {
        utc_ms: 100_000 + i64::try_from(index).unwrap() * 1000,
        monotonic_ns: index,
        boot_id: BootId([7; 8]),
        source: TimeSource::Device,
        uncertainty_ms: 0,
    };
    let alert_id = alert.map(|number| AlertId(Uuid::from_u128(number)));
    let justification = Justification::Exercise;
    EventBody { v: BODY_VERSION, at, actor, deployment_id: None, alert_id, justification, action }.to_cbor().unwrap()
}

fn officer() -> Actor {
    Actor::Officer("4711".to_owned().try_into().unwrap())
}

fn received(index: u64, alert: u128, alert_seq: u64) -> Vec<u8> {
    let camera_id = CameraId::new("c1").unwrap();
    body(
        index,
        Actor::Core,
        Some(alert),
        Action::AlertReceived { alert_seq, camera_id, captured_at_ms: 1, media: Vec::new() },
    )
}

/// A shift with two alerts: one engaged, one that ran out.
fn shift() -> Vec<Vec<u8>> {
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    vec![
        body(0, officer(), None, Action::ShiftStarted { until_ms: 1 }),
        received(1, 1, 1),
        body(2, officer(), Some(1), decided),
        received(3, 2, 2),
        body(4, Actor::Core, Some(2), Action::NoDecision),
        body(5, officer(), None, Action::ShiftEnded),
    ]
}

/// Writes a bundle of these bodies, its trust file and the auditor's key.
fn written(bodies: &[Vec<u8>]) -> TempDir {
    let mut force = Force::new();
    let phone = force.phone_with(bodies.len() as u64, 4, |index| bodies[usize::try_from(index).unwrap()].clone());
    let folder = TempDir::new().unwrap();
    for (path, bytes) in force.bundle(&phone) {
        let file = folder.path().join("bundle").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    fs::write(folder.path().join("trust.toml"), force.trust().to_toml()).unwrap();
    fs::write(folder.path().join("key"), force.auditor.expose_text().as_bytes()).unwrap();
    folder
}

fn audit(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-audit"))
        .current_dir(folder)
        .args(["verify", "bundle", "--trust", "trust.toml"])
        .args(more)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_sound_bundle_is_good_in_text_and_json() {
    let folder = written(&shift());
    let unopened = audit(folder.path(), &[]);
    assert_eq!(code(&unopened), 0, "{}", text(&unopened));
    assert!(text(&unopened).contains("GOOD"));
    assert!(text(&unopened).contains("no key given to open them"));
    let opened = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&opened), 0, "{}", text(&opened));
    assert!(text(&opened).contains("decided: engage, unsigned"));
    assert!(text(&opened).contains("no_decision"));
    let json = audit(folder.path(), &["--open", "key", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["verdict"], "good");
    assert_eq!(json["trail"]["alerts"][1]["end"], "no_decision");
    assert_eq!(json["trail"]["shifts"][0]["ended"], 1);
}

#[test]
fn every_changed_byte_of_every_file_is_tampered() {
    let folder = written(&shift()[..2]);
    let bundle = folder.path().join("bundle");
    let mut paths = Vec::new();
    list(&bundle, &mut paths);
    assert!(paths.len() >= 7);
    for path in paths {
        let sound = fs::read(&path).unwrap();
        // Starting a process costs more than the check: sample a long file, and take its ends.
        let step = (sound.len() / 24).max(1);
        for at in (0..sound.len()).step_by(step).chain([sound.len() - 1]) {
            let mut changed = sound.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, changed).unwrap();
            assert_eq!(code(&audit(folder.path(), &[])), 1, "byte {at} of {}", path.display());
        }
        fs::write(&path, sound).unwrap();
    }
    assert_eq!(code(&audit(folder.path(), &[])), 0);
}

fn list(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { list(&path, paths) } else { paths.push(path) }
    }
}

#[test]
fn a_file_more_or_a_link_is_tampered() {
    let folder = written(&shift()[..2]);
    let extra = folder.path().join("bundle/extra");
    fs::write(&extra, b"").unwrap();
    assert_eq!(code(&audit(folder.path(), &[])), 1);
    fs::remove_file(&extra).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("manifest.note", &extra).unwrap();
        assert_eq!(code(&audit(folder.path(), &[])), 1);
    }
}

#[test]
fn an_alert_without_end_or_a_shift_left_open_is_incomplete() {
    let mut bodies = shift();
    bodies.remove(4);
    let folder = written(&bodies);
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("neither a decision nor no_decision"));
    let folder = written(&shift()[..5]);
    let output = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).contains("a shift is not closed"));
}

#[test]
fn a_number_recorded_twice_or_a_decision_out_of_nowhere_is_tampered() {
    let mut bodies = shift();
    bodies[3] = received(3, 2, 1);
    let output = audit(written(&bodies).path(), &["--open", "key"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("recorded twice"));
    let mut bodies = shift();
    bodies.remove(1);
    assert_eq!(code(&audit(written(&bodies).path(), &["--open", "key"])), 1);
    let mut bodies = shift();
    bodies[0] = b"not a record".to_vec();
    assert_eq!(code(&audit(written(&bodies).path(), &["--open", "key"])), 1);
}

#[test]
fn wrong_use_is_told_apart() {
    let folder = written(&shift()[..1]);
    fs::write(folder.path().join("trust.toml"), "nonsense").unwrap();
    assert_eq!(code(&audit(folder.path(), &[])), 2);
    let none = Command::new(env!("CARGO_BIN_EXE_peel-audit")).output().unwrap();
    assert_eq!(code(&none), 2);
    let help = Command::new(env!("CARGO_BIN_EXE_peel-audit")).args(["verify", "--help"]).output().unwrap();
    assert_eq!(code(&help), 0);
    assert!(text(&help).contains("--open"));
}

#[test]
fn keygen_writes_a_key_once_and_prints_only_its_public_half() {
    let folder = TempDir::new().unwrap();
    let run = |suite: &str| {
        Command::new(env!("CARGO_BIN_EXE_peel-audit"))
            .current_dir(folder.path())
            .args(["keygen", "--out", &format!("{suite}.key"), "--suite", suite])
            .output()
            .unwrap()
    };
    for suite in ["x25519", "p256"] {
        let output = run(suite);
        assert_eq!(code(&output), 0);
        assert!(text(&output).starts_with(&format!("{suite}:")));
        let written = fs::read_to_string(folder.path().join(format!("{suite}.key"))).unwrap();
        assert!(written.starts_with(&format!("{suite}-private:")));
        assert_eq!(code(&run(suite)), 2);
    }
}
