//! What must hold of the trail whatever fails: the phone's store under power cuts and kills, the upload under a failing
//! network and a failing force, and the check of what is on record under every change.
//!
//! For: `cargo faults`, which runs parts by the ten thousand, and the tests beside this crate, which run a slice of each.
//! Every run has a number and draws all its choices from the seed and that number, so one run can be played again alone.
//! A run panics when a promise is broken; to panic is its only way to say so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed run"
)]

pub mod bits;
pub mod crash;
pub mod disk;
pub mod full;
pub mod kills;
pub mod network;
pub mod phone;
pub mod positions;
pub mod results;
mod rotation;
pub mod run;
pub mod sizes;
mod worker;

#[path = "../../../core/ledger/tests/support/mod.rs"]
mod force;

use run::Part;

/// Every part, in the order in which they are run.
pub const PARTS: &[Part] = &[
    crash::PART,
    network::cuts::PART,
    kills::PART,
    network::PART,
    network::CLEAN,
    bits::PART,
    positions::PART,
    full::PHONE,
    full::GATEWAY,
    sizes::PART,
];
