//! Who may call a route, how often, and for how long it may take.
//!
//! Always: a route without a guard cannot be built, because the table asks for one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Limited};
use peel_domain::id::EnrolmentId;
use peel_domain::wire::dpop::{DpopProof, DpopRequest, Thumbprint};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::request::{ALERT_BODY, authority, bearer, dpop_token, only};
use crate::clock::real_now_s;
use crate::service::{BucketKey, FreshProof, Gateway, Prover, ServiceError, TooManyProofs};
use crate::storage::{self, ApiKeyKind, StoreError};

/// How long the body of a refused request is still read.
const LAST_OF_A_REFUSED_BODY: Duration = Duration::from_secs(5);

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A device's proof of possession, without a token yet: for the route that gives one.
    Proof,
    /// A device's token with a proof of possession.
    Device,
    /// An access key.
    Key(ApiKeyKind),
}

/// How a route's body and reply flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Both whole, in the time that requests have.
    Whole,
    /// One of them streams for as long as it lasts.
    Stream,
}

/// The key that a request proved to hold, and nothing else about it yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProvedKey(pub(crate) Thumbprint);

/// The device that a request's token belongs to.
#[derive(Clone, Copy, Debug)]
pub struct DeviceSession(pub EnrolmentId);

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What a guard needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) access: Access,
    pub(crate) flow: Flow,
}

/// A token and the key that it names.
type Bound<'a> = (&'a str, Thumbprint);

/// The key that signed a proof, and the proof, which other processes may have seen.
type Proved = (Thumbprint, FreshProof);

/// Verifies the request's proof of possession (RFC 9449 section 4.3), which must be new to this process. Gives the key
/// that signed it.
///
/// The host must be one of this server's own names: the request's `Host` is the caller's word, and a proof that was made
/// for another server would otherwise count here for whoever read it there.
fn proved(gateway: &Gateway, request: &Request, bound: Option<Bound<'_>>) -> Result<Proved, ServiceError> {
    let headers = request.headers();
    let proof = DpopProof::parse(only(headers, "dpop").ok_or(ServiceError::ProofRefused)?)?;
    let authority = authority(request.uri(), headers).filter(|authority| gateway.identity.is_named(authority));
    let address = format!("https://{}{}", authority.ok_or(ServiceError::ProofRefused)?, request.uri().path());
    let token = bound.map(|(token, _)| token);
    proof.check(DpopRequest { method: request.method().as_str(), address: &address, token })?;
    if bound.is_some_and(|(_, key)| key != proof.thumbprint()) {
        return Err(ServiceError::ProofRefused);
    }
    let now_s = real_now_s();
    let window = proof.nonce().and_then(|nonce| gateway.sessions.window(nonce, now_s));
    let window = window.ok_or(ServiceError::NonceNeeded)?;
    let prover = if bound.is_some() { Prover::Device } else { Prover::Stranger };
    match gateway.sessions.first_use(prover, window, proof.thumbprint(), proof.jti(), now_s) {
        Ok(Some(fresh)) => Ok((proof.thumbprint(), fresh)),
        Ok(None) => Err(ServiceError::ProofRefused),
        Err(TooManyProofs) => Err(StoreError::Busy.into()),
    }
}

fn admit_device(gateway: &Gateway, request: &Request) -> Result<(EnrolmentId, FreshProof), ServiceError> {
    let token = dpop_token(request.headers()).ok_or(ServiceError::Unauthenticated)?;
    let claims = gateway.sessions.claims(token, real_now_s()).ok_or(ServiceError::Unauthenticated)?;
    let (_, proof) = proved(gateway, request, Some((token, claims.thumbprint)))?;
    gateway.standings.check(claims.enrolment_id)?;
    Ok((claims.enrolment_id, proof))
}

async fn admit(guard: &Guard, request: &mut Request) -> Result<(), ServiceError> {
    let gateway = &guard.gateway;
    let peer = request.extensions().get::<Peer>().map(|peer| BucketKey::Address(peer.0));
    let take = |key: Option<BucketKey>| {
        let taken = |key| gateway.buckets.take(key, Instant::now()).map_err(ServiceError::TooManyRequests);
        key.map_or(Ok(()), taken)
    };
    match guard.access {
        Access::Open => take(peer),
        Access::Proof => {
            take(peer)?;
            let (key, proof) = proved(gateway, request, None)?;
            gateway.admit(proof, None).await?;
            request.extensions_mut().insert(ProvedKey(key));
            Ok(())
        }
        Access::Device => {
            let (device, proof) = admit_device(gateway, request)?;
            take(Some(BucketKey::Device(device)))?;
            gateway.admit(proof, Some(device)).await?;
            request.extensions_mut().insert(DeviceSession(device));
            Ok(())
        }
        Access::Key(kind) => {
            let secret = bearer(request.headers()).ok_or(ServiceError::Unauthenticated)?;
            let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
            let known = gateway.db.read(move |tx| storage::api_key_kind(tx, &hash).map_err(ServiceError::from));
            if known.await? == Some(kind) { Ok(()) } else { Err(ServiceError::Unauthenticated) }
        }
    }
}

/// The present nonce goes with every reply to a device (RFC 9449 section 8.2), so that it rarely has to ask twice; and
/// the version of the pins, so that it fetches new ones before the old ones are of no use.
fn with_news(guard: &Guard, mut response: Response) -> Response {
    if matches!(guard.access, Access::Proof | Access::Device) {
        let headers = response.headers_mut();
        if let Ok(nonce) = HeaderValue::from_str(&guard.gateway.sessions.nonce(real_now_s())) {
            headers.insert("dpop-nonce", nonce);
        }
        headers.insert("peel-pins", HeaderValue::from(guard.gateway.identity.pins_version()));
    }
    response
}

/// The guard around every route.
pub(crate) async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let response = answered(&guard, request, next).await;
    with_news(&guard, response)
}

/// Reads and drops the body of a request that is refused, within bounds: a caller that is still sending when the answer
/// comes sees a broken connection instead of it. One that waits to be told to go on is not told.
async fn drop_body(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let drain = async {
        let mut body = Limited::new(request.into_body(), ALERT_BODY);
        while let Some(Ok(_)) = body.frame().await {}
    };
    let _ = tokio::time::timeout(LAST_OF_A_REFUSED_BODY, drain).await;
}

async fn answered(guard: &Guard, mut request: Request, next: Next) -> Response {
    if let Err(error) = admit(guard, &mut request).await {
        if !matches!(error, ServiceError::TooManyRequests(_)) {
            drop_body(request).await;
        }
        return ApiError(error).into_response();
    }
    if guard.flow == Flow::Stream {
        return next.run(request).await;
    }
    let limit = Duration::from_secs(guard.gateway.authority.config.limits.request_seconds);
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}
