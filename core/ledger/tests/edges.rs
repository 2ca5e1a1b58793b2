//! The edges of the verifiers' conditions: what lies just inside a limit is taken, what lies just outside is not. A
//! mutation of the code (cargo-mutants, or by hand) that none of the other tests noticed has its test here.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey as _;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{
    CipherSuite, Entry, EntryClass, EntryError, EntryHeader, EntryTime, MAX_BODY_BYTES, MAX_ENTRY_BYTES, MAX_RECIPIENTS,
};
use peel_ledger::mirror::{
    AddCheckpoint, AddCheckpointRefusal, AddEntries, MAX_TICKET_BYTES, MirrorError, MirrorInfo, MirrorState,
};
use peel_ledger::note::{
    Ed25519Signer, MAX_NOTE_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, NoteError, SignatureLine, SignedNote,
    VerifierKey,
};
use peel_ledger::receipt::{MAX_QR_BYTES, MAX_RECEIPT_BYTES, ReceiptCode, ReceiptError, TEXT_PREFIX};
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey, SealError, open, seal};
use peel_ledger::tree::{
    CompactRange, LeafHashes, MAX_PROOF_HASHES, TreeError, leaf_hash, root_from_inclusion, verify_consistency,
    verify_subtree,
};
use peel_ledger::{Hash, Origin};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const SEALING: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

fn header(class: EntryClass) -> EntryHeader {
    let time = EntryTime { wall_ms: i64::MIN, mono_ns: u64::MAX, boot: [1; 8], beacon: Some(Hash::of(&[b"b"])) };
    EntryHeader { seq: u64::MAX, event_id: [2; 16], class, time, prior_root: Hash::of(&[b"r"]) }
}

fn origin() -> Origin {
    Origin::device("force.example", "e1").unwrap()
}

fn keys(suite: CipherSuite, count: usize) -> (Vec<RecipientPrivateKey>, Vec<RecipientPublicKey>) {
    let mut rng = StdRng::seed_from_u64(9);
    let private: Vec<_> = (0..count).map(|_| RecipientPrivateKey::generate(suite, &mut rng).unwrap()).collect();
    let public = private.iter().map(|key| key.public_key().unwrap()).collect();
    (private, public)
}

#[test]
fn every_class_and_every_suite_reads_back() {
    let classes = [EntryClass::Event, EntryClass::Control, EntryClass::Key, EntryClass::Clock, EntryClass::Recovery];
    let mut rng = StdRng::seed_from_u64(1);
    for suite in SEALING {
        let recipients = keys(suite, 1).1;
        for class in classes {
            let entry = seal(&header(class), &origin(), b"body", &recipients, &mut rng).unwrap();
            assert_eq!(Entry::decode(&entry.encode()).unwrap().header().class, class);
        }
    }
    for code in 0..=5 {
        assert_eq!(EntryClass::from_code(code).unwrap().code(), code);
    }
    assert_eq!(EntryClass::from_code(6), Err(EntryError::Class));
    for code in 0..=2 {
        assert_eq!(CipherSuite::from_code(code).unwrap().code(), code);
    }
    assert_eq!(CipherSuite::from_code(3), Err(EntryError::Suite));
}

#[test]
fn the_longest_body_fits_with_the_most_recipients_and_one_byte_more_is_refused() {
    let mut rng = StdRng::seed_from_u64(2);
    for suite in SEALING {
        let (private, public) = keys(suite, MAX_RECIPIENTS + 1);
        let body = vec![7; MAX_BODY_BYTES + 1];
        let longest = &body[..MAX_BODY_BYTES];
        let header = header(EntryClass::Event);
        let entry = seal(&header, &origin(), longest, &public[1..], &mut rng).unwrap();
        assert!(entry.encode().len() <= MAX_ENTRY_BYTES);
        assert_eq!(*open(&entry, &origin(), &private[1]).unwrap(), longest);
        assert_eq!(seal(&header, &origin(), &body, &public[1..], &mut rng), Err(SealError::BodyTooLong));
        assert_eq!(seal(&header, &origin(), b"", &public, &mut rng), Err(SealError::Recipients));
        assert_eq!(open(&entry, &origin(), &private[0]), Err(SealError::NotARecipient));
    }
    let mixed = SEALING.map(|suite| keys(suite, 1).1.remove(0));
    assert_eq!(seal(&header(EntryClass::Event), &origin(), b"", &mixed, &mut rng), Err(SealError::Recipients));
}

#[test]
fn a_note_has_as_many_lines_as_the_limit_and_no_more() {
    let signed = |count: usize| {
        let mut text = "text\n\n".to_owned();
        for number in 0..count {
            let signer = Ed25519Signer::from_seed(&format!("w{number}"), &[number as u8; 32]).unwrap();
            text.push_str(&signer.sign("text\n").unwrap().to_line());
        }
        SignedNote::parse(text.as_bytes())
    };
    assert_eq!(signed(MAX_SIGNATURES).unwrap().signatures().len(), MAX_SIGNATURES);
    assert_eq!(signed(MAX_SIGNATURES + 1), Err(NoteError::TooLong));
    let line = |length| SignatureLine::new("a", [0; 4], vec![0; length]).map(drop);
    assert_eq!((line(0), line(1)), (Err(NoteError::Malformed), Ok(())));
    assert_eq!((line(MAX_SIGNATURE_BYTES), line(MAX_SIGNATURE_BYTES + 1)), (Ok(()), Err(NoteError::Malformed)));
    let text = |length: usize| SignedNote::new("x".repeat(length - 1) + "\n").map(drop);
    assert_eq!((text(MAX_NOTE_BYTES), text(MAX_NOTE_BYTES + 1)), (Ok(()), Err(NoteError::TooLong)));
}

#[test]
fn a_cosignature_of_a_time_that_no_clock_shows_is_refused() {
    let witness = Ed25519Signer::from_seed("witness", &[3; 32]).unwrap();
    let keys = [witness.cosigner_verifier().unwrap()];
    let cosigned = |time_s: u64| {
        let mut note = SignedNote::new("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").unwrap();
        note.attach(witness.cosign(note.text(), time_s).unwrap()).unwrap();
        note.verify(&keys).map(|lines| lines[0].cosigned_at_s)
    };
    let last = i64::MAX.unsigned_abs();
    assert_eq!(cosigned(0), Ok(Some(0)));
    assert_eq!(cosigned(last), Ok(Some(last)));
    assert_eq!(cosigned(last + 1), Err(NoteError::Signature));
}

#[test]
fn keys_that_anyone_could_sign_for_and_second_forms_of_keys_are_refused() {
    // Points of small order, the neutral one first.
    for first in [1_u8, 0] {
        let mut point = [0; 32];
        point[0] = first;
        assert_eq!(VerifierKey::ed25519("a", &point), Err(NoteError::Key));
        assert_eq!(VerifierKey::cosigner("a", &point), Err(NoteError::Key));
    }
    let key = SigningKey::from_slice(&[5; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    assert!(VerifierKey::p256("a", spki.as_bytes()).is_ok());
    // The same key with its point compressed: the head of the DER with other lengths, then the point.
    let compressed = key.verifying_key().to_sec1_point(true);
    let mut second = spki.as_bytes()[..26].to_vec();
    (second[1], second[24]) = (0x39, 0x22);
    second.extend_from_slice(compressed.as_bytes());
    assert_eq!(VerifierKey::p256("a", &second), Err(NoteError::Key));
    let text = VerifierKey::p256("a", spki.as_bytes()).unwrap().to_string();
    assert_eq!(
        text.replace("a+", "b+").parse::<VerifierKey>().map(|key| key.to_string()),
        Ok(text.replace("a+", "b+"))
    );
    assert_eq!(text.replacen('+', "+0", 1).parse::<VerifierKey>(), Err(NoteError::Key));
}

#[test]
fn the_tree_ends_at_its_last_leaf_and_proofs_at_their_longest() {
    let hash = leaf_hash(b"h");
    let full = 1_u64 << 63;
    assert_eq!(CompactRange::from_parts(full, vec![hash]).unwrap().append(hash), Err(TreeError::Full));
    assert_eq!(CompactRange::from_parts(full + 1, vec![hash; 2]), Err(TreeError::Malformed));
    assert_eq!(CompactRange::from_parts(full - 1, vec![hash; 63]).unwrap().append(hash), Ok(()));
    // A path through the fullest tree has 63 hashes: as many as a proof may have.
    let path = vec![hash; MAX_PROOF_HASHES];
    assert!(root_from_inclusion(0, full, &hash, &path).is_ok());
    assert_eq!(root_from_inclusion(0, full + 1, &hash, &path), Err(TreeError::Range));
    assert_eq!(root_from_inclusion(0, full, &hash, &path[1..]), Err(TreeError::Proof));
    assert_eq!(root_from_inclusion(0, full, &hash, &vec![hash; MAX_PROOF_HASHES + 1]), Err(TreeError::Proof));
    assert_eq!(root_from_inclusion(u64::MAX, full, &hash, &[]), Err(TreeError::Range));
    assert_eq!(verify_subtree(4, 4, 8, &hash, &[], &hash), Err(TreeError::Range), "nothing");
    assert_eq!(verify_subtree(2, 5, 8, &hash, &[], &hash), Err(TreeError::Range), "not aligned");
    assert_eq!(verify_subtree(8, 9, 8, &hash, &[], &hash), Err(TreeError::Range), "beyond the tree");
    assert_eq!(verify_consistency(3, 2, &hash, &[], &hash), Err(TreeError::Range), "a tree that shrank");
    assert_eq!(verify_consistency(2, 2, &hash, &[], &hash), Ok(()));
    assert_eq!(verify_consistency(2, 2, &hash, &[], &leaf_hash(b"x")), Err(TreeError::Proof));
}

#[test]
fn a_mirror_takes_no_checkpoint_of_another_log_and_none_under_another_logs_key() {
    let (own, other) = (origin(), Origin::device("force.example", "e2").unwrap());
    let signer = |log: &Origin| Ed25519Signer::from_seed(log.as_str(), &[4; 32]).unwrap();
    let range = CompactRange::from_parts(1, vec![leaf_hash(b"x")]).unwrap();
    let nodes = LeafHashes::new(vec![leaf_hash(b"x")]);
    let add = |named: &Origin, by: &Origin| {
        let mut note = Checkpoint::of(named.clone(), &range).to_note().unwrap();
        note.attach(signer(by).sign(note.text()).unwrap()).unwrap();
        let request = AddCheckpoint::build(0, note, &nodes).unwrap();
        MirrorState::new(own.clone()).add_checkpoint(&request, &signer(by).verifier().unwrap(), &[])
    };
    assert_eq!(add(&own, &own).map(|state| state.pending_size()), Ok(1));
    assert_eq!(add(&other, &own), Err(AddCheckpointRefusal::Malformed));
    assert_eq!(add(&own, &other), Err(AddCheckpointRefusal::Malformed));
    assert_eq!(add(&other, &other), Err(AddCheckpointRefusal::Malformed));
}

#[test]
fn mirror_messages_and_receipts_end_at_their_limits() {
    let info = |length: usize| MirrorInfo { tree_size: 1, next_entry: 0, ticket: vec![1; length] };
    assert_eq!(MirrorInfo::parse(info(MAX_TICKET_BYTES).encode().as_bytes()), Ok(info(MAX_TICKET_BYTES)));
    assert_eq!(MirrorInfo::parse(info(MAX_TICKET_BYTES + 1).encode().as_bytes()), Err(MirrorError::TooLong));
    let asks = |start: u64, end: u64, ticket: usize| {
        let request = AddEntries {
            origin: origin(),
            upload_start: start,
            upload_end: end,
            ticket: vec![1; ticket],
            packages: Vec::new(),
            partial: false,
        };
        AddEntries::parse(&request.encode().unwrap()).map(|request| request.partial)
    };
    assert_eq!(asks(5, 5, MAX_TICKET_BYTES), Ok(false));
    assert_eq!(asks(4, 5, 0), Ok(true));
    assert_eq!(asks(6, 5, 0), Err(MirrorError::Malformed));
    assert_eq!(asks(5, 5, MAX_TICKET_BYTES + 1), Err(MirrorError::Malformed));
    let note = SignedNote::new("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").unwrap();
    let long = vec![0; MAX_RECEIPT_BYTES + 1];
    assert_eq!(ReceiptCode::build(&long, [0; 16], &[], Vec::new(), &note), Err(ReceiptError::TooLong));
    let fits = ReceiptCode::build(&long[1..], [0; 16], &[], Vec::new(), &note);
    assert!(!matches!(fits, Err(ReceiptError::TooLong) | Ok(_)));
    assert_eq!(ReceiptCode::decode(&vec![0; MAX_QR_BYTES + 1]), Err(ReceiptError::TooLong));
    assert_eq!(ReceiptCode::decode(&vec![0; MAX_QR_BYTES]), Err(ReceiptError::Malformed));
    let text = |length: usize| ReceiptCode::parse_text(&format!("{TEXT_PREFIX}{}", "A".repeat(length)));
    assert_eq!(text(5000), Err(ReceiptError::Malformed));
    assert_eq!(text(2 * MAX_QR_BYTES + 1), Err(ReceiptError::TooLong));
}
