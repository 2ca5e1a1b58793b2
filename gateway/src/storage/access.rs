//! Who may do what: access keys, enrolment codes, devices, officers.
//!
//! Must never: hold a secret in the clear; keys and codes are SHA-256 hashes of random secrets, PINs are Argon2id.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::deployment::Role;
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::StoreError;

/// What an access key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyKind {
    /// The LFR system and the drone's feed: alerts and streams in.
    Ingest,
    /// The operator: a deployment's state.
    Operator,
    /// The desk: mirrored logs out, coordination in.
    Desk,
}

impl ApiKeyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Operator => "operator",
            Self::Desk => "desk",
        }
    }
}

/// Remembers an access key by its hash.
pub fn put_api_key(db: &Connection, kind: ApiKeyKind, hash: &[u8; 32]) -> Result<(), StoreError> {
    db.execute("insert into api_key (hash, kind) values (?1, ?2)", params![hash, kind.name()])?;
    Ok(())
}

/// What a key opens, by its hash.
pub fn api_key_kind(db: &Connection, hash: &[u8; 32]) -> Result<Option<ApiKeyKind>, StoreError> {
    let name: Option<String> =
        db.query_row("select kind from api_key where hash = ?1", [hash], |row| row.get(0)).optional()?;
    Ok(match name.as_deref() {
        Some("ingest") => Some(ApiKeyKind::Ingest),
        Some("operator") => Some(ApiKeyKind::Operator),
        Some("desk") => Some(ApiKeyKind::Desk),
        _ => None,
    })
}

/// Remembers a one-time enrolment secret by its hash.
pub fn add_enrolment_code(db: &Connection, hash: &[u8; 32], expires_ms: i64) -> Result<(), StoreError> {
    db.execute(
        "insert into enrolment_code (secret_hash, expires_ms, used) values (?1, ?2, 0)",
        params![hash, expires_ms],
    )?;
    Ok(())
}

/// Uses up an enrolment secret: `None` if it is not one, `Some(false)` if it is used or expired.
pub fn take_enrolment_code(db: &Connection, hash: &[u8; 32], now_ms: i64) -> Result<Option<bool>, StoreError> {
    let row: Option<(i64, bool)> = db
        .query_row("select expires_ms, used from enrolment_code where secret_hash = ?1", [hash], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((expires_ms, used)) = row else { return Ok(None) };
    if used || now_ms >= expires_ms {
        return Ok(Some(false));
    }
    db.execute("update enrolment_code set used = 1 where secret_hash = ?1", [hash])?;
    Ok(Some(true))
}

/// A device's public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentKeys {
    /// The log's verifier key.
    pub log_vkey: String,
    /// The hardware key, DER `SubjectPublicKeyInfo`.
    pub hw_spki: Vec<u8>,
    /// The authentication key, DER `SubjectPublicKeyInfo`.
    pub auth_spki: Vec<u8>,
}

/// Who is signed in on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The officer.
    pub officer_id: OfficerId,
    /// The end of the shift certificate, milliseconds since 1970 UTC.
    pub until_ms: i64,
}

/// An enrolled device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its enrolment.
    pub enrolment_id: EnrolmentId,
    /// Its keys.
    pub keys: EnrolmentKeys,
    /// The last number given to an event for it.
    pub last_seq: u64,
    /// Who is signed in.
    pub shift: Option<Shift>,
}

/// Enrols a device.
pub fn put_device(
    db: &Connection,
    enrolment_id: EnrolmentId,
    keys: &EnrolmentKeys,
    model: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    db.execute(
        "insert into device (enrolment_id, log_vkey, hw_spki, auth_spki, model, enrolled_ms, last_seq) \
         values (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        params![enrolment_id.to_string(), keys.log_vkey, keys.hw_spki, keys.auth_spki, model, now_ms],
    )?;
    Ok(())
}

/// How many devices are enrolled.
pub fn device_count(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("select count(*) from device", [], |row| row.get(0))?)
}

/// All enrolled devices.
pub fn all_devices(db: &Connection) -> Result<Vec<EnrolmentId>, StoreError> {
    let mut statement = db.prepare_cached("select enrolment_id from device order by enrolment_id")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|row| row?.parse().map_err(|_| StoreError::Corrupt)).collect()
}

/// A device by its enrolment.
pub fn device(db: &Connection, enrolment_id: EnrolmentId) -> Result<Option<Device>, StoreError> {
    type Raw = (String, Vec<u8>, Vec<u8>, i64, Option<String>, Option<i64>);
    let raw: Option<Raw> = db
        .query_row(
            "select log_vkey, hw_spki, auth_spki, last_seq, officer_id, shift_until_ms from device \
             where enrolment_id = ?1",
            [enrolment_id.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
        )
        .optional()?;
    let Some((log_vkey, hw_spki, auth_spki, last_seq, officer, until)) = raw else { return Ok(None) };
    let shift = match (officer, until) {
        (Some(officer), Some(until_ms)) => {
            Some(Shift { officer_id: OfficerId::new(officer).map_err(|_| StoreError::Corrupt)?, until_ms })
        }
        _ => None,
    };
    let last_seq = u64::try_from(last_seq).map_err(|_| StoreError::Corrupt)?;
    Ok(Some(Device { enrolment_id, keys: EnrolmentKeys { log_vkey, hw_spki, auth_spki }, last_seq, shift }))
}

/// Signs an officer in on a device. Another officer's places in deployments end with that.
pub fn set_shift(db: &Connection, enrolment_id: EnrolmentId, shift: &Shift) -> Result<(), StoreError> {
    let id = enrolment_id.to_string();
    db.execute(
        "delete from member where enrolment_id = ?1 and officer_id <> ?2",
        params![id, shift.officer_id.as_str()],
    )?;
    db.execute(
        "update device set officer_id = ?1, shift_until_ms = ?2 where enrolment_id = ?3",
        params![shift.officer_id.as_str(), shift.until_ms, id],
    )?;
    Ok(())
}

/// In which deployments an officer may take which roles.
pub type Roster = BTreeMap<DeploymentId, BTreeSet<Role>>;

/// An officer's record.
#[derive(Clone, Debug)]
pub struct OfficerRow {
    /// The officer.
    pub officer_id: OfficerId,
    /// Salt of the PIN's hash.
    pub salt: Vec<u8>,
    /// Argon2id of the PIN.
    pub pin_hash: Vec<u8>,
    /// Deployments and roles.
    pub roster: Roster,
    /// Wrong PINs in a row.
    pub failures: u32,
    /// No sign-in before this time, milliseconds since 1970 UTC.
    pub locked_until_ms: i64,
}

/// Adds an officer, or replaces PIN and roster.
pub fn put_officer(db: &Connection, officer: &OfficerRow) -> Result<(), StoreError> {
    let roster = serde_json::to_string(&officer.roster).map_err(|_| StoreError::Corrupt)?;
    db.execute(
        "insert into officer (officer_id, salt, pin_hash, roster, failures, locked_until_ms) \
         values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (officer_id) do update set \
         salt = excluded.salt, pin_hash = excluded.pin_hash, roster = excluded.roster, \
         failures = excluded.failures, locked_until_ms = excluded.locked_until_ms",
        params![
            officer.officer_id.as_str(),
            officer.salt,
            officer.pin_hash,
            roster,
            officer.failures,
            officer.locked_until_ms
        ],
    )?;
    Ok(())
}

/// An officer by number.
pub fn officer(db: &Connection, officer_id: &OfficerId) -> Result<Option<OfficerRow>, StoreError> {
    type Raw = (Vec<u8>, Vec<u8>, String, u32, i64);
    let raw: Option<Raw> = db
        .query_row(
            "select salt, pin_hash, roster, failures, locked_until_ms from officer where officer_id = ?1",
            [officer_id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .optional()?;
    let Some((salt, pin_hash, roster, failures, locked_until_ms)) = raw else { return Ok(None) };
    let roster = serde_json::from_str(&roster).map_err(|_| StoreError::Corrupt)?;
    Ok(Some(OfficerRow { officer_id: officer_id.clone(), salt, pin_hash, roster, failures, locked_until_ms }))
}

/// Notes the number of wrong PINs in a row and until when no PIN is taken.
pub fn note_pin_failure(
    db: &Connection,
    officer_id: &OfficerId,
    failures: u32,
    locked_until_ms: i64,
) -> Result<(), StoreError> {
    db.execute(
        "update officer set failures = ?1, locked_until_ms = ?2 where officer_id = ?3",
        params![failures, locked_until_ms, officer_id.as_str()],
    )?;
    Ok(())
}
