//! After the store was put back from a backup: the force's own logs go on under other names.
//!
//! Must never: sign another history under a name that was signed already, or give a number of a stream twice. Always: the
//! first leaf of the new log's own says how long the former one was; two people approve it.

use peel_domain::event::{Action, Actor};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::SignedNote;
use peel_ledger::{Hash, Origin};

use super::authority::About;
use super::force_log::{self, FORCE_LOG};
use super::signed::LastSigned;
use super::{Authority, ServiceError};
use crate::force::{ForceConfig, ForceDir, ForceError};
use crate::storage::{self, Db, LogStore as _, Logs, Tx};

/// The numbers of a device's stream that belong to one epoch of the force's logs: more than it is ever sent. A store may be
/// put back from the same backup twice, so where numbers go on depends on the epoch and not on what the backup had.
const NUMBERS_AN_EPOCH: u32 = 1_000_000_000;
const NOT_NOW: ServiceError = ServiceError::Invalid("change.restore");

/// Writes the next epoch into the force's configuration, unless that is done: the keys of the new logs have their names.
/// Refused while the store continues what was signed. `seen` is a checkpoint that an outsider kept, if there is one.
pub fn prepare_restart(dir: &ForceDir, seen: Option<&str>) -> Result<(), ServiceError> {
    let authority = Authority::open(dir.clone(), None)?;
    let origin = &authority.force_log_origin;
    if let Some(text) = seen {
        let note = SignedNote::parse(text.as_bytes()).map_err(|_| ServiceError::Signature)?;
        let key = authority.keys.force_log.verifier().map_err(|_| ServiceError::Internal)?;
        note.verify(&[key]).map_err(|_| ServiceError::Signature)?;
        let Checkpoint { size, root, .. } = Checkpoint::from_note(&note).map_err(|_| ServiceError::Signature)?;
        authority.signed.note_witnessed(origin, size, Some(root))?;
    }
    if Db::once(&authority.store, |tx| Ok::<_, ServiceError>(authority.signed.check(origin, tx).is_ok()))? {
        return Err(NOT_NOW);
    }
    let known = authority.signed.last().ok_or(NOT_NOW)?.0;
    let signed = known.origin.force_log_epoch(&authority.config.force).ok_or(ServiceError::Internal)?;
    // The configuration may be the backup's too, and name an epoch long over.
    if authority.config.epoch <= signed {
        let next = signed.checked_add(1).ok_or(ServiceError::Internal)?;
        authority.config.at_epoch(next)?.write(dir)?;
    }
    Ok(())
}

fn change(authority: &Authority) -> Result<(Change, Option<LastSigned>), ServiceError> {
    let (LastSigned { origin, size, root }, events) = authority.signed.last().ok_or(NOT_NOW)?;
    if origin == authority.force_log_origin {
        return Err(NOT_NOW);
    }
    let key = ForceConfig::vkey(&authority.config.events_vkey)?;
    Ok((Change::ForceLogEnded { origin, size, root, events: key }, events))
}

/// Proposes that the force's logs go on under their next names.
pub fn propose_restart(authority: &Authority, tx: &Tx) -> Result<ForceLeaf, ServiceError> {
    force_log::proposed(authority, tx, change(authority)?.0)
}

/// Whether the logs have their next names already, and only the memory of it is missing.
fn is_done(authority: &Authority, tx: &Tx, former: &Change) -> Result<bool, ServiceError> {
    let logs = Logs(tx);
    let Some(row) = logs.log(FORCE_LOG)?.filter(|row| row.origin == authority.force_log_origin) else {
        return Ok(false);
    };
    for index in (0..row.next_index).rev() {
        let entry = logs.read_entries(FORCE_LOG, index, 1, usize::MAX)?.pop().ok_or(ServiceError::Internal)?;
        if let Ok(ForceLeaf::Change { change: ended @ Change::ForceLogEnded { .. }, .. }) = ForceLeaf::decode(&entry) {
            return Ok(ended == *former);
        }
    }
    Ok(false)
}

/// Lets the logs go on under their next names, as two people approved.
pub(super) fn restart(authority: &Authority, tx: &Tx, leaf: &ForceLeaf) -> Result<(), ServiceError> {
    let ForceLeaf::Change { change: approved, .. } = leaf else { return Err(NOT_NOW) };
    let (expected, events) = change(authority)?;
    if *approved != expected {
        return Err(NOT_NOW);
    }
    let done = is_done(authority, tx, &expected)?;
    authority.signed.begin_anew(&authority.force_log_origin);
    if done {
        return authority.remember(tx);
    }
    let logs = Logs(tx);
    logs.rename_log(FORCE_LOG, &authority.force_log_origin)?;
    storage::forget_cosignatures(tx)?;
    force_log::append_change(authority, tx, leaf)?;
    let before = i64::from(authority.config.epoch.saturating_sub(1));
    let width = i64::from(NUMBERS_AN_EPOCH);
    storage::begin_numbers(tx, before.saturating_mul(width), width)?;
    authority.create_events_log(tx)?;
    let former =
        events.map_or_else(|| former_events(authority), |events| Ok((events.origin, events.size, events.root)))?;
    let (origin, size, root) = former;
    let restored = Action::StoreRestored {
        origin: origin.to_string(),
        size,
        root: root.map(|root| root.to_hex()),
        numbers_skipped: NUMBERS_AN_EPOCH.into(),
    };
    authority.append_events(tx, &[authority.event(Actor::Gateway, About::default(), restored)])
}

fn former_events(authority: &Authority) -> Result<(Origin, u64, Option<Hash>), ServiceError> {
    let before = authority.config.epoch.saturating_sub(1);
    let origin = Origin::events_of(&authority.config.force, before).map_err(|_| ForceError::Domain)?;
    Ok((origin, 0, None))
}
