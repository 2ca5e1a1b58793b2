//! `diff`: two bundles of one force.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::fixture::{code, text, tool, write_files};
use crate::support::{Force, Phone};

/// Two bundles of one phone with these entries, and the trust file.
fn two(older: &[Vec<u8>], newer: &[Vec<u8>]) -> TempDir {
    use peel_ledger::checkpoint::Checkpoint;
    use peel_ledger::tree::{CompactRange, leaf_hash};
    let folder = TempDir::new().unwrap();
    for (name, entries) in [("older", older), ("newer", newer)] {
        let mut force = Force::new();
        let mut range = CompactRange::new();
        for entry in entries {
            range.append(leaf_hash(entry)).unwrap();
        }
        let (note, _) = force.accept(&Checkpoint::of(force.origin(), &range), 500);
        write_files(&folder.path().join(name), &force.bundle(&Phone { entries: entries.to_vec(), note }));
        fs::write(folder.path().join("trust.toml"), force.trust().to_toml()).unwrap();
    }
    folder
}

fn diff(folder: &Path, more: &[&str]) -> std::process::Output {
    tool(folder, &[&["diff", "older", "newer", "--trust", "trust.toml"], more].concat())
}

#[test]
fn growth_rollback_and_fork_are_told_apart_by_words_and_exit_code() {
    let entries = Force::new().phone(6, 6).entries;
    let mut forked = entries.clone();
    forked.swap(2, 3);
    // The force log of these fixtures is made anew for each bundle, so it forks wherever the phone's log differs.
    let same = diff(two(&entries, &entries).path(), &[]);
    assert_eq!(code(&same), 0, "{}", text(&same));
    assert!(text(&same).contains("e1: the same"));
    let output = diff(two(&entries[..4], &entries).path(), &[]);
    assert!(text(&output).contains("e1: grown by 2 entries"), "{}", text(&output));
    let output = diff(two(&entries, &entries[..4]).path(), &[]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("ROLLED BACK: the last 2 entries are gone"));
    let output = diff(two(&entries, &forked).path(), &["--format", "json"]);
    assert_eq!(code(&output), 1);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "tampered");
    assert_eq!(json["logs"][1]["relation"], "forked");
    assert_eq!(json["logs"][1]["first_difference"], 2);
    assert_ne!(json["logs"][1]["older"]["root"], json["logs"][1]["newer"]["root"]);
}

#[test]
fn what_cannot_be_read_is_wrong_use_and_what_is_not_sound_is_incomplete() {
    let entries = Force::new().phone(3, 3).entries;
    let folder = two(&entries, &entries);
    fs::write(folder.path().join("newer/logs/e1/tile/entries/000.p/3"), b"x").unwrap();
    assert_eq!(code(&diff(folder.path(), &[])), 3);
    fs::remove_dir_all(folder.path().join("newer")).unwrap();
    assert_eq!(code(&diff(folder.path(), &[])), 2);
}
