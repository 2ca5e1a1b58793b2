//! Alerts, as much of them as outlives their sending.
//!
//! Must never: keep score, category, reason or name here; those stand in the outbox and go with the media.

use crate::params;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId};

use super::{StoreError, Tx};

/// An alert that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// The alert.
    pub alert_id: AlertId,
    /// Its deployment.
    pub deployment_id: DeploymentId,
    /// Whether the operator withdrew it.
    pub withdrawn: bool,
    /// When its media are destroyed at the latest.
    pub media_expire_ms: i64,
}

/// Stores a new alert.
pub fn put_alert(tx: &Tx, row: &AlertRow, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into alert (alert_id, deployment_id, ingested_ms, withdrawn, media_expire_ms) \
         values (?1, ?2, ?3, ?4, ?5)",
        params![row.alert_id.to_string(), row.deployment_id.to_string(), now_ms, row.withdrawn, row.media_expire_ms],
    )?;
    Ok(())
}

/// An alert by its identifier.
pub fn alert(tx: &Tx, alert_id: AlertId) -> Result<Option<AlertRow>, StoreError> {
    tx.query_one(
        "select deployment_id, withdrawn, media_expire_ms from alert where alert_id = ?1",
        params![alert_id.to_string()],
        |row| {
            let deployment_id = row.parse(0)?;
            Ok(AlertRow { alert_id, deployment_id, withdrawn: row.take(1)?, media_expire_ms: row.take(2)? })
        },
    )
}

/// A deployment's alerts.
pub fn alerts_of(tx: &Tx, deployment_id: DeploymentId) -> Result<Vec<AlertId>, StoreError> {
    let sql = "select alert_id from alert where deployment_id = ?1 order by alert_id";
    tx.query(sql, params![deployment_id.to_string()], |row| row.parse(0))
}

/// Marks an alert as withdrawn.
pub fn set_alert_withdrawn(tx: &Tx, alert_id: AlertId) -> Result<(), StoreError> {
    tx.execute("update alert set withdrawn = 1 where alert_id = ?1", params![alert_id.to_string()])?;
    Ok(())
}

/// Remembers that a phone was sent an alert.
pub fn put_issued(tx: &Tx, alert_id: AlertId, enrolment_id: EnrolmentId) -> Result<(), StoreError> {
    tx.execute(
        "insert into issued (alert_id, enrolment_id) values (?1, ?2)",
        params![alert_id.to_string(), enrolment_id.to_string()],
    )?;
    Ok(())
}

/// The alert that a phone was sent under a number; `None` if it was none, or the number is not kept any more.
pub fn alert_of_seq(tx: &Tx, enrolment_id: EnrolmentId, seq: u64) -> Result<Option<AlertId>, StoreError> {
    let sql = "select outbox.alert_id from outbox join issued on issued.alert_id = outbox.alert_id \
               and issued.enrolment_id = outbox.enrolment_id where outbox.enrolment_id = ?1 and outbox.seq = ?2";
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    tx.query_one(sql, params![enrolment_id.to_string(), seq], |row| row.parse(0))
}

/// Notes since when an alert is closed on a phone; the first time counts. Says whether the phone was sent it.
pub fn close_issued(tx: &Tx, alert_id: AlertId, enrolment_id: EnrolmentId, at_ms: i64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "update issued set closed_ms = coalesce(closed_ms, ?1) where alert_id = ?2 and enrolment_id = ?3",
        params![at_ms, alert_id.to_string(), enrolment_id.to_string()],
    )?;
    Ok(changed > 0)
}

/// Alerts with images here that no phone has open any more, and since when. A revoked phone gets nothing more, so it
/// does not count.
pub fn closed_everywhere(tx: &Tx) -> Result<Vec<(AlertId, i64)>, StoreError> {
    let sql = "select alert_id, coalesce( \
                 (select max(closed_ms) from issued where issued.alert_id = alert.alert_id), ingested_ms) \
               from alert where alert_id in (select alert_id from media where destroyed_ms is null) \
               and not exists (select 1 from alert_over where alert_over.alert_id = alert.alert_id) \
               and not exists (select 1 from issued where issued.alert_id = alert.alert_id and closed_ms is null \
                 and not exists (select 1 from standing where standing.enrolment_id = issued.enrolment_id \
                   and standing.standing = 'revoked')) \
               order by alert_id limit 500";
    tx.query(sql, params![], |row| Ok((row.parse(0)?, row.take(1)?)))
}

/// Notes since when an alert is over, and that its images go at `until_ms` at the latest. The first time counts.
pub fn put_alert_over(tx: &Tx, alert_id: AlertId, over_ms: i64, until_ms: i64) -> Result<(), StoreError> {
    let id = alert_id.to_string();
    tx.execute(
        "insert into alert_over (alert_id, over_ms) values (?1, ?2) on conflict (alert_id) do nothing",
        params![id, over_ms],
    )?;
    tx.execute(
        "update media set expire_ms = ?1 where alert_id = ?2 and expire_ms > ?1 and destroyed_ms is null",
        params![until_ms, id],
    )?;
    Ok(())
}

/// Since when an alert is over.
pub fn alert_over_ms(tx: &Tx, alert_id: AlertId) -> Result<Option<i64>, StoreError> {
    tx.query_one("select over_ms from alert_over where alert_id = ?1", params![alert_id.to_string()], |row| row.take(0))
}
