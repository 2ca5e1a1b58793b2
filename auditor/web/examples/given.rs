//! Writes what the page's test in a browser gives it: a receipt in its forms, a bundle, and the trust file.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test data: a failure here is a failed test"
)]

#[path = "../../../core/ledger/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use peel_ledger::Hash;
use peel_ledger::receipt::{ReceiptCode, ReceiptWords, commitment};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash};
use support::{Force, Item};

const SIZE: u64 = 300;
const AT: usize = 150;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder to write to"));
    let words = ReceiptWords {
        reference: "7Q2K9ZC4M1".to_owned(),
        place: "High Street".to_owned(),
        at_ms: 1_795_000_000_000,
        officer: "4711".to_owned(),
        codes: ["began_with_lfr_alert", "how_to_complain", "how_to_ask_for_data", "how_to_reach_oversight"]
            .map(str::to_owned)
            .to_vec(),
    };
    let (receipt, salt) = (words.encode(), [7; 16]);
    let mut items: Vec<Item> = (0..SIZE).map(|index| Item::Body(index.to_be_bytes().to_vec())).collect();
    items[AT] = Item::Receipt(commitment(&salt, &receipt));
    let mut force = Force::new();
    let phone = force.phone_of(&items, 100);
    let leaves: Vec<Hash> = phone.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let proof = inclusion_proof(&LeafHashes::new(leaves), AT as u64, SIZE).unwrap();
    let code = ReceiptCode::build(&receipt, salt, &phone.entries[AT], proof.clone(), &phone.note).unwrap();
    let record = serde_json::json!([{
        "origin": force.origin().to_string(),
        "index": AT,
        "entry": base64::engine::general_purpose::STANDARD.encode(&phone.entries[AT]),
        "proof": proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
        "checkpoint": phone.note.to_text(),
    }]);
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("code.bin", &code.encode());
    write("code.txt", code.to_text().as_bytes());
    write("record.json", record.to_string().as_bytes());
    let (side, luma) = drawn(&code.encode());
    write("photograph.png", &png(side, &luma));
    let blank = vec![200; side * side];
    write("camera.y4m", &film(side, &[(&blank, 5), (&luma, 25)]));
    write("nothing.y4m", &film(side, &[(&blank, 5)]));
    write("trust.toml", force.trust().to_toml().as_bytes());
    for (path, bytes) in force.bundle(&phone) {
        write(&format!("bundle/{path}"), &bytes);
    }
}

/// The code as a screen shows it, eight pixels a module, on a side of even length.
fn drawn(content: &[u8]) -> (usize, Vec<u8>) {
    let code = qrcode::QrCode::with_error_correction_level(content, qrcode::EcLevel::L).unwrap();
    let (width, colors) = (code.width(), code.to_colors());
    let side = (width + 8) * 8;
    let mut luma = vec![255_u8; side * side];
    for (at, pixel) in luma.iter_mut().enumerate() {
        let (x, y) = ((at % side / 8).wrapping_sub(4), (at / side / 8).wrapping_sub(4));
        if x < width && y < width && colors[y * width + x] == qrcode::Color::Dark {
            *pixel = 0;
        }
    }
    (side, luma)
}

fn png(side: usize, luma: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(luma).unwrap();
    writer.finish().unwrap();
    file
}

/// What a camera sees, as YUV4MPEG2: each picture so many times, ten a second, without colour.
fn film(side: usize, pictures: &[(&[u8], usize)]) -> Vec<u8> {
    let mut file = format!("YUV4MPEG2 W{side} H{side} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    for (luma, times) in pictures {
        for _ in 0..*times {
            file.extend_from_slice(b"FRAME\n");
            file.extend_from_slice(luma);
            file.extend(std::iter::repeat_n(128, side * side / 2));
        }
    }
    file
}
