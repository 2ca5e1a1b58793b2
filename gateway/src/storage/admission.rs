//! What all processes of the force remember of a device's requests for a minute or two: proofs that were used, and how
//! far its bucket is drawn.
//!
//! Must never: cost a request a wait for the disk. So these rows are committed without one, each statement by itself: on
//! PostgreSQL with `synchronous_commit` off, on SQLite in a file of their own beside the store.
//! Always: they outlive every gateway process. When the database server itself or its machine crashes, what was written
//! in the last moments may be gone (on PostgreSQL some 0.6 s with its usual settings): a proof of that time could count a
//! second time, for the same request and until its nonce is over, and a device may get back some of its requests.

use peel_domain::id::EnrolmentId;

use crate::params;

use super::{StoreError, Tx};

/// Proofs that go in one statement.
const PRUNED_AT_ONCE: i64 = 1_000;

/// A bucket as one number: when it will be full again. A request moves that time on by what it costs, and none is left
/// while it lies further ahead than a full bucket less one request.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Whose.
    pub device: EnrolmentId,
    /// Real time, microseconds since 1970 UTC.
    pub now_us: i64,
    /// How long one request takes to come back, in microseconds.
    pub cost_us: i64,
    /// Requests in a full bucket.
    pub burst: u32,
    /// How far the clocks of processes may lie apart, in microseconds. What is further ahead than that was written
    /// before a clock was set back.
    pub slack_us: i64,
}

/// Notes a proof as used, by its nonce's window and 16 bytes of a hash; `false` if it was used before.
pub fn use_proof(tx: &Tx, window: u64, id: &[u8; 16]) -> Result<bool, StoreError> {
    let window = i64::try_from(window).map_err(|_| StoreError::Corrupt)?;
    let sql = "insert into used_proof (window_no, id) values (?1, ?2) on conflict do nothing";
    Ok(tx.execute(sql, params![window, id.as_slice()])? > 0)
}

/// Forgets some of the proofs of windows before this one; whether there may be more.
pub fn forget_proofs(tx: &Tx, before: u64) -> Result<bool, StoreError> {
    let before = i64::try_from(before).map_err(|_| StoreError::Corrupt)?;
    let sql = "delete from used_proof where (window_no, id) in \
               (select window_no, id from used_proof where window_no < ?1 limit ?2)";
    Ok(tx.execute(sql, params![before, PRUNED_AT_ONCE])? >= PRUNED_AT_ONCE.unsigned_abs())
}

/// Takes one request from a device's bucket; `false` if there is none left.
pub fn draw(tx: &Tx, draw: &Draw) -> Result<bool, StoreError> {
    let &Draw { device, now_us, cost_us, burst, slack_us } = draw;
    let (device, first_us) = (device.to_string(), now_us.saturating_add(cost_us));
    let full_us = cost_us.saturating_mul(i64::from(burst));
    let last_us = now_us.saturating_add(full_us).saturating_sub(cost_us);
    let beyond_us = now_us.saturating_add(full_us).saturating_add(slack_us);
    let sql = "insert into device_bucket (enrolment_id, full_at_us) values (?1, ?2) \
               on conflict (enrolment_id) do update set full_at_us = case \
               when device_bucket.full_at_us between ?3 and ?4 then device_bucket.full_at_us + ?5 else ?2 end \
               where device_bucket.full_at_us <= ?6 or device_bucket.full_at_us > ?4";
    let params = params![device, first_us, now_us, beyond_us, cost_us, last_us];
    Ok(tx.execute(sql, params)? > 0)
}
