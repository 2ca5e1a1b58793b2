//! Signatures over the trail: the software line on every checkpoint, the hardware line off the path of recording.

use std::cell::Cell;

use peel_domain::time::Moment;
use peel_journal::trail::Trail;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;

use super::error::EngineError;
use super::state::State;
use super::{Engine, keys};
use crate::ffi::{KeySlot, VaultError};
use crate::store::StoreError;
use crate::trail::stamp;

impl Engine {
    /// The present checkpoint with both lines; the hardware's is left out where it refuses. The intent is durable before
    /// a signature exists. Blocks.
    pub(super) fn signed_checkpoint(&self) -> Result<(Checkpoint, SignedNote), EngineError> {
        if self.is_forked() {
            return Err(EngineError::Integrity("trail.frozen"));
        }
        let k_hw_spki = self.lock().device()?.k_hw_spki.clone();
        let present = || Ok(self.lock().trail()?.present());
        let lost = Cell::new(false);
        let hardware = |text: &[u8]| {
            let signature = self.vault.sign(KeySlot::Hardware, text.to_vec());
            lost.set(signature == Err(VaultError::Lost));
            signature.ok()
        };
        let signed = self.signing.sign(&self.store, present, &k_hw_spki, &hardware);
        // The software line goes on, so that the force gets what is recorded.
        if lost.get() && self.lock().raise(keys::HARDWARE_LOST) {
            self.bump();
        }
        if signed == Err(EngineError::Store(StoreError::SecondHistory)) {
            self.alarm("trail.second_history")?;
        }
        signed
    }

    /// The present checkpoint as it was signed before; nothing where it was not. No key signs for it.
    pub(super) fn kept_checkpoint(&self) -> Result<Option<(Checkpoint, SignedNote)>, EngineError> {
        let present = self.lock().trail()?.checkpoint();
        let note = self.store.last_note()?.and_then(|text| SignedNote::parse(text.as_bytes()).ok());
        let note = note.filter(|note| Checkpoint::from_note(note).is_ok_and(|signed| signed == present));
        Ok(note.map(|note| (present, note)))
    }

    /// A hardware signature soon, without waiting for it.
    pub(super) fn sign_soon(&self) {
        self.hardware.notify_one();
    }

    /// A signed checkpoint, if an entry has waited for one for nearly a minute or too many have none.
    pub(super) fn sign_when_due(&self, state: &mut State, now: Moment) {
        // A closed store signs nothing.
        if !state.trail().is_ok_and(Trail::is_signed) {
            return;
        }
        let (Ok(size), Ok(signed)) = (state.trail().map(Trail::size), self.store.signed_size()) else { return };
        if state.checkpoints.is_due(size, signed, stamp(&now)) {
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
