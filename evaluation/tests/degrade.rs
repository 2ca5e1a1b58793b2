//! What each condition does to a picture, measured on the picture.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken helper must stop the test")]
#![allow(clippy::cast_precision_loss, reason = "pictures are small")]

use peel_evaluation::degrade::{Condition, EYES_PX, Encoded, Face, Picture, degrade};
use zeroize::Zeroizing;

const SIDE: usize = 320;
const MIDDLE: usize = SIDE / 2;

/// One grey all over, with a bright square in the middle.
fn picture(background: u8, square: usize) -> Picture {
    let mut rgb = Zeroizing::new(vec![background; SIDE * SIDE * 3]);
    for y in MIDDLE - square..MIDDLE + square {
        rgb[(y * SIDE + MIDDLE - square) * 3..(y * SIDE + MIDDLE + square) * 3].fill(250);
    }
    Picture::new(SIDE, SIDE, rgb).unwrap()
}

/// Looks at the camera; the tip of the nose is in the picture's middle.
fn face(eyes: f32) -> Face {
    let middle = MIDDLE as f32;
    let at = |x: f32, y: f32| [middle + x * eyes, middle + y * eyes];
    let landmarks = [at(-0.5, -0.5), at(0.5, -0.5), at(0.0, 0.0), at(-0.4, 0.5), at(0.4, 0.5)];
    Face { landmarks, measure: eyes }
}

fn made(condition: Condition, picture: &Picture, eyes: f32) -> Encoded {
    degrade(condition, picture, &face(eyes), 1, 1).unwrap()
}

/// Width, height and one value for each pixel.
fn decoded(encoded: &Encoded) -> (usize, usize, Vec<f64>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(&encoded.bytes)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let shape = reader.next_frame(&mut bytes).unwrap();
    let values = bytes.chunks_exact(3).map(|pixel| f64::from(pixel[1])).collect();
    (usize::try_from(shape.width).unwrap(), usize::try_from(shape.height).unwrap(), values)
}

/// How far light is spread around its middle, by rows and columns together, in pixels.
fn spread(encoded: &Encoded) -> f64 {
    let (width, _, values) = decoded(encoded);
    let places =
        || values.iter().enumerate().map(|(place, light)| ((place % width) as f64, (place / width) as f64, light));
    let all: f64 = values.iter().sum();
    let [x, y] = places().fold([0.0, 0.0], |[a, b], (x, y, light)| [a + x * light / all, b + y * light / all]);
    places().map(|(a, b, light)| ((a - x).powi(2) + (b - y).powi(2)) * light / all).sum::<f64>().sqrt()
}

#[test]
fn a_small_face_has_so_many_pixels_between_the_eyes_and_is_never_enlarged() {
    let picture = picture(90, 20);
    for (condition, pixels) in [(Condition::Small(32), 32), (Condition::Small(24), 24)] {
        let (width, height, _) = decoded(&made(condition, &picture, 80.0));
        assert_eq!((width, height), (SIDE * pixels / 80, SIDE * pixels / 80));
        let (width, ..) = decoded(&made(condition, &picture, 20.0));
        assert_eq!(width, SIDE);
    }
}

#[test]
fn a_blur_is_as_many_times_wider_as_the_face_is_larger() {
    let picture = picture(0, 2);
    // A square of four pixels has a deviation of its own, along each side, of (4^2 - 1) / 12.
    let own = 2.0 * 15.0 / 12.0;
    for times in [1.0, 2.0] {
        let eyes = EYES_PX * times;
        let blurred = spread(&made(Condition::Blur, &picture, eyes));
        let wanted = (2.0 * (4.0 * f64::from(times)).powi(2) + own).sqrt();
        assert!((blurred - wanted).abs() < 0.1 * wanted, "{blurred}, not {wanted}");
        let smeared = spread(&made(Condition::Motion, &picture, eyes));
        let wanted = ((15.0 * f64::from(times)).powi(2) / 12.0 + own).sqrt();
        assert!((smeared - wanted).abs() < 0.1 * wanted, "{smeared}, not {wanted}");
    }
}

#[test]
fn in_the_dark_an_eighth_of_the_light_is_left() {
    let (.., values) = decoded(&made(Condition::Dark, &picture(200, 0), 60.0));
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean - 24.0).abs() < 0.5, "{mean}");
    assert!(values.iter().any(|value| (value - mean).abs() > 2.0), "and it is noisy");
}

#[test]
fn what_is_covered_is_one_colour_and_the_rest_stays() {
    let eyes = 60.0;
    let picture = picture(90, 0);
    let face = face(eyes);
    let place = |landmark: usize| {
        let [x, y] = face.landmarks[landmark].map(|value| format!("{value:.0}").parse::<usize>().unwrap());
        y * SIDE + x
    };
    for (condition, covered, open) in
        [(Condition::LowerFaceCovered, [2, 3, 4], [0, 1]), (Condition::EyesCovered, [0, 1, 0], [3, 4])]
    {
        let (.., values) = decoded(&made(condition, &picture, eyes));
        let colours = covered.map(|landmark| values[place(landmark)]);
        assert!(
            colours.iter().all(|value| (value - colours[0]).abs() < 0.5 && (value - 90.0).abs() > 5.0),
            "{colours:?}"
        );
        assert!(open.iter().all(|landmark| (values[place(*landmark)] - 90.0).abs() < 0.5), "{condition:?}");
    }
}
