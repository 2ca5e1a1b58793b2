//! What anybody may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use peel_domain::wire::BeaconResponse;

use crate::server::error::ApiError;
use crate::service::{Gateway, ReceiptOnRecord};

/// `GET /healthz`: 200 once the store answers.
pub(super) async fn health(State(gateway): State<Arc<Gateway>>) -> Result<Json<serde_json::Value>, ApiError> {
    gateway.db.read(crate::storage::device_count).await?;
    Ok(Json(serde_json::json!({ "status": "ok" })))
}

/// `GET /v1/beacon`.
pub(super) async fn beacon(State(gateway): State<Arc<Gateway>>) -> Result<Json<BeaconResponse>, ApiError> {
    Ok(Json(gateway.beacon().await?))
}

/// `GET /v1/receipts/{paper_code}`.
pub(super) async fn receipt(
    State(gateway): State<Arc<Gateway>>,
    Path(paper_code): Path<String>,
) -> Result<Json<Vec<ReceiptOnRecord>>, ApiError> {
    Ok(Json(gateway.receipts(&paper_code).await?))
}

/// `GET /v1/pins`: the force's statement of the gateway's TLS pins.
pub(super) async fn pins(State(gateway): State<Arc<Gateway>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], gateway.identity.pins()).into_response()
}
