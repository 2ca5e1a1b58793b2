//! The mirror protocol between phone and gateway: C2SP tlog-mirror, and tlog-witness's `add-checkpoint`.
//!
//! The published text is still settling. This module is the only place that knows its bytes, and
//! [`MIRROR_VERSION`] names the state of the text that they follow. It holds the codec, the gateway's
//! side as a pure state machine ([`MirrorState`]) and the phone's side as another ([`MirrorClient`]).
//!
//! What always holds: an entry is accepted only when its package's proof leads to a checkpoint that the
//! device signed; what is accepted is a prefix; a 200 reply means "durably logged" and is sent only
//! after the commit.
//!
//! Where the text leaves a choice, it is made so:
//! - `upload_end` must be the size of the present pending checkpoint; older ones get a 409, tickets are
//!   empty and received tickets are only handed back.
//! - Packages that lie wholly below the next entry are skipped by position without reading their proof;
//!   they count as received, so a request of nothing else gets a 202 with the next entry, not a 400.
//! - Entries of a package that lie below the next entry are skipped by position; the package's proof is
//!   checked with the leaves that are held.
//! - Before any checkpoint is known, a 409 says size 0, next entry 0.
//! - The reply to a completed upload that is asked for again is the stored reply, byte for byte: its
//!   [`beacon`] is a leaf of the force log and must stay one value.

mod client;
mod codec;
mod server;

use crate::checkpoint::Checkpoint;
use crate::note::{NoteError, SignatureLine, SignedNote, VerifierKey};
use crate::{Hash, Origin};

pub use client::{Action, Alarm, Asked, MirrorClient, Notice, ServerAnswer, Step};
pub use codec::{AddCheckpoint, AddEntries, MirrorInfo, Package, package_bounds};
pub use server::{AcceptedEntry, AddCheckpointRefusal, AddEntriesOutcome, AddEntriesReply, MirrorState};

/// The state of the C2SP text that this module follows: subtree proofs, prefix uploads, mirror-info.
pub const MIRROR_VERSION: &str = "c2sp tlog-mirror, text of mid 2026";
/// Entries in a whole package, and the alignment of packages.
pub const PACKAGE_ENTRIES: u64 = 256;
/// The most packages in one `add-entries` request.
pub const MAX_PACKAGES: u64 = 32;
/// The most bytes in one `add-entries` request: one package of the longest entries, and some room.
pub const MAX_ADD_ENTRIES_BYTES: usize = 17 * 1024 * 1024;
/// The most bytes in one `add-checkpoint` request.
pub const MAX_ADD_CHECKPOINT_BYTES: usize = 64 * 1024;
/// The longest ticket, in bytes.
pub const MAX_TICKET_BYTES: usize = 4096;
/// Content type of an `add-entries` request.
pub const CONTENT_TYPE_ENTRIES: &str = "application/octet-stream";
/// Content type of the 202 and 409 replies to `add-entries`.
pub const CONTENT_TYPE_INFO: &str = "text/x.tlog.mirror-info";
/// Content type of the 409 reply to `add-checkpoint`.
pub const CONTENT_TYPE_SIZE: &str = "text/x.tlog.size";

/// Why bytes of the protocol, or a mirror's answer, were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// Not the message expected.
    #[error("read mirror message: not in the form of the protocol")]
    Malformed,
    /// Longer than the limits of this module.
    #[error("read mirror message: too long")]
    TooLong,
    /// The note in it was refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The tree refused.
    #[error(transparent)]
    Tree(#[from] crate::tree::TreeError),
    /// The stored parts of a mirror do not belong together.
    #[error("read mirror state: parts disagree")]
    State,
}

/// The beacon that a 200 reply to `add-entries` carries: SHA-256 over its signature lines.
///
/// The lines hold a fresh signature with a time, so nobody can know the beacon earlier. It is field 5's
/// fourth element of the entries that the phone writes afterwards, and the last element of the
/// checkpoint's leaf in the force log: that is how an outsider finds its time.
pub fn beacon(signature_lines: &str) -> Hash {
    Hash::of(&[signature_lines.as_bytes()])
}

/// A mirror's statement that a checkpoint is durably logged, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorReceipt {
    /// What was logged.
    pub checkpoint: Checkpoint,
    /// The reply's signature lines, to be stored.
    pub signature_lines: String,
    /// When the mirror signed, in seconds since 1970-01-01 UTC.
    pub cosigned_at_s: u64,
    /// The beacon to write into the entries that follow.
    pub beacon: Hash,
}

impl MirrorReceipt {
    /// Verifies the body of a 200 reply against the checkpoint that was uploaded and the mirror's key.
    pub fn verify(body: &[u8], checkpoint: &Checkpoint, mirror: &VerifierKey) -> Result<Self, MirrorError> {
        let lines = std::str::from_utf8(body).map_err(|_| MirrorError::Malformed)?;
        let mut note = checkpoint.to_note()?;
        for line in SignatureLine::parse_lines(lines)? {
            note.attach(line)?;
        }
        if note.signature_lines() != lines {
            return Err(MirrorError::Malformed);
        }
        let verified = note.verify(std::slice::from_ref(mirror))?;
        let cosigned_at_s = verified.iter().find_map(|line| line.cosigned_at_s).ok_or(NoteError::Signature)?;
        Ok(Self {
            checkpoint: checkpoint.clone(),
            signature_lines: lines.to_owned(),
            cosigned_at_s,
            beacon: beacon(lines),
        })
    }
}

/// The checkpoint and origin in a note, which must agree with `origin`.
fn checkpoint_of(note: &SignedNote, origin: &Origin) -> Result<Checkpoint, MirrorError> {
    let checkpoint = Checkpoint::from_note(note).map_err(|_| MirrorError::Malformed)?;
    if checkpoint.origin == *origin { Ok(checkpoint) } else { Err(MirrorError::Malformed) }
}

#[cfg(test)]
mod tests;
