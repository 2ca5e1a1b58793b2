//! A drawn street from above, coded as H.264.
//!
//! Must never draw a person. What always holds: every picture can be decoded by itself, and fits a packet with a
//! stated length.

use less_avc::ycbcr_image::{DataPlane, Planes, YCbCrImage};
use less_avc::{BitDepth, LessEncoder};

use super::flight::View;

/// Width of the picture in pixels. Uncompressed pictures of this size stay below the 64 KiB of a stated length.
pub(super) const WIDTH: u16 = 256;
/// Height of the picture in pixels.
pub(super) const HEIGHT: u16 = 144;
const CHROMA_SHARE: u16 = 2;

const ROAD_HALF_WIDTH_M: f64 = 5.0;
const PAVEMENT_HALF_WIDTH_M: f64 = 8.0;
const BLOCK_M: f64 = 14.0;
const CAR_SPACING_M: f64 = 40.0;
const CAR_M_S: f64 = 6.0;

/// A colour as luma and the two differences, full range.
type Colour = [u8; 3];

const ASPHALT: Colour = [70, 128, 128];
const PAVEMENT: Colour = [150, 126, 130];
const MARKING: Colour = [225, 128, 128];
const ROOFS: [Colour; 4] = [[110, 112, 150], [95, 128, 128], [130, 110, 140], [85, 140, 118]];
const CARS: [Colour; 3] = [[200, 128, 128], [60, 180, 110], [80, 100, 200]];
const BEACON: Colour = [120, 220, 90];

/// Draws and codes.
#[derive(Debug, Clone)]
pub(super) struct StreetCamera {
    seed: u64,
}

impl StreetCamera {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// One picture in Annex B form, parameter sets included.
    pub(super) fn picture(&self, view: &View, elapsed_us: u64) -> Vec<u8> {
        let seconds = std::time::Duration::from_micros(elapsed_us).as_secs_f64();
        let luma = plane(WIDTH, HEIGHT, |x, y| self.colour(view, x, y, seconds)[0]);
        let chroma = |which: usize| {
            plane(WIDTH / CHROMA_SHARE, HEIGHT / CHROMA_SHARE, |x, y| {
                let colour = self.colour(view, x * f64::from(CHROMA_SHARE), y * f64::from(CHROMA_SHARE), seconds);
                colour.get(which).copied().unwrap_or_default()
            })
        };
        code(&luma, &chroma(1), &chroma(2))
    }

    /// The colour at a pixel.
    fn colour(&self, view: &View, x: f64, y: f64, seconds: f64) -> Colour {
        // A blue lamp that blinks in the corner: the drone is overt.
        if x < 10.0 && y < 10.0 && seconds.fract() < 0.5 {
            return BEACON;
        }
        let scale = view.width_m / f64::from(WIDTH);
        let (right, up) = ((x - f64::from(WIDTH) / 2.0) * scale, (f64::from(HEIGHT) / 2.0 - y) * scale);
        let (sin, cos) = view.up_rad.sin_cos();
        let (centre_east, centre_north) = view.centre_m;
        self.ground(centre_east + up * sin + right * cos, centre_north + up * cos - right * sin, seconds)
    }

    /// The colour of the ground, metres east and north of the crossing.
    fn ground(&self, east: f64, north: f64, seconds: f64) -> Colour {
        for (along, across, direction) in [(east, north, 1.0), (north, east, -1.0)] {
            if across.abs() < ROAD_HALF_WIDTH_M {
                return road(along, across * direction, seconds);
            }
        }
        if east.abs().min(north.abs()) < PAVEMENT_HALF_WIDTH_M {
            return PAVEMENT;
        }
        let block = (east / BLOCK_M).floor() * 31.0 + (north / BLOCK_M).floor();
        pick(&ROOFS, self.seed ^ block.to_bits())
    }
}

fn road(along: f64, across: f64, seconds: f64) -> Colour {
    if across.abs() < 0.2 && along.rem_euclid(6.0) < 3.0 {
        return MARKING;
    }
    let travelled = along - across.signum() * CAR_M_S * seconds;
    let in_car = travelled.rem_euclid(CAR_SPACING_M) < 4.5 && (across.abs() - 2.5).abs() < 0.9;
    if in_car { pick(&CARS, (travelled / CAR_SPACING_M).floor().to_bits()) } else { ASPHALT }
}

fn pick<const N: usize>(colours: &[Colour; N], number: u64) -> Colour {
    let mixed = (number ^ (number >> 29) ^ (number >> 47)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let index = usize::try_from(mixed % (N as u64)).unwrap_or_default();
    colours.get(index).copied().unwrap_or(ASPHALT)
}

fn plane(width: u16, height: u16, colour: impl Fn(f64, f64) -> u8) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
    pixels.map(|(x, y)| colour(x, y)).collect()
}

fn code(luma: &[u8], blue: &[u8], red: &[u8]) -> Vec<u8> {
    let data_plane = |data, width: u16| DataPlane { data, stride: width.into(), bit_depth: BitDepth::Depth8 };
    let chroma_width = WIDTH / CHROMA_SHARE;
    let image = YCbCrImage {
        planes: Planes::YCbCr((data_plane(luma, WIDTH), data_plane(blue, chroma_width), data_plane(red, chroma_width))),
        width: WIDTH.into(),
        height: HEIGHT.into(),
    };
    let (first, _encoder) = LessEncoder::new(&image).expect("the picture's size is a multiple of 16");
    first.into_iter().flat_map(|unit| unit.to_annex_b_data()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: View = View { centre_m: (0.0, 0.0), up_rad: 0.3, width_m: 120.0 };

    #[test]
    fn pictures_fit_a_stated_length_move_and_come_again_by_seed() {
        let camera = StreetCamera::new(7);
        let first = camera.picture(&VIEW, 0);
        assert!(first.len() + 8 < usize::from(u16::MAX), "{}", first.len());
        assert_eq!(first, StreetCamera::new(7).picture(&VIEW, 0));
        assert_ne!(first, camera.picture(&VIEW, 500_000));
        assert_ne!(first, StreetCamera::new(8).picture(&VIEW, 0));
    }
}
