//! Enrolment, tokens and sign-in.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use peel_domain::wire::{
    EnrolRequest, EnrolResponse, NonceResponse, SignInRequest, SignInResponse, TokenRequest, TokenResponse,
};
use zeroize::Zeroizing;

use crate::server::DeviceSession;
use crate::server::error::ApiError;
use crate::server::request::{SMALL_BODY, json};
use crate::service::{Gateway, NewDevice};

/// `GET /v1/nonce`.
pub(super) async fn nonce(State(gateway): State<Arc<Gateway>>) -> Json<NonceResponse> {
    Json(NonceResponse { nonce: gateway.sessions.nonce(Instant::now(), &mut rand::rng()) })
}

/// `POST /v1/enrol`.
pub(super) async fn enrol(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<Json<EnrolResponse>, ApiError> {
    let request: EnrolRequest = json(body, SMALL_BODY).await?;
    let device = NewDevice {
        log_key: request.k_log.as_bytes().to_vec(),
        hw_spki: request.k_hw_spki.as_bytes().to_vec(),
        auth_spki: request.k_auth_spki.as_bytes().to_vec(),
        model: request.model,
    };
    Ok(Json(gateway.enrol(request.secret.as_bytes().to_vec(), device).await?))
}

/// `POST /v1/token`.
pub(super) async fn token(State(gateway): State<Arc<Gateway>>, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let request: TokenRequest = json(body, SMALL_BODY).await?;
    let signature = request.signature.as_bytes().to_vec();
    Ok(Json(gateway.issue_token(request.enrolment_id, request.nonce, signature).await?))
}

/// `POST /v1/sign-in`.
pub(super) async fn sign_in(
    State(gateway): State<Arc<Gateway>>,
    Extension(session): Extension<DeviceSession>,
    body: Body,
) -> Result<Json<SignInResponse>, ApiError> {
    let request: SignInRequest = json(body, SMALL_BODY).await?;
    let pin = Zeroizing::new(request.pin.clone());
    let officer_key = request.k_officer_spki.as_bytes().to_vec();
    let certificate = gateway.sign_in(session.0, request.officer_id.clone(), pin, officer_key).await?;
    Ok(Json(SignInResponse { certificate: certificate.into() }))
}
