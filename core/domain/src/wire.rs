//! What goes over the wire between the force's gateway, the phone, the LFR system and the desk, as JSON.
//!
//! For: both ends of one protocol share these types. Must never: be trusted; every field is what the sender claims.
//! Always: parsing gives typed errors and never panics; what carries a secret prints `[redacted]`. Bytes stand as
//! standard base64 ([`Base64`]).

mod alert;
mod base64_bytes;
pub mod dpop;
mod drone;
mod enrolment_code;
mod ingest;
mod session;
mod stream;

pub use alert::{
    AlertDto, AlertError, MAX_AGE_MS, MAX_AHEAD_MS, MAX_IMAGE_BYTES, MAX_PROBES, MAX_TEXT_BYTES, MediaDto,
    STALE_AFTER_MS,
};
pub use base64_bytes::Base64;
pub use drone::{DroneStateDto, DroneStateError, PlaceDto};
pub use enrolment_code::{EnrolmentCode, EnrolmentCodeError};
pub use ingest::{
    IngestAlertRequest, IngestAlertResponse, IngestDeploymentStateRequest, IngestProbe, IngestReference,
    IngestWithdrawRequest,
};
pub use session::{
    BeaconResponse, DeploymentsResponse, EnrolRequest, EnrolResponse, ErrorBody, PresenceRequest, RecipientDto,
    RecipientPurpose, RosteredDeployment, SignInRequest, SignInResponse, TokenRequest, TokenResponse,
};
pub use stream::{StreamEnvelope, StreamError, StreamEvent};
