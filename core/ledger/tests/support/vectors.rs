//! The golden vectors as (path, bytes): sealed entries with the keys that open them, a tree, a hardware
//! signature, and a whole small bundle with its trust file.
//!
//! The keys in here are for tests and open nothing else.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: each test uses its part, and a failure here is a failed test"
)]

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use peel_ledger::entry::{CipherSuite, Entry, EntryClass, EntryHeader, EntryTime};
use peel_ledger::seal::{RecipientPrivateKey, seal};
use peel_ledger::tree::{CompactRange, LeafHashes, consistency_proof, inclusion_proof, leaf_hash};
use peel_ledger::{Hash, Origin};

use super::support::{Force, Phone};

/// Entries of the bundle's phone: two entry bundles, the second partial.
pub const BUNDLE_ENTRIES: u64 = 258;

/// Every vector file.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("entries.json".to_owned(), pretty(&entries())), ("tree.json".to_owned(), pretty(&tree()))];
    files.extend(hardware_line());
    let mut force = Force::new();
    let phone: Phone = force.phone(BUNDLE_ENTRIES, 100);
    files.push(("trust.toml".to_owned(), force.trust().to_toml().into_bytes()));
    files.push(("auditor.key".to_owned(), format!("{}\n", *force.auditor.expose_text()).into_bytes()));
    files.extend(force.bundle(&phone).into_iter().map(|(path, bytes)| (format!("bundle/{path}"), bytes)));
    files
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    text.into_bytes()
}

/// For each suite and some lengths: what was sealed, by whom it opens, and the entry.
fn entries() -> Value {
    let mut rng = StdRng::seed_from_u64(180);
    let origin = Origin::device("force.example", "e1").unwrap();
    let mut vectors = Vec::new();
    for suite in [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm] {
        for (seq, length) in [0_usize, 1, 255, 256, 1000].into_iter().enumerate() {
            let keys = [(); 2].map(|()| RecipientPrivateKey::generate(suite, &mut rng).unwrap());
            let recipients = keys.each_ref().map(|key| key.public_key().unwrap());
            let header = EntryHeader {
                seq: seq as u64 * 300,
                event_id: [seq as u8; 16],
                class: EntryClass::Event,
                time: EntryTime {
                    wall_ms: 1_800_000_000_000,
                    mono_ns: 77,
                    boot: [9; 8],
                    beacon: (seq % 2 == 1).then(|| Hash::of(&[b"beacon"])),
                },
                prior_root: Hash::of(&[b"root"]),
            };
            let body: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let entry = seal(&header, &origin, &body, &recipients, &mut rng).unwrap();
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

/// Roots for every size up to 70, and some proofs.
fn tree() -> Value {
    let data: Vec<Vec<u8>> = (0_u8..70).map(|index| vec![index; usize::from(index)]).collect();
    let leaves: Vec<Hash> = data.iter().map(|leaf| leaf_hash(leaf)).collect();
    let nodes = LeafHashes::new(leaves.clone());
    let mut range = CompactRange::new();
    let mut roots = vec![range.root().to_hex()];
    for leaf in leaves {
        range.append(leaf).unwrap();
        roots.push(range.root().to_hex());
    }
    let hexes = |proof: Vec<Hash>| proof.iter().map(Hash::to_hex).collect::<Vec<_>>();
    let inclusion = [(0, 1), (0, 70), (5, 7), (63, 64), (69, 70)].map(|(index, size)| {
        json!({"index": index, "size": size, "proof": hexes(inclusion_proof(&nodes, index, size).unwrap())})
    });
    let consistency = [(1, 70), (7, 8), (32, 64), (33, 70), (70, 70)].map(
        |(old, new)| json!({"old": old, "new": new, "proof": hexes(consistency_proof(&nodes, old, new).unwrap())}),
    );
    json!({
        "leaves": data.iter().map(hex::encode).collect::<Vec<_>>(),
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
    })
}

/// A note text, a P-256 public key and the DER signature that the type 0x02 line carries.
fn hardware_line() -> Vec<(String, Vec<u8>)> {
    let key = SigningKey::from_slice(&[5; 32]).unwrap();
    let text = "force.example/peel/device/e1\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n";
    let signature: Signature = key.sign(text.as_bytes());
    let mut note = peel_ledger::note::SignedNote::new(text).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    note.attach_hardware_line("force.example/peel/device/e1", spki.as_bytes(), signature.to_der().as_bytes()).unwrap();
    let pem = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    vec![
        ("hardware/note".to_owned(), note.to_text().into_bytes()),
        ("hardware/text".to_owned(), text.as_bytes().to_vec()),
        ("hardware/key.pem".to_owned(), pem.into_bytes()),
        ("hardware/signature.der".to_owned(), note.signatures()[0].signature().to_vec()),
    ]
}
