//! What each device is to be told, numbered without gaps.
//!
//! Always: a number is given and stored in the transaction that decides the event, before anything is sent.

use crate::params;
use peel_domain::deployment::Role;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId};

use super::{Row, StoreError, Tx, members};

/// An event to store for a device; the payload is signed by the caller once its number is known.
#[derive(Clone, Debug)]
pub struct StoredEvent<'a> {
    /// The event's name in the stream.
    pub name: &'a str,
    /// The payload, JSON.
    pub payload: &'a str,
    /// The alert it is about.
    pub alert_id: Option<AlertId>,
}

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The device's number.
    pub seq: u64,
    /// The event's name.
    pub name: String,
    /// The payload, JSON.
    pub payload: String,
    /// The sequence key's signature, base64.
    pub signature: String,
}

/// Whom an event goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// Devices whose officers may engage.
    Engaging,
    /// All devices in the deployment.
    Everybody,
}

impl Recipients {
    /// The devices, in a stable order.
    pub fn of(self, tx: &Tx, deployment_id: DeploymentId) -> Result<Vec<EnrolmentId>, StoreError> {
        let wanted = |role: Role| self == Self::Everybody || role == Role::EngagementOfficer;
        let all = members(tx, deployment_id)?;
        Ok(all.into_iter().filter(|member| wanted(member.role)).map(|member| member.enrolment_id).collect())
    }
}

/// Gives the next number of a device and stores the event under it; `sign` signs number and payload.
pub fn put_event(
    tx: &Tx,
    enrolment_id: EnrolmentId,
    event: &StoredEvent<'_>,
    now_ms: i64,
    sign: impl FnOnce(u64) -> String,
) -> Result<u64, StoreError> {
    let id = enrolment_id.to_string();
    let number: u64 = tx
        .query_one(
            "update device set last_seq = last_seq + 1 where enrolment_id = ?1 returning last_seq",
            params![id],
            |row| row.take(0),
        )?
        .ok_or(StoreError::Conflict)?;
    let seq = i64::try_from(number).map_err(|_| StoreError::Corrupt)?;
    tx.execute(
        "insert into outbox (enrolment_id, seq, name, payload, signature, alert_id, at_ms) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            id,
            seq,
            event.name,
            event.payload,
            sign(number),
            event.alert_id.map(|alert| alert.to_string()),
            now_ms
        ],
    )?;
    Ok(number)
}

/// Events after a number, at most `count`.
pub fn events_after(tx: &Tx, enrolment_id: EnrolmentId, after: u64, count: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    tx.query(
        "select seq, name, payload, signature from outbox where enrolment_id = ?1 and seq > ?2 order by seq limit ?3",
        params![enrolment_id.to_string(), after, count],
        |row| Ok(OutboxRow { seq: row.take(0)?, name: row.take(1)?, payload: row.take(2)?, signature: row.take(3)? }),
    )
}

/// The number before the oldest event kept, and the last number given.
pub fn bounds(tx: &Tx, enrolment_id: EnrolmentId) -> Result<(u64, u64), StoreError> {
    let sql = "select (select min(seq) from outbox where enrolment_id = ?1), last_seq from device \
               where enrolment_id = ?1";
    let read = |row: &mut Row| Ok((row.take::<Option<u64>>(0)?, row.take::<u64>(1)?));
    let (oldest, last) = tx.query_one(sql, params![enrolment_id.to_string()], read)?.ok_or(StoreError::Corrupt)?;
    Ok((oldest.map_or(last, |seq| seq.saturating_sub(1)), last))
}

/// Lets every device's stream go on within a range of numbers that begins after `start`: the next one given lies as far in
/// it as in the range of `width` that the last one was of.
pub fn begin_numbers(tx: &Tx, start: i64, width: i64) -> Result<(), StoreError> {
    tx.execute("update device set last_seq = ?1 + last_seq % ?2", params![start, width])?;
    Ok(())
}

/// The devices with more than `keep` events stored. Rows count and not numbers, which are passed over after a restore; but
/// only where the numbers leave room for it are rows counted.
fn over_full(tx: &Tx, keep: u32) -> Result<Vec<String>, StoreError> {
    let sql = "select enrolment_id from device where last_seq > ?1 and exists (select 1 from outbox \
               where outbox.enrolment_id = device.enrolment_id and outbox.seq <= device.last_seq - ?1) \
               and (select count(*) from outbox where outbox.enrolment_id = device.enrolment_id) > ?1";
    tx.query(sql, params![keep], |row| row.take(0))
}

/// Whether any device has more than `keep` events stored.
pub fn is_over_full(tx: &Tx, keep: u32) -> Result<bool, StoreError> {
    Ok(!over_full(tx, keep)?.is_empty())
}

/// Keeps at most `keep` events a device, the newest.
pub fn prune(tx: &Tx, keep: u32) -> Result<(), StoreError> {
    for device in over_full(tx, keep)? {
        tx.execute(
            "delete from outbox where enrolment_id = ?1 and seq <= (select seq from outbox where enrolment_id = ?1 \
             order by seq desc limit 1 offset ?2)",
            params![device, keep],
        )?;
    }
    Ok(())
}

/// The devices that were sent an alert.
pub fn recipients_of_alert(tx: &Tx, alert_id: AlertId) -> Result<Vec<EnrolmentId>, StoreError> {
    let sql = "select distinct enrolment_id from outbox where alert_id = ?1 order by enrolment_id";
    tx.query(sql, params![alert_id.to_string()], |row| row.parse(0))
}

/// Puts another payload in the place of every stored event `name` of an alert: what it said is gone, its number stays.
pub fn redact_alerts(
    tx: &Tx,
    alert_id: AlertId,
    name: &str,
    replacement: &StoredEvent<'_>,
    sign: impl Fn(EnrolmentId, u64) -> String,
) -> Result<(), StoreError> {
    let sql = "select enrolment_id, seq from outbox where alert_id = ?1 and name = ?2";
    let read = |row: &mut Row| Ok((row.parse::<EnrolmentId>(0)?, row.take::<u64>(1)?));
    for (enrolment_id, number) in tx.query(sql, params![alert_id.to_string(), name], read)? {
        let seq = i64::try_from(number).map_err(|_| StoreError::Corrupt)?;
        let signature = sign(enrolment_id, number);
        tx.execute(
            "update outbox set name = ?1, payload = ?2, signature = ?3 where enrolment_id = ?4 and seq = ?5",
            params![replacement.name, replacement.payload, signature, enrolment_id.to_string(), seq],
        )?;
    }
    Ok(())
}
