//! Who gets in: enrolment, tokens, sign-in, certificates, bounds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::time::Duration;

use peel_domain::deployment::Role;
use peel_domain::shift::{Binding, verify_certificate};
use peel_domain::wire::ErrorBody;
use peel_gateway::force::{client_config, read_certificates, spki_pin};
use peel_gateway::server::{Access, routes};
use peel_ledger::note::{Ed25519Signer, VerifierKey};
use reqwest::Method;
use serde_json::json;
use support::{OFFICER, PIN, TestForce, TestGateway, TestPhone, b64, enrol_body, p256_key, read_json, spki};

async fn enrol_with(gateway: &TestGateway, secret: &[u8]) -> (u16, String) {
    let log_key = Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
    let body = enrol_body(secret, &log_key, &p256_key(), &p256_key());
    let response = gateway.post("/v1/enrol", &body).send().await.unwrap();
    let status = response.status().as_u16();
    if status == 200 {
        return (status, String::new());
    }
    (status, read_json::<ErrorBody>(response).await.code)
}

#[tokio::test]
async fn an_enrolment_code_is_good_once_and_in_its_time() {
    let gateway = TestGateway::start().await;
    assert_eq!(enrol_with(&gateway, &[7; 32]).await, (401, "enrolment.unknown".to_owned()));
    let expired = gateway.force.code(&gateway.url(), 0);
    assert_eq!(enrol_with(&gateway, &expired.secret).await, (410, "enrolment.gone".to_owned()));
    let code = gateway.force.code(&gateway.url(), 60);
    assert_eq!(enrol_with(&gateway, &code.secret).await.0, 200);
    assert_eq!(enrol_with(&gateway, &code.secret).await, (410, "enrolment.gone".to_owned()));
}

#[tokio::test]
async fn unsound_keys_use_no_code_up() {
    let gateway = TestGateway::start().await;
    let code = gateway.force.code(&gateway.url(), 60);
    let log_key = Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
    for field in ["k_log", "k_hw_spki", "k_auth_spki"] {
        let mut body = enrol_body(&code.secret, &log_key, &p256_key(), &p256_key());
        body[field] = json!(b64([1, 2, 3]));
        let response = gateway.post("/v1/enrol", &body).send().await.unwrap();
        assert_eq!(response.status(), 422, "{field}");
    }
    assert_eq!(enrol_with(&gateway, &code.secret).await.0, 200);
}

#[tokio::test]
async fn the_code_names_the_servers_key_and_root() {
    let force = TestForce::new();
    let code = force.code("https://127.0.0.1:1", 60);
    let pem = std::fs::read_to_string(force.path("data").join("tls/server.pem")).unwrap();
    let certificate = read_certificates(&pem).unwrap().remove(0);
    let parsed = rustls::pki_types::CertificateDer::from(certificate.to_vec());
    let end_entity = rustls::server::ParsedCertificate::try_from(&parsed).unwrap();
    assert_eq!(spki_pin(&end_entity.subject_public_key_info()), code.spki_pins[0]);
    assert_ne!(code.spki_pins[0], code.spki_pins[1]);
    let root = std::fs::read_to_string(force.path("vendor").join("ca.pem")).unwrap();
    assert_eq!(read_certificates(&root).unwrap().remove(0).to_vec(), code.root_certificate);
}

#[tokio::test]
async fn a_client_of_another_root_and_one_without_tls_get_nothing() {
    let gateway = TestGateway::start().await;
    let other = TestForce::new();
    let pem = std::fs::read_to_string(other.path("vendor").join("ca.pem")).unwrap();
    let stranger =
        reqwest::Client::builder().tls_backend_preconfigured(client_config(&pem).unwrap()).no_proxy().build().unwrap();
    assert!(stranger.get(format!("{}/healthz", gateway.url())).send().await.is_err());
    let plain = gateway.url().replace("https://", "http://");
    assert!(gateway.http.get(format!("{plain}/healthz")).send().await.is_err());
    assert_eq!(gateway.call(Method::GET, "/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn s02_sign_in_gives_a_certificate_of_the_force_for_this_officer_and_device() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let officer_key = spki(&p256_key());
    let body = json!({ "officer_id": OFFICER, "pin": PIN, "k_officer_spki": b64(&officer_key) });
    let response = phone.post(&gateway, "/v1/sign-in", &body).send().await.unwrap();
    let signed: peel_domain::wire::SignInResponse = read_json(response).await;
    let code = gateway.force.code(&gateway.url(), 60);
    let root: VerifierKey = code.force_vkey.parse().unwrap();
    let root: [u8; 32] = root.key_bytes().try_into().unwrap();
    let binding = Binding { enrolment_id: phone.id(), k_officer_spki: &officer_key };
    let officer = verify_certificate(signed.certificate.as_bytes(), &root, binding, support::now_ms()).unwrap();
    assert_eq!(officer.officer_id().as_str(), OFFICER);
    assert_eq!(officer.roles(gateway.force.deployment_id).len(), 1);
}

/// The status and the code of a sign-in.
async fn signing_in(gateway: &TestGateway, phone: &TestPhone, officer: &str, pin: &str) -> (u16, String) {
    let response = phone.try_sign_in(gateway, officer, pin).await;
    let status = response.status().as_u16();
    (status, if status == 200 { String::new() } else { read_json::<ErrorBody>(response).await.code })
}

#[tokio::test]
async fn s38_five_wrong_pins_close_an_officers_sign_in_on_that_phone_and_on_no_other() {
    let gateway = TestGateway::start().await;
    let (stolen, own) = (TestPhone::enrol(&gateway).await, TestPhone::enrol(&gateway).await);
    let refused = (401, "sign_in.refused".to_owned());
    for _ in 0..5 {
        assert_eq!(signing_in(&gateway, &stolen, OFFICER, "000000").await, refused);
    }
    assert_eq!(signing_in(&gateway, &stolen, OFFICER, PIN).await, (429, "sign_in.locked".to_owned()));
    assert_eq!(signing_in(&gateway, &own, OFFICER, PIN).await.0, 200);
    // A new PIN opens it again.
    gateway.force.add_officer(OFFICER, Role::EngagementOfficer);
    assert_eq!(signing_in(&gateway, &stolen, OFFICER, PIN).await.0, 200);
}

#[tokio::test]
async fn s38_ten_wrong_pins_for_whomever_close_sign_in_on_that_phone_and_on_no_other() {
    let gateway = TestGateway::start().await;
    let (stolen, own) = (TestPhone::enrol(&gateway).await, TestPhone::enrol(&gateway).await);
    // Numbers that nobody has count like others, or they could be tried for ever.
    for number in 0..10 {
        assert_eq!(signing_in(&gateway, &stolen, &format!("PC-9{number}"), PIN).await.0, 401);
    }
    let closed = (429, "sign_in.device_locked".to_owned());
    assert_eq!(signing_in(&gateway, &stolen, OFFICER, PIN).await, closed);
    assert_eq!(signing_in(&gateway, &stolen, "PC-1", PIN).await, closed);
    assert_eq!(signing_in(&gateway, &own, OFFICER, PIN).await.0, 200);
}

#[tokio::test]
async fn every_guarded_route_refuses_a_stranger() {
    let gateway = TestGateway::start().await;
    let id = uuid::Uuid::nil().to_string();
    let mut guarded = 0;
    for route in routes::table() {
        if route.access == Access::Open {
            continue;
        }
        guarded += 1;
        let path = route.path.split('/').map(|part| if part.starts_with('{') { id.as_str() } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let method: Method = route.method.parse().unwrap();
        let bare = gateway.call(method.clone(), &path).send().await.unwrap();
        assert_eq!(bare.status(), 401, "{} {}", route.method, route.path);
        let code = if route.access == Access::Proof { "invalid_dpop_proof" } else { "unauthenticated" };
        assert_eq!(read_json::<ErrorBody>(bare).await.code, code);
        // Another caller's key opens nothing either.
        let key = if route.path.starts_with("/v1/ingest/alerts") { "operator.key" } else { "ingest.key" };
        if !route.path.starts_with("/v1/ingest/feeds") {
            let wrong = gateway.call(method, &path).bearer_auth(gateway.force.secret(key)).send().await.unwrap();
            assert_eq!(wrong.status(), 401, "{} {}", route.method, route.path);
        }
    }
    assert!(guarded >= 15);
    assert_eq!(gateway.call(Method::GET, "/v1/nothing").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_to_wait() {
    let force = TestForce::new();
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("device_burst = 200", "device_burst = 30")
        .replace("device_per_second = 50", "device_per_second = 1");
    std::fs::write(&path, text).unwrap();
    let gateway = TestGateway::serve(force).await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut refused = None;
    for _ in 0..40 {
        let response = phone.get(&gateway, "/v1/deployments").send().await.unwrap();
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    assert!(refused.unwrap().headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_up() {
    let force = TestForce::new();
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap().replace("request_seconds = 15", "request_seconds = 1");
    std::fs::write(&path, text).unwrap();
    let gateway = TestGateway::serve(force).await;
    let drip = futures_util::stream::unfold(0_u8, |n| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Some((Ok::<_, std::io::Error>(bytes::Bytes::from_static(b" ")), n))
    });
    let request = gateway.call(Method::POST, "/v1/enrol").body(reqwest::Body::wrap_stream(drip));
    let answer = request.send().await;
    assert!(answer.is_err() || answer.unwrap().status() == 408);
}

#[tokio::test]
async fn an_exercise_clock_needs_an_exercise_force() {
    let force = TestForce::new();
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap().replace("exercise = true", "exercise = false");
    std::fs::write(&path, text).unwrap();
    let clock = "1700000000000:0:10".parse().unwrap();
    let refused = peel_gateway::service::Authority::open(force.data(), Some(clock));
    assert_eq!(refused.unwrap_err().code(), "exercise_clock");
}
