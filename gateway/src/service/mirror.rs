//! The mirror of phones' logs: the pure state machine of [`peel_ledger::mirror`] around the store.
//!
//! Must never: let a cosignature out before the entries, the checkpoint and the force log's leaf are durable.
//! Always: one transaction a request; the reply to a completed upload is the same bytes whenever it is asked for.

use peel_domain::id::EnrolmentId;
use peel_ledger::entry::{Entry, EntryClass};
use peel_ledger::mirror::{
    AcceptedEntry, AddCheckpoint, AddEntries, AddEntriesReply, CONTENT_TYPE_INFO, CONTENT_TYPE_SIZE, MirrorError,
    MirrorState,
};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::tree::CompactRange;

use super::standing::in_good_standing;
use super::{Authority, Gateway, ServiceError, force_log, receipts};
use crate::storage::{self, Committed, LogRow, LogStore as _, Logs, Pending, StoredEntry, Tx};

/// A reply in the protocol's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl MirrorReply {
    fn plain(status: u16, body: String) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body }
    }
}

fn state_of(row: &LogRow) -> Result<MirrorState, ServiceError> {
    let held = CompactRange::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
    let pending = row.pending.as_ref().map(|pending| SignedNote::parse(pending.note.as_bytes())).transpose();
    let mirrored = row.committed.as_ref().map_or(0, |committed| committed.size);
    let pending = pending.map_err(|_| ServiceError::Internal)?;
    MirrorState::from_parts(row.origin.clone(), pending, held, mirrored).map_err(|_| ServiceError::Internal)
}

fn add_checkpoint(tx: &Tx, device: EnrolmentId, body: &[u8]) -> Result<MirrorReply, ServiceError> {
    let logs = Logs(tx);
    let row = logs.log(&device.to_string())?.ok_or(ServiceError::UnknownDevice)?;
    let device = storage::device(tx, device)?.ok_or(ServiceError::UnknownDevice)?;
    in_good_standing(&device)?;
    let keys = device.keys;
    let log_key: VerifierKey = keys.log_vkey.parse().map_err(|_| ServiceError::Internal)?;
    let hardware = VerifierKey::p256(row.origin.as_str(), &keys.hw_spki).map_err(|_| ServiceError::Internal)?;
    let request = match AddCheckpoint::parse(body) {
        Ok(request) => request,
        Err(error) => return Ok(malformed(error)),
    };
    let state = state_of(&row)?;
    match state.add_checkpoint(&request, &log_key, &[hardware]) {
        Ok(next) => {
            let note = next.pending_note().ok_or(ServiceError::Internal)?.to_text();
            let expected = row.pending.as_ref().map(|pending| pending.size);
            logs.swap_pending(&row.log_id, expected, &Pending { size: next.pending_size(), note })?;
            Ok(MirrorReply::plain(200, String::new()))
        }
        Err(refusal) => Ok(refusal.conflict_body().map_or_else(
            || MirrorReply::plain(refusal.status(), String::new()),
            |body| MirrorReply { status: refusal.status(), content_type: CONTENT_TYPE_SIZE, body },
        )),
    }
}

fn malformed(error: MirrorError) -> MirrorReply {
    MirrorReply::plain(if error == MirrorError::TooLong { 413 } else { 400 }, String::new())
}

fn add_entries(authority: &Authority, tx: &Tx, device: EnrolmentId, body: &[u8]) -> Result<MirrorReply, ServiceError> {
    in_good_standing(&storage::device(tx, device)?.ok_or(ServiceError::UnknownDevice)?)?;
    let logs = Logs(tx);
    let row = logs.log(&device.to_string())?.ok_or(ServiceError::NotFound)?;
    let request = match AddEntries::parse(body) {
        Ok(request) => request,
        Err(error) => return Ok(malformed(error)),
    };
    let outcome = state_of(&row)?.add_entries(&request).map_err(|_| ServiceError::Internal)?;
    store_entries(tx, &row, &outcome.accepted, outcome.state.held())?;
    match outcome.reply {
        AddEntriesReply::Complete(_) => {
            let note = outcome.state.pending_note().ok_or(ServiceError::Internal)?.clone();
            complete(authority, tx, &row, note, outcome.state.mirrored_size())
        }
        AddEntriesReply::Accepted(info) => Ok(info_reply(202, info.encode())),
        AddEntriesReply::Conflict(info) => Ok(info_reply(409, info.encode())),
        reply @ (AddEntriesReply::Unprocessable | AddEntriesReply::Malformed) => {
            Ok(MirrorReply::plain(reply.status(), String::new()))
        }
    }
}

fn info_reply(status: u16, body: String) -> MirrorReply {
    MirrorReply { status, content_type: CONTENT_TYPE_INFO, body }
}

fn store_entries(tx: &Tx, row: &LogRow, accepted: &[AcceptedEntry], held: &CompactRange) -> Result<(), ServiceError> {
    let Some(first) = accepted.first() else { return Ok(()) };
    let logs = Logs(tx);
    let entries: Vec<StoredEntry<'_>> =
        accepted.iter().map(|entry| StoredEntry { leaf: &entry.leaf, body: &entry.bytes }).collect();
    logs.put_package(&row.log_id, first.index, &entries, &held.to_bytes())?;
    for accepted in accepted {
        let entry = Entry::decode(&accepted.bytes).ok().filter(|entry| entry.header().class == EntryClass::Receipt);
        if let Some(commitment) = entry.and_then(|entry| entry.receipt_commitment()) {
            logs.put_receipt(&receipts::paper_code(&commitment), &row.log_id, accepted.index)?;
        }
    }
    Ok(())
}

/// Cosigns a checkpoint whose entries are all in this transaction; the caller commits before it replies.
fn complete(
    authority: &Authority,
    tx: &Tx,
    row: &LogRow,
    mut note: SignedNote,
    size: u64,
) -> Result<MirrorReply, ServiceError> {
    let known = row.committed.as_ref().filter(|committed| committed.size == size);
    let at_ms = known.map_or_else(|| force_log::next_ms(authority, tx), |committed| Ok(committed.at_ms))?;
    let line = force_log::cosign(authority, note.text(), at_ms)?;
    let lines = line.to_line();
    if known.is_none() {
        force_log::append_accepted(authority, tx, &note, &lines, at_ms)?;
        note.attach(line).map_err(|_| ServiceError::Internal)?;
        let committed = Committed { size, note: note.to_text(), at_ms };
        Logs(tx).commit_size(&row.log_id, &committed)?;
    }
    Ok(MirrorReply::plain(200, lines))
}

impl Gateway {
    /// `add-checkpoint` (tlog-witness) for a device's own log.
    pub async fn add_checkpoint(&self, device: EnrolmentId, body: bytes::Bytes) -> Result<MirrorReply, ServiceError> {
        self.db.write(move |tx| add_checkpoint(tx, device, &body)).await
    }

    /// `add-entries` (tlog-mirror) for a device's own log.
    pub async fn add_entries(&self, device: EnrolmentId, body: bytes::Bytes) -> Result<MirrorReply, ServiceError> {
        let authority = self.authority.clone();
        self.db.write(move |tx| add_entries(&authority, tx, device, &body)).await
    }
}
