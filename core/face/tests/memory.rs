//! The largest image that is allowed stays within the memory that a phone can spare.
//!
//! The measurement runs in a process of its own, so that nothing but the check is in it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use std::process::Command;

use common::CHECK;

const FILE: &str = "PEEL_FACE_MEMORY_FILE";
/// The whole process: input, decoded picture, models, program.
const LIMIT_KILOBYTES: u64 = 200_000;
/// What one image may add to what the loaded check holds anyway.
const IMAGE_LIMIT_KILOBYTES: u64 = 100_000;

#[test]
fn a_forty_megapixel_photograph_is_checked_within_the_memory_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.jpg");
    let (width, height) = (7600_u16, 5260_u16);
    let pixels: Vec<u8> =
        (0..usize::from(width) * usize::from(height)).map(|place| (place % 251).to_le_bytes()[0]).collect();
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 30).encode(&pixels, width, height, jpeg_encoder::ColorType::Luma).unwrap();
    assert!(bytes.len() < peel_face::MAX_IMAGE_BYTES);
    std::fs::write(&path, bytes).unwrap();

    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "measured_in_a_process_of_its_own", "--nocapture"])
        .env(FILE, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    println!("{}", text.lines().find(|line| line.contains("kilobytes")).unwrap_or_default());
}

#[test]
#[ignore = "the other test starts it"]
fn measured_in_a_process_of_its_own() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let image = std::fs::read(file).unwrap();
    let small = common::face("devon_1.jpg");
    CHECK.mask_bystanders(&small).unwrap();
    let Some(before) = peak_kilobytes() else { return };
    CHECK.mask_bystanders(&image).unwrap();
    let after = peak_kilobytes().unwrap();
    println!("kilobytes: {before} at most before, {after} at most with the image");
    assert!(after < LIMIT_KILOBYTES, "{after}");
    assert!(after - before < IMAGE_LIMIT_KILOBYTES, "{before} {after}");
}

/// The greatest resident size so far; only Linux tells.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
