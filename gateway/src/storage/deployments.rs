//! Deployments, who is in them, and policies.

use crate::params;
use peel_domain::deployment::{DeploymentCard, DeploymentState, Role};
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};
use serde::de::DeserializeOwned;

use super::{Row, StoreError, Tx};

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
pub fn put_deployment(tx: &Tx, row: &DeploymentRow, now_ms: i64) -> Result<(), StoreError> {
    let changed = tx.execute(
        "insert into deployment (deployment_id, card, state, created_ms) values (?1, ?2, ?3, ?4) \
         on conflict do nothing",
        params![row.card.deployment_id.to_string(), to_word(&row.card)?, to_word(&row.state)?, now_ms],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A deployment by its identifier.
pub fn deployment(tx: &Tx, id: DeploymentId) -> Result<Option<DeploymentRow>, StoreError> {
    let sql = "select card, state from deployment where deployment_id = ?1";
    tx.query_one(sql, params![id.to_string()], row_of)
}

fn row_of(row: &mut Row) -> Result<DeploymentRow, StoreError> {
    Ok(DeploymentRow { card: from_word(&row.take::<String>(0)?)?, state: from_word(&row.take::<String>(1)?)? })
}

/// All deployments, the oldest first.
pub fn deployments(tx: &Tx) -> Result<Vec<DeploymentRow>, StoreError> {
    tx.query("select card, state from deployment order by created_ms, deployment_id", params![], row_of)
}

/// Sets a deployment's state and card.
pub fn set_state(tx: &Tx, row: &DeploymentRow, now_ms: i64) -> Result<(), StoreError> {
    let ended = (row.state == DeploymentState::Ended).then_some(now_ms);
    tx.execute(
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
pub fn add_member(tx: &Tx, id: DeploymentId, member: &Member) -> Result<(), StoreError> {
    tx.execute(
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
pub fn remove_member(tx: &Tx, id: DeploymentId, enrolment_id: EnrolmentId) -> Result<(), StoreError> {
    tx.execute(
        "delete from member where enrolment_id = ?1 and deployment_id = ?2",
        params![enrolment_id.to_string(), id.to_string()],
    )?;
    Ok(())
}

/// The devices in a deployment.
pub fn members(tx: &Tx, id: DeploymentId) -> Result<Vec<Member>, StoreError> {
    tx.query(
        "select enrolment_id, officer_id, role from member where deployment_id = ?1 order by enrolment_id",
        params![id.to_string()],
        |row| {
            Ok(Member {
                enrolment_id: row.parse(0)?,
                officer_id: OfficerId::new(row.take::<String>(1)?).map_err(|_| StoreError::Corrupt)?,
                role: from_word(&row.take::<String>(2)?)?,
            })
        },
    )
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
pub fn put_policy(tx: &Tx, policy: &PolicyRow, now_ms: i64) -> Result<(), StoreError> {
    let changed = tx.execute(
        "insert into policy (version, cose, at_ms) values (?1, ?2, ?3) on conflict do nothing",
        params![policy.version, policy.cose, now_ms],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Every policy that was put into force, signed, with when that was (milliseconds since 1970 UTC), the oldest first.
pub fn policies(tx: &Tx) -> Result<Vec<(Vec<u8>, i64)>, StoreError> {
    let sql = "select cose, at_ms from policy order by version";
    tx.query(sql, params![], |row| Ok((row.take(0)?, row.take(1)?)))
}

/// Whether the force ever put this version of its policy into force.
pub fn has_policy(tx: &Tx, version: u32) -> Result<bool, StoreError> {
    let found: Option<i64> =
        tx.query_one("select at_ms from policy where version = ?1", params![version], |row| row.take(0))?;
    Ok(found.is_some())
}

/// The policy with the highest version.
pub fn latest_policy(tx: &Tx) -> Result<Option<PolicyRow>, StoreError> {
    let sql = "select version, cose from policy order by version desc limit 1";
    tx.query_one(sql, params![], |row| Ok(PolicyRow { version: row.take(0)?, cose: row.take(1)? }))
}
