//! Devices that are not served: revoked ones, and ones whose enrolment two people have still to approve.
//!
//! Must never: serve a request of a revoked device because the store is slow; the list is in memory, and read anew every
//! second because commands of other processes write there too. Always: the mirror asks the store itself, in the
//! transaction that would accept entries.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use peel_domain::id::EnrolmentId;

use super::{Gateway, ServiceError};
use crate::storage::{self, Device, Standing};

/// The devices that are not served, as last read.
#[derive(Debug, Default)]
pub struct Standings(RwLock<HashMap<EnrolmentId, Standing>>);

fn refusal(standing: Standing) -> Result<(), ServiceError> {
    match standing {
        Standing::Good => Ok(()),
        Standing::Pending => Err(ServiceError::PendingApproval),
        Standing::Revoked => Err(ServiceError::Revoked),
    }
}

/// Refuses a device that is not served.
pub(super) fn in_good_standing(device: &Device) -> Result<(), ServiceError> {
    refusal(device.standing)
}

impl Standings {
    /// Refuses a device that is not served.
    pub fn check(&self, enrolment_id: EnrolmentId) -> Result<(), ServiceError> {
        let refused = self.0.read().unwrap_or_else(PoisonError::into_inner);
        refused.get(&enrolment_id).copied().map_or(Ok(()), refusal)
    }
}

impl Gateway {
    /// Reads who is not served, and ends the streams of those.
    pub async fn refresh_standings(&self) -> Result<(), ServiceError> {
        let refused = self.db.read(|tx| storage::refused_devices(tx).map_err(ServiceError::from)).await?;
        let ids: Vec<_> = refused.iter().map(|(enrolment_id, _)| *enrolment_id).collect();
        *self.standings.0.write().unwrap_or_else(PoisonError::into_inner) = refused.into_iter().collect();
        // Each time, not only the first: a stream may have opened between its guard and this list.
        for enrolment_id in ids {
            self.hub.end(enrolment_id);
        }
        Ok(())
    }
}
