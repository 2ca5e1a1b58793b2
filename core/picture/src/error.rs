//! Why an image cannot be used, as values that a caller can act on.
//!
//! Must never: carry a path or bytes of an image.

/// Why an image cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Zero bytes.
    #[error("it is empty")]
    Empty,
    /// More than [`crate::MAX_IMAGE_BYTES`].
    #[error("it has more than 20 MB")]
    TooManyBytes,
    /// More than [`crate::MAX_IMAGE_PIXELS`], or one side longer than [`crate::MAX_IMAGE_SIDE`].
    #[error("it has more than 40 megapixels or a side of more than 20,000 pixels")]
    TooManyPixels,
    /// To decode it would need more memory than the check allows itself.
    #[error("it would need too much memory to decode")]
    NeedsTooMuchMemory,
    /// Neither JPEG nor PNG, whatever its name says.
    #[error("it is neither JPEG nor PNG")]
    NotJpegOrPng,
    /// Cut off, or its contents contradict each other.
    #[error("it is damaged or cut off")]
    Damaged,
    /// An animation: which frame was meant is not known.
    #[error("it is animated")]
    Animated,
    /// CMYK, or another colour form than grey or RGB.
    #[error("its colours are neither grey nor RGB")]
    UnsupportedColours,
    /// A kind of JPEG that cameras do not make: 12-bit, lossless, arithmetic or hierarchical.
    #[error("its kind of JPEG is not supported")]
    UnsupportedCoding,
}

impl ImageError {
    /// A stable code, for tables and records.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyBytes => "too_many_bytes",
            Self::TooManyPixels => "too_many_pixels",
            Self::NeedsTooMuchMemory => "needs_too_much_memory",
            Self::NotJpegOrPng => "not_jpeg_or_png",
            Self::Damaged => "damaged",
            Self::Animated => "animated",
            Self::UnsupportedColours => "unsupported_colours",
            Self::UnsupportedCoding => "unsupported_coding",
        }
    }
}
