//! Writes the embedder as the check runs it, with 32-bit weights, for referees.
//!
//! `cargo run -p peel-face --example dequantise -- OUT.onnx`

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(target) = std::env::args_os().nth(1) else {
        eprintln!("usage: dequantise OUT.onnx");
        return ExitCode::from(2);
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/face_recognition_sface_2021dec_int8bq.onnx");
    let written = std::fs::read(source)
        .map_err(|error| error.to_string())
        .and_then(|bytes| peel_face::dequantised_embedder(&bytes).map_err(|error| error.to_string()))
        .and_then(|bytes| std::fs::write(target, bytes).map_err(|error| error.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("failed to write the model: {reason}");
            ExitCode::FAILURE
        }
    }
}
