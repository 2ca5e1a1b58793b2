//! Measures the face check on files: for a force's scientist, never for an officer.
//!
//! For: tables of pairs and their scores, statistics in the terms of ISO/IEC 19795, a report that can be signed, degraded
//! copies of photographs, and the calibration on pairs that a simulated first engine picked.
//!
//! Must never: be linked into what runs on a phone, at a gateway or with an auditor; write an embedding anywhere; search.
//! Always: a rate stands with its counts and its interval; what too few data cannot say is said to be so.

pub mod alerts;
pub mod calibration;
pub mod degrade;
pub mod findings;
pub mod report;
pub mod statistics;
pub mod table;
