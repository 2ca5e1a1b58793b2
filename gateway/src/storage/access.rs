//! Who may do what: access keys, enrolment codes, devices, officers.
//!
//! Must never: hold a secret in the clear; keys and codes are SHA-256 hashes of random secrets, PINs are Argon2id.

use std::collections::{BTreeMap, BTreeSet};

use crate::params;
use peel_domain::deployment::Role;
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};

use super::{StoreError, Tx};

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
pub fn put_api_key(tx: &Tx, kind: ApiKeyKind, hash: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute("insert into api_key (hash, kind) values (?1, ?2)", params![hash, kind.name()])?;
    Ok(())
}

/// What a key opens, by its hash.
pub fn api_key_kind(tx: &Tx, hash: &[u8; 32]) -> Result<Option<ApiKeyKind>, StoreError> {
    let name: Option<String> =
        tx.query_one("select kind from api_key where hash = ?1", params![hash], |row| row.take(0))?;
    Ok(match name.as_deref() {
        Some("ingest") => Some(ApiKeyKind::Ingest),
        Some("operator") => Some(ApiKeyKind::Operator),
        Some("desk") => Some(ApiKeyKind::Desk),
        _ => None,
    })
}

/// Remembers a one-time enrolment secret by its hash, and which enrolment the new one is to replace.
pub fn add_enrolment_code(
    tx: &Tx,
    hash: &[u8; 32],
    expires_ms: i64,
    replaces: Option<EnrolmentId>,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into enrolment_code (secret_hash, expires_ms, used) values (?1, ?2, 0)",
        params![hash, expires_ms],
    )?;
    if let Some(replaces) = replaces {
        let sql = "insert into code_is_for (secret_hash, replaces) values (?1, ?2)";
        tx.execute(sql, params![hash, replaces.to_string()])?;
    }
    Ok(())
}

/// Which enrolment the one with this secret is to replace.
pub fn replaced_by_code(tx: &Tx, hash: &[u8; 32]) -> Result<Option<EnrolmentId>, StoreError> {
    tx.query_one("select replaces from code_is_for where secret_hash = ?1", params![hash], |row| row.parse(0))
}

/// Says that an enrolment is to go on from another.
pub fn set_replacement(tx: &Tx, enrolment_id: EnrolmentId, replaces: EnrolmentId) -> Result<(), StoreError> {
    let sql = "insert into goes_on_from (enrolment_id, replaces) values (?1, ?2)";
    tx.execute(sql, params![enrolment_id.to_string(), replaces.to_string()])?;
    Ok(())
}

/// The enrolments that were made to go on from this one; of those, one with a log does.
pub fn replacements_of(tx: &Tx, replaces: EnrolmentId) -> Result<Vec<EnrolmentId>, StoreError> {
    let sql = "select enrolment_id from goes_on_from where replaces = ?1";
    tx.query(sql, params![replaces.to_string()], |row| row.parse(0))
}

/// The enrolment that this one goes on from.
pub fn replaced_by(tx: &Tx, enrolment_id: EnrolmentId) -> Result<Option<EnrolmentId>, StoreError> {
    let sql = "select replaces from goes_on_from where enrolment_id = ?1";
    tx.query_one(sql, params![enrolment_id.to_string()], |row| row.parse(0))
}

/// Uses up an enrolment secret: `None` if it is not one, `Some(false)` if it is used or expired.
pub fn take_enrolment_code(tx: &Tx, hash: &[u8; 32], now_ms: i64) -> Result<Option<bool>, StoreError> {
    let sql = "select expires_ms, used from enrolment_code where secret_hash = ?1";
    let row: Option<(i64, bool)> = tx.query_one(sql, params![hash], |row| Ok((row.take(0)?, row.take(1)?)))?;
    let Some((expires_ms, used)) = row else { return Ok(None) };
    if used || now_ms >= expires_ms {
        return Ok(Some(false));
    }
    tx.execute("update enrolment_code set used = 1 where secret_hash = ?1", params![hash])?;
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

/// Whether a device is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Good,
    /// Not yet: two people have still to approve its enrolment.
    Pending,
    /// No more.
    Revoked,
}

impl Standing {
    /// Its name, as the store and an operator's list have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Pending => "pending",
            Self::Revoked => "revoked",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        [Self::Good, Self::Pending, Self::Revoked]
            .into_iter()
            .find(|standing| standing.name() == name)
            .ok_or(StoreError::Corrupt)
    }
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
    /// Whether it is served.
    pub standing: Standing,
}

/// Takes a device in, whose enrolment has still to be approved.
pub fn put_device(
    tx: &Tx,
    enrolment_id: EnrolmentId,
    keys: &EnrolmentKeys,
    model: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into device (enrolment_id, log_vkey, hw_spki, auth_spki, model, enrolled_ms, last_seq) \
         values (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        params![enrolment_id.to_string(), keys.log_vkey, keys.hw_spki, keys.auth_spki, model, now_ms],
    )?;
    set_standing(tx, enrolment_id, Standing::Pending)
}

/// Changes whether a device is served. One that no longer is leaves its deployments and has nobody signed in.
pub fn set_standing(tx: &Tx, enrolment_id: EnrolmentId, standing: Standing) -> Result<(), StoreError> {
    let id = enrolment_id.to_string();
    tx.execute("delete from standing where enrolment_id = ?1", params![id])?;
    if standing != Standing::Good {
        let sql = "insert into standing (enrolment_id, standing) values (?1, ?2)";
        tx.execute(sql, params![id, standing.name()])?;
        tx.execute("delete from member where enrolment_id = ?1", params![id])?;
        tx.execute("update device set officer_id = null, shift_until_ms = null where enrolment_id = ?1", params![id])?;
    }
    Ok(())
}

/// The devices that are not served, and why.
pub fn refused_devices(tx: &Tx) -> Result<Vec<(EnrolmentId, Standing)>, StoreError> {
    tx.query("select enrolment_id, standing from standing", params![], |row| {
        Ok((row.parse(0)?, Standing::parse(&row.take::<String>(1)?)?))
    })
}

/// How many devices are enrolled.
pub fn device_count(tx: &Tx) -> Result<i64, StoreError> {
    tx.query_one("select count(*) from device", params![], |row| row.take(0))?.ok_or(StoreError::Corrupt)
}

/// All enrolled devices that are served.
pub fn all_devices(tx: &Tx) -> Result<Vec<EnrolmentId>, StoreError> {
    tx.query(
        "select enrolment_id from device where enrolment_id not in (select enrolment_id from standing) \
         order by enrolment_id",
        params![],
        |row| row.parse(0),
    )
}

/// A device as an operator's list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDevice {
    /// Its enrolment.
    pub enrolment_id: EnrolmentId,
    /// Its model, in its own words.
    pub model: String,
    /// When it enrolled, milliseconds since 1970 UTC.
    pub enrolled_ms: i64,
    /// Whether it is served.
    pub standing: Standing,
    /// How many entries of its log the mirror has confirmed.
    pub entries: u64,
    /// The enrolment that it goes on from.
    pub replaces: Option<EnrolmentId>,
}

/// Every device, in the order of enrolment.
pub fn listed_devices(tx: &Tx) -> Result<Vec<ListedDevice>, StoreError> {
    let sql = "select device.enrolment_id, model, enrolled_ms, standing.standing, coalesce(log.size, 0), \
               goes_on_from.replaces from device left join standing on standing.enrolment_id = device.enrolment_id \
               left join log on log.log_id = device.enrolment_id \
               left join goes_on_from on goes_on_from.enrolment_id = device.enrolment_id \
               order by enrolled_ms, device.enrolment_id";
    tx.query(sql, params![], |row| {
        let replaces = row.take::<Option<String>>(5)?.map(|text| text.parse().map_err(|_| StoreError::Corrupt));
        Ok(ListedDevice {
            enrolment_id: row.parse(0)?,
            model: row.take(1)?,
            enrolled_ms: row.take(2)?,
            standing: row.take::<Option<String>>(3)?.map_or(Ok(Standing::Good), |name| Standing::parse(&name))?,
            entries: row.take(4)?,
            replaces: replaces.transpose()?,
        })
    })
}

/// A device by its enrolment.
pub fn device(tx: &Tx, enrolment_id: EnrolmentId) -> Result<Option<Device>, StoreError> {
    tx.query_one(
        "select log_vkey, hw_spki, auth_spki, last_seq, officer_id, shift_until_ms, standing.standing from device \
         left join standing on standing.enrolment_id = device.enrolment_id where device.enrolment_id = ?1",
        params![enrolment_id.to_string()],
        |row| {
            let keys = EnrolmentKeys { log_vkey: row.take(0)?, hw_spki: row.take(1)?, auth_spki: row.take(2)? };
            let shift = match (row.take::<Option<String>>(4)?, row.take::<Option<i64>>(5)?) {
                (Some(officer), Some(until_ms)) => {
                    Some(Shift { officer_id: OfficerId::new(officer).map_err(|_| StoreError::Corrupt)?, until_ms })
                }
                _ => None,
            };
            let standing = row.take::<Option<String>>(6)?.map_or(Ok(Standing::Good), |name| Standing::parse(&name))?;
            Ok(Device { enrolment_id, keys, last_seq: row.take(3)?, shift, standing })
        },
    )
}

/// Signs an officer in on a device. Another officer's places in deployments end with that.
pub fn set_shift(tx: &Tx, enrolment_id: EnrolmentId, shift: &Shift) -> Result<(), StoreError> {
    let id = enrolment_id.to_string();
    tx.execute(
        "delete from member where enrolment_id = ?1 and officer_id <> ?2",
        params![id, shift.officer_id.as_str()],
    )?;
    tx.execute(
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
}

/// Adds an officer, or replaces PIN and roster.
pub fn put_officer(tx: &Tx, officer: &OfficerRow) -> Result<(), StoreError> {
    let roster = serde_json::to_string(&officer.roster).map_err(|_| StoreError::Corrupt)?;
    tx.execute(
        "insert into officer (officer_id, salt, pin_hash, roster, failures, locked_until_ms) \
         values (?1, ?2, ?3, ?4, 0, 0) on conflict (officer_id) do update set \
         salt = excluded.salt, pin_hash = excluded.pin_hash, roster = excluded.roster",
        params![officer.officer_id.as_str(), officer.salt, officer.pin_hash, roster],
    )?;
    tx.execute("delete from pin_failure where officer_id = ?1", params![officer.officer_id.as_str()])?;
    Ok(())
}

/// An officer by number.
pub fn officer(tx: &Tx, officer_id: &OfficerId) -> Result<Option<OfficerRow>, StoreError> {
    tx.query_one(
        "select salt, pin_hash, roster from officer where officer_id = ?1",
        params![officer_id.as_str()],
        |row| {
            let roster = serde_json::from_str(&row.take::<String>(2)?).map_err(|_| StoreError::Corrupt)?;
            let (salt, pin_hash) = (row.take(0)?, row.take(1)?);
            Ok(OfficerRow { officer_id: officer_id.clone(), salt, pin_hash, roster })
        },
    )
}

/// Wrong PINs in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinFailures {
    /// How many.
    pub count: u32,
    /// No PIN is taken before this time, milliseconds since 1970 UTC.
    pub locked_until_ms: i64,
}

/// An officer's row, or the device's own, which has no officer.
fn whose(officer_id: Option<&OfficerId>) -> &str {
    officer_id.map_or("", OfficerId::as_str)
}

/// Wrong PINs on a device: for one officer, or for anybody.
pub fn pin_failures(
    tx: &Tx,
    enrolment_id: EnrolmentId,
    officer_id: Option<&OfficerId>,
) -> Result<PinFailures, StoreError> {
    let sql = "select failures, locked_until_ms from pin_failure where enrolment_id = ?1 and officer_id = ?2";
    let found = tx.query_one(sql, params![enrolment_id.to_string(), whose(officer_id)], |row| {
        Ok(PinFailures { count: row.take(0)?, locked_until_ms: row.take(1)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// Notes wrong PINs on a device: for one officer, or for anybody.
pub fn note_pin_failures(
    tx: &Tx,
    enrolment_id: EnrolmentId,
    officer_id: Option<&OfficerId>,
    failures: PinFailures,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into pin_failure (enrolment_id, officer_id, failures, locked_until_ms) values (?1, ?2, ?3, ?4) \
         on conflict (enrolment_id, officer_id) do update set \
         failures = excluded.failures, locked_until_ms = excluded.locked_until_ms",
        params![enrolment_id.to_string(), whose(officer_id), failures.count, failures.locked_until_ms],
    )?;
    Ok(())
}
