//! What several test programs need: the models, the exercise's faces, permits, and images made to order.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken helper must stop the test")]

#[path = "../../../../evaluation/src/bin/peel-face/exercise.rs"]
mod exercise;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jpeg_encoder::{ColorType, Encoder};
use peel_domain::permit::{ComparisonPermit, ComparisonPurpose};
use peel_face::{FaceCheck, FaceError, Opinion};

pub(crate) static CHECK: LazyLock<FaceCheck> = LazyLock::new(|| FaceCheck::from_directory(&models()).expect("models"));

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn models() -> PathBuf {
    workspace().join("models")
}

/// One of the exercise's photographs.
pub(crate) fn face(name: &str) -> Vec<u8> {
    std::fs::read(workspace().join("tests/street/faces").join(name)).expect("a face of the exercise")
}

/// Shared data, if they are there; says so if not.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let base = std::env::var_os("PEEL_SHARED").map_or_else(|| workspace().join("../shared/data"), PathBuf::from);
    let folder = base.join(what);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: shared data absent ({what})");
    None
}

pub(crate) fn permit(purpose: ComparisonPurpose) -> ComparisonPermit {
    exercise::permit(purpose).expect("a permit from the workflow")
}

pub(crate) fn compare(probe: &[u8], reference: &[u8]) -> Result<Opinion, FaceError> {
    CHECK.compare(permit(ComparisonPurpose::AlertProbe), probe, reference)
}

/// Packed RGB.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Image {
    pub(crate) fn of_jpeg(bytes: &[u8]) -> Self {
        use zune_jpeg::JpegDecoder;
        use zune_jpeg::zune_core::bytestream::ZCursor;

        let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
        let pixels = decoder.decode().expect("a photograph");
        let info = decoder.info().expect("its size");
        Self { width: usize::from(info.width), height: usize::from(info.height), pixels }
    }

    pub(crate) fn flat(width: usize, height: usize, value: u8) -> Self {
        Self { width, height, pixels: vec![value; width * height * 3] }
    }

    pub(crate) fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[(y * self.width + x) * 3..][..3].try_into().unwrap()
    }

    pub(crate) fn map(&self, width: usize, height: usize, source: impl Fn(usize, usize) -> (usize, usize)) -> Self {
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = source(x, y);
                pixels.extend(self.pixel(x, y));
            }
        }
        Self { width, height, pixels }
    }

    /// Puts another image on top of this one.
    pub(crate) fn put(&mut self, other: &Self, left: usize, top: usize) {
        for (y, row) in other.pixels.chunks_exact(other.width * 3).enumerate() {
            let start = ((top + y) * self.width + left) * 3;
            self.pixels[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// Mean over blocks.
    pub(crate) fn reduced(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                for channel in 0..3 {
                    let sum: usize = (0..factor * factor)
                        .map(|place| {
                            usize::from(self.pixel(x * factor + place % factor, y * factor + place / factor)[channel])
                        })
                        .sum();
                    pixels.push(u8::try_from(sum / (factor * factor)).unwrap());
                }
            }
        }
        Self { width, height, pixels }
    }

    /// Mean over a square window of `2 * reach + 1` pixels.
    pub(crate) fn blurred(&self, reach: usize) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (columns, rows) = (
                    x.saturating_sub(reach)..(x + reach + 1).min(self.width),
                    y.saturating_sub(reach)..(y + reach + 1).min(self.height),
                );
                let count = columns.len() * rows.len();
                let mut sums = [0_usize; 3];
                for row in rows {
                    for column in columns.clone() {
                        for (sum, value) in sums.iter_mut().zip(self.pixel(column, row)) {
                            *sum += usize::from(value);
                        }
                    }
                }
                pixels.extend(sums.map(|sum| u8::try_from(sum / count).unwrap()));
            }
        }
        Self { pixels, ..*self }
    }

    pub(crate) fn scaled_values(&self, numerator: u16, denominator: u16) -> Self {
        let scale = |value: &u8| u8::try_from((u16::from(*value) * numerator / denominator).min(255)).unwrap();
        Self { pixels: self.pixels.iter().map(scale).collect(), ..*self }
    }

    pub(crate) fn jpeg(&self) -> Vec<u8> {
        self.jpeg_with(|_| ())
    }

    pub(crate) fn jpeg_with(&self, setting: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        setting(&mut encoder);
        let (width, height) = (u16::try_from(self.width).unwrap(), u16::try_from(self.height).unwrap());
        encoder.encode(&self.pixels, width, height, ColorType::Rgb).expect("a JPEG");
        bytes
    }

    pub(crate) fn png(&self) -> Vec<u8> {
        self.png_with(png::ColorType::Rgb, png::BitDepth::Eight, &self.pixels, |_| ())
    }

    pub(crate) fn png_with(
        &self,
        colours: png::ColorType,
        depth: png::BitDepth,
        data: &[u8],
        setting: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (width, height) = (u32::try_from(self.width).unwrap(), u32::try_from(self.height).unwrap());
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colours);
        encoder.set_depth(depth);
        setting(&mut encoder);
        let mut writer = encoder.write_header().expect("a PNG header");
        writer.write_image_data(data).expect("PNG data");
        drop(writer);
        bytes
    }
}

/// The payload of an EXIF segment that says how the camera was held.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    bytes.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}
