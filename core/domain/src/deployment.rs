//! The deployment: its card, states and roles.

use serde::{Deserialize, Serialize};

use crate::alert::Thousandths;
use crate::id::{CameraId, DeploymentId, FeedId, ForceId};

/// Why the deployment takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseCase {
    /// A crime hotspot.
    CrimeHotspot,
    /// A hotspot for a missing person.
    MissingPersonHotspot,
    /// Protection of critical national infrastructure.
    ProtectiveCni,
    /// Protection of an event.
    ProtectiveEvent,
    /// Specific intelligence.
    SpecificIntelligence,
}

/// Whether alerts may be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Prepared.
    NotLive,
    /// Cameras compare faces.
    Live,
    /// Cameras are off for a while.
    Paused,
    /// Over.
    Ended,
}

/// What somebody does in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches the LFR system.
    Operator,
    /// Walks up to people.
    EngagementOfficer,
    /// Watches the street and passes words.
    Spotter,
    /// Answers for the deployment.
    Supervisor,
    /// Reads, and every reading is in the trail.
    Auditor,
}

/// What a camera is mounted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraKind {
    /// A van.
    Van,
    /// A static camera.
    Static,
    /// Another mounting.
    Other,
}

/// A camera of the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camera {
    /// Its identifier.
    pub camera_id: CameraId,
    /// Its name, as officers say it.
    pub name: String,
    /// What it is mounted on.
    pub kind: CameraKind,
    /// Where it looks, in degrees from true north.
    pub view_bearing_deg: u16,
    /// Latitude in microdegrees, WGS 84.
    pub latitude_udeg: i32,
    /// Longitude in microdegrees, WGS 84.
    pub longitude_udeg: i32,
}

/// A drone's feed in the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Its identifier.
    pub feed_id: FeedId,
    /// The incident that the drone was sent to; a feed without one is refused.
    pub incident_ref: String,
    /// Blue light and overt; a covert feed is refused.
    pub overt: bool,
}

/// The deployment's card: what officers are briefed on and what the published record names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentCard {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The force.
    pub force_id: ForceId,
    /// An exercise with role-players: its records are kept out of all statistics.
    pub exercise: bool,
    /// Why it takes place.
    pub use_case: UseCase,
    /// Where, in words.
    pub location_text: String,
    /// Who authorised it, by reference.
    pub authority_ref: String,
    /// Planned start; milliseconds since 1970 UTC.
    pub planned_start_ms: i64,
    /// Planned end.
    pub planned_end_ms: i64,
    /// Cameras; never empty.
    pub cameras: Vec<Camera>,
    /// Drone feeds.
    pub feeds: Vec<Feed>,
    /// The LFR algorithm, by vendor, name and version.
    pub algorithm: String,
    /// The threshold at the start.
    pub threshold: Thousandths,
    /// How many entries the watchlist has.
    pub watchlist_size: u32,
    /// Faces that cameras have seen, as estimated; set at the end.
    pub faces_seen_estimate: Option<u64>,
    /// The version of the policy in force.
    pub policy_version: u32,
}
