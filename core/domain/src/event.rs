//! The body of a trail entry: what happened, to what, by whom.
//!
//! Encoded as CBOR (RFC 8949) maps with text keys by [`EventBody::to_cbor`]; the ledger's envelope adds sequence,
//! chain and device. Bodies never hold an image, a plain hash of one, or an embedding.

mod evidence;
mod parts;
mod succession;

use serde::{Deserialize, Serialize};

use crate::alert::Thousandths;
use crate::deployment::{DeploymentCard, DeploymentState, Role};
use crate::ethnicity::{EthnicGroup, SelfDefined};
use crate::id::{AlertId, CameraId, DeploymentId, EngagementId, EnrolmentId, FeedId, MediaId, OfficerId};
use crate::judgement::{Decision, JudgementKind, JudgementValue, Look, Saw, Sighting, SkipReason};
use crate::stop::{
    Explanation, FalseAlertCause, ForceUse, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting,
    Outcome, ReceiptChannel, SegmentKind, Truth, Verification,
};
use crate::time::{Elapsed, Moment};

pub use evidence::{EvidenceHeld, EvidenceReleased, HeldImage, HoldEnd};
pub use parts::{
    Band, CalibrationRef, CertificateBytes, ComparisonRecord, CoordinationStatus, DeletionReason, MediaClass,
    MediaCommitment, MediaDeleted,
};

pub use succession::{CarriedEntries, EntryCarried, LogEndCause, LogEnded, MAX_CARRIED_PART};

/// The version of [`EventBody`]; readers refuse what they do not know.
pub const BODY_VERSION: u8 = 1;

/// Who did it. Decisions, judgements and outcomes carry [`Actor::Officer`] only; the workflow sees to that (S02).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in officer.
    Officer(OfficerId),
    /// The phone's core, by a rule.
    Core,
    /// The gateway's front.
    Gateway,
    /// The force's desk, by a rule.
    Desk,
    /// An operator at the LFR system.
    Operator(OfficerId),
    /// A supervisor.
    Supervisor(OfficerId),
}

/// Why a consultation or disclosure happened (Data Protection Act 2018 section 62).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// Acting on an alert.
    AlertResponse,
    /// Conducting a stop.
    Stop,
    /// Running the deployment.
    DeploymentManagement,
    /// Deleting what is due.
    Retention,
    /// Keeping the trail whole.
    Integrity,
    /// An exercise.
    Exercise,
}

/// One event, as it stands in an entry's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody {
    /// [`BODY_VERSION`].
    pub v: u8,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: Actor,
    /// In which deployment.
    pub deployment_id: Option<DeploymentId>,
    /// About which alert.
    pub alert_id: Option<AlertId>,
    /// Why.
    pub justification: Justification,
    /// What.
    pub action: Action,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    // The phone's shift.
    /// An officer signed in; the shift is open until `until_ms`.
    ShiftStarted {
        /// The end of the force's certificate.
        until_ms: i64,
        /// The certificate itself, by which the force vouches for the officer's key; entries of earlier versions do not
        /// carry it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<CertificateBytes>,
    },
    /// The officer signed out.
    ShiftEnded,
    /// A policy took effect.
    PolicyApplied {
        /// Its version.
        version: u32,
        /// SHA-256 of the signed document.
        #[serde(with = "crate::bytes")]
        sha256: [u8; 32],
    },
    /// The officer joined a deployment.
    Joined {
        /// In this role.
        role: Role,
        /// The version of the phone's core; entries of earlier versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        software: Option<String>,
    },
    /// The officer acknowledged the briefing.
    BriefingAcknowledged,
    /// The officer left the deployment.
    Left,

    // An alert on a phone.
    /// An alert was received, validated and stored.
    AlertReceived {
        /// The gateway's contiguous number for this enrolment.
        alert_seq: u64,
        /// The camera.
        camera_id: CameraId,
        /// Capture; milliseconds since 1970 UTC.
        captured_at_ms: i64,
        /// Commitments to the stored images.
        media: Vec<MediaCommitment>,
    },
    /// Something that came in was refused.
    InputRefused {
        /// The gateway's number, where it could be read.
        alert_seq: Option<u64>,
        /// The error's code.
        code: String,
    },
    /// The alert came on the screen.
    AlertDisplayed,
    /// A face was looked at (S33).
    FaceViewed {
        /// The image.
        media_id: MediaId,
        /// For how long, in milliseconds.
        visible_ms: u32,
        /// Whether zoomed.
        zoomed: bool,
    },
    /// The blind judgement was put off.
    JudgementSkipped {
        /// Why.
        reason: SkipReason,
    },
    /// A judgement.
    Judged {
        /// Which.
        kind: JudgementKind,
        /// What.
        value: JudgementValue,
        /// How the officer looked.
        look: Option<Look>,
        /// What the officer had seen before.
        saw_before: Vec<Saw>,
    },
    /// The gated part was shown.
    Revealed,
    /// The secondary face check gave an opinion.
    Compared(ComparisonRecord),
    /// The officer decided.
    Decided {
        /// What.
        decision: Decision,
        /// Asked for green grade and under 18.
        note: Option<String>,
        /// `None` where the hardware refused or timed out: the decision stands, unsigned.
        officer_signature: Option<Vec<u8>>,
    },
    /// Time ran out with no officer's action: never a decision (S03).
    NoDecision,
    /// The alert is stale.
    Expired,
    /// The operator withdrew it.
    Withdrawn {
        /// Whether because the operator judged it false.
        judged_false: bool,
        /// After contact a withdrawal is information and changes no state.
        after_contact: bool,
    },
    /// The same person was alerted twice: counted apart.
    MarkedDuplicate {
        /// The alert that counts.
        of: AlertId,
    },
    /// A newer alert stands in for this one.
    Superseded {
        /// The newer alert.
        by: AlertId,
    },
    /// Seen, lost, with me.
    Sighted(Sighting),

    // The stop.
    /// Contact made: the timer runs.
    ContactMade {
        /// The stop.
        engagement_id: EngagementId,
        /// On what footing.
        footing: LegalFooting,
    },
    /// Another segment began.
    SegmentStarted(SegmentKind),
    /// The footing changed.
    FootingChanged(LegalFooting),
    /// What was explained.
    Explained(Explanation),
    /// An identity step.
    IdentityStep {
        /// Which.
        kind: IdentityStepKind,
        /// With what result.
        result: IdentityStepResult,
        /// Why, where an intrusive step follows two supporting documents (S51).
        #[serde(default)]
        reason: Option<String>,
    },
    /// The officer's conclusion about identity.
    IdentityConcluded(IdentityConclusion),
    /// The outcome.
    OutcomeRecorded(Outcome),
    /// A false alert's causes.
    FalseAlertReported {
        /// All causes.
        causes: Vec<FalseAlertCause>,
        /// The main one.
        primary: FalseAlertCause,
        /// Whether the officer apologised.
        apology_given: bool,
        /// Whether the person wants to hear more.
        follow_up_wanted: bool,
    },
    /// A receipt was offered; the entry of class 5 before this one holds its commitment.
    ReceiptOffered {
        /// Its reference.
        reference: String,
        /// How it went.
        channel: ReceiptChannel,
        /// SHA-256(salt, canonical receipt).
        #[serde(with = "crate::bytes")]
        commitment: [u8; 32],
    },
    /// The person said how they define their ethnicity, or did not; the last answer of a stop counts. It is asked for
    /// statistics, holds no name, and is never anybody's impression.
    EthnicityStated(SelfDefined),
    /// Whether force was used; the last statement of a stop counts.
    ForceStated(ForceUse),
    /// "Left": the timer stopped.
    Released {
        /// The whole stop.
        duration: Elapsed,
    },
    /// Truth and verification of the alert.
    TruthRecorded {
        /// True or false.
        truth: Truth,
        /// Confirmed or not.
        verification: Verification,
    },
    /// Nothing more is due on this alert.
    Closed,
    /// An image was destroyed.
    MediaDeleted(MediaDeleted),

    // The drone on a phone.
    /// A drone's feed was offered.
    DroneAssigned {
        /// The feed.
        feed_id: FeedId,
        /// The incident.
        incident_ref: String,
    },
    /// The officer opened the view.
    DroneViewOpened {
        /// The feed.
        feed_id: FeedId,
    },
    /// The view closed.
    DroneViewClosed {
        /// The feed.
        feed_id: FeedId,
        /// For how long it was open, in milliseconds.
        open_ms: u64,
    },

    // The phone itself.
    /// The core came back after it had been killed.
    Recovered {
        /// Open stops that were found.
        open_stops: u32,
    },
    /// The log before this one ended: a key was lost or changed. The first event of its successor.
    LogEnded(LogEnded),
    /// What the force did not have of it.
    EntryCarried(EntryCarried),
    /// The wall clock jumped against the monotonic clock.
    ClockJumped {
        /// By so many milliseconds.
        by_ms: i64,
    },

    // The force's own log.
    /// A device was enrolled.
    Enrolled {
        /// Its enrolment.
        enrolment_id: EnrolmentId,
        /// The enrolment of the same phone that it goes on from: what its log carries of that one's counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<EnrolmentId>,
    },
    /// A phone was given up for good by two people: the deployment's record is published without the rest of its log, and
    /// says so. What the phone still brings counts all the same.
    PhoneGivenUp {
        /// Its enrolment.
        enrolment_id: EnrolmentId,
        /// Why, as a code.
        reason: String,
        /// How many entries of its log the force had cosigned.
        size: u64,
    },
    /// The store was put back from a backup: this log goes on for another one, whose last entries are lost. The first
    /// event of its successor.
    StoreRestored {
        /// The log before this one.
        origin: String,
        /// How many entries it had, as far as is known.
        size: u64,
        /// Their root in hexadecimal, where it is known.
        root: Option<String>,
        /// How wide each epoch's range of numbers is: every device's stream goes on from the next multiple of it, so
        /// that no number is given twice.
        numbers_skipped: u64,
    },
    /// An alert was issued to one enrolment.
    AlertIssued {
        /// To whom.
        enrolment_id: EnrolmentId,
        /// The contiguous number.
        alert_seq: u64,
    },
    /// An alert was taken in from the LFR system.
    AlertIngested {
        /// The camera.
        camera_id: CameraId,
        /// Capture; milliseconds since 1970 UTC.
        captured_at_ms: i64,
        /// A role-player of the force's own test: counted apart.
        test_subject: bool,
        /// The threshold that the LFR system raised it at; entries of earlier versions do not say it.
        #[serde(default)]
        threshold: Option<Thousandths>,
        /// Whether the entry is of somebody under 18; entries of earlier versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under_18: Option<bool>,
        /// Whether the entry is of somebody vulnerable; entries of earlier versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vulnerable: Option<bool>,
    },
    /// Members of staff whose images were put on the watchlist walked past the cameras, to see who is recognised (S47).
    TestWalked {
        /// How they define their own ethnicity.
        group: EthnicGroup,
        /// How often they walked past.
        passes: u32,
        /// How often the LFR system raised an alert.
        recognised: u32,
    },
    /// The operator withdrew an alert.
    AlertWithdrawn {
        /// Whether because it was judged false.
        judged_false: bool,
    },
    /// A deployment's card was set.
    DeploymentCreated(DeploymentCard),
    /// A deployment's state changed.
    DeploymentStateChanged {
        /// To this state.
        state: DeploymentState,
    },
    /// The faces seen, as estimated at the end.
    FacesSeenEstimated {
        /// How many.
        faces: u64,
    },
    /// A supervisor holds an alert's images as evidence.
    EvidenceHeld(EvidenceHeld),
    /// The hold ended.
    EvidenceReleased(EvidenceReleased),
    /// The desk tells other phones what one phone recorded.
    Coordination {
        /// The officer concerned.
        officer_id: OfficerId,
        /// What the others must know.
        status: CoordinationStatus,
    },
}

/// A body could not be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It cannot be encoded.
    #[error("encode an event body")]
    Encode,
    /// It is not a body.
    #[error("decode an event body")]
    Decode,
    /// It is of a version that this build does not know.
    #[error("read an event body of an unknown version")]
    UnknownVersion,
}

impl EventBody {
    /// The CBOR bytes that are sealed.
    pub fn to_cbor(&self) -> Result<Vec<u8>, BodyError> {
        let mut bytes = Vec::with_capacity(256);
        ciborium::into_writer(self, &mut bytes).map_err(|_| BodyError::Encode)?;
        Ok(bytes)
    }

    /// Reads what [`Self::to_cbor`] wrote; trailing bytes are refused.
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut rest = bytes;
        let body: Self = ciborium::from_reader(&mut rest).map_err(|_| BodyError::Decode)?;
        if !rest.is_empty() {
            return Err(BodyError::Decode);
        }
        if body.v != BODY_VERSION {
            return Err(BodyError::UnknownVersion);
        }
        Ok(body)
    }
}
