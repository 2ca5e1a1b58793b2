//! Advice on camera frames, by the real detector on the exercise's photographs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use common::{CHECK, Image, face};
use peel_face::{FaceError, ImageError, PixelOrder, Preview, PreviewFrame, QualityReason, QuarterTurns};

/// What a camera would hand over: four bytes a pixel, rows padded to 64 bytes.
fn advice(image: &Image, order: PixelOrder, turns: QuarterTurns) -> Preview {
    let row_bytes = (image.width * 4).next_multiple_of(64);
    let mut bytes = vec![0x5A; row_bytes * image.height];
    for (row, pixels) in bytes.chunks_exact_mut(row_bytes).zip(image.pixels.chunks_exact(image.width * 3)) {
        for (place, pixel) in row.chunks_exact_mut(4).zip(pixels.chunks_exact(3)) {
            match order {
                PixelOrder::Rgba => place[..3].copy_from_slice(pixel),
                PixelOrder::Bgra => place[..3].copy_from_slice(&[pixel[2], pixel[1], pixel[0]]),
            }
        }
    }
    let frame = PreviewFrame { width: image.width, height: image.height, row_bytes, order, turns, bytes: &bytes };
    CHECK.preview(&frame).unwrap()
}

fn upright(image: &Image) -> Preview {
    advice(image, PixelOrder::Rgba, QuarterTurns::None)
}

/// A frame of 640 by 480 pixels with a photograph in its middle.
fn scene(photograph: &Image) -> Image {
    let mut frame = Image::flat(640, 480, 110);
    frame.put(photograph, (640 - photograph.width) / 2, (480 - photograph.height) / 2);
    frame
}

fn avery() -> Image {
    let whole = Image::of_jpeg(&face("avery_1.jpg"));
    whole.reduced(whole.height.div_ceil(440))
}

#[test]
fn a_good_frame_needs_no_advice_and_says_where_the_face_is() {
    let frame = scene(&avery());
    let seen = upright(&frame);
    assert_eq!(seen.advice, None);
    let [left, top, width, height] = seen.face.unwrap();
    assert!(left > 0.2 && left + width < 0.8 && top > 0.0 && top + height < 1.0 && width > 0.1, "{:?}", seen.face);
    assert_eq!(advice(&frame, PixelOrder::Bgra, QuarterTurns::None), seen);
}

#[test]
fn s18_what_is_in_the_way_is_said_before_the_photograph_is_taken() {
    let avery = avery();
    let cases = [
        (Image::flat(640, 480, 110), QualityReason::NoFace),
        (scene(&avery.reduced(2)), QualityReason::TooSmall),
        (scene(&avery.scaled_values(1, 12)), QualityReason::TooDark),
        (scene(&avery.blurred(6).blurred(5)), QualityReason::Blurred),
    ];
    for (frame, expected) in cases {
        assert_eq!(upright(&frame).advice, Some(expected));
    }
}

#[test]
fn s18_two_faces_side_by_side_are_not_chosen_between() {
    let (avery, blair) = (avery(), Image::of_jpeg(&face("blair_1.jpg")));
    let blair = blair.reduced(blair.height.div_ceil(440));
    let mut both = Image::flat(avery.width + blair.width, avery.height.max(blair.height), 110);
    both.put(&avery, 0, 0);
    both.put(&blair, avery.width, 0);
    assert_eq!(upright(&both).advice, Some(QualityReason::SeveralFaces));
}

#[test]
fn a_phone_held_sideways_gives_the_same_advice() {
    let frame = scene(&avery());
    let (right, bottom) = (frame.width - 1, frame.height - 1);
    let turned = [
        (QuarterTurns::One, frame.map(frame.height, frame.width, |x, y| (right - y, x))),
        (QuarterTurns::Two, frame.map(frame.width, frame.height, |x, y| (right - x, bottom - y))),
        (QuarterTurns::Three, frame.map(frame.height, frame.width, |x, y| (y, bottom - x))),
    ];
    for (turns, image) in turned {
        assert_eq!(advice(&image, PixelOrder::Rgba, turns), upright(&frame), "{turns:?}");
    }
}

#[test]
fn a_frame_that_does_not_fit_its_sides_is_a_typed_error() {
    let frame = PreviewFrame {
        width: 640,
        height: 480,
        row_bytes: 2560,
        order: PixelOrder::Rgba,
        turns: QuarterTurns::None,
        bytes: &[0; 100],
    };
    assert_eq!(CHECK.preview(&frame), Err(FaceError::Image(ImageError::Damaged)));
}
