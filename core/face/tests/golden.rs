//! Golden values of both models, for processors that nothing else of the project was run on.
//!
//! `PEEL_WRITE_VECTORS=1` writes them anew. The detector's are boxes and landmarks of the exercise's photographs; the
//! embedder's are of crops that a formula makes and that show nobody: no embedding of a person is kept anywhere.

#![allow(clippy::unwrap_used, reason = "a broken helper must stop the test")]

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::{CHECK, face, workspace};
use peel_face::inspect::{Detection, inspect, output_of_crop};
use serde::{Deserialize, Serialize};

const FACES: [&str; 6] = ["avery_1.jpg", "avery_2.jpg", "avery_3.jpg", "blair_1.jpg", "casey_1.jpg", "devon_1.jpg"];
/// Pixels of the detector's frame; as the referee has it.
const GREATEST_SHIFT: f32 = 0.05;
/// Pixels of the photograph, for the face that the check chose and looked at again.
const GREATEST_SHIFT_OF_CHOSEN: f32 = 0.25;
const GREATEST_SCORE_STEP: f32 = 0.002;
const LEAST_COSINE: f64 = 0.999_99;
const GREATEST_LENGTH_STEP: f64 = 0.001;
const CROP_SIDE: u32 = 112;

#[derive(Debug, Serialize, Deserialize)]
struct Detected {
    /// Upright sides in pixels.
    sides: [usize; 2],
    /// In the detector's frame of 320 by 320: x, y, width, height, five landmarks, score; the best score first.
    in_frame: Vec<Detection>,
    /// In the photograph's pixels: the face that the check is about.
    chosen: Detection,
}

fn file(name: &str) -> PathBuf {
    workspace().join("tests/vectors/face").join(name)
}

/// The golden values; anew where that is asked for.
fn golden<T: Serialize + for<'a> Deserialize<'a>>(name: &str, now: &T) -> T {
    if std::env::var_os("PEEL_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(file("")).unwrap();
        std::fs::write(file(name), serde_json::to_string_pretty(now).unwrap() + "\n").unwrap();
    }
    serde_json::from_slice(&std::fs::read(file(name)).unwrap()).unwrap()
}

#[test]
fn boxes_landmarks_and_scores_are_those_of_the_golden_file() {
    let now: BTreeMap<String, Detected> = FACES
        .iter()
        .map(|name| {
            let seen = inspect(&CHECK, &face(name)).unwrap();
            let chosen = seen.face.as_ref().unwrap().detection;
            let detected = Detected { sides: [seen.width, seen.height], in_frame: seen.detections, chosen };
            ((*name).to_owned(), detected)
        })
        .collect();
    let wanted = golden("detector.json", &now);
    assert_eq!(wanted.len(), now.len());
    let (mut in_frame, mut of_chosen) = (0.0_f32, 0.0_f32);
    for (name, now) in &now {
        let wanted = &wanted[name];
        assert_eq!((now.sides, now.in_frame.len()), (wanted.sides, wanted.in_frame.len()), "{name}");
        for (now, wanted) in now.in_frame.iter().zip(&wanted.in_frame) {
            in_frame = in_frame.max(shift(now, wanted));
            assert!((now[14] - wanted[14]).abs() <= GREATEST_SCORE_STEP, "{name}");
        }
        of_chosen = of_chosen.max(shift(&now.chosen, &wanted.chosen));
        assert!((now.chosen[14] - wanted.chosen[14]).abs() <= GREATEST_SCORE_STEP, "{name}");
    }
    println!(
        "places differ by {in_frame} pixels of the frame at most, of the chosen face by {of_chosen} of the picture"
    );
    assert!(in_frame <= GREATEST_SHIFT && of_chosen <= GREATEST_SHIFT_OF_CHOSEN, "{in_frame} {of_chosen}");
}

fn shift(now: &Detection, wanted: &Detection) -> f32 {
    now.iter().zip(wanted).take(14).map(|(now, wanted)| (now - wanted).abs()).fold(0.0, f32::max)
}

#[test]
fn embeddings_of_drawn_crops_are_those_of_the_golden_file() {
    let now: BTreeMap<String, Vec<f32>> =
        patterns().into_iter().map(|(name, crop)| (name, output_of_crop(&CHECK, &crop).unwrap())).collect();
    let wanted = golden("embedder.json", &now);
    assert_eq!(wanted.len(), now.len());
    for (name, now) in &now {
        let wanted = &wanted[name];
        let product = |left: &[f32], right: &[f32]| -> f64 {
            left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
        };
        let (length, wanted_length) = (product(now, now).sqrt(), product(wanted, wanted).sqrt());
        let cosine = product(now, wanted) / (length * wanted_length);
        println!("{name}: cosine {cosine:.9}, length {length:.4} of {wanted_length:.4}");
        assert_eq!(now.len(), 128);
        assert!(cosine >= LEAST_COSINE, "{name}: {cosine}");
        assert!((length / wanted_length - 1.0).abs() <= GREATEST_LENGTH_STEP, "{name}: {length}");
    }
}

/// Crops of 112 by 112 pixels, packed RGB. `tests/referee/python/face` has the same formulas.
fn patterns() -> BTreeMap<String, Vec<u8>> {
    let low = |value: u32| value.to_le_bytes()[0];
    let picture = |of: &dyn Fn(u32, u32, u32) -> u8| -> Vec<u8> {
        let places = (0..CROP_SIDE).flat_map(|y| (0..CROP_SIDE).map(move |x| (x, y)));
        places.flat_map(|(x, y)| [0, 1, 2].map(|channel| of(x, y, channel))).collect()
    };
    let centred = |value: u32| value.abs_diff(56);
    [
        ("flat", picture(&|_, _, channel| low(90 + 40 * channel))),
        ("ramp", picture(&|x, y, channel| low(2 * if channel == 0 { x } else { y } + 16 * channel))),
        ("weave", picture(&|x, y, channel| low((x * 7 + y * 13 + channel * 29) % 251))),
        ("rings", picture(&|x, y, channel| low((centred(x).pow(2) + centred(y).pow(2)) / 24 * (channel + 3)))),
        ("blocks", picture(&|x, y, channel| low(((x / 14 * 5 + y / 14 * 11 + channel * 3) % 17) * 15))),
    ]
    .into_iter()
    .map(|(name, crop)| (name.to_owned(), crop))
    .collect()
}
