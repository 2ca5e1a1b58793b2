//! What the tests have in common: a shift's records, folders, and the tool's process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::event::{Action, Actor, BODY_VERSION, CertificateBytes, EventBody, Justification};
use peel_domain::id::{AlertId, CameraId, EnrolmentId};
use peel_domain::judgement::Decision;
use peel_domain::shift::{CertificateClaims, certificate_sha256, sign_certificate};
use peel_domain::signed_decision::DecisionStatement;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_ledger::bundle::{Files, Trust};
use peel_ledger::note::Ed25519Signer;
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Force, Item, Phone};

/// The name of the test's phone: an enrolment's id, as the gateway gives them.
pub(crate) const ENROLMENT: Uuid = Uuid::from_u128(0x019a_b000_0000_7000_8000_0000_0000_0001);
/// The end of the officer's shift.
pub(crate) const UNTIL_MS: i64 = 10_000_000;

/// The force's root key.
pub(crate) fn root(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/root", &[seed; 32]).unwrap()
}

fn officer_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

/// What the force's certificate says of the test's officer.
pub(crate) fn claims() -> CertificateClaims {
    CertificateClaims {
        officer_id: "4711".to_owned().try_into().unwrap(),
        enrolment_id: EnrolmentId(ENROLMENT),
        k_officer_spki: officer_key(3).verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
        roles: BTreeMap::new(),
        from_ms: 0,
        until_ms: UNTIL_MS,
    }
}

/// A certificate of these claims by this root key.
pub(crate) fn certificate_of(claims: &CertificateClaims, by: u8) -> CertificateBytes {
    CertificateBytes(sign_certificate(claims, |message| root(by).sign_detached(message)).unwrap())
}

/// The certificate of the test's officer.
pub(crate) fn certificate() -> CertificateBytes {
    certificate_of(&claims(), 1)
}

/// The officer's shift begins, under this certificate.
pub(crate) fn shift_started(index: u64, certificate: Option<CertificateBytes>) -> Vec<u8> {
    body(index, officer(), None, Action::ShiftStarted { until_ms: UNTIL_MS, certificate })
}

/// "Engage" on an alert, at a moment under the officer's certificate.
pub(crate) fn statement(alert: u128, at: Moment) -> DecisionStatement<'static> {
    DecisionStatement {
        enrolment_id: EnrolmentId(ENROLMENT),
        alert_id: AlertId(Uuid::from_u128(alert)),
        decision: &Decision::Engage,
        note: None,
        at,
        certificate_sha256: certificate_sha256(&certificate().0),
    }
}

/// How the key of this seed signs.
pub(crate) fn key(seed: u8) -> impl FnOnce(&[u8]) -> Option<Vec<u8>> {
    move |message| {
        let signature: Signature = officer_key(seed).sign(message);
        Some(signature.to_der().as_bytes().to_vec())
    }
}

/// The officer decides at a moment, and signs it.
pub(crate) fn engaged_at(alert: u128, at: Moment) -> Vec<u8> {
    let signed = statement(alert, at).to_be_signed().unwrap().sign(key(3)).unwrap();
    body_at(at, officer(), Some(alert), decided(Some(signed)))
}

/// A decision with this signature.
pub(crate) fn decided(officer_signature: Option<Vec<u8>>) -> Action {
    Action::Decided { decision: Decision::Engage, note: None, officer_signature }
}

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
    received_at(moment(index), alert, alert_seq)
}

pub(crate) fn received_at(at: Moment, alert: u128, alert_seq: u64) -> Vec<u8> {
    let camera_id = CameraId::new("c1").unwrap();
    let received = Action::AlertReceived { alert_seq, camera_id, captured_at_ms: 1, media: Vec::new() };
    body_at(at, Actor::Core, Some(alert), received)
}

/// A shift with two alerts: one engaged, one that ran out.
pub(crate) fn shift() -> Vec<Vec<u8>> {
    vec![
        shift_started(0, Some(certificate())),
        received(1, 1, 1),
        engaged_at(1, moment(2)),
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
    written_by(&mut force(), items, more)
}

/// A force whose phone is the officer's.
pub(crate) fn force() -> Force {
    Force::named(&ENROLMENT.to_string())
}

/// The same by a force of the caller's.
pub(crate) fn written_by(force: &mut Force, items: &[Item], more: impl FnOnce(&Force, &mut Trust)) -> TempDir {
    let phone = force.phone_of(items, 4);
    written_phone(force, &phone, more)
}

/// The same of a log that is there already.
pub(crate) fn written_phone(force: &Force, phone: &Phone, more: impl FnOnce(&Force, &mut Trust)) -> TempDir {
    let folder = TempDir::new().unwrap();
    write_files(&folder.path().join("bundle"), &force.bundle(phone));
    let mut trust = force.trust();
    trust.root = Some(root(1).verifier().unwrap());
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
