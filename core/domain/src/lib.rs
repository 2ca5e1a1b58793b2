//! The words, fields, states and figures of a live facial recognition (LFR) deployment.
//!
//! For: every rule of the product, as pure values and pure transitions, so that the phone, the force's desk, the
//! auditor and the simulated street all compute the same thing from the same events.
//! Must never: do I/O, read a clock, draw random numbers, or know how anything is stored, sent or shown.
//! Always: a decision comes from a signed-in officer, what is gated stays behind a [`alert::Revealed`] proof, and
//! state changes only by applying an [`event::EventBody`].

pub mod alert;
mod bytes;
pub mod calibration;
mod cbor;
pub mod deployment;
pub mod ethnicity;
pub mod event;
pub mod evidence;
pub mod id;
pub mod judgement;
pub mod permit;
pub mod policy;
pub mod record;
pub mod retention;
pub mod shift;
pub mod signed_decision;
pub mod silence;
pub mod statistics;
pub mod stop;
pub mod stop_state;
pub mod time;
mod two_signers;
pub mod wire;
pub mod workflow;
