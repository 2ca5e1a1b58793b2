//! Alerts, as much of them as outlives their sending.
//!
//! Must never: keep score, category, reason or name here; those stand in the outbox and go with the media.

use crate::params;
use peel_domain::id::{AlertId, DeploymentId};

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
