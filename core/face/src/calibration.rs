//! The signed calibration beside the models, as the check uses it.
//!
//! Must never: be taken unsigned, altered, of other models, or contradictory; or be read out of the program itself, where
//! nobody could replace it without replacing the program.
//! Always: who may sign it and the least version are compiled in; its hash is in every opinion.

use std::path::Path;

use peel_domain::calibration::{
    CalibrationTrust, LikelihoodInterval, Millionths, Models, QualityFloors, SignedCalibration, UseCalibration,
    verify_calibration,
};
use peel_domain::permit::ComparisonPurpose;

use crate::error::FaceError;
use crate::manifest::{Manifest, manifest};

/// No file that is longer is read: a calibration has some thousand bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads a signed calibration and holds it against the compiled-in manifest: who signed it, which models it belongs to,
/// and that it is not older than the manifest asks for.
pub fn read_calibration(bytes: &[u8]) -> Result<SignedCalibration, FaceError> {
    against(manifest()?, bytes)
}

/// The same from a folder that holds it under the manifest's name.
pub fn calibration_in(directory: &Path) -> Result<SignedCalibration, FaceError> {
    let manifest = manifest()?;
    let path = directory.join(&manifest.calibration.file);
    let fits = std::fs::metadata(&path).is_ok_and(|about| about.len() <= MAX_FILE_BYTES);
    let bytes = fits.then(|| std::fs::read(&path).ok()).flatten().ok_or(FaceError::CalibrationUnreadable)?;
    against(manifest, &bytes)
}

fn against(manifest: &Manifest, bytes: &[u8]) -> Result<SignedCalibration, FaceError> {
    let models = Models {
        detector_sha256: manifest.detector.model.sha256.clone(),
        embedder_sha256: manifest.embedder.sha256.clone(),
    };
    let signers = manifest.calibration.signers.iter().map(hex::decode).collect::<Result<Vec<_>, _>>();
    let signers = signers.map_err(|_| FaceError::Manifest)?;
    let trust =
        CalibrationTrust { signers: &signers, models: &models, least_version: manifest.calibration.least_version };
    verify_calibration(bytes, trust).map_err(FaceError::Calibration)
}

/// The calibration that the check works by.
pub(crate) struct Calibrations {
    signed: SignedCalibration,
    alert_probe: Bands,
    close_photograph: Bands,
}

/// One use's bounds and floors in the measures' own units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bands {
    /// Cosine scores above this support.
    pub(crate) supports_above: f32,
    /// Cosine scores below this do not support, if the quality is conclusive.
    pub(crate) does_not_support_below: f32,
    /// Quality below which no opinion is given.
    pub(crate) possible: Floors,
    /// Quality below which a low score means nothing.
    pub(crate) conclusive: Floors,
}

/// Limits on the measured quality of one image; `quality.rs` defines each measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Floors {
    pub(crate) inter_eye_pixels: f32,
    pub(crate) detector_score: f32,
    pub(crate) embedding_norm: f32,
    pub(crate) sharpness: f32,
    pub(crate) darkest: f32,
    pub(crate) brightest: f32,
    pub(crate) yaw: f32,
    pub(crate) pitch: f32,
    pub(crate) rival_fraction: f32,
}

/// The nearest single-precision number: what the decimals of the document would be read as.
#[expect(clippy::cast_possible_truncation, reason = "rounding to the nearest is meant")]
fn single(value: f64) -> f32 {
    value as f32
}

impl From<&QualityFloors> for Floors {
    fn from(floors: &QualityFloors) -> Self {
        Self {
            inter_eye_pixels: single(floors.inter_eye_pixels.value()),
            detector_score: single(floors.detector_score.value()),
            embedding_norm: single(floors.embedding_norm.value()),
            sharpness: single(floors.sharpness.value()),
            darkest: single(floors.darkest.value()),
            brightest: single(floors.brightest.value()),
            yaw: single(floors.yaw.value()),
            pitch: single(floors.pitch.value()),
            rival_fraction: single(floors.rival_fraction.value()),
        }
    }
}

impl From<&UseCalibration> for Bands {
    fn from(part: &UseCalibration) -> Self {
        Self {
            supports_above: single(part.supports_above.value()),
            does_not_support_below: single(part.does_not_support_below.value()),
            possible: (&part.possible).into(),
            conclusive: (&part.conclusive).into(),
        }
    }
}

impl From<SignedCalibration> for Calibrations {
    fn from(signed: SignedCalibration) -> Self {
        let alert_probe = (&signed.calibration.alert_probe).into();
        let close_photograph = (&signed.calibration.close_photograph).into();
        Self { signed, alert_probe, close_photograph }
    }
}

impl Calibrations {
    /// The document.
    pub(crate) fn signed(&self) -> &SignedCalibration {
        &self.signed
    }

    /// Bounds and floors of one use.
    pub(crate) fn of(&self, purpose: ComparisonPurpose) -> &Bands {
        match purpose {
            ComparisonPurpose::AlertProbe => &self.alert_probe,
            ComparisonPurpose::ClosePhotograph => &self.close_photograph,
        }
    }

    /// The interval of a score's likelihood ratio, where the bands rest on it: for the record, never for an officer.
    pub(crate) fn likelihood(&self, purpose: ComparisonPurpose, score: f32) -> Option<LikelihoodInterval> {
        #[expect(clippy::cast_possible_truncation, reason = "a cosine lies from -1 to 1")]
        let score = Millionths((f64::from(score.clamp(-1.0, 1.0)) * 1e6).round() as i32);
        self.signed.calibration.of(purpose).likelihood_of(score)
    }

    /// The committed one.
    #[cfg(test)]
    pub(crate) fn committed() -> Self {
        read_calibration(include_bytes!("../../../models/calibration.cose")).expect("the committed calibration").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_the_nearest_single_precision_numbers() {
        assert_eq!(single(Millionths(290_000).value()).to_bits(), 0.29_f32.to_bits());
        assert_eq!(single(Millionths(-1).value()).to_bits(), (-0.000_001_f32).to_bits());
    }

    #[test]
    fn a_score_that_is_no_number_or_out_of_range_has_the_ratio_of_the_nearest_end() {
        let calibrations = Calibrations::committed();
        let of = |score| calibrations.likelihood(ComparisonPurpose::AlertProbe, score);
        assert_eq!(of(7.0), of(1.0));
        assert_eq!(of(-7.0), of(-1.0));
    }

    #[test]
    fn s54_each_use_says_where_its_bands_come_from_and_what_was_tested() {
        let signed = Calibrations::committed().signed;
        let calibration = signed.calibration;
        assert_ne!(calibration.alert_probe.id, calibration.close_photograph.id);
        for part in [&calibration.alert_probe, &calibration.close_photograph] {
            assert!(!part.statement.trim().is_empty());
        }
        assert!(!calibration.statement.trim().is_empty());
    }
}
