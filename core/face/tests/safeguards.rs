//! Safeguards that the shape of this crate decides: what it can load, what it exports, what it depends on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken helper must stop the test")]

mod common;

use std::path::Path;

use common::{CHECK, models};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::calibration::{CalibrationError, CalibrationSigner, sign_calibration};
use peel_face::{FaceCheck, FaceError, calibration_in, dequantised_embedder};

fn model(file: &str) -> Vec<u8> {
    std::fs::read(models().join(file)).expect("a model file")
}

const DETECTOR: &str = "face_detection_yunet_2023mar.onnx";
const EMBEDDER: &str = "face_recognition_sface_2021dec_int8bq.onnx";

/// Every source file of the library, without its tests and its command.
fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries =
        |folder: &Path| std::fs::read_dir(folder).expect("sources").map(|entry| entry.expect("an entry").path());
    entries(&folder)
        .flat_map(|path| if path.is_dir() { entries(&path).collect() } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            (path.file_name().unwrap().to_string_lossy().into_owned(), code)
        })
        .collect()
}

#[test]
fn s17_a_model_that_is_not_listed_is_refused() {
    let (detector, embedder) = (model(DETECTOR), model(EMBEDDER));
    for (detector, embedder) in [
        (detector.clone(), detector.clone()),
        (embedder.clone(), embedder.clone()),
        (embedder.clone(), detector.clone()),
        (Vec::new(), embedder.clone()),
        (flipped(&detector), embedder.clone()),
        (detector.clone(), flipped(&embedder)),
    ] {
        assert_eq!(FaceCheck::from_bytes(&detector, &embedder, &calibration()).unwrap_err(), FaceError::ModelNotListed);
    }
    assert_eq!(dequantised_embedder(&flipped(&embedder)).unwrap_err(), FaceError::ModelNotListed);
    assert!(FaceCheck::from_bytes(&detector, &embedder, &calibration()).is_ok());
}

fn calibration() -> Vec<u8> {
    model("calibration.cose")
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

#[test]
fn s17_the_folder_of_models_holds_only_listed_models() {
    let mut files: Vec<String> = std::fs::read_dir(models())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, [DETECTOR, EMBEDDER]);
}

#[test]
fn models_that_cannot_be_read_are_named_as_such() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(FaceCheck::from_directory(empty.path()).unwrap_err(), FaceError::ModelUnreadable);
}

#[test]
fn s54_a_calibration_that_is_missing_huge_altered_or_signed_by_others_is_refused() {
    let (detector, embedder) = (model(DETECTOR), model(EMBEDDER));
    let refused = |calibration: &[u8]| FaceCheck::from_bytes(&detector, &embedder, calibration).unwrap_err();
    let why = FaceError::Calibration;
    assert_eq!(refused(&flipped(&calibration())), why(CalibrationError::Signature));
    assert_eq!(refused(&[]), why(CalibrationError::Malformed { line: None }));
    assert_eq!(refused(&detector), why(CalibrationError::Malformed { line: None }));
    assert_eq!(refused(&model("calibration.toml")), why(CalibrationError::Malformed { line: None }));
    assert_eq!(refused(&signed_by_strangers()), why(CalibrationError::Signature));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(calibration_in(folder.path()).unwrap_err(), FaceError::CalibrationUnreadable);
    std::fs::write(folder.path().join("calibration.cose"), vec![0; (1 << 20) + 1]).unwrap();
    assert_eq!(calibration_in(folder.path()).unwrap_err(), FaceError::CalibrationUnreadable);
    assert_eq!(calibration_in(&models()).unwrap(), *CHECK.calibration());
}

/// The committed calibration, signed by two people whom the manifest does not name.
fn signed_by_strangers() -> Vec<u8> {
    let keys = [1, 2].map(|seed| SigningKey::from_slice(&[seed; 32]).unwrap());
    let publics = keys.each_ref().map(|key| key.verifying_key().to_public_key_der().unwrap().into_vec());
    let signs = keys.each_ref().map(|key| {
        move |message: &[u8]| -> [u8; 64] {
            let signature: Signature = key.sign(message);
            signature.to_bytes().into()
        }
    });
    let signers = [0, 1].map(|at| CalibrationSigner { spki: &publics[at], sign: &signs[at] });
    sign_calibration(&CHECK.calibration().calibration, &signers).unwrap()
}

#[test]
fn s13_s14_the_only_comparison_takes_a_permit_one_probe_and_one_reference() {
    let comparing: Vec<String> =
        sources().iter().flat_map(|(_, code)| signatures(code)).filter(|line| names_a_comparison(line)).collect();
    assert_eq!(
        comparing,
        [
            "compare(&self, permit: ComparisonPermit, probe: &[u8], reference: &[u8]) -> Result<Opinion, FaceError>",
            "compare_with(&self, permit: ComparisonPermit, probe: &[u8], reference: &OpenReference) -> Result<Opinion, FaceError>",
            "dequantised_embedder(embedder: &[u8]) -> Result<Vec<u8>, FaceError>",
        ]
    );
}

/// The signatures of the functions that are exported, each on one line.
fn signatures(code: &str) -> Vec<String> {
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(", )", ")");
    line.split("pub fn ").skip(1).filter_map(|rest| rest.split(" {").next().map(str::to_owned)).collect()
}

/// Whether the function's name, not its parameters, speaks of comparing or embedding.
fn names_a_comparison(line: &str) -> bool {
    let name = line.split('(').next().unwrap_or_default();
    ["compar", "embed", "search", "identif", "verif"].iter().any(|word| name.contains(word))
}

#[test]
fn s14_cosines_are_taken_in_one_place() {
    let users: Vec<String> =
        sources().into_iter().filter(|(_, code)| code.contains(".cosine(")).map(|(name, _)| name).collect();
    assert_eq!(users, ["check.rs"]);
}

#[test]
fn s15_no_source_file_can_serialise_an_embedding() {
    for (name, code) in sources() {
        for word in ["Serialize", "serde_json", "bincode", "ciborium"] {
            assert!(!code.contains(word), "{name} mentions {word}");
        }
    }
}

#[test]
fn s15_only_referees_can_see_an_embedding_and_no_product_crate_is_one() {
    for crate_folder in ["core/companion", "core/domain", "core/feeds", "core/ledger", "gateway", "auditor"] {
        let Ok(manifest) = std::fs::read_to_string(common::workspace().join(crate_folder).join("Cargo.toml")) else {
            continue;
        };
        let line = manifest.lines().find(|line| line.starts_with("peel-face")).unwrap_or_default();
        assert!(!line.contains("referee"), "{crate_folder}");
    }
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(!own.contains("default ="));
}

#[test]
fn s16_this_crate_does_not_reach_drone_video() {
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    for other in ["peel-feeds", "peel-companion", "peel-gateway"] {
        assert!(!own.contains(other), "{other}");
    }
}
