//! What the gateway does when there is too much: of waiting work, and of what is stored.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::sync::Arc;
use std::time::Duration;

use peel_domain::wire::ErrorBody;
use peel_ledger::mirror::MirrorReceipt;
use support::device_log::Log;
use support::{TestForce, TestGateway, TestPhone, read_json};

fn configure(force: &TestForce, from: &str, to: &str) {
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    std::fs::write(&path, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_told_to_come_back() {
    let force = TestForce::new();
    configure(&force, "queue = 1024", "queue = 2");
    let gateway = Arc::new(TestGateway::serve(force).await);
    let code = gateway.force.code(&gateway.url(), 600);
    // Another process holds the file's writer: what is asked of the gateway waits.
    let other = rusqlite::Connection::open(gateway.force.data().database()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let key = peel_ledger::note::Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
    let body = support::enrol_body(&code.secret, &key, &support::p256_key(), &support::p256_key());
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (gateway, body) = (Arc::clone(&gateway), body.clone());
        asked.spawn(async move { gateway.post("/v1/enrol", &body).send().await.unwrap() });
    }
    let refused = asked.join_next().await.unwrap().unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(read_json::<ErrorBody>(refused).await.code, "busy");
    // Reading goes on meanwhile.
    assert_eq!(gateway.call(reqwest::Method::GET, "/healthz").send().await.unwrap().status(), 200);
    other.execute_batch("rollback").unwrap();
    let mut enrolled = 0;
    while let Some(response) = asked.join_next().await {
        match response.unwrap().status().as_u16() {
            200 => enrolled += 1,
            503 | 410 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(enrolled, 1, "what waited was done, and a code is good once");
}

#[tokio::test]
async fn a_full_disk_signs_nothing_and_loses_nothing() {
    let force = TestForce::new();
    configure(&force, "stream_backlog = 20000", "stream_backlog = 20000\nstore_mib = 1");
    let mut gateway = TestGateway::serve(force).await;
    let mut phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    let mut acknowledged = 0;
    let refused = loop {
        log.write(100);
        let announced = phone.announce(&gateway, &log, acknowledged).await;
        let (status, reply) =
            if announced.0 == 200 { phone.upload(&gateway, &log, acknowledged).await } else { announced };
        if status != 200 {
            break (status, reply);
        }
        MirrorReceipt::verify(&reply, &log.checkpoint(), &phone.mirror_key()).unwrap();
        acknowledged = log.state.size();
        assert!(acknowledged < 100_000);
    };
    assert_eq!(refused.0, 507);
    assert_eq!(serde_json::from_slice::<ErrorBody>(&refused.1).unwrap().code, "storage.full");
    assert!(acknowledged >= 100);
    // Asked again it says the same, and what was acknowledged is still there to be read.
    assert_eq!(phone.upload(&gateway, &log, acknowledged).await.0, 507);
    let id = phone.id().to_string();
    let kept = |force: &TestForce, size: u64| {
        let path = force.data().database();
        let db = rusqlite::Connection::open(path).unwrap();
        let sql = "select count(*), (select size from log where log_id = ?1) from entry where log_id = ?1";
        let found: (i64, i64) = db.query_row(sql, [&id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(found, (i64::try_from(size).unwrap(), i64::try_from(size).unwrap()));
    };
    kept(&gateway.force, acknowledged);
    // With room again the phone goes on where it was.
    configure(&gateway.force, "store_mib = 1", "store_mib = 64");
    gateway = gateway.restart().await;
    phone.token = phone.fetch_token(&gateway).await;
    let announced = phone.announce(&gateway, &log, acknowledged).await.0;
    assert!([200, 409].contains(&announced), "{announced}");
    let (status, lines) = phone.upload(&gateway, &log, acknowledged).await;
    assert_eq!(status, 200);
    MirrorReceipt::verify(&lines, &log.checkpoint(), &phone.mirror_key()).unwrap();
    kept(&gateway.force, log.state.size());
    let beacon = gateway.call(reqwest::Method::GET, "/v1/beacon").timeout(Duration::from_secs(5)).send().await;
    assert_eq!(beacon.unwrap().status(), 200);
}
