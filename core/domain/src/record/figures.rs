//! The numbers that are published beside the 16 columns.

use serde::Serialize;

use crate::record::summary::{DeploymentRecord, RecordError};
use crate::stop::Truth;

/// Counts of one deployment, without a person, a place or an officer in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// An exercise: kept out of all statistics.
    pub exercise: bool,
    /// Counted alerts with contact.
    pub engagements: u64,
    /// Stops on false alerts.
    pub stops_on_false_alerts: u64,
    /// Arrests on false alerts.
    pub arrests_on_false_alerts: u64,
    /// Arrests where identity was not verified.
    pub arrests_without_identity: u64,
    /// Stops at which a receipt was offered.
    pub receipts_offered: u64,
    /// Stops at which a receipt was taken.
    pub receipts_taken: u64,
    /// Images whose destruction has a receipt.
    pub deletion_receipts: u64,
    /// Images that were stored and have none yet.
    pub media_without_receipt: u64,
    /// Holds of evidence by supervisors (S28).
    pub evidence_holds: u64,
    /// Duplicates, not counted.
    pub duplicates: u64,
    /// Technical withdrawals, not counted.
    pub technical_withdrawals: u64,
    /// Test subjects, not counted.
    pub test_subjects: u64,
}

impl DeploymentRecord {
    /// What is published beside the columns, for a record without holes.
    ///
    /// # Errors
    /// [`RecordError::Incomplete`].
    pub fn figures(&self) -> Result<Figures, RecordError> {
        self.complete()?;
        let on_false = self.stops.iter().filter(|stop| stop.truth == Some(Truth::FalseAlert)).count();
        Ok(Figures {
            exercise: self.exercise,
            engagements: self.engagements,
            stops_on_false_alerts: u64::try_from(on_false).unwrap_or(u64::MAX),
            arrests_on_false_alerts: self.arrests_on_false_alerts,
            arrests_without_identity: self.arrests_without_identity,
            receipts_offered: self.receipts_offered,
            receipts_taken: self.receipts_taken,
            deletion_receipts: self.deletion_receipts,
            media_without_receipt: self.media_without_receipt,
            evidence_holds: self.evidence_holds,
            duplicates: self.duplicates,
            technical_withdrawals: self.technical_withdrawals,
            test_subjects: self.test_subjects,
        })
    }
}
