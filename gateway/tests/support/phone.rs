//! A phone: its keys, its session, its requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::id::EnrolmentId;
use peel_domain::wire::dpop::{DpopRequest, ProofDraft};
use peel_domain::wire::{EnrolResponse, EnrolmentCode, SignInResponse, TokenResponse};
use peel_gateway::clock::real_now_s;
use peel_gateway::service::replacement_text;
use peel_ledger::note::Ed25519Signer;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::stream::TestStream;
use super::{PIN, TestGateway, read_json};

/// A phone's keys and session.
pub(crate) struct TestPhone {
    pub(crate) enrolment: EnrolResponse,
    pub(crate) log_key: Ed25519Signer,
    pub(crate) hw_key: SigningKey,
    pub(crate) auth_key: SigningKey,
    pub(crate) token: String,
}

pub(crate) fn p256_key() -> SigningKey {
    let mut seed = [0_u8; 32];
    rand_core::Rng::fill_bytes(&mut rand::rng(), &mut seed);
    SigningKey::from_slice(&seed).unwrap()
}

pub(crate) fn spki(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn enrol_body(secret: &[u8], log_key: &Ed25519Signer, hw: &SigningKey, auth: &SigningKey) -> Value {
    json!({
        "secret": b64(secret), "k_log": b64(log_key.verifier().unwrap().key_bytes()), "k_hw_spki": b64(spki(hw)),
        "k_auth_spki": b64(spki(auth)), "model": "test phone",
    })
}

impl TestPhone {
    pub(crate) async fn enrol(gateway: &TestGateway) -> Self {
        let mut phone = Self::enrol_without_token(gateway).await;
        phone.token = phone.fetch_token(gateway).await;
        phone
    }

    pub(crate) async fn enrol_without_token(gateway: &TestGateway) -> Self {
        let code = gateway.force.code(&gateway.url(), 600);
        Self::enrol_with(gateway, &code).await
    }

    /// Enrols a phone whose log goes on from another's.
    pub(crate) async fn enrol_again(gateway: &TestGateway, before: EnrolmentId) -> Self {
        let mut phone = Self::enrol_again_without_token(gateway, before).await;
        phone.token = phone.fetch_token(gateway).await;
        phone
    }

    pub(crate) async fn enrol_again_without_token(gateway: &TestGateway, before: EnrolmentId) -> Self {
        let url = gateway.url();
        let text =
            gateway.force.change(|authority, tx| replacement_text(authority, tx, &url, 600, before, &mut rand::rng()));
        Self::enrol_with(gateway, &EnrolmentCode::parse(&text.unwrap(), i64::MIN).unwrap()).await
    }

    async fn enrol_with(gateway: &TestGateway, code: &EnrolmentCode) -> Self {
        let provisional = Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
        let (hw_key, auth_key) = (p256_key(), p256_key());
        let body = enrol_body(&code.secret, &provisional, &hw_key, &auth_key);
        let response = gateway.post("/v1/enrol", &body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let enrolment: EnrolResponse = read_json(response).await;
        let log_key = Ed25519Signer::from_seed(&enrolment.origin, &provisional.expose_seed()).unwrap();
        Self { enrolment, log_key, hw_key, auth_key, token: String::new() }
    }

    pub(crate) fn id(&self) -> EnrolmentId {
        self.enrolment.enrolment_id
    }

    /// A proof of possession by this phone's key.
    pub(crate) fn proof(&self, method: &Method, url: &str, token: Option<&str>, nonce: Option<&str>) -> String {
        let mut jti = [0_u8; 16];
        rand_core::Rng::fill_bytes(&mut rand::rng(), &mut jti);
        let request = DpopRequest { method: method.as_str(), address: url, token };
        // A phone's clock that stands at 1970 locks nobody out.
        let draft = ProofDraft::new(&spki(&self.auth_key), request, jti, 0, nonce).unwrap();
        let signature: Signature = self.auth_key.sign(draft.signing_input());
        draft.finish(signature.to_der().as_bytes()).unwrap()
    }

    /// A request with this phone's token and a proof.
    pub(crate) fn call(&self, gateway: &TestGateway, method: Method, path: &str) -> RequestBuilder {
        let nonce = gateway.force.sessions().nonce(real_now_s());
        let url = format!("{}{path}", gateway.url());
        let proof = self.proof(&method, &url, Some(&self.token), Some(&nonce));
        gateway.call(method, path).header("authorization", format!("DPoP {}", self.token)).header("dpop", proof)
    }

    /// The same with a JSON body.
    pub(crate) fn post(&self, gateway: &TestGateway, path: &str, body: &Value) -> RequestBuilder {
        self.call(gateway, Method::POST, path).body(body.to_string())
    }

    pub(crate) async fn fetch_token(&self, gateway: &TestGateway) -> String {
        let response = self.ask_token(gateway).await;
        assert_eq!(response.status(), 200);
        read_json::<TokenResponse>(response).await.token
    }

    pub(crate) async fn ask_token(&self, gateway: &TestGateway) -> Response {
        let nonce = gateway.force.sessions().nonce(real_now_s());
        let proof = self.proof(&Method::POST, &format!("{}/v1/token", gateway.url()), None, Some(&nonce));
        let request = gateway.post("/v1/token", &json!({ "enrolment_id": self.id() })).header("dpop", proof);
        request.send().await.unwrap()
    }

    pub(crate) async fn try_sign_in(&self, gateway: &TestGateway, officer: &str, pin: &str) -> Response {
        let body = json!({ "officer_id": officer, "pin": pin, "k_officer_spki": b64(spki(&p256_key())) });
        self.post(gateway, "/v1/sign-in", &body).send().await.unwrap()
    }

    pub(crate) async fn sign_in(&mut self, gateway: &TestGateway, officer: &str) -> SignInResponse {
        let response = self.try_sign_in(gateway, officer, PIN).await;
        assert_eq!(response.status(), 200);
        read_json(response).await
    }

    pub(crate) async fn join(&self, gateway: &TestGateway, role: &str) -> StatusCode {
        let path = format!("/v1/deployments/{}/presence", gateway.force.deployment_id);
        let body = json!({ "role": role, "present": true });
        self.post(gateway, &path, &body).send().await.unwrap().status()
    }

    pub(crate) fn get(&self, gateway: &TestGateway, path: &str) -> RequestBuilder {
        self.call(gateway, Method::GET, path)
    }

    pub(crate) async fn stream(&self, gateway: &TestGateway, after: Option<u64>) -> TestStream {
        let mut request = self.get(gateway, "/v1/events");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let key = self.enrolment.gateway_sequence_key.as_bytes().try_into().unwrap();
        TestStream::new(response, self.id(), key)
    }
}
