//! Messages to devices: numbered, signed and stored in the transaction that decides them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId};
use peel_domain::wire::{StreamEnvelope, StreamEvent};

use super::{Authority, ServiceError};
use crate::storage::{OutboxRow, Recipients, StoredEvent, Tx, put_event};

/// The alert that a message is about.
const fn alert_of(event: &StreamEvent) -> Option<AlertId> {
    match event {
        StreamEvent::LfrAlert(alert) => Some(alert.alert_id),
        StreamEvent::LfrWithdraw { alert_id, .. }
        | StreamEvent::LfrExpire { alert_id }
        | StreamEvent::Coordination { alert_id, .. } => Some(*alert_id),
        _ => None,
    }
}

/// The sequence key's line for one numbered payload.
pub(super) fn sign(authority: &Authority, enrolment_id: EnrolmentId, seq: u64, payload: &str) -> String {
    let message = StreamEnvelope::signed_message(enrolment_id, seq, payload);
    STANDARD.encode(authority.keys.sequence.sign_detached(&message))
}

/// Stores a message for devices; the caller wakes them after the commit.
pub(super) fn send(
    authority: &Authority,
    tx: &Tx,
    devices: &[EnrolmentId],
    event: &StreamEvent,
) -> Result<Vec<(EnrolmentId, u64)>, ServiceError> {
    let payload = serde_json::to_string(event).map_err(|_| ServiceError::Internal)?;
    let stored = StoredEvent { name: event.name(), payload: &payload, alert_id: alert_of(event) };
    let now_ms = authority.clock.now_ms();
    let mut sent = Vec::with_capacity(devices.len());
    for &device in devices {
        let seq = put_event(tx, device, &stored, now_ms, |seq| sign(authority, device, seq, &payload))?;
        sent.push((device, seq));
    }
    Ok(sent)
}

/// Stores a message for the devices of a deployment.
pub(super) fn send_to(
    authority: &Authority,
    tx: &Tx,
    deployment_id: DeploymentId,
    recipients: Recipients,
    event: &StreamEvent,
) -> Result<Vec<EnrolmentId>, ServiceError> {
    let devices = recipients.of(tx, deployment_id)?;
    send(authority, tx, &devices, event)?;
    Ok(devices)
}

/// A stored event as one message of the stream (WHATWG HTML section 9.2.6).
pub fn stream_text(row: OutboxRow) -> Result<String, ServiceError> {
    let envelope = StreamEnvelope { alert_seq: row.seq, payload: row.payload, signature: row.signature };
    let data = serde_json::to_string(&envelope).map_err(|_| ServiceError::Internal)?;
    Ok(format!("id: {}\nevent: {}\ndata: {data}\n\n", envelope.alert_seq, row.name))
}
