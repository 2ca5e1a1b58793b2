//! Drones' streams, in and out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::StreamExt as _;
use peel_domain::id::FeedId;

use crate::server::DeviceSession;
use crate::server::error::ApiError;
use crate::server::request::Id;
use crate::service::{Gateway, ServiceError};

/// A sender that says nothing for this long is gone.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// `PUT /v1/ingest/feeds/{feed_id}`: lasts as long as the drone sends.
pub(super) async fn send(
    State(gateway): State<Arc<Gateway>>,
    Id(feed_id): Id<FeedId>,
    body: Body,
) -> Result<Json<serde_json::Value>, ApiError> {
    // On its own task from the first step on: a sender that breaks off drops this request, wherever it is, and a
    // deployment that was told of the feed must still be told of its end.
    let relayed = tokio::spawn(relay(gateway, feed_id, body)).await.map_err(|_| ServiceError::Internal)??;
    Ok(Json(serde_json::json!({ "relayed_bytes": relayed })))
}

async fn relay(gateway: Arc<Gateway>, feed_id: FeedId, body: Body) -> Result<u64, ServiceError> {
    let mut feed = gateway.begin_feed(feed_id).await?;
    let mut chunks = body.into_data_stream();
    let mut total = 0_u64;
    let mut pushed = Ok(());
    while let Ok(Some(Ok(chunk))) = tokio::time::timeout(SILENCE, chunks.next()).await {
        total = total.saturating_add(chunk.len() as u64);
        pushed = feed.push(chunk).await;
        if pushed.is_err() {
            break;
        }
    }
    feed.end().await?;
    pushed.map(|()| total)
}

/// `GET /v1/feeds/{feed_id}/stream.ts`: from the live edge, while the drone sends.
pub(super) async fn view(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    Id(feed_id): Id<FeedId>,
) -> Result<Response, ApiError> {
    let shift = gateway.shift(session.0).await?;
    let viewer = gateway.view_feed(session.0, shift, feed_id).await?;
    let chunks = futures_util::stream::unfold((gateway, viewer), move |(gateway, mut viewer)| async move {
        let chunk = viewer.next().await?;
        // A device that was revoked meanwhile sees no more of it.
        gateway.standings.check(session.0).ok()?;
        Some((Ok::<_, ServiceError>(chunk), (gateway, viewer)))
    });
    let headers = [(header::CONTENT_TYPE, "video/mp2t"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(chunks)).into_response())
}
