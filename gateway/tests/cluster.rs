//! Several gateway processes on one PostgreSQL database behave as one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::storage::{LogStore as _, Logs};
use peel_ledger::bundle::{Trust, Verdict, VerifyOptions, verify};
use peel_ledger::force_log::ForceLeaf;
use peel_ledger::mirror::{AddCheckpoint, MirrorInfo, MirrorReceipt, beacon};
use peel_ledger::note::VerifierKey;
use reqwest::Method;
use support::device_log::Log;
use support::{OFFICER, Serving, TestForce, TestGateway, TestPhone, store};

const PHONES: usize = 4;
const ROUNDS: usize = 12;
const ENTRIES: usize = 7;

/// Two processes on one new database; nothing where there is no server.
fn two_processes() -> Option<[TestGateway; 2]> {
    let force = Arc::new(TestForce::with_store(Some(store::new_database()?)));
    Some([TestGateway::process(&force), TestGateway::process(&force)])
}

/// A phone that syncs with whichever gateway answers.
struct Syncing {
    phone: TestPhone,
    log: Log,
    /// Which gateway it talks to now.
    at: usize,
    /// Every acknowledged size with the lines that acknowledged it.
    acknowledged: Vec<(u64, Vec<u8>)>,
}

impl Syncing {
    /// One call; `None` where the gateway is not there or the outcome is unknown.
    async fn call(&self, gateway: &TestGateway, call: &str, body: Vec<u8>) -> Option<(u16, Vec<u8>)> {
        let path = format!("/v1/logs/{}/{call}", self.phone.id());
        let response = self.phone.call(gateway, Method::POST, &path).body(body).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.bytes().await.ok()?.to_vec())).filter(|(status, _)| *status < 500)
    }

    /// Moves to the other gateway, with the token that it has.
    fn move_on(&mut self, alive: &AtomicUsize) {
        let there = (self.at + 1) % 2;
        if alive.load(Ordering::SeqCst) & (1 << there) != 0 {
            self.at = there;
        }
    }

    async fn sync(&mut self, gateways: &[TestGateway; 2], alive: &AtomicUsize) {
        let (mut old, mut from) = self.acknowledged.last().map_or((0, 0), |(size, _)| (*size, *size));
        let size = self.log.state.size();
        for _ in 0..40 {
            let note = self.log.note(&self.phone);
            let request = AddCheckpoint::build(old, note, &self.log.nodes()).unwrap();
            match self.call(&gateways[self.at], "add-checkpoint", request.encode()).await {
                Some((200, _)) => old = size,
                Some((409, known)) => old = String::from_utf8(known).unwrap().trim().parse().unwrap(),
                // Also a 401: nobody has to ask the other process for a token.
                Some((status, _)) => panic!("add-checkpoint: {status}"),
                None => {
                    self.move_on(alive);
                    continue;
                }
            }
            if old != size {
                continue;
            }
            match self.call(&gateways[self.at], "add-entries", self.log.upload(from)).await {
                Some((200, lines)) => {
                    let mirror: VerifierKey = self.phone.enrolment.mirror_vkey.parse().unwrap();
                    MirrorReceipt::verify(&lines, &self.log.checkpoint(), &mirror).unwrap();
                    self.acknowledged.push((size, lines));
                    return;
                }
                Some((202 | 409, info)) => from = MirrorInfo::parse(&info).unwrap().next_entry,
                Some((status, _)) => panic!("add-entries: {status}"),
                None => self.move_on(alive),
            }
        }
        panic!("a phone could not sync");
    }
}

/// Checks, in the database itself and as an outsider would, that all is there that was acknowledged.
fn check(force: &TestForce, phones: &[Syncing]) {
    let (files, trust, leaves, stored) = force
        .change(|authority, tx| {
            let logs = Logs(tx);
            let leaves = logs.read_entries("log", 0, 1_000_000, usize::MAX)?;
            let mut stored = BTreeMap::new();
            for row in logs.logs()? {
                let entries = logs.read_entries(&row.log_id, 0, 1_000_000, usize::MAX)?;
                stored.insert(row.log_id, entries);
            }
            Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?, leaves, stored))
        })
        .unwrap();
    let mut accepted: BTreeMap<String, Vec<(u64, peel_ledger::Hash)>> = BTreeMap::new();
    for leaf in &leaves {
        if let ForceLeaf::Checkpoint(leaf) = ForceLeaf::decode(leaf).unwrap() {
            accepted.entry(leaf.origin.to_string()).or_default().push((leaf.size, leaf.lines));
        }
    }
    for sizes in accepted.values() {
        assert!(sizes.windows(2).all(|pair| pair[0].0 < pair[1].0), "each acceptance once, and in order");
    }
    for syncing in phones {
        assert_eq!(stored[&syncing.phone.id().to_string()], syncing.log.entries, "byte for byte");
        let accepted = &accepted[syncing.log.origin.as_str()];
        for (size, lines) in &syncing.acknowledged {
            let lines = std::str::from_utf8(lines).unwrap();
            assert!(accepted.contains(&(*size, beacon(lines))), "every cosignature is a leaf");
        }
    }
    let trust = Trust::parse(&trust).unwrap();
    let report = verify(&files, &trust, VerifyOptions::default(), &mut |_| {});
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s35_two_gateways_on_one_database_lose_nothing_when_one_is_killed_under_load() {
    let Some(gateways) = two_processes() else { return };
    let mut phones = Vec::new();
    for number in 0..PHONES {
        let phone = TestPhone::enrol(&gateways[number % 2]).await;
        let log = Log::new(&phone);
        phones.push(Syncing { phone, log, at: number % 2, acknowledged: Vec::new() });
    }
    let Serving::Process(doomed, _) = &gateways[0].serving else { panic!() };
    let doomed_id = doomed.0.id().to_string();
    let force = Arc::clone(&gateways[0].force);
    let gateways = Arc::new(gateways);
    let (alive, syncs) = (Arc::new(AtomicUsize::new(3)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for mut syncing in phones {
        let (gateways, alive, syncs) = (Arc::clone(&gateways), Arc::clone(&alive), Arc::clone(&syncs));
        tasks.push(tokio::spawn(async move {
            for _ in 0..ROUNDS {
                syncing.log.write(ENTRIES);
                syncing.sync(&gateways, &alive).await;
                syncs.fetch_add(1, Ordering::SeqCst);
            }
            syncing
        }));
    }
    while syncs.load(Ordering::SeqCst) < (PHONES * ROUNDS / 3) as u64 {
        tokio::task::yield_now().await;
    }
    alive.store(2, Ordering::SeqCst);
    assert!(std::process::Command::new("kill").args(["-KILL", &doomed_id]).status().unwrap().success());
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    assert!(done.iter().all(|syncing| syncing.acknowledged.len() == ROUNDS));
    check(&force, &done);
}

/// What a gateway says to a request for a path of this host, with this proof.
async fn with_proof(gateway: &TestGateway, phone: &TestPhone, proof: &str) -> u16 {
    let line = support::status_line(gateway, "localhost", "/v1/deployments", &phone.token, proof).await;
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_counts_once_whichever_process_it_goes_to_also_after_a_kill() {
    let Some([first, second]) = two_processes() else { return };
    let phone = TestPhone::enrol(&first).await;
    let nonce = first.force.sessions().nonce(peel_gateway::clock::real_now_s());
    let proofs: Vec<_> = (0..3)
        .map(|_| phone.proof(&Method::GET, "https://localhost/v1/deployments", Some(&phone.token), Some(&nonce)))
        .collect();
    // Nobody is signed in: whoever gets past the guard is told 403.
    assert_eq!(with_proof(&first, &phone, &proofs[0]).await, 403);
    assert_eq!(with_proof(&second, &phone, &proofs[0]).await, 401);
    assert_eq!(with_proof(&second, &phone, &proofs[1]).await, 403);
    assert_eq!(with_proof(&first, &phone, &proofs[1]).await, 401);
    let force = Arc::clone(&first.force);
    drop((first, second));
    let third = TestGateway::process(&force);
    for proof in &proofs[..2] {
        assert_eq!(with_proof(&third, &phone, proof).await, 401);
    }
    assert_eq!(with_proof(&third, &phone, &proofs[2]).await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_has_one_bucket_however_many_processes_it_reaches() {
    const BURST: usize = 60;
    let Some(store) = store::new_database() else { return };
    let force = TestForce::with_store(Some(store));
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap();
    let bounded = text.replace("device_burst = 200", "device_burst = 60");
    let bounded = bounded.replace("device_per_second = 50", "device_per_second = 1");
    assert_ne!(text, bounded);
    std::fs::write(&path, bounded).unwrap();
    let force = Arc::new(force);
    let gateways = [TestGateway::process(&force), TestGateway::process(&force)];
    let phone = TestPhone::enrol(&gateways[0]).await;
    let mut answered = [0; 2];
    for (gateway, answered) in gateways.iter().zip(&mut answered) {
        while phone.get(gateway, "/v1/deployments").send().await.unwrap().status() != 429 {
            *answered += 1;
        }
    }
    assert!(answered[0] >= BURST, "{answered:?}");
    assert!(answered[1] < BURST / 2, "the other process has but what came back meanwhile: {answered:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_hears_what_another_process_wrote_and_reads_its_images() {
    let Some([first, second]) = two_processes() else { return };
    first.go_live().await;
    let phone = second.phone(OFFICER).await;
    let mut stream = phone.stream(&second, None).await;
    for _ in 0..3 {
        let alert_id = first.ingest().await;
        let (_, alert) = stream.next_alert().await;
        assert_eq!(alert.alert_id, alert_id);
        let path = format!("/v1/media/{}", alert.reference.media_id);
        assert_eq!(phone.get(&second, &path).send().await.unwrap().status(), 200);
    }
    // A code is good once, whichever process is asked.
    let code = first.force.code(&first.url(), 600);
    let key = peel_ledger::note::Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
    let body = support::enrol_body(&code.secret, &key, &support::p256_key(), &support::p256_key());
    assert_eq!(first.post("/v1/enrol", &body).send().await.unwrap().status(), 200);
    assert_eq!(second.post("/v1/enrol", &body).send().await.unwrap().status(), 410);
}
