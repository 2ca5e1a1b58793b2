//! The upload of the trail to the force's mirror, without a network: the caller carries requests and answers.
//!
//! Must never: take anything but a verified cosignature for a receipt, or skip an entry. Always: strictly by index;
//! what happened to a lost request is asked, never assumed; a receipt is durable before anybody relies on it.

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::{
    Action, AddCheckpoint, AddEntries, Asked, CONTENT_TYPE_ENTRIES, MirrorClient, MirrorError, MirrorReceipt, Package,
    ServerAnswer, Step, package_bounds,
};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::{Hash, Origin};

use crate::store::{Batch, Cosigned, Op, Store, StoreError};
use crate::trail::BEACON;

/// A request carries packages until it is so long, one at least: what is lost on a bad line is sent again.
const REQUEST_BYTES: usize = 1 << 20;

/// Why a request could not be made or a receipt not be kept. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log does not lead to the checkpoint that was signed.
    #[error(transparent)]
    Protocol(#[from] MirrorError),
    /// The mirror asks for entries that it had confirmed and whose bodies were pruned since: it lost them. The log
    /// cannot be brought over any more; [`loss_proof`] gives what shows whose loss it is.
    #[error("send entries again that the mirror had confirmed and lost")]
    Pruned {
        /// What the mirror asks for.
        from: u64,
        /// The first entry that still has a body.
        below: u64,
    },
}

/// Where a request goes, below the log's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `add-checkpoint` of C2SP tlog-witness.
    AddCheckpoint,
    /// `add-entries` of C2SP tlog-mirror.
    AddEntries,
}

impl Endpoint {
    /// The last part of the path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::AddCheckpoint => "add-checkpoint",
            Self::AddEntries => "add-entries",
        }
    }
}

/// A `POST` to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which answer it will be.
    pub asked: Asked,
    /// Where to.
    pub endpoint: Endpoint,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// The upload of one signed checkpoint.
#[derive(Debug, Clone)]
pub struct Upload {
    checkpoint: Checkpoint,
    note: SignedNote,
    client: MirrorClient,
}

impl Upload {
    /// Begins. The checkpoint is signed; `mirror` is the key whose cosignature counts; `confirmed` is the size of the
    /// last receipt, or 0.
    pub fn new(checkpoint: Checkpoint, note: SignedNote, mirror: VerifierKey, confirmed: u64) -> Self {
        let client = MirrorClient::new(checkpoint.clone(), mirror, confirmed);
        Self { checkpoint, note, client }
    }

    /// What to do first.
    pub const fn begin(&self) -> Action {
        self.client.begin()
    }

    /// Takes an answer and says what to do next.
    pub fn answered(&mut self, asked: Asked, answer: ServerAnswer<'_>) -> Step {
        self.client.answered(asked, answer)
    }

    /// The request that an action asks for; an action that is no request of its own asks where the mirror stands.
    /// Blocks on the store.
    pub fn request(&self, store: &Store, action: &Action) -> Result<Request, UploadError> {
        match action {
            Action::SendCheckpoint { old_size } => {
                let message = AddCheckpoint::build(*old_size, self.note.clone(), store)?;
                Ok(Request {
                    asked: Asked::Checkpoint { old_size: *old_size },
                    endpoint: Endpoint::AddCheckpoint,
                    content_type: CONTENT_TYPE_ENTRIES,
                    body: message.encode(),
                })
            }
            Action::SendEntries { start, end, ticket, max_packages } => {
                self.entries(store, (*start, *end), ticket.clone(), *max_packages)
            }
            _ => self.message(Asked::State, (0, 0), Vec::new(), Vec::new()),
        }
    }

    fn entries(
        &self,
        store: &Store,
        (start, end): (u64, u64),
        ticket: Vec<u8>,
        max_packages: u64,
    ) -> Result<Request, UploadError> {
        let below = store.pruned()?;
        if start < below.min(end) {
            return Err(UploadError::Pruned { from: start, below });
        }
        let mut read = Vec::new();
        let mut bytes = 0;
        for (from, to) in package_bounds(start, end).take(usize::try_from(max_packages).unwrap_or(1)) {
            let entries = store.entries(from, to - from)?;
            if u64::try_from(entries.len()).ok() != Some(to - from) {
                return Err(StoreError::Damaged.into());
            }
            bytes += entries.iter().map(Vec::len).sum::<usize>();
            read.push((from, entries));
            if bytes >= REQUEST_BYTES {
                break;
            }
        }
        let mut packages = Vec::with_capacity(read.len());
        for (from, entries) in &read {
            packages.push(Package::build(*from, entries.iter().map(Vec::as_slice).collect(), end, store)?);
        }
        self.message(Asked::Entries { start }, (start, end), ticket, packages)
    }

    fn message(
        &self,
        asked: Asked,
        (start, end): (u64, u64),
        ticket: Vec<u8>,
        packages: Vec<Package<'_>>,
    ) -> Result<Request, UploadError> {
        let origin = self.checkpoint.origin.clone();
        let partial = packages.last().map_or(start, |package| package.end) < end;
        let message = AddEntries { origin, upload_start: start, upload_end: end, ticket, packages, partial };
        let (endpoint, content_type) = (Endpoint::AddEntries, CONTENT_TYPE_ENTRIES);
        Ok(Request { asked, endpoint, content_type, body: message.encode()? })
    }
}

/// Makes a verified cosignature and its beacon durable, together. `wall_ms` is the phone's wall clock.
pub fn keep_receipt(store: &Store, receipt: &MirrorReceipt, wall_ms: i64) -> Result<(), StoreError> {
    let Checkpoint { size, root, .. } = &receipt.checkpoint;
    let (root, note) = (root.to_bytes(), receipt.signature_lines.clone());
    let stated_ms = i64::try_from(receipt.cosigned_at_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let mut batch = Batch::new();
    batch.push(Op::Cosigned { size: *size, root, note, stated_ms, wall_ms });
    batch.push(Op::Put(BEACON, receipt.beacon.to_bytes().to_vec()));
    store.commit(batch)
}

/// Notes that the mirror lost what it had confirmed above `holds`: nothing of that is pruned until it has been confirmed
/// again for as long as the rule asks.
pub fn keep_loss(store: &Store, holds: u64) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.push(Op::MirrorLost(holds));
    store.commit(batch)
}

/// The mirror's own signature over entries that it says it does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossProof {
    /// What it had confirmed.
    pub checkpoint: Checkpoint,
    /// Its signature lines over it.
    pub signature_lines: String,
}

impl LossProof {
    /// The checkpoint and the mirror's lines as one signed note, which any verifier of notes reads.
    pub fn note_text(&self) -> String {
        format!("{}\n{}", self.checkpoint.note_text(), self.signature_lines)
    }

    /// Checks it as the receipt that it was.
    ///
    /// # Errors
    /// [`MirrorError`] when the lines are not the mirror's over this checkpoint.
    pub fn verify(&self, mirror: &VerifierKey) -> Result<MirrorReceipt, MirrorError> {
        MirrorReceipt::verify(self.signature_lines.as_bytes(), &self.checkpoint, mirror)
    }
}

/// What shows that the mirror once confirmed the entry at `index` of the log `origin`; `None` if it never did.
pub fn loss_proof(store: &Store, origin: &Origin, index: u64) -> Result<Option<LossProof>, StoreError> {
    Ok(store.cosignature_over(index)?.map(|Cosigned { size, root, note }| LossProof {
        checkpoint: Checkpoint { origin: origin.clone(), size, root: Hash::new(root) },
        signature_lines: note,
    }))
}

#[cfg(test)]
mod tests;
