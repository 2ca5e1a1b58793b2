//! A phone's log in memory, as the gateway is to mirror it.

use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use peel_domain::event::{Action, EventBody, LogEndCause, LogEnded};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{EntryClass, EntryTime};
use peel_ledger::mirror::{AddCheckpoint, AddEntries, Package, package_bounds};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::tree::{CompactRange, LeafHashes};
use peel_ledger::writer::WriterState;
use peel_ledger::{Hash, Origin};
use reqwest::Method;

use super::{TestGateway, TestPhone, now_ms, spki};

/// A phone's log in memory.
pub(crate) struct Log {
    pub(crate) origin: Origin,
    pub(crate) state: WriterState,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) recipients: Vec<RecipientPublicKey>,
}

fn recipients(phone: &TestPhone) -> Vec<RecipientPublicKey> {
    let text = |suite: &str, key: &[u8]| format!("{suite}:{}", hex::encode(key));
    let keys = phone.enrolment.recipients.iter();
    keys.map(|key| text(&key.suite, key.public_key.as_bytes()).parse().unwrap()).collect()
}

impl Log {
    pub(crate) fn new(phone: &TestPhone) -> Self {
        Self {
            origin: phone.enrolment.origin.parse().unwrap(),
            state: WriterState::new(),
            entries: Vec::new(),
            leaves: Vec::new(),
            recipients: recipients(phone),
        }
    }

    pub(crate) fn keep(&mut self, appended: peel_ledger::writer::Appended) {
        self.state = appended.state;
        self.entries.push(appended.entry);
        self.leaves.push(appended.leaf);
    }

    pub(crate) fn write(&mut self, count: usize) {
        for n in self.entries.len()..self.entries.len() + count {
            let time = EntryTime { wall_ms: now_ms(), mono_ns: n as u64, boot: [1; 8], beacon: None };
            let body = format!("body {n}");
            let appended = self
                .state
                .append(&self.origin, EntryClass::Event, time, body.as_bytes(), &self.recipients, &mut rand::rng())
                .unwrap();
            self.keep(appended);
        }
    }

    /// One event of the phone.
    pub(crate) fn event(&mut self, body: &EventBody) {
        let (mono_ns, boot) = (body.at.monotonic_ns, body.at.boot_id.0);
        let time = EntryTime { wall_ms: body.at.utc_ms, mono_ns, boot, beacon: None };
        let (body, recipients) = (body.to_cbor().unwrap(), &self.recipients);
        let appended =
            self.state.append(&self.origin, EntryClass::Event, time, &body, recipients, &mut rand::rng()).unwrap();
        self.keep(appended);
    }

    /// What a log that goes on from this one begins with: the force confirmed so many entries, by this statement of its.
    pub(crate) fn last_words(&self, confirmed: usize, receipt: Option<String>) -> impl Iterator<Item = Action> {
        let mut range = CompactRange::new();
        self.leaves[..confirmed].iter().for_each(|leaf| range.append(*leaf).unwrap());
        let ended = LogEnded {
            cause: LogEndCause::LogKeyLost,
            origin: self.origin.to_string(),
            size: self.state.size(),
            root: self.state.root().to_bytes(),
            confirmed: range.to_bytes(),
            signed: None,
            receipt,
        };
        ended.last_words(confirmed as u64, &self.entries[confirmed..])
    }

    pub(crate) fn receipt(&mut self, commitment: Hash) {
        let time = EntryTime { wall_ms: now_ms(), mono_ns: self.entries.len() as u64, boot: [1; 8], beacon: None };
        let appended = self.state.append_receipt(time, commitment, &mut rand::rng()).unwrap();
        self.keep(appended);
    }

    pub(crate) fn nodes(&self) -> LeafHashes {
        LeafHashes::new(self.leaves.clone())
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.state.checkpoint(&self.origin)
    }

    pub(crate) fn note(&self, phone: &TestPhone) -> SignedNote {
        let mut note = self.checkpoint().sign(&phone.log_key).unwrap();
        let der: Signature = phone.hw_key.sign(note.text().as_bytes());
        note.attach_hardware_line(self.origin.as_str(), &phone.enrolment_hw(), der.to_der().as_bytes()).unwrap();
        note
    }

    pub(crate) fn upload(&self, from: u64) -> Vec<u8> {
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
    pub(crate) fn enrolment_hw(&self) -> Vec<u8> {
        spki(&self.hw_key)
    }

    pub(crate) async fn send(&self, gateway: &TestGateway, call: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let path = format!("/v1/logs/{}/{call}", self.id());
        let request = self.call(gateway, Method::POST, &path).body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn announce(&self, gateway: &TestGateway, log: &Log, old: u64) -> (u16, Vec<u8>) {
        let request = AddCheckpoint::build(old, log.note(self), &log.nodes()).unwrap();
        self.send(gateway, "add-checkpoint", request.encode()).await
    }

    pub(crate) async fn upload(&self, gateway: &TestGateway, log: &Log, from: u64) -> (u16, Vec<u8>) {
        self.send(gateway, "add-entries", log.upload(from)).await
    }

    pub(crate) fn mirror_key(&self) -> VerifierKey {
        self.enrolment.mirror_vkey.parse().unwrap()
    }
}
