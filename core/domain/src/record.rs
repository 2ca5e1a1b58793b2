//! The deployment's record: what is published, computed from the trail by whoever holds it.
//!
//! For: the desk, the auditor and the street feed the same events in and get the same record out, whatever the order
//! of the logs. Must never: count what nobody recorded, hide an alert, or publish a record with a hole.
//! Always: a counted alert has one truth or the record says which alert lacks it; a phone that an alert was issued to
//! has said how it ended there or the record names it, also where two people gave the phone up; exercises, duplicates, technical withdrawals and test subjects
//! stand apart; conflicting decisions and verifications of two phones stay and are listed.

mod alert_facts;
mod alert_practice;
mod count;
mod csv;
mod export;
mod issue;
mod practice;
mod project;
mod publish;
mod rates;
mod stops;
mod summary;
mod tables;
mod truth;
mod year;

pub use csv::{COLUMNS, csv_line};
pub use export::{
    Apart, BlindJudgements, Cameras, Cause, Column, Deletions, EXPORT_FORMAT, PublicExport, Published, Receipts,
    Setting, TestSubjects, ThresholdChange, TwoPersonCompliance,
};
pub use issue::Issue;
pub use practice::{Ages, BlindShift, CheckModel, ForceCounts, GroupTruth, HumanValue, Practice, TwoPersons, Walks};
pub use project::{RecordBuilder, Source};
pub use rates::{Counts, Measures};
pub use stops::StopLengths;
pub use summary::{Conflict, DeploymentRecord, GivenUpPhone, OfficerJudgements, RecordError, StopSummary};
pub use tables::{AgeTable, BASE, GroupRow, GroupTable, WalkRow};
pub use year::{Finding, Period, REPORT_FORMAT, RecordsBuilder, SecondCheck, YearError, YearReport};
