//! Proof of possession: a device's token is of use to nobody but the device, and to each gateway process of the force.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_domain::wire::ErrorBody;
use peel_domain::wire::dpop::Thumbprint;
use peel_gateway::clock::real_now_s;
use peel_gateway::server::RunningServer;
use peel_gateway::service::{NONCE_WINDOW_S, TOKEN_LIFE_S, TokenClaims};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use support::{TestGateway, TestPhone, read_json};

const PATH: &str = "/v1/deployments";

/// A request with this token and this proof.
fn with(gateway: &TestGateway, token: &str, proof: &str) -> RequestBuilder {
    gateway.call(Method::GET, PATH).header("authorization", format!("DPoP {token}")).header("dpop", proof)
}

async fn refusal(request: RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    (status, read_json::<ErrorBody>(response).await.code, challenge.unwrap_or_default())
}

fn nonce(gateway: &TestGateway) -> String {
    gateway.force.sessions().nonce(real_now_s())
}

fn url(gateway: &TestGateway) -> String {
    format!("{}{PATH}", gateway.url())
}

/// The status line of a request whose `Host` is whatever the caller says.
async fn saying_host(gateway: &TestGateway, host: &str, token: &str, proof: &str) -> String {
    support::status_line(gateway, host, PATH, token, proof).await
}

/// Nobody is signed in, so whoever gets past the guard is told 403.
fn is_past_the_guard(response: &Response) -> bool {
    response.status() == 403
}

#[tokio::test]
async fn a_proof_without_the_present_nonce_is_told_it_and_then_gets_in() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let old = gateway.force.sessions().nonce(real_now_s() - 2 * NONCE_WINDOW_S);
    for nonce in [None, Some("made-up"), Some(old.as_str())] {
        let proof = phone.proof(&Method::GET, &url(&gateway), Some(&phone.token), nonce);
        let response = with(&gateway, &phone.token, &proof).send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert!(response.headers()["www-authenticate"].to_str().unwrap().contains(r#"error="use_dpop_nonce""#));
        let given = response.headers()["dpop-nonce"].to_str().unwrap().to_owned();
        assert_eq!(read_json::<ErrorBody>(response).await.code, "use_dpop_nonce");
        let proof = phone.proof(&Method::GET, &url(&gateway), Some(&phone.token), Some(&given));
        let response = with(&gateway, &phone.token, &proof).send().await.unwrap();
        assert!(is_past_the_guard(&response));
        assert!(response.headers().contains_key("dpop-nonce"), "every reply names the present nonce");
    }
}

#[tokio::test]
async fn a_stolen_token_is_of_no_use_without_its_key() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let thief = TestPhone::enrol(&gateway).await;
    let bare = gateway.call(Method::GET, PATH).bearer_auth(&phone.token);
    assert_eq!(refusal(bare).await.0, 401);
    let no_proof = gateway.call(Method::GET, PATH).header("authorization", format!("DPoP {}", phone.token));
    let (status, code, challenge) = refusal(no_proof).await;
    assert_eq!((status, code.as_str()), (401, "invalid_dpop_proof"));
    assert!(challenge.contains(r#"error="invalid_dpop_proof""#));
    let nonce = nonce(&gateway);
    let proof = thief.proof(&Method::GET, &url(&gateway), Some(&phone.token), Some(&nonce));
    assert_eq!(refusal(with(&gateway, &phone.token, &proof)).await.1, "invalid_dpop_proof");
    // The thief's own token and proof, in the phone's place: the log stays closed.
    let path = format!("/v1/logs/{}/add-entries", phone.id());
    assert_eq!(thief.call(&gateway, Method::POST, &path).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_proof_counts_once_and_for_its_own_request_alone() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let nonce = nonce(&gateway);
    let proof = phone.proof(&Method::GET, &url(&gateway), Some(&phone.token), Some(&nonce));
    assert!(is_past_the_guard(&with(&gateway, &phone.token, &proof).send().await.unwrap()));
    assert_eq!(refusal(with(&gateway, &phone.token, &proof)).await.1, "invalid_dpop_proof");
    for (method, address, token) in [
        (Method::POST, url(&gateway), Some(phone.token.as_str())),
        (Method::GET, format!("{}/v1/policy", gateway.url()), Some(phone.token.as_str())),
        (Method::GET, format!("https://elsewhere.example{PATH}"), Some(phone.token.as_str())),
        (Method::GET, url(&gateway), Some("another")),
        (Method::GET, url(&gateway), None),
    ] {
        let proof = phone.proof(&method, &address, token, Some(&nonce));
        assert_eq!(refusal(with(&gateway, &phone.token, &proof)).await.1, "invalid_dpop_proof", "{method} {address}");
    }
    let proofs: Vec<_> =
        (0..2).map(|_| phone.proof(&Method::GET, &url(&gateway), Some(&phone.token), Some(&nonce))).collect();
    let two = with(&gateway, &phone.token, &proofs[0]).header("dpop", &proofs[1]);
    assert_eq!(refusal(two).await.1, "invalid_dpop_proof", "two proofs are none");
}

#[tokio::test]
async fn a_proof_that_was_used_before_a_restart_does_not_count_after_it() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    // A host without a port: the server that comes after listens on another one.
    let proof =
        phone.proof(&Method::GET, &format!("https://localhost{PATH}"), Some(&phone.token), Some(&nonce(&gateway)));
    assert!(saying_host(&gateway, "localhost", &phone.token, &proof).await.starts_with("HTTP/1.1 403"));
    let gateway = gateway.restart().await;
    assert!(saying_host(&gateway, "localhost", &phone.token, &proof).await.starts_with("HTTP/1.1 401"));
    let proof = phone.proof(&Method::GET, &url(&gateway), Some(&phone.token), Some(&nonce(&gateway)));
    assert!(is_past_the_guard(&with(&gateway, &phone.token, &proof).send().await.unwrap()));
}

#[tokio::test]
async fn a_proof_for_another_server_does_not_count_here_whatever_host_the_request_names() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let nonce = nonce(&gateway);
    let own = gateway.url().trim_start_matches("https://").to_owned();
    let localhost = format!("localhost:{}", own.rsplit_once(':').unwrap().1);
    for (host, gets_in) in [
        ("elsewhere.example", false),
        ("localhost.elsewhere.example", false),
        (own.as_str(), true),
        (localhost.as_str(), true),
    ] {
        let proof = phone.proof(&Method::GET, &format!("https://{host}{PATH}"), Some(&phone.token), Some(&nonce));
        let status = saying_host(&gateway, host, &phone.token, &proof).await;
        assert_eq!(status.starts_with("HTTP/1.1 403"), gets_in, "{host}: {status}");
        assert_eq!(status.starts_with("HTTP/1.1 401"), !gets_in, "{host}: {status}");
    }
}

#[tokio::test]
async fn a_token_that_is_over_is_refused_and_a_new_one_is_had_with_the_key() {
    let gateway = TestGateway::start().await;
    let mut phone = TestPhone::enrol(&gateway).await;
    let thumbprint = Thumbprint::of_spki(&support::spki(&phone.auth_key)).unwrap();
    let claims = TokenClaims { enrolment_id: phone.id(), thumbprint };
    phone.token = gateway.force.sessions().token(claims, real_now_s() - TOKEN_LIFE_S);
    let (status, code, challenge) = refusal(phone.get(&gateway, PATH)).await;
    assert_eq!((status, code.as_str()), (401, "unauthenticated"));
    assert!(challenge.contains(r#"error="invalid_token""#));
    phone.token = phone.fetch_token(&gateway).await;
    assert!(is_past_the_guard(&phone.get(&gateway, PATH).send().await.unwrap()));
}

#[tokio::test]
async fn a_token_is_given_to_the_enrolled_key_alone() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let stranger = TestPhone::enrol(&gateway).await;
    let ask = async |signer: &TestPhone, id: String| {
        let nonce = nonce(&gateway);
        let proof = signer.proof(&Method::POST, &format!("{}/v1/token", gateway.url()), None, Some(&nonce));
        let request = gateway.post("/v1/token", &json!({ "enrolment_id": id })).header("dpop", proof);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, if status == 200 { String::new() } else { read_json::<ErrorBody>(response).await.code })
    };
    assert_eq!(ask(&phone, phone.id().to_string()).await.0, 200);
    assert_eq!(ask(&stranger, phone.id().to_string()).await, (401, "invalid_dpop_proof".to_owned()));
    let nobody = uuid::Uuid::nil().to_string();
    assert_eq!(ask(&phone, nobody).await, (404, "device.unknown".to_owned()), "it must be enrolled again");
}

#[tokio::test]
async fn every_process_of_the_force_takes_the_others_tokens_and_nonces() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let second = RunningServer::start(gateway.force.data(), "127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let first = gateway.call(Method::POST, "/v1/token").send().await.unwrap();
    let nonce = first.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let url = format!("https://{}{PATH}", second.address());
    let proof = phone.proof(&Method::GET, &url, Some(&phone.token), Some(&nonce));
    let request = gateway.http.get(&url).header("authorization", format!("DPoP {}", phone.token));
    assert!(is_past_the_guard(&request.header("dpop", proof).send().await.unwrap()));
    second.shut_down().await;
}
