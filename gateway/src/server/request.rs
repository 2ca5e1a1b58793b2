//! Reading requests: whole bodies of bounded size, and JSON.

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::service::ServiceError;

/// Largest JSON request but an alert, in bytes.
pub(crate) const SMALL_BODY: usize = 64 * 1024;
/// Largest alert, in bytes (48 MB).
pub(crate) const ALERT_BODY: usize = 48_000_000;

/// Reads a body of at most `limit` bytes.
pub(crate) async fn whole(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = http_body::Body::size_hint(&body).lower();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(ServiceError::TooLarge.into());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ServiceError::TooLarge.into()),
        Err(_) => Err(ServiceError::Invalid("body.truncated").into()),
    }
}

/// Reads a JSON body.
pub(crate) async fn json<T: DeserializeOwned>(body: Body, limit: usize) -> Result<T, ApiError> {
    let bytes = whole(body, limit).await?;
    serde_json::from_slice(&bytes).map_err(|_| ServiceError::Invalid("body.malformed").into())
}

/// The bearer secret of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(axum::http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}
