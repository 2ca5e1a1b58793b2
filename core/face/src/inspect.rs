//! Intermediate results for referees and evaluations; only with the feature `referee`.
//!
//! Must never: be enabled in what runs on a phone, a gateway or at an auditor, or compare: there is one comparison
//! function, and it needs a permit (S14).
//! Always: shows what the check itself computes, by the same code.

use peel_domain::calibration::Models;
use peel_domain::permit::ComparisonPurpose;
use peel_picture::Wiped;
use zeroize::Zeroizing;

use crate::align::AlignedFace;
use crate::check::FaceCheck;
use crate::detect::{Network, keep_strongest};
use crate::engine::check_listed;
use crate::error::FaceError;
use crate::frame::{FRAME_SIDE, Frame, planar_bgr};
use crate::graph;
use crate::manifest::manifest;
use crate::opinion::{Band, band, obstacle};
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

/// What an evaluation keeps of one image, for as long as it runs.
pub struct Look {
    /// The embedder's output; wiped on drop.
    pub embedding: Zeroizing<Vec<f32>>,
    /// The measured quality.
    pub quality: Quality,
}

/// An upright picture as the check decodes it.
pub struct Pixels {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Packed RGB; wiped on drop.
    pub rgb: Zeroizing<Vec<u8>>,
    /// The eyes, the nose and the corners of the mouth of the face that the picture is about, if there is one: right
    /// eye first, in pixels.
    pub landmarks: Option<[[f32; 2]; 5]>,
    /// Width of that face's box in pixels.
    pub face_width: Option<f32>,
}

/// The detector at a size of its own, for benchmarks.
pub struct SizedDetector(Network);

impl SizedDetector {
    /// Loads the listed file for `side` by `side` pixels, a multiple of 32.
    pub fn new(detector: &[u8], side: usize) -> Result<Self, FaceError> {
        let entry = &manifest()?.detector;
        check_listed(detector, &entry.model)?;
        Ok(Self(Network::new(graph::parse(detector)?, side)?))
    }

    /// How many faces it finds in a frame of its size, packed RGB.
    pub fn count(&self, frame: &[u8]) -> Result<usize, FaceError> {
        let entry = &manifest()?.detector;
        Ok(keep_strongest(self.0.cells(&planar_bgr(frame), entry.score_floor)?, entry.overlap_limit).len())
    }
}

/// The listed detector's file with its input set to `side` by `side` pixels, for referees.
pub fn detector_file(detector: &[u8], side: usize) -> Result<Vec<u8>, FaceError> {
    check_listed(detector, &manifest()?.detector.model)?;
    Ok(graph::encode(&graph::resize_detector(graph::parse(detector)?, side)?))
}

/// Embeds a crop (packed RGB, 112 by 112) and gives the embedding's length, for benchmarks.
pub fn norm_of_crop(check: &FaceCheck, crop: &[u8]) -> Result<f32, FaceError> {
    Ok(check.embedder().embed(&AlignedFace(Wiped::new(crop.to_vec())))?.norm())
}

/// Embeds a crop (packed RGB, 112 by 112) that shows nobody, for golden values: the embedding of no person is kept.
pub fn output_of_crop(check: &FaceCheck, crop: &[u8]) -> Result<Vec<f32>, FaceError> {
    Ok(check.embedder().embed(&AlignedFace(Wiped::new(crop.to_vec())))?.numbers().to_vec())
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
    let (picture, seen) = check.look(image, FaceError::Image)?;
    let frame = Frame::whole(&picture, FRAME_SIDE);
    let floor = manifest()?.detector.score_floor;
    let detections = check.detector().in_frame(&frame, floor)?.iter().map(row).collect();
    let face = seen.map(|seen| InspectedFace {
        detection: row(&seen.chosen.face),
        crop: seen.aligned.0.to_vec(),
        embedding: seen.embedding.numbers().to_vec(),
        quality: seen.quality,
    });
    Ok(Inspection { width: picture.width(), height: picture.height(), frame: frame.pixels.to_vec(), detections, face })
}

/// Decodes, detects, aligns, embeds and measures one image; `None` when it shows no face.
pub fn look(check: &FaceCheck, image: &[u8]) -> Result<Option<Look>, FaceError> {
    let (_, seen) = check.look(image, FaceError::Image)?;
    Ok(seen.map(|seen| Look { embedding: Zeroizing::new(seen.embedding.numbers().to_vec()), quality: seen.quality }))
}

/// Decodes one image and finds its face. A large one is decoded as the check decodes it: no finer than its face needs.
pub fn pixels(check: &FaceCheck, image: &[u8]) -> Result<Pixels, FaceError> {
    let (picture, seen) = check.look(image, FaceError::Image)?;
    let face = seen.map(|seen| seen.chosen.face);
    Ok(Pixels {
        width: picture.width(),
        height: picture.height(),
        rgb: Zeroizing::new(picture.pixels().to_vec()),
        landmarks: face.as_ref().map(|face| face.landmarks),
        face_width: face.as_ref().map(|face| face.width),
    })
}

/// What the check would say of a score between two images of this quality. It compares nothing.
pub fn band_of(
    check: &FaceCheck,
    purpose: ComparisonPurpose,
    score: f32,
    probe: &Quality,
    reference: &Quality,
) -> Band {
    let calibration = check.calibrations().of(purpose);
    let in_the_way = obstacle(calibration, Some(probe), Some(reference));
    in_the_way.map_or_else(
        || band(calibration, score, probe, reference),
        |(image, reason)| Band::NotPossible { image, reason },
    )
}

/// The embedder's name in the manifest.
pub fn model_id() -> Result<&'static str, FaceError> {
    Ok(&manifest()?.embedder.id)
}

/// The models that a calibration for this build has to name.
pub fn models() -> Result<Models, FaceError> {
    let manifest = manifest()?;
    Ok(Models {
        detector_sha256: manifest.detector.model.sha256.clone(),
        embedder_sha256: manifest.embedder.sha256.clone(),
    })
}
