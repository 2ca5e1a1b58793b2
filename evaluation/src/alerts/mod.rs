//! The first engine, simulated: which pairs an alert would put before the check.
//!
//! After an alert chance is different: the engine has picked, among all that it watches for, whoever looks most like the
//! passer-by. What a score means then must be learnt from pairs that were picked in the same way.
//!
//! Must never: give a pair of people from both halves, so that nobody who was fitted on is judged. Always: the same seed
//! gives the same halves and the same pairs.

mod halves;
mod pick;

pub use halves::{Half, halve};
pub use pick::{Candidate, Entry, Picked, pick};
