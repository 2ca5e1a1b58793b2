//! The deployment's record: what is published, computed from the trail by whoever holds it.
//!
//! For: the desk, the auditor and the street feed the same events in and get the same record out, whatever the order
//! of the logs. Must never: count what nobody recorded, hide an alert, or publish a record with a hole.
//! Always: a counted alert has one truth or the record says which alert lacks it; a phone that an alert was issued to
//! has said how it ended there or the record names it, also where two people gave the phone up; exercises, duplicates, technical withdrawals and test subjects
//! stand apart; conflicting decisions and verifications of two phones stay and are listed.

mod alert_facts;
mod csv;
mod figures;
mod project;
mod summary;
mod truth;

pub use csv::COLUMNS;
pub use figures::Figures;
pub use project::{RecordBuilder, Source};
pub use summary::{Conflict, DeploymentRecord, GivenUpPhone, Issue, OfficerJudgements, RecordError, StopSummary};
