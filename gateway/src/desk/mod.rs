//! The desk: the only process that holds the operations private key.
//!
//! For: reading the mirror, checking what it reads, opening it, telling other phones what they must know, and
//! computing the deployment record.
//! Must never: write an opened body anywhere, or believe an entry that no signed checkpoint holds.
//! Always: its directory is its own; `serve` never reads it.

mod client;
mod follow;
mod keys;
mod open;
mod record;
mod store;
mod succession;

pub use follow::{Desk, Followed};
pub use keys::DeskDir;
pub use record::{RecordText, all_records, deployment_record, read_record};

use crate::force::ForceError;
use crate::storage::StoreError;

/// Why the desk did not succeed. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Its directory is not usable.
    #[error(transparent)]
    Force(#[from] ForceError),
    /// Its store is not usable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A period that is not a year and a month.
    #[error("make a key for this period: it is a year and a month, such as 2026-12")]
    Period,
    /// The period has a key, or this is no desk's directory.
    #[error("make a key: the period has one already, or this is not the desk's directory")]
    OperationsKey,
    /// The gateway cannot be reached, or its answer is not one.
    #[error("reach the gateway")]
    Gateway,
    /// The gateway refuses the desk's key.
    #[error("authenticate at the gateway")]
    Refused,
    /// A log is not what its signed checkpoint says, has other keys than before, or has shrunk: an alarm.
    #[error("verify the mirrored log {0}")]
    Integrity(String),
    /// An entry does not open with any operations key that the desk has.
    #[error("open an entry of the log {0}")]
    Open(String),
    /// The record has holes.
    #[error("compute a record without holes: {0} issues")]
    Incomplete(usize),
    /// There is no such deployment in the trail.
    #[error("find the deployment in the trail")]
    NoDeployment,
}

impl DeskError {
    /// Whether the same may succeed later without anybody changing the desk's directory.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Gateway | Self::Refused => true,
            Self::Store(error) => matches!(error, StoreError::Busy | StoreError::Full | StoreError::Unavailable),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for DeskError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
