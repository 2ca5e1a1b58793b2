//! The gateway's side: what a mirror holds of one log, and what a request makes of it.
//!
//! Nothing here is durable: the caller commits the accepted entries and the new state in one
//! transaction, and only then signs and replies. A refused request changes nothing.

use super::{AddCheckpoint, AddEntries, MirrorError, MirrorInfo, PACKAGE_ENTRIES, Package, checkpoint_of};
use crate::checkpoint::Checkpoint;
use crate::note::{SignedNote, VerifierKey};
use crate::tree::{CompactRange, TreeError, leaf_hash, verify_consistency, verify_subtree};
use crate::{Hash, Origin};

/// What the mirror holds of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorState {
    origin: Origin,
    pending: Option<(Checkpoint, SignedNote)>,
    /// The range over the entries held: its size is the next entry.
    held: CompactRange,
    /// The size of the last checkpoint that was cosigned.
    mirrored_size: u64,
}

/// Why `add-checkpoint` was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointRefusal {
    /// 400: the old size is above the checkpoint's, or another log's checkpoint.
    #[error("add checkpoint: old size above the checkpoint's")]
    Malformed,
    /// 403: not signed by the log's own key, or a known key's line does not verify.
    #[error("add checkpoint: not signed by the log")]
    Unsigned,
    /// 409: the mirror's pending checkpoint has another size; the body says which.
    #[error("add checkpoint: old size is not the pending checkpoint's")]
    Conflict {
        /// The pending checkpoint's size.
        size: u64,
    },
    /// 409: the log signed another root for the size that is held. Keep the note: it is evidence.
    #[error("add checkpoint: the log signed another root for this size")]
    Fork {
        /// The size signed twice.
        size: u64,
    },
    /// 422: the proof does not lead from the pending checkpoint to this one.
    #[error("add checkpoint: consistency proof does not verify")]
    Proof,
}

impl AddCheckpointRefusal {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unsigned => 403,
            Self::Conflict { .. } | Self::Fork { .. } => 409,
            Self::Proof => 422,
        }
    }

    /// The body of a 409 (`text/x.tlog.size`).
    pub fn conflict_body(self) -> Option<String> {
        match self {
            Self::Conflict { size } | Self::Fork { size } => Some(format!("{size}\n")),
            _ => None,
        }
    }
}

/// An entry whose place in the device's log is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEntry {
    /// Its index.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How to answer an `add-entries` request, after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddEntriesReply {
    /// 200: everything up to the pending checkpoint is held. Cosign it, store the lines, reply with them.
    Complete(Checkpoint),
    /// 202: some of it is held; continue at the next entry.
    Accepted(MirrorInfo),
    /// 409: the interval does not fit what is held.
    Conflict(MirrorInfo),
    /// 422: a package's proof does not verify; what came before it is kept.
    Unprocessable,
    /// 400: not one whole package in the body.
    Malformed,
}

impl AddEntriesReply {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Complete(_) => 200,
            Self::Accepted(_) => 202,
            Self::Malformed => 400,
            Self::Conflict(_) => 409,
            Self::Unprocessable => 422,
        }
    }
}

/// What an `add-entries` request makes of the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddEntriesOutcome {
    /// Entries to store, in order, from the old next entry on.
    pub accepted: Vec<AcceptedEntry>,
    /// The state to store with them.
    pub state: MirrorState,
    /// The reply, once both are stored.
    pub reply: AddEntriesReply,
}

impl MirrorState {
    /// A mirror that holds nothing of a log yet.
    pub const fn new(origin: Origin) -> Self {
        Self { origin, pending: None, held: CompactRange::new(), mirrored_size: 0 }
    }

    /// Puts a state together from storage; parts that contradict each other are refused.
    pub fn from_parts(
        origin: Origin,
        pending: Option<SignedNote>,
        held: CompactRange,
        mirrored_size: u64,
    ) -> Result<Self, MirrorError> {
        let pending = pending.map(|note| Ok::<_, MirrorError>((checkpoint_of(&note, &origin)?, note))).transpose()?;
        let pending_size = pending.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        if mirrored_size > held.size() || held.size() > pending_size {
            return Err(MirrorError::State);
        }
        Ok(Self { origin, pending, held, mirrored_size })
    }

    /// Which log.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The pending checkpoint.
    pub fn pending(&self) -> Option<&Checkpoint> {
        self.pending.as_ref().map(|(checkpoint, _)| checkpoint)
    }

    /// The pending checkpoint's note, with the log's own signature lines.
    pub fn pending_note(&self) -> Option<&SignedNote> {
        self.pending.as_ref().map(|(_, note)| note)
    }

    /// The size of the pending checkpoint, 0 before the first.
    pub fn pending_size(&self) -> u64 {
        self.pending().map_or(0, |checkpoint| checkpoint.size)
    }

    /// The first entry that is not held.
    pub const fn next_entry(&self) -> u64 {
        self.held.size()
    }

    /// The compact range over the entries held.
    pub const fn held(&self) -> &CompactRange {
        &self.held
    }

    /// The size of the last checkpoint that was cosigned.
    pub const fn mirrored_size(&self) -> u64 {
        self.mirrored_size
    }

    /// What 202 and 409 replies say.
    pub fn info(&self) -> MirrorInfo {
        MirrorInfo { tree_size: self.pending_size(), next_entry: self.next_entry(), ticket: Vec::new() }
    }

    /// Handles `add-checkpoint`. `log_key` is the log's Ed25519 key and must have signed; lines by
    /// `other_keys` (the hardware key) must verify if present. Lines by other keys are not kept: a reader of
    /// the log takes none. The state in the result is to be stored
    /// by compare-and-swap before the reply (200, empty body).
    pub fn add_checkpoint(
        &self,
        request: &AddCheckpoint,
        log_key: &VerifierKey,
        other_keys: &[VerifierKey],
    ) -> Result<Self, AddCheckpointRefusal> {
        let new = &request.checkpoint;
        if new.origin != self.origin || log_key.name() != self.origin.as_str() {
            return Err(AddCheckpointRefusal::Malformed);
        }
        let mut keys = vec![log_key.clone()];
        keys.extend_from_slice(other_keys);
        let (note, verified) = request.note.keep_verified(&keys).map_err(|_| AddCheckpointRefusal::Unsigned)?;
        let by_log = |line: &crate::note::VerifiedSignature| line.key_id == log_key.key_id();
        if !verified.iter().any(by_log) {
            return Err(AddCheckpointRefusal::Unsigned);
        }
        if request.old_size > new.size {
            return Err(AddCheckpointRefusal::Malformed);
        }
        let size = self.pending_size();
        if let Some(held) = self.pending().filter(|held| held.size == new.size && held.root != new.root) {
            return Err(AddCheckpointRefusal::Fork { size: held.size });
        }
        if request.old_size != size {
            return Err(AddCheckpointRefusal::Conflict { size });
        }
        let old_root = self.pending().map_or_else(crate::tree::empty_root, |held| held.root);
        verify_consistency(size, new.size, &old_root, &request.proof, &new.root)
            .map_err(|_| AddCheckpointRefusal::Proof)?;
        let mut state = self.clone();
        state.pending = Some((new.clone(), note));
        Ok(state)
    }

    /// Handles `add-entries`; see [`AddEntriesOutcome`] for what to do with the result.
    ///
    /// # Errors
    /// [`MirrorError::State`] if what is held does not lead to the pending checkpoint although every
    /// package was proved: the store is damaged, and nothing may be signed.
    pub fn add_entries(&self, request: &AddEntries<'_>) -> Result<AddEntriesOutcome, MirrorError> {
        let mut outcome = AddEntriesOutcome {
            accepted: Vec::new(),
            state: self.clone(),
            reply: AddEntriesReply::Conflict(self.info()),
        };
        let Some(pending) = self.pending() else { return Ok(outcome) };
        let fits = request.origin == self.origin
            && request.upload_end == pending.size
            && request.upload_start <= self.next_entry();
        if !fits {
            return Ok(outcome);
        }
        for package in &request.packages {
            if package.end <= outcome.state.next_entry() {
                continue;
            }
            let Ok((range, mut accepted)) = outcome.state.verify_package(package, pending) else {
                outcome.reply = AddEntriesReply::Unprocessable;
                return Ok(outcome);
            };
            outcome.state.held = range;
            outcome.accepted.append(&mut accepted);
        }
        if outcome.state.next_entry() == pending.size {
            if outcome.state.held.root() != pending.root {
                return Err(MirrorError::State);
            }
            outcome.state.mirrored_size = pending.size;
            outcome.reply = AddEntriesReply::Complete(pending.clone());
        } else if request.packages.is_empty() {
            outcome.reply = AddEntriesReply::Malformed;
        } else {
            outcome.reply = AddEntriesReply::Accepted(outcome.state.info());
        }
        Ok(outcome)
    }

    /// Proves one package against the pending checkpoint; gives the range with it and its new entries.
    fn verify_package(
        &self,
        package: &Package<'_>,
        pending: &Checkpoint,
    ) -> Result<(CompactRange, Vec<AcceptedEntry>), TreeError> {
        let rounded = package.start / PACKAGE_ENTRIES * PACKAGE_ENTRIES;
        let mut range = self.held.clone();
        let mut subtree = range.tail(rounded)?;
        let skip = range.size().checked_sub(package.start).ok_or(TreeError::Range)?;
        let skip = usize::try_from(skip).map_err(|_| TreeError::Range)?;
        let mut accepted = Vec::with_capacity(package.entries.len());
        for entry in package.entries.iter().skip(skip) {
            let leaf = leaf_hash(entry);
            accepted.push(AcceptedEntry { index: range.size(), leaf, bytes: entry.to_vec() });
            range.append(leaf)?;
            subtree.append(leaf)?;
        }
        if range.size() != package.end {
            return Err(TreeError::Range);
        }
        verify_subtree(rounded, package.end, pending.size, &subtree.root(), &package.proof, &pending.root)?;
        Ok((range, accepted))
    }
}
