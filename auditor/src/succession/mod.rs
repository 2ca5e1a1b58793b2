//! What a phone's log carries of the one before it, and whether it counts as that one's.
//!
//! Must never: let a phone add to another's record. Only where two people approved that a log goes on from another does
//! what it carries count, and only where it joins what the bundle has of that log. Always: what is carried must complete
//! the log that it is of, whoever approved what; where nobody did, it is said and counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::event::{CarriedEntries, EntryCarried, EventBody, LogEnded};
use peel_ledger::entry::{Entry, EntryClass};
use peel_ledger::seal::open;
use peel_ledger::succession::{LogEnd, SuccessionError};
use peel_ledger::tree::CompactRange;
use peel_ledger::{Hash, Origin};

use crate::phone::Phone;
use crate::times;
use crate::trail::{CarriedRow, Ground, TrailReport};

/// The log before a phone's log, as the phone says.
#[derive(Debug)]
pub(crate) struct Before {
    ended: LogEnded,
    carried: CarriedEntries,
    /// By when each carried entry was there: the first cosignature over what carries it.
    not_after_s: Vec<Option<u64>>,
    counted: bool,
}

impl Before {
    pub(crate) fn new(ended: LogEnded) -> Self {
        Self { ended, carried: CarriedEntries::default(), not_after_s: Vec::new(), counted: false }
    }

    /// Takes the next part of what is carried; says whether it is where it belongs.
    pub(crate) fn carry(&mut self, part: &EntryCarried, not_after_s: Option<u64>) -> bool {
        let taken = self.carried.take(part);
        if taken && !part.more {
            self.not_after_s.push(not_after_s);
        }
        taken
    }

    fn end(&self) -> Option<LogEnd> {
        let origin = Origin::new(&self.ended.origin).ok()?;
        let confirmed = CompactRange::from_bytes(&self.ended.confirmed).ok()?;
        Some(LogEnd { origin, size: self.ended.size, root: Hash::new(self.ended.root), confirmed })
    }

    fn is_complete(&self) -> bool {
        let entries = self.end().zip(self.carried.whole());
        entries.is_some_and(|(end, entries)| end.check(entries.iter().map(Vec::as_slice)).is_ok())
    }

    /// What of it the bundle does not have in the log itself, each with the second by which it was there, and how many
    /// entries lie between: those that a force which put its store back had confirmed and lost.
    fn beyond(&self, held: (u64, Hash), ground: &Ground<'_>) -> Result<Beyond, SuccessionError> {
        let carried = self.carried.whole().ok_or(SuccessionError::NotNext)?;
        let end = self.end().ok_or(SuccessionError::NotNext)?;
        let (entries, lost) = match (end.beyond(held.0, held.1, carried), &self.ended.receipt) {
            (Err(SuccessionError::Held), Some(receipt)) if ground.restored => {
                let entries = end.after_loss(held.0, carried, receipt, ground.mirror)?;
                (entries, end.confirmed.size().saturating_sub(held.0))
            }
            (entries, _) => (entries?, 0),
        };
        let known = carried.len().saturating_sub(entries.len());
        let entries = entries.iter().cloned().zip(self.not_after_s.iter().skip(known).copied()).collect();
        Ok(Beyond { entries, lost })
    }

    /// What is left to say where it was not counted.
    pub(crate) fn conclude(&self, log: &str, report: &mut TrailReport) {
        let of = &self.ended.origin;
        if !self.is_complete() {
            report.failed.push(format!("{log}: what it carries of {of} does not lead to its end"));
        } else if !self.counted {
            let what = format!(
                "{log}: the records in what it carries of {of}: the force does not say that it goes on from it"
            );
            report.not_checked.push(what);
        }
    }
}

/// What a log carries beyond what the bundle has of the one before.
struct Beyond {
    entries: Vec<(Vec<u8>, Option<u64>)>,
    lost: u64,
}

/// Counts what logs carry where the force says that they go on from another, the newest first: what they carry may
/// itself carry.
pub(crate) fn count(
    phones: &mut BTreeMap<String, Phone>,
    ground: &Ground<'_>,
    root: Option<&[u8; 32]>,
    report: &mut TrailReport,
) {
    let carried_on: BTreeSet<&String> = ground.replaces.values().collect();
    for newest in ground.replaces.keys().filter(|log| !carried_on.contains(log)) {
        let mut log = newest;
        while let Some(of) = ground.replaces.get(log) {
            count_one(phones, log, of, ground, root, report);
            log = of;
        }
    }
}

fn count_one(
    phones: &mut BTreeMap<String, Phone>,
    log: &str,
    of: &str,
    ground: &Ground<'_>,
    root: Option<&[u8; 32]>,
    report: &mut TrailReport,
) {
    let before = phones.get_mut(log).and_then(|phone| phone.before.as_mut());
    let Some(before) = before.filter(|before| before.ended.origin == of) else { return };
    before.counted = true;
    let held = ground.heads.get(of).copied().unwrap_or_else(|| (0, CompactRange::new().root()));
    let Beyond { entries, lost } = match before.beyond(held, ground) {
        Ok(beyond) => beyond,
        Err(SuccessionError::Held) => {
            report.failed.push(format!("{log}: what it carries of {of} does not join what the force has of it"));
            return;
        }
        // Said where the log itself is concluded.
        Err(_) => return,
    };
    report.carried.push(CarriedRow { log: log.to_owned(), of: of.to_owned(), entries: entries.len() as u64 });
    let phone = phones.entry(of.to_owned()).or_default();
    phone.lost += lost;
    if lost > 0 {
        report
            .open
            .push(format!("{of}: the force lost {lost} entries that it had confirmed, before what {log} carries"));
    }
    let failures = report.failed.len();
    let mut not_before_s = phone.not_before_s;
    for (bytes, not_after_s) in entries {
        take(phone, of, &bytes, (&mut not_before_s, not_after_s), ground, root, report);
    }
    if lost > 0 {
        report.leave_open(failures);
    }
}

/// One carried entry, as if it stood in its own log. What carries it dates it from above, its beacon from below.
fn take(
    phone: &mut Phone,
    of: &str,
    bytes: &[u8],
    (not_before_s, not_after_s): (&mut u64, Option<u64>),
    ground: &Ground<'_>,
    root: Option<&[u8; 32]>,
    report: &mut TrailReport,
) {
    let (Ok(entry), Ok(origin)) = (Entry::decode(bytes), Origin::new(of)) else { return };
    let header = *entry.header();
    if let Some(beacon) = header.time.beacon {
        let made_at_s = ground.beacons.get(&beacon).copied();
        let sound =
            made_at_s.map_or(ground.restored, |at| at >= *not_before_s && not_after_s.is_none_or(|end| at <= end));
        if !sound {
            report.failed.push(format!("{of}, entry {}: carried, and its beacon is not of its time", header.seq));
        }
        *not_before_s = made_at_s.map_or(*not_before_s, |at| at.max(*not_before_s));
    }
    if header.class == EntryClass::Receipt {
        if let Some(commitment) = entry.receipt_commitment() {
            phone.receipt(of, header.seq, commitment, &mut report.failed);
        }
        return;
    }
    let Some(body) = ground.keys.iter().find_map(|key| open(&entry, &origin, key).ok()) else {
        report.not_checked.push(format!("{of}, entry {}: carried, and sealed to other keys", header.seq));
        return;
    };
    report.entries += 1;
    let not_before_s = *not_before_s;
    let place = times::Entry { log: of, seq: header.seq, time: &header.time, not_before_s, not_after_s };
    match EventBody::from_cbor(&body) {
        Ok(body) => {
            times::compare(&place, &body.at, &mut report.failed);
            phone.take(&place, &body, root, &mut report.failed);
        }
        Err(_) => report.failed.push(format!("{}: the record is not one that this version knows", place.place())),
    }
}

#[cfg(test)]
mod tests;
