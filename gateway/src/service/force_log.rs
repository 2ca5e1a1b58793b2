//! The force log: what the force accepted, leaf by leaf.
//!
//! Always: a leaf is appended in the transaction that stores what it is about, leaves are never changed, and the
//! checkpoint over them is committed with them.

use peel_domain::wire::BeaconResponse;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{Change, CheckpointLeaf, ForceLeaf, MAX_CHANGE_AGE_S};
use peel_ledger::mirror::beacon;
use peel_ledger::note::{SignatureLine, SignedNote, VerifierKey};
use peel_ledger::tree::{CompactRange, leaf_hash};

use super::{Authority, Gateway, ServiceError};
use crate::force::ForceConfig;
use crate::storage::{Committed, LogRow, LogStore as _, Logs, StoredEntry, Tx};
use crate::witness;

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
    logs.log(FORCE_LOG)?.map_or_else(|| Ok(authority.clock.now_ms()), |row| next_ms_after(authority, &logs, &row))
}

fn next_ms_after(authority: &Authority, logs: &Logs<'_>, row: &LogRow) -> Result<i64, ServiceError> {
    let (signed, signed_ms) = row.committed.as_ref().map_or((0, 0), |committed| (committed.size, committed.at_ms));
    let mut last_s = 0;
    // A change may be older than what stands before it, so the last leaf alone does not tell; what is signed already has
    // its time beside it.
    for index in (signed..row.next_index).rev() {
        let entry = logs.read_entries(FORCE_LOG, index, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
        match ForceLeaf::decode(&entry).map_err(|_| ServiceError::Internal)? {
            ForceLeaf::Checkpoint(leaf) => {
                last_s = leaf.cosigned_at_s.max(last_s);
                break;
            }
            ForceLeaf::Change { at_s, .. } => last_s = at_s.max(last_s),
        }
    }
    let earliest_ms = i64::try_from(last_s).unwrap_or(i64::MAX).saturating_mul(1_000);
    Ok(authority.clock.now_ms().max(earliest_ms).max(signed_ms))
}

/// Appends a leaf; [`seal`] signs the log's new checkpoint before the commit.
pub(super) fn append(authority: &Authority, tx: &Tx, leaf: &ForceLeaf) -> Result<(), ServiceError> {
    let logs = Logs(tx);
    let (next_index, mut range) = if let Some(row) = logs.log(FORCE_LOG)? {
        (row.next_index, CompactRange::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?)
    } else {
        let empty = CompactRange::new();
        logs.create_log(FORCE_LOG, &authority.force_log_origin, &empty.to_bytes())?;
        (0, empty)
    };
    let bytes = leaf.encode();
    let hash = leaf_hash(&bytes);
    range.append(hash).map_err(|_| ServiceError::Internal)?;
    let entry = StoredEntry { leaf: &hash, body: &bytes };
    Ok(logs.put_package(FORCE_LOG, next_index, &[entry], &range.to_bytes())?)
}

/// Signs the force log's checkpoint where leaves have come in: once for all transactions that are committed together.
/// Whether there was something to sign.
pub(super) fn seal(authority: &Authority, tx: &Tx) -> Result<bool, ServiceError> {
    let logs = Logs(tx);
    let Some(row) = logs.log(FORCE_LOG)? else { return Ok(false) };
    if row.committed.as_ref().is_some_and(|committed| committed.size == row.next_index) {
        return Ok(false);
    }
    let at_ms = next_ms_after(authority, &logs, &row)?;
    authority.signed.check_row(&authority.force_log_origin, tx, Some(&row))?;
    let range = CompactRange::from_bytes(&row.state).map_err(|_| ServiceError::Internal)?;
    let checkpoint = Checkpoint::of(authority.force_log_origin.clone(), &range);
    let note = checkpoint.sign(&authority.keys.force_log).map_err(|_| ServiceError::Internal)?;
    logs.commit_size(FORCE_LOG, &Committed { size: range.size(), note: note.to_text(), at_ms })?;
    Ok(true)
}

/// How many leaves are read at a time.
const PAGE: u64 = 256;

/// How many different people must have approved a change.
pub const APPROVALS: usize = 2;

/// Whether the keys at hand suffice to approve a change at once.
pub(super) fn can_approve(authority: &Authority) -> bool {
    authority.keys.approvers.len() >= APPROVALS
}

/// A change with the approvals of those whose keys are at hand.
pub(super) fn proposed(authority: &Authority, tx: &Tx, change: Change) -> Result<ForceLeaf, ServiceError> {
    let at_s = seconds(next_ms(authority, tx)?);
    let mut leaf = ForceLeaf::change(change, authority.force_log_origin.clone(), at_s);
    for approver in &authority.keys.approvers {
        leaf.approve(approver).map_err(|_| ServiceError::Internal)?;
    }
    Ok(leaf)
}

/// Whether a change's statement stands in the force log, by whomever it was approved. Looks back as far as a change may
/// be appended.
pub(super) fn holds(authority: &Authority, tx: &Tx, leaf: &ForceLeaf) -> Result<bool, ServiceError> {
    let logs = Logs(tx);
    let Some(row) = logs.log(FORCE_LOG)? else { return Ok(false) };
    let statement = leaf.statement_hash();
    let oldest = seconds(next_ms(authority, tx)?).saturating_sub(MAX_CHANGE_AGE_S);
    let mut end = row.next_index;
    while end > 0 {
        let start = end.saturating_sub(PAGE);
        for entry in logs.read_entries(FORCE_LOG, start, end - start, usize::MAX)?.iter().rev() {
            match ForceLeaf::decode(entry).map_err(|_| ServiceError::Internal)? {
                ForceLeaf::Checkpoint(accepted) if accepted.cosigned_at_s < oldest => return Ok(false),
                known @ ForceLeaf::Change { .. } if known.statement_hash() == statement => return Ok(true),
                ForceLeaf::Checkpoint(_) | ForceLeaf::Change { .. } => {}
            }
        }
        end = start;
    }
    Ok(false)
}

/// Appends a change of this force that enough people approved, not too long ago.
pub(super) fn append_change(authority: &Authority, tx: &Tx, leaf: &ForceLeaf) -> Result<(), ServiceError> {
    let ForceLeaf::Change { at_s, force_log, .. } = leaf else { return Err(ServiceError::Invalid("change.kind")) };
    if force_log.as_ref() != Some(&authority.force_log_origin) {
        return Err(ServiceError::Invalid("change.force"));
    }
    let age_s = seconds(next_ms(authority, tx)?).checked_sub(*at_s);
    if age_s.is_none_or(|age_s| age_s >= MAX_CHANGE_AGE_S) {
        return Err(ServiceError::Invalid("change.age"));
    }
    let approvers = authority.config.approver_vkeys.iter().map(|text| ForceConfig::vkey(text));
    let approvers = approvers.collect::<Result<Vec<_>, _>>()?;
    leaf.check_approvals(&approvers, APPROVALS).map_err(|_| ServiceError::Approvals)?;
    append(authority, tx, leaf)
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

/// The events log's beginning; the keys at hand must suffice.
pub(super) fn append_events_enrolment(
    authority: &Authority,
    tx: &Tx,
    log_key: VerifierKey,
) -> Result<(), ServiceError> {
    let change =
        Change::Enrolment { origin: authority.events_origin.clone(), log_key, hardware_key: None, replaces: None };
    append_change(authority, tx, &proposed(authority, tx, change)?)
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
    /// The checkpoint to publish, with the witnesses' lines.
    pub async fn published_checkpoint(&self) -> Result<SignedNote, ServiceError> {
        let authority = self.authority.clone();
        let published = move |tx: &Tx| {
            authority.cover(tx)?;
            witness::published(&authority, tx)
        };
        self.db.read(published).await?.ok_or(ServiceError::NotFound)
    }

    /// The newest beacon: the last element of the newest accepted checkpoint's leaf, which nobody could know before
    /// its time, in a note of the force log's key.
    pub async fn beacon(&self) -> Result<BeaconResponse, ServiceError> {
        let authority = self.authority.clone();
        let own = authority.clone();
        let leaf = self.db.read(move |tx| own.cover(tx).and_then(|()| newest(tx))).await?;
        let leaf = leaf.ok_or(ServiceError::NotFound)?;
        let (origin, value, seconds) = (&authority.force_log_origin, leaf.lines, leaf.cosigned_at_s);
        let mut note = SignedNote::new(format!("{origin}\nbeacon\n{}\n{seconds}\n", value.to_base64()))
            .map_err(|_| ServiceError::Internal)?;
        let line = authority.keys.force_log.sign(note.text()).map_err(|_| ServiceError::Internal)?;
        note.attach(line).map_err(|_| ServiceError::Internal)?;
        let at_ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
        Ok(BeaconResponse { beacon: value.to_hex(), at_ms, note: note.to_text() })
    }
}
