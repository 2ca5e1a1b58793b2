//! A receipt from the phone's log to the person's code and back.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::entry::{CipherSuite, EntryClass, EntryTime};
use crate::note::Ed25519Signer;
use crate::seal::RecipientPrivateKey;
use crate::tree::{LeafHashes, inclusion_proof};
use crate::writer::WriterState;

/// A log of `size` entries with the receipt in its middle; gives the code and the phone's keys.
fn code(size: u64) -> (ReceiptCode, Vec<VerifierKey>) {
    let mut rng = StdRng::seed_from_u64(1);
    let origin = Origin::device("westshire.police.example", "01J9Z3T4").unwrap();
    let suite = CipherSuite::X25519ChaCha20Poly1305;
    let auditor = RecipientPrivateKey::generate(suite, &mut rng).unwrap().public_key().unwrap();
    let time = EntryTime { wall_ms: 1_800_000_000_000, mono_ns: 1 << 40, boot: [3; 8], beacon: Some(Hash::default()) };
    let receipt = vec![b'r'; 150];
    let salt = new_salt(&mut rng);
    let (mut state, mut leaves, mut entry) = (WriterState::new(), Vec::new(), Vec::new());
    for index in 0..size {
        let appended = if index == size / 2 {
            let appended = state.append_receipt(time, commitment(&salt, &receipt), &mut rng).unwrap();
            entry.clone_from(&appended.entry);
            appended
        } else {
            state.append(&origin, EntryClass::Event, time, b"e", std::slice::from_ref(&auditor), &mut rng).unwrap()
        };
        leaves.push(appended.leaf);
        state = appended.state;
    }
    let signer = Ed25519Signer::generate(origin.as_str(), &mut rng).unwrap();
    let hardware = SigningKey::from_slice(&[5; 32]).unwrap();
    let spki = hardware.verifying_key().to_public_key_der().unwrap().into_vec();
    let mut note = state.checkpoint(&origin).sign(&signer).unwrap();
    let signature: Signature = hardware.sign(note.text().as_bytes());
    note.attach_hardware_line(origin.as_str(), &spki, signature.to_der().as_bytes()).unwrap();
    let proof = inclusion_proof(&LeafHashes::new(leaves), size / 2, size).unwrap();
    let code = ReceiptCode::build(&receipt, salt, &entry, proof, &note).unwrap();
    let keys = vec![signer.verifier().unwrap(), VerifierKey::p256(origin.as_str(), &spki).unwrap()];
    (code, keys)
}

#[test]
fn a_receipt_proves_itself_offline() {
    let (code, keys) = code(300);
    let read = ReceiptCode::parse_text(&code.to_text()).unwrap();
    let verified = verify_receipt(&read, &keys).unwrap();
    assert_eq!(verified.receipt, vec![b'r'; 150]);
    assert_eq!(verified.header.seq, 150);
    assert_eq!(verified.signatures.len(), 2);
}

#[test]
fn the_code_of_a_shift_stays_under_a_kilobyte() {
    let (code, _) = code(600);
    assert!(code.encode().len() < 1000, "{}", code.encode().len());
}

#[test]
fn every_flipped_bit_of_the_code_is_noticed() {
    let (code, keys) = code(5);
    let bytes = code.encode();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let verified = ReceiptCode::decode(&changed).and_then(|code| verify_receipt(&code, &keys));
        assert!(verified.is_err(), "bit {bit}");
    }
}

#[test]
fn another_phones_key_or_the_hardware_line_alone_does_not_do() {
    let (code, keys) = code(3);
    let stranger = Ed25519Signer::from_seed(code.origin().as_str(), &[9; 32]).unwrap();
    assert_eq!(verify_receipt(&code, &[stranger.verifier().unwrap()]), Err(NoteError::Unsigned.into()));
    assert_eq!(verify_receipt(&code, &keys[..1]), Err(NoteError::UnknownKey.into()));
    let mut alone = code;
    alone.lines.remove(0);
    assert_eq!(verify_receipt(&alone, &keys), Err(NoteError::Unsigned.into()));
}

#[test]
fn a_code_is_not_given_out_for_another_receipt_or_salt() {
    let (code, _) = code(3);
    let origin = code.origin().clone();
    let signer = Ed25519Signer::from_seed(origin.as_str(), &[9; 32]).unwrap();
    let note = Checkpoint { origin, size: 3, root: Hash::default() }.sign(&signer).unwrap();
    let wrong_root = ReceiptCode::build(&code.receipt, code.salt, &code.entry, code.proof.clone(), &note);
    assert_eq!(wrong_root.err(), Some(ReceiptError::Tree(TreeError::Proof)));
    let wrong_salt = ReceiptCode::build(&code.receipt, [0; SALT_BYTES], &code.entry, code.proof.clone(), &note);
    assert_eq!(wrong_salt.err(), Some(ReceiptError::Commitment));
}

#[test]
fn what_is_no_code_at_all_is_told_apart_from_a_damaged_code() {
    let (code, _) = code(3);
    assert_eq!(ReceiptCode::read_any(format!(" {}\n", code.to_text()).as_bytes()).as_ref(), Ok(&code));
    assert_eq!(ReceiptCode::read_any(&code.encode()).as_ref(), Ok(&code));
    let hexadecimal = format!("{:02x?}", code.encode());
    for other in ["", "reference: 1", &hexadecimal, "<svg/>", "peel-receipt:2:AA"] {
        assert_eq!(ReceiptCode::read_any(other.as_bytes()), Err(ReceiptError::NotACode), "{other}");
    }
    for picture in [&b"\x89PNG\r\n"[..], b"\xff\xd8\xff"] {
        assert_eq!(ReceiptCode::read_any(picture), Err(ReceiptError::NotACode));
    }
    assert_eq!(ReceiptCode::read_any(&code.encode()[..40]), Err(ReceiptError::Malformed));
    assert_eq!(ReceiptCode::read_any(b"peel-receipt:1:AA"), Err(ReceiptError::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_reads_has_one_form(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut framed = vec![0x88, 0x01];
        framed.extend_from_slice(&bytes);
        for candidate in [bytes, framed] {
            if let Ok(code) = ReceiptCode::decode(&candidate) {
                prop_assert_eq!(code.encode(), candidate);
            }
        }
    }
}
