//! Every route, and what it asks of its caller.

mod access;
mod desk;
mod device;
mod feeds;
mod ingest;
mod mirror;
mod public;
mod tiles;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get, post, put};

use super::error::ApiError;
use super::guard::{Access, Flow, Guard, guarded};
use crate::service::{Gateway, ServiceError};
use crate::storage::ApiKeyKind;

/// One route.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
    flow: Flow,
    handler: MethodRouter<Arc<Gateway>>,
}

const DEVICE: Access = Access::Device;
const INGEST: Access = Access::Key(ApiKeyKind::Ingest);
const OPERATOR: Access = Access::Key(ApiKeyKind::Operator);
const DESK: Access = Access::Key(ApiKeyKind::Desk);

type Handler = MethodRouter<Arc<Gateway>>;

fn route(method: &'static str, path: &'static str, access: Access, handler: Handler) -> Route {
    Route { method, path, access, flow: Flow::Whole, handler }
}

fn streaming(method: &'static str, path: &'static str, access: Access, handler: Handler) -> Route {
    Route { method, path, access, flow: Flow::Stream, handler }
}

/// All routes.
pub fn table() -> Vec<Route> {
    vec![
        route("GET", "/healthz", Access::Open, get(public::health)),
        route("GET", "/v1/beacon", Access::Open, get(public::beacon)),
        route("GET", "/v1/pins", Access::Open, get(public::pins)),
        route("GET", "/v1/log/checkpoint", Access::Open, get(tiles::force_checkpoint)),
        route("GET", "/v1/log/tile/{*path}", Access::Open, get(tiles::force_tile)),
        route("GET", "/v1/log/proof/{leaf}", DEVICE, get(tiles::force_proof)),
        route("GET", "/v1/receipts/{paper_code}", Access::Open, get(public::receipt)),
        route("POST", "/v1/enrol", Access::Open, post(access::enrol)),
        route("POST", "/v1/token", Access::Proof, post(access::token)),
        route("POST", "/v1/sign-in", DEVICE, post(access::sign_in)),
        route("GET", "/v1/policy", DEVICE, get(device::policy)),
        route("GET", "/v1/deployments", DEVICE, get(device::deployments)),
        route("POST", "/v1/deployments/{deployment_id}/presence", DEVICE, post(device::presence)),
        streaming("GET", "/v1/events", DEVICE, get(device::events)),
        route("GET", "/v1/media/{media_id}", DEVICE, get(device::media)),
        route("POST", "/v1/logs/{enrolment_id}/add-checkpoint", DEVICE, post(mirror::add_checkpoint)),
        route("POST", "/v1/logs/{enrolment_id}/add-entries", DEVICE, post(mirror::add_entries)),
        streaming("GET", "/v1/feeds/{feed_id}/stream.ts", DEVICE, get(feeds::view)),
        route("POST", "/v1/ingest/alerts", INGEST, post(ingest::alert)),
        route("POST", "/v1/ingest/alerts/{alert_id}/withdraw", INGEST, post(ingest::withdraw)),
        streaming("PUT", "/v1/ingest/feeds/{feed_id}", INGEST, put(feeds::send)),
        route("POST", "/v1/ingest/deployments/{deployment_id}/state", OPERATOR, post(ingest::state)),
        route("GET", "/v1/desk/logs", DESK, get(desk::logs)),
        route("GET", "/v1/desk/logs/{log}/entries", DESK, get(desk::entries)),
        route("GET", "/v1/desk/logs/{log}/checkpoint", DESK, get(tiles::checkpoint)),
        route("GET", "/v1/desk/logs/{log}/tile/{*path}", DESK, get(tiles::tile)),
        route("POST", "/v1/desk/events", DESK, post(desk::event)),
        route("POST", "/v1/desk/closings", DESK, post(desk::closing)),
        route("GET", "/v1/bundle", DESK, get(desk::bundle)),
    ]
}

async fn nothing_here() -> ApiError {
    ServiceError::NotFound.into()
}

/// The router over the table.
pub(super) fn router(gateway: &Arc<Gateway>) -> Router {
    let mut router = Router::new().fallback(nothing_here);
    for route in table() {
        let guard = Guard { gateway: Arc::clone(gateway), access: route.access, flow: route.flow };
        let handler = route.handler.layer(axum::middleware::from_fn_with_state(guard, guarded));
        router = router.route(route.path, handler);
    }
    // Each route reads its own body within its own bound.
    router.layer(axum::extract::DefaultBodyLimit::disable()).with_state(Arc::clone(gateway))
}
