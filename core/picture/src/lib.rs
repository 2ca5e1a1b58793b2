//! Bytes of a JPEG or PNG in, an upright RGB picture out.
//!
//! For: everything in Peel that looks at photographs from outside. It is a crate of its own so that it can be fuzzed
//! without the face check's models.
//!
//! Must never: panic on untrusted bytes, trust a file's name, look at a face, or hold more than it allows itself.
//!
//! Always: limits are checked on headers, before anything is decoded; pixels are wiped on drop. What the decoders hold of
//! their own while they work is freed unwiped.

mod decode;
mod error;
mod exif;
mod jpeg_header;
mod picture;
mod wiped;

pub use decode::Source;
pub use error::ImageError;
pub use picture::{Orientation, Picture};
pub use wiped::{Wiped, wipe};

/// An image file may have so many bytes.
pub const MAX_IMAGE_BYTES: usize = 20_000_000;
/// An image may have so many pixels.
pub const MAX_IMAGE_PIXELS: usize = 40_000_000;
/// No side of an image may be longer, in pixels.
pub const MAX_IMAGE_SIDE: usize = 20_000;
