//! Signatures over the trail: the software line on every checkpoint, the hardware line off the path of recording.

use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;

use super::Engine;
use super::error::EngineError;
use crate::ffi::KeySlot;

/// At most so many entries are without a hardware signature over them.
const HARDWARE_EVERY: u64 = 64;

impl Engine {
    /// The present checkpoint with both lines; the hardware's is left out where it refuses. The intent is durable before
    /// a signature exists. Blocks.
    pub(super) fn signed_checkpoint(&self) -> Result<(Checkpoint, SignedNote), EngineError> {
        let _one_at_a_time = self.signing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (checkpoint, k_hw_spki) = {
            let state = self.lock();
            (state.trail()?.checkpoint(), state.device()?.k_hw_spki.clone())
        };
        self.store.intend_to_sign(checkpoint.size, checkpoint.root.to_bytes()).inspect_err(|error| {
            if *error == crate::store::StoreError::SecondHistory {
                self.lock().raise("trail.second_history");
            }
        })?;
        let mut note = self.lock().trail()?.sign(&checkpoint)?;
        if let Ok(der) = self.vault.sign(KeySlot::Hardware, note.text().as_bytes().to_vec()) {
            note.attach_hardware_line(checkpoint.origin.as_str(), &k_hw_spki, &der)
                .map_err(crate::trail::TrailError::from)?;
        }
        self.store.keep_note(checkpoint.size, note.to_text())?;
        Ok((checkpoint, note))
    }

    /// A hardware signature soon, without waiting for it.
    pub(super) fn sign_soon(&self) {
        self.hardware.notify_one();
    }

    /// A hardware signature, if too many entries have none.
    pub(super) fn sign_when_due(&self) {
        let size = self.lock().trail().map_or(0, crate::trail::Trail::size);
        let signed = self.store.signed_size().unwrap_or(0);
        if size >= signed.saturating_add(HARDWARE_EVERY) {
            self.sign_soon();
        }
    }
}

/// Signs whenever it is asked to, until the runtime ends.
pub(crate) async fn run(engine: std::sync::Arc<Engine>) {
    loop {
        engine.hardware.notified().await;
        // Without the key store the next checkpoint carries it.
        let _ = engine.blocking(|engine| engine.signed_checkpoint().map(|_| ())).await;
    }
}
