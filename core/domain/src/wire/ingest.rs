//! What the force's LFR system sends in.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::alert::{Category, Grade, ReferenceSource, WarningMarker};
use crate::deployment::DeploymentState;
use crate::id::{AlertId, CameraId, DeploymentId};
use crate::judgement::JudgementValue;

/// One image of a burst. Its bytes are bounded by the request's body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestProbe {
    /// JPEG or PNG, as standard base64.
    pub image: String,
}

impl fmt::Debug for IngestProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The one reference image.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestReference {
    /// JPEG or PNG, as standard base64.
    pub image: String,
    /// Where it comes from.
    pub source: ReferenceSource,
    /// How old it is.
    #[serde(default)]
    pub age_years: Option<u8>,
}

impl fmt::Debug for IngestReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// `POST /v1/ingest/alerts`. Identifiers and expiry are the gateway's to give.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // the sender's own flags, each by its name
pub struct IngestAlertRequest {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The camera.
    pub camera_id: CameraId,
    /// Milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// Which way the person was going.
    #[serde(default)]
    pub direction: Option<String>,
    /// Probe images, the best first.
    pub probes: Vec<IngestProbe>,
    /// The one reference image.
    pub reference: IngestReference,
    /// Pseudonym of the entry.
    pub watchlist_entry_ref: String,
    /// Score, thousandths.
    pub score_thousandths: u16,
    /// Threshold, thousandths.
    pub threshold_thousandths: u16,
    /// Grade.
    pub grade: Grade,
    /// Categories.
    pub categories: BTreeSet<Category>,
    /// Why the person is sought.
    pub reason_text: String,
    /// Warning markers.
    #[serde(default)]
    pub warning_markers: BTreeSet<WarningMarker>,
    /// When the entry was last checked.
    #[serde(default)]
    pub entry_last_verified_at_ms: Option<i64>,
    /// Under 18.
    #[serde(default)]
    pub under_18: bool,
    /// Vulnerable.
    #[serde(default)]
    pub vulnerable: bool,
    /// A twin or sibling is known.
    #[serde(default)]
    pub known_twin_or_sibling: bool,
    /// A name, where policy lets it be sent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The operator's judgement.
    #[serde(default)]
    pub operator_judgement: Option<JudgementValue>,
    /// A member of staff who tests the system: counted apart.
    #[serde(default)]
    pub test_subject: bool,
}

impl fmt::Debug for IngestAlertRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestAlertRequest").field("deployment_id", &self.deployment_id).finish_non_exhaustive()
    }
}

/// The answer to an alert that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestAlertResponse {
    /// The alert.
    pub alert_id: AlertId,
}

/// `POST /v1/ingest/alerts/{id}/withdraw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestWithdrawRequest {
    /// Whether the operator judged it false; else the withdrawal is technical and counted apart.
    pub judged_false: bool,
}

/// `POST /v1/ingest/deployments/{id}/state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestDeploymentStateRequest {
    /// To this state.
    pub state: DeploymentState,
    /// Faces that cameras have seen, as estimated.
    #[serde(default)]
    pub faces_seen_estimate: Option<u64>,
}
