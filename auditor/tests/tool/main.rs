//! The tool as its user runs it: bundles in folders, a trust file, keys, exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod clocks;
mod diff;
mod evidence;
mod fixture;
mod keys;
mod receipt;
mod records;
mod signed;
#[path = "../../../core/ledger/tests/support/mod.rs"]
mod support;
mod times;
mod verify;
