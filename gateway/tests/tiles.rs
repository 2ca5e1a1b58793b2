//! Logs as tlog-tiles over HTTP, checked by the ledger alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::collections::BTreeMap;

use peel_ledger::Origin;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{CheckpointLeaf, ForceLeaf};
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::tiles::{layout, read_log};
use peel_ledger::tlog_proof::{LogTrust, TlogProof};
use peel_ledger::tree::leaf_hash;
use reqwest::{Method, Response};
use support::device_log::Log;
use support::{TestGateway, TestPhone};

async fn get(gateway: &TestGateway, path: &str, key: Option<&str>) -> Response {
    let mut request = gateway.call(Method::GET, path);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    request.send().await.unwrap()
}

/// Every file of a log, at the size of its checkpoint, and the entries that they prove.
async fn fetch(gateway: &TestGateway, prefix: &str, key: Option<&str>) -> (SignedNote, Vec<Vec<u8>>) {
    let response = get(gateway, &format!("{prefix}/checkpoint"), key).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let note = SignedNote::parse(&response.bytes().await.unwrap()).unwrap();
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let mut files = BTreeMap::new();
    for tile in layout(checkpoint.size) {
        let response = get(gateway, &format!("{prefix}/{}", tile.path()), key).await;
        assert_eq!(response.status(), 200, "{}", tile.path());
        let cache = response.headers()["cache-control"].to_str().unwrap();
        assert!(cache.ends_with("max-age=31536000, immutable"), "{cache}");
        assert_eq!(cache.starts_with("public"), key.is_none());
        files.insert(tile.path(), response.bytes().await.unwrap().to_vec());
    }
    let log = read_log(checkpoint.size, &files).unwrap();
    assert_eq!(log.range.root(), checkpoint.root, "the tiles prove the signed root");
    (note, log.entries)
}

#[tokio::test]
async fn anybody_reads_the_force_log_and_it_proves_itself() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    log.write(3);
    phone.announce(&gateway, &log, 0).await;
    assert_eq!(phone.upload(&gateway, &log, 0).await.0, 200);
    let (note, leaves) = fetch(&gateway, "/v1/log", None).await;
    let key: VerifierKey = phone.enrolment.force_log_vkey.parse().unwrap();
    assert_eq!(note.verify(&[key]).unwrap().len(), 1);
    let last = ForceLeaf::decode(leaves.last().unwrap()).unwrap();
    assert!(matches!(last, ForceLeaf::Checkpoint(leaf) if leaf.origin == log.origin && leaf.size == 3));
}

#[tokio::test]
async fn a_phone_is_proved_where_its_checkpoint_stands_in_the_force_log() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    let log_key: VerifierKey = phone.enrolment.force_log_vkey.parse().unwrap();
    let origin = Origin::new(log_key.name()).unwrap();
    let trust = LogTrust { origin, log_key, witnesses: Vec::new(), witnesses_needed: 0 };
    let mut old = 0;
    let mut leaves = Vec::new();
    for size in [3, 4, 300] {
        log.write(size - log.entries.len());
        phone.announce(&gateway, &log, old).await;
        let (status, lines) = phone.upload(&gateway, &log, old).await;
        assert_eq!(status, 200);
        old = log.state.size();
        // What the phone makes of the reply, without asking anybody.
        let receipt = MirrorReceipt::verify(&lines, &log.checkpoint(), &phone.mirror_key()).unwrap();
        leaves.push(ForceLeaf::Checkpoint(CheckpointLeaf::from(&receipt)).encode());
    }
    for leaf in leaves.iter().map(|leaf| leaf_hash(leaf)) {
        let response = phone.get(&gateway, &format!("/v1/log/proof/{}", leaf.to_hex())).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let proof = TlogProof::parse(&response.bytes().await.unwrap()).unwrap();
        proof.verify(&leaf, &trust).unwrap();
    }
    let nobodys = leaf_hash(b"nobody's").to_hex();
    for unknown in [nobodys.as_str(), "ab", "zz", nobodys.to_uppercase().as_str()] {
        assert_eq!(
            phone.get(&gateway, &format!("/v1/log/proof/{unknown}")).send().await.unwrap().status(),
            404,
            "{unknown}"
        );
    }
    assert_eq!(get(&gateway, &format!("/v1/log/proof/{nobodys}"), None).await.status(), 401);
}

#[tokio::test]
async fn a_phones_log_is_read_by_the_desk_alone_at_any_size() {
    let gateway = TestGateway::start().await;
    let desk = std::fs::read_to_string(gateway.force.path("desk").join("desk.key")).unwrap();
    let desk = desk.trim();
    let phone = TestPhone::enrol(&gateway).await;
    let prefix = format!("/v1/desk/logs/{}", phone.id());
    assert_eq!(get(&gateway, &format!("{prefix}/checkpoint"), Some(desk)).await.status(), 404, "nothing is signed yet");
    let mut log = Log::new(&phone);
    let mut old = 0;
    for size in [1, 255, 256, 257, 600] {
        log.write(size - log.entries.len());
        phone.announce(&gateway, &log, old).await;
        assert_eq!(phone.upload(&gateway, &log, old).await.0, 200);
        old = log.state.size();
        let (_, entries) = fetch(&gateway, &prefix, Some(desk)).await;
        assert_eq!(entries, log.entries);
    }
    assert_eq!(get(&gateway, &format!("{prefix}/checkpoint"), None).await.status(), 401);
    let beyond = ["tile/0/002.p/89", "tile/0/003.p/1", "tile/1/000.p/3", "tile/2/000.p/1", "tile/entries/002.p/89"];
    let no_tiles = ["tile/0/000.p/0", "tile/0/000.p/256", "tile/0/0", "tile/00/000", "tile/0/x000/000", "tile/63/000"];
    for path in beyond.into_iter().chain(no_tiles) {
        assert_eq!(get(&gateway, &format!("{prefix}/{path}"), Some(desk)).await.status(), 404, "{path}");
    }
    // An older partial tile stays what it was.
    let response = get(&gateway, &format!("{prefix}/tile/0/000.p/7"), Some(desk)).await;
    let expected: Vec<u8> = log.leaves[..7].iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    assert_eq!(response.bytes().await.unwrap().to_vec(), expected);
}
