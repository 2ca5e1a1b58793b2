//! The gateway as it serves: HTTPS over loopback, checkpoint and entries verified, stored, cosigned and entered into the
//! force log before the reply. Client and server share the machine.
//!
//! Floor: the same database alone, rows of the same size, 256 a durable commit.

use std::io::{Seek as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use peel_gateway::force::ForceConfig;
use peel_gateway::service::enrolment_code;
use peel_gateway::storage::StoreAddress;
use peel_ledger::mirror::{AddCheckpoint, MirrorReceipt};
use peel_ledger::note::Ed25519Signer;
use postgres::NoTls;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::params;

use crate::entries::Noise;
use crate::force::device_log::Log;
use crate::force::{TestForce, TestGateway, TestPhone, enrol_body, p256_key, postgresql, read_json, store};
use crate::measure::{Waits, at_least, at_most, per_second, time, told};
use crate::scratch;

/// Entries of a full package, and of a floor's commit.
const PACKAGE: usize = 256;
/// Entries of a full request.
const REQUEST: usize = 32 * PACKAGE;
const REQUESTS: usize = 8;
const LOGS: usize = 1_000;
/// Phones that talk at the same time.
const AT_ONCE: usize = 32;
const SYNCS: usize = 500;
/// Syncs before those that are measured.
const FIRST_SYNCS: usize = 100;
const FLOOR_COMMITS: usize = 100;

/// What a phone sends in one visit.
struct Visit {
    checkpoint: Vec<u8>,
    entries: Vec<u8>,
}

pub(crate) fn run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(on_engine("SQLite", None, [40_000.0, 20_000.0]));
    postgresql::ON_DISK.store(true, Ordering::Relaxed);
    match store::new_database() {
        Some(address) => runtime.block_on(on_engine("PostgreSQL", Some(address), [10_000.0, 10_000.0])),
        None => told("PostgreSQL", "", "not run: no server here"),
    }
}

async fn on_engine(name: &str, address: Option<StoreAddress>, goals: [f64; 2]) {
    let shared = address.is_some();
    let gateway = Arc::new(TestGateway::serve(force(address)).await);
    let phones = enrol(&gateway, LOGS).await;
    let floor = floor(shared).await;
    let one = one_log(&gateway, phones.first().unwrap()).await;
    at_least(&format!("gateway on {name}, one log, events a second"), floor, one, goals[0]);
    let many = many_logs(&gateway, phones).await;
    at_least(&format!("gateway on {name}, {LOGS} logs, events a second"), floor, many, goals[1]);
    let (durable, waits) = syncs(&gateway).await;
    let of = |waits: &Waits, percentile| format!("{:.1} ms", waits.percentile(percentile));
    told(&format!("sync of one event on {name}, p50"), of(&durable, 50), of(&waits, 50));
    told("the same, p99", of(&durable, 99), of(&waits, 99));
    at_most(&format!("sync of one event on {name}, p99"), waits.percentile(99), "ms", 20.0);
}

/// A force whose gateway does not hold a busy phone back.
fn force(address: Option<StoreAddress>) -> TestForce {
    let force = TestForce::with_store(address);
    let mut config = ForceConfig::read(&force.data()).unwrap();
    config.limits.device_burst = 1_000_000;
    config.limits.device_per_second = 1_000_000;
    config.write(&force.data()).unwrap();
    force
}

async fn enrol(gateway: &TestGateway, count: usize) -> Vec<TestPhone> {
    let secrets = gateway.force.change(|authority, tx| {
        let code = |_| enrolment_code(authority, tx, 3_600, &mut rand::rng()).map(|code| code.secret);
        (0..count).map(code).collect::<Result<Vec<_>, _>>()
    });
    let mut phones = Vec::new();
    for secret in secrets.unwrap() {
        let provisional = Ed25519Signer::generate("phone", &mut rand::rng()).unwrap();
        let (hw_key, auth_key) = (p256_key(), p256_key());
        let body = enrol_body(&secret, &provisional, &hw_key, &auth_key);
        let response = gateway.post("/v1/enrol", &body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let enrolment: peel_domain::wire::EnrolResponse = read_json(response).await;
        let log_key = Ed25519Signer::from_seed(&enrolment.origin, &provisional.expose_seed()).unwrap();
        let mut phone = TestPhone { enrolment, log_key, hw_key, auth_key, token: String::new() };
        phone.token = phone.fetch_token(gateway).await;
        phones.push(phone);
    }
    phones
}

/// Grows a log by so many entries and makes what is sent for them.
fn visit(phone: &TestPhone, log: &mut Log, noise: &mut Noise, rng: &mut StdRng, entries: usize) -> Visit {
    let old = log.state.size();
    for _ in 0..entries {
        let (bytes, leaf) = noise.next(rng);
        log.entries.push(bytes);
        log.leaves.push(leaf);
    }
    log.state = noise.state();
    let checkpoint = AddCheckpoint::build(old, log.note(phone), &log.nodes()).unwrap().encode();
    Visit { checkpoint, entries: log.upload(old) }
}

async fn pay(gateway: &TestGateway, phone: &TestPhone, visit: Visit) {
    assert_eq!(phone.send(gateway, "add-checkpoint", visit.checkpoint).await.0, 200);
    assert_eq!(phone.send(gateway, "add-entries", visit.entries).await.0, 200);
}

async fn one_log(gateway: &TestGateway, phone: &TestPhone) -> f64 {
    let (mut log, mut noise, mut rng) = (Log::new(phone), Noise::default(), StdRng::seed_from_u64(3));
    let visits: Vec<Visit> = (0..REQUESTS).map(|_| visit(phone, &mut log, &mut noise, &mut rng, REQUEST)).collect();
    let start = Instant::now();
    for visit in visits {
        pay(gateway, phone, visit).await;
    }
    per_second(REQUESTS * REQUEST, start.elapsed())
}

/// Every phone but the first pays one visit with a full package.
async fn many_logs(gateway: &Arc<TestGateway>, phones: Vec<TestPhone>) -> f64 {
    let mut rng = StdRng::seed_from_u64(4);
    let mut waiting = Vec::new();
    for phone in phones.into_iter().skip(1) {
        let (mut log, mut noise) = (Log::new(&phone), Noise::default());
        let visit = visit(&phone, &mut log, &mut noise, &mut rng, PACKAGE);
        waiting.push((phone, visit));
    }
    let events = waiting.len() * PACKAGE;
    let queue = Arc::new(std::sync::Mutex::new(waiting));
    let start = Instant::now();
    let workers = (0..AT_ONCE).map(|_| {
        let (gateway, queue) = (Arc::clone(gateway), Arc::clone(&queue));
        tokio::spawn(async move {
            loop {
                let next = queue.lock().unwrap().pop();
                let Some((phone, visit)) = next else { return };
                pay(&gateway, &phone, visit).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    per_second(events, start.elapsed())
}

/// Waits of single syncs, from a sealed event to its verified cosignature, each after what must be durable for one alone:
/// two commits of a page, and what was signed last. The first ones, which find nothing in any cache, are not counted.
async fn syncs(gateway: &TestGateway) -> (Waits, Waits) {
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let mut pages = std::fs::File::create(folder.path().join("pages")).unwrap();
    let mut signed = std::fs::File::create(folder.path().join("signed")).unwrap();
    signed.write_all(&vec![7; 32 * 1_024]).unwrap();
    signed.sync_all().unwrap();
    let mut durable = Waits::default();
    let phone = enrol(gateway, 1).await.pop().unwrap();
    let mut log = Log::new(&phone);
    let mut waits = Waits::default();
    for size in 0..(FIRST_SYNCS + SYNCS) as u64 {
        log.write(1);
        if size == FIRST_SYNCS as u64 {
            (durable, waits) = (Waits::default(), Waits::default());
        }
        durable.add(|| make_durable(&mut pages, &mut signed));
        let start = Instant::now();
        assert_eq!(phone.announce(gateway, &log, size).await.0, 200);
        let (status, lines) = phone.upload(gateway, &log, size).await;
        assert_eq!(status, 200);
        MirrorReceipt::verify(&lines, &log.checkpoint(), &phone.mirror_key()).unwrap();
        waits.push(start.elapsed());
    }
    (durable, waits)
}

fn make_durable(pages: &mut std::fs::File, signed: &mut std::fs::File) {
    for _ in 0..2 {
        pages.write_all(&[7; 4_096]).unwrap();
        pages.sync_data().unwrap();
    }
    signed.rewind().unwrap();
    signed.write_all(&[7; 700]).unwrap();
    signed.sync_data().unwrap();
}

/// Rows a second of the database alone.
async fn floor(shared: bool) -> f64 {
    let (mut noise, mut rng) = (Noise::default(), StdRng::seed_from_u64(5));
    let rows: Vec<(Vec<u8>, [u8; 32])> = (0..PACKAGE)
        .map(|_| {
            let (bytes, leaf) = noise.next(&mut rng);
            (bytes, leaf.to_bytes())
        })
        .collect();
    // Both clients wait for their database: not on a thread that others need.
    tokio::task::spawn_blocking(move || if shared { floor_postgresql(&rows) } else { floor_sqlite(&rows) })
        .await
        .unwrap()
}

fn floor_sqlite(rows: &[(Vec<u8>, [u8; 32])]) -> f64 {
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let mut connection = rusqlite::Connection::open(folder.path().join("floor.db")).unwrap();
    connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;").unwrap();
    connection.execute_batch(&format!("{TABLE} strict, without rowid")).unwrap();
    let took = time(|| {
        for commit in 0..FLOOR_COMMITS {
            let transaction = connection.transaction().unwrap();
            let sql = "insert into entry (log_id, idx, leaf, body) values (?1, ?2, ?3, ?4)";
            let mut insert = transaction.prepare_cached(sql).unwrap();
            for (row, (body, leaf)) in rows.iter().enumerate() {
                insert.execute(params![LOG, index(commit, row), leaf, body]).unwrap();
            }
            drop(insert);
            transaction.commit().unwrap();
        }
    });
    per_second(FLOOR_COMMITS * PACKAGE, took)
}

fn floor_postgresql(rows: &[(Vec<u8>, [u8; 32])]) -> f64 {
    let server = postgresql::server().unwrap();
    let mut client = postgres::Client::connect(&server.url(&server.database()), NoTls).unwrap();
    let table = TABLE.replace("blob", "bytea").replace("integer", "bigint");
    client.batch_execute(&table).unwrap();
    let sql = "insert into entry (log_id, idx, leaf, body) \
               select $1, $2 + n - 1, l, b from unnest($3::bytea[], $4::bytea[]) with ordinality as rows (l, b, n)";
    let statement = client.prepare(sql).unwrap();
    let leaves: Vec<&[u8]> = rows.iter().map(|(_, leaf)| leaf.as_slice()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|(body, _)| body.as_slice()).collect();
    let took = time(|| {
        for commit in 0..FLOOR_COMMITS {
            client.execute(&statement, &[&LOG, &index(commit, 0), &leaves, &bodies]).unwrap();
        }
    });
    per_second(FLOOR_COMMITS * PACKAGE, took)
}

const LOG: &str = "019ab000-0000-7000-8000-000000000001";
const TABLE: &str = "create table entry (log_id text not null, idx integer not null, leaf blob not null, \
                     body blob not null, primary key (log_id, idx))";

fn index(commit: usize, row: usize) -> i64 {
    i64::try_from(commit * PACKAGE + row).unwrap()
}
