//! What the desk reads and hands back.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;

use crate::bundle::{BundleFile, bundle_json};
use crate::server::error::ApiError;
use crate::server::request::{SMALL_BODY, json};
use crate::service::{DeskClosing, DeskEntries, DeskEvent, DeskLog, Gateway};

/// `GET /v1/desk/logs`.
pub(super) async fn logs(State(gateway): State<Arc<Gateway>>) -> Result<Json<Vec<DeskLog>>, ApiError> {
    Ok(Json(gateway.desk_logs().await?))
}

/// Where to read on.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    from: u64,
}

/// `GET /v1/desk/logs/{log}/entries?from=n`.
pub(super) async fn entries(
    State(gateway): State<Arc<Gateway>>,
    Path(log): Path<String>,
    Query(query): Query<From>,
) -> Result<Json<DeskEntries>, ApiError> {
    Ok(Json(gateway.desk_entries(log, query.from).await?))
}

/// `POST /v1/desk/events`.
pub(super) async fn event(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<StatusCode, ApiError> {
    let event: DeskEvent = json(body, SMALL_BODY).await?;
    gateway.desk_event(event).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/desk/closings`.
pub(super) async fn closing(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<StatusCode, ApiError> {
    let closing: DeskClosing = json(body, SMALL_BODY).await?;
    gateway.desk_closing(closing).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/bundle`.
pub(super) async fn bundle(State(gateway): State<Arc<Gateway>>) -> Result<Json<Vec<BundleFile>>, ApiError> {
    Ok(Json(bundle_json(&gateway).await?))
}
