//! The secondary face check: one permit, two images, one opinion.
//!
//! Must never: run without the workflow's permit, write a close photograph anywhere, or keep an image longer than the
//! comparison. Always: what the check said is recorded before it is shown.

use std::sync::Arc;
use std::time::Instant;

use peel_domain::calibration::{Limit, SignedCalibration, ToldRate, UseCalibration};
use peel_domain::event::{Band, CalibrationRef, ComparisonRecord};
use peel_domain::id::{AlertId, ComparisonId};
use peel_domain::permit::{ComparisonPermit, ComparisonPurpose};
use peel_domain::workflow::{Command, ComparisonRequest};
use peel_face::{OpenReference, Opinion, WhichImage};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Engine;
use super::alerts::media_of;
use super::error::EngineError;
use crate::ffi::{ComparisonView, FaceSide, TestedRate};

/// Longest close photograph that is taken, in bytes.
pub(super) const MAX_PHOTOGRAPH_BYTES: usize = peel_face::MAX_IMAGE_BYTES;

/// What the calibration says that an officer is told of its errors.
fn tested_rates(part: &UseCalibration) -> Vec<TestedRate> {
    let rate = |rate: &ToldRate| TestedRate {
        code: rate.code.code().to_owned(),
        numerator: rate.numerator.into(),
        denominator: rate.denominator.into(),
    };
    part.told.iter().map(rate).collect()
}

/// What has to be said with every opinion, whatever is known of its calibration.
fn least_limits(purpose: ComparisonPurpose) -> Vec<Limit> {
    let mut limits = vec![Limit::CannotSeparateTwinsOrCloseRelatives, Limit::CalibrationNotFitted];
    if purpose == ComparisonPurpose::AlertProbe {
        limits.push(Limit::SameImagesAsTheAlert);
    }
    limits
}

/// A recorded opinion for the screen: the band, never the score or its ratio. Rates are those of the calibration that gave
/// the band; of another one's opinion none are known here.
pub(super) fn view(record: &ComparisonRecord, at_hand: Option<&SignedCalibration>) -> ComparisonView {
    let part = at_hand
        .filter(|signed| record.calibration.is_some_and(|calibration| calibration.sha256 == signed.sha256))
        .map(|signed| signed.calibration.of(record.purpose));
    let limits = part.map_or_else(|| least_limits(record.purpose), |part| part.limits.iter().copied().collect());
    ComparisonView {
        purpose: record.purpose,
        band: record.band,
        reason: record.reason.clone(),
        tested_rates: part.map(tested_rates).unwrap_or_default(),
        limits: limits.into_iter().map(|limit| limit.code().to_owned()).collect(),
        took_ms: record.took_ms,
    }
}

/// Millionths of a cosine, which lies between -1 and 1.
fn millionths(score: f32) -> i32 {
    let scaled = (f64::from(score) * 1e6).round().clamp(-1e6, 1e6);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a million just above")]
    let whole = scaled as i32;
    whole
}

fn to_record(comparison_id: ComparisonId, opinion: &Opinion, took_ms: u32) -> Result<ComparisonRecord, EngineError> {
    const BAD: EngineError = EngineError::Integrity("face.model_hash");
    let (band, reason) = match opinion.band {
        peel_face::Band::Supports => (Band::Supports, None),
        peel_face::Band::Inconclusive => (Band::Inconclusive, None),
        peel_face::Band::DoesNotSupport => (Band::DoesNotSupport, None),
        peel_face::Band::NotPossible { image, reason } => {
            let side = if image == WhichImage::Probe { "probe" } else { "reference" };
            (Band::NotPossible, Some(format!("{side}.{}", reason.code())))
        }
    };
    let model_sha256: [u8; 32] = hex::decode(opinion.model_sha256).ok().and_then(|b| b.try_into().ok()).ok_or(BAD)?;
    Ok(ComparisonRecord {
        comparison_id,
        purpose: opinion.purpose,
        model_sha256,
        calibration_id: opinion.calibration_id.clone(),
        calibration: Some(CalibrationRef { version: opinion.calibration_version, sha256: opinion.calibration_sha256 }),
        score_millionths: opinion.score.filter(|_| band != Band::NotPossible).map(millionths),
        likelihood: opinion.likelihood.filter(|_| band != Band::NotPossible),
        band,
        reason,
        took_ms,
    })
}

impl Engine {
    pub(super) fn permit(
        &self,
        alert_id: AlertId,
        purpose: ComparisonPurpose,
        reason: Option<&str>,
    ) -> Result<ComparisonPermit, EngineError> {
        let state = self.lock();
        let held = state.held(alert_id)?;
        if self.media_is_due(&state, held) {
            return Err(EngineError::NotFound("media.destroyed"));
        }
        let request = ComparisonRequest { comparison_id: ComparisonId(Uuid::now_v7()), purpose, reason };
        Ok(held.state.comparison_permit(request, state.officer()?, &state.policy, self.now())?)
    }

    /// The alert's reference, embedded at the first comparison and kept in memory while the alert is open.
    fn reference(&self, alert_id: AlertId) -> Result<Arc<OpenReference>, EngineError> {
        let media_id = {
            let state = self.lock();
            if let Some((of, reference)) = &state.reference
                && *of == alert_id
            {
                return Ok(Arc::clone(reference));
            }
            media_of(&state, alert_id, FaceSide::Reference)?
        };
        let reference = Arc::new(self.face()?.open_reference(&self.open_media(media_id)?)?);
        let mut state = self.lock();
        // Not kept where the image was destroyed, the alert closed or the store put to sleep meanwhile.
        let is_there = self.store.media(media_id.0.into_bytes())?.is_some();
        if is_there && !state.held(alert_id)?.state.phase().is_closed() {
            state.reference = Some((alert_id, Arc::clone(&reference)));
        }
        Ok(reference)
    }

    /// Compares, records, and then tells. Blocks.
    pub(super) fn compare_with(
        &self,
        alert_id: AlertId,
        permit: ComparisonPermit,
        probe: &Zeroizing<Vec<u8>>,
    ) -> Result<ComparisonView, EngineError> {
        let comparison_id = permit.comparison_id();
        let begun = Instant::now();
        let reference = self.reference(alert_id)?;
        let opinion = self.face()?.compare_with(permit, probe, &reference)?;
        let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        let record = to_record(comparison_id, &opinion, took_ms)?;
        self.command(alert_id, &Command::RecordComparison(record.clone()))?;
        let state = self.lock();
        Ok(view(&record, state.calibration.as_ref()))
    }

    /// The alert's own two images. Blocks.
    pub(crate) fn compare(&self, alert_id: AlertId) -> Result<ComparisonView, EngineError> {
        let permit = self.permit(alert_id, ComparisonPurpose::AlertProbe, None)?;
        let media_id = media_of(&self.lock(), alert_id, FaceSide::Probe { index: 0 })?;
        let probe = self.open_media(media_id)?;
        self.compare_with(alert_id, permit, &probe)
    }

    /// A fresh close photograph against the reference; wiped when this returns, whatever happens. Blocks.
    pub(crate) fn compare_close_photograph(
        &self,
        alert_id: AlertId,
        photograph: &Zeroizing<Vec<u8>>,
        reason: Option<&str>,
    ) -> Result<ComparisonView, EngineError> {
        if photograph.is_empty() || photograph.len() > MAX_PHOTOGRAPH_BYTES {
            return Err(EngineError::Invalid("photograph.size"));
        }
        let permit = self.permit(alert_id, ComparisonPurpose::ClosePhotograph, reason)?;
        self.compare_with(alert_id, permit, photograph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_stay_in_range() {
        assert_eq!(millionths(0.5), 500_000);
        assert_eq!(millionths(-7.0), -1_000_000);
        assert_eq!(millionths(f32::NAN), 0);
    }

    fn record(purpose: ComparisonPurpose, calibration: Option<CalibrationRef>) -> ComparisonRecord {
        ComparisonRecord {
            comparison_id: ComparisonId(Uuid::nil()),
            purpose,
            model_sha256: [0; 32],
            calibration_id: "any".to_owned(),
            calibration,
            score_millionths: Some(1),
            likelihood: None,
            band: Band::Inconclusive,
            reason: None,
            took_ms: 1,
        }
    }

    fn committed() -> SignedCalibration {
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        peel_face::calibration_in(&models).unwrap()
    }

    #[test]
    fn s21_every_view_says_that_twins_cannot_be_told_apart() {
        let at_hand = committed();
        let of_it = CalibrationRef { version: at_hand.calibration.version, sha256: at_hand.sha256 };
        let of_another = CalibrationRef { version: 1, sha256: [9; 32] };
        for purpose in [ComparisonPurpose::AlertProbe, ComparisonPurpose::ClosePhotograph] {
            for calibration in [None, Some(of_it), Some(of_another)] {
                for known in [None, Some(&at_hand)] {
                    let limits = view(&record(purpose, calibration), known).limits;
                    assert!(limits.iter().any(|limit| limit == "cannot_separate_twins_or_close_relatives"));
                    let same = limits.iter().any(|limit| limit == "same_images_as_the_alert");
                    assert_eq!(same, purpose == ComparisonPurpose::AlertProbe);
                }
            }
        }
    }

    #[test]
    fn rates_are_shown_with_the_opinions_of_their_own_calibration_alone() {
        let at_hand = committed();
        let of_it = CalibrationRef { version: at_hand.calibration.version, sha256: at_hand.sha256 };
        let rates = |calibration, known| view(&record(ComparisonPurpose::AlertProbe, calibration), known).tested_rates;
        assert!(!rates(Some(of_it), Some(&at_hand)).is_empty());
        assert_eq!(rates(Some(of_it), None), []);
        assert_eq!(rates(None, Some(&at_hand)), []);
        assert_eq!(rates(Some(CalibrationRef { sha256: [9; 32], ..of_it }), Some(&at_hand)), []);
    }
}
