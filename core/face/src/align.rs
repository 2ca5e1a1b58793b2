//! Brings a face into the position in which the embedder was trained to see it.
//!
//! Always: a similarity transform (turn, scale, shift, no shear, no mirror), least squares over five landmarks, onto the
//! `ArcFace` template of 112 by 112 pixels; bilinear, black outside the picture, as the reference implementation does it.

use peel_picture::Picture;
use peel_picture::Wiped;

use crate::frame::{float, to_byte};

/// Pixels a side.
pub(crate) const CROP_SIDE: usize = 112;

/// Where the five landmarks belong in the crop.
const TEMPLATE: [[f64; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// An aligned face: packed RGB, [`CROP_SIDE`] by [`CROP_SIDE`], wiped on drop.
pub(crate) struct AlignedFace(pub(crate) Wiped<u8>);

/// Cuts the aligned face out of the picture; `None` when the landmarks fall into one point.
pub(crate) fn align(picture: &Picture, landmarks: &[[f32; 2]; 5]) -> Option<AlignedFace> {
    let back = Similarity::onto_template(landmarks)?.inverse();
    let mut crop = Wiped::new(Vec::with_capacity(CROP_SIDE * CROP_SIDE * 3));
    for y in 0..CROP_SIDE {
        for x in 0..CROP_SIDE {
            crop.extend(bilinear(picture, back.apply([f64::from(float(x)), f64::from(float(y))])));
        }
    }
    Some(AlignedFace(crop))
}

/// `(x, y)` to `(a x - b y + dx, b x + a y + dy)`.
#[derive(Clone, Copy, Debug)]
struct Similarity {
    a: f64,
    b: f64,
    dx: f64,
    dy: f64,
}

impl Similarity {
    fn onto_template(landmarks: &[[f32; 2]; 5]) -> Option<Self> {
        let from = landmarks.map(|[x, y]| [f64::from(x), f64::from(y)]);
        let (from_middle, to_middle) = (middle(&from), middle(&TEMPLATE));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for ([x, y], [u, v]) in from.into_iter().zip(TEMPLATE) {
            let (x, y) = (x - from_middle[0], y - from_middle[1]);
            let (u, v) = (u - to_middle[0], v - to_middle[1]);
            along += x * u + y * v;
            across += x * v - y * u;
            spread += x * x + y * y;
        }
        let (a, b) = (along / spread, across / spread);
        let usable = spread > 1e-6 && a.is_finite() && b.is_finite() && a.hypot(b) > 1e-6;
        usable.then(|| Self {
            a,
            b,
            dx: to_middle[0] - a * from_middle[0] + b * from_middle[1],
            dy: to_middle[1] - b * from_middle[0] - a * from_middle[1],
        })
    }

    fn inverse(self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Self { a, b, dx: -(a * self.dx - b * self.dy), dy: -(b * self.dx + a * self.dy) }
    }

    fn apply(self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.a * x - self.b * y + self.dx, self.b * x + self.a * y + self.dy]
    }
}

fn middle(points: &[[f64; 2]; 5]) -> [f64; 2] {
    let sum = points.iter().fold([0.0, 0.0], |[x, y], [u, v]| [x + u, y + v]);
    sum.map(|value| value / 5.0)
}

#[expect(clippy::cast_possible_truncation, reason = "casts saturate; far outside the picture is black anyway")]
fn bilinear(picture: &Picture, [x, y]: [f64; 2]) -> [u8; 3] {
    let (left, top) = (x.floor() as i64, y.floor() as i64);
    let (right_share, lower_share) = ((x - x.floor()) as f32, (y - y.floor()) as f32);
    let mut sum = [0.0_f32; 3];
    for (row, row_share) in [(top, 1.0 - lower_share), (top.saturating_add(1), lower_share)] {
        for (column, share) in [(left, 1.0 - right_share), (left.saturating_add(1), right_share)] {
            for (sum, value) in sum.iter_mut().zip(picture.pixel_or_black(column, row)) {
                *sum += row_share * share * f32::from(value);
            }
        }
    }
    sum.map(to_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_on_the_template_leave_the_picture_as_it_is() {
        let pixels: Vec<u8> = (0..CROP_SIDE * CROP_SIDE * 3).map(|value| u8::try_from(value % 251).unwrap()).collect();
        let picture = Picture::new(CROP_SIDE, CROP_SIDE, Wiped::new(pixels)).unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "the template is small")]
        let landmarks = TEMPLATE.map(|point| point.map(|value| value as f32));
        let crop = align(&picture, &landmarks).unwrap();
        let wrong = crop.0.iter().zip(picture.pixels()).filter(|(left, right)| left.abs_diff(**right) > 1).count();
        assert_eq!(wrong, 0);
    }

    #[test]
    fn a_turned_scaled_and_shifted_face_is_brought_back_exactly() {
        let (sine, cosine) = 0.4_f64.sin_cos();
        #[expect(clippy::cast_possible_truncation, reason = "the template is small")]
        let landmarks = TEMPLATE.map(|[x, y]| {
            [(3.0 * (cosine * x - sine * y) + 20.0) as f32, (3.0 * (sine * x + cosine * y) - 7.0) as f32]
        });
        let transform = Similarity::onto_template(&landmarks).unwrap();
        for (point, [u, v]) in landmarks.into_iter().zip(TEMPLATE) {
            let [x, y] = transform.apply(point.map(f64::from));
            assert!((x - u).abs() < 1e-3 && (y - v).abs() < 1e-3);
            let [x, y] = transform.inverse().apply([u, v]);
            assert!((x - f64::from(point[0])).abs() < 1e-2 && (y - f64::from(point[1])).abs() < 1e-2);
        }
    }

    #[test]
    fn landmarks_in_one_point_cannot_be_aligned() {
        let picture = Picture::new(1, 1, Wiped::new(vec![0; 3])).unwrap();
        assert!(align(&picture, &[[5.0, 5.0]; 5]).is_none());
        assert!(align(&picture, &[[f32::NAN, 5.0]; 5]).is_none());
    }
}
