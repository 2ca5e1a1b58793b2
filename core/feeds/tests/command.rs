//! `cargo klv`: what it says about a file that it cannot show.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a failure here is a failed test")]

use std::process::{Command, Output};

fn klv(file: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-klv")).arg(file).output().unwrap()
}

fn refusal(file: &std::path::Path) -> String {
    let output = klv(file);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains(file.to_str().unwrap()), "{said}");
    said
}

#[test]
fn a_file_that_is_not_there_and_one_that_is_no_stream_are_told_apart() {
    let folder = std::env::temp_dir().join(format!("peel-klv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(refusal(&folder.join("absent.ts")).contains("the file given as FILE.ts: entity not found"));
    let file = folder.join("notes.ts");
    for content in [Vec::new(), b"meet me on the high street".to_vec(), vec![0; 4096]] {
        std::fs::write(&file, content).unwrap();
        assert!(refusal(&file).contains("it is not an MPEG transport stream"));
    }
    // A stream without any metadata is one.
    let mut packet = [0xFF; 188];
    packet[..4].copy_from_slice(&[0x47, 0x1F, 0xFF, 0x10]);
    std::fs::write(&file, packet.repeat(8)).unwrap();
    assert_eq!(klv(&file).status.code(), Some(1));
    std::fs::remove_dir_all(&folder).unwrap();
}
