//! What the referees in other languages judge: proofs and tiles at drawn sizes, notes sound and hostile with our own
//! verdict on each, sealed entries of the edge lengths, the signed COSE documents, and counts with our statistics of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_ledger::Origin;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{CipherSuite, Entry, EntryClass, EntryHeader, EntryTime, MAX_BODY_BYTES};
use peel_ledger::note::{Ed25519Signer, MAX_NOTE_BYTES, SignedNote};
use peel_ledger::seal::{RecipientPrivateKey, seal};
use peel_ledger::tiles::write_log;
use peel_ledger::tree::{CompactRange, LeafHashes, consistency_proof, inclusion_proof, leaf_hash};
use peel_ledger::{Hash, tree::subtree_root};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::world::world;
use crate::{domain, receipts, statistics};

/// Sizes around the widths of tiles and packages, and one beyond the second level of tiles.
const SIZES: [u64; 9] = [0, 1, 255, 256, 257, 511, 512, 513, 65_537];
/// Body lengths around the padding's step, and the longest.
const LENGTHS: [usize; 6] = [0, 1, 255, 256, 257, MAX_BODY_BYTES];

/// Every case as (path, bytes), the same for the same seed.
pub fn files(seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut files = vec![
        ("seed".to_owned(), format!("{seed}\n").into_bytes()),
        ("proofs.json".to_owned(), bytes(&proofs(&mut rng))),
        ("notes.json".to_owned(), bytes(&notes())),
        ("entries.json".to_owned(), bytes(&entries(&mut rng))),
        ("cosignature.json".to_owned(), bytes(&cosignature())),
        ("cose.json".to_owned(), bytes(&domain::cose_cases())),
        ("record.json".to_owned(), bytes(&domain::record_case(&mut rng))),
        ("receipts.json".to_owned(), bytes(&receipts::cases(&mut rng))),
        ("statistics.json".to_owned(), bytes(&statistics::cases(&mut rng))),
    ];
    for size in SIZES {
        let log: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let written = write_log(&log).unwrap();
        files.extend(written.into_iter().map(|(path, bytes)| (format!("tiles/{size}/{path}"), bytes)));
        let mut range = CompactRange::new();
        for entry in &log {
            range.append(leaf_hash(entry)).unwrap();
        }
        let origin = Origin::new(format!("force.example/tiles/{size}")).unwrap();
        let note = Checkpoint::of(origin.clone(), &range).sign(&signer(origin.as_str())).unwrap();
        files.push((format!("tiles/{size}/checkpoint"), note.to_text().into_bytes()));
        files
            .push((format!("tiles/{size}/vkey"), signer(origin.as_str()).verifier().unwrap().to_string().into_bytes()));
    }
    files
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// An entry of the drawn logs: four bytes of its index, as a referee makes it too.
fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes()[4..].to_vec()
}

fn signer(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[11; 32]).unwrap()
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_hex).collect()
}

fn proofs(rng: &mut StdRng) -> Value {
    let leaves: Vec<Hash> = (0..65_537).map(|index| leaf_hash(&entry(index))).collect();
    let nodes = LeafHashes::new(leaves);
    let mut sizes: Vec<u64> = SIZES[1..].to_vec();
    sizes.extend((0..40).map(|_| rng.random_range(1..5_000_u64)));
    let mut cases = Vec::new();
    for size in sizes {
        for _ in 0..4 {
            let (index, old) = (rng.random_range(0..size), rng.random_range(1..=size));
            cases.push(json!({
                "size": size,
                "root": subtree_root(&nodes, 0, size).unwrap().to_hex(),
                "index": index,
                "inclusion": hexes(&inclusion_proof(&nodes, index, size).unwrap()),
                "old": old,
                "old_root": subtree_root(&nodes, 0, old).unwrap().to_hex(),
                "consistency": hexes(&consistency_proof(&nodes, old, size).unwrap()),
            }));
        }
    }
    Value::Array(cases)
}

/// A note as it is given out, with what is done to it.
struct NoteCase {
    what: &'static str,
    note: Vec<u8>,
}

/// Sound and hostile notes under one known Ed25519 key, with our verdict.
fn notes() -> Value {
    let key = signer("log.example/peel");
    let known = key.verifier().unwrap();
    let cases = hostile_notes(&key).into_iter().map(|case| {
        let ours = SignedNote::parse(&case.note).is_ok_and(|note| note.verify(std::slice::from_ref(&known)).is_ok());
        json!({"what": case.what, "note": STANDARD.encode(&case.note), "accepted": ours})
    });
    json!({"key": known.to_string(), "notes": cases.collect::<Vec<_>>()})
}

fn hostile_notes(key: &Ed25519Signer) -> Vec<NoteCase> {
    let text = "log.example/peel\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let line = |text: &str| key.sign(text).unwrap().to_line();
    let own = line(text);
    let other = Ed25519Signer::from_seed("other.example", &[12; 32]).unwrap();
    let namesake = Ed25519Signer::from_seed("log.example/peel", &[12; 32]).unwrap();
    let (other_line, namesake_line) = (other.sign(text).unwrap().to_line(), namesake.sign(text).unwrap().to_line());
    let sound = format!("{text}\n{own}");
    let hardware = world().phone.note.signatures()[1].to_line();
    let signed = |text: &str| format!("{text}\n{}", line(text));
    let strangers = |count: u8| {
        let signers =
            (0..count).map(|seed| Ed25519Signer::from_seed(&format!("w{seed}.example"), &[seed; 32]).unwrap());
        signers.map(|signer| signer.sign(text).unwrap().to_line()).collect::<String>()
    };
    // A key id and an Ed25519 signature are 68 bytes: one sign of padding, and two bits of slack before it.
    let digits = own.trim_end_matches("=\n");
    let last = digits.bytes().last().unwrap();
    let slack = format!("{}{}=\n", &digits[..digits.len() - 1], char::from(last + 1));
    let long = format!("{}\n", "x".repeat(MAX_NOTE_BYTES));
    let texts: Vec<(&'static str, String)> = vec![
        ("sound", sound.clone()),
        ("an unknown key's line before", format!("{text}\n{other_line}{own}")),
        ("an unknown key's line after", format!("{text}\n{own}{other_line}")),
        ("a hardware line after", format!("{text}\n{own}{hardware}")),
        ("another key under the same name", format!("{text}\n{own}{namesake_line}")),
        ("only an unknown key's line", format!("{text}\n{other_line}")),
        ("no signature line", format!("{text}\n")),
        ("no blank line", format!("{text}{own}")),
        ("another text", sound.replace("\n3\n", "\n4\n")),
        ("a blank line within the text", signed("first\n\nsecond\n")),
        ("an empty text", signed("\n")),
        ("text of blank lines", signed("\n\n\n")),
        ("a line twice", format!("{text}\n{own}{own}")),
        ("an unknown key's line twice", format!("{text}\n{own}{other_line}{other_line}")),
        ("slack bits in base64", sound.replace(&own, &slack)),
        ("base64 without its padding", sound.replace("=\n", "\n").replace("xq2I\n", "xq2I=\n")),
        ("no newline at the end", sound.trim_end().to_owned()),
        ("a blank line at the end", format!("{sound}\n")),
        ("carriage returns", sound.replace('\n', "\r\n")),
        ("a carriage return in the text", signed("a\r\n")),
        ("a tab in the text", signed("a\tb\n")),
        ("a zero byte in the text", signed("a\0b\n")),
        ("a delete character in the text", signed("a\u{7f}b\n")),
        ("a second-range control character in the text", signed("a\u{85}b\n")),
        ("letters beyond ASCII in the text", signed("Stra\u{df}e\n")),
        ("a hyphen for the dash", sound.replace('\u{2014}', "-")),
        ("an en dash for the dash", sound.replace('\u{2014}', "\u{2013}")),
        ("two spaces after the dash", sound.replace("\u{2014} ", "\u{2014}  ")),
        ("a space at the line's end", format!("{text}\n{}", own.replace("=\n", "= \n"))),
        ("a plus in an unknown name", format!("{text}\n{own}{}", other_line.replace("other", "o+er"))),
        ("an unknown name with a no-break space", format!("{text}\n{own}{}", other_line.replace("other", "o\u{a0}er"))),
        ("an unknown line without signature", format!("{text}\n{own}\u{2014} other.example \n")),
        ("an unknown line of four bytes", format!("{text}\n{own}\u{2014} other.example AAAAAA==\n")),
        ("an unknown line of five bytes", format!("{text}\n{own}\u{2014} other.example AAAAAAA=\n")),
        ("thirty-one unknown lines", format!("{text}\n{own}{}", strangers(31))),
        ("thirty-two unknown lines", format!("{text}\n{own}{}", strangers(32))),
        ("a hundred unknown lines", format!("{text}\n{own}{}", strangers(100))),
        ("longer than a million bytes", signed(&long)),
    ];
    let mut cases: Vec<NoteCase> =
        texts.into_iter().map(|(what, note)| NoteCase { what, note: note.into_bytes() }).collect();
    let mut not_text = sound.into_bytes();
    not_text[0] = 0xff;
    cases.push(NoteCase { what: "bytes that are not UTF-8", note: not_text });
    cases
}

fn entries(rng: &mut StdRng) -> Value {
    let origin = Origin::device("force.example", "e1").unwrap();
    let mut vectors = Vec::new();
    for suite in [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm] {
        for length in LENGTHS {
            let keys = [(); 2].map(|()| RecipientPrivateKey::generate(suite, rng).unwrap());
            let recipients = keys.each_ref().map(|key| key.public_key().unwrap());
            let header = EntryHeader {
                seq: rng.random_range(0..u64::MAX),
                event_id: rng.random(),
                class: EntryClass::Event,
                time: EntryTime {
                    wall_ms: rng.random_range(i64::MIN..i64::MAX),
                    mono_ns: rng.random_range(0..u64::MAX),
                    boot: rng.random(),
                    beacon: rng.random::<bool>().then(|| Hash::new(rng.random())),
                },
                prior_root: Hash::new(rng.random()),
            };
            let body: Vec<u8> = (0..length).map(|_| rng.random()).collect();
            let entry = seal(&header, &origin, &body, &recipients, rng).unwrap();
            vectors.push(json!({
                "suite": suite.code(),
                "origin": origin.as_str(),
                "private_keys": keys.each_ref().map(|key| hex::encode(key.expose_bytes().as_slice())),
                "public_keys": recipients.each_ref().map(|key| hex::encode(key.to_bytes())),
                "body": hex::encode(&body),
                "associated_data": hex::encode(Entry::associated_data(&header, suite, entry.commitment())),
                "entry": hex::encode(entry.encode()),
            }));
        }
    }
    Value::Array(vectors)
}

/// A phone's checkpoint with its three lines, and the keys behind them.
fn cosignature() -> Value {
    json!({
        "note": world().phone.note.to_text(),
        "log": world().force.phone.verifier().unwrap().to_string(),
        "gateway": world().force.gateway.cosigner_verifier().unwrap().to_string(),
        "hardware": world().force.hardware_key().to_string(),
        "size": world().checkpoint.size,
        "root": world().checkpoint.root.to_hex(),
    })
}
