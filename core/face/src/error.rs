//! What can go wrong in a face check, as values that a caller can act on.
//!
//! Must never: carry a face, a name, a score, a path or bytes of an image.
//! Always: untrusted images lead to [`ImageError`], never to a panic.

use peel_domain::calibration::CalibrationError;
use peel_picture::ImageError;

/// Why a face check, or the masking of an image, could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// The built-in list of allowed models cannot be read: a fault of the build.
    #[error("the built-in model manifest is not valid")]
    Manifest,
    /// A model file is missing or cannot be read.
    #[error("a model file cannot be read")]
    ModelUnreadable,
    /// The file's SHA-256 is not the one in the manifest (S17).
    #[error("the model file is not on the list of allowed models")]
    ModelNotListed,
    /// The file is listed, but its graph does not have the expected form.
    #[error("the model's graph does not have the expected form")]
    ModelForm,
    /// The calibration's file is missing or cannot be read.
    #[error("the calibration's file cannot be read")]
    CalibrationUnreadable,
    /// The calibration is not one that the manifest's signers signed for these models, or contradicts itself.
    #[error("failed to {0}")]
    Calibration(CalibrationError),
    /// The inference engine refused or failed.
    #[error("the inference engine failed")]
    Inference,
    /// The probe image cannot be used.
    #[error("the probe image cannot be used: {0}")]
    Probe(ImageError),
    /// The reference image cannot be used.
    #[error("the reference image cannot be used: {0}")]
    Reference(ImageError),
    /// The image handed over for masking cannot be used.
    #[error("the image cannot be used: {0}")]
    Image(ImageError),
    /// The masked image could not be encoded.
    #[error("the masked image cannot be encoded")]
    Encoding,
}
