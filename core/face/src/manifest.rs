//! The list of allowed models, and of those who may sign their calibration, compiled into the program.
//!
//! Must never: be read from a place that an attacker or a careless installation could change.
//! Always: a model whose SHA-256 is not listed here is refused (S17); thresholds live in the signed calibration and not in
//! code.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::error::FaceError;

/// What is known of the models that the check loads: source, licence, input, evaluation, limits, and who may sign their
/// calibration, as TOML.
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
    /// The calibration beside them.
    pub calibration: CalibrationEntry,
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

/// The calibration's entry: the file beside the models, and who may sign it.
#[derive(Debug, Deserialize)]
pub(crate) struct CalibrationEntry {
    /// The file's name in the folder `models`.
    pub file: String,
    /// The signers' public keys (`SubjectPublicKeyInfo`, DER, P-256), hexadecimal.
    pub signers: Vec<String>,
    /// An older one is refused.
    pub least_version: u32,
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
    fn s54_source_licence_and_training_data_are_stated() {
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
    }

    #[test]
    fn the_calibration_has_two_signers_and_the_keys_are_public_halves_alone() {
        let entry = &manifest().unwrap().calibration;
        assert!(entry.signers.len() >= 2 && entry.least_version > 0);
        for signer in &entry.signers {
            // The head of a P-256 `SubjectPublicKeyInfo` with an uncompressed point.
            assert!(
                signer.starts_with("3059301306072a8648ce3d020106082a8648ce3d03010703420004") && signer.len() == 182
            );
        }
    }
}
