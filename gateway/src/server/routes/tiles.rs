//! Logs as C2SP tlog-tiles: the force log for anybody, phones' logs and the events log for the desk.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use peel_ledger::Hash;

use crate::server::error::ApiError;
use crate::service::{Gateway, ServiceError};

/// A tile never changes: whoever may have it may keep it.
const FOR_EVER: &str = "max-age=31536000, immutable";

fn checkpoint_response(note: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], note).into_response()
}

fn tile_response(tile: Vec<u8>, whose: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CACHE_CONTROL, format!("{whose}, {FOR_EVER}")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, tile).into_response()
}

/// `GET /v1/log/checkpoint`: the newest that enough outside witnesses cosigned, with their lines.
pub(super) async fn force_checkpoint(State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    Ok(checkpoint_response(gateway.published_checkpoint().await?.to_text()))
}

/// `GET /v1/log/tile/{path}`.
pub(super) async fn force_tile(
    State(gateway): State<Arc<Gateway>>,
    Path(path): Path<String>,
) -> Result<Response, ApiError> {
    Ok(tile_response(gateway.tile_of(None, &path).await?, "public"))
}

/// `GET /v1/log/proof/{leaf}`: the leaf's hash in hexadecimal; a C2SP tlog-proof up to the published checkpoint.
pub(super) async fn force_proof(
    State(gateway): State<Arc<Gateway>>,
    Path(leaf): Path<String>,
) -> Result<Response, ApiError> {
    let leaf = Hash::from_hex(&leaf).map_err(|_| ServiceError::NotFound)?;
    Ok(checkpoint_response(gateway.force_log_proof(leaf).await?.to_text()))
}

/// `GET /v1/desk/logs/{log}/checkpoint`.
pub(super) async fn checkpoint(
    State(gateway): State<Arc<Gateway>>,
    Path(log): Path<String>,
) -> Result<Response, ApiError> {
    Ok(checkpoint_response(gateway.checkpoint_of(log).await?))
}

/// `GET /v1/desk/logs/{log}/tile/{path}`.
pub(super) async fn tile(
    State(gateway): State<Arc<Gateway>>,
    Path((log, path)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    Ok(tile_response(gateway.tile_of(Some(log), &path).await?, "private"))
}
