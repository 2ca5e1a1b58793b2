//! Intermediate results for referees and evaluations; only with the feature `referee`.
//!
//! Must never: be enabled in what runs on a phone, a gateway or at an auditor, or compare: there is one comparison
//! function, and it needs a permit (S14).
//! Always: shows what the check itself computes, by the same code.

use crate::check::FaceCheck;
use crate::decode::decode;
use crate::error::FaceError;
use crate::frame::{FRAME_SIDE, Frame};
use crate::quality::Quality;

/// One detection in the frame's coordinates: x, y, width, height, five landmarks (x, y), score.
pub type Detection = [f32; 15];

/// What the check sees in one image.
pub struct Inspection {
    /// Width of the upright picture.
    pub width: usize,
    /// Height of the upright picture.
    pub height: usize,
    /// The detector's input, packed RGB, 320 by 320.
    pub frame: Vec<u8>,
    /// What the detector finds in that frame, the best score first.
    pub detections: Vec<Detection>,
    /// The face that the image is about, if there is one.
    pub face: Option<InspectedFace>,
}

/// The face that an image is about.
pub struct InspectedFace {
    /// In the picture's coordinates.
    pub detection: Detection,
    /// The embedder's input, packed RGB, 112 by 112.
    pub crop: Vec<u8>,
    /// The embedder's output.
    pub embedding: Vec<f32>,
    /// The measured quality.
    pub quality: Quality,
}

fn row(face: &crate::detect::Face) -> Detection {
    let mut row = [0.0; 15];
    let box_and_landmarks =
        [face.x, face.y, face.width, face.height].into_iter().chain(face.landmarks.into_iter().flatten());
    for (place, value) in row.iter_mut().zip(box_and_landmarks.chain([face.score])) {
        *place = value;
    }
    row
}

/// Runs everything but the comparison on one image.
pub fn inspect(check: &FaceCheck, image: &[u8]) -> Result<Inspection, FaceError> {
    let picture = decode(image).map_err(FaceError::Image)?;
    let frame = Frame::whole(&picture, FRAME_SIDE);
    let floor = crate::manifest::manifest()?.detector.score_floor;
    let detections = check.detector().in_frame(&frame, floor)?.iter().map(row).collect();
    let face = check.see(&picture)?.map(|seen| InspectedFace {
        detection: row(&seen.chosen.face),
        crop: seen.aligned.0.to_vec(),
        embedding: seen.embedding.numbers().to_vec(),
        quality: seen.quality,
    });
    Ok(Inspection { width: picture.width(), height: picture.height(), frame: frame.pixels.to_vec(), detections, face })
}
