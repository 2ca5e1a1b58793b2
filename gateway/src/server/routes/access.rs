//! Enrolment, tokens and sign-in.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use peel_domain::wire::{EnrolRequest, EnrolResponse, SignInRequest, SignInResponse, TokenRequest, TokenResponse};
use zeroize::Zeroizing;

use crate::clock::real_now_s;
use crate::server::DeviceSession;
use crate::server::error::ApiError;
use crate::server::guard::ProvedKey;
use crate::server::request::{SMALL_BODY, json};
use crate::service::{Gateway, NewDevice};

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
pub(super) async fn token(
    State(gateway): State<Arc<Gateway>>,
    Extension(ProvedKey(key)): Extension<ProvedKey>,
    body: Body,
) -> Result<Json<TokenResponse>, ApiError> {
    let request: TokenRequest = json(body, SMALL_BODY).await?;
    Ok(Json(gateway.issue_token(request.enrolment_id, key, real_now_s()).await?))
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
