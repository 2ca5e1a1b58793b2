//! Feeds: what reaches the phone from the gateway's event stream and from a drone, as values.
//!
//! Bytes and times go in, values come out. This crate must never do I/O, never keep a video frame, and never
//! reach the face check: there is no dependency from here to `peel-face`, and the frame type cannot be turned
//! into anything that the face check takes. What always holds: input is untrusted, every buffer is bounded by a
//! named constant, and bad input gives a typed error or a counted fault, never a panic.

pub mod age;
pub mod drone;
pub mod geometry;
pub mod klv;
pub mod pairing;
pub mod ring;
pub mod sse;
pub mod tier;
pub mod ts;
