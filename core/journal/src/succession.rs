//! The end of a log whose keys are lost, and the beginning of the next.
//!
//! Nothing signs the old log any more, so the mirror takes nothing more of it: what it has not confirmed, or lost since, is
//! written into the next log. Must never: let an entry go before it stands in the next log and the mirror has confirmed it there for
//! as long as it keeps backups. Always: the old log ends and the next begins in one transaction.

use peel_ledger::Origin;
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::succession::LogEnd;
use peel_ledger::tree::{CompactRange, Nodes as _};
use rand_core::CryptoRng;

use crate::store::{Batch, Op, Store};
use crate::trail::{Committed, Item, Trail, TrailError};
use crate::upload::{LossProof, loss_proof};

/// What a log leaves to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estate {
    /// How it ended.
    pub end: LogEnd,
    /// The last checkpoint that its keys signed, as a note.
    pub signed: Option<String>,
    /// What the mirror confirmed of it, in its own words; also of what it lost since.
    pub receipt: Option<LossProof>,
    /// The entries that the mirror has not confirmed or has lost since, in order. What was pruned cannot be among them.
    pub entries: Vec<Vec<u8>>,
}

/// Reads what the log in `store` leaves.
///
/// # Errors
/// [`TrailError`] when the store does not hold what it must.
pub fn estate(store: &Store, trail: &Trail) -> Result<Estate, TrailError> {
    let (present, confirmed) = (trail.checkpoint(), store.cosigned_size()?);
    let from = store.held_size()?.max(store.pruned()?);
    let entries = store.entries(from, present.size.saturating_sub(from))?;
    let end = LogEnd { origin: present.origin, size: present.size, root: present.root, confirmed: range(store, from)? };
    let receipt = confirmed.checked_sub(1).map(|last| loss_proof(store, &end.origin, last)).transpose()?.flatten();
    Ok(Estate { end, signed: store.last_note()?, receipt, entries })
}

/// The compact range over the first `size` leaves.
fn range(store: &Store, size: u64) -> Result<CompactRange, TrailError> {
    let mut roots = Vec::new();
    let mut from = 0;
    for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
        roots.push(store.node(level, from >> level)?);
        from += 1 << level;
    }
    Ok(CompactRange::from_parts(size, roots)?)
}

impl Trail {
    /// Ends this log and begins `origin` with `items`, which say how this one ended and carry what the mirror does not
    /// have of it, all in one transaction with `batch`. The old log's entries stay in the store until the mirror has
    /// confirmed the new ones, and for as long after it as [`Store::prune`] is told to keep them.
    ///
    /// # Errors
    /// [`TrailError::SameLog`] when the new log is the old one. When it fails, nothing has happened.
    pub fn succeed(
        &self,
        store: &Store,
        (origin, signer): (Origin, Ed25519Signer),
        recipients: Vec<RecipientPublicKey>,
        items: &[Item],
        mut batch: Batch,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Committed), TrailError> {
        if origin == *self.origin() {
            return Err(TrailError::SameLog);
        }
        let carried = u64::try_from(items.len()).unwrap_or(u64::MAX);
        batch.push(Op::Retire { origin: self.origin().to_string(), carried });
        let mut next = self.begin(origin, signer, recipients);
        let committed = next.append(store, items, batch, None, rng)?;
        Ok((next, committed))
    }
}

#[cfg(test)]
mod tests;
