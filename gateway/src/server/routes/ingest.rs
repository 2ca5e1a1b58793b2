//! What the LFR system and the operator send.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use peel_domain::id::{AlertId, DeploymentId};
use peel_domain::wire::{IngestAlertRequest, IngestAlertResponse, IngestDeploymentStateRequest, IngestWithdrawRequest};

use crate::server::error::ApiError;
use crate::server::request::{ALERT_BODY, Id, SMALL_BODY, json};
use crate::service::Gateway;

/// `POST /v1/ingest/alerts`.
pub(super) async fn alert(
    State(gateway): State<Arc<Gateway>>,
    body: Body,
) -> Result<(StatusCode, Json<IngestAlertResponse>), ApiError> {
    let request: IngestAlertRequest = json(body, ALERT_BODY).await?;
    let alert_id = gateway.ingest_alert(request).await?;
    Ok((StatusCode::CREATED, Json(IngestAlertResponse { alert_id })))
}

/// `POST /v1/ingest/alerts/{alert_id}/withdraw`.
pub(super) async fn withdraw(
    State(gateway): State<Arc<Gateway>>,
    Id(alert_id): Id<AlertId>,
    body: Body,
) -> Result<Json<IngestAlertResponse>, ApiError> {
    let request: IngestWithdrawRequest = json(body, SMALL_BODY).await?;
    gateway.withdraw_alert(alert_id, request.judged_false).await?;
    Ok(Json(IngestAlertResponse { alert_id }))
}

/// `POST /v1/ingest/deployments/{deployment_id}/state`.
pub(super) async fn state(
    State(gateway): State<Arc<Gateway>>,
    Id(deployment_id): Id<DeploymentId>,
    body: Body,
) -> Result<Json<serde_json::Value>, ApiError> {
    let request: IngestDeploymentStateRequest = json(body, SMALL_BODY).await?;
    gateway.change_state(deployment_id, request.state, request.faces_seen_estimate).await?;
    Ok(Json(serde_json::json!({ "state": request.state })))
}
