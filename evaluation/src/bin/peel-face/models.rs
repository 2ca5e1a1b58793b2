//! What every task of the command needs: the models, the use, and the bytes of an image.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use peel_domain::calibration::SignedCalibration;
use peel_domain::permit::ComparisonPurpose;
use peel_face::{FaceCheck, MAX_IMAGE_BYTES, calibration_in};

/// Which models, and for which use.
#[derive(Args)]
pub(crate) struct Models {
    /// Use the calibration of a close photograph taken at the stop, not that of an alert's probe.
    #[arg(long)]
    close: bool,
    /// The folder with the model files; `models` of the repository where it is not given.
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

impl Models {
    /// The use whose calibration counts.
    pub(crate) fn purpose(&self) -> ComparisonPurpose {
        if self.close { ComparisonPurpose::ClosePhotograph } else { ComparisonPurpose::AlertProbe }
    }

    /// Loads the check.
    pub(crate) fn load(&self) -> Result<FaceCheck, String> {
        FaceCheck::from_directory(&self.folder()).map_err(|error| error.to_string())
    }

    /// The signed calibration beside the models.
    pub(crate) fn calibration(&self) -> Result<SignedCalibration, String> {
        calibration_in(&self.folder()).map_err(|error| error.to_string())
    }

    fn folder(&self) -> PathBuf {
        self.models.clone().unwrap_or_else(repository_models)
    }
}

/// The repository's own models.
pub(crate) fn repository_models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

/// Reads at most one byte more than the check takes.
pub(crate) fn read_image(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_IMAGE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
