//! `receipt`: the person's code, the force's record of it, and both together.

use std::fs;

use base64::Engine as _;
use peel_ledger::Hash;
use peel_ledger::receipt::{ReceiptCode, ReceiptWords, commitment};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash};
use tempfile::TempDir;

use crate::fixture::{code, errors, text, tool};
use crate::support::{Force, Item};

/// A folder with the code as text and as bytes, the force's answer, and the trust file.
fn given_out() -> TempDir {
    let words = ReceiptWords {
        reference: "7Q2K9ZC4M1".to_owned(),
        place: "High Street".to_owned(),
        at_ms: 1_795_000_000_000,
        officer: "4711".to_owned(),
        codes: vec!["began_with_lfr_alert".to_owned(), "how_to_complain".to_owned()],
    };
    let (receipt, salt) = (words.encode(), [7; 16]);
    let mut items: Vec<Item> = (0..300_u64).map(|index| Item::Body(index.to_be_bytes().to_vec())).collect();
    items[150] = Item::Receipt(commitment(&salt, &receipt));
    let mut force = Force::new();
    let phone = force.phone_of(&items, 300);
    let leaves: Vec<Hash> = phone.entries.iter().map(|entry| leaf_hash(entry)).collect();
    let proof = inclusion_proof(&LeafHashes::new(leaves), 150, 300).unwrap();
    let made = ReceiptCode::build(&receipt, salt, &phone.entries[150], proof.clone(), &phone.note).unwrap();
    let answer = serde_json::json!([{
        "origin": force.origin().to_string(),
        "index": 150,
        "entry": base64::engine::general_purpose::STANDARD.encode(&phone.entries[150]),
        "proof": proof.iter().map(Hash::to_base64).collect::<Vec<_>>(),
        "checkpoint": phone.note.to_text(),
    }]);
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("code.txt", format!("{}\n", made.to_text()).as_bytes());
    write("code.bin", &made.encode());
    write("record.json", answer.to_string().as_bytes());
    write("trust.toml", force.trust().to_toml().as_bytes());
    folder
}

fn receipt(folder: &TempDir, input: &str, more: &[&str]) -> std::process::Output {
    tool(folder.path(), &[&["receipt", input, "--trust", "trust.toml"], more].concat())
}

#[test]
fn a_code_proves_itself_offline_as_text_as_bytes_and_on_the_command_line() {
    let folder = given_out();
    let line = fs::read_to_string(folder.path().join("code.txt")).unwrap();
    for input in ["code.txt", "code.bin", line.trim()] {
        let output = receipt(&folder, input, &[]);
        assert_eq!(code(&output), 0, "{}{}", text(&output), errors(&output));
        assert!(text(&output).contains("High Street") && text(&output).contains("hardware keys signed"));
        for missing in ["whether the force has cosigned it", "revoked this phone", "another record (a fork)"] {
            assert!(text(&output).contains(missing), "{}", text(&output));
        }
        assert!(text(&output).contains("GOOD: this stop is on that phone's record, by the phone's signature alone"));
    }
}

#[test]
fn what_is_no_receipt_code_is_wrong_use_and_no_accusation() {
    let folder = given_out();
    let bytes = fs::read(folder.path().join("code.bin")).unwrap();
    let hexadecimal = format!("{bytes:02x?}");
    for other in [format!("reference: 1\ncode: {hexadecimal}\n"), "<svg></svg>".to_owned(), String::new()] {
        fs::write(folder.path().join("other"), other).unwrap();
        let output = receipt(&folder, "other", &[]);
        assert_eq!(code(&output), 2, "{}", text(&output));
        assert!(errors(&output).contains("this is not a receipt code (expected peel-receipt:1:...)"));
    }
    // A damaged code is still a code.
    fs::write(folder.path().join("other"), &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(code(&receipt(&folder, "other", &[])), 1);
}

#[test]
fn the_forces_record_proves_the_entry_and_with_the_code_the_words_too() {
    let folder = given_out();
    let alone = text(&receipt(&folder, "record.json", &[]));
    assert!(alone.contains("the force cosigned it") && alone.contains("that is in the person's own code alone"));
    assert!(!alone.contains("High Street"));
    let both = receipt(&folder, "code.txt", &["--on-record", "record.json", "--format", "json"]);
    assert_eq!(code(&both), 0);
    let json: serde_json::Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!(json["verdict"], "good");
    assert_eq!(json["proved"]["words"]["place"], "High Street");
    assert_eq!(json["proved"]["force_cosigned_at_s"], 400);
}

#[test]
fn one_changed_bit_of_the_code_or_letter_of_the_record_is_not_proved() {
    let folder = given_out();
    let sound = fs::read(folder.path().join("code.bin")).unwrap();
    for at in (0..sound.len()).step_by(sound.len() / 30) {
        let mut changed = sound.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(folder.path().join("changed"), changed).unwrap();
        let output = receipt(&folder, "changed", &[]);
        assert_eq!(code(&output), 1, "byte {at}");
        assert!(text(&output).contains("NOT PROVED"));
    }
    let record = fs::read_to_string(folder.path().join("record.json")).unwrap();
    for (from, to) in [("\"index\":150", "\"index\":151"), ("\\n300\\n", "\\n301\\n"), ("/e1\"", "/e2\"")] {
        assert!(record.contains(from), "{from}");
        fs::write(folder.path().join("changed"), record.replacen(from, to, 1)).unwrap();
        assert_eq!(code(&receipt(&folder, "changed", &[])), 1, "{from}");
    }
}

#[test]
fn a_record_of_another_receipt_or_without_the_forces_cosignature_is_not_proved() {
    let folder = given_out();
    let record = fs::read_to_string(folder.path().join("record.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&record).unwrap();
    let note = json[0]["checkpoint"].as_str().unwrap().to_owned();
    let without: Vec<&str> = note.lines().filter(|line| !line.contains("/gateway ")).collect();
    json[0]["checkpoint"] = format!("{}\n", without.join("\n")).into();
    fs::write(folder.path().join("changed"), json.to_string()).unwrap();
    let output = receipt(&folder, "changed", &[]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("the force has not cosigned it"));
    fs::write(folder.path().join("trust.toml"), "nonsense").unwrap();
    assert_eq!(code(&receipt(&folder, "code.txt", &[])), 2);
}

#[test]
fn the_canonical_form_is_that_of_the_phone() {
    // The phone writes the tuple with another library.
    let codes = ["began_with_lfr_alert"];
    let mut written = Vec::new();
    ciborium::into_writer(&(1_u8, "R", "High Street", -5_i64, "4711", &codes[..]), &mut written).unwrap();
    let words = ReceiptWords::read(&written).unwrap();
    assert_eq!((words.at_ms, words.place.as_str()), (-5, "High Street"));
    assert_eq!(words.encode(), written);
    written.push(0);
    assert_eq!(ReceiptWords::read(&written), None);
}
