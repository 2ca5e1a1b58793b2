//! What the tests have in common: a shift's records, folders, and the tool's process.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::{AlertId, CameraId};
use peel_domain::judgement::Decision;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_ledger::bundle::{Files, Trust};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Force, Item};

pub(crate) fn body(index: u64, actor: Actor, alert: Option<u128>, action: Action) -> Vec<u8> {
    body_at(moment(index), actor, alert, action)
}

/// The time of an entry of [`Force::phone_of`].
pub(crate) fn moment(index: u64) -> Moment {
    Moment {
        utc_ms: 100_000 + i64::try_from(index).unwrap() * 1000,
        monotonic_ns: index,
        boot_id: BootId([7; 8]),
        source: TimeSource::Device,
        uncertainty_ms: 0,
    }
}

pub(crate) fn body_at(at: Moment, actor: Actor, alert: Option<u128>, action: Action) -> Vec<u8> {
    let alert_id = alert.map(|number| AlertId(Uuid::from_u128(number)));
    let justification = Justification::Exercise;
    EventBody { v: BODY_VERSION, at, actor, deployment_id: None, alert_id, justification, action }.to_cbor().unwrap()
}

pub(crate) fn officer() -> Actor {
    Actor::Officer("4711".to_owned().try_into().unwrap())
}

pub(crate) fn received(index: u64, alert: u128, alert_seq: u64) -> Vec<u8> {
    let camera_id = CameraId::new("c1").unwrap();
    body(
        index,
        Actor::Core,
        Some(alert),
        Action::AlertReceived { alert_seq, camera_id, captured_at_ms: 1, media: Vec::new() },
    )
}

/// A shift with two alerts: one engaged, one that ran out.
pub(crate) fn shift() -> Vec<Vec<u8>> {
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    vec![
        body(0, officer(), None, Action::ShiftStarted { until_ms: 1, certificate: None }),
        received(1, 1, 1),
        body(2, officer(), Some(1), decided),
        received(3, 2, 2),
        body(4, Actor::Core, Some(2), Action::NoDecision),
        body(5, officer(), None, Action::ShiftEnded),
    ]
}

/// Writes a bundle of these bodies, its trust file and the auditor's key.
pub(crate) fn written(bodies: &[Vec<u8>]) -> TempDir {
    let items: Vec<Item> = bodies.iter().cloned().map(Item::Body).collect();
    written_of(&items)
}

/// The same with receipts among them.
pub(crate) fn written_of(items: &[Item]) -> TempDir {
    written_with(items, |_, _| {})
}

/// The same under a trust file that says more.
pub(crate) fn written_with(items: &[Item], more: impl FnOnce(&Force, &mut Trust)) -> TempDir {
    written_by(&mut Force::new(), items, more)
}

/// The same by a force of the caller's.
pub(crate) fn written_by(force: &mut Force, items: &[Item], more: impl FnOnce(&Force, &mut Trust)) -> TempDir {
    let phone = force.phone_of(items, 4);
    let folder = TempDir::new().unwrap();
    write_files(&folder.path().join("bundle"), &force.bundle(&phone));
    let mut trust = force.trust();
    more(force, &mut trust);
    fs::write(folder.path().join("trust.toml"), trust.to_toml()).unwrap();
    fs::write(folder.path().join("key"), force.auditor.expose_text().as_bytes()).unwrap();
    folder
}

pub(crate) fn write_files(folder: &Path, files: &Files) {
    for (path, bytes) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

/// Runs the tool in a folder.
pub(crate) fn tool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-audit")).current_dir(folder).args(arguments).output().unwrap()
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn audit(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-audit"))
        .current_dir(folder)
        .args(["verify", "bundle", "--trust", "trust.toml"])
        .args(more)
        .output()
        .unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
