//! Who may call a route, how often, and for how long it may take.
//!
//! Always: a route without a guard cannot be built, because the table asks for one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use peel_domain::id::EnrolmentId;
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::request::bearer;
use crate::service::BucketKey;
use crate::service::{Gateway, ServiceError};
use crate::storage::{self, ApiKeyKind, Device, Shift};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A device's token.
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

async fn admit(guard: &Guard, request: &mut Request) -> Result<(), ServiceError> {
    let now = Instant::now();
    let gateway = &guard.gateway;
    let secret = bearer(request.headers());
    let bucket = match guard.access {
        Access::Open => request.extensions().get::<Peer>().map(|peer| BucketKey::Address(peer.0)),
        Access::Device => {
            let device = secret.and_then(|token| gateway.sessions.device(token, now));
            let device = device.ok_or(ServiceError::Unauthenticated)?;
            request.extensions_mut().insert(DeviceSession(device));
            Some(BucketKey::Device(device))
        }
        Access::Key(kind) => {
            let hash: [u8; 32] = Sha256::digest(secret.ok_or(ServiceError::Unauthenticated)?.as_bytes()).into();
            let known = gateway.db.read(move |tx| storage::api_key_kind(tx, &hash).map_err(ServiceError::from));
            if known.await? != Some(kind) {
                return Err(ServiceError::Unauthenticated);
            }
            None
        }
    };
    bucket.map_or(Ok(()), |key| gateway.buckets.take(key, now).map_err(ServiceError::TooManyRequests))
}

/// The guard around every route.
pub(crate) async fn guarded(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    if let Err(error) = admit(&guard, &mut request).await {
        return ApiError(error).into_response();
    }
    if guard.flow == Flow::Stream {
        return next.run(request).await;
    }
    let limit = Duration::from_secs(guard.gateway.authority.config.limits.request_seconds);
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

/// The officer who is signed in on a device.
pub(crate) async fn shift_of(gateway: &Gateway, session: DeviceSession) -> Result<Shift, ServiceError> {
    let now_ms = gateway.authority.clock.now_ms();
    let found = gateway.db.read(move |tx| storage::device(tx, session.0).map_err(ServiceError::from)).await?;
    let shift = found.and_then(|device: Device| device.shift);
    shift.filter(|shift| shift.until_ms > now_ms).ok_or(ServiceError::NotSignedIn)
}
