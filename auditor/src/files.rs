//! Reads a bundle's folder into memory.
//!
//! Follows no link, takes no file that is not a plain file, and stops at a bounded size.

use std::fs;
use std::path::Path;

use peel_ledger::bundle::Files;

use crate::error::AuditError;

/// The most bytes that a bundle may have in all.
const MAX_BUNDLE_BYTES: u64 = 4 << 30;
/// The deepest folder: `logs/<name>/tile/<level>/x000/x000/x000/...`.
const MAX_DEPTH: usize = 16;

/// All files under `folder`, by their paths relative to it with `/`.
pub(crate) fn read_bundle(folder: &Path) -> Result<Files, AuditError> {
    let mut reader = Reader { files: Files::new(), bytes: 0 };
    reader.folder(folder, "", 0)?;
    Ok(reader.files)
}

struct Reader {
    files: Files,
    bytes: u64,
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
            if kind.is_dir() {
                self.folder(&item.path(), &path, depth + 1)?;
            } else if kind.is_file() {
                self.bytes += item.metadata().map_err(|_| AuditError::BundleUnreadable)?.len();
                if self.bytes > MAX_BUNDLE_BYTES {
                    return Err(AuditError::BundleTooLarge);
                }
                let bytes = fs::read(item.path()).map_err(|_| AuditError::BundleUnreadable)?;
                self.files.insert(path, bytes);
            } else {
                return Err(AuditError::BundleNotPlain);
            }
        }
        Ok(())
    }
}
