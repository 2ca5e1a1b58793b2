use super::*;

/// These numbers, each of an alert of its own.
fn numbers(numbers: &[u64]) -> Numbers {
    numbers.iter().map(|number| (*number, AlertId(uuid::Uuid::from_u128((*number).into())))).collect()
}

fn known(issued: Option<&Numbers>) -> Known<'_> {
    static POLICIES: BTreeMap<u64, String> = BTreeMap::new();
    Known { issued, root: true, policies: &POLICIES, restored: false, in_earnest: false }
}

fn concluded(recorded: &[u64], issued: Option<&[u64]>) -> TrailReport {
    let phone = Phone { received: numbers(recorded), ..Phone::default() };
    let mut report = TrailReport::default();
    let issued = issued.map(numbers);
    phone.conclude("log", known(issued.as_ref()), &mut report);
    report
}

#[test]
fn numbers_of_other_messages_are_no_gap() {
    assert_eq!(concluded(&[2, 9], Some(&[2, 9])), TrailReport::default());
}

#[test]
fn an_alert_that_was_issued_before_others_and_is_missing_fails() {
    assert_eq!(concluded(&[2, 9], Some(&[2, 5, 9])).failed.len(), 1);
}

#[test]
fn s02_a_phone_that_calls_its_records_an_exercise_is_not_believed_where_the_force_was_in_earnest() {
    let failed = |of_exercise, in_earnest| {
        let (phone, policies) = (Phone { of_exercise, ..Phone::default() }, BTreeMap::new());
        let mut report = TrailReport::default();
        phone.conclude("log", Known { policies: &policies, in_earnest, ..known(None) }, &mut report);
        report.failed.len()
    };
    assert_eq!([failed(1, true), failed(0, true), failed(1, false)], [1, 0, 0]);
}

#[test]
fn s35_numbers_that_the_force_lost_with_its_store_are_open_and_others_are_not_believed() {
    let told = |recorded: &[u64], issued: &[u64]| {
        let phone = Phone { received: numbers(recorded), lost_after: vec![3], ..Phone::default() };
        let mut report = TrailReport::default();
        let issued = numbers(issued);
        phone.conclude("log", Known { root: false, ..known(Some(&issued)) }, &mut report);
        (report.failed.len(), report.open.len())
    };
    assert_eq!(told(&[2, 3, 5, 1_009], &[2, 3, 1_009]), (0, 1));
    assert_eq!(told(&[1, 2, 3, 1_009], &[2, 3, 1_009]), (1, 0), "before what is kept nothing was lost");
    assert_eq!(told(&[2, 3, 1_009, 1_010], &[2, 3, 1_009]), (1, 0), "what came after the restore is on record");
}

#[test]
fn s34_an_alert_whose_number_the_force_lost_is_received_under_one_number() {
    let mut received = numbers(&[2, 5]);
    let second = received.insert(5, received[&2]);
    assert!(second.is_some());
    let phone = Phone { received, lost_after: vec![3], ..Phone::default() };
    let mut report = TrailReport::default();
    phone.conclude("log", known(Some(&numbers(&[2]))), &mut report);
    assert_eq!((report.failed.len(), report.open.len()), (1, 1), "{report:?}");
    assert!(report.failed[0].contains("recorded again under another number"), "{report:?}");
}

#[test]
fn a_policy_that_the_force_does_not_know_is_open_only_where_it_lost_its_store() {
    let policies = BTreeMap::from([(1, Hash::default().to_hex())]);
    let told = |version, sha256, restored| {
        let phone = Phone { policies: vec![(3, version, sha256)], ..Phone::default() };
        let mut report = TrailReport::default();
        phone.conclude("log", Known { policies: &policies, restored, ..known(None) }, &mut report);
        (report.failed.len(), report.open.len())
    };
    assert_eq!([told(1, Hash::default(), false), told(1, Hash::default(), true)], [(0, 0); 2]);
    assert_eq!([told(2, Hash::default(), false), told(2, Hash::default(), true)], [(1, 0), (0, 1)]);
    assert_eq!(told(1, Hash::of(&[b"other"]), true), (1, 0), "one version has one policy");
}

#[test]
fn an_alert_that_is_still_on_its_way_is_open() {
    let report = concluded(&[2], Some(&[2, 9]));
    assert_eq!((report.failed.len(), report.open.len()), (0, 1));
}

#[test]
fn refusals_of_other_messages_are_no_alerts_and_a_refused_alert_has_its_own_end() {
    // 3 was a feed that is not overt; 5 an alert that found no room; 7 a gap that was filled after all.
    let phone = Phone { received: numbers(&[2, 7]), refused: [3, 5, 7].into(), ..Phone::default() };
    let mut report = TrailReport::default();
    phone.conclude("log", known(Some(&numbers(&[2, 5, 7]))), &mut report);
    assert_eq!((report.failed.len(), report.open.len()), (0, 0), "{report:?}");
    let ends: Vec<_> = report.alerts.iter().map(|row| (row.alert_seq, row.end)).collect();
    assert_eq!(ends, [(5, AlertEnd::Refused)]);
}

#[test]
fn numbers_that_the_events_log_does_not_have_at_all_fail() {
    assert_eq!(concluded(&[2], Some(&[])).failed.len(), 1);
    assert_eq!(concluded(&[2], None), TrailReport::default());
}

fn taken(items: Vec<Action>) -> TrailReport {
    let at = peel_domain::time::Moment {
        utc_ms: 0,
        monotonic_ns: 0,
        boot_id: peel_domain::time::BootId([0; 8]),
        source: peel_domain::time::TimeSource::Device,
        uncertainty_ms: 0,
    };
    let (mut phone, mut failed) = (Phone::default(), Vec::new());
    for (seq, action) in (0..).zip(items) {
        let body = EventBody {
            v: peel_domain::event::BODY_VERSION,
            at,
            actor: Actor::Core,
            deployment_id: None,
            alert_id: None,
            justification: peel_domain::event::Justification::Integrity,
            action,
        };
        let time = peel_ledger::entry::EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
        let entry = Entry { log: "log", seq, time: &time, bounds: Bounds::default() };
        phone.take(&entry, &body, None, &mut failed);
    }
    let mut report = TrailReport { failed, ..TrailReport::default() };
    phone.conclude("log", known(None), &mut report);
    report
}

#[test]
fn what_is_carried_of_a_log_that_ended_must_lead_to_its_end() {
    use peel_domain::event::{EntryCarried, LogEndCause, LogEnded};
    use peel_ledger::entry::EntryTime;
    use peel_ledger::writer::WriterState;
    let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
    let (mut state, mut entries, mut confirmed) = (WriterState::new(), Vec::new(), Vec::new());
    for index in 0..9 {
        if index == 5 {
            confirmed = state.range().to_bytes();
        }
        let appended = state.append_receipt(time, Hash::default(), &mut rand::rng()).unwrap();
        state = appended.state;
        entries.push(appended.entry);
    }
    let origin = "force.example/peel/device/e1".to_owned();
    let cause = LogEndCause::LogKeyLost;
    let root = state.root().to_bytes();
    let ended = Action::LogEnded(LogEnded { cause, origin, size: 9, root, confirmed, signed: None, receipt: None });
    let carried = |index: usize| {
        let parts = EntryCarried::parts(u64::try_from(index).unwrap(), &entries[index]);
        Action::EntryCarried(parts[0].clone())
    };
    let whole: Vec<Action> = std::iter::once(ended).chain((5..9).map(carried)).collect();
    let report = taken(whole.clone());
    assert_eq!((report.failed.len(), report.not_checked.len()), (0, 1), "{report:?}");
    for broken in 1..5 {
        let mut missing = whole.clone();
        missing.remove(broken);
        assert_eq!(taken(missing).failed.len(), 1, "{broken}");
    }
    assert_eq!(taken([vec![Action::BriefingAcknowledged], whole].concat()).failed.len(), 1);
    assert_eq!(taken(vec![carried(5)]).failed.len(), 1);
}
