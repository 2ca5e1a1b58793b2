//! `verify --open`: a force whose clock went back, or whose clocks differ. Its log's time stands still until it is reached
//! again, so that nothing is proved by it meanwhile.

use peel_domain::event::{Action, Actor};
use peel_domain::id::EngagementId;
use peel_domain::stop::LegalFooting;
use peel_domain::time::{BootId, Elapsed, Moment, TimeSource};
use peel_ledger::entry::{EntryClass, EntryTime};
use peel_ledger::writer::WriterState;
use uuid::Uuid;

use crate::fixture::{
    UNTIL_MS, audit, body_at, certificate, code, engaged_at, force, officer, received_at, text, written_phone,
};
use crate::support::{Force, Phone};

/// A phone's moment so many seconds after its start.
fn at(seconds: u64) -> Moment {
    let (utc_ms, monotonic_ns) = (i64::try_from(seconds * 1_000).unwrap(), seconds * 1_000_000_000);
    Moment { utc_ms, monotonic_ns, boot_id: BootId([7; 8]), source: TimeSource::Device, uncertainty_ms: 0 }
}

/// The phone's log of these records. After so many of them it was cosigned, at a second of the force's log; the records
/// after that name the beacon of it.
fn synced(force: &mut Force, records: &[(Moment, Vec<u8>)], syncs: &[(usize, u64)]) -> Phone {
    let (origin, recipient) = (force.origin(), force.sealed_to());
    let (mut state, mut entries, mut beacon, mut note) = (WriterState::new(), Vec::new(), None, None);
    for (moment, body) in records {
        let time = EntryTime { wall_ms: moment.utc_ms, mono_ns: moment.monotonic_ns, boot: [7; 8], beacon };
        let to = std::slice::from_ref(&recipient);
        let appended = state.append(&origin, EntryClass::Event, time, body, to, &mut force.rng).unwrap();
        entries.push(appended.entry);
        state = appended.state;
        if let Some((_, at_s)) = syncs.iter().find(|(count, _)| *count == entries.len()) {
            let (signed, receipt) = force.accept(&state.checkpoint(&origin), *at_s);
            (beacon, note) = (Some(receipt.beacon), Some(signed));
        }
    }
    Phone { entries, note: note.unwrap() }
}

fn opened(records: &[(Moment, Vec<u8>)], syncs: &[(usize, u64)]) -> std::process::Output {
    let mut force = force();
    let phone = synced(&mut force, records, syncs);
    audit(written_phone(&force, &phone, |_, _| {}).path(), &["--open", "key"])
}

fn started(seconds: u64) -> (Moment, Vec<u8>) {
    let started = Action::ShiftStarted { until_ms: UNTIL_MS, certificate: Some(certificate()) };
    (at(seconds), body_at(at(seconds), officer(), None, started))
}

fn ended(seconds: u64) -> (Moment, Vec<u8>) {
    (at(seconds), body_at(at(seconds), officer(), None, Action::ShiftEnded))
}

/// A shift with a stop of seven minutes; its records 4 and 5 are the contact and the release.
fn stop() -> Vec<(Moment, Vec<u8>)> {
    let contact = Action::ContactMade {
        engagement_id: EngagementId(Uuid::from_u128(3)),
        footing: LegalFooting::VoluntaryConversation,
    };
    let released = Action::Released { duration: Elapsed { ms: 420_000, uncertainty_ms: 0 } };
    vec![
        started(10),
        (at(20), received_at(at(20), 1, 1)),
        (at(30), engaged_at(1, at(30))),
        (at(60), body_at(at(60), officer(), Some(1), contact)),
        (at(480), body_at(at(480), officer(), Some(1), released)),
        ended(490),
    ]
}

#[test]
fn s34_a_stop_while_the_forces_time_stood_still_is_open_and_no_failure() {
    // The beacon of the contact is of a clock that was ten minutes fast, and then was set right.
    for syncs in [[(3, 1_000), (4, 1_000), (6, 1_000)], [(3, 1_000), (4, 1_000), (6, 1_030)]] {
        let output = opened(&stop(), &syncs);
        assert_eq!(code(&output), 3, "{}", text(&output));
        let said = "the length of 1 stops from above: the force's own time stood still meanwhile";
        assert!(text(&output).contains(said), "{}", text(&output));
    }
    // A time that went on bounds it, and so does one that stood still before.
    for syncs in [&[(3, 1_000), (4, 1_010), (6, 1_030)][..], &[(1, 900), (2, 900), (3, 1_000), (4, 1_010), (6, 1_030)]]
    {
        let output = opened(&stop(), syncs);
        assert_eq!(code(&output), 1, "{}", text(&output));
        assert!(text(&output).contains("a stop's length is not that of its entries"), "{}", text(&output));
    }
    let output = opened(&stop(), &[(3, 1_000), (4, 1_000), (6, 1_440)]);
    assert!(text(&output).contains("1 stops whose length agrees"), "{}", text(&output));
}

#[test]
fn s02_a_certificate_beside_a_time_that_stood_still_is_open_and_no_failure() {
    // The certificate is good until 10,000 s by the clock that was set right.
    let briefed = |seconds| (at(seconds), body_at(at(seconds), Actor::Core, None, Action::BriefingAcknowledged));
    let records = || {
        let received = (at(20), received_at(at(20), 1, 1));
        vec![briefed(1), started(10), received, (at(30), engaged_at(1, at(30))), ended(40)]
    };
    let output = opened(&records(), &[(1, 20_000), (3, 20_000), (5, 20_000)]);
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("by the force's time, which stood still"), "{}", text(&output));
    let output = opened(&records(), &[(1, 20_000), (3, 20_010), (5, 20_020)]);
    assert_eq!(code(&output), 1, "{}", text(&output));
}
