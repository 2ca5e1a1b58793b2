//! The bundle: everything an outsider needs to check a force's record, in files.
//!
//! `manifest.note` is a signed note that names every other file with its SHA-256; each log lies under
//! `logs/<origin's last part>/` as `checkpoint` and tlog-tiles. A bundle never holds the keys that it is
//! checked with: those are the reader's [`Trust`]. No byte of a bundle is slack.

mod compare;
mod dates;
mod force;
mod logs;
mod manifest;
mod opening;
mod recipients;
mod report;
mod trust;
mod verify;

use std::collections::BTreeMap;

use crate::Origin;
use crate::checkpoint::Checkpoint;
use crate::note::{Ed25519Signer, MAX_NOTE_BYTES, NoteError, SignedNote};
use crate::tiles::{TileError, write_log};

pub use compare::{Comparison, LogRelation, Relation, Seen, compare};
pub use dates::{Beacon, Bounds};
pub use logs::Clocks;
pub use manifest::{MANIFEST_PATH, Manifest};
pub use opening::{Content, OpenedEntry};
pub use recipients::sealed_as_named;
pub use report::{Checked, Failure, MAX_FAILURES, NotChecked, Problem, Report, Verdict};
pub use trust::{RecipientPurpose, Trust, TrustError, TrustedLog, TrustedRecipient};
pub use verify::{VerifyOptions, verify};

/// The files of a bundle by their paths, which use `/` and are relative to its folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why a bundle was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A checkpoint that is not of its log's entries.
    #[error("make bundle: checkpoint and entries of a log disagree")]
    Log,
    /// Two logs of one folder, or a name that is no folder.
    #[error("make bundle: two logs have one folder")]
    Folder,
    /// More files than one manifest can name: see [`crate::note::MAX_NOTE_BYTES`].
    #[error("make bundle: more files than one manifest can name")]
    TooLarge,
    /// The signer is not the one that manifests are signed by.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The entries do not fit tiles.
    #[error(transparent)]
    Tile(#[from] TileError),
}

/// One log to put into a bundle.
#[derive(Debug, Clone)]
pub struct LogExport {
    /// Its checkpoint with every signature line that is to be shown: the log's own, the hardware's, the
    /// gateway's cosignature, the witnesses'.
    pub checkpoint: SignedNote,
    /// All its entries, as many as the checkpoint says.
    pub entries: Vec<Vec<u8>>,
}

/// The folder of a log in a bundle.
pub fn log_folder(origin: &Origin) -> String {
    format!("logs/{}", origin.last_part())
}

/// Makes the files of a bundle and signs their manifest.
///
/// `signer` must be named `<force domain>/peel/bundle`; `made_at_s` is seconds since 1970-01-01 UTC.
pub fn build(logs: &[LogExport], made_at_s: u64, signer: &Ed25519Signer) -> Result<Files, BundleError> {
    let mut files = Files::new();
    for log in logs {
        let checkpoint = Checkpoint::from_note(&log.checkpoint).map_err(|_| BundleError::Log)?;
        let folder = log_folder(&checkpoint.origin);
        if log.entries.len() as u64 != checkpoint.size {
            return Err(BundleError::Log);
        }
        let text = log.checkpoint.to_text().into_bytes();
        if files.insert(format!("{folder}/checkpoint"), text).is_some() {
            return Err(BundleError::Folder);
        }
        for (path, bytes) in write_log(&log.entries)? {
            files.insert(format!("{folder}/{path}"), bytes);
        }
    }
    let manifest = Manifest::of(signer.name(), made_at_s, &files);
    let mut note = SignedNote::new(manifest.note_text())?;
    note.attach(signer.sign(note.text())?)?;
    let text = note.to_text().into_bytes();
    // Nobody could read it: neither we nor the common Go implementation take a longer note.
    if text.len() > MAX_NOTE_BYTES {
        return Err(BundleError::TooLarge);
    }
    files.insert(MANIFEST_PATH.to_owned(), text);
    Ok(files)
}
