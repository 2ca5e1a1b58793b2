//! Sealing and opening, with both suites, and everything that must not open.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::Hash;
use crate::entry::{EntryClass, EntryTime};

const BOTH: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

fn header() -> EntryHeader {
    EntryHeader {
        seq: 0,
        event_id: [2; 16],
        class: EntryClass::Event,
        time: EntryTime { wall_ms: 1, mono_ns: 2, boot: [3; 8], beacon: Some(Hash::default()) },
        prior_root: Hash::default(),
    }
}

fn origin() -> Origin {
    Origin::device("force.example", "e1").unwrap()
}

fn two(suite: CipherSuite, rng: &mut StdRng) -> [RecipientPrivateKey; 2] {
    [(); 2].map(|()| RecipientPrivateKey::generate(suite, rng).unwrap())
}

fn sealed(suite: CipherSuite, body: &[u8]) -> (Entry, [RecipientPrivateKey; 2]) {
    let mut rng = StdRng::seed_from_u64(1);
    let keys = two(suite, &mut rng);
    let recipients = keys.each_ref().map(|key| key.public_key().unwrap());
    (seal(&header(), &origin(), body, &recipients, &mut rng).unwrap(), keys)
}

#[test]
fn every_recipient_opens_the_same_body() {
    for suite in BOTH {
        for length in [0, 1, 255, 256, 257, MAX_BODY_BYTES] {
            let body = vec![0x80; length];
            let (entry, keys) = sealed(suite, &body);
            let entry = Entry::decode(&entry.encode()).unwrap();
            for key in &keys {
                assert_eq!(*open(&entry, &origin(), key).unwrap(), body);
            }
        }
    }
}

#[test]
fn bodies_differing_in_length_within_a_step_look_alike() {
    let (short, _) = sealed(CipherSuite::X25519ChaCha20Poly1305, b"");
    let (long, _) = sealed(CipherSuite::X25519ChaCha20Poly1305, &[1; 255]);
    assert_eq!(short.body().len(), long.body().len());
    assert_eq!(short.body().len(), PADDING_STEP + 16);
}

#[test]
fn a_stranger_another_origin_or_a_changed_header_does_not_open() {
    for suite in BOTH {
        let (entry, [key, _]) = sealed(suite, b"body");
        let stranger = RecipientPrivateKey::generate(suite, &mut StdRng::seed_from_u64(9)).unwrap();
        assert_eq!(open(&entry, &origin(), &stranger), Err(SealError::NotARecipient));
        let elsewhere = Origin::device("force.example", "e2").unwrap();
        assert_eq!(open(&entry, &elsewhere, &key), Err(SealError::Unwrap));
        let mut moved = *entry.header();
        moved.seq = 1;
        let moved = Entry::new(moved, suite, entry.recipients().to_vec(), entry.body().to_vec(), *entry.commitment());
        assert_eq!(open(&moved.unwrap(), &origin(), &key), Err(SealError::Unwrap));
    }
}

#[test]
fn a_body_under_another_key_than_the_committed_one_is_refused() {
    // A sender that wraps one key but commits to another must be caught by the recipient.
    let mut rng = StdRng::seed_from_u64(3);
    let key = RecipientPrivateKey::generate(BOTH[0], &mut rng).unwrap();
    let recipient = key.public_key().unwrap();
    let committed = key_commitment(&[1; 32]).unwrap();
    let aad = Entry::associated_data(&header(), BOTH[0], &committed);
    let (enc, wrapped_cek) = recipient.wrap(&cek_info(&origin()), &aad, &[2; 32], &mut rng).unwrap();
    let body = encrypt(BOTH[0], &[2; 32], &pad(b"other"), &aad).unwrap();
    let wrapped = vec![WrappedKey { kid: recipient.kid(), enc, wrapped_cek }];
    let entry = Entry::new(header(), BOTH[0], wrapped, body, committed).unwrap();
    assert_eq!(open(&entry, &origin(), &key), Err(SealError::Commitment));
}

#[test]
fn refuses_bad_recipient_sets_and_long_bodies() {
    let mut rng = StdRng::seed_from_u64(4);
    let [a, b] = two(BOTH[0], &mut rng).map(|key| key.public_key().unwrap());
    let p256 = RecipientPrivateKey::generate(BOTH[1], &mut rng).unwrap().public_key().unwrap();
    for bad in [vec![], vec![a.clone(), a.clone()], vec![a.clone(), p256]] {
        assert_eq!(seal(&header(), &origin(), b"", &bad, &mut rng), Err(SealError::Recipients));
        assert_eq!(check_recipients(&bad, &mut rng), Err(SealError::Recipients));
    }
    assert_eq!(check_recipients(&[a.clone(), b.clone()], &mut rng), Ok(()));
    // It reads as a key, and nothing can be wrapped for it (RFC 7748, section 6.1: all noughts).
    let nothing = RecipientPublicKey::from_bytes(BOTH[0], &[0; 32]);
    assert!(nothing.is_err() || check_recipients(&[a.clone(), nothing.unwrap()], &mut rng) == Err(SealError::Key));
    let long = vec![0; MAX_BODY_BYTES + 1];
    assert_eq!(seal(&header(), &origin(), &long, &[a, b], &mut rng), Err(SealError::BodyTooLong));
}

#[test]
fn padding_other_than_the_shortest_is_refused() {
    assert_eq!(unpadded_length(&pad(b"abc")), Some(3));
    let mut long = pad(b"abc");
    long.extend_from_slice(&[0; PADDING_STEP]);
    assert_eq!(unpadded_length(&long), None);
    assert_eq!(unpadded_length(&[0; PADDING_STEP]), None);
    let mut wrong = pad(b"abc");
    wrong[PADDING_STEP - 1] = 1;
    assert_eq!(unpadded_length(&wrong), None);
}

#[test]
fn keys_read_back_and_secrets_do_not_print() {
    for suite in BOTH {
        let key = RecipientPrivateKey::generate(suite, &mut StdRng::seed_from_u64(5)).unwrap();
        let text = key.expose_text();
        let again: RecipientPrivateKey = text.parse().unwrap();
        assert_eq!(again.expose_bytes(), key.expose_bytes());
        let public = key.public_key().unwrap();
        assert_eq!(public.to_string().parse(), Ok(public.clone()));
        assert_eq!(format!("{key:?}"), "[redacted]");
        assert!(text.to_uppercase().parse::<RecipientPrivateKey>().is_err());
        assert!("x25519:00".parse::<RecipientPublicKey>().is_err());
    }
}
