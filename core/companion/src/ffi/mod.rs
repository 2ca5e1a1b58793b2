//! The only door between the shells and the core.
//!
//! Everything that Kotlin and Swift can see is declared here: records, enums, errors, the traits that shells
//! implement, and [`OfficerCore`]. A method converts, delegates, returns; no rule lives here. Every exported function
//! returns a `Result` with [`CoreError`], so that nothing can tear a shell down. No gated field of an alert leaves
//! this module before the blind judgement or its logged skip (S05): see [`views::AlertView`].

mod core_alerts;
mod core_drone;
mod core_photograph;
mod core_session;
mod core_stops;
mod error;
mod host;
mod ids;
mod mapping;
mod requests;
mod runtime;
mod subscription;
mod traits;
mod views;
mod views_session;
mod words_alert;
mod words_stop;

pub use core_session::OfficerCore;
pub use error::{CoreError, VaultError};
pub use host::system_clock;
#[cfg(feature = "software-vault")]
pub use host::{exercise_clock, software_vault};
pub use requests::{
    CoreConfig, DecisionRequest, FaceSide, FalseAlertRequest, FrameLayout, JudgementRequest, PixelOrder, QuarterTurns,
};
pub use subscription::Subscription;
pub use traits::{
    AlertListener, ClockReading, ConnectionListener, DeviceClock, DroneListener, KeySlot, KeyVault, WrapSlot,
};
pub use views::{
    AlertHeader, AlertPhase, AlertView, AlertsSnapshot, BlindAlert, ComparisonView, FacePlace, KnownErrorRate,
    OtherOfficer, PreviewView, RevealedAlert, TestedRate,
};
pub use views_session::{
    Bearing, ConnectionState, ConnectionView, DeploymentView, DroneView, EnrolmentView, Freshness, IdentityStepView,
    OfficerPosition, Place, ReceiptLine, ReceiptView, SegmentView, SessionView, ShiftView, StopView, SyncOutcome,
    SyncState, VideoCodec, VideoUnit,
};
