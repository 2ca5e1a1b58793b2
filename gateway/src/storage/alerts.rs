//! Alerts, as much of them as outlives their sending.
//!
//! Must never: keep score, category, reason or name here; those stand in the outbox and go with the media.

use peel_domain::id::{AlertId, DeploymentId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::StoreError;

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
pub fn put_alert(db: &Connection, row: &AlertRow, now_ms: i64) -> Result<(), StoreError> {
    db.execute(
        "insert into alert (alert_id, deployment_id, ingested_ms, withdrawn, media_expire_ms) \
         values (?1, ?2, ?3, ?4, ?5)",
        params![row.alert_id.to_string(), row.deployment_id.to_string(), now_ms, row.withdrawn, row.media_expire_ms],
    )?;
    Ok(())
}

/// An alert by its identifier.
pub fn alert(db: &Connection, alert_id: AlertId) -> Result<Option<AlertRow>, StoreError> {
    let raw: Option<(String, bool, i64)> = db
        .query_row(
            "select deployment_id, withdrawn, media_expire_ms from alert where alert_id = ?1",
            [alert_id.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    raw.map(|(deployment, withdrawn, media_expire_ms)| {
        let deployment_id = deployment.parse().map_err(|_| StoreError::Corrupt)?;
        Ok(AlertRow { alert_id, deployment_id, withdrawn, media_expire_ms })
    })
    .transpose()
}

/// A deployment's alerts.
pub fn alerts_of(db: &Connection, deployment_id: DeploymentId) -> Result<Vec<AlertId>, StoreError> {
    let mut statement = db.prepare_cached("select alert_id from alert where deployment_id = ?1 order by alert_id")?;
    let rows = statement.query_map([deployment_id.to_string()], |row| row.get::<_, String>(0))?;
    rows.map(|row| row?.parse().map_err(|_| StoreError::Corrupt)).collect()
}

/// Marks an alert as withdrawn.
pub fn set_alert_withdrawn(db: &Connection, alert_id: AlertId) -> Result<(), StoreError> {
    db.execute("update alert set withdrawn = 1 where alert_id = ?1", [alert_id.to_string()])?;
    Ok(())
}
