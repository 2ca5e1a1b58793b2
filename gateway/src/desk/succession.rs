//! What a re-enrolled phone's log carries of the one before it, and whether that counts.
//!
//! Must never: let a phone add to another's record. The force's own events log says which enrolment goes on from which,
//! and a phone cannot write there; what a phone says of a log that the force does not name for it counts for nothing.
//! Always: what is carried joins what the mirror has of the old log, entry by entry, or none of it counts.

use std::collections::BTreeMap;

use peel_domain::event::{Action, CarriedEntries, EventBody, LogEnded};
use peel_domain::id::EnrolmentId;
use peel_ledger::note::VerifierKey;
use peel_ledger::succession::LogEnd;
use peel_ledger::tree::CompactRange;
use peel_ledger::{Hash, Origin};

use super::keys::OperationsKeys;
use super::open::open_entry;
use super::store::DeskStore;
use super::{DeskDir, DeskError};
use crate::force::ForceConfig;

/// What a log says of the one before it.
#[derive(Debug, Default)]
pub(super) struct Before {
    begun: bool,
    broken: bool,
    ended: Option<LogEnded>,
    carried: CarriedEntries,
}

impl Before {
    /// Takes the log's next event.
    pub(super) fn take(&mut self, action: &Action) {
        match action {
            Action::LogEnded(ended) if !self.begun => self.ended = Some(ended.clone()),
            Action::LogEnded(_) => self.broken = true,
            Action::EntryCarried(part) => self.broken |= !self.carried.take(part),
            _ => {}
        }
        self.begun = true;
    }

    /// The entries of the log of this name that lie beyond what is held of it; after what the mirror had confirmed and
    /// lost since, by its own statement, all that is carried.
    fn beyond(&self, origin: &Origin, held: &CompactRange, mirror: &VerifierKey) -> Option<&[Vec<u8>]> {
        let ended = self.ended.as_ref().filter(|ended| ended.origin == origin.as_str() && !self.broken)?;
        let confirmed = CompactRange::from_bytes(&ended.confirmed).ok()?;
        let end = LogEnd { origin: origin.clone(), size: ended.size, root: Hash::new(ended.root), confirmed };
        let carried = self.carried.whole()?;
        let joined = end.beyond(held.size(), held.root(), carried);
        joined.or_else(|_| end.after_loss(held.size(), carried, ended.receipt.as_deref().unwrap_or(""), mirror)).ok()
    }
}

/// The events that count beside those of the mirror, each with the enrolment whose log they are of, in its order.
///
/// `replaces` is what the force says: by enrolment, the one that goes on from it. A log that goes on may itself be carried
/// on, so the newest is looked at first.
pub(super) fn carried_events(
    dir: &DeskDir,
    store: &DeskStore,
    keys: &OperationsKeys,
    replaces: &BTreeMap<EnrolmentId, EnrolmentId>,
    mut before: BTreeMap<EnrolmentId, Before>,
) -> Result<Vec<(EnrolmentId, EventBody)>, DeskError> {
    let config = dir.config()?;
    let mirror = ForceConfig::vkey(&config.mirror_vkey)?;
    let follows: BTreeMap<_, _> = replaces.iter().map(|(old, new)| (*new, *old)).collect();
    let mut events = Vec::new();
    for newest in follows.keys().filter(|new| !replaces.contains_key(new)) {
        let mut at = *newest;
        while let Some(old) = follows.get(&at).copied() {
            let log_id = old.to_string();
            let origin = config.device_origin(&log_id)?;
            let held = store.log(&log_id)?.map_or_else(CompactRange::new, |log| log.range);
            let of_it = before.remove(&at).unwrap_or_default();
            for bytes in of_it.beyond(&origin, &held, &mirror).unwrap_or_default() {
                let Some(event) = open_entry(bytes, &origin, keys)? else { continue };
                before.entry(old).or_default().take(&event.action);
                events.push((old, event));
            }
            at = old;
        }
    }
    Ok(events)
}
