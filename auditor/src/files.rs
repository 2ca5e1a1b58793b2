//! Reads a bundle's folder into memory.
//!
//! Follows no link, takes no file that is not a plain file, and stops at a bounded size.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use peel_ledger::bundle::{Files, MANIFEST_PATH};

use crate::error::AuditError;

/// The most bytes that a bundle may have in all.
const MAX_BUNDLE_BYTES: u64 = 4 << 30;
/// The most files and folders that a bundle may have in all.
const MAX_ITEMS: usize = 1 << 20;
/// The deepest folder: `logs/<name>/tile/<level>/x000/x000/x000/...`.
const MAX_DEPTH: usize = 16;

/// All files under `folder`, by their paths relative to it with `/`.
pub(crate) fn read_bundle(folder: &Path) -> Result<Files, AuditError> {
    is_a_bundle(folder)?;
    let mut reader = Reader { files: Files::new(), bytes: 0, items: 0 };
    reader.folder(folder, "", 0)?;
    Ok(reader.files)
}

/// Tells a mistyped path from a bundle whose manifest was taken away: that one still has its logs.
fn is_a_bundle(folder: &Path) -> Result<(), AuditError> {
    let holds = |folder: &Path, name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
    if holds(folder, MANIFEST_PATH) || holds(folder, "logs") {
        return Ok(());
    }
    let mut items = fs::read_dir(folder).map_err(|_| AuditError::BundleUnreadable)?.flatten();
    let inside = items.any(|item| holds(&item.path(), MANIFEST_PATH));
    Err(if inside { AuditError::BundleInside } else { AuditError::NoBundle })
}

struct Reader {
    files: Files,
    bytes: u64,
    items: usize,
}

impl Reader {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), AuditError> {
        if depth > MAX_DEPTH {
            return Err(AuditError::BundleNotPlain);
        }
        for item in fs::read_dir(folder).map_err(|_| AuditError::BundleUnreadable)? {
            let item = item.map_err(|_| AuditError::BundleUnreadable)?;
            let name = item.file_name().into_string().map_err(|_| AuditError::BundleNotPlain)?;
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = item.file_type().map_err(|_| AuditError::BundleUnreadable)?;
            self.items += 1;
            if self.items > MAX_ITEMS {
                return Err(AuditError::BundleTooLarge);
            }
            if kind.is_dir() {
                self.folder(&item.path(), &path, depth + 1)?;
            } else if kind.is_file() {
                let bytes = self.file(&item.path())?;
                self.files.insert(path, bytes);
            } else {
                return Err(AuditError::BundleNotPlain);
            }
        }
        Ok(())
    }

    /// A file's bytes; one that grows while it is read, or says less than it holds, stops at the limit too.
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, AuditError> {
        let left = MAX_BUNDLE_BYTES - self.bytes;
        let file = File::open(path).map_err(|_| AuditError::BundleUnreadable)?;
        if file.metadata().map_err(|_| AuditError::BundleUnreadable)?.len() > left {
            return Err(AuditError::BundleTooLarge);
        }
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(|_| AuditError::BundleUnreadable)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_BUNDLE_BYTES { Err(AuditError::BundleTooLarge) } else { Ok(bytes) }
    }
}
