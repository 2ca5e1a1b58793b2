//! What the check says: one of three bands, or that it is not possible and why.
//!
//! Must never: say who somebody is, decide, or turn a score into a percentage.
//! Always: names its calibration, model and limits, so that whoever reads the record later can weigh it.

use peel_domain::permit::ComparisonPurpose;

use crate::manifest::Calibration;
use crate::quality::{Quality, QualityReason};

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

/// What has to be said with every opinion (S21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The check cannot separate twins or close relatives.
    CannotSeparateTwinsOrCloseRelatives,
    /// The same images as the LFR system saw: the two systems' errors are correlated.
    SameImagesAsTheAlert,
    /// The bands are starting values, not a fitted calibration.
    CalibrationNotFitted,
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
    /// The calibration's name in the manifest.
    pub calibration_id: &'static str,
    /// What has to be said with it.
    pub limits: Vec<Limit>,
}

/// The limits that hold for one use.
pub(crate) fn limits(purpose: ComparisonPurpose) -> Vec<Limit> {
    let mut limits = vec![Limit::CannotSeparateTwinsOrCloseRelatives, Limit::CalibrationNotFitted];
    if purpose == ComparisonPurpose::AlertProbe {
        limits.push(Limit::SameImagesAsTheAlert);
    }
    limits
}

/// What stands in the way of an opinion, the probe's faults before the reference's.
pub(crate) fn obstacle(
    calibration: &Calibration,
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
pub(crate) fn band(calibration: &Calibration, score: f32, probe: &Quality, reference: &Quality) -> Band {
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
    use super::*;
    use crate::manifest::manifest;

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

    fn calibration() -> &'static Calibration {
        &manifest().unwrap().calibration.alert_probe
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
        for purpose in [ComparisonPurpose::AlertProbe, ComparisonPurpose::ClosePhotograph] {
            assert!(limits(purpose).contains(&Limit::CannotSeparateTwinsOrCloseRelatives));
        }
        assert!(limits(ComparisonPurpose::AlertProbe).contains(&Limit::SameImagesAsTheAlert));
        assert!(!limits(ComparisonPurpose::ClosePhotograph).contains(&Limit::SameImagesAsTheAlert));
    }
}
