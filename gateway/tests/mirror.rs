//! The mirror: phones' logs over HTTPS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use peel_ledger::Hash;
use peel_ledger::Origin;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{EntryClass, EntryTime};
use peel_ledger::mirror::{AddCheckpoint, AddEntries, MirrorInfo, MirrorReceipt, Package, package_bounds};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::tree::LeafHashes;
use peel_ledger::writer::WriterState;
use reqwest::Method;
use support::{TestGateway, TestPhone};

/// A phone's log in memory.
struct Log {
    origin: Origin,
    state: WriterState,
    entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
    recipients: Vec<RecipientPublicKey>,
}

fn recipients(phone: &TestPhone) -> Vec<RecipientPublicKey> {
    let text = |suite: &str, key: &[u8]| format!("{suite}:{}", hex::encode(key));
    let keys = phone.enrolment.recipients.iter();
    keys.map(|key| text(&key.suite, key.public_key.as_bytes()).parse().unwrap()).collect()
}

impl Log {
    fn new(phone: &TestPhone) -> Self {
        Self {
            origin: phone.enrolment.origin.parse().unwrap(),
            state: WriterState::new(),
            entries: Vec::new(),
            leaves: Vec::new(),
            recipients: recipients(phone),
        }
    }

    fn keep(&mut self, appended: peel_ledger::writer::Appended) {
        self.state = appended.state;
        self.entries.push(appended.entry);
        self.leaves.push(appended.leaf);
    }

    fn write(&mut self, count: usize) {
        for n in 0..count {
            let time = EntryTime { wall_ms: support::now_ms(), mono_ns: n as u64, boot: [1; 8], beacon: None };
            let body = format!("body {n}");
            let appended = self
                .state
                .append(&self.origin, EntryClass::Event, time, body.as_bytes(), &self.recipients, &mut rand::rng())
                .unwrap();
            self.keep(appended);
        }
    }

    fn receipt(&mut self, commitment: Hash) {
        let time = EntryTime { wall_ms: support::now_ms(), mono_ns: 9, boot: [1; 8], beacon: None };
        let appended = self.state.append_receipt(time, commitment, &mut rand::rng()).unwrap();
        self.keep(appended);
    }

    fn nodes(&self) -> LeafHashes {
        LeafHashes::new(self.leaves.clone())
    }

    fn checkpoint(&self) -> Checkpoint {
        self.state.checkpoint(&self.origin)
    }

    fn note(&self, phone: &TestPhone) -> SignedNote {
        let mut note = self.checkpoint().sign(&phone.log_key).unwrap();
        let der: Signature = phone.hw_key.sign(note.text().as_bytes());
        note.attach_hardware_line(self.origin.as_str(), &phone.enrolment_hw(), der.to_der().as_bytes()).unwrap();
        note
    }

    fn upload(&self, from: u64) -> Vec<u8> {
        let (nodes, end) = (self.nodes(), self.state.size());
        let package = |(start, stop): (u64, u64)| {
            let entries = self.entries[usize::try_from(start).unwrap()..usize::try_from(stop).unwrap()].iter();
            Package::build(start, entries.map(Vec::as_slice).collect(), end, &nodes).unwrap()
        };
        let packages = package_bounds(from, end).map(package).collect();
        let origin = self.origin.clone();
        AddEntries { origin, upload_start: from, upload_end: end, ticket: Vec::new(), packages, partial: false }
            .encode()
            .unwrap()
    }
}

impl TestPhone {
    fn enrolment_hw(&self) -> Vec<u8> {
        support::spki(&self.hw_key)
    }

    async fn send(&self, gateway: &TestGateway, call: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let path = format!("/v1/logs/{}/{call}", self.id());
        let request = gateway.call(Method::POST, &path).bearer_auth(&self.token).body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    async fn announce(&self, gateway: &TestGateway, log: &Log, old: u64) -> (u16, Vec<u8>) {
        let request = AddCheckpoint::build(old, log.note(self), &log.nodes()).unwrap();
        self.send(gateway, "add-checkpoint", request.encode()).await
    }

    async fn upload(&self, gateway: &TestGateway, log: &Log, from: u64) -> (u16, Vec<u8>) {
        self.send(gateway, "add-entries", log.upload(from)).await
    }

    fn mirror_key(&self) -> VerifierKey {
        self.enrolment.mirror_vkey.parse().unwrap()
    }
}

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
    let response = gateway.call(Method::POST, &path).bearer_auth(&stranger.token).body(request.encode());
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
    let mut phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(40);
    assert_eq!(phone.announce(&gateway, &log, 0).await.0, 200);
    gateway = gateway.restart().await;
    phone.token = phone.fetch_token(&gateway).await;
    let (status, lines) = phone.upload(&gateway, &log, 0).await;
    assert_eq!(status, 200);
    gateway = gateway.restart().await;
    phone.token = phone.fetch_token(&gateway).await;
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
