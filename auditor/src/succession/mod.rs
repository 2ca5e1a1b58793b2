//! What a phone's log carries of the one before it, and whether it counts as that one's.
//!
//! Must never: let a phone add to another's record. Only where two people approved that a log goes on from another does
//! what it carries count, and only where it joins what the bundle has of that log. Always: what is carried must complete
//! the log that it is of, whoever approved what; where nobody did, it is said and counts for nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use peel_domain::event::{CarriedEntries, EntryCarried, EventBody, LogEnded};
use peel_ledger::bundle::{Bounds, sealed_as_named};
use peel_ledger::entry::{Entry, EntryClass, KeyId};
use peel_ledger::seal::{SealError, open_with_any};
use peel_ledger::succession::{LogEnd, SuccessionError};
use peel_ledger::tree::CompactRange;
use peel_ledger::{Hash, Origin};
use zeroize::Zeroizing;

use crate::phone::Phone;
use crate::times;
use crate::trail::{CarriedRow, Ground, TrailReport};

/// The log before a phone's log, as the phone says.
#[derive(Debug)]
pub(crate) struct Before {
    ended: LogEnded,
    carried: CarriedEntries,
    /// When what carries each entry was made: the first cosignature over it is over the carried entry too.
    carriers: Vec<Bounds>,
    counted: bool,
}

impl Before {
    pub(crate) fn new(ended: LogEnded) -> Self {
        Self { ended, carried: CarriedEntries::default(), carriers: Vec::new(), counted: false }
    }

    /// Takes the next part of what is carried; says whether it is where it belongs.
    pub(crate) fn carry(&mut self, part: &EntryCarried, carrier: Bounds) -> bool {
        let taken = self.carried.take(part);
        if taken && !part.more {
            self.carriers.push(carrier);
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

    /// What of it the bundle does not have in the log itself, each with when its carrier was made, and how many entries
    /// lie between: those that a force which put its store back had confirmed and lost.
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
        let entries = entries.iter().cloned().zip(self.carriers.iter().skip(known).copied()).collect();
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
    entries: Vec<(Vec<u8>, Bounds)>,
    lost: u64,
}

/// Counts what logs carry where the force says that they go on from another, the newest first: what they carry may
/// itself carry. `seen` are the event ids of the record.
pub(crate) fn count(
    phones: &mut BTreeMap<String, Phone>,
    ground: &Ground<'_>,
    seen: &mut HashSet<[u8; 16]>,
    report: &mut TrailReport,
) {
    let carried_on: BTreeSet<&String> = ground.replaces.values().collect();
    for newest in ground.replaces.keys().filter(|log| !carried_on.contains(log)) {
        let mut log = newest;
        while let Some(of) = ground.replaces.get(log) {
            count_one(phones, log, of, ground, seen, report);
            log = of;
        }
    }
}

fn count_one(
    phones: &mut BTreeMap<String, Phone>,
    log: &str,
    of: &str,
    ground: &Ground<'_>,
    seen: &mut HashSet<[u8; 16]>,
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
    let mut bounds = phone.latest;
    let mut closed = 0_u64;
    let read = |(bytes, carrier): (Vec<u8>, Bounds)| {
        let Bounds { not_after_s, stood_after, .. } = carrier;
        bounds = Bounds { not_after_s, stood_after, ..bounds };
        let one = Carried::read(of, &bytes, &mut bounds, ground)?;
        one.check(phone, ground, seen, report);
        closed += u64::from(one.is_closed());
        Some(one)
    };
    let read: Vec<Carried<'_>> = entries.into_iter().filter_map(read).collect();
    if closed > 0 {
        report.open.push(format!("{of}: {closed} carried entries are sealed to other keys"));
    }
    let failures = report.failed.len();
    for one in read {
        one.take(phone, ground, report);
    }
    if lost > 0 {
        report.leave_open(failures);
    }
}

/// One carried entry.
struct Carried<'a> {
    of: &'a str,
    entry: Entry,
    /// What carries it dates it from above, its beacon from below.
    bounds: Bounds,
    /// Whether its beacon is one that the force gave before that, or may have lost.
    of_its_time: bool,
    body: Result<Zeroizing<Vec<u8>>, SealError>,
}

impl<'a> Carried<'a> {
    /// Reads one; `bounds` moves on to its beacon.
    fn read(of: &'a str, bytes: &[u8], bounds: &mut Bounds, ground: &Ground<'_>) -> Option<Self> {
        let (Ok(entry), Ok(origin)) = (Entry::decode(bytes), Origin::new(of)) else { return None };
        let mut of_its_time = true;
        if let Some(beacon) = entry.header().time.beacon {
            let known = ground.beacons.get(&beacon);
            let (first, last) = (bounds.not_before_s, bounds.not_after_s);
            let fits = |at| at >= first && last.is_none_or(|end| at <= end);
            of_its_time = known.map_or(ground.restored, |beacon| fits(beacon.made_at_s));
            if let Some(beacon) = known.filter(|beacon| beacon.made_at_s >= first) {
                (bounds.not_before_s, bounds.stood_before) = (beacon.made_at_s, beacon.stood_before);
            }
        }
        let body = open_with_any(&entry, &origin, ground.keys);
        Some(Self { of, entry, bounds: *bounds, of_its_time, body })
    }

    /// Checks its envelope as the ledger checks those of a log's own entries. What was lost before it excuses none of it.
    fn check(&self, phone: &mut Phone, ground: &Ground<'_>, seen: &mut HashSet<[u8; 16]>, report: &mut TrailReport) {
        let header = self.entry.header();
        let place = format!("{}, entry {}: carried, and", self.of, header.seq);
        if !seen.insert(header.event_id) {
            report.failed.push(format!("{place} a copy of another"));
        }
        if !phone.clocks.follow(&header.time) {
            report.failed.push(format!("{place} its time does not follow from the entries before it"));
        }
        if header.class == EntryClass::Receipt {
            return;
        }
        let kids: Vec<KeyId> = self.entry.recipients().iter().map(|wrapped| wrapped.kid).collect();
        let Bounds { not_before_s, not_after_s, .. } = self.bounds;
        let unknown = ground.recipients.is_empty();
        if !unknown && !sealed_as_named(&kids, not_before_s, not_after_s, ground.recipients) {
            report.failed.push(format!("{place} not sealed to the recipients that the trust file names for its time"));
        }
        if self.body.is_err() && !self.is_closed() {
            report.failed.push(format!("{place} does not open"));
        }
    }

    /// Whether it is sealed to keys that the auditor does not have.
    fn is_closed(&self) -> bool {
        self.entry.header().class != EntryClass::Receipt && matches!(self.body, Err(SealError::NotARecipient))
    }

    /// Takes what it says, as if it stood in its own log.
    fn take(self, phone: &mut Phone, ground: &Ground<'_>, report: &mut TrailReport) {
        let Self { of, entry, bounds, of_its_time, body } = self;
        let header = *entry.header();
        if !of_its_time {
            report.failed.push(format!("{of}, entry {}: carried, and its beacon is not of its time", header.seq));
        }
        if header.class == EntryClass::Receipt {
            if let Some(commitment) = entry.receipt_commitment() {
                phone.receipt(of, header.seq, commitment, &mut report.failed);
            }
            return;
        }
        let Ok(body) = body else { return };
        report.entries += 1;
        let place = times::Entry { log: of, seq: header.seq, time: &header.time, bounds };
        match EventBody::from_cbor(&body) {
            Ok(body) => {
                times::compare(&place, &body.at, &mut report.failed);
                phone.take(&place, &body, ground.root, &mut report.failed);
            }
            Err(_) => report.failed.push(format!("{}: the record is not one that this version knows", place.place())),
        }
    }
}

#[cfg(test)]
mod tests;
