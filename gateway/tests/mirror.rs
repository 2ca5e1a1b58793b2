//! The mirror: phones' logs over HTTPS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_ledger::Hash;
use peel_ledger::mirror::{AddCheckpoint, MirrorInfo, MirrorReceipt};
use peel_ledger::note::{SignedNote, VerifierKey};
use reqwest::Method;
use support::device_log::Log;
use support::{TestGateway, TestPhone};

#[tokio::test]
async fn s36_what_is_durable_is_cosigned_and_the_same_bytes_are_given_again() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(300);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    let (status, lines) = phone.upload(&gateway, &log, 0).await;
    assert_eq!(status, 200);
    let receipt = MirrorReceipt::verify(&lines, &log.checkpoint(), &phone.mirror_key()).unwrap();
    assert_eq!(receipt.checkpoint.size, 300);
    assert_eq!(phone.upload(&gateway, &log, 0).await, (200, lines));
    log.write(5);
    assert_eq!(phone.announce(&gateway, &log, 300).await.0, 200);
    assert_eq!(phone.upload(&gateway, &log, 300).await.0, 200);
}

#[tokio::test]
async fn a_phone_that_does_not_know_what_arrived_is_told_where_to_go_on() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(10);
    let (status, info) = phone.upload(&gateway, &log, 0).await;
    assert_eq!((status, MirrorInfo::parse(&info).unwrap().next_entry), (409, 0), "no checkpoint yet");
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    assert_eq!(phone.announce(&gateway, &log, 0).await, (409, b"10\n".to_vec()));
    assert_eq!(phone.upload(&gateway, &log, 0).await.0, 200);
    log.write(3);
    let (status, size) = phone.announce(&gateway, &log, 4).await;
    assert_eq!((status, size), (409, b"10\n".to_vec()));
}

#[tokio::test]
async fn a_corrupted_or_truncated_upload_is_refused_and_changes_nothing() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(20);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    let whole = log.upload(0);
    let mut corrupted = whole.clone();
    let middle = corrupted.len() / 2;
    corrupted[middle] ^= 1;
    assert_eq!(phone.send(&gateway, "add-entries", corrupted).await.0, 422);
    let (status, _) = phone.send(&gateway, "add-entries", whole[..middle].to_vec()).await;
    assert!([400, 202].contains(&status), "{status}");
    assert_eq!(phone.send(&gateway, "add-entries", vec![0; 10]).await.0, 400);
    assert_eq!(phone.send(&gateway, "add-checkpoint", b"nonsense".to_vec()).await.0, 400);
    assert_eq!(phone.send(&gateway, "add-entries", whole).await.0, 200);
}

#[tokio::test]
async fn a_rolled_back_or_forked_phone_is_refused() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(8);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    assert_eq!(phone.upload(&gateway, &log, 0).await.0, 200);
    // The same phone with another history of the same size, and one of a larger size.
    let mut fork = Log::new(&phone);
    fork.write(8);
    assert_eq!(phone.announce(&gateway, &fork, 8).await.0, 409);
    fork.write(4);
    assert_eq!(phone.announce(&gateway, &fork, 8).await.0, 422);
    // A shorter one.
    let mut shorter = Log::new(&phone);
    shorter.write(3);
    assert!([400, 409].contains(&phone.announce(&gateway, &shorter, 0).await.0));
    log.write(1);
    assert_eq!(phone.announce(&gateway, &log, 8).await.0, 200);
    assert_eq!(phone.upload(&gateway, &log, 8).await.0, 200);
}

#[tokio::test]
async fn a_log_is_its_own_devices_alone() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let stranger = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(2);
    let request = AddCheckpoint::build(0, log.note(&phone), &log.nodes()).unwrap();
    let path = format!("/v1/logs/{}/add-checkpoint", phone.id());
    let response = stranger.call(&gateway, Method::POST, &path).body(request.encode());
    assert_eq!(response.send().await.unwrap().status(), 404);
    // A checkpoint that the stranger signed in the phone's name.
    let mut note = log.checkpoint().to_note().unwrap();
    let forged = peel_ledger::note::Ed25519Signer::from_seed(log.origin.as_str(), &stranger.log_key.expose_seed());
    note.attach(forged.unwrap().sign(note.text()).unwrap()).unwrap();
    let request = AddCheckpoint::build(0, note, &log.nodes()).unwrap();
    assert_eq!(phone.send(&gateway, "add-checkpoint", request.encode()).await.0, 403);
}

#[tokio::test]
async fn a_restart_between_checkpoint_and_entries_loses_nothing() {
    let mut gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(40);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    gateway = gateway.restart().await;
    let (status, lines) = phone.upload(&gateway, &log, 0).await;
    assert_eq!(status, 200);
    gateway = gateway.restart().await;
    assert_eq!(phone.upload(&gateway, &log, 0).await, (200, lines));
}

#[tokio::test]
async fn s48_a_receipt_is_found_by_its_paper_code_once_it_is_cosigned() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(2);
    let commitment = Hash::of(&[b"a receipt"]);
    log.receipt(commitment);
    log.write(1);
    let path = format!("/v1/receipts/{}", peel_gateway::service::paper_code(&commitment));
    assert_eq!(gateway.call(Method::GET, &path).send().await.unwrap().status(), 404);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    assert_eq!(phone.upload(&gateway, &log, 0).await.0, 200);
    let found: serde_json::Value = support::read_json(gateway.call(Method::GET, &path).send().await.unwrap()).await;
    assert_eq!(found[0]["index"], 2);
    let note = SignedNote::parse(found[0]["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(note.verify(&[phone.mirror_key()]).unwrap().len(), 1);
    assert_eq!(gateway.call(Method::GET, "/v1/receipts/nonsense").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_beacon_is_signed_by_the_force_log() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let beacon: peel_domain::wire::BeaconResponse =
        support::read_json(gateway.call(Method::GET, "/v1/beacon").send().await.unwrap()).await;
    let key: VerifierKey = phone.enrolment.force_log_vkey.parse().unwrap();
    let note = SignedNote::parse(beacon.note.as_bytes()).unwrap();
    note.verify(&[key]).unwrap();
    let value = Hash::from_hex(&beacon.beacon).unwrap();
    assert!(note.text().contains(&value.to_base64()));
    assert!(support::now_ms() - beacon.at_ms < 60_000);
}
