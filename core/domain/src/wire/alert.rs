//! An alert as the gateway sends it, and the way from its claims to an [`Alert`] that cannot be wrong.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::alert::{
    Alert, Category, GatedPart, Grade, MediaRef, OpenPart, ReferenceSource, Thousandths, WarningMarker,
};
use crate::id::{AlertId, CameraId, DeploymentId, MediaId};
use crate::judgement::JudgementValue;

/// Longest burst of probes.
pub const MAX_PROBES: usize = 8;
/// Largest image, in bytes (20 MB).
pub const MAX_IMAGE_BYTES: u32 = 20_000_000;
/// Longest text field, in bytes.
pub const MAX_TEXT_BYTES: usize = 500;
/// Oldest capture that is still an alert: 24 h, after which its media would be destroyed anyway.
pub const MAX_AGE_MS: i64 = 24 * 3_600_000;
/// How far ahead of us a sender's clock may be.
pub const MAX_AHEAD_MS: i64 = 120_000;
/// How long an alert may be acted on unless extended.
pub const STALE_AFTER_MS: i64 = 180_000;

/// One image, as announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaDto {
    /// Where to fetch it: `GET /v1/media/{media_id}`.
    pub media_id: MediaId,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u32,
}

/// An alert, as the gateway sends it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertDto {
    /// The alert.
    pub alert_id: AlertId,
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The camera.
    pub camera_id: CameraId,
    /// The camera's name.
    pub camera_name: String,
    /// Which way the person was going.
    #[serde(default)]
    pub direction: Option<String>,
    /// Milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// Milliseconds since 1970 UTC.
    pub sent_at_ms: i64,
    /// Milliseconds since 1970 UTC.
    pub stale_at_ms: i64,
    /// Milliseconds since 1970 UTC.
    pub media_expire_at_ms: i64,
    /// Probe images, the best first.
    pub probes: Vec<MediaDto>,
    /// The one reference image.
    pub reference: MediaDto,
    /// Where it comes from.
    pub reference_source: ReferenceSource,
    /// How old it is.
    #[serde(default)]
    pub reference_age_years: Option<u8>,
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
}

impl std::fmt::Debug for AlertDto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertDto").field("alert_id", &self.alert_id).finish_non_exhaustive()
    }
}

/// What is wrong with an alert that came in. The text reads after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// No probe image, or too many.
    #[error("take an alert without one to eight probe images")]
    ProbeCount,
    /// An image's size or hash is not one.
    #[error("take an alert whose image sizes or hashes are malformed")]
    Media,
    /// The same image twice, or probe and reference are one.
    #[error("take an alert that names one image twice")]
    MediaRepeated,
    /// Captured in the future.
    #[error("take an alert from the future")]
    FromTheFuture,
    /// Captured too long ago.
    #[error("take an alert older than a day")]
    TooOld,
    /// Its times contradict each other.
    #[error("take an alert whose times contradict each other")]
    TimesContradict,
    /// The score is below the threshold, or one of them is not in 0 to 1.
    #[error("take an alert whose score and threshold contradict each other")]
    ScoreContradicts,
    /// No category.
    #[error("take an alert without a category")]
    NoCategory,
    /// A text is empty where it must not be, too long, or holds control characters.
    #[error("take an alert with a malformed text")]
    Text,
}

impl AlertError {
    /// A stable code, for the trail.
    pub fn code(self) -> &'static str {
        match self {
            Self::ProbeCount => "alert.probe_count",
            Self::Media => "alert.media",
            Self::MediaRepeated => "alert.media_repeated",
            Self::FromTheFuture => "alert.from_the_future",
            Self::TooOld => "alert.too_old",
            Self::TimesContradict => "alert.times_contradict",
            Self::ScoreContradicts => "alert.score_contradicts",
            Self::NoCategory => "alert.no_category",
            Self::Text => "alert.text",
        }
    }
}

fn text_is_sound(text: &str, may_be_empty: bool) -> bool {
    text.len() <= MAX_TEXT_BYTES && (may_be_empty || !text.trim().is_empty()) && !text.chars().any(char::is_control)
}

fn media(dto: &MediaDto) -> Result<MediaRef, AlertError> {
    let lower = dto.sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if dto.size == 0 || dto.size > MAX_IMAGE_BYTES || dto.sha256.len() != 64 || !lower {
        return Err(AlertError::Media);
    }
    let mut hash = [0_u8; 32];
    for (byte, pair) in hash.iter_mut().zip(dto.sha256.as_bytes().chunks_exact(2)) {
        let text = std::str::from_utf8(pair).map_err(|_| AlertError::Media)?;
        *byte = u8::from_str_radix(text, 16).map_err(|_| AlertError::Media)?;
    }
    Ok(MediaRef { media_id: dto.media_id, transport_sha256: hash, size: dto.size })
}

impl AlertDto {
    /// Checks everything that can be checked without the images.
    ///
    /// `now_ms` is the receiver's wall clock in milliseconds since 1970 UTC.
    pub fn validate(self, now_ms: i64) -> Result<Alert, AlertError> {
        self.validate_times(now_ms)?;
        if self.probes.is_empty() || self.probes.len() > MAX_PROBES {
            return Err(AlertError::ProbeCount);
        }
        let probes = self.probes.iter().map(media).collect::<Result<Vec<_>, _>>()?;
        let reference = media(&self.reference)?;
        let mut seen: BTreeSet<MediaId> = BTreeSet::new();
        if !probes.iter().chain([&reference]).all(|image| seen.insert(image.media_id)) {
            return Err(AlertError::MediaRepeated);
        }
        if self.score_thousandths > 1000
            || self.threshold_thousandths > 1000
            || self.score_thousandths < self.threshold_thousandths
        {
            return Err(AlertError::ScoreContradicts);
        }
        if self.categories.is_empty() {
            return Err(AlertError::NoCategory);
        }
        let optional = [self.direction.as_deref(), self.display_name.as_deref()];
        if !text_is_sound(&self.camera_name, false)
            || !text_is_sound(&self.reason_text, false)
            || !text_is_sound(&self.watchlist_entry_ref, false)
            || !optional.into_iter().flatten().all(|text| text_is_sound(text, false))
        {
            return Err(AlertError::Text);
        }
        let open = OpenPart {
            alert_id: self.alert_id,
            deployment_id: self.deployment_id,
            camera_id: self.camera_id,
            camera_name: self.camera_name,
            direction: self.direction,
            captured_at_ms: self.captured_at_ms,
            sent_at_ms: self.sent_at_ms,
            stale_at_ms: self.stale_at_ms,
            media_expire_at_ms: self.media_expire_at_ms,
            probes,
            reference,
            urgent: self.grade == Grade::Red,
        };
        let gated = GatedPart {
            score: Thousandths(self.score_thousandths),
            threshold: Thousandths(self.threshold_thousandths),
            grade: self.grade,
            categories: self.categories,
            reason_text: self.reason_text,
            warning_markers: self.warning_markers,
            reference_age_years: self.reference_age_years,
            reference_source: self.reference_source,
            entry_last_verified_at_ms: self.entry_last_verified_at_ms,
            watchlist_entry_ref: self.watchlist_entry_ref,
            under_18: self.under_18,
            vulnerable: self.vulnerable,
            known_twin_or_sibling: self.known_twin_or_sibling,
            display_name: self.display_name,
            operator_judgement: self.operator_judgement,
        };
        Ok(Alert::new(open, gated))
    }

    fn validate_times(&self, now_ms: i64) -> Result<(), AlertError> {
        if self.captured_at_ms > now_ms.saturating_add(MAX_AHEAD_MS) {
            return Err(AlertError::FromTheFuture);
        }
        if self.captured_at_ms < now_ms.saturating_sub(MAX_AGE_MS) {
            return Err(AlertError::TooOld);
        }
        let ordered = self.captured_at_ms <= self.sent_at_ms
            && self.sent_at_ms <= self.stale_at_ms
            && self.stale_at_ms <= self.media_expire_at_ms
            && self.media_expire_at_ms <= self.captured_at_ms.saturating_add(MAX_AGE_MS);
        if ordered { Ok(()) } else { Err(AlertError::TimesContradict) }
    }
}
