//! Why the engine did not do what was asked: one internal error, turned into the public one at the border.

use peel_domain::event::BodyError;
use peel_domain::policy::PolicyError;
use peel_domain::shift::ShiftError;
use peel_domain::wire::EnrolmentCodeError;
use peel_domain::workflow::WorkflowError;
use peel_face::FaceError;
use peel_journal::trail::TrailError;
use peel_journal::upload::UploadError;
use peel_ledger::receipt::ReceiptError;
use peel_ledger::tree::TreeError;

use crate::ffi::VaultError;
use crate::sealed::SealedError;
use crate::store::StoreError;
use crate::transport::TransportError;

/// The force lost what it had confirmed and what was pruned here since: nothing can bring this log over any more. Its own
/// signature over what it lost is in the store.
pub(crate) const SERVER_LOST_PRUNED: &str = "sync.server_lost_pruned";

/// An engine error. Texts read after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EngineError {
    /// The device has no enrolment.
    #[error("use a device that is not enrolled")]
    NotEnrolled,
    /// It has one already.
    #[error("enrol a device twice")]
    AlreadyEnrolled,
    /// No officer is signed in.
    #[error("act without a signed-in officer")]
    NotSignedIn,
    /// No deployment was joined.
    #[error("act outside a deployment")]
    NotJoined,
    /// Not on this phone; the code says what.
    #[error("find it on this phone")]
    NotFound(&'static str),
    /// Not now; the code says what comes first.
    #[error("do this step now")]
    NotNow(&'static str),
    /// A malformed argument; the code says which.
    #[error("take a malformed argument")]
    Invalid(&'static str),
    /// Something is not what it must be.
    #[error("verify what was received or stored")]
    Integrity(&'static str),
    /// The workflow refused.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The trail.
    #[error(transparent)]
    Trail(TrailError),
    /// An event's body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The key store.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A sealed record.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// The gateway.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The enrolment code.
    #[error(transparent)]
    Code(#[from] EnrolmentCodeError),
    /// The shift's certificate.
    #[error(transparent)]
    Shift(#[from] ShiftError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The face check.
    #[error(transparent)]
    Face(#[from] FaceError),
    /// The receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A task of the core ended before its time.
    #[error("finish a task of the core")]
    Task,
}

impl From<TrailError> for EngineError {
    fn from(error: TrailError) -> Self {
        if let TrailError::Store(error) = error { Self::Store(error) } else { Self::Trail(error) }
    }
}

impl From<UploadError> for EngineError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Store(error) => Self::Store(error),
            UploadError::Protocol(_) => Self::Integrity("sync.proof"),
            UploadError::Pruned { .. } => Self::Integrity(SERVER_LOST_PRUNED),
        }
    }
}
