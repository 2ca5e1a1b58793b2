//! The face check itself: two models, one comparison function.
//!
//! Must never: compare without a permit, compare more than one pair, or keep anything of the images.
//! Always: the permit is used up; images, crops and embeddings are wiped when the function returns. The one exception is
//! [`OpenReference`], which its holder keeps while an alert is open, and which is wiped on drop.

use std::fmt;
use std::path::Path;

use peel_domain::calibration::SignedCalibration;
use peel_domain::permit::{ComparisonPermit, ComparisonPurpose};
use peel_picture::{ImageError, Picture, Source};

use crate::align::{AlignedFace, align};
use crate::calibration::{Calibrations, calibration_in, read_calibration};
use crate::detect::{Chosen, Detector, Face};
use crate::embed::{Embedder, Embedding};
use crate::engine::check_listed;
use crate::error::FaceError;
use crate::frame::float;
use crate::graph;
use crate::manifest::manifest;
use crate::mask::{MaskedImage, mask};
use crate::opinion::{Band, Opinion, band, obstacle};
use crate::preview::{Preview, PreviewFrame, preview};
use crate::quality::Quality;

/// Pixels between the eyes that are enough: twice those of the embedder's crop.
const ENOUGH_INTER_EYE: f32 = 70.0;

/// The secondary face check, ready to run. It holds models and their calibration, and nothing of what it has seen.
pub struct FaceCheck {
    detector: Detector,
    embedder: Embedder,
    calibrations: Calibrations,
}

impl fmt::Debug for FaceCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FaceCheck")
    }
}

/// The reference of one open alert, embedded once, for as long as the alert is open: so that nobody waits for it again.
///
/// It cannot be copied, compared with another or written anywhere, and is wiped on drop.
pub struct OpenReference(Option<Opened>);

/// What a comparison needs of one image.
struct Opened {
    embedding: Embedding,
    quality: Quality,
}

impl fmt::Debug for OpenReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpenReference([redacted])")
    }
}

/// Everything that is known of the one face that an image is about.
pub(crate) struct Seen {
    #[cfg_attr(not(feature = "referee"), expect(dead_code, reason = "referees look at it"))]
    pub(crate) chosen: Chosen,
    #[cfg_attr(not(feature = "referee"), expect(dead_code, reason = "referees look at it"))]
    pub(crate) aligned: AlignedFace,
    pub(crate) embedding: Embedding,
    pub(crate) quality: Quality,
}

impl FaceCheck {
    /// Loads both models and their calibration from bytes. Each model must be the file that the manifest lists, and the
    /// calibration must be signed by those whom it names.
    pub fn from_bytes(detector: &[u8], embedder: &[u8], calibration: &[u8]) -> Result<Self, FaceError> {
        Self::calibrated(detector, embedder, read_calibration(calibration)?)
    }

    fn calibrated(detector: &[u8], embedder: &[u8], calibration: SignedCalibration) -> Result<Self, FaceError> {
        let manifest = manifest()?;
        check_listed(detector, &manifest.detector.model)?;
        check_listed(embedder, &manifest.embedder)?;
        let detector = Detector::new(graph::parse(detector)?, &manifest.detector)?;
        let embedder = graph::dequantise(graph::keep_quantised_products(graph::parse(embedder)?)?)?;
        Ok(Self { detector, embedder: Embedder::new(embedder)?, calibrations: calibration.into() })
    }

    /// Loads both models and their calibration from a folder that holds the files under the manifest's names.
    pub fn from_directory(directory: &Path) -> Result<Self, FaceError> {
        let manifest = manifest()?;
        let read = |file: &str| std::fs::read(directory.join(file)).map_err(|_| FaceError::ModelUnreadable);
        let (detector, embedder) = (read(&manifest.detector.model.file)?, read(&manifest.embedder.file)?);
        Self::calibrated(&detector, &embedder, calibration_in(directory)?)
    }

    /// The calibration that opinions come from.
    pub fn calibration(&self) -> &SignedCalibration {
        self.calibrations.signed()
    }

    /// Compares one probe with one reference (JPEG or PNG) and gives an opinion.
    ///
    /// The permit is used up. Blocks for some tens of milliseconds: call it on a thread that may block. An image that
    /// cannot be decoded is an error; one that can, but is not good enough, gives [`Band::NotPossible`].
    // By value on purpose: a permit that could be lent would serve twice.
    #[expect(clippy::needless_pass_by_value, reason = "the permit is used up")]
    pub fn compare(&self, permit: ComparisonPermit, probe: &[u8], reference: &[u8]) -> Result<Opinion, FaceError> {
        let probe = self.open_image(probe, FaceError::Probe)?;
        let reference = self.open_reference(reference)?;
        opinion(&self.calibrations, permit.purpose(), probe.as_ref(), reference.0.as_ref())
    }

    /// The same with a reference that was opened before: what an officer waits for is one photograph.
    #[expect(clippy::needless_pass_by_value, reason = "the permit is used up")]
    pub fn compare_with(
        &self,
        permit: ComparisonPermit,
        probe: &[u8],
        reference: &OpenReference,
    ) -> Result<Opinion, FaceError> {
        let probe = self.open_image(probe, FaceError::Probe)?;
        opinion(&self.calibrations, permit.purpose(), probe.as_ref(), reference.0.as_ref())
    }

    /// Opens the reference of an alert, once for all comparisons of that alert.
    pub fn open_reference(&self, reference: &[u8]) -> Result<OpenReference, FaceError> {
        Ok(OpenReference(self.open_image(reference, FaceError::Reference)?))
    }

    fn open_image(&self, bytes: &[u8], blame: fn(ImageError) -> FaceError) -> Result<Option<Opened>, FaceError> {
        let (_, seen) = self.look(bytes, blame)?;
        Ok(seen.map(|seen| Opened { embedding: seen.embedding, quality: seen.quality }))
    }

    /// Says of a camera's frame what stands in the way of a good close photograph. It takes one run of the detector (two
    /// where a face fills the frame), embeds nothing and keeps nothing.
    pub fn preview(&self, frame: &PreviewFrame<'_>) -> Result<Preview, FaceError> {
        preview(&self.detector, &self.calibrations.of(ComparisonPurpose::ClosePhotograph).conclusive, frame)
    }

    /// Masks every face but the one that the image is about (S30), before anything is stored.
    ///
    /// With one face or none the bytes come back unchanged; [`MaskedImage::masking`] says which it was.
    pub fn mask_bystanders(&self, image: &[u8]) -> Result<MaskedImage, FaceError> {
        let picture = Source::read(image).and_then(|source| source.decode_finest()).map_err(FaceError::Image)?;
        let faces = self.detector.everyone(&picture)?;
        mask(image, picture, &faces)
    }

    /// Decodes no finer than the face needs, detects, aligns, embeds and measures; no [`Seen`] when there is no face.
    pub(crate) fn look(
        &self,
        bytes: &[u8],
        blame: fn(ImageError) -> FaceError,
    ) -> Result<(Picture, Option<Seen>), FaceError> {
        let source = Source::read(bytes).map_err(blame)?;
        let mut picture = source.decode(source.coarsest()).map_err(blame)?;
        let Some(mut chosen) = self.detector.glance(&picture)? else { return Ok((picture, None)) };
        let needed = needed_reduction(&chosen.face, &picture, source.finest());
        if needed < picture.reduction() {
            let closer = float(picture.reduction() / needed);
            picture = source.decode(needed).map_err(blame)?;
            chosen.face = chosen.face.enlarged(closer);
        }
        chosen.face = self.detector.look_again(&picture, chosen.face)?;
        let Some(aligned) = align(&picture, &chosen.face.landmarks) else { return Ok((picture, None)) };
        let embedding = self.embedder.embed(&aligned)?;
        let quality = Quality::measure(&chosen, &aligned, picture.reduction(), embedding.norm());
        Ok((picture, Some(Seen { chosen, aligned, embedding, quality })))
    }

    /// The detector alone, for referees.
    #[cfg(feature = "referee")]
    pub(crate) fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Bounds and floors, for referees.
    #[cfg(feature = "referee")]
    pub(crate) fn calibrations(&self) -> &Calibrations {
        &self.calibrations
    }

    /// The embedder alone, for referees.
    #[cfg(feature = "referee")]
    pub(crate) fn embedder(&self) -> &Embedder {
        &self.embedder
    }
}

/// How far the picture may be reduced so that the face still fills the embedder's crop twice over: a finer one would be
/// reduced by the alignment again.
fn needed_reduction(face: &Face, picture: &Picture, finest: usize) -> usize {
    let eyes = face.inter_eye() * float(picture.reduction());
    [8, 4, 2].into_iter().find(|reduction| eyes >= ENOUGH_INTER_EYE * float(*reduction)).unwrap_or(1).max(finest)
}

/// The one comparison there is.
fn opinion(
    calibrations: &Calibrations,
    purpose: ComparisonPurpose,
    probe: Option<&Opened>,
    reference: Option<&Opened>,
) -> Result<Opinion, FaceError> {
    let manifest = manifest()?;
    let calibration = calibrations.of(purpose);
    let SignedCalibration { calibration: document, sha256 } = calibrations.signed();
    let (probe_quality, reference_quality) =
        (probe.map(|opened| opened.quality), reference.map(|opened| opened.quality));
    let in_the_way = obstacle(calibration, probe_quality.as_ref(), reference_quality.as_ref());
    let (band, score) = match (probe, reference, in_the_way) {
        (Some(probe), Some(reference), None) => {
            let score = probe.embedding.cosine(&reference.embedding);
            (band(calibration, score, &probe.quality, &reference.quality), Some(score))
        }
        (_, _, Some((image, reason))) => (Band::NotPossible { image, reason }, None),
        (_, _, None) => return Err(FaceError::Inference),
    };
    Ok(Opinion {
        purpose,
        band,
        score,
        supports_above: calibration.supports_above,
        does_not_support_below: calibration.does_not_support_below,
        probe: probe_quality,
        reference: reference_quality,
        model_id: &manifest.embedder.id,
        model_sha256: &manifest.embedder.sha256,
        calibration_id: document.of(purpose).id.clone(),
        calibration_version: document.version,
        calibration_sha256: *sha256,
        likelihood: score.and_then(|score| calibrations.likelihood(purpose, score)),
        limits: document.of(purpose).limits.iter().copied().collect(),
    })
}

/// The embedder's file with its int8 weights turned into 32-bit constants, as the check runs it: for referees, who
/// cannot read block-quantised weights either. The bytes must be the listed file.
pub fn dequantised_embedder(embedder: &[u8]) -> Result<Vec<u8>, FaceError> {
    check_listed(embedder, &manifest()?.embedder)?;
    Ok(graph::encode(&graph::dequantise(graph::parse(embedder)?)?))
}
