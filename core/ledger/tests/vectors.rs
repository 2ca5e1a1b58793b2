//! The committed vectors are what the example writes, and they hold.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod support;
#[path = "support/vectors.rs"]
mod vectors;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use peel_ledger::Origin;
use peel_ledger::bundle::{Files, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::entry::{CipherSuite, Entry};
use peel_ledger::force_log::ForceLeaf;
use peel_ledger::seal::{RecipientPrivateKey, open};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/ledger")
}

fn read(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|_| panic!("missing vector file {path}"))
}

#[test]
fn committed_vectors_are_what_the_example_writes() {
    for (path, bytes) in vectors::files() {
        assert!(read(&path) == bytes, "{path} differs: run the example `vectors` again and look at the change");
    }
}

#[test]
fn committed_entries_open_to_their_bodies() {
    let vectors: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_slice(&read("entries.json")).unwrap();
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let bytes = |name: &str| hex::decode(vector[name].as_str().unwrap()).unwrap();
        let suite = CipherSuite::from_code(vector["suite"].as_u64().unwrap() as u8).unwrap();
        let origin = Origin::new(vector["origin"].as_str().unwrap()).unwrap();
        let entry = Entry::decode(&bytes("entry")).unwrap();
        for key in vector["private_keys"].as_array().unwrap() {
            let key = RecipientPrivateKey::from_bytes(suite, &hex::decode(key.as_str().unwrap()).unwrap()).unwrap();
            assert_eq!(*open(&entry, &origin, &key).unwrap(), bytes("body"));
        }
    }
}

#[test]
fn a_change_that_an_earlier_version_wrote_is_read_and_its_approvals_hold() {
    let trust = Trust::parse(&String::from_utf8(read("trust.toml")).unwrap()).unwrap();
    let leaf = ForceLeaf::decode(&read("enrolment-v1.leaf")).unwrap();
    assert!(matches!(leaf, ForceLeaf::Change { force_log: None, .. }));
    assert_eq!(leaf.check_approvals(&trust.approvers, 2), Ok(()));
    assert_eq!(leaf.check_force_log(&trust.force_log.origin), Ok(()));
}

#[test]
fn the_committed_bundle_is_good() {
    let trust = Trust::parse(&String::from_utf8(read("trust.toml")).unwrap()).unwrap();
    let paths = vectors::files().into_iter().filter_map(|(path, _)| Some(path.strip_prefix("bundle/")?.to_owned()));
    let files: Files = paths.map(|path| (path.clone(), read(&format!("bundle/{path}")))).collect();
    let report = verify(&files, &trust, VerifyOptions::default(), &mut |_| {});
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
}
