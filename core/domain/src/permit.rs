//! The token without which no two faces are compared.
//!
//! A [`ComparisonPermit`] is made by the workflow alone, for one open alert or stop, and is used up by one comparison
//! (S14, S18). It has no public constructor, is not `Clone` and cannot be deserialised.

use serde::{Deserialize, Serialize};

use crate::id::{AlertId, ComparisonId};

/// Which two images are compared; each use has its own calibration and its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonPurpose {
    /// The alert's probe image against its reference: the same images as the LFR system saw.
    AlertProbe,
    /// A fresh close photograph, taken at the stop, against the reference.
    ClosePhotograph,
}

/// Leave to compare one probe with one reference once.
#[derive(Debug)]
pub struct ComparisonPermit {
    alert_id: AlertId,
    comparison_id: ComparisonId,
    purpose: ComparisonPurpose,
}

impl ComparisonPermit {
    /// Only the workflow calls this, after it has checked that the alert or stop is open.
    pub(crate) fn issue(alert_id: AlertId, comparison_id: ComparisonId, purpose: ComparisonPurpose) -> Self {
        Self { alert_id, comparison_id, purpose }
    }

    /// The alert that the comparison belongs to.
    pub fn alert_id(&self) -> AlertId {
        self.alert_id
    }

    /// The comparison's own identifier, for the trail.
    pub fn comparison_id(&self) -> ComparisonId {
        self.comparison_id
    }

    /// Which two images are compared.
    pub fn purpose(&self) -> ComparisonPurpose {
        self.purpose
    }
}
