//! Measures whether an image is good enough for an opinion, and says what is wrong in terms that an officer can act on.
//!
//! Must never: measure anything about the person. What is measured belongs to the capture.
//! Always: the limits come from the models' signed calibration.

use peel_picture::Wiped;

use crate::align::{AlignedFace, CROP_SIDE};
use crate::calibration::Floors;
use crate::detect::Chosen;
use crate::frame::float;

/// The measured quality of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quality {
    /// Distance between the eyes in pixels of the image as it was taken.
    pub inter_eye_pixels: f32,
    /// How sure the detector is that this is a face, from 0 to 1.
    pub detector_score: f32,
    /// Length of the embedding: the best predictor of a false non-match.
    pub embedding_norm: f32,
    /// Variance of the second difference of the aligned face's luma, in the direction in which it is least.
    pub sharpness: f32,
    /// Mean luma of the aligned face, from 0 to 255.
    pub luma: f32,
    /// The nose's place between the eyes, in eye distances from the middle: about 0 when looking at the camera.
    pub yaw: f32,
    /// The nose's height between eyes and mouth, less that of the template: about 0 when looking at the camera.
    pub pitch: f32,
    /// Prominence of a second face in the picture, as a part of the first one's; 0 when there is none.
    pub rival_fraction: f32,
}

/// Why no opinion can be given on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QualityReason {
    /// No face was found.
    NoFace,
    /// Two faces are about equally prominent: it is not clear whom the image is about.
    SeveralFaces,
    /// Too few pixels between the eyes: go closer.
    TooSmall,
    /// Too dark.
    TooDark,
    /// Too bright.
    TooBright,
    /// The face is turned to the side, up or down.
    TurnedAway,
    /// Out of focus or moved.
    Blurred,
    /// The face is not clear enough: covered in part, or spoilt in a way that the other measures do not name.
    NotClear,
}

impl QualityReason {
    /// A stable code, for records and for the shells' wording.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoFace => "no_face",
            Self::SeveralFaces => "several_faces",
            Self::TooSmall => "too_small",
            Self::TooDark => "too_dark",
            Self::TooBright => "too_bright",
            Self::TurnedAway => "turned_away",
            Self::Blurred => "blurred",
            Self::NotClear => "not_clear",
        }
    }
}

/// In a frontal face the nose lies at this part of the way from the eyes to the mouth.
const FRONTAL_NOSE_HEIGHT: f32 = 0.497;

impl Quality {
    /// Measures everything. Each pixel of the picture in which the face was found stands for `reduction` a side of the
    /// image's own.
    pub(crate) fn measure(chosen: &Chosen, face: &AlignedFace, reduction: usize, embedding_norm: f32) -> Self {
        let luma = face_luma(face);
        let pose = Pose::of(&chosen.face.landmarks);
        Self {
            inter_eye_pixels: pose.inter_eye * float(reduction),
            detector_score: chosen.face.score,
            embedding_norm,
            sharpness: sharpness(&luma),
            luma: mean(&luma),
            yaw: pose.yaw,
            pitch: pose.pitch,
            rival_fraction: chosen.rival_fraction,
        }
    }

    /// The first limit that is not kept, the one that an officer can do most about first.
    pub(crate) fn below(&self, floors: &Floors) -> Option<QualityReason> {
        let checks = [
            (self.rival_fraction > floors.rival_fraction, QualityReason::SeveralFaces),
            (self.inter_eye_pixels < floors.inter_eye_pixels, QualityReason::TooSmall),
            (self.luma < floors.darkest, QualityReason::TooDark),
            (self.luma > floors.brightest, QualityReason::TooBright),
            (self.yaw.abs() > floors.yaw || self.pitch.abs() > floors.pitch, QualityReason::TurnedAway),
            (self.sharpness < floors.sharpness, QualityReason::Blurred),
            (self.detector_score < floors.detector_score, QualityReason::NotClear),
            (self.embedding_norm < floors.embedding_norm, QualityReason::NotClear),
        ];
        checks.into_iter().find_map(|(broken, reason)| broken.then_some(reason))
    }
}

struct Pose {
    inter_eye: f32,
    yaw: f32,
    pitch: f32,
}

impl Pose {
    /// From the landmarks' places relative to each other, whatever the turn of the head in the image plane.
    fn of(landmarks: &[[f32; 2]; 5]) -> Self {
        let [right_eye, left_eye, nose, right_mouth, left_mouth] = *landmarks;
        let between = |[x, y]: [f32; 2], [u, v]: [f32; 2]| [f32::midpoint(x, u), f32::midpoint(y, v)];
        let minus = |[x, y]: [f32; 2], [u, v]: [f32; 2]| [x - u, y - v];
        let along = |[x, y]: [f32; 2], [u, v]: [f32; 2]| x * u + y * v;
        let eyes = minus(left_eye, right_eye);
        let inter_eye = eyes[0].hypot(eyes[1]).max(f32::MIN_POSITIVE);
        let axis = eyes.map(|value| value / inter_eye);
        let down = [-axis[1], axis[0]];
        let (eye_middle, mouth_middle) = (between(right_eye, left_eye), between(right_mouth, left_mouth));
        let to_nose = minus(nose, eye_middle);
        let face_middle = between(eye_middle, mouth_middle);
        let height = along(minus(mouth_middle, eye_middle), down);
        let nose_height = if height > 0.0 { along(to_nose, down) / height } else { f32::MAX };
        Self {
            inter_eye,
            yaw: along(minus(nose, face_middle), axis) / inter_eye,
            pitch: nose_height - FRONTAL_NOSE_HEIGHT,
        }
    }
}

const LUMA_FIRST: usize = 24;
const LUMA_SIDE: usize = 64;
const LUMA_TOP: usize = 36;

/// Luma (ITU-R BT.601) of the middle of the crop, [`LUMA_SIDE`] pixels a side: skin, not hair or background.
fn face_luma(face: &AlignedFace) -> Wiped<f32> {
    let mut luma = Wiped::new(Vec::with_capacity(LUMA_SIDE * LUMA_SIDE));
    for row in face.0.chunks_exact(CROP_SIDE * 3).skip(LUMA_TOP).take(LUMA_SIDE) {
        luma.extend(
            row.as_chunks::<3>().0.iter().skip(LUMA_FIRST).take(LUMA_SIDE).map(|[red, green, blue]| {
                0.299 * f32::from(*red) + 0.587 * f32::from(*green) + 0.114 * f32::from(*blue)
            }),
        );
    }
    luma
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / float(values.len().max(1))
}

/// The least variance of the second difference in four directions: a moved camera blurs one direction only.
fn sharpness(luma: &[f32]) -> f32 {
    let rows: Vec<&[f32]> = luma.chunks_exact(LUMA_SIDE).collect();
    let mut directions: [Wiped<f32>; 4] = std::array::from_fn(|_| Wiped::new(Vec::with_capacity(luma.len())));
    for window in rows.windows(3) {
        let [above, here, below] = window else { continue };
        let triples = above.windows(3).zip(here.windows(3)).zip(below.windows(3));
        for ((above, here), below) in triples {
            let ([north_west, north, north_east], [west, middle, east], [south_west, south, south_east]) =
                (above, here, below)
            else {
                continue;
            };
            let ends = [west + east, north + south, north_west + south_east, north_east + south_west];
            for (values, ends) in directions.iter_mut().zip(ends) {
                values.push(ends - 2.0 * middle);
            }
        }
    }
    directions.iter().map(|values| variance(values)).fold(f32::INFINITY, f32::min)
}

fn variance(values: &[f32]) -> f32 {
    let middle = mean(values);
    values.iter().map(|value| (value - middle).powi(2)).sum::<f32>() / float(values.len().max(1))
}

#[cfg(test)]
mod tests {
    use peel_domain::permit::ComparisonPurpose;

    use super::*;
    use crate::calibration::Calibrations;

    fn good() -> Quality {
        Quality {
            inter_eye_pixels: 60.0,
            detector_score: 0.95,
            embedding_norm: 100.0,
            sharpness: 5000.0,
            luma: 128.0,
            yaw: 0.0,
            pitch: 0.0,
            rival_fraction: 0.0,
        }
    }

    #[test]
    fn each_fault_has_its_own_reason() {
        let floors = Calibrations::committed().of(ComparisonPurpose::AlertProbe).possible;
        let faults = [
            (Quality { rival_fraction: 0.9, ..good() }, QualityReason::SeveralFaces),
            (Quality { inter_eye_pixels: 5.0, ..good() }, QualityReason::TooSmall),
            (Quality { luma: 5.0, ..good() }, QualityReason::TooDark),
            (Quality { luma: 250.0, ..good() }, QualityReason::TooBright),
            (Quality { yaw: -0.9, ..good() }, QualityReason::TurnedAway),
            (Quality { pitch: 0.9, ..good() }, QualityReason::TurnedAway),
            (Quality { sharpness: 0.5, ..good() }, QualityReason::Blurred),
            (Quality { detector_score: 0.2, ..good() }, QualityReason::NotClear),
            (Quality { embedding_norm: 1.0, ..good() }, QualityReason::NotClear),
        ];
        assert_eq!(good().below(&floors), None);
        for (quality, reason) in faults {
            assert_eq!(quality.below(&floors), Some(reason));
        }
    }

    #[test]
    fn pose_does_not_depend_on_place_size_or_turn_in_the_plane() {
        let frontal = [[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]];
        let pose = Pose::of(&frontal);
        assert!(pose.yaw.abs() < 0.02 && pose.pitch.abs() < 0.02 && (pose.inter_eye - 35.2).abs() < 0.1);
        let turned = Pose::of(&frontal.map(|[x, y]| [-2.0 * y + 9.0, 2.0 * x]));
        assert!(turned.yaw.abs() < 0.02 && turned.pitch.abs() < 0.02 && (turned.inter_eye - 70.4).abs() < 0.2);
        let mut sideways = frontal;
        sideways[2][0] += 15.0;
        assert!(Pose::of(&sideways).yaw > 0.4);
    }

    #[test]
    fn an_even_or_moved_face_has_no_sharpness_and_a_chequered_one_much() {
        let even = AlignedFace(Wiped::new(vec![90; CROP_SIDE * CROP_SIDE * 3]));
        assert!(sharpness(&face_luma(&even)) < 1e-3);
        assert!((mean(&face_luma(&even)) - 90.0).abs() < 0.01);
        let pattern = |value: fn(usize, usize) -> bool| {
            let pixels = (0..CROP_SIDE * CROP_SIDE)
                .flat_map(|place| [if value(place % CROP_SIDE, place / CROP_SIDE) { 0 } else { 255 }; 3])
                .collect::<Vec<u8>>();
            sharpness(&face_luma(&AlignedFace(Wiped::new(pixels))))
        };
        assert!(pattern(|x, y| x / 2 % 2 == y / 2 % 2) > 1000.0);
        assert!(pattern(|_, y| y / 2 % 2 == 0) < 1e-3, "what is sharp in one direction only was moved");
    }
}
