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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ErrorBody { code: self.0.code().to_owned(), message: format!("failed to {}", self.0) };
        let mut response = (status, Json(body)).into_response();
        let wait_s = match &self.0 {
            ServiceError::TooManyRequests(seconds) => Some(*seconds),
            ServiceError::Store(StoreError::Busy | StoreError::Unavailable | StoreError::Closed) => Some(1),
            _ => None,
        };
        if let Some(seconds) = wait_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
