//! What events carry: media, comparisons, coordination.
//!
//! Must never: hold an image, a plain hash of one, or an embedding.

use serde::{Deserialize, Serialize};

use crate::calibration::LikelihoodInterval;
use crate::id::{ComparisonId, MediaId};
use crate::permit::ComparisonPurpose;

/// Which image of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaClass {
    /// A probe image.
    Probe,
    /// The reference image.
    Reference,
    /// A close photograph taken at the stop; it is never stored.
    LiveCapture,
}

/// The secondary face check's opinion, in three bands and "not possible".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Supports that it is the same person; never "is".
    Supports,
    /// Neither.
    Inconclusive,
    /// Does not support: look again, slow down.
    DoesNotSupport,
    /// No opinion; the reason says what to do.
    NotPossible,
}

/// Why media were destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionReason {
    /// The alert was closed.
    AlertClosed,
    /// Their time was over.
    Expired,
    /// The deployment ended.
    DeploymentEnded,
    /// The key that opened them was lost.
    KeyLost,
    /// The phone was without contact for too long: it may be lost (S39).
    Lapsed,
}

/// A deletion receipt: salted commitment and class, never the image (S29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaDeleted {
    /// The image.
    pub media_id: MediaId,
    /// Its class.
    pub class: MediaClass,
    /// HMAC-SHA-256(salt, media); the salt was destroyed with the key.
    #[serde(with = "crate::bytes")]
    pub commitment: [u8; 32],
    /// Why.
    pub reason: DeletionReason,
}

/// What the phone commits to when it stores an alert's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaCommitment {
    /// The image.
    pub media_id: MediaId,
    /// Its class.
    pub class: MediaClass,
    /// HMAC-SHA-256(salt, media).
    #[serde(with = "crate::bytes")]
    pub commitment: [u8; 32],
    /// How many other faces were masked before storing (S30).
    pub masked_faces: u8,
}

/// One signed calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRef {
    /// Its version.
    pub version: u32,
    /// SHA-256 of the signed document.
    #[serde(with = "crate::bytes")]
    pub sha256: [u8; 32],
}

/// The numbers of a comparison, for the trail alone: a screen shows the band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonRecord {
    /// The comparison.
    pub comparison_id: ComparisonId,
    /// Which two images.
    pub purpose: ComparisonPurpose,
    /// SHA-256 of the embedder's file.
    #[serde(with = "crate::bytes")]
    pub model_sha256: [u8; 32],
    /// The calibration that gave the band.
    pub calibration_id: String,
    /// Which version and which document of it; absent in records from before calibrations were documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationRef>,
    /// Cosine similarity in millionths; `None` where the comparison was not possible.
    pub score_millionths: Option<i32>,
    /// The interval of the score's likelihood ratio, where the calibration has one; never shown to an officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<LikelihoodInterval>,
    /// The band.
    pub band: Band,
    /// The reason's code, where not possible.
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// What other phones must know about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinationStatus {
    /// Judged blind; the value is not told, so that a second judgement stays blind (S04).
    Judged,
    /// Somebody decided to engage.
    Taken,
    /// Seen.
    Seen,
    /// Lost.
    Lost,
    /// With an officer.
    WithMe,
    /// Contact was made.
    Contact,
    /// Closed.
    Closed,
}

/// A shift certificate as the force signed it (`COSE_Sign1`), to be read by [`crate::shift::read_certificate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateBytes(#[serde(with = "crate::bytes")] pub Vec<u8>);
