//! The secondary face check: one probe, one reference, one opinion in three bands.
//!
//! For: the second look that an officer may ask for at an open alert or stop. JPEG or PNG in; decode, detect, align,
//! embed, measure the quality, compare; a band out.
//!
//! Must never: search (there is one comparison function, it takes exactly two images and a permit that only the workflow
//! can make, S14), hold a list of faces or embeddings (S13), serialise or store an embedding (S15), infer anything about
//! a person (S17: models are loaded by hash from a compiled-in list), or say "identified".
//!
//! Always: untrusted images give a typed error or a right answer; images, crops and embeddings are wiped after use; every
//! opinion carries its calibration and its limits.
//!
//! What remains: between two layers the inference engine holds numbers in memory of its own, and while an image is decoded
//! its decoder does; both free it unwiped.

mod align;
mod calibration;
mod check;
mod detect;
mod embed;
mod engine;
mod error;
mod frame;
mod graph;
#[cfg(feature = "referee")]
pub mod inspect;
mod manifest;
mod mask;
mod opinion;
mod ops;
mod preview;
mod quality;

pub use calibration::{calibration_in, read_calibration};
pub use check::{FaceCheck, OpenReference, dequantised_embedder};
pub use error::FaceError;
pub use manifest::MODEL_CARD;
pub use mask::{MaskedImage, Masking};
pub use opinion::{Band, Limit, Opinion, WhichImage};
pub use peel_picture::{ImageError, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE};
pub use preview::{MAX_PREVIEW_SIDE, PixelOrder, Preview, PreviewFrame, QuarterTurns};
pub use quality::{Quality, QualityReason};
