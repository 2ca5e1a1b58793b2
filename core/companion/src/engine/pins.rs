//! The gateway's pins, kept beyond the process: a phone that was online once between two changes of the gateway's keys
//! still knows the gateway after both.
//!
//! Must never: keep a statement that the transport has not verified. Always: the enrolment code's pins stay behind it.

use std::sync::Arc;

use peel_ledger::pins::PinStatement;
use serde::{Deserialize, Serialize};

use super::error::EngineError;
use super::{Engine, persist};

#[derive(Serialize, Deserialize)]
struct PinsRecord {
    version: u64,
    pins: [[u8; 32]; 2],
}

impl Engine {
    /// The pins that were learnt since the enrolment.
    pub(super) fn load_pins(&self) -> Result<Option<PinStatement>, EngineError> {
        let kept: Option<PinsRecord> = persist::load(&self.store, &self.store_key, persist::PINS)?;
        Ok(kept.map(|PinsRecord { version, pins }| PinStatement { version, pins }))
    }

    fn keep_pins(&self, learnt: PinStatement) -> Result<(), EngineError> {
        let PinStatement { version, pins } = learnt;
        self.put([persist::put(&self.store_key, persist::PINS, &PinsRecord { version, pins })?])
    }
}

/// Keeps new pins as they come.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut changed = engine.changed.subscribe();
    let link = loop {
        if let Ok(link) = engine.link() {
            break link;
        }
        if changed.changed().await.is_err() {
            return;
        }
    };
    let mut pins = link.pins();
    // The enrolment may be so fresh that the first statement came before anybody listened.
    pins.mark_changed();
    while pins.changed().await.is_ok() {
        let learnt = *pins.borrow_and_update();
        if learnt.version > 0 && engine.blocking(move |engine| engine.keep_pins(learnt)).await.is_err() {
            engine.lock().raise("storage.pins_not_kept");
        }
    }
}
