//! `verify`: what a sound bundle gives, and what does not pass.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fixture::{ENROLMENT, audit, code, errors, shift, text, written};

#[test]
fn a_sound_bundle_is_good_in_text_and_json() {
    let folder = written(&shift());
    let unopened = audit(folder.path(), &[]);
    assert_eq!(code(&unopened), 0, "{}", text(&unopened));
    assert!(text(&unopened).contains("GOOD"));
    assert!(text(&unopened).contains("no key given to open them"));
    let verdict = text(&unopened).lines().last().unwrap().to_owned();
    for outside in ["outside witnesses", "no earlier checkpoint given", "no key given"] {
        assert!(verdict.starts_with("GOOD") && verdict.contains(outside), "{verdict}");
    }
    let opened = audit(folder.path(), &["--open", "key"]);
    assert_eq!(code(&opened), 0, "{}", text(&opened));
    assert!(text(&opened).contains("decided: engage, signed by the officer"));
    assert!(text(&opened).contains("no_decision"));
    let json = audit(folder.path(), &["--open", "key", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["verdict"], "good");
    assert_eq!(json["trail"]["alerts"][1]["end"], "no_decision");
    assert_eq!(json["trail"]["shifts"][0]["ended"], 1);
}

#[test]
fn without_a_word_about_witnesses_nothing_is_good() {
    let folder = written(&shift());
    let path = folder.path().join("trust.toml");
    let said = fs::read_to_string(&path).unwrap();
    fs::write(&path, said.replace("without_witnesses = \"a test\"\n", "")).unwrap();
    let output = audit(folder.path(), &[]);
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("outside witnesses: the trust file asks for none and does not say why"));
}

#[test]
fn a_log_is_named_once_in_full_and_then_in_short() {
    let folder = written(&shift());
    let output = text(&audit(folder.path(), &["--open", "key"]));
    assert!(output.contains("phone 1 = ") && output.contains("\n  phone 1: alert 1 "), "{output}");
    let full = output.lines().find_map(|line| line.strip_prefix("phone 1 = ")).unwrap();
    assert!(full.ends_with(&format!("/peel/device/{ENROLMENT}")));
    assert_eq!(output.matches(full).count(), 1, "{output}");
}

#[test]
fn a_folder_without_a_bundle_is_wrong_use_and_a_bundle_without_its_manifest_is_tampered() {
    let folder = written(&shift()[..2]);
    let verify = |path: &str| crate::fixture::tool(folder.path(), &["verify", path, "--trust", "trust.toml"]);
    fs::create_dir_all(folder.path().join("empty")).unwrap();
    for (path, words) in [(".", "but in a folder inside"), ("empty", "no bundle here (no manifest.note)"), ("gone", "")]
    {
        let output = verify(path);
        assert_eq!(code(&output), 2, "{path}: {}", text(&output));
        assert!(errors(&output).contains(words), "{}", errors(&output));
    }
    fs::remove_file(folder.path().join("bundle/manifest.note")).unwrap();
    assert_eq!(code(&verify("bundle")), 1);
}

#[test]
fn every_changed_byte_of_every_file_is_tampered() {
    let folder = written(&shift()[..2]);
    let bundle = folder.path().join("bundle");
    let mut paths = Vec::new();
    list(&bundle, &mut paths);
    assert!(paths.len() >= 7);
    for path in paths {
        let sound = fs::read(&path).unwrap();
        // Starting a process costs more than the check: sample a long file, and take its ends.
        let step = (sound.len() / 24).max(1);
        for at in (0..sound.len()).step_by(step).chain([sound.len() - 1]) {
            let mut changed = sound.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, changed).unwrap();
            assert_eq!(code(&audit(folder.path(), &[])), 1, "byte {at} of {}", path.display());
        }
        fs::write(&path, sound).unwrap();
    }
    assert_eq!(code(&audit(folder.path(), &[])), 0);
}

fn list(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { list(&path, paths) } else { paths.push(path) }
    }
}

#[test]
fn a_file_more_or_a_link_is_tampered() {
    let folder = written(&shift()[..2]);
    let extra = folder.path().join("bundle/extra");
    fs::write(&extra, b"").unwrap();
    assert_eq!(code(&audit(folder.path(), &[])), 1);
    fs::remove_file(&extra).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("manifest.note", &extra).unwrap();
        assert_eq!(code(&audit(folder.path(), &[])), 1);
    }
}

#[test]
fn wrong_use_is_told_apart() {
    let folder = written(&shift()[..1]);
    fs::write(folder.path().join("trust.toml"), "nonsense").unwrap();
    assert_eq!(code(&audit(folder.path(), &[])), 2);
    let none = Command::new(env!("CARGO_BIN_EXE_peel-audit")).output().unwrap();
    assert_eq!(code(&none), 2);
    let help = Command::new(env!("CARGO_BIN_EXE_peel-audit")).args(["verify", "--help"]).output().unwrap();
    assert_eq!(code(&help), 0);
    assert!(text(&help).contains("--open"));
}

#[test]
fn a_reader_who_goes_away_does_not_change_the_exit_code_to_good() {
    let folder = written(&shift());
    let mut child = Command::new(env!("CARGO_BIN_EXE_peel-audit"))
        .current_dir(folder.path())
        .args(["verify", "bundle", "--trust", "trust.toml"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let code = child.wait().unwrap().code().unwrap();
    assert!(code == 0 || code == 2, "{code}");
}

#[test]
fn a_file_name_cannot_steer_the_terminal() {
    let folder = written(&shift()[..2]);
    fs::write(folder.path().join("bundle/\u{1b}[2Jgood"), b"").unwrap();
    let output = audit(folder.path(), &[]);
    assert_eq!(code(&output), 1);
    assert!(!text(&output).contains('\u{1b}') && text(&output).contains("[2Jgood"));
}

#[test]
fn the_checkpoint_of_the_last_visit_is_compared() {
    let folder = written(&shift()[..2]);
    fs::copy(folder.path().join("bundle/logs/log/checkpoint"), folder.path().join("seen")).unwrap();
    let output = audit(folder.path(), &["--since", "seen"]);
    assert_eq!(code(&output), 0);
    assert!(text(&output).contains("continues the checkpoint seen before"));
    // Another history of the same force, shown today: the older visit was of a longer one.
    let longer = written(&shift());
    fs::copy(longer.path().join("bundle/logs/log/checkpoint"), folder.path().join("seen")).unwrap();
    assert_eq!(code(&audit(folder.path(), &["--since", "seen"])), 1);
    fs::write(folder.path().join("seen"), "not a checkpoint").unwrap();
    let output = audit(folder.path(), &["--since", "seen"]);
    assert_eq!(code(&output), 2);
    assert!(errors(&output).contains("last visit"));
}
