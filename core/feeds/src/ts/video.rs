//! Coded pictures on their way to the phone's video decoder.
//!
//! A picture's bytes must never become an image inside the core, and never reach the face check. What always
//! holds: [`FrameBytes`] cannot be cloned, printed, serialised or read as a slice; its only way out is a
//! [`HardwareDecoder`].
//!
//! ```
//! use peel_feeds::ts::{Codec, HardwareDecoder, Pts, VideoAccessUnit};
//! struct Screen(usize);
//! impl HardwareDecoder for Screen {
//!     fn queue(&mut self, _: Codec, _: Option<Pts>, _: bool, annex_b: &[u8]) { self.0 += annex_b.len(); }
//! }
//! fn show(unit: VideoAccessUnit, screen: &mut Screen) { unit.hand_to(screen) }
//! fn size(unit: &VideoAccessUnit) -> usize { unit.bytes.len() }
//! ```
//!
//! None of these compile:
//!
//! ```compile_fail
//! fn as_slice(unit: &peel_feeds::ts::VideoAccessUnit) -> &[u8] { unit.bytes.as_ref() }
//! ```
//!
//! ```compile_fail
//! fn take(unit: peel_feeds::ts::VideoAccessUnit) -> Vec<u8> { unit.bytes.0 }
//! ```
//!
//! ```compile_fail
//! fn copy(unit: &peel_feeds::ts::VideoAccessUnit) -> peel_feeds::ts::FrameBytes { unit.bytes.clone() }
//! ```
//!
//! ```compile_fail
//! fn deref(unit: &peel_feeds::ts::VideoAccessUnit) -> &[u8] { &unit.bytes }
//! ```

use std::fmt;

use super::Pts;

/// How pictures are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    H265,
}

/// A coded picture's bytes (Annex B), which only a [`HardwareDecoder`] is shown.
#[derive(PartialEq, Eq)]
pub struct FrameBytes(Vec<u8>);

impl FrameBytes {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for FrameBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} bytes of video]", self.0.len())
    }
}

/// One coded picture.
#[derive(Debug, PartialEq, Eq)]
pub struct VideoAccessUnit {
    /// Presentation time, if sent.
    pub pts: Option<Pts>,
    /// How it is coded.
    pub codec: Codec,
    /// Whether decoding can begin with it.
    pub key_frame: bool,
    /// The picture.
    pub bytes: FrameBytes,
}

/// The platform's decoder: `MediaCodec` or `VideoToolbox`, behind the shell's door.
///
/// An implementation draws and forgets: it must not store the bytes, and must not look for faces in what it draws.
pub trait HardwareDecoder {
    /// Takes one coded picture in Annex B form.
    fn queue(&mut self, codec: Codec, pts: Option<Pts>, key_frame: bool, annex_b: &[u8]);
}

impl VideoAccessUnit {
    pub(super) fn new(pts: Option<Pts>, codec: Codec, random_access: bool, bytes: Vec<u8>) -> Self {
        let key_frame = random_access || begins_with_key_frame(codec, &bytes);
        Self { pts, codec, key_frame, bytes: FrameBytes(bytes) }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(pts: Option<Pts>, codec: Codec, key_frame: bool, bytes: Vec<u8>) -> Self {
        Self { pts, codec, key_frame, bytes: FrameBytes(bytes) }
    }

    /// Shows the picture to the decoder; the bytes are dropped afterwards.
    pub fn hand_to(self, decoder: &mut dyn HardwareDecoder) {
        decoder.queue(self.codec, self.pts, self.key_frame, &self.bytes.0);
    }
}

/// Whether the first slice is one that decoding can begin with: IDR in H.264, any IRAP in H.265.
fn begins_with_key_frame(codec: Codec, annex_b: &[u8]) -> bool {
    let mut rest = annex_b;
    while let Some(at) = rest.windows(3).position(|three| three == [0, 0, 1]) {
        rest = rest.get(at + 3..).unwrap_or_default();
        let Some(&header) = rest.first() else { return false };
        match codec {
            Codec::H264 => match header & 0x1F {
                5 => return true,
                1..=4 => return false,
                _ => {}
            },
            Codec::H265 => match (header >> 1) & 0x3F {
                16..=23 => return true,
                0..=15 => return false,
                _ => {}
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_key_frames_by_their_first_slice() {
        let h264 = |types: &[u8]| types.iter().flat_map(|&kind| [0, 0, 1, 0x60 | kind, 0xAA]).collect::<Vec<u8>>();
        assert!(begins_with_key_frame(Codec::H264, &h264(&[9, 7, 8, 5])));
        assert!(!begins_with_key_frame(Codec::H264, &h264(&[9, 1, 5])));
        assert!(!begins_with_key_frame(Codec::H264, &[0, 0, 1]));
        assert!(begins_with_key_frame(Codec::H265, &[0, 0, 1, 32 << 1, 1, 0, 0, 1, 19 << 1, 1]));
        assert!(!begins_with_key_frame(Codec::H265, &[0, 0, 1, 32 << 1, 1, 0, 0, 1, 1 << 1, 1]));
    }

    #[test]
    fn s16_a_frame_prints_its_size_only() {
        let unit = VideoAccessUnit::new(None, Codec::H264, false, vec![0xAB; 3]);
        assert!(format!("{unit:?}").contains("[3 bytes of video]"));
    }
}
