//! A camera on a pole: makes a CCTV-like probe out of a photograph.
//!
//! Scale, blur, light, noise and JPEG, in that order, as a distant cheap camera adds them. Every random choice comes
//! from the generator that is passed in, so the same seed makes the same bytes.

use jpeg_encoder::{ColorType, Encoder};
use rand::{Rng, RngExt};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// How bad the camera is.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Width of the probe in pixels.
    pub width: usize,
    /// Radius of the box blur in pixels of the probe; it is applied twice.
    pub blur: usize,
    /// Brightness factor in percent; 100 leaves it.
    pub light: u32,
    /// Largest noise per channel, in steps of 0 to 255.
    pub noise: i16,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
}

/// A fair afternoon, some ten metres away.
pub const FAIR: Conditions = Conditions { width: 220, blur: 0, light: 92, noise: 6, quality: 72 };
/// Dusk, further away.
pub const POOR: Conditions = Conditions { width: 130, blur: 1, light: 60, noise: 10, quality: 55 };

/// The photograph could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// It is not a JPEG that can be read.
    #[error("read a photograph")]
    Decode,
    /// The probe could not be written.
    #[error("write a probe")]
    Encode,
}

struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y.min(self.height - 1) * self.width + x.min(self.width - 1)) * 3;
        match self.rgb.get(at..at + 3) {
            Some(&[red, green, blue]) => [red, green, blue],
            _ => [0; 3],
        }
    }
}

/// Takes the probe.
pub fn capture(photograph: &[u8], conditions: &Conditions, random: &mut impl Rng) -> Result<Vec<u8>, CameraError> {
    let mut picture = shrink(&decode(photograph)?, conditions.width);
    for _ in 0..2 {
        picture = blur(&picture, conditions.blur);
    }
    for value in &mut picture.rgb {
        let lit = u32::from(*value) * conditions.light / 100;
        let noise = if conditions.noise > 0 { random.random_range(-conditions.noise..=conditions.noise) } else { 0 };
        let sum = i32::try_from(lit).unwrap_or(255) + i32::from(noise);
        *value = u8::try_from(sum.clamp(0, 255)).unwrap_or(u8::MAX);
    }
    encode(&picture, conditions.quality)
}

fn decode(photograph: &[u8]) -> Result<Picture, CameraError> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(photograph), options);
    let rgb = decoder.decode().map_err(|_| CameraError::Decode)?;
    let info = decoder.info().ok_or(CameraError::Decode)?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if width == 0 || height == 0 || rgb.len() != width * height * 3 {
        return Err(CameraError::Decode);
    }
    Ok(Picture { width, height, rgb })
}

/// Area average, so that no detail is invented by skipping pixels.
fn shrink(from: &Picture, width: usize) -> Picture {
    let width = width.min(from.width).max(1);
    let height = (from.height * width / from.width).max(1);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let rows = (y * from.height / height)..((y + 1) * from.height / height).max(y * from.height / height + 1);
        for x in 0..width {
            let columns = (x * from.width / width)..((x + 1) * from.width / width).max(x * from.width / width + 1);
            rgb.extend(average(from, columns, rows.clone()));
        }
    }
    Picture { width, height, rgb }
}

fn blur(from: &Picture, radius: usize) -> Picture {
    let mut rgb = Vec::with_capacity(from.rgb.len());
    for y in 0..from.height {
        for x in 0..from.width {
            rgb.extend(average(
                from,
                x.saturating_sub(radius)..x + radius + 1,
                y.saturating_sub(radius)..y + radius + 1,
            ));
        }
    }
    Picture { width: from.width, height: from.height, rgb }
}

fn average(from: &Picture, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> [u8; 3] {
    let mut sum = [0_usize; 3];
    let count = columns.len() * rows.len();
    for y in rows {
        for x in columns.clone() {
            for (total, value) in sum.iter_mut().zip(from.pixel(x, y)) {
                *total += usize::from(value);
            }
        }
    }
    sum.map(|total| u8::try_from(total / count.max(1)).unwrap_or(u8::MAX))
}

fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>, CameraError> {
    let width = u16::try_from(picture.width).map_err(|_| CameraError::Encode)?;
    let height = u16::try_from(picture.height).map_err(|_| CameraError::Encode)?;
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, quality)
        .encode(&picture.rgb, width, height, ColorType::Rgb)
        .map_err(|_| CameraError::Encode)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn face() -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("faces/casey_1.jpg")).unwrap()
    }

    #[test]
    fn the_same_seed_takes_the_same_probe() {
        let take = |seed| capture(&face(), &FAIR, &mut StdRng::seed_from_u64(seed)).unwrap();
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }

    #[test]
    fn a_probe_is_a_small_jpeg_of_the_width_asked_for() {
        let probe = capture(&face(), &POOR, &mut StdRng::seed_from_u64(1)).unwrap();
        assert_eq!(decode(&probe).unwrap().width, POOR.width);
        assert!(probe.len() < face().len());
    }

    #[test]
    fn what_is_not_a_photograph_is_refused() {
        assert!(matches!(capture(b"not a jpeg", &FAIR, &mut StdRng::seed_from_u64(1)), Err(CameraError::Decode)));
    }
}
