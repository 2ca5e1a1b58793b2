//! The whole gateway on a PostgreSQL server: the tests of the other files once more, with forces whose store is a
//! database of a real server that this test process starts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests
#![allow(clippy::duplicate_mod)] // each file brings the helpers that it names

#[path = "access.rs"]
mod access;
#[path = "alerts.rs"]
mod alerts;
#[path = "changes.rs"]
mod changes;
#[path = "desk.rs"]
mod desk;
#[path = "drone.rs"]
mod drone;
#[path = "evidence.rs"]
mod evidence;
#[path = "mirror.rs"]
mod mirror;
#[path = "proofs.rs"]
mod proofs;
#[path = "retention.rs"]
mod retention;
#[path = "tiles.rs"]
mod tiles;
