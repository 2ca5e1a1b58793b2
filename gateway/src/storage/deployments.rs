//! Deployments, who is in them, and policies.

use peel_domain::deployment::{DeploymentCard, DeploymentState, Role};
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;

use super::StoreError;

/// A deployment as stored.
#[derive(Clone, Debug)]
pub struct DeploymentRow {
    /// Its card.
    pub card: DeploymentCard,
    /// Its state.
    pub state: DeploymentState,
}

fn to_word<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt)
}

fn from_word<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt)
}

/// Stores a new deployment.
pub fn put_deployment(db: &Connection, row: &DeploymentRow, now_ms: i64) -> Result<(), StoreError> {
    let changed = db.execute(
        "insert or ignore into deployment (deployment_id, card, state, created_ms) values (?1, ?2, ?3, ?4)",
        params![row.card.deployment_id.to_string(), to_word(&row.card)?, to_word(&row.state)?, now_ms],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A deployment by its identifier.
pub fn deployment(db: &Connection, id: DeploymentId) -> Result<Option<DeploymentRow>, StoreError> {
    let raw: Option<(String, String)> = db
        .query_row("select card, state from deployment where deployment_id = ?1", [id.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    raw.map(|(card, state)| Ok(DeploymentRow { card: from_word(&card)?, state: from_word(&state)? })).transpose()
}

/// All deployments, the oldest first.
pub fn deployments(db: &Connection) -> Result<Vec<DeploymentRow>, StoreError> {
    let mut statement = db.prepare_cached("select card, state from deployment order by created_ms, deployment_id")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (card, state) = row?;
        Ok(DeploymentRow { card: from_word(&card)?, state: from_word(&state)? })
    })
    .collect()
}

/// Sets a deployment's state and card.
pub fn set_state(db: &Connection, row: &DeploymentRow, now_ms: i64) -> Result<(), StoreError> {
    let ended = (row.state == DeploymentState::Ended).then_some(now_ms);
    db.execute(
        "update deployment set card = ?1, state = ?2, ended_ms = coalesce(ended_ms, ?3) where deployment_id = ?4",
        params![to_word(&row.card)?, to_word(&row.state)?, ended, row.card.deployment_id.to_string()],
    )?;
    Ok(())
}

/// A device's place in a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The device.
    pub enrolment_id: EnrolmentId,
    /// Its officer.
    pub officer_id: OfficerId,
    /// The officer's role.
    pub role: Role,
}

/// Puts a device in a deployment.
pub fn add_member(db: &Connection, id: DeploymentId, member: &Member) -> Result<(), StoreError> {
    db.execute(
        "insert into member (enrolment_id, deployment_id, officer_id, role) values (?1, ?2, ?3, ?4) \
         on conflict (enrolment_id, deployment_id) do update set officer_id = excluded.officer_id, role = excluded.role",
        params![
            member.enrolment_id.to_string(),
            id.to_string(),
            member.officer_id.as_str(),
            to_word(&member.role)?
        ],
    )?;
    Ok(())
}

/// Takes a device out of a deployment.
pub fn remove_member(db: &Connection, id: DeploymentId, enrolment_id: EnrolmentId) -> Result<(), StoreError> {
    db.execute(
        "delete from member where enrolment_id = ?1 and deployment_id = ?2",
        params![enrolment_id.to_string(), id.to_string()],
    )?;
    Ok(())
}

/// The devices in a deployment.
pub fn members(db: &Connection, id: DeploymentId) -> Result<Vec<Member>, StoreError> {
    let mut statement = db.prepare_cached(
        "select enrolment_id, officer_id, role from member where deployment_id = ?1 order by enrolment_id",
    )?;
    let rows = statement.query_map([id.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    rows.map(|row| {
        let (enrolment, officer, role) = row?;
        Ok(Member {
            enrolment_id: enrolment.parse().map_err(|_| StoreError::Corrupt)?,
            officer_id: OfficerId::new(officer).map_err(|_| StoreError::Corrupt)?,
            role: from_word(&role)?,
        })
    })
    .collect()
}

/// A signed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its version.
    pub version: u32,
    /// The signed document.
    pub cose: Vec<u8>,
}

/// Stores a policy; a version is never replaced.
pub fn put_policy(db: &Connection, policy: &PolicyRow, now_ms: i64) -> Result<(), StoreError> {
    let changed = db.execute(
        "insert or ignore into policy (version, cose, at_ms) values (?1, ?2, ?3)",
        params![policy.version, policy.cose, now_ms],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// The policy with the highest version.
pub fn latest_policy(db: &Connection) -> Result<Option<PolicyRow>, StoreError> {
    let sql = "select version, cose from policy order by version desc limit 1";
    Ok(db.query_row(sql, [], |row| Ok(PolicyRow { version: row.get(0)?, cose: row.get(1)? })).optional()?)
}
