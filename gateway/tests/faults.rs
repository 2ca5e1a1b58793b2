//! The access column of the fault table, on the server's side: what each refusal looks like to a phone that syncs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_domain::wire::ErrorBody;
use peel_gateway::clock::real_now_s;
use peel_gateway::params;
use peel_gateway::service::{NONCE_WINDOW_S, RevocationReason, propose_revocation, submit};
use peel_gateway::storage::Tx;
use peel_ledger::mirror::MAX_ADD_ENTRIES_BYTES;
use reqwest::{Method, Response};
use rusqlite::Connection;
use support::{TestForce, TestGateway, TestPhone, read_json};

async fn upload(gateway: &TestGateway, phone: &TestPhone, body: Vec<u8>) -> Response {
    let path = format!("/v1/logs/{}/add-entries", phone.id());
    phone.call(gateway, Method::POST, &path).body(body).send().await.unwrap()
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.parse().ok()
}

fn with_limits(changes: &[(&str, &str)]) -> TestForce {
    let force = TestForce::with_store(None);
    let path = force.data().config();
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from));
        text = text.replace(from, to);
    }
    std::fs::write(&path, text).unwrap();
    force
}

fn second_connection(gateway: &TestGateway) -> Connection {
    Connection::open(gateway.force.data().database()).unwrap()
}

#[tokio::test]
async fn fault_401_names_what_is_missing_and_a_fresh_proof_gets_in() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let path = format!("/v1/logs/{}/add-entries", phone.id());
    let old = gateway.force.sessions().nonce(real_now_s() - 3 * NONCE_WINDOW_S);
    let proof = phone.proof(&Method::POST, &format!("{}{path}", gateway.url()), Some(&phone.token), Some(&old));
    let stale = gateway.call(Method::POST, &path).header("authorization", format!("DPoP {}", phone.token));
    let stale = stale.header("dpop", proof).send().await.unwrap();
    assert_eq!(stale.status(), 401);
    assert!(stale.headers()["dpop-nonce"].len() > 20 && stale.headers().contains_key("www-authenticate"));
    assert_eq!(
        upload(&gateway, &phone, Vec::new()).await.status(),
        400,
        "past the guard: an empty upload is malformed"
    );
}

/// Sends a whole request before it reads anything, as a plain client does, and gives the answer.
async fn sent_whole(gateway: &TestGateway, path: &str, secret: &str, body: &[u8]) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let authority = std::fs::read_to_string(gateway.force.path("vendor").join("ca.pem")).unwrap();
    let mut tls = peel_gateway::force::client_config(&authority).unwrap();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let address = gateway.url().trim_start_matches("https://").to_owned();
    let stream = tokio::net::TcpStream::connect(&address).await?;
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls)).connect(name, stream).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_401_reaches_a_caller_who_sends_everything_first() {
    let gateway = TestGateway::start().await;
    let body = vec![b'x'; 12 << 20];
    let answer = sent_whole(&gateway, "/v1/ingest/alerts", "wrong", &body).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("unauthenticated"), "{answer}");
    // Over HTTP/2 the whole answer comes, with no word that the stream broke.
    for path in ["/v1/ingest/alerts", "/v1/desk/events", "/v1/deployments/x/presence"] {
        let response = gateway.call(Method::POST, path).body(body.clone()).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (401, reqwest::Version::HTTP_2));
        assert_eq!(read_json::<ErrorBody>(response).await.code, "unauthenticated");
    }
}

#[tokio::test]
async fn fault_403_is_a_typed_stop_for_a_revoked_device() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let revoked = |authority: &_, tx: &_| {
        let leaf = propose_revocation(authority, tx, phone.id(), RevocationReason::Compromised)?;
        submit(authority, tx, &leaf, None)
    };
    gateway.force.change(revoked).unwrap();
    let response = upload(&gateway, &phone, Vec::new()).await;
    assert_eq!((response.status().as_u16(), retry_after(&response)), (403, None), "waiting does not help");
    assert_eq!(read_json::<ErrorBody>(response).await.code, "device.revoked");
}

#[tokio::test]
async fn fault_404_tells_a_device_that_a_restored_server_does_not_know_to_enrol_again() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    // The store goes back to before the enrolment; the token is still good, because no process remembers tokens.
    let id = phone.id().to_string();
    let gone = |_: &_, tx: &Tx| {
        tx.execute("delete from device where enrolment_id = ?1", params![id])?;
        Ok(())
    };
    gateway.force.change(gone).unwrap();
    let response = upload(&gateway, &phone, Vec::new()).await;
    assert_eq!(response.status(), 404);
    assert_eq!(read_json::<ErrorBody>(response).await.code, "device.unknown");
}

#[tokio::test]
async fn fault_413_refuses_a_body_over_the_bound_before_it_is_read() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let response = upload(&gateway, &phone, vec![0; MAX_ADD_ENTRIES_BYTES + 1]).await;
    assert_eq!((response.status().as_u16(), retry_after(&response)), (413, None), "halve, do not wait");
    assert_eq!(read_json::<ErrorBody>(response).await.code, "too_large");
}

#[tokio::test]
async fn fault_429_says_when_and_leaves_others_alone() {
    let limits = [("device_burst = 200", "device_burst = 10"), ("device_per_second = 50", "device_per_second = 1")];
    let gateway = TestGateway::serve(with_limits(&limits)).await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut waited = None;
    for _ in 0..30 {
        let response = upload(&gateway, &phone, Vec::new()).await;
        if response.status() == 429 {
            waited = retry_after(&response);
            break;
        }
    }
    assert!(waited.is_some_and(|seconds| (1..=60).contains(&seconds)));
    // The bucket is the device's own: its token still opens nothing, and the store still answers.
    assert_eq!(upload(&gateway, &phone, Vec::new()).await.status(), 429);
    assert_eq!(gateway.call(Method::GET, "/v1/pins").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn fault_503_a_full_queue_says_when_and_loses_nothing() {
    let gateway = TestGateway::serve(with_limits(&[("queue = 1024", "queue = 1")])).await;
    let phone = TestPhone::enrol(&gateway).await;
    // Another process holds the writer's lock: one request waits in the store, one in the queue, the next is told to wait.
    let holder = second_connection(&gateway);
    holder.execute_batch("begin immediate").unwrap();
    let mut sent: Vec<_> = (0..8).map(|_| Box::pin(upload(&gateway, &phone, Vec::new()))).collect();
    let (response, _, _) = futures_util::future::select_all(sent.iter_mut()).await;
    assert_eq!((response.status().as_u16(), retry_after(&response)), (503, Some(1)));
    assert_eq!(read_json::<ErrorBody>(response).await.code, "busy");
    holder.execute_batch("rollback").unwrap();
    drop(sent);
    let later = upload(&gateway, &phone, Vec::new()).await;
    assert!(later.status() == 400 || later.status() == 503);
}

#[tokio::test]
async fn fault_5xx_of_the_gateways_own_says_when_to_come_back() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    second_connection(&gateway).execute_batch("alter table log rename to lost").unwrap();
    let response = upload(&gateway, &phone, Vec::new()).await;
    assert_eq!(response.status(), 500);
    assert!(retry_after(&response).is_some());
    assert_eq!(read_json::<ErrorBody>(response).await.code, "internal", "nothing of the failure itself goes out");
}
