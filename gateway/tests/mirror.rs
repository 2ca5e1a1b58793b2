//! The mirror: phones' logs over HTTPS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_ledger::Hash;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::{AddCheckpoint, MirrorInfo, MirrorReceipt};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::tree::verify_inclusion;
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

/// Every receipt of a code, page by page.
async fn all_pages(gateway: &TestGateway, path: &str) -> (Vec<serde_json::Value>, Vec<usize>) {
    let (mut next, mut found, mut sizes) = (Some(String::new()), Vec::new(), Vec::new());
    while let Some(page) = next {
        let path = if page.is_empty() { path.to_owned() } else { format!("{path}?after={page}") };
        let response = gateway.call(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        next = response.headers().get("peel-next").map(|page| page.to_str().unwrap().to_owned());
        let receipts: Vec<serde_json::Value> = support::read_json(response).await;
        sizes.push(receipts.len());
        found.extend(receipts);
    }
    (found, sizes)
}

#[tokio::test]
async fn s48_forged_entries_in_older_logs_do_not_hide_a_persons_receipt() {
    let gateway = TestGateway::start().await;
    let (thief, phone) = (TestPhone::enrol(&gateway).await, TestPhone::enrol(&gateway).await);
    let commitment = Hash::of(&[b"a receipt"]);
    let forged = |number: u8| {
        let mut bytes = *commitment.as_bytes();
        bytes[31] ^= number + 1;
        Hash::new(bytes)
    };
    let mut older = Log::new(&thief);
    (0..20).for_each(|number| older.receipt(forged(number)));
    let mut log = Log::new(&phone);
    log.write(300);
    log.receipt(commitment);
    for (phone, log) in [(&thief, &older), (&phone, &log)] {
        assert_eq!(phone.announce(&gateway, log, 0).await.0, 200);
        assert_eq!(phone.upload(&gateway, log, 0).await.0, 200);
    }
    let code = peel_gateway::service::paper_code(&commitment);
    assert_eq!(peel_gateway::service::paper_code(&forged(7)), code);
    let path = format!("/v1/receipts/{code}");
    // The first page has the newest of each log.
    let first: Vec<serde_json::Value> =
        support::read_json(gateway.call(Method::GET, &path).send().await.unwrap()).await;
    assert_eq!(first.iter().map(|one| one["index"].as_u64().unwrap()).collect::<Vec<_>>(), [19, 300]);
    let own = &first[1];
    assert_eq!(own["origin"], log.origin.as_str());
    let proof: Vec<Hash> = own["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap())
        .collect();
    let Checkpoint { size, root, .. } = log.checkpoint();
    verify_inclusion(300, size, &log.leaves[300], &proof, &root).unwrap();
    // The pages have them all, and each is bounded.
    let (all, sizes) = all_pages(&gateway, &path).await;
    assert_eq!(sizes, [2, 8, 8, 5]);
    let places: std::collections::BTreeSet<_> =
        all.iter().map(|one| (one["origin"].to_string(), one["index"].to_string())).collect();
    assert_eq!(places.len(), 21);
    // Whoever has the QR code asks for the very one.
    let at = |origin: &str, index: u64| format!("{path}?origin={origin}&index={index}");
    let exact = gateway.call(Method::GET, &at(log.origin.as_str(), 300)).send().await.unwrap();
    let exact: Vec<serde_json::Value> = support::read_json(exact).await;
    assert_eq!(exact, std::slice::from_ref(own));
    for (wrong, status) in [
        (at(log.origin.as_str(), 299), 404),
        (at("other.example/peel/device/x", 300), 404),
        (at("a b", 300), 422),
        (format!("{path}?after=x"), 422),
        (format!("{path}?after=all.{}.-1", phone.id()), 422),
        (format!("{path}?origin=x"), 422),
        (format!("{path}?more=x"), 422),
    ] {
        assert_eq!(gateway.call(Method::GET, &wrong).send().await.unwrap().status(), status, "{wrong}");
    }
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
