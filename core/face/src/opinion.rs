//! What the check says: one of three bands, or that it is not possible and why.
//!
//! Must never: say who somebody is, decide, or turn a score into a percentage.
//! Always: names its calibration, model and limits, so that whoever reads the record later can weigh it.

use peel_domain::calibration::LikelihoodInterval;
use peel_domain::permit::ComparisonPurpose;

use crate::calibration::Bands;
use crate::quality::{Quality, QualityReason};

pub use peel_domain::calibration::Limit;

/// Which of the two images something is said about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhichImage {
    /// The alert's probe or the fresh close photograph.
    Probe,
    /// The watchlist image that came with the alert.
    Reference,
}

/// The result of a face check. None of these is a decision or an identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Band {
    /// The images support that they show the same person.
    Supports,
    /// Nothing can be said either way.
    Inconclusive,
    /// The images do not support that they show the same person.
    DoesNotSupport,
    /// No opinion is possible.
    NotPossible {
        /// The image that stands in the way.
        image: WhichImage,
        /// What is wrong with it.
        reason: QualityReason,
    },
}

/// One opinion on one probe and one reference.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Opinion {
    /// Which two images were compared.
    pub purpose: ComparisonPurpose,
    /// The result.
    pub band: Band,
    /// Cosine of the two embeddings, from -1 to 1; absent when the check was not possible. Not a probability.
    pub score: Option<f32>,
    /// A score above this supports.
    pub supports_above: f32,
    /// A score below this does not support, if both images are good enough for that.
    pub does_not_support_below: f32,
    /// The probe's measured quality; absent when it shows no face.
    pub probe: Option<Quality>,
    /// The reference's measured quality; absent when it shows no face.
    pub reference: Option<Quality>,
    /// The embedder's name in the manifest.
    pub model_id: &'static str,
    /// Lower-case hexadecimal SHA-256 of the embedder's file.
    pub model_sha256: &'static str,
    /// The calibration's name.
    pub calibration_id: String,
    /// The calibration's version.
    pub calibration_version: u32,
    /// SHA-256 of the signed calibration.
    pub calibration_sha256: [u8; 32],
    /// The interval of the score's likelihood ratio, where the calibration has one: for the record, never shown to an
    /// officer.
    pub likelihood: Option<LikelihoodInterval>,
    /// What has to be said with it (S21), from the calibration.
    pub limits: Vec<Limit>,
}

/// What stands in the way of an opinion, the probe's faults before the reference's.
pub(crate) fn obstacle(
    calibration: &Bands,
    probe: Option<&Quality>,
    reference: Option<&Quality>,
) -> Option<(WhichImage, QualityReason)> {
    [(WhichImage::Probe, probe), (WhichImage::Reference, reference)].into_iter().find_map(|(image, quality)| {
        let reason = match quality {
            None => Some(QualityReason::NoFace),
            Some(quality) => quality.below(&calibration.possible),
        };
        reason.map(|reason| (image, reason))
    })
}

/// The band of a score, given that nothing stands in the way.
pub(crate) fn band(calibration: &Bands, score: f32, probe: &Quality, reference: &Quality) -> Band {
    let conclusive = [probe, reference].iter().all(|quality| quality.below(&calibration.conclusive).is_none());
    if score > calibration.supports_above {
        Band::Supports
    } else if score < calibration.does_not_support_below && conclusive {
        Band::DoesNotSupport
    } else {
        Band::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

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

    fn calibration() -> &'static Bands {
        static COMMITTED: LazyLock<Calibrations> = LazyLock::new(Calibrations::committed);
        COMMITTED.of(ComparisonPurpose::AlertProbe)
    }

    #[test]
    fn the_three_bands_follow_the_calibration() {
        let quality = good();
        let band = |score| band(calibration(), score, &quality, &quality);
        assert_eq!(band(calibration().supports_above + 0.01), Band::Supports);
        assert_eq!(band(calibration().supports_above), Band::Inconclusive);
        assert_eq!(band(calibration().does_not_support_below), Band::Inconclusive);
        assert_eq!(band(calibration().does_not_support_below - 0.01), Band::DoesNotSupport);
    }

    #[test]
    fn a_low_score_from_a_poor_probe_is_inconclusive() {
        let floor = calibration().conclusive.inter_eye_pixels;
        let poor = Quality { inter_eye_pixels: floor - 0.5, ..good() };
        assert_eq!(band(calibration(), 0.0, &poor, &good()), Band::Inconclusive);
        assert_eq!(band(calibration(), 0.0, &good(), &poor), Band::Inconclusive);
        assert_eq!(band(calibration(), 0.9, &poor, &good()), Band::Supports);
    }

    #[test]
    fn s18_quality_below_the_floor_makes_the_check_not_possible() {
        let (fine, small) = (good(), Quality { inter_eye_pixels: 1.0, ..good() });
        let blocked = |probe, reference| obstacle(calibration(), probe, reference);
        assert_eq!(blocked(Some(&fine), Some(&fine)), None);
        assert_eq!(blocked(Some(&small), Some(&fine)), Some((WhichImage::Probe, QualityReason::TooSmall)));
        assert_eq!(blocked(Some(&fine), Some(&small)), Some((WhichImage::Reference, QualityReason::TooSmall)));
        assert_eq!(blocked(None, None), Some((WhichImage::Probe, QualityReason::NoFace)));
    }

    #[test]
    fn s21_every_opinion_says_that_it_cannot_separate_twins_or_close_relatives() {
        let committed = Calibrations::committed();
        let limits = |purpose| committed.signed().calibration.of(purpose).limits.clone();
        for purpose in [ComparisonPurpose::AlertProbe, ComparisonPurpose::ClosePhotograph] {
            assert!(limits(purpose).contains(&Limit::CannotSeparateTwinsOrCloseRelatives));
        }
        assert!(limits(ComparisonPurpose::AlertProbe).contains(&Limit::SameImagesAsTheAlert));
        assert!(!limits(ComparisonPurpose::ClosePhotograph).contains(&Limit::SameImagesAsTheAlert));
    }
}
