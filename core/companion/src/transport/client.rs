//! Requests to the gateway, with the device's token and a proof of possession.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use peel_domain::wire::{TokenRequest, TokenResponse};
use peel_ledger::note::VerifierKey;
use peel_ledger::pins::{MAX_PINS_BYTES, PinStatement, Pins};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::error::TransportError;
use super::pins::{self, KnownPins, UnknownPin};
use super::prover::{Authenticator, PROOF_HEADER, Prover};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole request may take, streams excepted.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a stream may be silent: three keep-alives of the gateway.
const SILENCE: Duration = Duration::from_secs(15);
/// Longest JSON reply.
const MAX_JSON_BYTES: usize = 1 << 20;

/// The gateway, as this phone reaches it.
pub(crate) struct GatewayClient {
    base: String,
    http: reqwest::Client,
    prover: Option<Prover>,
    pins: Arc<KnownPins>,
    force: Option<ForceRoot>,
}

/// Whose statements about pins count.
pub(crate) struct ForceRoot {
    domain: String,
    key: VerifierKey,
    /// Two of them must have approved; a phone that was enrolled before they were named believes no statement.
    approvers: Vec<VerifierKey>,
}

impl ForceRoot {
    /// A force by its domain, its raw Ed25519 root key and its approvers' keys.
    pub(crate) fn new(domain: &str, key: &[u8; 32], approvers: &[String]) -> Result<Self, TransportError> {
        let key = VerifierKey::ed25519(&format!("{domain}/peel/root"), key).map_err(|_| TransportError::SetUp)?;
        let approvers = approvers.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        Ok(Self { domain: domain.to_owned(), key, approvers: approvers.map_err(|_| TransportError::SetUp)? })
    }
}

impl fmt::Debug for GatewayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayClient")
    }
}

impl GatewayClient {
    /// A client for one gateway; without an authenticator only the open calls work.
    pub(crate) fn new(
        base: &str,
        root: &[u8],
        pins: Pins,
        authenticator: Option<Authenticator>,
    ) -> Result<Self, TransportError> {
        let pins = KnownPins::new(PinStatement { version: 0, pins });
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(pins::client_config(root, Arc::clone(&pins))?)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|_| TransportError::SetUp)?;
        Ok(Self { base: base.to_owned(), http, prover: authenticator.map(Prover::new), pins, force: None })
    }

    /// Follows what this force states about its pins, from what was known before on.
    pub(crate) fn following(mut self, force: ForceRoot, known: Option<PinStatement>) -> Self {
        if let Some(known) = known {
            self.pins.learn(known);
        }
        self.force = Some(force);
        self
    }

    /// Hears of new pins, to keep them.
    pub(crate) fn pins(&self) -> watch::Receiver<PinStatement> {
        self.pins.subscribe()
    }

    /// Fetches the force's statement if the gateway says that there is a newer one. What does not verify changes nothing.
    async fn follow_pins(&self, stated: Option<u64>) {
        let Some(force) = self.force.as_ref().filter(|_| stated > Some(self.pins.now().version)) else { return };
        let Ok(response) = self.http.get(self.address("/v1/pins")).timeout(REQUEST_TIMEOUT).send().await else {
            return;
        };
        let Ok(response) = whole(response).await else { return };
        let Ok(note) = body(response, MAX_PINS_BYTES).await else { return };
        let known = self.pins.now().version;
        let (domain, key) = (&force.domain, &force.key);
        if let Ok(statement) = PinStatement::verify_approved(&note, domain, key, &force.approvers, known) {
            self.pins.learn(statement);
        }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// An open call with a JSON body.
    pub(crate) async fn post_open<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        let request = self.http.post(self.address(path)).timeout(REQUEST_TIMEOUT).json(body);
        json(whole(request.send().await.map_err(sort)?).await?).await
    }

    /// A call with the token and a JSON reply.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TransportError> {
        json(self.authorised(Method::GET, path, |request| request.timeout(REQUEST_TIMEOUT)).await?).await
    }

    async fn posted(&self, path: &str, body: &impl Serialize) -> Result<Response, TransportError> {
        self.authorised(Method::POST, path, |request| request.timeout(REQUEST_TIMEOUT).json(body)).await
    }

    /// A call with the token, a JSON body and a JSON reply.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        json(self.posted(path, body).await?).await
    }

    /// A call with the token and a JSON body, whose reply does not matter.
    pub(crate) async fn tell(&self, path: &str, body: &impl Serialize) -> Result<(), TransportError> {
        self.posted(path, body).await.map(|_| ())
    }

    /// Bytes of at most `limit`.
    pub(crate) async fn bytes(&self, path: &str, limit: usize) -> Result<Vec<u8>, TransportError> {
        body(self.authorised(Method::GET, path, |request| request.timeout(REQUEST_TIMEOUT)).await?, limit).await
    }

    /// Posts bytes; any whole reply is an answer, also a refusal: status, body, Retry-After.
    pub(crate) async fn exchange(
        &self,
        path: &str,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(u16, Vec<u8>, Option<u64>), TransportError> {
        let bytes = bytes::Bytes::from(bytes);
        let with_body = |request: RequestBuilder| {
            request.timeout(REQUEST_TIMEOUT).header("content-type", content_type).body(bytes.clone())
        };
        let token = self.token().await?;
        let response = self.proved(Method::POST, path, Some(token.as_str()), with_body).await?;
        let (status, wait) = (response.status().as_u16(), retry_after(&response));
        if status == 401 {
            self.forget_token();
        }
        Ok((status, body(response, MAX_JSON_BYTES).await?, wait))
    }

    /// Opens a stream of body bytes.
    pub(crate) async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Result<Response, TransportError> {
        let with_headers = |request: RequestBuilder| {
            let request = request.header("accept", "*/*");
            match last_event_id {
                Some(id) => request.header("last-event-id", id),
                None => request,
            }
        };
        self.authorised(Method::GET, path, with_headers).await
    }

    /// Sends with the token; when it is refused, once more with a new one.
    async fn authorised(
        &self,
        method: Method,
        path: &str,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, TransportError> {
        let token = self.token().await?;
        let response = self.proved(method.clone(), path, Some(token.as_str()), &prepare).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return whole(response).await;
        }
        self.forget_token();
        let token = self.token().await?;
        whole(self.proved(method, path, Some(token.as_str()), &prepare).await?).await
    }

    /// Sends with a proof of possession; when the gateway asks for its nonce in the proof, once more with that. Any reply
    /// is an answer.
    async fn proved(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, TransportError> {
        let prover = self.prover.as_ref().ok_or(TransportError::SetUp)?;
        let address = self.address(path);
        let mut tries = 0;
        loop {
            let proof = prover.proof(&method, &address, token).await?;
            let request = prepare(self.http.request(method.clone(), &address)).header(PROOF_HEADER, proof);
            let request = match token {
                Some(token) => request.header("authorization", Zeroizing::new(format!("DPoP {token}")).as_str()),
                None => request,
            };
            let response = request.send().await.map_err(sort)?;
            self.follow_pins(stated_pins(&response)).await;
            tries += 1;
            if !prover.heard(&response) || tries == 2 {
                return Ok(response);
            }
        }
    }

    /// Forgets the token: the next call gets a new one.
    pub(crate) fn forget_token(&self) {
        if let Some(prover) = &self.prover {
            prover.forget_token();
        }
    }

    async fn token(&self) -> Result<Zeroizing<String>, TransportError> {
        let prover = self.prover.as_ref().ok_or(TransportError::SetUp)?;
        if let Some(text) = prover.token() {
            return Ok(text);
        }
        let body = TokenRequest { enrolment_id: prover.enrolment_id() };
        let with_body = |request: RequestBuilder| request.timeout(REQUEST_TIMEOUT).json(&body);
        let response = whole(self.proved(Method::POST, "/v1/token", None, with_body).await?).await?;
        Ok(prover.keep_token(json::<TokenResponse>(response).await?))
    }
}

/// Turns what is not a success into an error.
async fn whole(response: Response) -> Result<Response, TransportError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return Err(TransportError::Busy { retry_after_s: retry_after(&response) });
    }
    let body = body(response, MAX_JSON_BYTES).await.unwrap_or_default();
    Err(TransportError::refused(status.as_u16(), &body))
}

/// The version of the pins that a reply names.
fn stated_pins(response: &Response) -> Option<u64> {
    response.headers().get("peel-pins")?.to_str().ok()?.parse().ok()
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, TransportError> {
    let bytes = Zeroizing::new(body(response, MAX_JSON_BYTES).await?);
    serde_json::from_slice(&bytes).map_err(|_| TransportError::Malformed)
}

/// The whole body, refused as soon as it exceeds `limit`.
async fn body(response: Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    if response.content_length().is_some_and(|length| length > u64::try_from(limit).unwrap_or(u64::MAX)) {
        return Err(TransportError::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(sort)?;
        if bytes.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A certificate that is not trusted is told apart from a network that is gone.
#[expect(clippy::needless_pass_by_value, reason = "it is the form that map_err hands over")]
fn sort(error: reqwest::Error) -> TransportError {
    certificate_refused(&error).unwrap_or(TransportError::Unreachable)
}

/// Whether the error stems from a refused certificate; errors of input and output hide theirs one level deeper.
fn certificate_refused(error: &(dyn std::error::Error + 'static)) -> Option<TransportError> {
    if let Some(rustls::Error::InvalidCertificate(reason)) = error.downcast_ref() {
        let unknown_pin = matches!(reason, rustls::CertificateError::Other(other) if other.0.is::<UnknownPin>());
        return Some(if unknown_pin { TransportError::PinsOutdated } else { TransportError::Untrusted });
    }
    let hidden = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let hidden = hidden.and_then(|inner| certificate_refused(inner));
    hidden.or_else(|| error.source().and_then(certificate_refused))
}
