//! A phone of the exercise: the real core in a process of its own, so that it can be killed.
//!
//! [`process`] is that process: it does what an app does, with lines of JSON in place of a screen and fingers.
//! [`handle`] is the director's hand on it. [`words`] are the lines. A reply to a call that records is written after
//! the core returned: what the director has read was acknowledged.

pub mod handle;
pub mod process;
pub mod words;
