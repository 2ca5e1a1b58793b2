//! What a signed-in device asks for.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use peel_domain::id::{DeploymentId, MediaId};
use peel_domain::wire::{DeploymentsResponse, PresenceRequest};

use crate::server::DeviceSession;
use crate::server::error::ApiError;
use crate::server::request::{Id, SMALL_BODY, json};
use crate::server::stream;
use crate::service::{Gateway, ServiceError};

/// `GET /v1/policy`.
pub(super) async fn policy(State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    let policy = gateway.policy().await?;
    Ok(([(header::CONTENT_TYPE, "application/cose")], policy.cose).into_response())
}

/// `GET /v1/deployments`.
pub(super) async fn deployments(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
) -> Result<Json<DeploymentsResponse>, ApiError> {
    let shift = gateway.shift(session.0).await?;
    Ok(Json(DeploymentsResponse { deployments: gateway.deployments_of(shift).await? }))
}

/// `POST /v1/deployments/{deployment_id}/presence`.
pub(super) async fn presence(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    Id(deployment_id): Id<DeploymentId>,
    body: Body,
) -> Result<Json<serde_json::Value>, ApiError> {
    let request: PresenceRequest = json(body, SMALL_BODY).await?;
    let shift = gateway.shift(session.0).await?;
    gateway.set_presence(session.0, shift, deployment_id, request.role, request.present).await?;
    Ok(Json(serde_json::json!({ "present": request.present })))
}

fn cursor(headers: &HeaderMap) -> Result<u64, ServiceError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let text = value.to_str().map_err(|_| ServiceError::Invalid("last_event_id"))?;
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| ServiceError::Invalid("last_event_id")) }
}

/// `GET /v1/events`.
pub(super) async fn events(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gateway.shift(session.0).await?;
    let after = cursor(&headers)?;
    let body = Body::from_stream(stream::events(Arc::clone(&gateway), session.0, after));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, body).into_response())
}

/// `GET /v1/media/{media_id}`.
pub(super) async fn media(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    Id(media_id): Id<MediaId>,
) -> Result<Response, ApiError> {
    let (image, content_type) = gateway.read_media(media_id, session.0).await?;
    let headers = [
        (header::CONTENT_TYPE, content_type.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, image).into_response())
}
