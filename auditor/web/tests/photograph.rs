//! The receipt's QR code on a phone's screen, photographed by a second phone, read and proved by the page's program.
//!
//! The photograph is made up, from a seed: turned, seen at an angle, blurred, with the screen's pixel grid, a glare, a
//! wrong gamma, noise, and JPEG.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "test code: a failure here is a failed test, and geometry has short names"
)]

#[path = "../../../core/ledger/tests/support/mod.rs"]
mod support;

use peel_ledger::Hash;
use peel_ledger::bundle::Trust;
use peel_ledger::receipt::{ReceiptCode, ReceiptWords, check_code, commitment};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash};
use peel_page::{Answer, Picture, answer, read_codes};
use qrcode::{EcLevel, QrCode};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use support::{Force, Item};

const SIDE: usize = 1200;
const PHOTOGRAPHS: u64 = 6;

/// A receipt in the middle of a long shift, and the trust file.
fn given_out() -> (ReceiptCode, Trust) {
    let words = ReceiptWords {
        reference: "7Q2K9ZC4M1".to_owned(),
        place: "High Street, between the market and the station".to_owned(),
        at_ms: 1_795_000_000_000,
        officer: "4711".to_owned(),
        codes: ["began_with_lfr_alert", "how_to_complain", "how_to_ask_for_data", "how_to_reach_oversight"]
            .map(str::to_owned)
            .to_vec(),
    };
    let (receipt, salt) = (words.encode(), [7; 16]);
    let mut items: Vec<Item> = (0..600_u64).map(|index| Item::Body(index.to_be_bytes().to_vec())).collect();
    items[300] = Item::Receipt(commitment(&salt, &receipt));
    let mut force = Force::new();
    let phone = force.phone_of(&items, 600);
    let leaves: Vec<Hash> = phone.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let proof = inclusion_proof(&LeafHashes::new(leaves), 300, 600).unwrap();
    (ReceiptCode::build(&receipt, salt, &phone.entries[300], proof, &phone.note).unwrap(), force.trust())
}

/// The code as the first phone's screen shows it: dark and light modules with a quiet zone.
fn screen(content: &[u8]) -> (usize, Vec<bool>) {
    let code = QrCode::with_error_correction_level(content, EcLevel::L).unwrap();
    let width = code.width();
    let side = width + 8;
    let mut dark = vec![false; side * side];
    for (at, color) in code.to_colors().into_iter().enumerate() {
        dark[(at / width + 4) * side + at % width + 4] = color == qrcode::Color::Dark;
    }
    (side, dark)
}

/// A random number in a range around zero.
fn around(rng: &mut StdRng, most: f64) -> f64 {
    rng.random_range(-most..most)
}

/// How strong everything is that a photograph does to a code, from 0 to about 1.
fn photograph(content: &[u8], rng: &mut StdRng, strength: f64) -> Picture {
    let (modules, dark) = screen(content);
    let turn = around(rng, 0.26 * strength);
    let (tilt_x, tilt_y) = (around(rng, 0.18 * strength), around(rng, 0.18 * strength));
    let zoom = rng.random_range(0.80..0.92);
    let (grid, gamma) = (0.10 * strength, 1.0 + around(rng, 0.4 * strength));
    let (glare_x, glare_y) = (rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
    let mut light = vec![0.0_f64; SIDE * SIDE];
    for (at, value) in light.iter_mut().enumerate() {
        let (x, y) = ((at % SIDE) as f64 / SIDE as f64 - 0.5, (at / SIDE) as f64 / SIDE as f64 - 0.5);
        // Backwards from the photograph to the screen: the angle, then the turn, then the size.
        let depth = 1.0 + tilt_x * x + tilt_y * y;
        let (u, v) = (x / depth / zoom, y / depth / zoom);
        let (u, v) = (u * turn.cos() - v * turn.sin() + 0.5, u * turn.sin() + v * turn.cos() + 0.5);
        let inside = (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
        let (column, row) = ((u * modules as f64) as usize, (v * modules as f64) as usize);
        let shown = if !inside {
            0.35
        } else if dark[row.min(modules - 1) * modules + column.min(modules - 1)] {
            0.08
        } else {
            0.92
        };
        // The screen's pixels beat with the sensor's.
        let moire = 1.0 + grid * (u * 997.0).sin() * (v * 1003.0).sin() + grid * ((u + v) * 61.0).sin();
        let far = (x + 0.5 - glare_x).hypot(y + 0.5 - glare_y);
        let glare = 0.25 * strength * (-far * far * 12.0).exp();
        *value = (shown * moire + glare).clamp(0.0, 1.0).powf(gamma);
    }
    let blurred = blur(&light, (1.6 * strength).round() as usize);
    let noisy: Vec<u8> = blurred
        .into_iter()
        .map(|value| {
            let noise: f64 = (0..4).map(|_| around(rng, 1.0)).sum::<f64>() * 0.045 * strength;
            ((value + noise).clamp(0.0, 1.0) * 255.0) as u8
        })
        .collect();
    through_jpeg(&noisy)
}

/// A box blur, twice: nearly a Gaussian.
fn blur(light: &[f64], radius: usize) -> Vec<f64> {
    let mut from = light.to_vec();
    for step in [1, SIDE, 1, SIDE] {
        let mut to = from.clone();
        for (at, value) in to.iter_mut().enumerate() {
            let place = if step == 1 { at % SIDE } else { at / SIDE };
            let low = place.saturating_sub(radius);
            let high = (place + radius).min(SIDE - 1);
            let first = at - (place - low) * step;
            *value = (0..=high - low).map(|k| from[first + k * step]).sum::<f64>() / (high - low + 1) as f64;
        }
        from = to;
    }
    from
}

fn through_jpeg(luma: &[u8]) -> Picture {
    let mut jpeg = Vec::new();
    let side = u16::try_from(SIDE).unwrap();
    jpeg_encoder::Encoder::new(&mut jpeg, 55).encode(luma, side, side, jpeg_encoder::ColorType::Luma).unwrap();
    let options = zune_jpeg::zune_core::options::DecoderOptions::default()
        .jpeg_set_out_colorspace(zune_jpeg::zune_core::colorspace::ColorSpace::Luma);
    let cursor = zune_jpeg::zune_core::bytestream::ZCursor::new(jpeg);
    let decoded = zune_jpeg::JpegDecoder::new_with_options(cursor, options).decode().unwrap();
    Picture::new(SIDE, SIDE, decoded).unwrap()
}

#[test]
fn a_receipt_with_everything_on_it_stays_under_a_kilobyte() {
    let (code, _) = given_out();
    let (bytes, text) = (code.encode().len(), code.to_text().len());
    println!("{bytes} bytes, {text} characters as text");
    assert!(bytes < 1000, "{bytes}");
}

/// How many of some photographs are read; one that is read wrongly fails at once.
fn read_of(content: &[u8], strength: f64, trust: &Trust) -> usize {
    let read = (0..PHOTOGRAPHS).filter(|seed| {
        let picture = photograph(content, &mut StdRng::seed_from_u64(*seed), strength);
        let found = read_codes(&picture);
        if let Some(first) = found.first() {
            assert_eq!(first, content, "seed {seed}");
            check_code(&ReceiptCode::read_any(first).unwrap(), trust).unwrap();
        }
        !found.is_empty()
    });
    read.count()
}

#[test]
fn a_photograph_of_the_code_on_a_screen_is_read_and_proved() {
    let (code, trust) = given_out();
    // Taken with some care, every one is read; taken carelessly, every other at least, and none wrongly.
    let content = code.encode();
    let (careful, careless) = (read_of(&content, 0.3, &trust), read_of(&content, 0.6, &trust));
    println!("of {PHOTOGRAPHS}: {careful} careful, {careless} careless");
    assert_eq!(careful as u64, PHOTOGRAPHS);
    assert!(careless as u64 * 2 >= PHOTOGRAPHS);
}

#[test]
fn a_picture_beyond_reading_is_no_code_and_no_panic() {
    let (code, _) = given_out();
    let mut rng = StdRng::seed_from_u64(1);
    for strength in [3.0, 6.0] {
        let picture = photograph(&code.encode(), &mut rng, strength);
        // Whatever is read is the code or nothing: the code corrects itself or says that it cannot.
        assert!(read_codes(&picture).iter().all(|read| *read == code.encode()));
    }
    let mut noise = vec![0; 200 * 150];
    rng.fill_bytes(&mut noise);
    assert_eq!(read_codes(&Picture::new(200, 150, noise).unwrap()), Vec::<Vec<u8>>::new());
}

#[test]
fn the_page_answers_a_picture_a_text_and_a_changed_text() {
    let (code, trust) = given_out();
    let ask = |header: serde_json::Value, content: &[u8]| {
        let header = header.to_string();
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        answer(&[&length, header.as_bytes(), content].concat())
    };
    let receipt = serde_json::json!({ "what": "receipt", "trust": trust.to_toml() });
    assert!(ask(receipt.clone(), code.to_text().as_bytes()).is_good());
    let mut changed = code.encode();
    changed[40] ^= 1;
    assert!(matches!(ask(receipt, &changed), Answer::NotProved { .. }));
    let unknown = serde_json::json!({ "what": "receipt", "trust": "nonsense" });
    assert!(matches!(ask(unknown, &changed), Answer::Trust { .. }));
}
