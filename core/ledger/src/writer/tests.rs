//! The append step, its stored form and the check at a cold start.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::entry::CipherSuite;
use crate::seal::{RecipientPrivateKey, open};
use crate::tree::empty_root;

fn time() -> EntryTime {
    EntryTime { wall_ms: 1, mono_ns: 2, boot: [3; 8], beacon: None }
}

/// States and entries of a log of `count` entries.
fn log(count: usize) -> (Vec<WriterState>, Vec<Vec<u8>>, RecipientPrivateKey, Origin) {
    let mut rng = StdRng::seed_from_u64(1);
    let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rng).unwrap();
    let recipients = [key.public_key().unwrap()];
    let origin = Origin::device("force.example", "e1").unwrap();
    let (mut states, mut entries) = (vec![WriterState::new()], Vec::new());
    for index in 0..count {
        let body = index.to_be_bytes();
        let state = states.last().unwrap();
        let appended = state.append(&origin, EntryClass::Event, time(), &body, &recipients, &mut rng).unwrap();
        assert_eq!(appended.index, index as u64);
        entries.push(appended.entry);
        states.push(appended.state);
    }
    (states, entries, key, origin)
}

#[test]
fn each_entry_names_its_index_and_the_root_before_it() {
    let (states, entries, key, origin) = log(9);
    assert_eq!(states[0].root(), empty_root());
    for (index, bytes) in entries.iter().enumerate() {
        let entry = Entry::decode(bytes).unwrap();
        assert_eq!(entry.header().seq, index as u64);
        assert_eq!(entry.header().prior_root, states[index].root());
        assert_eq!(*open(&entry, &origin, &key).unwrap(), index.to_be_bytes());
    }
}

#[test]
fn a_stored_state_reads_back_and_checks_itself() {
    let (states, entries, ..) = log(9);
    for (size, state) in states.iter().enumerate() {
        let read = WriterState::from_bytes(&state.to_bytes()).unwrap();
        assert_eq!(&read, state);
        let last = size.checked_sub(1).map(|index| entries[index].as_slice());
        read.self_check(last).unwrap();
    }
}

#[test]
fn a_state_with_another_last_entry_is_noticed_at_start() {
    let (states, entries, ..) = log(5);
    for state in &states[1..4] {
        assert_eq!(state.self_check(Some(&entries[4])), Err(WriterError::SelfCheck));
        assert_eq!(state.self_check(None), Err(WriterError::SelfCheck));
    }
    assert_eq!(states[0].self_check(Some(&entries[0])), Err(WriterError::SelfCheck));
    for bit in 0..states[5].to_bytes().len() * 8 {
        let mut bytes = states[5].to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let noticed = WriterState::from_bytes(&bytes)
            .map_err(WriterError::from)
            .and_then(|state| state.self_check(Some(&entries[4])));
        assert!(noticed.is_err(), "bit {bit}");
    }
}

#[test]
fn a_receipt_is_written_in_the_clear_and_nothing_else_is() {
    let (states, _, key, origin) = log(2);
    let mut rng = StdRng::seed_from_u64(2);
    let commitment = Hash::of(&[b"receipt"]);
    let appended = states[2].append_receipt(time(), commitment, &mut rng).unwrap();
    let entry = Entry::decode(&appended.entry).unwrap();
    assert_eq!(entry.receipt_commitment(), Some(commitment));
    assert!(appended.entry.len() < 250);
    let recipients = [key.public_key().unwrap()];
    let sealed = states[2].append(&origin, EntryClass::Receipt, time(), b"", &recipients, &mut rng);
    assert_eq!(sealed, Err(WriterError::Class));
}

#[test]
fn overhead_for_two_recipients_stays_within_the_goal() {
    let mut rng = StdRng::seed_from_u64(3);
    let suite = CipherSuite::X25519ChaCha20Poly1305;
    let recipients = [(); 2].map(|()| RecipientPrivateKey::generate(suite, &mut rng).unwrap().public_key().unwrap());
    let beacon = EntryTime { beacon: Some(Hash::default()), wall_ms: 1_800_000_000_000, ..time() };
    let origin = Origin::device("force.example", "e1").unwrap();
    let appended =
        WriterState::new().append(&origin, EntryClass::Event, beacon, &[0; 255], &recipients, &mut rng).unwrap();
    let overhead = appended.entry.len() - 256;
    assert!(overhead <= 450, "{overhead}");
}
