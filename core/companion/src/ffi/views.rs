//! What a shell may show about alerts.
//!
//! [`AlertView::Blind`] has no gated field and [`AlertHeader`] never has one: what must not be seen before the blind
//! judgement is in [`RevealedAlert`] alone, which the core builds from a [`peel_domain::alert::Revealed`] proof (S05).

use std::time::SystemTime;

use peel_domain::alert::{Category, Grade, ReferenceSource, WarningMarker};
use peel_domain::event::{Band, CoordinationStatus};
use peel_domain::id::{AlertId, DeploymentId, FeedId, OfficerId};
use peel_domain::judgement::{Decision, JudgementValue};
use peel_domain::permit::ComparisonPurpose;

/// How far an alert has come on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AlertPhase {
    /// Stored on the phone.
    Received,
    /// On the screen, not judged.
    Displayed,
    /// Judged blind, or the judgement was put off; the rest may be seen.
    Revealed,
    /// Decided: engage; the person is being looked for.
    Locating,
    /// Contact was made; the stop's timer runs.
    Contact,
    /// The officer has concluded about identity; the stop goes on.
    Concluded,
    /// The stop is over.
    Released,
    /// Decided: not engaged, passed on, or watched only.
    Decided,
    /// Time ran out before a decision.
    Expired,
    /// The operator withdrew it before contact.
    Withdrawn,
    /// Nothing more is due.
    Closed,
}

/// What other officers did about an alert.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OtherOfficer {
    /// The officer's number.
    pub officer_id: OfficerId,
    /// What they did last.
    pub status: CoordinationStatus,
}

/// What may always be seen of an alert.
#[allow(clippy::struct_excessive_bools, reason = "facts that do not exclude one another")]
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlertHeader {
    /// The alert.
    pub alert_id: AlertId,
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The deployment is an exercise with role-players: the screen says so on every alert of it.
    pub exercise: bool,
    /// The camera's name.
    pub camera_name: String,
    /// Which way the person was going, in the force's words.
    pub direction: Option<String>,
    /// When the camera captured the face.
    pub captured_at: SystemTime,
    /// When the phone stored the alert.
    pub received_at: SystemTime,
    /// When it stops being something to act on.
    pub stale_at: SystemTime,
    /// Seconds since capture, by the core's clock, when this view was made.
    pub age_s: u32,
    /// Red grade, said without its reason.
    pub urgent: bool,
    /// How many probe images there are; at least one.
    pub probe_count: u8,
    /// How far it has come.
    pub phase: AlertPhase,
    /// Withdrawn by the operator. After contact this is information: the stop goes on.
    pub withdrawn: bool,
    /// Its images are still on the phone.
    pub has_media: bool,
    /// What other officers did. Empty until this officer has judged or put it off: it would tell their judgement.
    pub others: Vec<OtherOfficer>,
}

/// The known error rate at the deployment's setting. There is always one: the system can be wrong (S09).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct KnownErrorRate {
    /// False alerts counted.
    pub false_alerts: u64,
    /// Faces seen.
    pub faces_seen: u64,
    /// All alerts counted.
    pub alerts: u64,
    /// Where the numbers come from, as a code for the words on the screen.
    pub source: String,
}

/// An alert before the blind judgement or its logged skip.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BlindAlert {
    /// All that may be seen, beside the images.
    pub header: AlertHeader,
    /// The judgement may be put off with a reason.
    pub may_skip: bool,
}

/// An alert after the blind judgement or its logged skip.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the entry, and a screen shows each")]
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RevealedAlert {
    /// What may always be seen.
    pub header: AlertHeader,
    /// How urgent.
    pub grade: Grade,
    /// Why the person is on the watchlist.
    pub categories: Vec<Category>,
    /// The same, in the force's words.
    pub reason_text: String,
    /// What to know before walking up.
    pub warning_markers: Vec<WarningMarker>,
    /// How old the reference image is, in years.
    pub reference_age_years: Option<u8>,
    /// Where the reference image comes from.
    pub reference_source: ReferenceSource,
    /// When the entry was last checked to be current.
    pub entry_last_verified_at: Option<SystemTime>,
    /// The last check is older than the policy allows, or unknown (S53).
    pub entry_may_be_out_of_date: bool,
    /// The person is under 18.
    pub under_18: bool,
    /// The person is vulnerable.
    pub vulnerable: bool,
    /// A twin or a sibling is known.
    pub known_twin_or_sibling: bool,
    /// The LFR system's score in thousandths: show it as a place against the threshold, never as a percentage (S08).
    pub score_thousandths: u16,
    /// The threshold at the alert, in thousandths.
    pub threshold_thousandths: u16,
    /// The known error rate at this setting.
    pub known_error_rate: KnownErrorRate,
    /// What the operator judged.
    pub operator_judgement: Option<JudgementValue>,
    /// What this officer judged blind; `None` where it was put off.
    pub blind_judgement: Option<JudgementValue>,
    /// What this officer judged after the reveal.
    pub revealed_judgement: Option<JudgementValue>,
    /// Opinions of the secondary face check, oldest first.
    pub comparisons: Vec<ComparisonView>,
    /// The decision, once made.
    pub decision: Option<Decision>,
    /// A note is asked for with an engagement.
    pub note_needed: bool,
    /// The name, only where policy lets it be sent.
    pub display_name: Option<String>,
}

/// An alert, as far as this officer may see it.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
// The two variants differ in size because one of them must not hold what the other does.
#[allow(clippy::large_enum_variant)]
pub enum AlertView {
    /// Before the blind judgement or its logged skip.
    Blind {
        /// All there is to see.
        alert: BlindAlert,
    },
    /// After it.
    Revealed {
        /// Everything.
        alert: RevealedAlert,
    },
}

/// A tested rate: a numerator, a denominator, and a code for what it counts.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TestedRate {
    /// What it counts, as a code for the words on the screen.
    pub code: String,
    /// How many.
    pub numerator: u64,
    /// Of how many.
    pub denominator: u64,
}

/// An opinion of the secondary face check.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ComparisonView {
    /// Which two images.
    pub purpose: ComparisonPurpose,
    /// The opinion; it pre-selects nothing (S10).
    pub band: Band,
    /// Where not possible: what to do about it, as a code.
    pub reason: Option<String>,
    /// What the check got wrong when it was tested.
    pub tested_rates: Vec<TestedRate>,
    /// What it can never do, as codes: it cannot tell twins or close relatives apart.
    pub limits: Vec<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// All alerts of the open deployment, newest first.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlertsSnapshot {
    /// The deployment, once joined.
    pub deployment_id: Option<DeploymentId>,
    /// The alerts.
    pub alerts: Vec<AlertHeader>,
    /// Drone feeds that were assigned and have not ended.
    pub feeds: Vec<FeedId>,
    /// Codes of inputs that were refused since the core was opened, newest last; each is in the trail.
    pub refused: Vec<String>,
}

/// What to tell the officer who aims the camera now.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct PreviewView {
    /// A stable code for what stands in the way, what is mended most easily first; nothing when the photograph can be
    /// taken.
    pub advice: Option<String>,
    /// Where the face is in the upright frame, if there is one.
    pub face: Option<FacePlace>,
}

/// A face's place in a frame, as parts of the frame's sides; it may reach beyond the frame.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct FacePlace {
    /// From the frame's left side to the face's.
    pub left: f32,
    /// From the frame's upper side to the face's.
    pub top: f32,
    /// The face's width.
    pub width: f32,
    /// The face's height.
    pub height: f32,
}
