//! What proves this phone to the gateway: a short token, and a proof of possession by `K_auth` with each request
//! (`DPoP`, RFC 9449).
//!
//! Must never: log a token, a nonce or a proof, or keep a signature for a second request. Always: the server's newest
//! nonce is remembered, so that freshness does not hang on the phone's clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use peel_domain::id::EnrolmentId;
use peel_domain::wire::TokenResponse;
use peel_domain::wire::dpop::{DpopRequest, MAX_ID_BYTES, ProofDraft};
use rand_core::Rng as _;
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Method, Response, StatusCode};
use zeroize::Zeroizing;

use super::error::TransportError;
use crate::ffi::{KeySlot, KeyVault};

/// A token is renewed so long before its end.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);
/// The header with a proof.
pub(super) const PROOF_HEADER: &str = "dpop";
const NONCE_HEADER: &str = "dpop-nonce";

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

/// An authenticator with what the gateway gave it.
pub(super) struct Prover {
    authenticator: Authenticator,
    spki: Mutex<Option<Arc<[u8]>>>,
    nonce: Mutex<Option<String>>,
    token: Mutex<Option<Token>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The key store refused, timed out or lost the key: nothing of that stops recording.
fn refused() -> TransportError {
    TransportError::Refused { status: 401, code: "vault.auth_key".to_owned() }
}

impl Prover {
    pub(super) fn new(authenticator: Authenticator) -> Self {
        Self { authenticator, spki: Mutex::default(), nonce: Mutex::default(), token: Mutex::default() }
    }

    pub(super) fn enrolment_id(&self) -> EnrolmentId {
        self.authenticator.enrolment_id
    }

    /// The public half of `K_auth`; read once.
    async fn spki(&self) -> Result<Arc<[u8]>, TransportError> {
        if let Some(spki) = locked(&self.spki).clone() {
            return Ok(spki);
        }
        let vault = Arc::clone(&self.authenticator.vault);
        let read = tokio::task::spawn_blocking(move || vault.public_key(KeySlot::Auth)).await;
        let spki: Arc<[u8]> = read.ok().and_then(Result::ok).ok_or_else(refused)?.into();
        *locked(&self.spki) = Some(Arc::clone(&spki));
        Ok(spki)
    }

    /// A proof for one request, with the newest nonce that is known.
    pub(super) async fn proof(
        &self,
        method: &Method,
        address: &str,
        token: Option<&str>,
    ) -> Result<String, TransportError> {
        let spki = self.spki().await?;
        let nonce = locked(&self.nonce).clone();
        let mut jti = [0; 16];
        rand::rng().fill_bytes(&mut jti);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let iat_s = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let request = DpopRequest { method: method.as_str(), address, token };
        let draft = ProofDraft::new(&spki, request, jti, iat_s, nonce.as_deref()).map_err(|_| TransportError::SetUp)?;
        let (vault, message) = (Arc::clone(&self.authenticator.vault), draft.signing_input().to_vec());
        let signed = tokio::task::spawn_blocking(move || vault.sign(KeySlot::Auth, message)).await;
        let signature = signed.ok().and_then(Result::ok).ok_or_else(refused)?;
        draft.finish(&signature).map_err(|_| refused())
    }

    /// Remembers the nonce of a reply. Gives whether the reply only asks for a proof with that nonce.
    pub(super) fn heard(&self, response: &Response) -> bool {
        let headers = response.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let nonce = text(NONCE_HEADER).filter(|nonce| (1..=MAX_ID_BYTES).contains(&nonce.len()));
        let known = nonce.is_some();
        if let Some(nonce) = nonce {
            *locked(&self.nonce) = Some(nonce.to_owned());
        }
        let asks = |challenge: &str| challenge.contains("use_dpop_nonce");
        known && response.status() == StatusCode::UNAUTHORIZED && text(WWW_AUTHENTICATE.as_str()).is_some_and(asks)
    }

    /// The token, while it is good.
    pub(super) fn token(&self) -> Option<Zeroizing<String>> {
        let token = locked(&self.token);
        token.as_ref().filter(|token| token.until > Instant::now()).map(|token| token.text.clone())
    }

    /// Keeps a token that the gateway gave.
    pub(super) fn keep_token(&self, reply: TokenResponse) -> Zeroizing<String> {
        let life = Duration::from_secs(u64::from(reply.expires_in_s)).saturating_sub(TOKEN_MARGIN);
        let text = Zeroizing::new(reply.token);
        *locked(&self.token) = Some(Token { text: text.clone(), until: Instant::now() + life });
        text
    }

    /// Forgets the token: the next call gets a new one.
    pub(super) fn forget_token(&self) {
        *locked(&self.token) = None;
    }
}
