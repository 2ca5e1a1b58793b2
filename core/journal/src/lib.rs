//! The phone's journal: the durable home of its trail, and the way of the trail to the force.
//!
//! One SQLite file on one thread ([`store`]), the append ([`trail`]), signatures over the tree ([`signing`]) and the
//! upload to the mirror ([`upload`]), whose requests and answers the caller carries. It knows bytes, times and keys; what an event means is the
//! caller's. Must never: acknowledge what is not durable, sign two histories of one log, delete a damaged file, hold a key
//! that opens an old entry. Always: randomness and time are passed in; an entry, the tree's state and whatever else
//! belongs to the same step become durable in one transaction.

pub mod sealed;
pub mod signing;
pub mod store;
pub mod succession;
pub mod trail;
pub mod upload;
