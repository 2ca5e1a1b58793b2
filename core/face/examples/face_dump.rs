//! Prints what the check computes on each image as one line of JSON, for referees.
//!
//! `cargo run -p peel-face --example face_dump -- IMAGES...`

use std::path::Path;
use std::process::ExitCode;

use peel_face::FaceCheck;
use peel_face::inspect::{Inspection, inspect};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let images: Vec<String> = std::env::args().skip(1).collect();
    if images.is_empty() {
        eprintln!("usage: face_dump IMAGES...");
        return ExitCode::from(2);
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let check = match FaceCheck::from_directory(&models) {
        Ok(check) => check,
        Err(error) => {
            eprintln!("failed to load the models: {error}");
            return ExitCode::FAILURE;
        }
    };
    for image in images {
        let line = match std::fs::read(&image).map_err(|error| error.to_string()) {
            Ok(bytes) => inspect(&check, &bytes)
                .map_or_else(|error| json!({ "error": error.to_string() }), |seen| describe(&seen)),
            Err(error) => json!({ "error": error }),
        };
        println!("{}", json!({ "image": image, "seen": line }));
    }
    ExitCode::SUCCESS
}

fn describe(seen: &Inspection) -> Value {
    json!({
        "width": seen.width,
        "height": seen.height,
        "frame": hex::encode(&seen.frame),
        "detections": seen.detections,
        "face": seen.face.as_ref().map(|face| json!({
            "detection": face.detection,
            "crop": hex::encode(&face.crop),
            "embedding": face.embedding,
            "quality": {
                "inter_eye_pixels": face.quality.inter_eye_pixels,
                "detector_score": face.quality.detector_score,
                "embedding_norm": face.quality.embedding_norm,
                "sharpness": face.quality.sharpness,
                "luma": face.quality.luma,
                "yaw": face.quality.yaw,
                "pitch": face.quality.pitch,
                "rival_fraction": face.quality.rival_fraction,
            },
        })),
    })
}
