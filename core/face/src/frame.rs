//! The detector's square input, made from a picture or a part of it.
//!
//! Always: the part is scaled to fit with its sides kept in proportion, placed at the top left, and the rest is black;
//! values are whole numbers from 0 to 255, so that a referee can be given exactly the same pixels.

use peel_picture::Picture;
use peel_picture::Wiped;
use pulp::Arch;

/// Pixels a side of the frame that holds a whole picture.
pub(crate) const FRAME_SIDE: usize = 320;

/// Small pictures and parts are enlarged at most so far.
const GREATEST_SCALE: f32 = 8.0;

/// A rectangle of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Region {
    /// The whole picture.
    pub(crate) fn whole(picture: &Picture) -> Self {
        Self { x: 0.0, y: 0.0, width: float(picture.width()), height: float(picture.height()) }
    }

    /// What lies within the picture of the square of `side` pixels around a point.
    pub(crate) fn around(centre: [f32; 2], side: f32, picture: &Picture) -> Self {
        let cut = |middle: f32, limit: f32| {
            let start = (middle - side / 2.0).clamp(0.0, limit - 1.0).floor();
            (start, (middle + side / 2.0).min(limit).ceil() - start)
        };
        let [x, y] = centre;
        let (x, width) = cut(x, float(picture.width()));
        let (y, height) = cut(y, float(picture.height()));
        Self { x, y, width: width.max(1.0), height: height.max(1.0) }
    }
}

/// The detector's input and the way back to the picture.
pub(crate) struct Frame {
    /// Packed RGB, square.
    pub(crate) pixels: Wiped<u8>,
    /// Frame pixels for each picture pixel.
    pub(crate) scale: f32,
    origin: [f32; 2],
}

impl Frame {
    /// The whole picture, its longer side `extent` frame pixels long (at most [`FRAME_SIDE`]).
    pub(crate) fn whole(picture: &Picture, extent: usize) -> Self {
        let region = Region::whole(picture);
        Self::new(picture, region, float(extent) / region.width.max(region.height), FRAME_SIDE)
    }

    /// A part of the picture at `scale` frame pixels for each picture pixel, in a frame of `side` by `side`; what does not
    /// fit is left out.
    pub(crate) fn new(picture: &Picture, region: Region, scale: f32, side: usize) -> Self {
        let scale = scale.min(GREATEST_SCALE);
        let columns = taps(region.x, region.width, picture.width(), scale, side);
        let rows = taps(region.y, region.height, picture.height(), scale, side);
        let mut pixels = Wiped::new(vec![0_u8; side * side * 3]);
        Arch::new().dispatch(|| squeeze(picture, &columns, &rows, &mut pixels, side));
        Self { pixels, scale, origin: [region.x, region.y] }
    }

    /// A point of the frame as a point of the picture; pixel centres fall on pixel centres.
    pub(crate) fn to_picture(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [left, top] = self.origin;
        let place = |value: f32, start: f32| start + (value + 0.5) / self.scale - 0.5;
        [place(x, left), place(y, top)]
    }

    /// The pixels as the detector wants them: planar BGR.
    pub(crate) fn planes(&self) -> Wiped<f32> {
        planar_bgr(&self.pixels)
    }
}

/// Packed RGB as three planes: red, green, blue.
pub(crate) fn planar_rgb(pixels: &[u8]) -> Wiped<f32> {
    planar(pixels, |[red, green, blue]| [red, green, blue])
}

/// Packed RGB as three planes: blue, green, red.
pub(crate) fn planar_bgr(pixels: &[u8]) -> Wiped<f32> {
    planar(pixels, |[red, green, blue]| [blue, green, red])
}

fn planar(pixels: &[u8], order: impl Fn([u8; 3]) -> [u8; 3]) -> Wiped<f32> {
    let pixels = pixels.as_chunks::<3>().0;
    let mut planes = Wiped::new(vec![0.0; pixels.len() * 3]);
    let (first, rest) = planes.split_at_mut(pixels.len());
    let (second, third) = rest.split_at_mut(pixels.len());
    Arch::new().dispatch(|| {
        for (((first, second), third), pixel) in first.iter_mut().zip(second).zip(third).zip(pixels) {
            [*first, *second, *third] = order(*pixel).map(f32::from);
        }
    });
    planes
}

/// Which source values, with which weights, make one target value.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// A triangle filter: linear interpolation when enlarging, a weighted mean over the covered pixels when reducing.
fn taps(start: f32, length: f32, limit: usize, scale: f32, side: usize) -> Vec<Taps> {
    let reach = (1.0 / scale).max(1.0);
    let count = to_index((length * scale).round()).clamp(1, side);
    (0..count)
        .map(|target| {
            let centre = start + (float(target) + 0.5) / scale;
            let first = to_index((centre - reach - 0.5).ceil()).min(limit - 1);
            let last = to_index((centre + reach - 0.5).floor()).clamp(first, limit - 1);
            let weight = |source: usize| (1.0 - (float(source) + 0.5 - centre).abs() / reach).max(0.0);
            let mut weights: Vec<f32> = (first..=last).map(weight).collect();
            let sum: f32 = weights.iter().sum();
            if sum > 0.0 {
                for weight in &mut weights {
                    *weight /= sum;
                }
            } else {
                weights.fill(1.0 / float(last - first + 1));
            }
            Taps { first, weights }
        })
        .collect()
}

/// Rows first, which are long, then columns, four numbers at a time.
#[expect(clippy::inline_always, reason = "compiled once for each kind of processor, as part of its caller")]
#[inline(always)]
fn squeeze(picture: &Picture, columns: &[Taps], rows: &[Taps], pixels: &mut [u8], side: usize) {
    let left = columns.first().map_or(0, |column| column.first);
    let right = columns.last().map_or(0, |column| column.first + column.weights.len());
    let mut sums = Wiped::new(vec![0.0_f32; (right - left) * 3]);
    let mut padded = Wiped::new(vec![[0.0_f32; 4]; right - left]);
    for (target, row) in pixels.chunks_exact_mut(side * 3).zip(rows) {
        sums.fill(0.0);
        for (offset, weight) in row.weights.iter().enumerate() {
            let source = picture.row(row.first + offset).get(left * 3..).unwrap_or_default();
            for (sum, value) in sums.iter_mut().zip(source) {
                *sum += weight * f32::from(*value);
            }
        }
        for (padded, [red, green, blue]) in padded.iter_mut().zip(sums.as_chunks::<3>().0) {
            *padded = [*red, *green, *blue, 0.0];
        }
        for (target, column) in target.as_chunks_mut::<3>().0.iter_mut().zip(columns) {
            let source = padded.get(column.first - left..).unwrap_or_default();
            let mut sum = [0.5_f32; 4];
            for (values, weight) in source.iter().zip(&column.weights) {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
            let [red, green, blue, _] = sum.map(whole);
            *target = [red, green, blue];
        }
    }
}

/// What is left without the part after the point, saturated: half was added before.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn whole(value: f32) -> u8 {
    value as u8
}

/// A side or an index as a float; pictures are far smaller than what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "sides are at most 20,000 pixels")]
pub(crate) fn float(value: usize) -> f32 {
    value as f32
}

/// A float as an index: negative and not-a-number become 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
pub(crate) fn to_index(value: f32) -> usize {
    value as usize
}

/// A float as a pixel value, rounded and saturated.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
pub(crate) fn to_byte(value: f32) -> u8 {
    value.round() as u8
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gradient(width: usize, height: usize) -> Picture {
        let pixels = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x, y, 7].map(|value| u8::try_from(value % 256).unwrap())))
            .collect::<Vec<u8>>();
        Picture::new(width, height, Wiped::new(pixels)).unwrap()
    }

    fn pixel(frame: &Frame, x: usize, y: usize) -> [u8; 3] {
        frame.pixels[(y * FRAME_SIDE + x) * 3..][..3].try_into().unwrap()
    }

    #[test]
    fn a_picture_of_the_frames_size_is_taken_as_it_is() {
        let picture = gradient(FRAME_SIDE, 100);
        let frame = Frame::whole(&picture, FRAME_SIDE);
        assert_eq!(frame.pixels[..picture.pixels().len()], *picture.pixels());
        assert!(frame.pixels[picture.pixels().len()..].iter().all(|value| *value == 0));
        assert_eq!(frame.to_picture([12.0, 34.0]), [12.0, 34.0]);
    }

    #[test]
    fn a_larger_picture_is_averaged_and_points_lead_back() {
        let picture = gradient(200, 640);
        let frame = Frame::whole(&picture, FRAME_SIDE);
        assert!((frame.scale - 0.5).abs() < 1e-6);
        assert_eq!(pixel(&frame, 50, 20), [101, 41, 7]);
        assert_eq!(pixel(&frame, 100, 20), [0; 3]);
        assert_eq!(frame.to_picture([50.0, 20.0]), [100.5, 40.5]);
    }

    #[test]
    fn a_region_is_cut_to_the_picture_and_enlarged() {
        let picture = gradient(200, 100);
        let region = Region::around([10.0, 50.0], 80.0, &picture);
        assert_eq!(region, Region { x: 0.0, y: 10.0, width: 50.0, height: 80.0 });
        let frame = Frame::new(&picture, region, 4.0, FRAME_SIDE);
        assert_eq!(pixel(&frame, 4 * 20 + 2, 4 * 30 + 2)[..2], [20, 40]);
        let back = frame.to_picture([81.5, 121.5]);
        assert_eq!(back, [20.0, 40.0]);
    }

    proptest! {
        #[test]
        fn a_frame_is_the_weighted_mean_whatever_its_part(
            width in 1..90_usize,
            height in 1..90_usize,
            left in 0.0..80.0_f32,
            top in 0.0..80.0_f32,
            side in 1.0..100.0_f32,
            scale in 0.1..9.0_f32,
        ) {
            let picture = gradient(width, height);
            let region = Region::around([left, top], side, &picture);
            let frame = Frame::new(&picture, region, scale, FRAME_SIDE);
            let (columns, rows) = (
                taps(region.x, region.width, width, frame.scale, FRAME_SIDE),
                taps(region.y, region.height, height, frame.scale, FRAME_SIDE),
            );
            for (y, row) in rows.iter().enumerate() {
                for (x, column) in columns.iter().enumerate() {
                    let mut sum = [0.0_f32; 3];
                    for (below, down) in row.weights.iter().enumerate() {
                        for (beside, across) in column.weights.iter().enumerate() {
                            let pixel = &picture.row(row.first + below)[(column.first + beside) * 3..][..3];
                            for (sum, value) in sum.iter_mut().zip(pixel) {
                                *sum += down * across * f32::from(*value);
                            }
                        }
                    }
                    for (got, wanted) in pixel(&frame, x, y).into_iter().zip(sum) {
                        prop_assert!((f32::from(got) - wanted).abs() < 0.51, "{got} {wanted} at {x}, {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_one_pixel_picture_makes_a_frame() {
        let picture = gradient(1, 1);
        let frame = Frame::whole(&picture, FRAME_SIDE);
        assert_eq!(pixel(&frame, 0, 0), [0, 0, 7]);
    }
}
