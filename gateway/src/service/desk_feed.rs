//! What the desk reads, and what it hands back.
//!
//! Always: the desk gets sealed entries and signed checkpoints as the phones sent them, and checks them itself.

use peel_domain::event::{Action, Actor, CoordinationStatus};
use peel_domain::id::{AlertId, EnrolmentId, OfficerId};
use peel_domain::wire::StreamEvent;
use serde::{Deserialize, Serialize};

use super::authority::About;
use super::{Gateway, ServiceError, fanout};
use crate::storage::{self, LogStore as _, Logs};

/// Entries in one answer.
const MAX_ENTRIES: u64 = 512;
/// Bytes of entries in one answer.
const MAX_ENTRY_BYTES: usize = 4 * 1024 * 1024;

/// A log as the desk sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskLog {
    /// Its short name.
    pub log: String,
    /// Its origin.
    pub origin: String,
    /// Entries that are durable under the checkpoint.
    pub size: u64,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The device's log key and hardware key as verifier keys; empty for the force's own logs.
    pub vkeys: Vec<String>,
}

/// Entries of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskEntries {
    /// Index of the first.
    pub from: u64,
    /// The entries, base64.
    pub entries: Vec<String>,
}

/// What other phones must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskEvent {
    /// The alert.
    pub alert_id: AlertId,
    /// The officer concerned.
    pub officer_id: OfficerId,
    /// The device on which it was recorded: it knows already.
    pub enrolment_id: EnrolmentId,
    /// What happened.
    pub status: CoordinationStatus,
}

/// An alert came to its end on one phone, as its trail says. The front cannot read that itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskClosing {
    /// The phone.
    pub enrolment_id: EnrolmentId,
    /// When, by its clock; milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// How.
    pub end: AlertEnd,
}

/// How an alert came to its end on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertEnd {
    /// Nothing more is due on it there.
    Closed(AlertId),
    /// The phone refused the message of this number: if that was an alert, it never had it.
    Refused(u64),
}

impl Gateway {
    /// All logs that have a durable checkpoint.
    pub async fn desk_logs(&self) -> Result<Vec<DeskLog>, ServiceError> {
        let authority = self.authority.clone();
        self.db
            .read(move |tx| {
                authority.cover(tx)?;
                let mut listed = Vec::new();
                for row in Logs(tx).logs()? {
                    let Some(committed) = row.committed else { continue };
                    let vkeys = match row.log_id.parse::<EnrolmentId>() {
                        Ok(enrolment_id) => storage::device(tx, enrolment_id)?
                            .map(|device| device_vkeys(row.origin.as_str(), &device.keys))
                            .transpose()?
                            .unwrap_or_default(),
                        Err(_) => Vec::new(),
                    };
                    listed.push(DeskLog {
                        log: row.log_id,
                        origin: row.origin.to_string(),
                        size: committed.size,
                        checkpoint: committed.note,
                        vkeys,
                    });
                }
                Ok::<_, ServiceError>(listed)
            })
            .await
    }

    /// Durable entries of a log from an index on.
    pub async fn desk_entries(&self, log_id: String, from: u64) -> Result<DeskEntries, ServiceError> {
        use base64::Engine as _;
        self.db
            .read(move |tx| {
                let logs = Logs(tx);
                let row = logs.log(&log_id)?.ok_or(ServiceError::NotFound)?;
                let size = row.committed.map_or(0, |committed| committed.size);
                let count = size.saturating_sub(from).min(MAX_ENTRIES);
                let entries =
                    if count == 0 { Vec::new() } else { logs.read_entries(&log_id, from, count, MAX_ENTRY_BYTES)? };
                let encode = |entry: &Vec<u8>| base64::engine::general_purpose::STANDARD.encode(entry);
                Ok(DeskEntries { from, entries: entries.iter().map(encode).collect() })
            })
            .await
    }

    /// Tells the other phones what one phone recorded about an alert.
    pub async fn desk_event(&self, event: DeskEvent) -> Result<(), ServiceError> {
        let authority = self.authority.clone();
        let devices = self
            .db
            .write(move |tx| {
                let DeskEvent { alert_id, officer_id, enrolment_id, status } = event;
                let row = storage::alert(tx, alert_id)?.ok_or(ServiceError::NotFound)?;
                let mut devices = storage::recipients_of_alert(tx, alert_id)?;
                devices.retain(|device| *device != enrolment_id);
                let about = About { deployment_id: Some(row.deployment_id), alert_id: Some(alert_id) };
                let action = Action::Coordination { officer_id: officer_id.clone(), status };
                let recorded = authority.event(Actor::Desk, about, action);
                let message = StreamEvent::Coordination { alert_id, officer_id, status };
                fanout::send(&authority, tx, &devices, &message)?;
                authority.append_events(tx, &[recorded])?;
                Ok::<_, ServiceError>(devices)
            })
            .await?;
        self.hub.wake(&devices);
        Ok(())
    }
}

impl Gateway {
    /// Notes that a phone is done with an alert. When all that had it are, the images here go (S24).
    pub async fn desk_closing(&self, closing: DeskClosing) -> Result<(), ServiceError> {
        // A phone's clock may be ahead; no image lives longer for that.
        let at_ms = closing.at_ms.min(self.authority.clock.now_ms());
        self.db
            .write(move |tx| {
                let DeskClosing { enrolment_id, end, .. } = closing;
                let alert_id = match end {
                    AlertEnd::Closed(alert_id) => Some(alert_id),
                    AlertEnd::Refused(seq) => storage::alert_of_seq(tx, enrolment_id, seq)?,
                };
                let alert_id = alert_id.ok_or(ServiceError::NotFound)?;
                let sent = storage::close_issued(tx, alert_id, enrolment_id, at_ms)?;
                if sent { Ok(()) } else { Err(ServiceError::NotFound) }
            })
            .await
    }
}

/// A device's keys as verifier keys under its log's origin.
pub(crate) fn device_vkeys(origin: &str, keys: &storage::EnrolmentKeys) -> Result<Vec<String>, ServiceError> {
    let hardware = peel_ledger::note::VerifierKey::p256(origin, &keys.hw_spki);
    Ok(vec![keys.log_vkey.clone(), hardware.map_err(|_| ServiceError::Internal)?.to_string()])
}
