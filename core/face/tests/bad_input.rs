//! Images that are damaged, hostile or merely unusual: a typed error or a right answer, never a panic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use common::{CHECK, Image, compare, exif, face};
use peel_face::{Band, FaceError, ImageError, MAX_IMAGE_BYTES, Masking, QualityReason, WhichImage};
use proptest::prelude::*;

fn problem(image: &[u8]) -> ImageError {
    match CHECK.mask_bystanders(image) {
        Err(FaceError::Image(error)) => error,
        other => panic!("expected an image error, got {other:?}"),
    }
}

/// A small photograph with one face.
fn photograph() -> Image {
    Image::of_jpeg(&face("avery_1.jpg")).reduced(2)
}

/// The score against the same photograph as a plain PNG.
fn score_against_itself(image: &[u8]) -> f32 {
    compare(image, &photograph().png()).unwrap().score.expect("a score")
}

#[test]
fn empty_bytes_are_refused() {
    assert_eq!(problem(b""), ImageError::Empty);
}

#[test]
fn more_than_20_megabytes_are_refused() {
    let mut bytes = photograph().jpeg();
    bytes.resize(MAX_IMAGE_BYTES + 1, 0);
    assert_eq!(problem(&bytes), ImageError::TooManyBytes);
}

#[test]
fn what_is_neither_jpeg_nor_png_is_refused_whatever_its_name() {
    for bytes in [b"GIF89a\x01\0\x01\0".as_slice(), b"RIFF\0\0\0\0WEBPVP8 ", b"<svg/>", b"BM", b"\xFF", b"\x89PN"] {
        assert_eq!(problem(bytes), ImageError::NotJpegOrPng);
    }
}

#[test]
fn the_error_says_which_image_is_at_fault() {
    let good = photograph().png();
    assert_eq!(compare(b"", &good).unwrap_err(), FaceError::Probe(ImageError::Empty));
    assert_eq!(compare(&good, b"").unwrap_err(), FaceError::Reference(ImageError::Empty));
}

#[test]
fn images_cut_off_anywhere_are_damaged() {
    let image = photograph();
    for whole in [image.jpeg(), image.png(), image.jpeg_with(|encoder| encoder.set_progressive(true))] {
        for tenth in 1..10 {
            let cut = &whole[..whole.len() * tenth / 10];
            assert_eq!(problem(cut), ImageError::Damaged, "{tenth} tenths");
        }
        assert_eq!(problem(&whole[..12]), ImageError::Damaged);
    }
}

/// A JPEG that is all header: this is as far as a bomb gets.
fn jpeg_header(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, marker, 0, 17, 8];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    bytes
}

#[test]
fn more_than_40_megapixels_are_refused_before_they_are_decoded() {
    assert_eq!(problem(&jpeg_header(0xC0, 8000, 5001)), ImageError::TooManyPixels);
    assert_eq!(problem(&jpeg_header(0xC0, 65_000, 65_000)), ImageError::TooManyPixels);
    assert_eq!(problem(&jpeg_header(0xC0, 20_001, 1)), ImageError::TooManyPixels);
    let mut bomb = Image::flat(1, 1, 0).png();
    bomb[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    let checksum = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(problem(&bomb), ImageError::TooManyPixels);
}

/// The checksum of a PNG chunk (PNG, third edition, annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[test]
fn a_progressive_jpeg_whose_coefficients_need_too_much_memory_is_refused_before_it_is_decoded() {
    assert_eq!(problem(&jpeg_header(0xC2, 8000, 5000)), ImageError::NeedsTooMuchMemory);
}

#[test]
fn cmyk_is_refused() {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.encode(&[40; 64 * 64 * 4], 64, 64, jpeg_encoder::ColorType::Cmyk).unwrap();
    assert_eq!(problem(&bytes), ImageError::UnsupportedColours);
}

#[test]
fn an_animation_is_refused() {
    let image = Image::flat(8, 8, 90);
    let bytes = image.png_with(png::ColorType::Rgb, png::BitDepth::Eight, &image.pixels, |encoder| {
        encoder.set_animated(1, 0).unwrap();
    });
    assert_eq!(problem(&bytes), ImageError::Animated);
}

#[test]
fn progressive_and_subsampled_jpegs_give_the_right_answer() {
    let progressive = photograph().jpeg_with(|encoder| encoder.set_progressive(true));
    assert!(score_against_itself(&progressive) > 0.98);
    let subsampled =
        photograph().jpeg_with(|encoder| encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0));
    assert!(score_against_itself(&subsampled) > 0.97);
}

#[test]
fn sixteen_bit_and_transparent_pngs_give_the_right_answer() {
    let image = photograph();
    let deep: Vec<u8> = image.pixels.iter().flat_map(|value| [*value, 0x7F]).collect();
    let bytes = image.png_with(png::ColorType::Rgb, png::BitDepth::Sixteen, &deep, |_| ());
    assert!(score_against_itself(&bytes) > 0.9999);
    let alpha: Vec<u8> = image.pixels.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 9]).collect();
    let bytes = image.png_with(png::ColorType::Rgba, png::BitDepth::Eight, &alpha, |_| ());
    assert!(score_against_itself(&bytes) > 0.9999);
}

#[test]
fn grey_images_give_an_answer() {
    let image = photograph();
    let grey: Vec<u8> = image.pixels.chunks_exact(3).map(|pixel| pixel[1]).collect();
    let bytes = image.png_with(png::ColorType::Grayscale, png::BitDepth::Eight, &grey, |_| ());
    assert!(score_against_itself(&bytes) > 0.7);
    let mut bytes = Vec::new();
    let (width, height) = (u16::try_from(image.width).unwrap(), u16::try_from(image.height).unwrap());
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.encode(&grey, width, height, jpeg_encoder::ColorType::Luma).unwrap();
    assert!(score_against_itself(&bytes) > 0.7);
}

#[test]
fn a_photograph_that_the_camera_held_sideways_is_turned_upright() {
    let upright = photograph();
    let (right, bottom) = (upright.width - 1, upright.height - 1);
    // Stored so that the tag's turn brings it back: 6 turns clockwise, 8 the other way, 3 upside down.
    let stored = [
        (6, upright.map(upright.height, upright.width, |x, y| (right - y, x))),
        (8, upright.map(upright.height, upright.width, |x, y| (y, bottom - x))),
        (3, upright.map(upright.width, upright.height, |x, y| (right - x, bottom - y))),
    ];
    for (orientation, image) in stored {
        let bytes = image.jpeg_with(|encoder| encoder.add_app_segment(1, exif(orientation)).unwrap());
        assert!(score_against_itself(&bytes) > 0.97, "orientation {orientation}");
        let untold = compare(&image.jpeg(), &upright.png()).unwrap();
        assert!(untold.score.is_none_or(|score| score < 0.9), "orientation {orientation} untold");
    }
}

#[test]
fn an_image_without_a_face_gives_no_opinion_and_is_not_masked() {
    for bytes in [Image::flat(300, 200, 90).png(), Image::flat(1, 1, 0).png(), Image::flat(3000, 2, 255).jpeg()] {
        let opinion = compare(&photograph().png(), &bytes).unwrap();
        assert_eq!(opinion.band, Band::NotPossible { image: WhichImage::Reference, reason: QualityReason::NoFace });
        assert_eq!(opinion.score, None);
        let masked = CHECK.mask_bystanders(&bytes).unwrap();
        assert_eq!((masked.masking, masked.bytes), (Masking::NoFace, bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn spoilt_images_never_panic(
        which in 0..3_usize,
        spoilt in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<proptest::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        thread_local! {
            static IMAGES: [Vec<u8>; 3] = {
                let image = photograph().reduced(2);
                [image.jpeg(), image.png(), image.jpeg_with(|encoder| encoder.set_progressive(true))]
            };
        }
        let mut bytes = IMAGES.with(|images| images[which].clone());
        for (place, value) in spoilt {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = CHECK.mask_bystanders(&bytes);
    }
}
