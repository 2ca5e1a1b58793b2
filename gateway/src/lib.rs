//! The force's side: `serve`, the front that phones and the LFR system talk to, and `desk`, which opens what officers
//! record. Two processes, because the one that faces the network must not be able to open a record, and the one that can
//! listens to nobody.
//!
//! For: taking alerts in and sending them out in order, mirroring every phone's log, keeping the force's own logs, and
//! computing the deployment record.
//! Must never: let `serve` hold a private key that opens bodies, keep an image past its time, or reply before what it
//! says is durable.
//! Always: no reply and no signature leaves before its transaction is committed; every route's needed authority stands in one table; TLS only.

pub mod bundle;
pub mod clock;
pub mod desk;
pub mod force;
pub mod server;
pub mod service;
pub mod storage;
pub mod witness;

mod files;
mod slots;
