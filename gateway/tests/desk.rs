//! The desk beside `serve`: what it opens, what it tells, the record and the bundle.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use p256::ecdsa::signature::Signer as _;
use peel_domain::ethnicity::EthnicGroup;
use peel_domain::event::{Action, Actor, BODY_VERSION, CoordinationStatus, EventBody, Justification};
use peel_domain::id::{AlertId, OfficerId};
use peel_domain::judgement::Decision;
use peel_domain::time::Clock as _;
use peel_domain::wire::StreamEvent;
use peel_gateway::bundle::{bundle_files, trust_text, write_bundle};
use peel_gateway::clock::GatewayClock;
use peel_gateway::desk::{Desk, DeskDir, DeskError, all_records, deployment_record, read_record};
use peel_gateway::params;
use peel_gateway::service::{TestWalk, record_test_walk, record_truth};
use peel_gateway::storage::{Row, Tx};
use peel_ledger::bundle::{Trust, Verdict, VerifyOptions, verify};
use peel_ledger::entry::{EntryClass, EntryTime};
use peel_ledger::mirror::{AddCheckpoint, AddEntries, Package};
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::tree::LeafHashes;
use peel_ledger::writer::WriterState;
use reqwest::Method;
use support::{OFFICER, PIN, TestGateway, TestPhone};

/// Writes one event into a phone's fresh log and syncs it.
async fn record(gateway: &TestGateway, phone: &TestPhone, alert_id: AlertId, action: Action) {
    let keys = phone.enrolment.recipients.iter();
    let recipients: Vec<_> =
        keys.map(|key| format!("{}:{}", key.suite, hex::encode(key.public_key.as_bytes())).parse().unwrap()).collect();
    record_to(gateway, phone, alert_id, action, &recipients).await;
}

/// The same, sealed to other recipients than those of the enrolment.
async fn record_to(
    gateway: &TestGateway,
    phone: &TestPhone,
    alert_id: AlertId,
    action: Action,
    recipients: &[RecipientPublicKey],
) {
    let clock = GatewayClock::new(None, &mut rand::rng());
    let at = clock.now();
    let body = EventBody {
        v: BODY_VERSION,
        at,
        actor: Actor::Officer(OfficerId::new(OFFICER).unwrap()),
        deployment_id: Some(gateway.force.deployment_id),
        alert_id: Some(alert_id),
        justification: Justification::Exercise,
        action,
    };
    let origin = phone.enrolment.origin.parse().unwrap();
    let time = EntryTime { wall_ms: at.utc_ms, mono_ns: at.monotonic_ns, boot: at.boot_id.0, beacon: None };
    let appended = WriterState::new()
        .append(&origin, EntryClass::Event, time, &body.to_cbor().unwrap(), recipients, &mut rand::rng())
        .unwrap();
    let nodes = LeafHashes::new(vec![appended.leaf]);
    let mut note = appended.state.checkpoint(&origin).sign(&phone.log_key).unwrap();
    let der: p256::ecdsa::Signature = phone.hw_key.sign(note.text().as_bytes());
    let hardware = support::spki(&phone.hw_key);
    note.attach_hardware_line(origin.as_str(), &hardware, der.to_der().as_bytes()).unwrap();
    let announce = AddCheckpoint::build(0, note, &nodes).unwrap().encode();
    let package = Package::build(0, vec![&appended.entry], 1, &nodes).unwrap();
    let entries = AddEntries {
        origin,
        upload_start: 0,
        upload_end: 1,
        ticket: Vec::new(),
        packages: vec![package],
        partial: false,
    };
    for (call, body) in [("add-checkpoint", announce), ("add-entries", entries.encode().unwrap())] {
        let path = format!("/v1/logs/{}/{call}", phone.id());
        let request = phone.call(gateway, Method::POST, &path).body(body);
        assert_eq!(request.send().await.unwrap().status(), 200, "{call}");
    }
}

fn desk_dir(gateway: &TestGateway) -> DeskDir {
    DeskDir::new(gateway.force.path("desk"))
}

#[tokio::test]
async fn what_one_phone_decides_the_other_is_told() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    gateway.force.add_officer("PC-2", peel_domain::deployment::Role::EngagementOfficer);
    let phone = gateway.phone(OFFICER).await;
    let other = gateway.phone("PC-2").await;
    let alert_id = gateway.ingest().await;
    let mut stream = other.stream(&gateway, None).await;
    stream.next_alert().await;
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    record(&gateway, &phone, alert_id, decided).await;
    let mut desk = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    let mut actions = 0;
    let followed = desk.follow(&mut |_, _, _| actions += 1).await.unwrap();
    assert_eq!(followed.told, 1);
    assert!(actions >= 8, "{actions}");
    let told = stream.next_stored().await.unwrap().1;
    let officer_id = OfficerId::new(OFFICER).unwrap();
    assert_eq!(told, StreamEvent::Coordination { alert_id, officer_id, status: CoordinationStatus::Taken });
    // A second round, and a desk that starts again, tell nothing twice.
    assert_eq!(desk.follow(&mut |_, _, _| {}).await.unwrap().told, 0);
    let mut again = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    assert_eq!(again.follow(&mut |_, _, _| {}).await.unwrap().told, 0);
}

#[tokio::test]
async fn two_desks_on_one_directory_take_turns_and_tell_everything_once() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    gateway.force.add_officer("PC-2", peel_domain::deployment::Role::EngagementOfficer);
    let phone = gateway.phone(OFFICER).await;
    let other = gateway.phone("PC-2").await;
    let mut stream = other.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    stream.next_alert().await;
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    record(&gateway, &phone, alert_id, decided).await;
    let mut desk = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    let mut beside = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    let (mut seen, mut seen_beside) = (|_: &str, _: u64, _: &EventBody| {}, |_: &str, _: u64, _: &EventBody| {});
    let (first, second) = tokio::join!(desk.follow(&mut seen), beside.follow(&mut seen_beside));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.told + second.told, 1, "{first:?} {second:?}");
    // What was told is an entry of the force's own, and new to the second.
    let (least, most) = (first.entries.min(second.entries), first.entries.max(second.entries));
    assert!(least <= 1 && most > 1, "{first:?} {second:?}");
    assert!(first.set_aside.is_empty() && second.set_aside.is_empty());
    // Neither keeps the turn.
    assert_eq!(desk.follow(&mut |_, _, _| {}).await.unwrap().entries, 0);
    assert_eq!(beside.follow(&mut |_, _, _| {}).await.unwrap().entries, 0);
}

#[test]
fn a_desk_tries_again_after_what_may_pass_and_ends_where_somebody_must_act() {
    use peel_gateway::storage::StoreError;
    for error in [DeskError::Gateway, DeskError::Refused, StoreError::Busy.into(), StoreError::Full.into()] {
        assert!(error.may_pass(), "{error}");
    }
    for error in [DeskError::Integrity("events".into()), DeskError::Open("events".into()), StoreError::Corrupt.into()] {
        assert!(!error.may_pass(), "{error}");
    }
}

#[tokio::test]
async fn s37_serve_works_without_any_private_key_for_bodies() {
    let gateway = TestGateway::start().await;
    let secrets: Vec<String> = ["desk/operations.key", "auditor/auditor.key"]
        .iter()
        .map(|path| std::fs::read_to_string(gateway.force.path(path)).unwrap().trim().to_owned())
        .collect();
    // Both directories go away, and serve is started anew: everything still works.
    for folder in ["desk", "auditor"] {
        std::fs::remove_dir_all(gateway.force.path(folder)).unwrap();
    }
    let gateway = gateway.restart().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    gateway.ingest().await;
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    record(&gateway, &phone, AlertId(uuid::Uuid::nil()), decided).await;
    let mut folders = vec![gateway.force.data().path().to_owned()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            read += 1;
            let bytes = std::fs::read(entry.path()).unwrap();
            for secret in &secrets {
                let digits = secret.split(':').nth(1).unwrap();
                let raw = hex::decode(digits).unwrap();
                let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!found(digits.as_bytes()) && !found(&raw), "{}", entry.path().display());
            }
        }
    }
    assert!(read > 10);
}

#[tokio::test]
async fn a_desk_that_is_shown_other_keys_or_a_shorter_log_alarms() {
    let gateway = TestGateway::start().await;
    let mut desk = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    // Somebody puts another note in the place of the events log's.
    let set_note = |note: String| {
        gateway.force.change(|_, tx| Ok(tx.execute("update log set note = ?1 where log_id = 'events'", params![note])?))
    };
    let read = |row: &mut Row| Ok((row.take::<i64>(0)?, row.take::<String>(1)?));
    let sql = "select size, note from log where log_id = 'events'";
    let (size, note) = gateway.force.change(|_, tx| Ok(tx.query_one(sql, params![], read)?)).unwrap().unwrap();
    set_note(note.replace(&format!("\n{size}\n"), &format!("\n{}\n", size - 1))).unwrap();
    let refused = desk.follow(&mut |_, _, _| {}).await;
    assert!(matches!(refused, Err(DeskError::Integrity(log)) if log == "events"));
    set_note(note).unwrap();
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    // An entry is changed under a good checkpoint: a desk that never read it must not keep it.
    std::fs::remove_file(desk_dir(&gateway).database()).unwrap();
    let forge = |tx: &Tx| {
        support::store::let_entries_be_changed(tx, &gateway.force);
        tx.execute("update entry set body = ?1 where log_id = 'events' and idx = 0", params![vec![0_u8; 700]])
    };
    assert_eq!(gateway.force.change(|_, tx| Ok(forge(tx)?)).unwrap(), 1);
    let mut fresh = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    assert!(matches!(fresh.follow(&mut |_, _, _| {}).await, Err(DeskError::Integrity(_))));
}

#[tokio::test]
async fn s43_the_record_comes_from_the_trail_and_has_no_holes() {
    let gateway = TestGateway::start().await;
    gateway.force.add_officer("PS-1", peel_domain::deployment::Role::Supervisor);
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let alert_id = gateway.ingest().await;
    assert_eq!(gateway.state("ended").await.status(), 200);
    let mut desk = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    let deployment = gateway.force.deployment_id;
    let refused = read_record(&desk_dir(&gateway), deployment, &[]);
    let issues = deployment_record(&desk_dir(&gateway), deployment, &[]).unwrap().issues;
    assert!(matches!(refused, Err(DeskError::Incomplete(_))), "an alert without a truth");
    assert!(issues.iter().any(|issue| issue.alert_id() == Some(alert_id)), "{issues:?}");
    let state = |number: &str, pin: &str| {
        let officer = OfficerId::new(number).unwrap();
        gateway.force.change(|authority, tx| {
            record_truth(authority, tx, &officer, pin, alert_id, peel_domain::stop::Truth::FalseAlert)
        })
    };
    assert_eq!(state(OFFICER, PIN).unwrap_err().code(), "not_rostered");
    assert_eq!(state("PS-1", "000000").unwrap_err().code(), "sign_in.refused");
    state("PS-1", PIN).unwrap();
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    let refused = read_record(&desk_dir(&gateway), deployment, &[]);
    assert!(matches!(refused, Err(DeskError::Incomplete(1))), "a phone that has not said how the alert ended there");
    record(&gateway, &phone, alert_id, Action::Closed).await;
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    let text = read_record(&desk_dir(&gateway), deployment, &[]).unwrap();
    assert_eq!((text.record.total_alerts, text.record.false_unconfirmed), (1, 1));
    let rows: Vec<&str> = text.csv.lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].starts_with("Deployment Location,Date,Duration,"));
    assert!(rows[1].contains("EXERCISE"));
    assert!(text.record.deletion_receipts >= 3);
    assert_eq!((text.record.practice.ages.alerts, text.record.practice.ages.unsaid), ([0, 1], 0));
    assert_eq!(deployment_record(&desk_dir(&gateway), deployment, &[]).unwrap().total_alerts, 1);
    assert_eq!(all_records(&desk_dir(&gateway), &[]).unwrap(), [text.record]);
}

#[tokio::test]
async fn s47_a_supervisor_records_how_test_subjects_walked_past() {
    let gateway = TestGateway::start().await;
    gateway.force.add_officer("PS-1", peel_domain::deployment::Role::Supervisor);
    gateway.go_live().await;
    let deployment = gateway.force.deployment_id;
    let walk = |number: &str, pin: &str, passes, recognised| {
        let officer = OfficerId::new(number).unwrap();
        let walk = TestWalk { group: EthnicGroup::Asian, passes, recognised };
        gateway.force.change(|authority, tx| record_test_walk(authority, tx, &officer, pin, deployment, walk))
    };
    assert_eq!(walk(OFFICER, PIN, 4, 0).unwrap_err().code(), "not_rostered");
    assert_eq!(walk("PS-1", "000000", 4, 0).unwrap_err().code(), "sign_in.refused");
    assert!(walk("PS-1", PIN, 4, 5).is_err() && walk("PS-1", PIN, 0, 0).is_err());
    walk("PS-1", PIN, 4, 0).unwrap();
    assert_eq!(gateway.state("ended").await.status(), 200);
    let mut desk = Desk::open(&desk_dir(&gateway), &gateway.url()).unwrap();
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    let record = deployment_record(&desk_dir(&gateway), deployment, &[]).unwrap();
    let walks = record.practice.walks.get(&EthnicGroup::Asian).copied();
    assert_eq!(walks.map(|walks| (walks.passes, walks.recognised)), Some((4, 0)));
}

#[tokio::test]
async fn s34_the_bundle_verifies_and_one_flipped_bit_does_not() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let alert_id = gateway.ingest().await;
    record(&gateway, &phone, alert_id, Action::AlertDisplayed).await;
    let (files, trust) =
        gateway.force.change(|authority, tx| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?))).unwrap();
    let trust = Trust::parse(&trust).unwrap();
    let check = |files: &_| verify(files, &trust, VerifyOptions::default(), &mut |_| {});
    let report = check(&files);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    for path in files.keys() {
        let mut changed = files.clone();
        let bytes = changed.get_mut(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        assert_ne!(check(&changed).verdict, Verdict::Good, "{path}");
    }
    // Written out, read back, and written again over the older one, but never over something else.
    let out = gateway.force.path("bundle");
    write_bundle(&out, &files).unwrap();
    write_bundle(&out, &files).unwrap();
    assert_eq!(std::fs::read(out.join("manifest.note")).unwrap(), files["manifest.note"]);
    assert!(write_bundle(gateway.force.data().path(), &files).is_err());
}

#[tokio::test]
async fn the_desk_opens_what_was_sealed_to_the_key_of_any_period_that_it_has() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    gateway.force.add_officer("PC-2", peel_domain::deployment::Role::EngagementOfficer);
    let [first, second] = [gateway.phone(OFFICER).await, gateway.phone("PC-2").await];
    let alert_id = gateway.ingest().await;
    let dir = desk_dir(&gateway);
    // It runs already when the key of the next period is made.
    let mut desk = Desk::open(&dir, &gateway.url()).unwrap();
    let december = dir.add_operations_key("2026-12", &mut rand::rng()).unwrap();
    assert!(
        matches!(dir.add_operations_key("2026-12", &mut rand::rng()), Err(DeskError::OperationsKey)),
        "there is one"
    );
    for bad in ["", "../x", &"9".repeat(33)] {
        assert!(dir.add_operations_key(bad, &mut rand::rng()).is_err(), "{bad}");
    }
    let decided = |decision| Action::Decided { decision, note: None, officer_signature: None };
    record(&gateway, &first, alert_id, decided(Decision::Engage)).await;
    record_to(&gateway, &second, alert_id, decided(Decision::Engage), &[december.parse().unwrap()]).await;
    let followed = desk.follow(&mut |_, _, _| ()).await.unwrap();
    assert_eq!((followed.told, followed.set_aside.len()), (2, 0));
    assert!(deployment_record(&dir, gateway.force.deployment_id, &[]).is_ok());
    // When the period's key is deleted, what was sealed to it is closed for good, and the desk says which log it is.
    std::fs::remove_file(dir.path().join("operations-2026-12.key")).unwrap();
    let closed = deployment_record(&dir, gateway.force.deployment_id, &[]);
    assert!(matches!(closed, Err(DeskError::Open(log)) if log == second.id().to_string()));
}
