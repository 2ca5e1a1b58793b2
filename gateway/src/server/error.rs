//! Refusals as HTTP: a status, and a body of a code and a text.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use peel_domain::wire::ErrorBody;

use crate::service::ServiceError;
use crate::storage::StoreError;

/// What a route gives back when it does not succeed.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) ServiceError);

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

/// What a device must do about a 401 (RFC 9449 sections 7.1 and 9).
fn challenge(error: &ServiceError) -> Option<&'static str> {
    match error {
        ServiceError::NonceNeeded => Some(r#"DPoP error="use_dpop_nonce", algs="ES256""#),
        ServiceError::ProofRefused => Some(r#"DPoP error="invalid_dpop_proof", algs="ES256""#),
        ServiceError::Unauthenticated => Some(r#"DPoP error="invalid_token", algs="ES256""#),
        _ => None,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ErrorBody { code: self.0.code().to_owned(), message: format!("failed to {}", self.0) };
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.0.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge(&self.0) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
