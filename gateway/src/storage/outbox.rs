//! What each device is to be told, numbered without gaps.
//!
//! Always: a number is given and stored in the transaction that decides the event, before anything is sent.

use peel_domain::deployment::Role;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{StoreError, members};

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
    pub fn of(self, db: &Connection, deployment_id: DeploymentId) -> Result<Vec<EnrolmentId>, StoreError> {
        let wanted = |role: Role| self == Self::Everybody || role == Role::EngagementOfficer;
        let all = members(db, deployment_id)?;
        Ok(all.into_iter().filter(|member| wanted(member.role)).map(|member| member.enrolment_id).collect())
    }
}

/// Gives the next number of a device and stores the event under it; `sign` signs number and payload.
pub fn put_event(
    db: &Connection,
    enrolment_id: EnrolmentId,
    event: &StoredEvent<'_>,
    now_ms: i64,
    sign: impl FnOnce(u64) -> String,
) -> Result<u64, StoreError> {
    let id = enrolment_id.to_string();
    let seq: i64 = db
        .query_row(
            "update device set last_seq = last_seq + 1 where enrolment_id = ?1 returning last_seq",
            [&id],
            |row| row.get(0),
        )
        .optional()?
        .ok_or(StoreError::Conflict)?;
    let number = u64::try_from(seq).map_err(|_| StoreError::Corrupt)?;
    db.execute(
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
pub fn events_after(
    db: &Connection,
    enrolment_id: EnrolmentId,
    after: u64,
    count: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(
        "select seq, name, payload, signature from outbox where enrolment_id = ?1 and seq > ?2 order by seq limit ?3",
    )?;
    let rows = statement.query_map(params![enrolment_id.to_string(), after, count], |row| {
        Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    rows.map(|row| {
        let (seq, name, payload, signature) = row?;
        Ok(OutboxRow { seq: u64::try_from(seq).map_err(|_| StoreError::Corrupt)?, name, payload, signature })
    })
    .collect()
}

/// The number before the oldest event kept, and the last number given.
pub fn bounds(db: &Connection, enrolment_id: EnrolmentId) -> Result<(u64, u64), StoreError> {
    let (oldest, last): (Option<i64>, i64) = db.query_row(
        "select (select min(seq) from outbox where enrolment_id = ?1), last_seq from device where enrolment_id = ?1",
        [enrolment_id.to_string()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let last = u64::try_from(last).map_err(|_| StoreError::Corrupt)?;
    let oldest = oldest.map(u64::try_from).transpose().map_err(|_| StoreError::Corrupt)?;
    Ok((oldest.map_or(last, |seq| seq.saturating_sub(1)), last))
}

/// Whether any device has more than `keep` events stored.
pub fn is_over_full(db: &Connection, keep: u32) -> Result<bool, StoreError> {
    Ok(db.query_row(
        "select exists (select 1 from device where last_seq > ?1 and exists (select 1 from outbox \
         where outbox.enrolment_id = device.enrolment_id and outbox.seq <= device.last_seq - ?1))",
        [keep],
        |row| row.get(0),
    )?)
}

/// Keeps at most `keep` events a device.
pub fn prune(db: &Connection, keep: u32) -> Result<(), StoreError> {
    db.execute(
        "delete from outbox where seq <= (select last_seq from device where device.enrolment_id = outbox.enrolment_id) \
         - ?1",
        [keep],
    )?;
    Ok(())
}

/// The devices that were sent an alert.
pub fn recipients_of_alert(db: &Connection, alert_id: AlertId) -> Result<Vec<EnrolmentId>, StoreError> {
    let mut statement =
        db.prepare_cached("select distinct enrolment_id from outbox where alert_id = ?1 order by enrolment_id")?;
    let rows = statement.query_map([alert_id.to_string()], |row| row.get::<_, String>(0))?;
    rows.map(|row| row?.parse().map_err(|_| StoreError::Corrupt)).collect()
}

/// Puts another payload in the place of every stored event `name` of an alert: what it said is gone, its number stays.
pub fn redact_alerts(
    db: &Connection,
    alert_id: AlertId,
    name: &str,
    replacement: &StoredEvent<'_>,
    sign: impl Fn(EnrolmentId, u64) -> String,
) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached("select enrolment_id, seq from outbox where alert_id = ?1 and name = ?2")?;
    let rows = statement
        .query_map(params![alert_id.to_string(), name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for (enrolment, seq) in rows {
        let enrolment_id = enrolment.parse().map_err(|_| StoreError::Corrupt)?;
        let number = u64::try_from(seq).map_err(|_| StoreError::Corrupt)?;
        db.execute(
            "update outbox set name = ?1, payload = ?2, signature = ?3 where enrolment_id = ?4 and seq = ?5",
            params![replacement.name, replacement.payload, sign(enrolment_id, number), enrolment, seq],
        )?;
    }
    Ok(())
}
