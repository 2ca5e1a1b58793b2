//! What the check says on the exercise's photographs, and on the same ones spoilt in ways that have a name.
//!
//! These few photographs show that the parts fit together. How well people are told apart is measured elsewhere.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use common::{CHECK, Image, compare, face, permit};
use peel_domain::calibration::BandsFrom;
use peel_domain::permit::ComparisonPurpose;
use peel_face::{Band, FaceError, ImageError, Limit, Masking, Opinion, QualityReason, WhichImage};

fn picture(name: &str) -> Image {
    Image::of_jpeg(&face(name))
}

fn reason(opinion: &Opinion) -> Option<(WhichImage, QualityReason)> {
    match opinion.band {
        Band::NotPossible { image, reason } => Some((image, reason)),
        _ => None,
    }
}

#[test]
fn two_photographs_of_one_person_support() {
    for other in ["avery_2.jpg", "avery_3.jpg"] {
        let opinion = compare(&face(other), &face("avery_1.jpg")).unwrap();
        assert_eq!(opinion.band, Band::Supports, "{other}: {:?}", opinion.score);
    }
}

#[test]
fn photographs_of_different_people_do_not_support() {
    let people = ["avery_1.jpg", "blair_1.jpg", "casey_1.jpg", "devon_1.jpg"];
    for (place, probe) in people.iter().enumerate() {
        for reference in people.iter().skip(place + 1) {
            let opinion = compare(&face(probe), &face(reference)).unwrap();
            assert_eq!(opinion.band, Band::DoesNotSupport, "{probe} {reference}: {:?}", opinion.score);
        }
    }
}

#[test]
fn the_order_of_the_two_images_does_not_change_the_score() {
    let (avery, blair) = (face("avery_1.jpg"), face("blair_1.jpg"));
    assert_eq!(compare(&avery, &blair).unwrap().score, compare(&blair, &avery).unwrap().score);
}

#[test]
fn a_photograph_against_itself_scores_one() {
    let score = compare(&face("casey_1.jpg"), &face("casey_1.jpg")).unwrap().score.unwrap();
    assert!((score - 1.0).abs() < 1e-5);
}

#[test]
fn s18_poor_probes_are_not_possible_and_the_reason_can_be_acted_on() {
    let good = face("avery_1.jpg");
    let whole = picture("avery_1.jpg");
    let cases = [
        (whole.reduced(12), QualityReason::TooSmall),
        (whole.scaled_values(1, 20), QualityReason::TooDark),
        (whole.blurred(12).blurred(9), QualityReason::Blurred),
    ];
    for (image, expected) in cases {
        let opinion = compare(&image.png(), &good).unwrap();
        assert_eq!(reason(&opinion), Some((WhichImage::Probe, expected)), "{opinion:?}");
        assert_eq!(opinion.score, None, "{expected:?}");
    }
}

#[test]
fn two_faces_of_about_the_same_prominence_are_not_chosen_between() {
    let (avery, blair) = (picture("avery_1.jpg"), picture("blair_1.jpg"));
    let mut both = Image::flat(avery.width + blair.width, avery.height.max(blair.height), 128);
    both.put(&avery, 0, 0);
    both.put(&blair, avery.width, 0);
    let opinion = compare(&both.jpeg(), &face("avery_1.jpg")).unwrap();
    assert_eq!(reason(&opinion), Some((WhichImage::Probe, QualityReason::SeveralFaces)));
}

/// One large face in the middle, a small one beside it.
fn with_bystander() -> Image {
    let mut scene = Image::flat(900, 560, 128);
    scene.put(&picture("avery_1.jpg"), 190, 20);
    scene.put(&picture("blair_1.jpg").reduced(3), 740, 100);
    scene
}

#[test]
fn s30_a_bystanders_face_is_masked_and_the_alerts_face_still_compares() {
    let scene = with_bystander().jpeg();
    let masked = CHECK.mask_bystanders(&scene).unwrap();
    assert_eq!(masked.masking, Masking::Masked { bystanders: 1 });
    assert_eq!(CHECK.mask_bystanders(&masked.bytes).unwrap().masking, Masking::OneFace);
    let score = compare(&masked.bytes, &face("avery_1.jpg")).unwrap().score.unwrap();
    assert!(score > 0.95, "{score}");
    let left = Image::of_jpeg(&masked.bytes);
    let mut beside = Image::flat(150, 180, 0);
    for y in 0..180 {
        for x in 0..150 {
            let start = (y * 150 + x) * 3;
            beside.pixels[start..start + 3].copy_from_slice(&left.pixel(740 + x, 90 + y));
        }
    }
    assert_eq!(CHECK.mask_bystanders(&beside.png()).unwrap().masking, Masking::NoFace);
}

#[test]
fn s30_masking_drops_metadata_in_which_the_face_could_survive() {
    let canary = b"thumbnail-of-a-bystander";
    let scene = with_bystander().jpeg_with(|encoder| encoder.add_app_segment(4, canary.to_vec()).unwrap());
    assert!(scene.windows(canary.len()).any(|window| window == canary));
    let masked = CHECK.mask_bystanders(&scene).unwrap().bytes;
    assert!(!masked.windows(canary.len()).any(|window| window == canary));
}

#[test]
fn one_face_alone_is_left_as_it_is() {
    let image = face("devon_1.jpg");
    let masked = CHECK.mask_bystanders(&image).unwrap();
    assert_eq!((masked.masking, masked.bytes), (Masking::OneFace, image));
}

#[test]
fn a_reference_that_was_opened_before_gives_the_same_opinion_each_time() {
    let (first, second, reference) = (face("avery_2.jpg"), face("blair_1.jpg"), face("avery_1.jpg"));
    let opened = CHECK.open_reference(&reference).unwrap();
    for probe in [&first, &second, &first] {
        let use_of = || permit(ComparisonPurpose::ClosePhotograph);
        let anew = CHECK.compare(use_of(), probe, &reference).unwrap();
        assert_eq!(CHECK.compare_with(use_of(), probe, &opened).unwrap(), anew);
    }
    let nobody = CHECK.open_reference(&Image::flat(300, 200, 90).png()).unwrap();
    let opinion = CHECK.compare_with(permit(ComparisonPurpose::ClosePhotograph), &first, &nobody).unwrap();
    assert_eq!(reason(&opinion), Some((WhichImage::Reference, QualityReason::NoFace)));
    assert_eq!(CHECK.open_reference(b"").err(), Some(FaceError::Reference(ImageError::Empty)));
}

#[test]
fn s21_an_opinion_names_its_use_calibration_model_and_limits() {
    let (probe, reference) = (face("avery_2.jpg"), face("avery_1.jpg"));
    let alert = compare(&probe, &reference).unwrap();
    let close = CHECK.compare(permit(ComparisonPurpose::ClosePhotograph), &probe, &reference).unwrap();
    assert_eq!(alert.score, close.score);
    assert_ne!(alert.calibration_id, close.calibration_id);
    assert_eq!(alert.model_sha256.len(), 64);
    let signed = CHECK.calibration();
    for opinion in [&alert, &close] {
        let part = signed.calibration.of(opinion.purpose);
        assert_eq!((&opinion.calibration_id, opinion.calibration_version), (&part.id, signed.calibration.version));
        assert_eq!(opinion.calibration_sha256, signed.sha256);
        assert_eq!(opinion.likelihood.is_some(), part.bands_from != BandsFrom::StartingValues);
        assert!(opinion.limits.contains(&Limit::CannotSeparateTwinsOrCloseRelatives));
    }
    assert!(alert.limits.contains(&Limit::SameImagesAsTheAlert));
    assert!(!close.limits.contains(&Limit::SameImagesAsTheAlert));
}
