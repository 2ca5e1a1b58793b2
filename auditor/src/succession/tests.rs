use peel_domain::event::{Action, Actor, BODY_VERSION, EntryCarried, Justification, LogEndCause};
use peel_domain::id::AlertId;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_ledger::bundle::{Beacon, RecipientPurpose, TrustedRecipient};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{CipherSuite, EntryTime};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::RecipientPrivateKey;
use peel_ledger::writer::WriterState;

use super::*;
use crate::phone::Known;

const OLD: &str = "force.example/peel/device/e1";
const NEW: &str = "force.example/peel/device/e2";

fn body(action: Action) -> EventBody {
    let at =
        Moment { utc_ms: 0, monotonic_ns: 0, boot_id: BootId([0; 8]), source: TimeSource::Device, uncertainty_ms: 0 };
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

fn key() -> RecipientPrivateKey {
    RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap()
}

fn old(confirmed: usize, beacon: Option<Hash>) -> Old {
    old_as(confirmed, beacon, &[], [0; 4])
}

/// The same, sealed to others besides, its entries at these nanoseconds.
fn old_as(confirmed: usize, beacon: Option<Hash>, others: &[&RecipientPrivateKey], mono_ns: [u64; 4]) -> Old {
    let key = key();
    let (mut state, mut entries, mut roots) = (WriterState::new(), Vec::new(), Vec::new());
    let mut range = Vec::new();
    let received = Action::AlertReceived {
        alert_seq: 4,
        camera_id: peel_domain::id::CameraId::new("cam-1").unwrap(),
        captured_at_ms: 0,
        media: vec![],
    };
    let actions = [Action::BriefingAcknowledged, received, Action::AlertDisplayed, Action::NoDecision];
    for (action, mono_ns) in actions.into_iter().zip(mono_ns) {
        if entries.len() == confirmed {
            range = state.range().to_bytes();
        }
        roots.push(state.root());
        let time = EntryTime { wall_ms: 0, mono_ns, boot: [0; 8], beacon };
        let to: Vec<_> = others.iter().copied().chain([&key]).map(|key| key.public_key().unwrap()).collect();
        let origin = OLD.parse().unwrap();
        let bytes = body(action).to_cbor().unwrap();
        let appended = state.append(&origin, EntryClass::Event, time, &bytes, &to, &mut rand::rng()).unwrap();
        entries.push(appended.entry);
        state = appended.state;
    }
    roots.push(state.root());
    Old { key, entries, roots, confirmed: range }
}

impl Old {
    /// The last entry is another, under the same root before it.
    fn replace_last(&mut self, bytes: Vec<u8>) {
        self.entries[3] = bytes;
        let mut range = CompactRange::new();
        for entry in &self.entries {
            range.append(peel_ledger::tree::leaf_hash(entry)).unwrap();
        }
        self.roots[4] = range.root();
    }

    /// The last entry's parts with another body or identifier, which nobody sealed so.
    fn change_last(&mut self, event_id: Option<[u8; 16]>, body: Option<Vec<u8>>) {
        let entry = Entry::decode(&self.entries[3]).unwrap();
        let mut header = *entry.header();
        header.event_id = event_id.unwrap_or(header.event_id);
        let body = body.unwrap_or_else(|| entry.body().to_vec());
        let entry = Entry::new(header, entry.suite(), entry.recipients().to_vec(), body, *entry.commitment());
        self.replace_last(entry.unwrap().encode());
    }

    /// The mirror's statement that it had the first `size` entries.
    fn receipt(&self, size: usize, mirror: &Ed25519Signer) -> String {
        let had = Checkpoint { origin: OLD.parse().unwrap(), size: size as u64, root: self.roots[size] };
        let mut note = had.to_note().unwrap();
        note.attach(mirror.cosign(note.text(), 1_000).unwrap()).unwrap();
        note.to_text()
    }
}

/// What the bundle has, and what the phone of the new log says.
struct Case<'a> {
    old: &'a Old,
    /// The first entry that is carried.
    from: usize,
    replaces: &'a [(&'a str, &'a str)],
    /// How much of the old log the force has.
    held: (usize, Hash),
    receipt: Option<String>,
    restored: bool,
    mirror: &'a Ed25519Signer,
    /// The first cosignature over what carries the entries.
    not_after_s: Option<u64>,
    beacons: BTreeMap<Hash, Beacon>,
    /// The reader's keys, where they are not the log's.
    keys: Option<Vec<RecipientPrivateKey>>,
    recipients: Vec<TrustedRecipient>,
}

impl<'a> Case<'a> {
    fn new(old: &'a Old, mirror: &'a Ed25519Signer) -> Self {
        let held = (1, old.roots[1]);
        let (replaces, beacons) = (&[(NEW, OLD)][..], BTreeMap::new());
        let (receipt, not_after_s, keys, recipients) = (None, None, None, Vec::new());
        Self { old, from: 1, replaces, held, receipt, restored: false, mirror, not_after_s, beacons, keys, recipients }
    }

    fn counted(&self) -> TrailReport {
        let Self { old, not_after_s, .. } = *self;
        let ended = LogEnded {
            cause: LogEndCause::LogKeyLost,
            origin: OLD.to_owned(),
            size: 4,
            root: old.roots[4].to_bytes(),
            confirmed: old.confirmed.clone(),
            signed: None,
            receipt: self.receipt.clone(),
        };
        let carried = (self.from..4).map(|at| {
            let part = EntryCarried::parts(at as u64, &old.entries[at]).remove(0);
            Action::EntryCarried(part)
        });
        let (mut phones, mut report) = (BTreeMap::from([(NEW.to_owned(), Phone::default())]), TrailReport::default());
        let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
        for (seq, action) in (0..).zip(std::iter::once(Action::LogEnded(ended)).chain(carried)) {
            let place =
                times::Entry { log: NEW, seq, time: &time, bounds: Bounds { not_after_s, ..Bounds::default() } };
            phones.get_mut(NEW).unwrap().take(&place, &body(action), None, &mut report.failed);
        }
        let replaces = self.replaces.iter().map(|(log, of)| ((*log).to_owned(), (*of).to_owned())).collect();
        let heads = BTreeMap::from([(OLD.to_owned(), (self.held.0 as u64, self.held.1))]);
        let (keys, policies) = (self.keys.clone().unwrap_or_else(|| vec![old.key.clone()]), BTreeMap::new());
        let ground = Ground {
            replaces: &replaces,
            heads: &heads,
            keys: &keys,
            root: None,
            policies: &policies,
            beacons: &self.beacons,
            recipients: &self.recipients,
            restored: self.restored,
            mirror: &self.mirror.cosigner_verifier().unwrap(),
        };
        count(&mut phones, &ground, &mut HashSet::new(), &mut report);
        let restored = self.restored;
        for (log, phone) in phones {
            let known = Known { issued: None, root: false, policies: &policies, restored, in_earnest: false };
            phone.conclude(&log, known, &mut report);
        }
        report
    }
}

fn made_at(made_at_s: u64) -> Beacon {
    Beacon { made_at_s, leaf: 0, stood_before: 0, stood_after: 0 }
}

fn mirror() -> Ed25519Signer {
    Ed25519Signer::generate("force.example/peel/mirror", &mut rand::rng()).unwrap()
}

#[test]
fn what_a_log_carries_counts_where_the_force_says_that_it_goes_on_from_the_other() {
    let (old, mirror) = (old(1, None), mirror());
    let report = Case::new(&old, &mirror).counted();
    assert_eq!((report.failed.len(), report.not_checked.len()), (0, 0), "{report:?}");
    assert_eq!(report.carried, [CarriedRow { log: NEW.to_owned(), of: OLD.to_owned(), entries: 3 }]);
    let alert = &report.alerts[0];
    assert_eq!((alert.log.as_str(), alert.alert_seq), (OLD, 4), "as if it stood in its own log");
    assert_eq!(alert.end, crate::trail::AlertEnd::NoDecision);
    // More may have arrived than the phone knew.
    let report = Case { held: (3, old.roots[3]), ..Case::new(&old, &mirror) }.counted();
    assert_eq!((report.failed.len(), report.carried[0].entries), (1, 1), "only the last, without the alert before it");
}

#[test]
fn s34_no_phone_adds_to_anothers_record() {
    let (old, mirror) = (old(1, None), mirror());
    let stranger = "force.example/peel/device/e0";
    for replaces in [&[][..], &[(NEW, stranger)], &[(stranger, OLD)], &[(OLD, NEW)]] {
        let report = Case { replaces, ..Case::new(&old, &mirror) }.counted();
        assert!(report.alerts.is_empty() && report.carried.is_empty(), "{replaces:?}");
        assert_eq!((report.failed.len(), report.not_checked.len()), (0, 1), "{replaces:?}");
    }
}

#[test]
fn s34_what_does_not_join_the_log_that_the_force_has_is_a_failure_and_counts_for_nothing() {
    let (old, other, mirror) = (old(1, None), super::tests::old(1, None), mirror());
    for held in [(2, other.roots[2]), (1, other.roots[1]), (0, old.roots[0]), (4, old.roots[3])] {
        let report = Case { held, ..Case::new(&old, &mirror) }.counted();
        assert!(report.alerts.is_empty() && report.carried.is_empty(), "{}", held.0);
        assert_eq!(report.failed.len(), 1, "{}", held.0);
    }
}

#[test]
fn s35_what_the_force_had_confirmed_and_lost_with_its_store_is_open_and_the_rest_counts() {
    // The alert came in entry 1, which the force confirmed and lost; the phone carries entries 2 and 3.
    let (old, mirror) = (old(2, None), mirror());
    let receipt = Some(old.receipt(2, &mirror));
    let lost = Case { from: 2, receipt, restored: true, ..Case::new(&old, &mirror) };
    let report = lost.counted();
    assert_eq!((report.failed.len(), report.carried[0].entries), (0, 2), "{report:?}");
    assert_eq!(report.open.len(), 2, "that one is lost, and that its alert is not there: {report:?}");
    // Without a restore on record, or without the mirror's own word, a log that does not join is a contradiction.
    let stranger = super::tests::mirror();
    for other in [
        Case { restored: false, receipt: lost.receipt.clone(), ..Case { from: 2, ..Case::new(&old, &mirror) } },
        Case { receipt: None, restored: true, ..Case { from: 2, ..Case::new(&old, &mirror) } },
        Case {
            receipt: Some(old.receipt(2, &stranger)),
            restored: true,
            ..Case { from: 2, ..Case::new(&old, &mirror) }
        },
    ] {
        let report = other.counted();
        assert!(report.carried.is_empty(), "{report:?}");
        assert_eq!(report.failed.len(), 1, "{report:?}");
    }
}

#[test]
fn s34_what_is_carried_was_made_between_its_beacon_and_the_cosignature_over_what_carries_it() {
    let beacon = Hash::of(&[b"beacon"]);
    let (old, mirror) = (old(1, Some(beacon)), mirror());
    let failed = |made_at_s: Option<u64>, not_after_s, restored| {
        let beacons = made_at_s.map(|at| (beacon, made_at(at))).into_iter().collect();
        Case { restored, not_after_s, beacons, ..Case::new(&old, &mirror) }.counted().failed.len()
    };
    assert_eq!(failed(Some(1_000), Some(1_000), false), 0);
    assert_eq!(failed(Some(1_000), None, false), 0);
    assert_eq!(failed(Some(1_001), Some(1_000), false), 3, "each of them before its beacon");
    assert_eq!(failed(None, Some(1_000), false), 3, "a beacon that nobody gave");
    assert_eq!(failed(None, Some(1_000), true), 0, "the force may have lost it with its store");
}

#[test]
fn s34_what_is_carried_and_not_sealed_to_the_auditor_is_open() {
    let (old, mirror) = (old(1, None), mirror());
    let report = Case { keys: Some(vec![key()]), ..Case::new(&old, &mirror) }.counted();
    assert_eq!((report.failed.len(), report.open.len(), report.alerts.len()), (0, 1, 0), "{report:?}");
    assert!(report.open[0].contains("3 carried entries are sealed to other keys"), "{report:?}");
}

#[test]
fn s34_what_is_carried_to_the_auditor_and_does_not_open_is_a_failure() {
    let (mut old, mirror) = (old(1, None), mirror());
    old.change_last(None, Some(vec![0; 272]));
    // Another key of the reader's, that it is not sealed to, changes nothing.
    let keys = Some(vec![old.key.clone(), key()]);
    let report = Case { keys, ..Case::new(&old, &mirror) }.counted();
    assert!(report.failed.iter().any(|line| line.contains("carried, and does not open")), "{report:?}");
}

#[test]
fn s34_what_is_carried_is_sealed_to_the_recipients_of_its_time() {
    let (stranger, beacon, mirror) = (key(), Hash::of(&[b"beacon"]), mirror());
    let (alone, beside) = (old_as(1, Some(beacon), &[], [0; 4]), old_as(1, Some(beacon), &[&stranger], [0; 4]));
    let failed = |old: &Old, from_s, until_s| {
        let purpose = RecipientPurpose::Auditor;
        let recipients = vec![TrustedRecipient { kid: old.key.kid(), purpose, from_s, until_s }];
        let beacons = BTreeMap::from([(beacon, made_at(1_000))]);
        let case = Case { recipients, beacons, not_after_s: Some(1_100), ..Case::new(old, &mirror) };
        let report = case.counted();
        assert!(report.failed.iter().all(|line| line.contains("not sealed to the recipients")), "{report:?}");
        report.failed.len()
    };
    assert_eq!(failed(&alone, None, None), 0);
    assert_eq!(failed(&beside, None, None), 3, "each of them is shown to a stranger");
    assert_eq!([failed(&alone, Some(1_101), None), failed(&alone, None, Some(1_000))], [3, 3], "of another time");
    assert_eq!(failed(&alone, Some(1_100), Some(1_101)), 0);
}

#[test]
fn s34_a_copy_among_what_is_carried_and_a_clock_that_ran_back_are_failures() {
    let mirror = mirror();
    let early = old_as(1, None, &[], [0, 5, 4, 6]);
    let report = Case::new(&early, &mirror).counted();
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert!(report.failed[0].contains("entry 2: carried, and its time does not follow"), "{report:?}");
    let mut copied = old(1, None);
    let first = Entry::decode(&copied.entries[1]).unwrap();
    copied.change_last(Some(first.header().event_id), None);
    let report = Case::new(&copied, &mirror).counted();
    assert!(report.failed.iter().any(|line| line.contains("carried, and a copy of another")), "{report:?}");
}
