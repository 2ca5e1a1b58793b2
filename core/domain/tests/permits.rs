//! What no type forbids inside the core: who writes certificates could write a permit for themselves.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

use std::path::{Path, PathBuf};

/// The companion's sources, but for its own tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn s14_the_companion_signs_no_certificate_and_has_a_permit_only_from_the_workflow() {
    let companion = Path::new(env!("CARGO_MANIFEST_DIR")).join("../companion/src");
    let mut found = Vec::new();
    sources(&companion, &mut found);
    assert!(found.len() > 20, "the companion's sources are there");
    let texts: Vec<String> = found.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let count = |word: &str| texts.iter().map(|text| text.matches(word).count()).sum::<usize>();
    assert_eq!(count("sign_certificate"), 0, "an officer comes from the force's certificate");
    assert_eq!(count(".comparison_permit("), 1, "one way to a permit, on the alert that the phone holds");
    assert_eq!(count("AlertState::received("), 2, "an alert comes from the stream or from the store");
    let verified = || texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains("verify_certificate("));
    assert!(verified().count() > 0 && verified().all(|line| line.contains("&device.force_key")));
    assert_eq!(count("encode(&alert)"), 1, "S05: the whole alert is written once, and sealed there");
}
