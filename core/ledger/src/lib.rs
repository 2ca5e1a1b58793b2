//! The ledger: sealed entries, the Merkle tree over them, signed checkpoints, the mirror protocol and
//! the bundle that an outsider can check.
//!
//! This crate does no input or output, reads no clock and draws no randomness of its own: bytes, times
//! and a random generator come in, values go out. It never looks into an event body: bodies are opaque
//! bytes to it. What it decodes always encodes again to the same bytes; what does not is refused.
//!
//! Standards followed byte for byte: RFC 8949 section 4.2.1 (deterministic CBOR), RFC 9180 (HPKE),
//! RFC 6962 section 2.1 (tree), and the C2SP documents signed-note, tlog-checkpoint, tlog-cosignature,
//! tlog-witness, tlog-mirror, tlog-proof and tlog-tiles (<https://c2sp.org>).
//!
//! Read first [`entry`], whose form `entry.cddl` states, then [`tree`], [`checkpoint`] and [`mirror`]; [`bundle`] is what an
//! outsider does with all of them.

pub mod bundle;
mod cbor;
pub mod checkpoint;
pub mod entry;
pub mod evidence;
pub mod force_log;
mod hash;
pub mod mirror;
pub mod note;
mod origin;
mod parallel;
pub mod pins;
pub mod receipt;
pub mod seal;
pub mod succession;
pub mod tiles;
pub mod tlog_proof;
pub mod tree;
pub mod witness;
pub mod writer;

pub use hash::{Hash, HashError};
pub use origin::{MAX_ORIGIN_BYTES, Origin, OriginError};
