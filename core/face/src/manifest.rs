//! The list of allowed models and their calibration, compiled into the program.
//!
//! Must never: be read from a place that an attacker or a careless installation could change.
//! Always: a model whose SHA-256 is not listed here is refused (S17); thresholds live here and not in code.

use std::sync::LazyLock;

use peel_domain::permit::ComparisonPurpose;
use serde::Deserialize;

use crate::error::FaceError;

/// What is known of the models that the check loads: source, licence, input, calibration and limits, as TOML.
pub const MODEL_CARD: &str = include_str!("../../../models/manifest.toml");

static MANIFEST: LazyLock<Option<Manifest>> = LazyLock::new(|| toml::from_str(MODEL_CARD).ok());

/// The compiled-in manifest.
pub(crate) fn manifest() -> Result<&'static Manifest, FaceError> {
    MANIFEST.as_ref().filter(|manifest| manifest.schema == 1).ok_or(FaceError::Manifest)
}

/// What `models/manifest.toml` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    schema: u32,
    /// The face detector.
    pub detector: DetectorEntry,
    /// The embedder.
    pub embedder: ModelEntry,
    /// One calibration for each use.
    pub calibration: Calibrations,
}

/// One allowed model file.
#[derive(Debug, Deserialize)]
pub(crate) struct ModelEntry {
    /// The model's name in records.
    pub id: String,
    /// The file's name in the folder `models`.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of the file.
    pub sha256: String,
}

/// The detector's entry.
#[derive(Debug, Deserialize)]
pub(crate) struct DetectorEntry {
    /// The file.
    #[serde(flatten)]
    pub model: ModelEntry,
    /// From this score on a detection counts as a face.
    pub score_floor: f32,
    /// Overlap (intersection over union) above which the weaker of two boxes is dropped.
    pub overlap_limit: f32,
    /// The score floor when other people's faces are looked for to be masked.
    pub bystander_score_floor: f32,
}

/// The calibrations of the two uses.
#[derive(Debug, Deserialize)]
pub(crate) struct Calibrations {
    /// The alert's probe against its reference.
    pub alert_probe: Calibration,
    /// A fresh close photograph against the reference.
    pub close_photograph: Calibration,
}

/// Where the bands lie for one use, and what quality they need.
#[derive(Debug, Deserialize)]
pub(crate) struct Calibration {
    /// The calibration's name in records.
    pub id: String,
    /// Cosine scores above this support.
    pub supports_above: f32,
    /// Cosine scores below this do not support, if the quality is conclusive.
    pub does_not_support_below: f32,
    /// Quality below which no opinion is given.
    pub possible: QualityFloors,
    /// Quality below which a low score means nothing.
    pub conclusive: QualityFloors,
}

/// Limits on the measured quality of one image; `quality.rs` defines each measure.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QualityFloors {
    /// Least distance between the eyes in pixels of the picture.
    pub inter_eye_pixels: f32,
    /// Least detector score.
    pub detector_score: f32,
    /// Least length of the embedding.
    pub embedding_norm: f32,
    /// Least sharpness.
    pub sharpness: f32,
    /// Least mean luma of the face.
    pub darkest: f32,
    /// Greatest mean luma of the face.
    pub brightest: f32,
    /// Greatest turn to the side, either way.
    pub yaw: f32,
    /// Greatest nod, either way.
    pub pitch: f32,
    /// Greatest prominence of a second face, as a part of the first one's.
    pub rival_fraction: f32,
}

impl Calibrations {
    /// The calibration of one use.
    pub(crate) fn of(&self, purpose: ComparisonPurpose) -> &Calibration {
        match purpose {
            ComparisonPurpose::AlertProbe => &self.alert_probe,
            ComparisonPurpose::ClosePhotograph => &self.close_photograph,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_manifest_is_valid() {
        let manifest = manifest().unwrap();
        for entry in [&manifest.detector.model, &manifest.embedder] {
            assert_eq!(hex::decode(&entry.sha256).unwrap().len(), 32, "{}", entry.file);
        }
    }

    #[test]
    fn s54_source_licence_training_data_and_the_calibrations_origin_are_stated() {
        let card: toml::Table = toml::from_str(MODEL_CARD).unwrap();
        for (section, key) in [
            ("detector", "source"),
            ("detector", "licence"),
            ("embedder", "source"),
            ("embedder", "licence"),
            ("embedder", "training_data"),
        ] {
            assert!(card[section][key].as_str().is_some_and(|text| !text.is_empty()), "{section}.{key}");
        }
        for purpose in ["alert_probe", "close_photograph"] {
            assert!(card["calibration"][purpose]["statement"].as_str().is_some_and(|text| !text.is_empty()));
        }
    }

    #[test]
    fn each_use_has_its_own_calibration_and_stricter_floors_for_a_conclusion() {
        let calibrations = &manifest().unwrap().calibration;
        assert_ne!(calibrations.alert_probe.id, calibrations.close_photograph.id);
        for calibration in [&calibrations.alert_probe, &calibrations.close_photograph] {
            assert!(calibration.does_not_support_below < calibration.supports_above);
            let (possible, conclusive) = (calibration.possible, calibration.conclusive);
            assert!(possible.inter_eye_pixels <= conclusive.inter_eye_pixels);
            assert!(possible.detector_score <= conclusive.detector_score);
            assert!(possible.embedding_norm <= conclusive.embedding_norm);
            assert!(possible.sharpness <= conclusive.sharpness);
            assert!(possible.darkest <= conclusive.darkest && possible.brightest >= conclusive.brightest);
            assert!(possible.yaw >= conclusive.yaw && possible.pitch >= conclusive.pitch);
            assert!(possible.rival_fraction >= conclusive.rival_fraction);
        }
    }
}
