//! What anybody may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use peel_domain::wire::BeaconResponse;

use crate::server::error::ApiError;
use crate::service::{Gateway, ServiceError, Wanted};

/// `GET /healthz`: 200 once the store answers.
pub(super) async fn health(State(gateway): State<Arc<Gateway>>) -> Result<Json<serde_json::Value>, ApiError> {
    gateway.db.read(crate::storage::device_count).await?;
    Ok(Json(serde_json::json!({ "status": "ok" })))
}

/// `GET /v1/beacon`.
pub(super) async fn beacon(State(gateway): State<Arc<Gateway>>) -> Result<Json<BeaconResponse>, ApiError> {
    Ok(Json(gateway.beacon().await?))
}

/// Which receipts are asked for.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    after: Option<String>,
    origin: Option<String>,
    index: Option<u64>,
}

impl Asked {
    fn wanted(self) -> Result<Wanted, ServiceError> {
        match (self.after, self.origin, self.index) {
            (None, None, None) => Ok(Wanted::Newest),
            (Some(page), None, None) => Wanted::page(&page),
            (None, Some(origin), Some(index)) => {
                let origin = origin.parse().map_err(|_| ServiceError::Invalid("receipts.origin"))?;
                Ok(Wanted::At(origin, index))
            }
            _ => Err(ServiceError::Invalid("receipts.page")),
        }
    }
}

/// `GET /v1/receipts/{paper_code}`.
pub(super) async fn receipt(
    State(gateway): State<Arc<Gateway>>,
    Path(paper_code): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(asked) = asked.map_err(|_| ServiceError::Invalid("receipts.page"))?;
    let (found, next) = gateway.receipts(&paper_code, asked.wanted()?).await?;
    let mut response = Json(found).into_response();
    if let Some(next) = next.and_then(|next| HeaderValue::try_from(next).ok()) {
        response.headers_mut().insert("peel-next", next);
    }
    Ok(response)
}

/// `GET /v1/pins`: the force's statement of the gateway's TLS pins.
pub(super) async fn pins(State(gateway): State<Arc<Gateway>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], gateway.identity.pins()).into_response()
}
