//! Signatures over the trail: the software line on every checkpoint, the hardware line off the path of recording.

use peel_journal::signing::HARDWARE_EVERY;
use peel_journal::trail::Trail;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;

use super::Engine;
use super::error::EngineError;
use crate::ffi::KeySlot;
use crate::store::StoreError;

impl Engine {
    /// The present checkpoint with both lines; the hardware's is left out where it refuses. The intent is durable before
    /// a signature exists. Blocks.
    pub(super) fn signed_checkpoint(&self) -> Result<(Checkpoint, SignedNote), EngineError> {
        if self.is_forked() {
            return Err(EngineError::Integrity("trail.frozen"));
        }
        let k_hw_spki = self.lock().device()?.k_hw_spki.clone();
        let present = || Ok(self.lock().trail()?.present());
        let hardware = |text: &[u8]| self.vault.sign(KeySlot::Hardware, text.to_vec()).ok();
        let signed = self.signing.sign(&self.store, present, &k_hw_spki, &hardware);
        if signed == Err(EngineError::Store(StoreError::SecondHistory)) {
            self.alarm("trail.second_history")?;
        }
        signed
    }

    /// A hardware signature soon, without waiting for it.
    pub(super) fn sign_soon(&self) {
        self.hardware.notify_one();
    }

    /// A hardware signature, if too many entries have none.
    pub(super) fn sign_when_due(&self) {
        let size = self.lock().trail().map_or(0, Trail::size);
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
