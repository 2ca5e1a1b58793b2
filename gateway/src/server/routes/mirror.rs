//! The mirror protocol's two calls.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use peel_domain::id::EnrolmentId;
use peel_ledger::mirror::{MAX_ADD_CHECKPOINT_BYTES, MAX_ADD_ENTRIES_BYTES};

use crate::server::DeviceSession;
use crate::server::error::ApiError;
use crate::server::request::{Id, whole};
use crate::service::{Gateway, MirrorReply, ServiceError};

fn own(session: DeviceSession, enrolment_id: EnrolmentId) -> Result<EnrolmentId, ServiceError> {
    if session.0 == enrolment_id { Ok(enrolment_id) } else { Err(ServiceError::NotFound) }
}

fn answer(reply: MirrorReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response()
}

/// `POST /v1/logs/{enrolment_id}/add-checkpoint`.
pub(super) async fn add_checkpoint(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    Id(enrolment_id): Id<EnrolmentId>,
    body: Body,
) -> Result<Response, ApiError> {
    let device = own(session, enrolment_id)?;
    let body = whole(body, MAX_ADD_CHECKPOINT_BYTES).await?;
    Ok(answer(gateway.add_checkpoint(device, body).await?))
}

/// `POST /v1/logs/{enrolment_id}/add-entries`.
pub(super) async fn add_entries(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    Id(enrolment_id): Id<EnrolmentId>,
    body: Body,
) -> Result<Response, ApiError> {
    let device = own(session, enrolment_id)?;
    let body = whole(body, MAX_ADD_ENTRIES_BYTES).await?;
    Ok(answer(gateway.add_entries(device, body).await?))
}
