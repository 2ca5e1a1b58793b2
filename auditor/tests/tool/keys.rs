//! `keygen` and `join`: keys for a period, and shares of them.

use std::fs;

use peel_ledger::bundle::Trust;
use tempfile::TempDir;

use crate::fixture::{audit, code, errors, force, root, shift, text, tool, write_files};

#[test]
fn keygen_writes_a_key_once_and_prints_only_its_public_half() {
    let folder = TempDir::new().unwrap();
    let run = |suite: &str| {
        let out = format!("{suite}.key");
        tool(folder.path(), &["keygen", "--out", &out, "--suite", suite])
    };
    for suite in ["x25519", "p256"] {
        let output = run(suite);
        assert_eq!(code(&output), 0);
        assert!(text(&output).starts_with(&format!("{suite}:")));
        let written = fs::read_to_string(folder.path().join(format!("{suite}.key"))).unwrap();
        assert!(written.starts_with(&format!("{suite}-private:")));
        assert_eq!(code(&run(suite)), 2);
    }
}

#[test]
fn a_periods_key_says_what_it_is_for_and_opens() {
    let folder = TempDir::new().unwrap();
    let output = tool(folder.path(), &["keygen", "--out", "a.key", "--period", "2026-11"]);
    assert_eq!(code(&output), 0);
    let written = fs::read_to_string(folder.path().join("a.key")).unwrap();
    assert!(written.contains("period 2026-11\n") && written.contains(text(&output).trim()));
    for bad in [&["--period", "2026-13"][..], &["--split", "2of3"], &["--split", "4of3", "--period", "2026-11"]] {
        let arguments = [&["keygen", "--out", "b.key"], bad].concat();
        assert_eq!(code(&tool(folder.path(), &arguments)), 2, "{bad:?}");
        assert!(!folder.path().join("b.key").exists());
    }
}

/// A bundle sealed to a key that the tool made and split.
fn in_custody() -> TempDir {
    let folder = TempDir::new().unwrap();
    let arguments = ["keygen", "--out", "custody", "--period", "2026-11", "--split", "2of3"];
    let output = tool(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", errors(&output));
    assert!(!folder.path().join("custody").exists());
    let mut force = force();
    force.recipient = Some(text(&output).trim().parse().unwrap());
    let bodies = shift();
    let phone = force.phone_with(bodies.len() as u64, 4, |index| bodies[usize::try_from(index).unwrap()].clone());
    write_files(&folder.path().join("bundle"), &force.bundle(&phone));
    let trust = Trust { root: Some(root(1).verifier().unwrap()), ..force.trust() };
    fs::write(folder.path().join("trust.toml"), trust.to_toml()).unwrap();
    folder
}

#[test]
fn any_two_custodians_of_three_open_a_bundle_and_one_alone_does_not() {
    let folder = in_custody();
    for pair in [["custody.1", "custody.2"], ["custody.3", "custody.1"], ["custody.2", "custody.3"]] {
        let output = audit(folder.path(), &["--shares", pair[0], pair[1]]);
        assert_eq!(code(&output), 0, "{}{}", text(&output), errors(&output));
        assert!(text(&output).contains("Opened with your key: 6 records"));
        let joined = tool(folder.path(), &["join", pair[0], pair[1]]);
        assert!(text(&joined).contains("2026-11") && !text(&joined).contains("private"));
    }
    let alone = audit(folder.path(), &["--shares", "custody.1"]);
    assert_eq!(code(&alone), 2);
    assert!(errors(&alone).contains("too few, 2 are needed and 1 were given"));
    // Nothing but the three shares was written.
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 5);
}

#[test]
fn a_damaged_or_foreign_share_is_refused_with_its_reason() {
    let folder = in_custody();
    let path = folder.path().join("custody.1");
    let sound = fs::read_to_string(&path).unwrap();
    fs::write(&path, sound.replacen("secret ", "secret f", 1)).unwrap();
    assert!(errors(&audit(folder.path(), &["--shares", "custody.1", "custody.2"])).contains("checksum"));
    let other = in_custody();
    fs::copy(other.path().join("custody.1"), &path).unwrap();
    let mixed = tool(folder.path(), &["join", "custody.1", "custody.2"]);
    assert_eq!(code(&mixed), 2);
    assert!(errors(&mixed).contains("different keys"));
    // A whole directory of shares is never written over.
    let again = tool(folder.path(), &["keygen", "--out", "custody", "--period", "2026-12", "--split", "2of3"]);
    assert_eq!(code(&again), 2);
}
