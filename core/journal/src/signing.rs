//! Signatures over the trail's tree.
//!
//! Must never: let a signature out before its intent is durable. Always: the software key's line is there, so that
//! every verifier can read the checkpoint; the hardware's is there when the key store gave it.

use std::sync::{Arc, Mutex, PoisonError};

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::{Ed25519Signer, SignedNote};

use crate::store::Store;
use crate::trail::{Stamp, TrailError};

/// At most so many entries are without a hardware signature over them.
pub const HARDWARE_EVERY: u64 = 64;

/// So long after an event a checkpoint over it is asked for, in milliseconds: the look at the clock and the hardware
/// have the rest of the sixty seconds.
pub const CHECKPOINT_AFTER_MS: u64 = 55_000;
/// A checkpoint that did not come is asked for again after so long, in milliseconds.
const AGAIN_AFTER_MS: u64 = 5_000;

/// Says when a checkpoint is due: never later than 60 s or 64 entries after an event, never without a new entry.
#[derive(Debug, Clone, Default)]
pub struct CheckpointTimer {
    /// The signed size at the last look; nothing before the first.
    signed: Option<u64>,
    /// Since when there are unsigned entries, as far as it has seen.
    since: Option<Stamp>,
    /// The unsigned entries were there at the first look.
    unknown: bool,
    /// When it last said that a checkpoint is due.
    asked: Option<Stamp>,
}

impl CheckpointTimer {
    /// Whether a checkpoint is to be signed now; `size` entries are written, the last signed size is `signed`.
    ///
    /// Unsigned entries that a start finds are of unknown age, and so are those of another boot: due at once.
    pub fn is_due(&mut self, size: u64, signed: u64, now: Stamp) -> bool {
        let before = self.signed.replace(signed);
        if before.is_some_and(|before| signed > before) {
            // What is not under that signature came after it was asked for.
            (self.since, self.asked, self.unknown) = (self.asked, None, false);
        }
        if size <= signed {
            (self.since, self.asked, self.unknown) = (None, None, false);
            return false;
        }
        self.unknown |= before.is_none();
        let since = *self.since.get_or_insert(now);
        let old = self.unknown || passed(since, now, CHECKPOINT_AFTER_MS);
        let due = old || size - signed >= HARDWARE_EVERY;
        let asked = self.asked.is_some_and(|asked| !passed(asked, now, AGAIN_AFTER_MS));
        if due && !asked {
            self.asked = Some(now);
        }
        due && !asked
    }
}

/// Whether `ms` have passed; across boots nobody knows, so yes.
fn passed(since: Stamp, now: Stamp, ms: u64) -> bool {
    since.boot != now.boot || now.mono_ns.saturating_sub(since.mono_ns) >= ms * 1_000_000
}

/// Signs one checkpoint at a time, so that intents are committed in the order of their sizes.
#[derive(Debug, Default)]
pub struct Signing(Mutex<()>);

/// What is to be signed, and the software key that does it.
#[derive(Debug, Clone)]
pub struct Present {
    /// The trail's present checkpoint.
    pub checkpoint: Checkpoint,
    /// The log's Ed25519 key; nothing where it is lost.
    pub signer: Option<Arc<Ed25519Signer>>,
}

/// Something that signs with the device's hardware key: ECDSA P-256 over the note's text, DER; `None` when it refuses.
pub type HardwareSign<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

impl Signing {
    /// Signs the checkpoint that `present` gives; it is asked when no other signature is under way. `k_hw_spki` is the
    /// hardware key as DER `SubjectPublicKeyInfo`; no lock of the caller need be held while the hardware signs, which may
    /// take seconds.
    ///
    /// # Errors
    /// [`TrailError::NoKey`] when the log's key is lost. [`crate::store::StoreError::SecondHistory`] when another root of this size, or a larger size, was signed before.
    pub fn sign<E: From<TrailError>>(
        &self,
        store: &Store,
        present: impl FnOnce() -> Result<Present, E>,
        k_hw_spki: &[u8],
        hardware: HardwareSign<'_>,
    ) -> Result<(Checkpoint, SignedNote), E> {
        let _one_at_a_time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Present { checkpoint, signer } = present()?;
        let signer = signer.ok_or(TrailError::NoKey)?;
        store.intend_to_sign(checkpoint.size, checkpoint.root.to_bytes()).map_err(TrailError::from)?;
        let mut note = checkpoint.sign(signer.as_ref()).map_err(TrailError::from)?;
        if let Some(der) = hardware(note.text().as_bytes()) {
            // A line that does not verify is left out, as if the key store had refused: the trail must go on.
            let _ = note.attach_hardware_line(checkpoint.origin.as_str(), k_hw_spki, &der);
        }
        store.keep_note(checkpoint.size, note.to_text()).map_err(TrailError::from)?;
        Ok((checkpoint, note))
    }
}

#[cfg(test)]
mod tests;
