//! Requests to the gateway, with the device's token.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use peel_domain::id::EnrolmentId;
use peel_domain::wire::{ErrorBody, NonceResponse, TokenRequest, TokenResponse, token_message};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::TransportError;
use super::pins;
use crate::ffi::{KeySlot, KeyVault};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole request may take, streams excepted.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a stream may be silent: three keep-alives of the gateway.
const SILENCE: Duration = Duration::from_secs(15);
/// Longest JSON reply.
const MAX_JSON_BYTES: usize = 1 << 20;
/// A token is renewed so long before its end.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// What proves this device to the gateway.
pub(crate) struct Authenticator {
    /// The enrolment.
    pub(crate) enrolment_id: EnrolmentId,
    /// The key store with `K_auth`.
    pub(crate) vault: Arc<dyn KeyVault>,
}

struct Token {
    text: Zeroizing<String>,
    until: Instant,
}

/// The gateway, as this phone reaches it.
pub(crate) struct GatewayClient {
    base: String,
    http: reqwest::Client,
    authenticator: Option<Authenticator>,
    token: Mutex<Option<Token>>,
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
        pins: [[u8; 32]; 2],
        authenticator: Option<Authenticator>,
    ) -> Result<Self, TransportError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(pins::client_config(root, pins)?)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|_| TransportError::SetUp)?;
        Ok(Self { base: base.to_owned(), http, authenticator, token: Mutex::new(None) })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// An open call with a JSON body.
    pub(crate) async fn post_open<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        let request = self.request(Method::POST, path).timeout(REQUEST_TIMEOUT).json(body);
        json(send(request).await?).await
    }

    /// A call with the token and a JSON reply.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TransportError> {
        json(self.authorised(|| self.request(Method::GET, path).timeout(REQUEST_TIMEOUT)).await?).await
    }

    /// A call with the token, a JSON body and a JSON reply.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransportError> {
        json(self.authorised(|| self.request(Method::POST, path).timeout(REQUEST_TIMEOUT).json(body)).await?).await
    }

    /// A call with the token and a JSON body, whose reply does not matter.
    pub(crate) async fn tell(&self, path: &str, body: &impl Serialize) -> Result<(), TransportError> {
        self.authorised(|| self.request(Method::POST, path).timeout(REQUEST_TIMEOUT).json(body)).await.map(|_| ())
    }

    /// Bytes of at most `limit`.
    pub(crate) async fn bytes(&self, path: &str, limit: usize) -> Result<Vec<u8>, TransportError> {
        let request = || self.request(Method::GET, path).timeout(REQUEST_TIMEOUT);
        body(self.authorised(request).await?, limit).await
    }

    /// Posts bytes; any whole reply is an answer, also a refusal: status, body, Retry-After.
    pub(crate) async fn exchange(
        &self,
        path: &str,
        content_type: &'static str,
        bytes: Vec<u8>,
    ) -> Result<(u16, Vec<u8>, Option<u64>), TransportError> {
        let token = self.token().await?;
        let request = self.request(Method::POST, path).timeout(REQUEST_TIMEOUT).bearer_auth(token.as_str());
        let response = request.header("content-type", content_type).body(bytes).send().await.map_err(sort)?;
        let (status, wait) = (response.status().as_u16(), retry_after(&response));
        if status == 401 {
            self.forget_token();
        }
        Ok((status, body(response, MAX_JSON_BYTES).await?, wait))
    }

    /// Opens a stream of body bytes.
    pub(crate) async fn stream(&self, path: &str, last_event_id: Option<&str>) -> Result<Response, TransportError> {
        self.authorised(|| {
            let request = self.request(Method::GET, path).header("accept", "*/*");
            match last_event_id {
                Some(id) => request.header("last-event-id", id),
                None => request,
            }
        })
        .await
    }

    /// Sends with a token; when it is refused, once more with a new one.
    async fn authorised(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, TransportError> {
        let token = self.token().await?;
        match send(request().bearer_auth(token.as_str())).await {
            Err(TransportError::Refused { status: 401, .. }) => {
                self.forget_token();
                let token = self.token().await?;
                send(request().bearer_auth(token.as_str())).await
            }
            result => result,
        }
    }

    /// Forgets the token: the next call gets a new one.
    pub(crate) fn forget_token(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn held_token(&self) -> Option<Zeroizing<String>> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.as_ref().filter(|token| token.until > Instant::now()).map(|token| token.text.clone())
    }

    async fn token(&self) -> Result<Zeroizing<String>, TransportError> {
        if let Some(text) = self.held_token() {
            return Ok(text);
        }
        let Some(authenticator) = &self.authenticator else { return Err(TransportError::SetUp) };
        let nonce: NonceResponse =
            json(send(self.request(Method::GET, "/v1/nonce").timeout(REQUEST_TIMEOUT)).await?).await?;
        let enrolment_id = authenticator.enrolment_id;
        let message = token_message(enrolment_id, &nonce.nonce);
        let vault = Arc::clone(&authenticator.vault);
        let signed = tokio::task::spawn_blocking(move || vault.sign(KeySlot::Auth, message)).await;
        let signature = signed
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| TransportError::Refused { status: 401, code: "vault.auth_key".to_owned() })?;
        let request = TokenRequest { enrolment_id, nonce: nonce.nonce, signature: signature.into() };
        let reply: TokenResponse = self.post_open("/v1/token", &request).await?;
        let life = Duration::from_secs(u64::from(reply.expires_in_s)).saturating_sub(TOKEN_MARGIN);
        let text = Zeroizing::new(reply.token);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Token { text: text.clone(), until: Instant::now() + life });
        Ok(text)
    }
}

/// Sends, and turns what is not a success into an error.
async fn send(request: RequestBuilder) -> Result<Response, TransportError> {
    let response = request.send().await.map_err(sort)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return Err(TransportError::Busy { retry_after_s: retry_after(&response) });
    }
    let body = body(response, MAX_JSON_BYTES).await.unwrap_or_default();
    let code = serde_json::from_slice::<ErrorBody>(&body).ok().map(|error| error.code).filter(|code| is_code(code));
    let status = status.as_u16();
    Err(TransportError::Refused { status, code: code.unwrap_or_else(|| format!("gateway.status_{status}")) })
}

/// Codes are short and plain; anything else is not repeated.
fn is_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_');
    !code.is_empty() && code.len() <= 64 && code.bytes().all(plain)
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

/// A certificate that is not the pinned one is told apart from a network that is gone.
#[expect(clippy::needless_pass_by_value, reason = "it is the form that map_err hands over")]
fn sort(error: reqwest::Error) -> TransportError {
    if is_untrusted(&error) { TransportError::Untrusted } else { TransportError::Unreachable }
}

/// Whether the error stems from a refused certificate; errors of input and output hide theirs one level deeper.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    let hidden = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    if hidden.is_some_and(|inner| is_untrusted(inner)) {
        return true;
    }
    error.source().is_some_and(is_untrusted)
}
