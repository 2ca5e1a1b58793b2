//! The lines between the director and a phone's process: one JSON value a line.

use std::collections::BTreeMap;

use peel_domain::deployment::Role;
use peel_domain::event::Band;
use peel_domain::id::{AlertId, DeploymentId, FeedId};
use peel_domain::judgement::{Decision, JudgementValue, Look, Sighting, SkipReason};
use peel_domain::stop::{
    Explanation, FalseAlertCause, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome,
    ReceiptChannel, SegmentKind,
};
use serde::{Deserialize, Serialize};

/// What a finger or a camera does on the phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each is the core's function of that name
pub enum Call {
    Enrol {
        code: String,
    },
    SignIn {
        officer_number: String,
        pin: String,
    },
    Deployments,
    Join {
        deployment_id: DeploymentId,
        role: Role,
    },
    AcknowledgeBriefing,
    Connect,
    Disconnect,
    NetworkChanged,
    Displayed {
        alert_id: AlertId,
    },
    Look {
        alert_id: AlertId,
        visible_ms: u32,
    },
    Alert {
        alert_id: AlertId,
    },
    Judge {
        alert_id: AlertId,
        value: JudgementValue,
        look: Look,
    },
    SkipJudgement {
        alert_id: AlertId,
        reason: SkipReason,
    },
    JudgeAgain {
        alert_id: AlertId,
        value: JudgementValue,
        look: Look,
    },
    Compare {
        alert_id: AlertId,
    },
    Decide {
        alert_id: AlertId,
        decision: Decision,
        note: Option<String>,
    },
    Sighted {
        alert_id: AlertId,
        sighting: Sighting,
    },
    ContactMade {
        alert_id: AlertId,
        footing: LegalFooting,
    },
    StartSegment {
        alert_id: AlertId,
        kind: SegmentKind,
    },
    Explain {
        alert_id: AlertId,
        explanation: Explanation,
    },
    IdentityStep {
        alert_id: AlertId,
        kind: IdentityStepKind,
        result: IdentityStepResult,
    },
    CompareClosePhotograph {
        alert_id: AlertId,
        photograph_base64: String,
    },
    ConcludeIdentity {
        alert_id: AlertId,
        conclusion: IdentityConclusion,
    },
    RecordOutcome {
        alert_id: AlertId,
        outcome: Outcome,
    },
    ReportFalseAlert {
        alert_id: AlertId,
        causes: Vec<FalseAlertCause>,
        primary: FalseAlertCause,
        apology_given: bool,
        follow_up_wanted: bool,
    },
    OfferReceipt {
        alert_id: AlertId,
        channel: ReceiptChannel,
    },
    Release {
        alert_id: AlertId,
    },
    Close {
        alert_id: AlertId,
    },
    Stop {
        alert_id: AlertId,
    },
    SetPosition {
        latitude_deg: f64,
        longitude_deg: f64,
        heading_deg: Option<f64>,
    },
    OpenDrone {
        feed_id: FeedId,
    },
    CloseDrone,
    Sync {
        budget_ms: u32,
    },
    LeaveDeployment,
    EndShift,
    Session,
}

/// One call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the director; the reply carries it.
    pub id: u64,
    /// What to do.
    pub call: Call,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done, and durable where it records.
    Done,
    /// The enrolment's identifier.
    Enrolled(String),
    /// Deployments that the officer may join.
    Deployments(Vec<DeploymentId>),
    /// The alert as the screen has it.
    Alert(AlertAnswer),
    /// The stop as the screen has it.
    Stop(StopAnswer),
    /// An opinion of the face check.
    Comparison {
        /// The band.
        band: Band,
        /// The reason's code, where not possible.
        reason: Option<String>,
        /// Milliseconds that it took.
        took_ms: u32,
    },
    /// A receipt.
    Receipt {
        /// Its reference.
        reference: String,
        /// What the QR code holds, as text.
        qr_text: String,
        /// What the QR code holds, as hexadecimal bytes.
        qr_payload_hex: String,
        /// Its lines, by code.
        lines: Vec<(String, String)>,
        /// The paper code.
        paper_code: String,
    },
    /// A synchronisation.
    Sync {
        /// Entries that went over.
        uploaded: u64,
        /// Entries in the trail.
        size: u64,
        /// Entries that the force has signed for.
        cosigned_size: u64,
        /// How it ended.
        state: String,
    },
    /// The session: size of the trail and alerts, by phase.
    Session {
        /// A shift is open.
        signed_in: bool,
        /// A deployment is joined.
        joined: bool,
    },
}

/// An alert on the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertAnswer {
    /// The alert.
    pub alert_id: AlertId,
    /// How far it has come, in the core's words.
    pub phase: String,
    /// Withdrawn by the operator.
    pub withdrawn: bool,
    /// Its images are on the phone.
    pub has_media: bool,
    /// What the reveal shows; empty before it.
    pub revealed: BTreeMap<String, String>,
}

/// A stop on the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopAnswer {
    /// The timer runs.
    pub running: bool,
    /// Milliseconds since contact.
    pub elapsed_ms: u64,
    /// How far that may be wrong.
    pub uncertainty_ms: u32,
    /// Milliseconds in each segment.
    pub segments_ms: Vec<u64>,
    /// Identity steps so far.
    pub identity_steps: usize,
    /// The outcome is recorded.
    pub outcome_recorded: bool,
}

/// A drone on the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is the core's field of that name
pub struct DroneLine {
    pub freshness: String,
    pub age_ms: Option<u64>,
    pub position: Option<(f64, f64)>,
    pub altitude_m: Option<f64>,
    pub look_at: Option<(f64, f64)>,
    pub look_at_uncertainty_m: Option<f64>,
    pub to_drone: Option<(f64, f64)>,
    pub to_look_at: Option<(f64, f64)>,
    pub eta_s: Option<u32>,
    pub access_units: u64,
}

/// A line from the phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The core is open; so many stops were running.
    Ready,
    /// The core could not be opened.
    Failed {
        /// The error's text.
        error: String,
    },
    /// A call's answer.
    Reply {
        /// The call.
        id: u64,
        /// What it gave.
        answer: Answer,
        /// Milliseconds that it took, in real time.
        took_ms: f64,
    },
    /// A call's error.
    Error {
        /// The call.
        id: u64,
        /// The error's text, as the officer could be told it.
        error: String,
    },
    /// The alerts, after a change.
    Alerts {
        /// All alerts.
        alerts: Vec<AlertAnswer>,
        /// Drone feeds.
        feeds: Vec<FeedId>,
        /// Codes of refused inputs.
        refused: Vec<String>,
    },
    /// The connection, after a change.
    Connection {
        /// Its state.
        state: String,
        /// Entries in the trail.
        trail_size: u64,
        /// Entries that the force has signed for.
        cosigned_size: u64,
        /// What needs attention.
        alarms: Vec<String>,
    },
    /// The drone, after a change.
    Drone(DroneLine),
}
