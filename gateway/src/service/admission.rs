//! What every process of the force must agree on before a device's request counts: that its proof is new, and that the
//! device has a request left.
//!
//! Always: what this process can see by itself was refused before the store is asked; the proof is noted first, so that
//! whoever repeats one draws nothing from the device's bucket.

use peel_domain::id::EnrolmentId;

use super::sessions::{FreshProof, NONCE_WINDOW_S};
use super::{Gateway, ServiceError};
use crate::clock::{real_now_s, real_now_us};
use crate::storage::{self, Draw};

/// Clocks of a force's processes lie less than a nonce's window apart, or they would not take each other's nonces.
const CLOCK_SLACK_US: i64 = 60 * 1_000_000;

impl Gateway {
    /// Uses a proof up in all processes of the force, and takes a request from the device's one bucket.
    pub(crate) async fn admit(&self, proof: FreshProof, device: Option<EnrolmentId>) -> Result<(), ServiceError> {
        let limits = self.authority.config.limits;
        let per_second = limits.device_per_second.max(1);
        let draw = device.map(|device| Draw {
            device,
            now_us: real_now_us(),
            cost_us: (1_000_000 / i64::from(per_second)).max(1),
            burst: limits.device_burst,
            slack_us: CLOCK_SLACK_US,
        });
        let admitted = self.db.admit(move |tx| {
            if !storage::use_proof(tx, proof.window.number(), &proof.id)? {
                return Err(ServiceError::ProofRefused);
            }
            match draw {
                Some(draw) if !storage::draw(tx, &draw)? => Err(ServiceError::TooManyRequests(1)),
                _ => Ok(()),
            }
        });
        admitted.await
    }

    /// Forgets proofs whose nonce nobody can use any more; in short steps, because requests wait meanwhile.
    pub async fn forget_proofs(&self) -> Result<(), ServiceError> {
        let oldest = (real_now_s() / NONCE_WINDOW_S).saturating_sub(2);
        while self.db.admit(move |tx| storage::forget_proofs(tx, oldest).map_err(ServiceError::from)).await? {}
        Ok(())
    }
}
