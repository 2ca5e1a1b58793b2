//! A log that ends and goes over into the next one, as a phone's does that is enrolled again: what the new log says
//! first, and the check that a reader with the recipient's key makes of it.

use peel_domain::event::{
    Action, Actor, BODY_VERSION, CarriedEntries, EventBody, Justification, LogEndCause, LogEnded,
};
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_journal::succession::Estate;
use peel_journal::trail::{Item, Stamp};
use peel_journal::upload::LossProof;
use peel_ledger::entry::{Entry, EntryClass};
use peel_ledger::seal::open;
use peel_ledger::succession::LogEnd;
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::{Hash, Origin};

use crate::phone::recipient;

/// More entries than so many that the mirror does not have are sent to it before the log ends: to seal them again takes
/// longer than all else in a run.
pub(crate) const MOST_CARRIED: u64 = 40;

fn item(action: Action, at: Stamp) -> Item {
    let moment = Moment {
        utc_ms: at.wall_ms,
        monotonic_ns: at.mono_ns,
        boot_id: BootId(at.boot),
        source: TimeSource::Device,
        uncertainty_ms: 0,
    };
    let body = EventBody {
        v: BODY_VERSION,
        at: moment,
        actor: Actor::Core,
        deployment_id: None,
        alert_id: None,
        justification: Justification::Integrity,
        action,
    };
    Item::Body { class: EntryClass::Recovery, at, body: body.to_cbor().unwrap() }
}

/// What the next log begins with.
pub(crate) fn last_words(estate: &Estate, at: Stamp) -> Vec<Item> {
    let Estate { end, signed, receipt, entries } = estate;
    let ended = LogEnded {
        cause: LogEndCause::Rotated,
        origin: end.origin.to_string(),
        size: end.size,
        root: end.root.to_bytes(),
        confirmed: end.confirmed.to_bytes(),
        signed: signed.clone(),
        receipt: receipt.as_ref().map(LossProof::note_text),
    };
    ended.last_words(end.confirmed.size(), entries).map(|action| item(action, at)).collect()
}

/// A log's end as the next one tells it.
pub(crate) struct Told {
    pub(crate) end: LogEnd,
    pub(crate) receipt: Option<String>,
    pub(crate) carried: Vec<Vec<u8>>,
}

/// Opens the beginning of a log and checks that what it carries completes the one before it.
pub(crate) fn read(entries: &[Vec<u8>], origin: &Origin) -> Told {
    let key = recipient();
    let mut ended = None;
    let mut carried = CarriedEntries::default();
    for bytes in entries {
        let entry = Entry::decode(bytes).unwrap();
        if entry.header().class != EntryClass::Recovery {
            break;
        }
        let body = open(&entry, origin, &key).unwrap_or_else(|_| panic!("a carried entry does not open"));
        match EventBody::from_cbor(&body).unwrap().action {
            Action::LogEnded(end) => assert!(ended.replace(end).is_none(), "a log tells of two that ended"),
            Action::EntryCarried(part) => assert!(carried.take(&part), "a carried entry is not the next one"),
            _ => panic!("a log's first entries are not about the one before it"),
        }
    }
    let ended = ended.unwrap_or_else(|| panic!("a log does not say how the one before it ended"));
    let carried = carried.whole().unwrap_or_else(|| panic!("a carried entry is not whole")).to_vec();
    let end = LogEnd {
        origin: ended.origin.parse().unwrap(),
        size: ended.size,
        root: Hash::new(ended.root),
        confirmed: CompactRange::from_bytes(&ended.confirmed).unwrap(),
    };
    let checked = end.check(carried.iter().map(Vec::as_slice));
    assert_eq!(checked, Ok(()), "what was carried does not complete the log");
    Told { end, receipt: ended.receipt, carried }
}

/// Checks that a log that begins with `entries` carries the rest of one with `leaves`.
pub(crate) fn check(entries: &[Vec<u8>], origin: &Origin, leaves: &[[u8; 32]]) -> Told {
    let told = read(entries, origin);
    let from = told.end.confirmed.size() as usize;
    let carried = told.carried.iter().map(|entry| leaf_hash(entry).to_bytes());
    assert!(leaves.get(from..).is_some_and(|rest| carried.eq(rest.iter().copied())), "the rest was not carried whole");
    assert!(told.receipt.is_some() || from == 0, "what was not carried is not under the mirror's statement");
    told
}
