//! The force log: what the force accepted, leaf by leaf.
//!
//! Always: a leaf is appended in the transaction that stores what it is about, leaves are never changed, and the
//! checkpoint over them is committed with them.

use peel_domain::wire::BeaconResponse;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{Change, CheckpointLeaf, ForceLeaf};
use peel_ledger::mirror::beacon;
use peel_ledger::note::{SignatureLine, SignedNote, VerifierKey};
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::{Hash, Origin};

use super::{Authority, Gateway, ServiceError};
use crate::storage::{Committed, LogStore as _, Logs, StoredEntry, Tx};

/// The force log's short name.
pub(super) const FORCE_LOG: &str = "log";

/// Seconds of a time in milliseconds.
fn seconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms / 1_000).unwrap_or(0)
}

/// The mirror's cosignature over a checkpoint at a time.
pub(super) fn cosign(authority: &Authority, text: &str, at_ms: i64) -> Result<SignatureLine, ServiceError> {
    authority.keys.mirror.cosign(text, seconds(at_ms)).map_err(|_| ServiceError::Internal)
}

/// The time for the next leaf: now, but never before the last leaf's: a clock that was set back, or another process's,
/// must not make an honest force's log look re-timed.
pub(super) fn next_ms(authority: &Authority, tx: &Tx) -> Result<i64, ServiceError> {
    let logs = Logs(tx);
    let size = logs.log(FORCE_LOG)?.map_or(0, |row| row.next_index);
    let Some(last) = size.checked_sub(1) else { return Ok(authority.clock.now_ms()) };
    let entry = logs.read_entries(FORCE_LOG, last, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
    let last_s = match ForceLeaf::decode(&entry).map_err(|_| ServiceError::Internal)? {
        ForceLeaf::Checkpoint(leaf) => leaf.cosigned_at_s,
        ForceLeaf::Change { at_s, .. } => at_s,
    };
    let earliest_ms = i64::try_from(last_s).unwrap_or(i64::MAX).saturating_mul(1_000);
    Ok(authority.clock.now_ms().max(earliest_ms))
}

/// Appends a leaf; [`seal`] signs the log's new checkpoint before the commit.
pub(super) fn append(authority: &Authority, tx: &Tx, leaf: &ForceLeaf) -> Result<(), ServiceError> {
    let logs = Logs(tx);
    if logs.log(FORCE_LOG)?.is_none() {
        logs.create_log(FORCE_LOG, &authority.force_log_origin, &CompactRange::new().to_bytes())?;
    }
    let row = logs.log(FORCE_LOG)?.ok_or(ServiceError::Internal)?;
    let mut range = CompactRange::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
    let bytes = leaf.encode();
    let hash = leaf_hash(&bytes);
    range.append(hash).map_err(|_| ServiceError::Internal)?;
    let entry = StoredEntry { leaf: &hash, body: &bytes };
    Ok(logs.put_package(FORCE_LOG, row.next_index, &[entry], &range.to_bytes())?)
}

/// Signs the force log's checkpoint where leaves have come in: once for all transactions that are committed together.
pub(super) fn seal(authority: &Authority, tx: &Tx) -> Result<(), ServiceError> {
    let logs = Logs(tx);
    let Some(row) = logs.log(FORCE_LOG)? else { return Ok(()) };
    if row.committed.is_some_and(|committed| committed.size == row.next_index) {
        return Ok(());
    }
    let range = CompactRange::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
    let checkpoint = Checkpoint::of(authority.force_log_origin.clone(), &range);
    let note = checkpoint.sign(&authority.keys.force_log).map_err(|_| ServiceError::Internal)?;
    let at_ms = next_ms(authority, tx)?;
    logs.commit_size(FORCE_LOG, &Committed { size: range.size(), note: note.to_text(), at_ms })?;
    Ok(())
}

/// A change, approved.
fn append_change(authority: &Authority, tx: &Tx, change: Change) -> Result<(), ServiceError> {
    let at_s = seconds(next_ms(authority, tx)?);
    let approvals = authority.keys.approvers.iter().map(|approver| change.approve(at_s, approver));
    let approvals = approvals.collect::<Result<_, _>>().map_err(|_| ServiceError::Internal)?;
    append(authority, tx, &ForceLeaf::change(change, at_s, approvals))
}

/// A checkpoint with the lines that the mirror gave for it.
pub(super) fn append_accepted(
    authority: &Authority,
    tx: &Tx,
    note: &SignedNote,
    lines: &str,
    at_ms: i64,
) -> Result<(), ServiceError> {
    let Checkpoint { origin, size, root } = Checkpoint::from_note(note).map_err(|_| ServiceError::Internal)?;
    let leaf = CheckpointLeaf { origin, size, root, cosigned_at_s: seconds(at_ms), lines: beacon(lines) };
    append(authority, tx, &ForceLeaf::Checkpoint(leaf))
}

/// The events log's checkpoint, cosigned like a phone's; gives the note with both lines.
pub(super) fn append_events_checkpoint(
    authority: &Authority,
    tx: &Tx,
    mut note: SignedNote,
    at_ms: i64,
) -> Result<SignedNote, ServiceError> {
    let line = cosign(authority, note.text(), at_ms)?;
    append_accepted(authority, tx, &note, &line.to_line(), at_ms)?;
    note.attach(line).map_err(|_| ServiceError::Internal)?;
    Ok(note)
}

/// A log's beginning with the keys that may sign it.
pub(super) fn append_enrolment(
    authority: &Authority,
    tx: &Tx,
    origin: &Origin,
    log_key: VerifierKey,
    hardware_key: Option<VerifierKey>,
) -> Result<(), ServiceError> {
    append_change(authority, tx, Change::Enrolment { origin: origin.clone(), log_key, hardware_key })
}

/// A policy's coming into force.
pub(super) fn append_policy(authority: &Authority, tx: &Tx, version: u32, signed: &[u8]) -> Result<(), ServiceError> {
    append_change(authority, tx, Change::PolicyChange { version: version.into(), policy: Hash::of(&[signed]) })
}

/// The newest accepted checkpoint's leaf.
fn newest(tx: &Tx) -> Result<Option<CheckpointLeaf>, ServiceError> {
    let logs = Logs(tx);
    let Some(row) = logs.log(FORCE_LOG)? else { return Ok(None) };
    let mut index = row.next_index;
    while let Some(before) = index.checked_sub(1) {
        index = before;
        let entry = logs.read_entries(FORCE_LOG, index, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
        if let Ok(ForceLeaf::Checkpoint(leaf)) = ForceLeaf::decode(&entry) {
            return Ok(Some(leaf));
        }
    }
    Ok(None)
}

impl Gateway {
    /// The newest beacon: the last element of the newest accepted checkpoint's leaf, which nobody could know before
    /// its time, in a note of the force log's key.
    pub async fn beacon(&self) -> Result<BeaconResponse, ServiceError> {
        let authority = self.authority.clone();
        let leaf = self.db.read(newest).await?.ok_or(ServiceError::NotFound)?;
        let (origin, value, seconds) = (&authority.force_log_origin, leaf.lines, leaf.cosigned_at_s);
        let mut note = SignedNote::new(format!("{origin}\nbeacon\n{}\n{seconds}\n", value.to_base64()))
            .map_err(|_| ServiceError::Internal)?;
        let line = authority.keys.force_log.sign(note.text()).map_err(|_| ServiceError::Internal)?;
        note.attach(line).map_err(|_| ServiceError::Internal)?;
        let at_ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
        Ok(BeaconResponse { beacon: value.to_hex(), at_ms, note: note.to_text() })
    }
}
