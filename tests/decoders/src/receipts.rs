//! Receipts for the referees: sound ones at drawn places of drawn logs, and each spoilt in many ways, with our verdict.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peel_ledger::Hash;
use peel_ledger::bundle::Trust;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{Entry, EntryClass, EntryHeader, EntryTime};
use peel_ledger::receipt::{ReceiptCode, SALT_BYTES, TEXT_PREFIX, check_code, commitment};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash, subtree_root};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::force::Force;

const DRAWN: usize = 12;
const FLIPS: usize = 40;

/// A trust file, and codes with what was done to them.
pub(crate) fn cases(rng: &mut StdRng) -> Value {
    let mut force = Force::new();
    let trust = force.trust();
    let mut codes = Vec::new();
    for number in 0..DRAWN {
        let code = draw(&mut force, rng, number);
        let bytes = code.encode();
        codes.push(case(&trust, &format!("sound {number}"), &code.to_text()));
        for _ in 0..FLIPS {
            let (at, bit) = (rng.random_range(0..bytes.len()), rng.random_range(0..8_u8));
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            codes.push(case(&trust, &format!("{number}: byte {at}, bit {bit}"), &text_of(&changed)));
        }
        codes.extend(spoilt(&bytes).into_iter().map(|(what, text)| case(&trust, &format!("{number}: {what}"), &text)));
    }
    json!({"trust": trust.to_toml(), "codes": codes})
}

fn case(trust: &Trust, what: &str, text: &str) -> Value {
    let ours = ReceiptCode::parse_text(text).and_then(|code| check_code(&code, trust));
    json!({"what": what, "code": text, "accepted": ours.is_ok()})
}

fn text_of(bytes: &[u8]) -> String {
    format!("{TEXT_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Other forms of the same bytes, and bytes more or fewer.
fn spoilt(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let good = text_of(bytes);
    let mut longer = vec![0x98, 8];
    longer.extend_from_slice(&bytes[1..]);
    let mut version = vec![bytes[0], 0x18, 1];
    version.extend_from_slice(&bytes[2..]);
    vec![
        ("a longer head", text_of(&longer)),
        ("a longer number", text_of(&version)),
        ("a byte more", text_of(&[bytes, &[0]].concat())),
        ("a byte fewer", text_of(&bytes[..bytes.len() - 1])),
        ("padded base64", format!("{good}=")),
        ("a line break within", format!("{}\n{}", &good[..40], &good[40..])),
        ("another prefix", good.replacen(":1:", ":2:", 1)),
        ("no prefix", good.replacen(TEXT_PREFIX, "", 1)),
        ("nothing", TEXT_PREFIX.to_owned()),
    ]
}

/// A receipt somewhere in a log of some size, whose other leaves are noise.
fn draw(force: &mut Force, rng: &mut StdRng, number: usize) -> ReceiptCode {
    let size = if number == 0 { 1 } else { rng.random_range(1..5_000_u64) };
    let index = rng.random_range(0..size);
    let words: Vec<u8> = (0..rng.random_range(0..300_usize)).map(|_| rng.random()).collect();
    let salt: [u8; SALT_BYTES] = rng.random();
    let beacon = rng.random::<bool>().then(|| Hash::new(rng.random()));
    let time = EntryTime { wall_ms: rng.random(), mono_ns: rng.random(), boot: rng.random(), beacon };
    let header =
        EntryHeader { seq: index, event_id: rng.random(), class: EntryClass::Receipt, time, prior_root: Hash::of(&[]) };
    let entry = Entry::receipt(header, commitment(&salt, &words)).unwrap().encode();
    let noise = |at: u64| if at == index { leaf_hash(&entry) } else { Hash::of(&[&at.to_be_bytes()]) };
    let leaves = LeafHashes::new((0..size).map(noise).collect());
    let root = subtree_root(&leaves, 0, size).unwrap();
    let note = force.accept(&Checkpoint { origin: force.origin(), size, root }, 9).0;
    let proof = inclusion_proof(&leaves, index, size).unwrap();
    ReceiptCode::build(&words, salt, &entry, proof, &note).unwrap()
}
