//! The bundle for outsiders: all logs with their checkpoints, signed, and the trust file that goes another way.
//!
//! Must never: hold a key that opens anything. Always: one transaction reads everything, so logs and force log agree.

use std::path::{Component, Path};

use peel_domain::id::EnrolmentId;
use peel_ledger::bundle::{self, Files, LogExport, Trust, TrustedLog, TrustedRecipient, build};
use peel_ledger::note::{SignedNote, VerifierKey};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::force::{ForceConfig, ForceError, RecipientPurpose};
use crate::service::{APPROVALS, Authority, Gateway, ServiceError, operations_keys};
use crate::storage::{self, LogRow, LogStore as _, Logs, Tx};
use crate::witness;

/// One file of a bundle, for HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// Its path in the bundle.
    pub path: String,
    /// Its bytes, base64.
    pub content: String,
}

/// How much longer than its period a key of the desk is good for: a phone that was away when the next one came seals to the
/// old one until it has heard of the new.
const LATE_S: u64 = 7 * 24 * 3600;

fn seconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms / 1_000).unwrap_or(0)
}

fn export(tx: &Tx, row: &LogRow) -> Result<Option<LogExport>, ServiceError> {
    let Some(committed) = &row.committed else { return Ok(None) };
    let checkpoint = SignedNote::parse(committed.note.as_bytes()).map_err(|_| ServiceError::Internal)?;
    let entries = Logs(tx).read_entries(&row.log_id, 0, committed.size, usize::MAX)?;
    Ok(Some(LogExport { checkpoint, entries }))
}

/// The bundle's files.
pub fn bundle_files(authority: &Authority, tx: &Tx) -> Result<Files, ServiceError> {
    authority.cover(tx)?;
    let mut exports = Vec::new();
    for row in Logs(tx).logs()? {
        let mut log = export(tx, &row)?;
        if row.origin == authority.force_log_origin
            && let Some(log) = &mut log
        {
            log.checkpoint = witness::cosigned(authority, tx, log.checkpoint.clone())?;
        }
        exports.extend(log);
    }
    let made_at_s = seconds(authority.clock.now_ms());
    build(&exports, made_at_s, &authority.keys.bundle).map_err(|_| ServiceError::Internal)
}

fn trusted(tx: &Tx, authority: &Authority, row: &LogRow) -> Result<Option<TrustedLog>, ServiceError> {
    if row.committed.is_none() || row.origin == authority.force_log_origin {
        return Ok(None);
    }
    let origin = row.origin.clone();
    let Ok(enrolment_id) = row.log_id.parse::<EnrolmentId>() else {
        let key = authority.config.events_key(&origin)?;
        return Ok(Some(TrustedLog { origin, key, hardware: None }));
    };
    let keys = storage::device(tx, enrolment_id)?.ok_or(ServiceError::Internal)?.keys;
    let key = ForceConfig::vkey(&keys.log_vkey)?;
    let hardware = VerifierKey::p256(origin.as_str(), &keys.hw_spki).map_err(|_| ServiceError::Internal)?;
    Ok(Some(TrustedLog { origin, key, hardware: Some(hardware) }))
}

/// The trust file's text. An outsider gets it from the force another way than the bundle.
pub fn trust_text(authority: &Authority, tx: &Tx) -> Result<String, ServiceError> {
    let config = &authority.config;
    let mut logs = Vec::new();
    for row in Logs(tx).logs()? {
        logs.extend(trusted(tx, authority, &row)?);
    }
    let witnesses = config.witnesses.iter().map(|witness| ForceConfig::vkey(&witness.vkey));
    let approvers = config.approver_vkeys.iter().map(|text| ForceConfig::vkey(text));
    // A real force without witnesses must say why in its configuration; until then nobody calls its bundle complete.
    let alone = config.exercise && config.witnesses_required == 0;
    let of_exercise = || alone.then(|| "an exercise, which nobody outside watches".to_owned());
    let trust = Trust {
        force_domain: config.force.clone(),
        manifest: ForceConfig::vkey(&config.bundle_vkey)?,
        force_log: TrustedLog {
            origin: authority.force_log_origin.clone(),
            key: ForceConfig::vkey(&config.force_log_vkey)?,
            hardware: None,
        },
        gateway: ForceConfig::vkey(&config.mirror_vkey)?,
        witnesses: witnesses.collect::<Result<_, _>>()?,
        witnesses_required: config.witnesses_required,
        without_witnesses: config.without_witnesses.clone().or_else(of_exercise),
        approvers: approvers.collect::<Result<_, _>>()?,
        approvals_required: APPROVALS,
        logs,
        recipients: recipients(authority, tx)?,
        root: Some(ForceConfig::vkey(&config.root_vkey)?),
    };
    Ok(trust.to_toml())
}

/// The keys that records are sealed to, each with its period: the desk's change with the policy.
fn recipients(authority: &Authority, tx: &Tx) -> Result<Vec<TrustedRecipient>, ServiceError> {
    let auditors = authority.config.recipients.iter().zip(&authority.recipients);
    let auditors = auditors.filter(|(recipient, _)| recipient.purpose == RecipientPurpose::Auditor).map(|(_, key)| {
        let purpose = bundle::RecipientPurpose::Auditor;
        TrustedRecipient { kid: key.kid(), purpose, from_s: None, until_s: None }
    });
    let operations = operations_keys(authority, tx)?.into_iter().map(|period| TrustedRecipient {
        kid: period.key.kid(),
        purpose: bundle::RecipientPurpose::Operations,
        from_s: period.from_ms.map(seconds),
        until_s: period.until_ms.map(|until_ms| seconds(until_ms).saturating_add(LATE_S)),
    });
    Ok(auditors.chain(operations).collect())
}

/// Writes a bundle's files into a folder, which must not exist or be an older bundle.
pub fn write_bundle(out: &Path, bundle: &Files) -> Result<(), ServiceError> {
    if out.exists() {
        let empty = std::fs::read_dir(out).map_err(ForceError::from)?.next().is_none();
        if !empty && !out.join("manifest.note").is_file() {
            return Err(ServiceError::Invalid("bundle.out"));
        }
        std::fs::remove_dir_all(out).map_err(ForceError::from)?;
    }
    for (path, bytes) in bundle {
        let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return Err(ServiceError::Internal);
        }
        let target = out.join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(ForceError::from)?;
        }
        files::write_public(&target, bytes).map_err(ForceError::from)?;
    }
    Ok(())
}

/// The bundle as a list of files.
pub async fn bundle_json(gateway: &Gateway) -> Result<Vec<BundleFile>, ServiceError> {
    use base64::Engine as _;
    let authority = gateway.authority.clone();
    let bundle = gateway.db.read(move |tx| bundle_files(&authority, tx)).await?;
    let encode = |(path, bytes): (String, Vec<u8>)| BundleFile {
        path,
        content: base64::engine::general_purpose::STANDARD.encode(bytes),
    };
    Ok(bundle.into_iter().map(encode).collect())
}
