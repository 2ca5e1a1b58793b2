//! What the trail says of evidence that a supervisor holds (S28).
//!
//! Must never: hold an image. Always: who, why, for which case and until when stand together, sealed like every event.

use serde::{Deserialize, Serialize};

use super::MediaClass;
use crate::id::{HoldId, MediaId};

/// An image that left sealed to the evidence key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldImage {
    /// The image.
    pub media_id: MediaId,
    /// Its class.
    pub class: MediaClass,
    /// HMAC-SHA-256(salt, image); the salt is sealed with the image.
    #[serde(with = "crate::bytes")]
    pub commitment: [u8; 32],
}

/// A named supervisor holds an alert's images. The images here are destroyed at their own time all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceHeld {
    /// The hold.
    pub hold_id: HoldId,
    /// Why.
    pub reason: String,
    /// The case.
    pub case_ref: String,
    /// When it ends; milliseconds since 1970 UTC.
    pub until_ms: i64,
    /// What is held.
    pub media: Vec<HeldImage>,
}

/// Why a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// Its end date came.
    DateReached,
    /// A supervisor ended it.
    BySupervisor,
}

/// A hold ended, and the force's sealed copies with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReleased {
    /// The hold.
    pub hold_id: HoldId,
    /// Why.
    pub end: HoldEnd,
}
