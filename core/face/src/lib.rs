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
//! What remains: between two layers the inference engine holds numbers in memory of its own, which it frees unwiped.

mod align;
mod check;
mod decode;
mod detect;
mod embed;
mod engine;
mod error;
mod exif;
mod frame;
mod graph;
#[cfg(feature = "referee")]
pub mod inspect;
mod jpeg_header;
mod manifest;
mod mask;
mod opinion;
mod ops;
mod picture;
mod quality;

pub use check::{FaceCheck, OpenReference, dequantised_embedder};
pub use error::{FaceError, ImageError};
pub use manifest::MODEL_CARD;
pub use mask::{MaskedImage, Masking};
pub use opinion::{Band, Limit, Opinion, WhichImage};
pub use quality::{Quality, QualityReason};

/// An image file may have so many bytes.
pub const MAX_IMAGE_BYTES: usize = 20_000_000;
/// An image may have so many pixels.
pub const MAX_IMAGE_PIXELS: usize = 40_000_000;
/// No side of an image may be longer, in pixels.
pub const MAX_IMAGE_SIDE: usize = 20_000;
