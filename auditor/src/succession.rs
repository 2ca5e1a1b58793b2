//! What a phone's log carries of the one before it, and whether it counts as that one's.
//!
//! Must never: let a phone add to another's record. Only where two people approved that a log goes on from another does
//! what it carries count, and only where it joins what the bundle has of that log. Always: what is carried must complete
//! the log that it is of, whoever approved what; where nobody did, it is said and counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use peel_domain::event::{CarriedEntries, EventBody, LogEnded};
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
    pub(crate) carried: CarriedEntries,
    counted: bool,
}

impl Before {
    pub(crate) fn new(ended: LogEnded) -> Self {
        Self { ended, carried: CarriedEntries::default(), counted: false }
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

    /// What of it the bundle does not have in the log itself.
    fn beyond(&self, held: (u64, Hash)) -> Result<&[Vec<u8>], SuccessionError> {
        let entries = self.carried.whole().ok_or(SuccessionError::NotNext)?;
        self.end().ok_or(SuccessionError::NotNext)?.beyond(held.0, held.1, entries)
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
    let entries = match before.beyond(held) {
        Ok(entries) => entries.to_vec(),
        Err(SuccessionError::Held) => {
            report.failed.push(format!("{log}: what it carries of {of} does not join what the force has of it"));
            return;
        }
        // Said where the log itself is concluded.
        Err(_) => return,
    };
    report.carried.push(CarriedRow { log: log.to_owned(), of: of.to_owned(), entries: entries.len() as u64 });
    let phone = phones.entry(of.to_owned()).or_default();
    for bytes in entries {
        take(phone, of, &bytes, ground, root, report);
    }
}

/// One carried entry, as if it stood in its own log. Nothing but the log that carries it dates it.
fn take(
    phone: &mut Phone,
    of: &str,
    bytes: &[u8],
    ground: &Ground<'_>,
    root: Option<&[u8; 32]>,
    report: &mut TrailReport,
) {
    let (Ok(entry), Ok(origin)) = (Entry::decode(bytes), Origin::new(of)) else { return };
    let header = *entry.header();
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
    let place = times::Entry { log: of, seq: header.seq, time: &header.time, not_before_s: 0, not_after_s: None };
    match EventBody::from_cbor(&body) {
        Ok(body) => {
            times::compare(&place, &body.at, &mut report.failed);
            phone.take(&place, &body, root, &mut report.failed);
        }
        Err(_) => report.failed.push(format!("{}: the record is not one that this version knows", place.place())),
    }
}

#[cfg(test)]
mod tests {
    use peel_domain::event::{Action, Actor, BODY_VERSION, EntryCarried, Justification, LogEndCause};
    use peel_domain::id::AlertId;
    use peel_domain::time::{BootId, Moment, TimeSource};
    use peel_ledger::entry::{CipherSuite, EntryTime};
    use peel_ledger::seal::RecipientPrivateKey;
    use peel_ledger::writer::WriterState;

    use super::*;
    use crate::phone::Known;

    const OLD: &str = "force.example/peel/device/e1";
    const NEW: &str = "force.example/peel/device/e2";

    fn body(action: Action) -> EventBody {
        let at = Moment {
            utc_ms: 0,
            monotonic_ns: 0,
            boot_id: BootId([0; 8]),
            source: TimeSource::Device,
            uncertainty_ms: 0,
        };
        let (alert_id, justification) = (Some(AlertId(uuid::Uuid::from_u128(7))), Justification::Integrity);
        EventBody { v: BODY_VERSION, at, actor: Actor::Core, deployment_id: None, alert_id, justification, action }
    }

    /// A log in which an alert came and nobody decided, of which the force confirmed `confirmed` entries.
    struct Old {
        key: RecipientPrivateKey,
        entries: Vec<Vec<u8>>,
        /// Root by size.
        roots: Vec<Hash>,
        confirmed: Vec<u8>,
    }

    fn old(confirmed: usize) -> Old {
        let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
        let (mut state, mut entries, mut roots) = (WriterState::new(), Vec::new(), Vec::new());
        let mut range = Vec::new();
        let received = Action::AlertReceived {
            alert_seq: 4,
            camera_id: peel_domain::id::CameraId::new("cam-1").unwrap(),
            captured_at_ms: 0,
            media: vec![],
        };
        for action in [Action::BriefingAcknowledged, received, Action::AlertDisplayed, Action::NoDecision] {
            if entries.len() == confirmed {
                range = state.range().to_bytes();
            }
            roots.push(state.root());
            let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
            let (origin, to) = (OLD.parse().unwrap(), [key.public_key().unwrap()]);
            let bytes = body(action).to_cbor().unwrap();
            let appended = state.append(&origin, EntryClass::Event, time, &bytes, &to, &mut rand::rng()).unwrap();
            entries.push(appended.entry);
            state = appended.state;
        }
        roots.push(state.root());
        Old { key, entries, roots, confirmed: range }
    }

    impl Old {
        /// What the phone of the new log says, and what comes of it where the force holds `held` entries of the old log.
        fn counted(&self, confirmed: usize, replaces: &[(&str, &str)], held: (usize, Hash)) -> TrailReport {
            let cause = LogEndCause::LogKeyLost;
            let ended = LogEnded {
                cause,
                origin: OLD.to_owned(),
                size: 4,
                root: self.roots[4].to_bytes(),
                confirmed: self.confirmed.clone(),
                signed: None,
                receipt: None,
            };
            let carried = (confirmed..4).map(|at| {
                let part = EntryCarried::parts(at as u64, &self.entries[at]).remove(0);
                Action::EntryCarried(part)
            });
            let (mut phones, mut report) =
                (BTreeMap::from([(NEW.to_owned(), Phone::default())]), TrailReport::default());
            let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
            for (seq, action) in (0..).zip(std::iter::once(Action::LogEnded(ended)).chain(carried)) {
                let place = times::Entry { log: NEW, seq, time: &time, not_before_s: 0, not_after_s: None };
                phones.get_mut(NEW).unwrap().take(&place, &body(action), None, &mut report.failed);
            }
            let replaces = replaces.iter().map(|(log, of)| ((*log).to_owned(), (*of).to_owned())).collect();
            let heads = BTreeMap::from([(OLD.to_owned(), (held.0 as u64, held.1))]);
            let keys = [self.key.clone()];
            let policies = BTreeMap::new();
            let ground = Ground { replaces: &replaces, heads: &heads, keys: &keys, policies: &policies };
            count(&mut phones, &ground, None, &mut report);
            for (log, phone) in phones {
                phone.conclude(
                    &log,
                    Known { issued: None, root: false, policies: &policies, in_earnest: false },
                    &mut report,
                );
            }
            report
        }
    }

    #[test]
    fn what_a_log_carries_counts_where_the_force_says_that_it_goes_on_from_the_other() {
        let old = old(1);
        let report = old.counted(1, &[(NEW, OLD)], (1, old.roots[1]));
        assert_eq!((report.failed.len(), report.not_checked.len()), (0, 0), "{report:?}");
        assert_eq!(report.carried, [CarriedRow { log: NEW.to_owned(), of: OLD.to_owned(), entries: 3 }]);
        let alert = &report.alerts[0];
        assert_eq!((alert.log.as_str(), alert.alert_seq), (OLD, 4), "as if it stood in its own log");
        assert_eq!(alert.end, crate::trail::AlertEnd::NoDecision);
        // More may have arrived than the phone knew.
        let report = old.counted(1, &[(NEW, OLD)], (3, old.roots[3]));
        assert_eq!(
            (report.failed.len(), report.carried[0].entries),
            (1, 1),
            "only the last, without the alert before it"
        );
    }

    #[test]
    fn s34_no_phone_adds_to_anothers_record() {
        let old = old(1);
        let stranger = "force.example/peel/device/e0";
        for replaces in [&[][..], &[(NEW, stranger)], &[(stranger, OLD)], &[(OLD, NEW)]] {
            let report = old.counted(1, replaces, (1, old.roots[1]));
            assert!(report.alerts.is_empty() && report.carried.is_empty(), "{replaces:?}");
            assert_eq!((report.failed.len(), report.not_checked.len()), (0, 1), "{replaces:?}");
        }
    }

    #[test]
    fn s34_what_does_not_join_the_log_that_the_force_has_is_a_failure_and_counts_for_nothing() {
        let old = old(1);
        let other = super::tests::old(1);
        for held in [(2, other.roots[2]), (1, other.roots[1]), (0, old.roots[0]), (4, old.roots[3])] {
            let report = old.counted(1, &[(NEW, OLD)], held);
            assert!(report.alerts.is_empty() && report.carried.is_empty(), "{}", held.0);
            assert_eq!(report.failed.len(), 1, "{}", held.0);
        }
    }
}
