//! The internal error becomes the public one: which of its few variants, and with which code.

use peel_domain::wire::EnrolmentCodeError;
use peel_domain::workflow::{WorkflowError, WorkflowErrorKind};
use peel_face::FaceError;
use peel_journal::trail::TrailError;

use super::error::{CoreError, VaultError};
use super::requests::{PixelOrder, QuarterTurns};
use crate::engine::EngineError;
use crate::store::StoreError;
use crate::transport::TransportError;

impl From<EngineError> for CoreError {
    fn from(error: EngineError) -> Self {
        let code = |text: &str| text.to_owned();
        match error {
            EngineError::NotEnrolled => Self::NotEnrolled { reason: code("device.not_enrolled") },
            EngineError::AlreadyEnrolled => Self::NotAllowedNow { reason: code("device.already_enrolled") },
            EngineError::NotSignedIn => Self::SignInNeeded { reason: code("shift.none") },
            EngineError::NotJoined => Self::NotAllowedNow { reason: code("deployment.none") },
            EngineError::NotFound(reason) => Self::NotFound { reason: code(reason) },
            EngineError::NotNow(reason) => Self::NotAllowedNow { reason: code(reason) },
            EngineError::Invalid(reason) => Self::Invalid { reason: code(reason) },
            EngineError::Integrity(reason) => Self::Integrity { reason: code(reason) },
            EngineError::Workflow(error) => workflow(error),
            EngineError::Store(error) => store(error),
            EngineError::Trail(TrailError::NoKey) => Self::KeyUnavailable { reason: code("key.log_lost") },
            EngineError::Trail(_) | EngineError::Body(_) => Self::Internal { reason: code("trail.write") },
            EngineError::Vault(error) => vault(error),
            EngineError::Sealed(_) => Self::Integrity { reason: code("store.sealed_record") },
            EngineError::Transport(error) => transport(&error),
            EngineError::Code(
                error @ (EnrolmentCodeError::Malformed
                | EnrolmentCodeError::UnknownVersion
                | EnrolmentCodeError::Address),
            ) => Self::Invalid { reason: code(error.code()) },
            EngineError::Code(error) => Self::Refused { reason: code(error.code()) },
            EngineError::Shift(error) => Self::Integrity { reason: code(error.code()) },
            EngineError::Policy(error) => Self::Integrity { reason: code(error.code()) },
            EngineError::Face(error) => face(error),
            EngineError::Receipt(_) | EngineError::Tree(_) => Self::Internal { reason: code("receipt.build") },
            EngineError::Task => Self::Internal { reason: code("core.task") },
        }
    }
}

fn workflow(error: WorkflowError) -> CoreError {
    let reason = error.code().to_owned();
    match error.kind() {
        WorkflowErrorKind::SignInNeeded => CoreError::SignInNeeded { reason },
        WorkflowErrorKind::NotAllowedNow => CoreError::NotAllowedNow { reason },
        WorkflowErrorKind::Invalid => CoreError::Invalid { reason },
        WorkflowErrorKind::AlreadyDecided => CoreError::AlreadyDecided { reason },
        WorkflowErrorKind::Integrity => CoreError::Integrity { reason },
    }
}

fn store(error: StoreError) -> CoreError {
    let reason = |code: &str| code.to_owned();
    match error {
        StoreError::Full => CoreError::StorageFull { reason: reason("storage.full") },
        StoreError::Damaged => CoreError::Integrity { reason: reason("store.damaged") },
        StoreError::Pruned => CoreError::Integrity { reason: reason("trail.pruned") },
        StoreError::SecondHistory => CoreError::Integrity { reason: reason("trail.second_history") },
        StoreError::LaterVersion => CoreError::NotPossible { reason: reason("store.later_version") },
        StoreError::LibraryTooOld => CoreError::NotPossible { reason: reason("store.library_too_old") },
        StoreError::InUse => CoreError::NotPossible { reason: reason("store.in_use") },
        StoreError::Closed => CoreError::NotPossible { reason: reason("store.closed") },
        StoreError::Io => CoreError::Internal { reason: reason("store.io") },
    }
}

fn vault(error: VaultError) -> CoreError {
    let reason = match error {
        VaultError::Refused => "vault.refused",
        VaultError::Lost => "vault.lost",
        VaultError::Unavailable => "vault.unavailable",
    };
    CoreError::KeyUnavailable { reason: reason.to_owned() }
}

fn transport(error: &TransportError) -> CoreError {
    let reason = error.code();
    match error {
        TransportError::Unreachable | TransportError::Busy { .. } => CoreError::Offline { reason },
        TransportError::Refused { .. } if error.is_passing() => CoreError::Offline { reason },
        TransportError::Refused { .. } | TransportError::PinsOutdated => CoreError::Refused { reason },
        TransportError::Untrusted | TransportError::Malformed | TransportError::TooLarge => {
            CoreError::Integrity { reason }
        }
        TransportError::SetUp => CoreError::Internal { reason },
    }
}

fn face(error: FaceError) -> CoreError {
    let (reason, by_image) = match error {
        FaceError::Manifest => ("face.manifest", false),
        FaceError::ModelUnreadable => ("face.model_unreadable", false),
        FaceError::ModelNotListed => ("face.model_not_listed", false),
        FaceError::ModelForm => ("face.model_form", false),
        FaceError::CalibrationUnreadable => ("face.calibration_unreadable", false),
        FaceError::Calibration(error) => (error.code(), false),
        FaceError::Probe(_) => ("face.probe_unusable", true),
        FaceError::Reference(_) => ("face.reference_unusable", true),
        FaceError::Image(_) => ("face.image_unusable", true),
        _ => ("face.failed", false),
    };
    let reason = reason.to_owned();
    if by_image { CoreError::Invalid { reason } } else { CoreError::NotPossible { reason } }
}

impl From<PixelOrder> for peel_face::PixelOrder {
    fn from(order: PixelOrder) -> Self {
        match order {
            PixelOrder::Rgba => Self::Rgba,
            PixelOrder::Bgra => Self::Bgra,
        }
    }
}

impl From<QuarterTurns> for peel_face::QuarterTurns {
    fn from(turns: QuarterTurns) -> Self {
        match turns {
            QuarterTurns::None => Self::None,
            QuarterTurns::One => Self::One,
            QuarterTurns::Two => Self::Two,
            QuarterTurns::Three => Self::Three,
        }
    }
}
