//! What a shell may show about the device, the shift, the connection, stops, receipts and drones.

use std::time::SystemTime;

use peel_domain::deployment::{DeploymentState, Role, UseCase};
use peel_domain::id::{AlertId, DeploymentId, EngagementId, EnrolmentId, FeedId, OfficerId};
use peel_domain::stop::{
    Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, SegmentKind,
};

/// This device's enrolment.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EnrolmentView {
    /// The enrolment: the device's log is named after it.
    pub enrolment_id: EnrolmentId,
    /// The log's origin.
    pub origin: String,
}

/// The officer's shift.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ShiftView {
    /// The officer's number.
    pub officer_id: OfficerId,
    /// When the shift's certificate ends.
    pub until: SystemTime,
}

/// A deployment that the officer is rostered for.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeploymentView {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// An exercise with role-players.
    pub exercise: bool,
    /// Why it takes place.
    pub use_case: UseCase,
    /// Where, in words.
    pub location_text: String,
    /// Who authorised it, by reference.
    pub authority_ref: String,
    /// Planned start.
    pub planned_start: SystemTime,
    /// Planned end.
    pub planned_end: SystemTime,
    /// Names of its cameras.
    pub cameras: Vec<String>,
    /// The LFR algorithm.
    pub algorithm: String,
    /// The threshold, in thousandths.
    pub threshold_thousandths: u16,
    /// How many entries the watchlist has.
    pub watchlist_size: u32,
    /// Its state, as last heard.
    pub state: DeploymentState,
    /// Roles that this officer may take.
    pub roles: Vec<Role>,
}

/// Where the phone stands with its officer and its deployment.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SessionView {
    /// The enrolment, once enrolled.
    pub enrolment: Option<EnrolmentView>,
    /// The shift, while one is open.
    pub shift: Option<ShiftView>,
    /// The joined deployment.
    pub deployment_id: Option<DeploymentId>,
    /// The role in it.
    pub role: Option<Role>,
    /// The deployment's state, as last heard.
    pub deployment_state: Option<DeploymentState>,
    /// The briefing was acknowledged.
    pub briefed: bool,
    /// The version of the policy in force.
    pub policy_version: u32,
}

/// How the phone stands to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum ConnectionState {
    /// Not asked to connect.
    Idle,
    /// Trying.
    Connecting,
    /// Connected: alerts arrive.
    Online,
    /// Cannot be reached; it will be tried again.
    Offline,
    /// Stopped until somebody acts; the alarms say why.
    Stopped,
}

/// The connection, the trail's way to the force, and what needs attention.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConnectionView {
    /// The state.
    pub state: ConnectionState,
    /// When the gateway was last heard.
    pub last_contact: Option<SystemTime>,
    /// Entries in the trail.
    pub trail_size: u64,
    /// Entries that the force has durably logged and signed for.
    pub cosigned_size: u64,
    /// What needs attention, as codes: `storage.full`, `trail.set_aside`, `sync.rollback`, `tls.pin`, ...
    pub alarms: Vec<String>,
}

/// What a synchronisation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SyncState {
    /// Everything is with the force.
    UpToDate,
    /// The budget ran out; more is left.
    MoreLeft,
    /// The gateway could not be reached or asked to wait.
    Waiting,
    /// Stopped until somebody acts; the alarms say why.
    Stopped,
}

/// The result of one synchronisation.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncOutcome {
    /// Entries that went over in this call.
    pub uploaded: u64,
    /// Entries in the trail.
    pub size: u64,
    /// Entries that the force has durably logged and signed for.
    pub cosigned_size: u64,
    /// How it ended.
    pub state: SyncState,
}

/// One segment of a stop.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SegmentView {
    /// What the time went on.
    pub kind: SegmentKind,
    /// How long, in milliseconds; for the last one of a running stop, until now.
    pub elapsed_ms: u64,
}

/// One identity step.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IdentityStepView {
    /// Which.
    pub kind: IdentityStepKind,
    /// With what result.
    pub result: IdentityStepResult,
}

/// A stop and its timer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StopView {
    /// The stop.
    pub engagement_id: EngagementId,
    /// The alert.
    pub alert_id: AlertId,
    /// The timer runs.
    pub running: bool,
    /// When contact was made.
    pub started_at: SystemTime,
    /// How long so far, in milliseconds, on the monotonic clock.
    pub elapsed_ms: u64,
    /// How far that may be wrong: not zero after a reboot.
    pub uncertainty_ms: u32,
    /// Segments, oldest first. Pauses are segments, never subtractions.
    pub segments: Vec<SegmentView>,
    /// Prompts that have come due, in minutes since contact.
    pub prompts_due_min: Vec<u32>,
    /// The footing.
    pub footing: LegalFooting,
    /// What was explained.
    pub explained: Option<Explanation>,
    /// Identity steps, oldest first.
    pub identity_steps: Vec<IdentityStepView>,
    /// The conclusion about identity.
    pub conclusion: Option<IdentityConclusion>,
    /// An outcome is recorded.
    pub outcome_recorded: bool,
    /// A receipt was offered.
    pub receipt_offered: bool,
}

/// One line of a receipt: a code for the words, and a value.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReceiptLine {
    /// What the line says, as a code for the words in the person's language.
    pub code: String,
    /// The value; empty where the code says it all.
    pub value: String,
}

/// The person's receipt. It needs no name, telephone or e-mail.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReceiptView {
    /// Its reference.
    pub reference: String,
    /// Its lines.
    pub lines: Vec<ReceiptLine>,
    /// The bytes of the QR code: they prove offline that this stop is on this phone's record.
    pub qr_payload: Vec<u8>,
    /// The same as text, for a link.
    pub qr_text: String,
    /// A short code, to be read aloud or written down.
    pub paper_code: String,
}

/// A place on the Earth, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Place {
    /// Degrees north.
    pub latitude_deg: f64,
    /// Degrees east.
    pub longitude_deg: f64,
}

/// Where this officer is.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct OfficerPosition {
    /// The place.
    pub place: Place,
    /// 68 % radius, in metres.
    pub accuracy_m: f64,
    /// Where the phone points, degrees from true north, where the compass knows.
    pub heading_deg: Option<f64>,
}

/// Direction and distance from this officer.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Bearing {
    /// Degrees from true north.
    pub bearing_deg: f64,
    /// Metres.
    pub distance_m: f64,
}

/// How fresh the picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Freshness {
    /// At most 3 s old.
    Live,
    /// Over 3 s: say LATE.
    Late,
    /// Over 10 s, or nothing at all: never say live.
    Lost,
}

/// What is known of a drone: where it is, where it looks, and how old that is.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct DroneView {
    /// The feed.
    pub feed_id: FeedId,
    /// The incident that it was sent to.
    pub incident_ref: String,
    /// How fresh.
    pub freshness: Freshness,
    /// How old the newest frame or state is, in milliseconds; always shown. `None` before the first.
    pub age_ms: Option<u64>,
    /// Where the drone is.
    pub position: Option<Place>,
    /// Height above the sea or the ellipsoid, as the sender has it, in metres.
    pub altitude_m: Option<f64>,
    /// Where the middle of its picture lies; `None` where only the direction is known.
    pub look_at: Option<Place>,
    /// How far `look_at` may be wrong, in metres: draw a zone, never a bare pin.
    pub look_at_uncertainty_m: Option<f64>,
    /// From this officer to the drone.
    pub to_drone: Option<Bearing>,
    /// From this officer to where it looks.
    pub to_look_at: Option<Bearing>,
    /// Seconds until it arrives at the incident, where known.
    pub eta_s: Option<u32>,
}

/// How the video is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum VideoCodec {
    /// H.264, Annex B.
    H264,
    /// H.265, Annex B.
    H265,
}

/// One access unit, for the platform's decoder. It is never stored and no face check can take it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct VideoUnit {
    /// The feed.
    pub feed_id: FeedId,
    /// The codec.
    pub codec: VideoCodec,
    /// Annex B bytes.
    pub data: Vec<u8>,
    /// Presentation time in microseconds of the stream's clock.
    pub presentation_us: Option<i64>,
    /// A decoder can start here.
    pub key_frame: bool,
}

impl std::fmt::Debug for VideoUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoUnit").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}
