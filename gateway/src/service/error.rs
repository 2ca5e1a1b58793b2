//! What the gateway refuses, and why. Each has a code that a machine reads and a status that HTTP gives it.
//!
//! Must never: carry a name, a score, a key, a path or what was sent.

use std::net::SocketAddr;

use peel_domain::evidence::HoldError;
use peel_domain::policy::PolicyError;
use peel_domain::wire::AlertError;
use peel_domain::wire::dpop::DpopError;

use crate::force::ForceError;
use crate::storage::StoreError;

/// A refusal or a failure. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store failed or is busy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The force's directory is not usable.
    #[error(transparent)]
    Force(#[from] ForceError),
    /// No token, or not a valid one.
    #[error("authenticate")]
    Unauthenticated,
    /// A proof of possession without the server's present nonce, which goes with the refusal.
    #[error("authenticate without the present nonce")]
    NonceNeeded,
    /// No proof of possession, or not one for this request by the token's key.
    #[error("take the proof of possession")]
    ProofRefused,
    /// A device that is not enrolled here.
    #[error("find the device's enrolment")]
    UnknownDevice,
    /// A device whose enrolment was revoked.
    #[error("serve a device whose enrolment was revoked")]
    Revoked,
    /// A device whose enrolment two people have still to approve.
    #[error("serve a device whose enrolment is not approved yet")]
    PendingApproval,
    /// A change of the force log without two people's approvals.
    #[error("change the force log without two people's approvals")]
    Approvals,
    /// Not an enrolment code.
    #[error("enrol with an unknown code")]
    CodeUnknown,
    /// An enrolment code that is used or expired.
    #[error("enrol with a code that is used or expired")]
    CodeGone,
    /// Officer number or PIN is wrong.
    #[error("sign in with this officer number and pin")]
    SignIn,
    /// Too many wrong PINs.
    #[error("sign in after too many wrong pins")]
    Locked,
    /// Too many wrong PINs on this device, for whomever.
    #[error("sign in on a device with too many wrong pins")]
    DeviceLocked,
    /// Nobody is signed in on this device.
    #[error("act without a signed-in officer")]
    NotSignedIn,
    /// The officer is not rostered for this.
    #[error("act in a deployment without being rostered for it")]
    NotRostered,
    /// There is no such thing, or not for this caller.
    #[error("find what was asked for")]
    NotFound,
    /// It was destroyed.
    #[error("read what has been destroyed")]
    Gone,
    /// The deployment is not live.
    #[error("take an alert in a deployment that is not live")]
    NotLive,
    /// The state cannot follow the present one.
    #[error("change a deployment to a state that cannot follow its present one")]
    StateOrder,
    /// An alert is not sound.
    #[error(transparent)]
    Alert(#[from] AlertError),
    /// A field is missing, malformed or contradicts another; the code names it.
    #[error("take what was given: {}", in_words(.0))]
    Invalid(&'static str),
    /// A deployment's file that is not one.
    #[error("read the deployment's file{}", place(*.line, .missing.as_deref()))]
    DeploymentFile {
        /// The line that is not understood, from 1.
        line: Option<usize>,
        /// The field that is missing.
        missing: Option<String>,
    },
    /// A policy that is not newer than the one in force.
    #[error("put the policy into force: version {in_force} is in force; a new policy needs a higher version")]
    PolicyVersion {
        /// The version in force.
        in_force: u32,
    },
    /// The address to serve at cannot be had.
    #[error("listen on {address}: {kind}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
    /// Bytes that are not a JPEG or PNG image, or too many of them.
    #[error("take an image that is neither jpeg nor png")]
    Image,
    /// A camera that the deployment's card does not have.
    #[error("take an alert of a camera that is not on the deployment's card")]
    UnknownCamera,
    /// A feed without an incident, or one that is not overt.
    #[error("relay a feed that has no incident or is not overt")]
    FeedRefused,
    /// The body is too large.
    #[error("take a request this large")]
    TooLarge,
    /// Too many requests; try again after so many seconds.
    #[error("take so many requests")]
    TooManyRequests(u64),
    /// A checkpoint is behind or ahead: resume at this index.
    #[error("take a checkpoint or entries that do not follow")]
    MirrorConflict,
    /// Entries or proofs do not verify.
    #[error("verify what was uploaded")]
    MirrorRefused,
    /// A signature that does not verify.
    #[error("verify a signature")]
    Signature,
    /// A policy that is unsigned or contradicts itself.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Evidence that cannot be held.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// Something that cannot happen did.
    #[error("do its own work")]
    Internal,
}

/// What the code of a malformed field says to a person.
fn in_words(code: &'static str) -> &'static str {
    match code {
        "pin" => "a pin has 6 to 64 characters",
        "enrolment.url" => "the gateway's address must be https://host:port",
        "enrolment.key" => "the phone's keys are not what they must be",
        "enrolment.model" => "a model has 100 bytes at most, and no control characters",
        "enrolment.replaces" => "another enrolment goes on from this one already",
        "sign_in.officer_key" => "the officer's key is not what it must be",
        "last_event_id" => "Last-Event-ID is a number of the stream",
        "receipts.origin" => "the origin is not a log of this force",
        "receipts.page" => "the page is not one that an earlier answer named",
        "force" => "a force has a domain's name",
        "bundle.out" => "the folder for the bundle is neither empty nor an older bundle",
        "deployment.text" => "location, authority and algorithm must each have a text, of 500 bytes at most",
        "deployment.cameras" => "there must be a camera, and no camera or feed twice",
        "deployment.times" => "the planned start must be before the planned end, and the end still to come",
        "deployment.policy" => "no policy of this version was ever in force",
        "deployment.threshold" => "the threshold is in thousandths, 1000 at most",
        "deployment.test_walk" => "test subjects walk past at least once, and are recognised no more often than that",
        "deployment.exercise" => "a force for exercises has exercises only, and no other force has any",
        "exercise_clock" => "an exercise clock needs a force made for exercises",
        "change.kind" => "this kind of change is not made here",
        "change.device" => "the change is not about a device of this force as it is enrolled",
        "change.approved_before" => "this person has approved the change already",
        "change.approver" => "an approver is named <force>/peel/approver-1, as the force's configuration has it",
        "change.deployment" => "the change names no deployment",
        "change.force" => "the change was approved for another force's log, or for none",
        "change.reason" => "a reason is one of lost, stolen, compromised, replaced, retired",
        "change.size" => "the change says that more of the log is here than there is",
        "change.repeated" => "the change has been made already",
        "change.policy" => "the change needs the very policy that it was proposed for",
        "change.pins" => "the change is not the rotation that was prepared",
        "change.restore" => "the store is not behind what was signed, or the change is about another state of it",
        "change.adopt" => "there is a memory of what was signed: it is not replaced",
        "change.file" => "the file is not a change",
        "change.age" => "the change was proposed too long ago, or has a time to come",
        "body.malformed" => "the body is not of the described form",
        "body.truncated" => "the body ended too early",
        other => other,
    }
}

fn place(line: Option<usize>, missing: Option<&str>) -> String {
    match (missing, line) {
        (Some(field), _) => format!(": {field} is missing"),
        (None, Some(line)) => format!(": line {line} is not understood"),
        (None, None) => String::new(),
    }
}

impl ServiceError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Busy) => "busy",
            Self::Store(StoreError::Full) => "storage.full",
            Self::Store(StoreError::Unavailable | StoreError::Closed) => "storage.unavailable",
            Self::Store(StoreError::RolledBack) => "storage.rolled_back",
            Self::Store(StoreError::Conflict) => "conflict",
            Self::Store(_) | Self::Force(_) | Self::Listen { .. } | Self::Internal => "internal",
            Self::Unauthenticated => "unauthenticated",
            Self::NonceNeeded => "use_dpop_nonce",
            Self::ProofRefused => "invalid_dpop_proof",
            Self::UnknownDevice => "device.unknown",
            Self::Revoked => "device.revoked",
            Self::PendingApproval => "device.pending",
            Self::Approvals => "change.approvals",
            Self::CodeUnknown => "enrolment.unknown",
            Self::CodeGone => "enrolment.gone",
            Self::SignIn => "sign_in.refused",
            Self::Locked => "sign_in.locked",
            Self::DeviceLocked => "sign_in.device_locked",
            Self::NotSignedIn => "sign_in.needed",
            Self::NotRostered => "not_rostered",
            Self::NotFound => "not_found",
            Self::Gone => "gone",
            Self::NotLive => "deployment.not_live",
            Self::StateOrder => "deployment.state_order",
            Self::Alert(error) => error.code(),
            Self::Invalid(code) => code,
            Self::DeploymentFile { .. } => "deployment.file",
            Self::PolicyVersion { .. } => "policy.wrong_version",
            Self::Image => "alert.image",
            Self::UnknownCamera => "alert.camera",
            Self::FeedRefused => "feed.refused",
            Self::TooLarge => "too_large",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::MirrorConflict => "mirror.conflict",
            Self::MirrorRefused => "mirror.refused",
            Self::Signature => "signature",
            Self::Policy(error) => error.code(),
            Self::Hold(error) => error.code(),
        }
    }

    /// After how many seconds the same request may succeed: with every failure of the gateway's own, and with too many
    /// requests.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests(seconds) => Some(*seconds),
            Self::Store(StoreError::Full | StoreError::RolledBack) => Some(60),
            _ if self.status() == 503 => Some(1),
            _ if self.status() >= 500 => Some(5),
            _ => None,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Store(StoreError::Busy | StoreError::Unavailable | StoreError::Closed | StoreError::RolledBack) => {
                503
            }
            Self::Store(StoreError::Full) => 507,
            Self::Store(StoreError::Conflict) | Self::NotLive | Self::StateOrder | Self::MirrorConflict => 409,
            Self::Store(_) | Self::Force(_) | Self::Listen { .. } | Self::Internal => 500,
            Self::Unauthenticated | Self::NonceNeeded | Self::ProofRefused | Self::CodeUnknown | Self::SignIn => 401,
            Self::CodeGone | Self::Gone | Self::Hold(HoldError::Gone) => 410,
            Self::NotSignedIn
            | Self::NotRostered
            | Self::FeedRefused
            | Self::Signature
            | Self::Revoked
            | Self::PendingApproval
            | Self::Approvals => 403,
            Self::NotFound | Self::UnknownDevice => 404,
            Self::Alert(_)
            | Self::Invalid(_)
            | Self::DeploymentFile { .. }
            | Self::PolicyVersion { .. }
            | Self::Image
            | Self::UnknownCamera
            | Self::MirrorRefused
            | Self::Policy(_)
            | Self::Hold(_) => 422,
            Self::TooLarge => 413,
            Self::Locked | Self::DeviceLocked | Self::TooManyRequests(_) => 429,
        }
    }
}

impl From<DpopError> for ServiceError {
    fn from(_: DpopError) -> Self {
        Self::ProofRefused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_the_gateways_own_says_when_to_come_back_and_no_refusal_does() {
        for (error, wait) in [
            (ServiceError::Store(StoreError::Busy), Some(1)),
            (ServiceError::Store(StoreError::Full), Some(60)),
            (ServiceError::Store(StoreError::Database), Some(5)),
            (ServiceError::Internal, Some(5)),
            (ServiceError::TooManyRequests(7), Some(7)),
            (ServiceError::Revoked, None),
            (ServiceError::UnknownDevice, None),
            (ServiceError::NonceNeeded, None),
            (ServiceError::TooLarge, None),
        ] {
            assert_eq!(error.retry_after_s(), wait, "{}", error.code());
            assert!(error.status() < 500 || wait.is_some());
        }
    }
}
