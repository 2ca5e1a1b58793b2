//! Signatures over the trail's tree.
//!
//! Must never: let a signature out before its intent is durable. Always: the software key's line is there, so that
//! every verifier can read the checkpoint; the hardware's is there when the key store gave it.

use std::sync::{Arc, Mutex, PoisonError};

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::{Ed25519Signer, SignedNote};

use crate::store::Store;
use crate::trail::TrailError;

/// At most so many entries are without a hardware signature over them.
pub const HARDWARE_EVERY: u64 = 64;

/// Signs one checkpoint at a time, so that intents are committed in the order of their sizes.
#[derive(Debug, Default)]
pub struct Signing(Mutex<()>);

/// What is to be signed, and the software key that does it.
#[derive(Debug, Clone)]
pub struct Present {
    /// The trail's present checkpoint.
    pub checkpoint: Checkpoint,
    /// The log's Ed25519 key.
    pub signer: Arc<Ed25519Signer>,
}

/// Something that signs with the device's hardware key: ECDSA P-256 over the note's text, DER; `None` when it refuses.
pub type HardwareSign<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

impl Signing {
    /// Signs the checkpoint that `present` gives; it is asked when no other signature is under way. `k_hw_spki` is the
    /// hardware key as DER `SubjectPublicKeyInfo`; no lock of the caller need be held while the hardware signs, which may
    /// take seconds.
    ///
    /// # Errors
    /// [`crate::store::StoreError::SecondHistory`] when another root of this size, or a larger size, was signed before.
    pub fn sign<E: From<TrailError>>(
        &self,
        store: &Store,
        present: impl FnOnce() -> Result<Present, E>,
        k_hw_spki: &[u8],
        hardware: HardwareSign<'_>,
    ) -> Result<(Checkpoint, SignedNote), E> {
        let _one_at_a_time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Present { checkpoint, signer } = present()?;
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
