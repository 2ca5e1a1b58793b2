//! Every decoder of what comes from outside, and what must hold of it whatever comes in.
//!
//! For: the fuzz targets in `fuzz/`, which feed these checks with bytes for hours, and the tests beside this file,
//! which feed them with real values, cut, flipped and spliced, on every run. A check panics when its promise is
//! broken; to panic is its only way to say so. It must never be content with "it did not crash": what decodes
//! encodes to the same bytes, what was changed is not believed.
//!
//! A new decoder is a function `fn(&[u8])`, a function that gives real values, a line in [`TARGETS`], and a file of
//! three lines in `fuzz/fuzz_targets` (a test names the one that is missing).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

mod access;
mod calibration;
pub mod cases;
mod domain;
mod evidence;
mod feeds;
#[path = "../../../core/ledger/tests/support/mod.rs"]
mod force;
pub mod images;
mod ledger;
mod mirror;
mod pictures;
mod receipts;
mod statistics;
mod world;

/// One decoder under test.
pub struct Target {
    /// Its name: the fuzz target's, the corpus's.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub check: fn(&[u8]),
    /// Real values to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

const fn target(name: &'static str, check: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, check, seeds }
}

/// Every decoder.
pub const TARGETS: &[Target] = &[
    target("entry", ledger::entry, ledger::entry_seeds),
    target("sealed", ledger::sealed, ledger::sealed_seeds),
    target("note", ledger::note, ledger::note_seeds),
    target("checkpoint", ledger::checkpoint, ledger::checkpoint_seeds),
    target("verifier_key", ledger::verifier_key, ledger::verifier_key_seeds),
    target("proof", ledger::proof, ledger::proof_seeds),
    target("tlog_proof", ledger::tlog_proof, ledger::tlog_proof_seeds),
    target("range", ledger::range, ledger::range_seeds),
    target("tiles", ledger::tiles, ledger::tiles_seeds),
    target("force_leaf", ledger::force_leaf, ledger::force_leaf_seeds),
    target("manifest", ledger::manifest, ledger::manifest_seeds),
    target("trust", ledger::trust, ledger::trust_seeds),
    target("bundle", ledger::bundle, ledger::bundle_seeds),
    target("evidence", evidence::sealed, evidence::seeds),
    target("receipt", ledger::receipt, ledger::receipt_seeds),
    target("add_checkpoint", mirror::add_checkpoint, mirror::add_checkpoint_seeds),
    target("add_entries", mirror::add_entries, mirror::add_entries_seeds),
    target("mirror_info", mirror::mirror_info, mirror::mirror_info_seeds),
    target("mirror_receipt", mirror::mirror_receipt, mirror::mirror_receipt_seeds),
    target("mirror_client", mirror::mirror_client, mirror::mirror_client_seeds),
    target("enrolment_code", domain::enrolment_code, domain::enrolment_code_seeds),
    target("policy", domain::policy, domain::policy_seeds),
    target("policy_payload", domain::policy_payload, domain::policy_payload_seeds),
    target("calibration", calibration::calibration, calibration::calibration_seeds),
    target("calibration_payload", calibration::calibration_payload, calibration::calibration_payload_seeds),
    target("shift_certificate", domain::shift_certificate, domain::shift_certificate_seeds),
    target("event_body", domain::event_body, domain::event_body_seeds),
    target("stream_message", domain::stream_message, domain::stream_message_seeds),
    target("dpop_proof", access::dpop_proof, access::dpop_proof_seeds),
    target("pins", access::pins, access::pins_seeds),
    target("witness_reply", access::witness_reply, access::witness_reply_seeds),
    target("picture", pictures::picture, pictures::picture_seeds),
    target("sse", feeds::sse, feeds::sse_seeds),
    target("klv", feeds::klv, feeds::klv_seeds),
    target("transport_stream", feeds::transport_stream, feeds::transport_stream_seeds),
];

/// The target of this name.
///
/// # Panics
/// When there is none.
pub fn named(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("a target of this name")
}
