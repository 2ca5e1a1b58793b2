//! The street: a simulated deployment with a van, a drone, people and a bad network.
//!
//! For: the demo and every end-to-end test. It plays the LFR system, the drone, the network and the officers' hands;
//! the gateway, the desk, the phones' core and the auditor are the real ones, in processes of their own.
//! Must never: reach into the product's parts past the interfaces that a vendor, an app or a force would use.
//! Always: every run plays the same story; the seed varies the noise in the pictures and the drone's flight.

pub mod camera;
pub mod clock;
pub mod drone;
pub mod exercise;
pub mod faces;
pub mod lfr;
pub mod network;
pub mod phone;
pub mod terminal;
pub mod year;
