//! Reading requests: identifiers in paths, whole bodies of bounded size, and JSON.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::service::ServiceError;

/// Largest JSON request but an alert, in bytes.
pub(crate) const SMALL_BODY: usize = 64 * 1024;
/// Largest alert, in bytes (48 MB).
pub(crate) const ALERT_BODY: usize = 48_000_000;

/// An identifier in a path. What is none names nothing, and is refused as everything else is.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(id)| Self(id)).map_err(|_| ServiceError::NotFound.into())
    }
}

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
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The token of a request that comes with a proof of possession (RFC 9449 section 7.1): exactly one of them.
pub(crate) fn dpop_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("dpop").then_some(token)
}

/// A header's value, if the header stands there exactly once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The host and port that a request says it went to.
pub(crate) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    uri.authority().map(axum::http::uri::Authority::as_str).or_else(|| only(headers, HOST.as_str()))
}
