//! Notes: the published example, all three signature types, and everything that has a second form.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use proptest::prelude::*;

use super::*;

/// The example of the Go documentation of `sumdb/note`: key and note.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/log", &[7; 32]).unwrap()
}

fn signed(text: &str) -> SignedNote {
    let mut note = SignedNote::new(text).unwrap();
    note.attach(signer().sign(text).unwrap()).unwrap();
    note
}

#[test]
fn the_published_go_example_verifies() {
    let key: VerifierKey = GO_KEY.parse().unwrap();
    let note = SignedNote::parse(GO_NOTE.as_bytes()).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap().len(), 1);
    assert_eq!(note.to_text(), GO_NOTE);
    let other = SignedNote::parse(GO_NOTE.replace("answer", "Answer").as_bytes()).unwrap();
    assert_eq!(other.verify(&[key]), Err(NoteError::Signature));
}

#[test]
fn a_cosignature_states_its_time() {
    let text = "force.example/peel/device/e1\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";
    let mut note = signed(text);
    let cosigner = Ed25519Signer::from_seed("gateway.example/mirror", &[8; 32]).unwrap();
    note.attach(cosigner.cosign(text, 1_700_000_000).unwrap()).unwrap();
    let keys = [signer().verifier().unwrap(), cosigner.cosigner_verifier().unwrap()];
    let note = SignedNote::parse(note.to_text().as_bytes()).unwrap();
    let verified = note.verify_every_line(&keys).unwrap();
    assert_eq!(verified[1].cosigned_at_s, Some(1_700_000_000));
    // The same key does not pass for the other type: the key ids differ.
    assert_ne!(cosigner.verifier().unwrap().key_id(), cosigner.cosigner_verifier().unwrap().key_id());
    assert_eq!(note.verify_every_line(&keys[..1]), Err(NoteError::UnknownKey));
    assert_eq!(note.verify(&[cosigner.verifier().unwrap()]), Err(NoteError::Unsigned));
}

#[test]
fn a_hardware_line_verifies_and_a_foreign_one_is_not_attached() {
    let key = SigningKey::from_slice(&[9; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    let mut note = signed("text\n");
    let signature: Signature = key.sign(b"text\n");
    note.attach_hardware_line("phone", &spki, signature.to_der().as_bytes()).unwrap();
    let hardware = VerifierKey::p256("phone", &spki).unwrap();
    assert_eq!(hardware.key_id(), Hash::of(&[&spki]).to_bytes()[..4]);
    assert_eq!(hardware.to_string().parse(), Ok(hardware.clone()));
    let read = SignedNote::parse(note.to_text().as_bytes()).unwrap();
    read.verify_every_line(&[signer().verifier().unwrap(), hardware]).unwrap();
    let wrong: Signature = key.sign(b"other\n");
    let refused = signed("text\n").attach_hardware_line("phone", &spki, wrong.to_der().as_bytes());
    assert_eq!(refused, Err(NoteError::Signature));
}

#[test]
fn refuses_base64_with_slack_bits() {
    // 68 bytes of key id and signature leave four slack bits before one padding sign.
    let text = signed("text\n").to_text();
    let at = text.rfind("=\n").unwrap() - 1;
    let last = text.as_bytes()[at];
    let slack = (b'A'..=b'z').filter(u8::is_ascii_alphanumeric).filter(|letter| *letter != last);
    for letter in slack {
        let mut changed = text.clone().into_bytes();
        changed[at] = letter;
        let read = SignedNote::parse(&changed);
        let verified = read.and_then(|note| note.verify(&[signer().verifier().unwrap()]));
        assert!(verified.is_err(), "{}", letter as char);
    }
}

#[test]
fn refuses_doubled_lines_bad_names_and_control_characters() {
    let mut note = signed("text\n");
    let again = note.signatures()[0].clone();
    assert_eq!(note.attach(again), Err(NoteError::Malformed));
    assert_eq!(Ed25519Signer::from_seed("a+b", &[1; 32]).err(), Some(NoteError::Name));
    assert_eq!(SignedNote::new("no newline").err(), Some(NoteError::Malformed));
    assert_eq!(SignedNote::new("a\tb\n").err(), Some(NoteError::Malformed));
    assert_eq!(SignedNote::parse(b"text\n\n").err(), Some(NoteError::Malformed));
    assert_eq!(format!("{:?}", signer()), "[redacted]");
}

#[test]
fn every_flipped_bit_of_a_fully_known_note_is_refused() {
    let keys = [signer().verifier().unwrap()];
    let bytes = signed("line one\n\nline two\n").to_text().into_bytes();
    for at in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let verified = SignedNote::parse(&changed).and_then(|note| note.verify_every_line(&keys));
        assert!(verified.is_err(), "bit {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_parses_has_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(note) = SignedNote::parse(&bytes) {
            prop_assert_eq!(note.to_text().into_bytes(), bytes);
        }
    }

    #[test]
    fn changed_notes_never_panic_and_keep_one_form(at in 0_usize..200, with in any::<u8>()) {
        let mut bytes = signed("text\n").to_text().into_bytes();
        let index = at % bytes.len();
        bytes[index] = with;
        if let Ok(note) = SignedNote::parse(&bytes) {
            prop_assert_eq!(note.to_text().into_bytes(), bytes);
        }
    }

    #[test]
    fn key_texts_never_panic(text in "[ -~]{0,120}") {
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}

use crate::Hash;
