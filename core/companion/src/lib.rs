//! The phone's engine: sealed store, transport, synchronisation, workflow and runtime; [`ffi`] is its only door.
//!
//! A command is checked by the pure state machine of `peel_domain`, becomes one or more events, is sealed and
//! committed by the ledger, and only then changes what anyone sees. Must never: decide anything itself, hand out a
//! gated field before the blind judgement or its logged skip, keep a close photograph or a drone's frame, lose what it
//! has acknowledged. Always: network and clock are asked, never trusted; blocking work stays off the async threads.

mod clock;
mod engine;
pub mod ffi;
mod media;
mod trail;
mod transport;
pub mod vault;

pub(crate) use peel_journal::{sealed, store};

uniffi::setup_scaffolding!();
