//! A store that was put back from a backup signs nothing more under the names that it signed before.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use peel_domain::event::{Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::time::Clock as _;
use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::clock::GatewayClock;
use peel_gateway::force::ForceConfig;
use peel_gateway::server::RunningServer;
use peel_gateway::service::{
    Authority, DeploymentFile, ServiceError, create_deployment, prepare_restart, propose_restart, submit,
};
use peel_gateway::storage::{LogStore as _, Logs};
use peel_ledger::bundle::{Files, Problem, Relation, Trust, Verdict, VerifyOptions, compare, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use reqwest::Method;
use support::device_log::Log;
use support::{OFFICER, TestForce, TestGateway, TestPhone};

const FILES: [&str; 3] = ["", "-wal", "-shm"];

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn copy_store(from: &Path, to: &Path) {
    for suffix in FILES {
        let _ = std::fs::remove_file(beside(to, suffix));
        let _ = std::fs::copy(beside(from, suffix), beside(to, suffix));
    }
}

/// Stops a gateway and takes a backup of its store. Gives the force, the store and the backup.
async fn backed_up(gateway: TestGateway) -> (Arc<TestForce>, PathBuf, PathBuf) {
    let force = gateway.stop().await;
    let (store, backup) = (force.data().database(), force.path("backup.db"));
    copy_store(&store, &backup);
    (force, store, backup)
}

async fn start(force: &TestForce) -> Result<RunningServer, ServiceError> {
    RunningServer::start(force.data(), "127.0.0.1:0".parse().unwrap(), None).await
}

fn one_more(force: &TestForce) -> Result<(), ServiceError> {
    let file = DeploymentFile::parse(support::DEPLOYMENT).unwrap();
    force.change(|authority, tx| create_deployment(authority, tx, file)).map(drop)
}

fn restart(force: &TestForce, seen: Option<&str>) -> Result<(), ServiceError> {
    prepare_restart(&force.data(), seen)?;
    force.change(|authority, tx| {
        let leaf = propose_restart(authority, tx)?;
        submit(authority, tx, &leaf, None)
    })
}

fn bundle(force: &TestForce) -> (Files, Trust) {
    let (files, trust) =
        force.change(|authority, tx| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?))).unwrap();
    (files, Trust::parse(&trust).unwrap())
}

async fn published(gateway: &TestGateway) -> (String, Checkpoint) {
    let text = gateway.call(Method::GET, "/v1/log/checkpoint").send().await.unwrap().text().await.unwrap();
    let checkpoint = Checkpoint::from_note(&SignedNote::parse(text.as_bytes()).unwrap()).unwrap();
    (text, checkpoint)
}

/// The numbers of a phone's stream after a number, until a message of the newest kind: an alert.
async fn numbers_up_to_an_alert(gateway: &TestGateway, phone: &TestPhone, after: u64) -> Vec<u64> {
    let mut stream = phone.stream(gateway, Some(after)).await;
    let mut numbers = Vec::new();
    while let Some(message) = stream.next().await {
        numbers.extend(message.id);
        if message.event == "lfr.alert" {
            break;
        }
    }
    numbers
}

async fn sync(gateway: &TestGateway, phone: &TestPhone, trail: &Log, from: u64) {
    phone.announce(gateway, trail, from).await;
    assert_eq!(phone.upload(gateway, trail, from).await.0, 200);
}

#[tokio::test]
async fn s35_a_store_from_an_old_backup_signs_nothing_until_its_logs_go_on_under_other_names() {
    let gateway = TestGateway::serve(TestForce::with_store(None)).await;
    let phone = gateway.phone(OFFICER).await;
    gateway.go_live().await;
    gateway.ingest().await;
    let before = numbers_up_to_an_alert(&gateway, &phone, 0).await;
    let mut trail = Log::new(&phone);
    trail.write(3);
    sync(&gateway, &phone, &trail, 0).await;
    let (kept, early) = published(&gateway).await;

    // A backup, and then work that it does not have.
    let (force, store, backup) = backed_up(gateway).await;
    let gateway = TestGateway::serve(force).await;
    gateway.ingest().await;
    let lost = numbers_up_to_an_alert(&gateway, &phone, *before.last().unwrap()).await;
    trail.write(2);
    sync(&gateway, &phone, &trail, 3).await;
    let (_, late) = published(&gateway).await;
    let (older, _) = bundle(&gateway.force);

    // The store is put back. Nothing starts, and no command signs either.
    let force = gateway.stop().await;
    copy_store(&backup, &store);
    assert_eq!(start(&force).await.unwrap_err().code(), "storage.rolled_back");
    assert_eq!(one_more(&force).unwrap_err().code(), "storage.rolled_back");
    let bundled = force.data();
    let bundled = Authority::open(bundled, None).unwrap().change_present(bundle_files);
    assert_eq!(
        bundled.unwrap_err().code(),
        "storage.rolled_back",
        "a command that signs no log signs nothing else either"
    );
    let note = force.change(|_, tx| Ok(Logs(tx).log("log")?.unwrap().committed.unwrap().note)).unwrap();
    assert_eq!(note.lines().nth(1), Some(early.size.to_string().as_str()), "nothing was signed");

    // The operator's way.
    restart(&force, None).unwrap();
    assert_eq!(restart(&force, None).unwrap_err().code(), "change.restore", "once is enough");
    let gateway = TestGateway::serve(force).await;
    let (_, anew) = published(&gateway).await;
    assert_eq!(anew.origin.as_str(), "force.example/peel/log-2");
    let phone = TestPhone { token: phone.fetch_token(&gateway).await, ..phone };
    gateway.ingest().await;
    let after = numbers_up_to_an_alert(&gateway, &phone, *lost.last().unwrap()).await;
    let all: Vec<u64> = before.iter().chain(&lost).chain(&after).copied().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "no number is given twice: {all:?}");
    assert!(after.iter().all(|number| number > lost.last().unwrap()));
    // The phone brings again what the force lost.
    sync(&gateway, &phone, &trail, 3).await;

    let (newer, trust) = bundle(&gateway.force);
    let since = |seen: &Checkpoint| {
        let options = VerifyOptions { last_seen: Some(seen), open: &[] };
        verify(&newer, &trust, options, &mut |_| {})
    };
    let report = since(&early);
    assert_eq!((report.verdict, &report.failed[..]), (Verdict::Good, &[][..]), "{report:?}");
    let report = since(&late);
    let gone = late.size - early.size;
    assert_eq!(report.verdict, Verdict::Incomplete);
    let told = format!("{gone} leaves seen before, which the force says it lost");
    assert!(report.not_checked.iter().any(|item| format!("{item:?}").contains(&told)), "{report:?}");
    // Another history of the former log is not excused by it.
    let other = Checkpoint { root: early.root, ..late.clone() };
    assert!(since(&other).has(Problem::Consistency));
    let longer = Checkpoint { size: late.size + 1, ..late };
    assert!(since(&longer).has(Problem::Consistency));
    let found = compare(&older, &newer, &trust);
    let log = &found.logs[0];
    assert_eq!((log.relation, log.first_difference), (Relation::BegunAnew, Some(early.size)));
    assert!(found.logs.iter().any(|log| log.log.ends_with("/events-2") && log.relation == Relation::Added));
    // What an outsider kept of the former log still reads, under its name.
    let former = trust.force_log_at(&early.origin).unwrap().key;
    assert!(SignedNote::parse(kept.as_bytes()).unwrap().verify(&[former]).is_ok());
    gateway.stop().await;
}

#[tokio::test]
async fn s35_a_phone_that_was_enrolled_after_the_backup_goes_on_under_another_enrolment() {
    let gateway = TestGateway::serve(TestForce::with_store(None)).await;
    let (force, store, backup) = backed_up(gateway).await;
    let gateway = TestGateway::serve(force).await;
    let phone = TestPhone::enrol(&gateway).await;
    let mut trail = Log::new(&phone);
    trail.write(3);
    let note = trail.checkpoint().to_note().unwrap().to_text();
    phone.announce(&gateway, &trail, 0).await;
    let (status, lines) = phone.upload(&gateway, &trail, 0).await;
    assert_eq!(status, 200);
    let receipt = format!("{note}{}", String::from_utf8(lines).unwrap());
    trail.write(2);

    let force = gateway.stop().await;
    copy_store(&backup, &store);
    restart(&force, None).unwrap();
    let gateway = TestGateway::serve(force).await;
    assert_eq!(phone.announce(&gateway, &trail, 3).await.0, 404, "nobody knows it");
    let stream = phone.get(&gateway, "/v1/events").send().await.unwrap();
    assert_eq!(stream.status(), 404, "its token is older than the restore");
    assert!(stream.text().await.unwrap().contains("device.unknown"));
    let again = TestPhone::enrol_again(&gateway, phone.id()).await;
    let mut next = Log::new(&again);
    let clock = GatewayClock::new(None, &mut rand::rng());
    for action in trail.last_words(3, Some(receipt)) {
        next.event(&EventBody {
            v: BODY_VERSION,
            at: clock.now(),
            actor: Actor::Core,
            deployment_id: None,
            alert_id: None,
            justification: Justification::Exercise,
            action,
        });
    }
    sync(&gateway, &again, &next, 0).await;
    let (files, trust) = bundle(&gateway.force);
    let report = verify(&files, &trust, VerifyOptions::default(), &mut |_| {});
    assert_eq!((report.verdict, &report.failed[..]), (Verdict::Good, &[][..]), "{report:?}");
    assert_eq!(report.replaces.get(next.origin.as_str()).map(String::as_str), Some(trail.origin.as_str()));
    gateway.stop().await;
}

/// Puts the rows of a backup into a store that is open elsewhere, as a database server's own tools would.
fn put_rows_back(backup: &Path, store: &Path) {
    let connection = rusqlite::Connection::open(store).unwrap();
    connection.execute("attach ?1 as backup", [backup.to_str().unwrap()]).unwrap();
    let tables: Vec<String> = {
        let sql = "select name from backup.sqlite_schema where type = 'table' and name not like 'sqlite_%'";
        let mut names = connection.prepare(sql).unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    // Triggers that keep rows where they are bind the service, not who administers the database.
    let triggers: Vec<String> = {
        let mut names = connection.prepare("select name from main.sqlite_schema where type = 'trigger'").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let drops: Vec<String> = triggers.iter().map(|trigger| format!("drop trigger main.\"{trigger}\";")).collect();
    let moves = tables.iter().map(|table| {
        format!("delete from main.\"{table}\"; insert into main.\"{table}\" select * from backup.\"{table}\";")
    });
    let sql =
        format!("pragma foreign_keys = off; begin immediate; {} {} commit;", drops.concat(), moves.collect::<String>());
    connection.execute_batch(&sql).unwrap();
}

#[tokio::test]
async fn s35_a_store_put_back_under_a_running_gateway_tells_no_phone_that_it_is_unknown() {
    let gateway = TestGateway::serve(TestForce::with_store(None)).await;
    let (force, store, backup) = backed_up(gateway).await;
    let gateway = TestGateway::serve(force).await;
    let phone = TestPhone::enrol(&gateway).await;
    put_rows_back(&backup, &store);
    let response = phone.ask_token(&gateway).await;
    assert_eq!(response.status(), 503);
    assert!(response.text().await.unwrap().contains("storage.rolled_back"));
    gateway.stop().await;
}

#[tokio::test]
async fn s35_the_same_backup_put_back_twice_gives_no_number_twice() {
    let gateway = TestGateway::serve(TestForce::with_store(None)).await;
    let phone = gateway.phone(OFFICER).await;
    gateway.go_live().await;
    let (mut force, store, backup) = backed_up(gateway).await;
    let config = force.data().config();
    let configured = std::fs::read(&config).unwrap();
    let mut given = BTreeSet::new();
    for round in 0..3 {
        let gateway = TestGateway::serve(force).await;
        gateway.ingest().await;
        let numbers = numbers_up_to_an_alert(&gateway, &phone, given.last().copied().unwrap_or(0)).await;
        assert!(!numbers.is_empty());
        for number in numbers {
            assert!(given.insert(number), "{number} was given before, in round {round}");
        }
        force = gateway.stop().await;
        copy_store(&backup, &store);
        // The configuration was in the backup too.
        std::fs::write(&config, &configured).unwrap();
        restart(&force, None).unwrap();
        let logs = force.change(|authority, _| Ok(authority.force_log_origin.clone())).unwrap();
        assert_eq!(logs.force_log_epoch(support::FORCE), Some(round + 2));
    }
}

#[test]
fn a_command_that_stopped_half_way_is_taken_again() {
    let force = TestForce::with_store(None);
    let (store, backup) = (force.data().database(), force.path("backup.db"));
    copy_store(&store, &backup);
    one_more(&force).unwrap();
    assert_eq!(restart(&force, None).unwrap_err().code(), "change.restore", "nothing was put back");
    copy_store(&backup, &store);
    // The configuration is written and nothing else is.
    prepare_restart(&force.data(), None).unwrap();
    assert_eq!(one_more(&force).unwrap_err().code(), "storage.rolled_back");
    // The store has gone on and the memory of it is not written.
    let memory = std::fs::read(force.data().signed()).unwrap();
    restart(&force, None).unwrap();
    let size = |force: &TestForce| force.change(|_, tx| Ok(Logs(tx).log("log")?.unwrap().next_index)).unwrap();
    let once = size(&force);
    std::fs::write(force.data().signed(), memory).unwrap();
    assert_eq!(one_more(&force).unwrap_err().code(), "storage.rolled_back");
    restart(&force, None).unwrap();
    assert_eq!(size(&force), once, "said once");
    one_more(&force).unwrap();
    assert_eq!(ForceConfig::read(&force.data()).unwrap().epoch, 2);
}

#[test]
fn what_an_outsider_kept_stops_a_force_that_lost_its_whole_machine() {
    let force = TestForce::with_store(None);
    let (store, backup) = (force.data().database(), force.path("backup.db"));
    copy_store(&store, &backup);
    one_more(&force).unwrap();
    let kept = force.change(|_, tx| Ok(Logs(tx).log("log")?.unwrap().committed.unwrap().note)).unwrap();
    copy_store(&backup, &store);
    std::fs::remove_file(force.data().signed()).unwrap();
    // A store that holds signed logs and comes without a memory of them signs nothing.
    assert_eq!(one_more(&force).unwrap_err().code(), "storage.rolled_back");
    let forged = kept.replacen("\u{2014} force", "\u{2014} other", 1);
    assert_eq!(restart(&force, Some(&forged)).unwrap_err().code(), "signature");
    restart(&force, Some(&kept)).unwrap();
    one_more(&force).unwrap();
    // There is a memory now: it is not taken from the store again.
    assert_eq!(Authority::open(force.data(), None).unwrap().adopt().unwrap_err().code(), "change.adopt");
}

#[test]
fn what_outsiders_had_seen_stops_nobody_once_the_newest_copy_is_back() {
    let force = TestForce::with_store(None);
    let (store, older, newest) = (force.data().database(), force.path("older.db"), force.path("newest.db"));
    let memory = std::fs::read(force.data().signed()).unwrap();
    copy_store(&store, &older);
    one_more(&force).unwrap();
    let size = force.change(|_, tx| Ok(Logs(tx).log("log")?.unwrap().next_index)).unwrap();
    copy_store(&store, &newest);
    // The whole machine is put back, and a witness says what it has seen.
    copy_store(&older, &store);
    std::fs::write(force.data().signed(), memory).unwrap();
    let told = |size| {
        let authority = Authority::open(force.data(), None).unwrap();
        authority.signed.note_witnessed(&authority.force_log_origin, size, None).unwrap();
    };
    told(u64::MAX);
    // The file has two copies, and the one with the higher number counts.
    let number = |copy: &&str| copy.split(' ').next().and_then(|number| number.parse::<u64>().ok());
    let says_so = || {
        let text = std::fs::read_to_string(force.data().signed()).unwrap();
        text.split("# copy ").max_by_key(number).unwrap().contains("witnessed")
    };
    assert!(!says_so(), "nobody's log is as long as that");
    told(size);
    assert!(says_so());
    assert_eq!(one_more(&force).unwrap_err().code(), "storage.rolled_back");
    copy_store(&newest, &store);
    one_more(&force).unwrap();
    assert!(!says_so());
}
