//! Evidence that a supervisor holds: sealed before the images go, for a time, and on record.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::time::Duration;

use peel_domain::deployment::Role;
use peel_domain::event::{Action, Actor, EventBody, HoldEnd};
use peel_domain::evidence::HoldError;
use peel_domain::id::{AlertId, HoldId, OfficerId};
use peel_gateway::desk::{Desk, DeskDir, deployment_record};
use peel_gateway::force::new_evidence_key;
use peel_gateway::params;
use peel_gateway::service::{
    Held, HoldRequest, ServiceError, export_evidence, hold_evidence, release_evidence, remove_sealed_files,
};
use peel_ledger::evidence::{EvidenceError, SealedEvidence};
use peel_ledger::seal::RecipientPrivateKey;
use support::{OFFICER, PIN, TestGateway, image};

const SUPERVISOR: &str = "PS-1";

/// A live deployment with a supervisor, a policy that names an evidence key, and an alert on a phone.
async fn with_an_alert() -> (TestGateway, AlertId) {
    let gateway = TestGateway::start().await;
    let key = new_evidence_key(&gateway.force.path("evidence"), &mut rand::rng()).unwrap();
    assert!(new_evidence_key(&gateway.force.path("evidence"), &mut rand::rng()).is_err(), "there is one");
    gateway.force.set_policy(1, |policy| policy.media.evidence_key = Some(key.to_string()));
    gateway.force.add_officer(SUPERVISOR, Role::Supervisor);
    gateway.go_live().await;
    // An alert that nobody has is over at once.
    gateway.phone(OFFICER).await;
    let alert_id = gateway.ingest().await;
    (gateway, alert_id)
}

fn evidence_key(gateway: &TestGateway) -> RecipientPrivateKey {
    std::fs::read_to_string(gateway.force.path("evidence/evidence.key")).unwrap().trim().parse().unwrap()
}

fn request(alert_id: AlertId) -> HoldRequest {
    let reason = "complaint about the stop".to_owned();
    HoldRequest { alert_id, reason, case_ref: "CR/1234/26".to_owned(), days: 31 }
}

fn hold_as(gateway: &TestGateway, by: (&str, &str), request: HoldRequest) -> Result<Held, ServiceError> {
    let officer = OfficerId::new(by.0).unwrap();
    gateway.force.change(|authority, tx| hold_evidence(authority, tx, (&officer, by.1), request, &mut rand::rng()))
}

fn hold(gateway: &TestGateway, request: HoldRequest) -> Result<Held, ServiceError> {
    hold_as(gateway, (SUPERVISOR, PIN), request)
}

fn files(gateway: &TestGateway) -> usize {
    std::fs::read_dir(gateway.force.data().media()).unwrap().count()
}

fn export(gateway: &TestGateway, hold_id: HoldId) -> Result<Vec<SealedEvidence>, ServiceError> {
    let folder = gateway.force.path("out");
    let names = gateway.force.change(|authority, tx| export_evidence(authority, tx, hold_id, &folder))?;
    let read = |name: &String| SealedEvidence::decode(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    Ok(names.iter().map(read).collect())
}

/// Holds and their ends, as the force's own log has them.
async fn recorded(gateway: &TestGateway) -> Vec<EventBody> {
    let mut desk = Desk::open(&DeskDir::new(gateway.force.path("desk")), &gateway.url()).unwrap();
    let mut events = Vec::new();
    let mut seen = |log: &str, _: u64, event: &EventBody| {
        if log == "events" && matches!(event.action, Action::EvidenceHeld(_) | Action::EvidenceReleased(_)) {
            events.push(event.clone());
        }
    };
    desk.follow(&mut seen).await.unwrap();
    events
}

/// Makes the stored files an hour old: where processes share a folder, a young one may be about to be named.
fn settle(gateway: &TestGateway) {
    let before = std::time::SystemTime::now() - Duration::from_hours(1);
    for file in std::fs::read_dir(gateway.force.data().media()).unwrap() {
        std::fs::File::options().write(true).open(file.unwrap().path()).unwrap().set_modified(before).unwrap();
    }
}

async fn until_files(gateway: &TestGateway, count: usize) {
    for _ in 0..300 {
        if files(gateway) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} files", files(gateway));
}

#[tokio::test]
async fn s28_what_was_held_after_a_backup_stays_when_the_backup_is_put_back_and_what_has_ended_does_not() {
    let (gateway, alert_id) = with_an_alert().await;
    let held = hold(&gateway, request(alert_id)).unwrap();
    assert_eq!(gateway.state("ended").await.status(), 200);
    // As in a store that has not heard of the hold yet.
    let forget = |_: &_, tx: &peel_gateway::storage::Tx| {
        tx.execute("delete from held_image", params![])?;
        tx.execute("delete from hold", params![])?;
        Ok(())
    };
    gateway.force.change(forget).unwrap();
    settle(&gateway);
    let gateway = gateway.restart().await;
    assert_eq!(files(&gateway), 3, "another supervisor's evidence is not this store's to destroy");
    // As in a store whose hold has ended.
    let id = held.hold_id.to_string();
    let ended = move |_: &_, tx: &peel_gateway::storage::Tx| {
        let sql = "insert into hold (hold_id, alert_id, held_ms, until_ms, released_ms) values (?1, ?2, 1, 2, 3)";
        Ok(tx.execute(sql, params![id, alert_id.to_string()]).map(drop)?)
    };
    gateway.force.change(ended).unwrap();
    let gateway = gateway.restart().await;
    assert_eq!(files(&gateway), 0);
}

#[tokio::test]
async fn s28_held_images_outlive_their_deletion_sealed_to_the_evidence_key_alone() {
    let (gateway, alert_id) = with_an_alert().await;
    let held = hold(&gateway, request(alert_id)).unwrap();
    assert_eq!((held.media.len(), files(&gateway)), (3, 6));
    // The images here go at their own time all the same; what is held stays, also over a restart's sweep.
    assert_eq!(gateway.state("ended").await.status(), 200);
    assert_eq!(files(&gateway), 3);
    let gateway = gateway.restart().await;
    assert_eq!(files(&gateway), 3);
    let sealed = export(&gateway, held.hold_id).unwrap();
    let key = evidence_key(&gateway);
    let mut images: Vec<Vec<u8>> = sealed.iter().map(|one| one.open(&key).unwrap().to_vec()).collect();
    images.sort();
    let mut expected = [image(1), image(2), image(3)];
    expected.sort();
    assert_eq!(images, expected);
    for text in ["desk/operations.key", "auditor/auditor.key"] {
        let key = std::fs::read_to_string(gateway.force.path(text)).unwrap().trim().parse().unwrap();
        assert_eq!(sealed[0].open(&key), Err(EvidenceError::NotTheKey), "{text}");
    }
    // On record: who, why, for which case, until when, and the commitments that the sealed images have.
    let events = recorded(&gateway).await;
    let Action::EvidenceHeld(told) = &events[0].action else { panic!("{events:?}") };
    assert_eq!((events.len(), &events[0].actor), (1, &Actor::Supervisor(OfficerId::new(SUPERVISOR).unwrap())));
    assert_eq!((told.hold_id, told.until_ms, events[0].alert_id), (held.hold_id, held.until_ms, Some(alert_id)));
    assert_eq!((told.reason.as_str(), told.case_ref.as_str()), ("complaint about the stop", "CR/1234/26"));
    let mut commitments = told.media.iter().map(|one| one.commitment).collect::<Vec<_>>();
    let mut of_sealed = sealed.iter().map(|one| one.label().commitment).collect::<Vec<_>>();
    commitments.sort_unstable();
    of_sealed.sort_unstable();
    assert_eq!(commitments, of_sealed);
    // The number of holds is in the record; nobody else's reason is in the front's store.
    let record =
        deployment_record(&DeskDir::new(gateway.force.path("desk")), gateway.force.deployment_id, &[]).unwrap();
    assert_eq!((record.evidence_holds, record.deletion_receipts), (1, 3));
    if !gateway.force.data().store().unwrap().is_shared() {
        let stored = std::fs::read(gateway.force.data().database()).unwrap();
        assert!(!stored.windows(10).any(|part| part == b"CR/1234/26"), "S37");
    }
}

#[tokio::test]
async fn s28_only_a_supervisor_with_a_reason_a_case_and_an_end_may_hold() {
    let (gateway, alert_id) = with_an_alert().await;
    let refused = |by: (&str, &str), change: &dyn Fn(&mut HoldRequest)| {
        let mut request = request(alert_id);
        change(&mut request);
        hold_as(&gateway, by, request).unwrap_err().code()
    };
    let supervisor = (SUPERVISOR, PIN);
    assert_eq!(refused((OFFICER, PIN), &|_| {}), "not_rostered");
    assert_eq!(refused((SUPERVISOR, "000000"), &|_| {}), "sign_in.refused");
    assert_eq!(refused(("PS-9", PIN), &|_| {}), "sign_in.refused");
    assert_eq!(refused(supervisor, &|request| request.reason = "because".to_owned()), "evidence.reason");
    assert_eq!(refused(supervisor, &|request| request.case_ref = " ".to_owned()), "evidence.case_ref");
    assert_eq!(refused(supervisor, &|request| request.days = 0), "evidence.ended");
    assert_eq!(refused(supervisor, &|request| request.days = 32), "evidence.too_long");
    assert_eq!(refused(supervisor, &|request| request.alert_id = AlertId(uuid::Uuid::nil())), "not_found");
    gateway.force.set_policy(2, |_| {});
    assert_eq!(refused(supervisor, &|_| {}), "evidence.no_key");
    assert_eq!((files(&gateway), recorded(&gateway).await), (3, Vec::new()), "nothing is left of what was refused");
}

#[tokio::test]
async fn s28_what_is_gone_or_due_cannot_be_held() {
    let (gateway, alert_id) = with_an_alert().await;
    // A file that was lost: what had been sealed until then is removed again.
    let sql = "select file from media order by media_id desc limit 1";
    let last: String =
        gateway.force.change(|_, tx| Ok(tx.query_one(sql, params![], |row| row.take(0))?)).unwrap().unwrap();
    let path = gateway.force.data().media().join(&last);
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(hold(&gateway, request(alert_id)), Err(ServiceError::Hold(HoldError::Gone))));
    assert_eq!(files(&gateway), 2);
    std::fs::write(&path, kept).unwrap();
    hold(&gateway, request(alert_id)).unwrap();
    assert_eq!(gateway.state("ended").await.status(), 200);
    let gone = hold(&gateway, request(alert_id)).unwrap_err();
    assert_eq!((gone.code(), gone.status()), ("evidence.gone", 410));
}

#[tokio::test]
async fn s28_a_hold_ends_at_its_date_by_itself_or_before_it_by_a_supervisor() {
    let (gateway, alert_id) = with_an_alert().await;
    let (first, second) = (hold(&gateway, request(alert_id)).unwrap(), hold(&gateway, request(alert_id)).unwrap());
    assert_eq!(files(&gateway), 9);
    let end = |hold_id: HoldId, by: &str| {
        let officer = OfficerId::new(by).unwrap();
        gateway.force.change(|authority, tx| release_evidence(authority, tx, (&officer, PIN), hold_id))
    };
    assert_eq!(end(first.hold_id, OFFICER).unwrap_err().code(), "not_rostered");
    let released = end(first.hold_id, SUPERVISOR).unwrap();
    remove_sealed_files(&gateway.force.data(), &released);
    assert_eq!((released.len(), files(&gateway)), (3, 6));
    assert_eq!(end(first.hold_id, SUPERVISOR).unwrap_err().code(), "not_found", "it has ended");
    assert_eq!(export(&gateway, first.hold_id).unwrap_err().code(), "not_found");
    // The second one's date comes.
    let id = second.hold_id.to_string();
    gateway
        .force
        .change(move |_, tx| Ok(tx.execute("update hold set until_ms = 1 where hold_id = ?1", params![id])?))
        .unwrap();
    until_files(&gateway, 3).await;
    let events = recorded(&gateway).await;
    let ends = events.iter().filter_map(|event| match &event.action {
        Action::EvidenceReleased(released) => Some((released.hold_id, released.end, event.actor.clone())),
        _ => None,
    });
    let supervisor = Actor::Supervisor(OfficerId::new(SUPERVISOR).unwrap());
    let expected =
        [(first.hold_id, HoldEnd::BySupervisor, supervisor), (second.hold_id, HoldEnd::DateReached, Actor::Gateway)];
    assert_eq!(ends.collect::<Vec<_>>(), expected);
}

/// Runs the program; gives what it said.
fn command(gateway: &TestGateway, arguments: &[&str], pin: &str) -> Result<serde_json::Value, String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_peel-gateway"))
        .arg("evidence")
        .args(arguments)
        .arg("--data")
        .arg(gateway.force.path("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{pin}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s28_a_supervisor_holds_exports_and_releases_by_command() {
    let (gateway, alert_id) = with_an_alert().await;
    let alert = alert_id.to_string();
    let by = ["--supervisor", SUPERVISOR, "--pin", "-"];
    let terms = ["--alert", &alert, "--reason", "complaint about the stop", "--case", "CR/1234/26", "--days"];
    let hold = |days: &str, pin: &str| command(&gateway, &[&["hold"], &by[..], &terms, &[days]].concat(), pin);
    assert!(hold("31", "000000").unwrap_err().contains("sign in with this officer number and pin"));
    assert!(hold("32", PIN).unwrap_err().contains("for longer than the policy's 31 days"));
    let told = hold("31", PIN).unwrap();
    let id = told["hold_id"].as_str().unwrap();
    let out = gateway.force.path("out");
    let exported = command(&gateway, &["export", "--hold", id, "--out", out.to_str().unwrap()], "").unwrap();
    assert_eq!((told["media"].as_array().unwrap().len(), exported["files"].as_array().unwrap().len()), (3, 3));
    let release = || command(&gateway, &[&["release", "--hold", id], &by[..]].concat(), PIN);
    assert_eq!(release().unwrap()["released"], 3);
    assert_eq!(files(&gateway), 3);
    assert!(release().unwrap_err().contains("find what was asked for"));
}
