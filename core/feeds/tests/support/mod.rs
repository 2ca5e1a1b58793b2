//! What the tests of this crate share: where the shared data are, and how to say that they are absent.

use std::fs;
use std::path::PathBuf;

/// The bytes of a file of the shared data, or nothing, said so.
pub(crate) fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("PEEL_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")), PathBuf::from);
    let bytes = fs::read(root.join(path)).ok();
    if bytes.is_none() {
        println!("not run: shared data absent ({path})");
    }
    bytes
}
