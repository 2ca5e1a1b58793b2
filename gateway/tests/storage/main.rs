//! What the gateway asks of its store, on both engines: a SQLite file, and a real PostgreSQL server that this test
//! starts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod records;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use peel_domain::id::EnrolmentId;
use peel_gateway::params;
use peel_gateway::storage::*;
use peel_ledger::{Hash, Origin};
use records::*;
use tokio::sync::oneshot;

/// A store to test, empty.
struct Kit {
    address: StoreAddress,
    _folder: tempfile::TempDir,
}

impl Kit {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { address: StoreAddress::file(&folder.path().join("gateway.db")), _folder: folder }
    }

    fn postgresql() -> Option<Self> {
        Some(Self { address: support::store::new_database()?, _folder: tempfile::tempdir().unwrap() })
    }

    fn open(&self, queue: usize, before_commit: BeforeCommit) -> Db {
        Db::open(&self.address, DbLimits { queue, file_mib: None }, before_commit).unwrap()
    }

    fn db(&self) -> Db {
        self.open(64, Arc::new(|_| Ok(())))
    }

    fn once<T: Send>(&self, work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
        Db::once(&self.address, work)
    }
}

macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Kit::sqlite()).await;
            })*
        }
        mod postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(kit) = super::Kit::postgresql() {
                    super::$name(kit).await;
                }
            })*
        }
    };
}

conformance!(
    a_failed_job_takes_no_other_with_it_and_many_share_a_commit,
    nothing_is_answered_before_the_commit,
    a_job_that_passes_over_an_error_fails_alone,
    a_full_queue_says_busy,
    readers_do_not_wait_for_the_writer_and_see_what_is_committed,
    a_reader_cannot_write,
    writers_of_two_processes_come_one_after_the_other,
    a_package_out_of_order_and_a_lost_race_for_pending_are_conflicts,
    s34_entries_and_logs_can_be_neither_changed_nor_deleted,
    entries_are_read_in_order_and_within_bounds,
    devices_codes_and_keys_are_kept,
    officers_are_kept_and_replaced,
    deployments_and_members_are_kept,
    policies_are_never_replaced,
    alerts_and_their_images_are_kept_until_destroyed,
    holds_are_kept_until_their_end_and_their_files_with_them,
    an_alert_is_over_when_no_phone_that_is_served_has_it_open,
    events_are_numbered_without_gaps_and_cut_to_a_bound,
    a_proof_counts_once_for_all_processes_and_after_they_end,
    a_devices_bucket_is_one_for_all_processes,
    a_store_opens_again_and_a_newer_one_is_refused,
);

fn device_id(number: u8) -> EnrolmentId {
    EnrolmentId(uuid::Uuid::from_bytes([number; 16]))
}

fn keys() -> EnrolmentKeys {
    EnrolmentKeys { log_vkey: "vkey".to_owned(), hw_spki: vec![1, 0, 255], auth_spki: vec![] }
}

fn put_number(tx: &Tx, number: u32) -> Result<(), StoreError> {
    put_policy(tx, &PolicyRow { version: number, cose: vec![0] }, 1)
}

fn numbers(tx: &Tx) -> Result<Vec<u32>, StoreError> {
    tx.query("select version from policy order by version", params![], |row| row.take(0))
}

/// Occupies the writer until the sender is dropped; comes back once it does.
async fn occupy(db: &Db, number: u32) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
    let (release, released) = mpsc::channel::<()>();
    let (started, begun) = oneshot::channel();
    let db = db.clone();
    let holding = tokio::spawn(async move {
        db.write(move |tx| {
            put_number(tx, number)?;
            let _ = started.send(());
            let _ = released.recv();
            Ok(())
        })
        .await
    });
    begun.await.unwrap();
    (release, holding)
}

/// Sends a job and comes back once it waits in the queue.
async fn queued<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
) -> tokio::task::JoinHandle<Result<T, StoreError>> {
    let db = db.clone();
    let mut write = Box::pin(async move { db.write(work).await });
    // The first poll puts it into the queue.
    let waiting = std::future::poll_fn(|context| std::task::Poll::Ready(write.as_mut().poll(context))).await;
    assert!(waiting.is_pending());
    tokio::spawn(write)
}

async fn a_failed_job_takes_no_other_with_it_and_many_share_a_commit(kit: Kit) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let count = move |_: &Tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let db = kit.open(64, Arc::new(count));
    let (release, holding) = occupy(&db, 1).await;
    let mut good = Vec::new();
    for number in 2..12 {
        good.push(queued(&db, move |tx| put_number(tx, number)).await);
    }
    let bad = queued(&db, |tx| {
        put_number(tx, 100)?;
        Err::<(), _>(StoreError::Conflict)
    });
    let bad = bad.await;
    let broken = queued(&db, |tx| tx.execute("insert into nothing values (1)", params![]).map(drop)).await;
    let last = queued(&db, |tx| put_number(tx, 12)).await;
    drop(release);
    holding.await.unwrap().unwrap();
    for job in good {
        job.await.unwrap().unwrap();
    }
    assert_eq!(bad.await.unwrap(), Err(StoreError::Conflict));
    assert_eq!(broken.await.unwrap(), Err(StoreError::Database));
    last.await.unwrap().unwrap();
    assert_eq!(db.read(numbers).await.unwrap(), (1..=12).collect::<Vec<_>>());
    assert_eq!(commits.load(Ordering::SeqCst), 2, "one for the first, one for all that waited");
}

async fn nothing_is_answered_before_the_commit(kit: Kit) {
    let db = kit.open(64, Arc::new(|tx| if numbers(tx)?.contains(&7) { Err(StoreError::Full) } else { Ok(()) }));
    let (release, holding) = occupy(&db, 1).await;
    let innocent = queued(&db, |tx| put_number(tx, 2)).await;
    let guilty = queued(&db, |tx| put_number(tx, 7)).await;
    let asking = queued(&db, |tx| if numbers(tx)?.contains(&2) { Err::<(), _>(StoreError::Conflict) } else { Ok(()) });
    let asking = asking.await;
    drop(release);
    holding.await.unwrap().unwrap();
    for answer in [innocent.await.unwrap(), guilty.await.unwrap(), asking.await.unwrap()] {
        assert_eq!(answer, Err(StoreError::Full), "also the answer that rested on what is undone");
    }
    assert_eq!(db.read(numbers).await.unwrap(), [1]);
    db.write(|tx| put_number(tx, 2)).await.unwrap();
}

async fn a_job_that_passes_over_an_error_fails_alone(kit: Kit) {
    let db = kit.db();
    let (release, holding) = occupy(&db, 1).await;
    let careless = queued(&db, |tx| {
        let _ = tx.execute("insert into nothing values (1)", params![]);
        put_number(tx, 2).or(Ok(()))
    })
    .await;
    let good = queued(&db, |tx| put_number(tx, 3)).await;
    drop(release);
    holding.await.unwrap().unwrap();
    good.await.unwrap().unwrap();
    let kept = careless.await.unwrap().is_ok();
    assert_eq!(db.read(numbers).await.unwrap(), if kept { vec![1, 2, 3] } else { vec![1, 3] });
}

async fn a_full_queue_says_busy(kit: Kit) {
    let db = kit.open(1, Arc::new(|_| Ok(())));
    let (release, holding) = occupy(&db, 1).await;
    let waiting = queued(&db, |tx| put_number(tx, 2)).await;
    assert_eq!(db.write(|tx| put_number(tx, 3)).await, Err(StoreError::Busy));
    drop(release);
    holding.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    db.write(|tx| put_number(tx, 3)).await.unwrap();
}

async fn readers_do_not_wait_for_the_writer_and_see_what_is_committed(kit: Kit) {
    let db = kit.db();
    db.write(|tx| put_number(tx, 1)).await.unwrap();
    let (release, holding) = occupy(&db, 2).await;
    assert_eq!(db.read(numbers).await.unwrap(), [1]);
    // A snapshot stays what it was while others commit.
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (started, began) = oneshot::channel();
    let reader = db.clone();
    let snapshot = tokio::spawn(async move {
        reader
            .read(move |tx| {
                let before = numbers(tx)?;
                let _ = started.send(());
                let _ = may_go_on.recv();
                Ok::<_, StoreError>((before, numbers(tx)?))
            })
            .await
    });
    began.await.unwrap();
    drop(release);
    holding.await.unwrap().unwrap();
    assert_eq!(db.read(numbers).await.unwrap(), [1, 2]);
    drop(go_on);
    assert_eq!(snapshot.await.unwrap().unwrap(), (vec![1], vec![1]));
}

async fn a_reader_cannot_write(kit: Kit) {
    let db = kit.db();
    assert!(db.read(|tx| put_number(tx, 1)).await.is_err());
    assert!(db.read(numbers).await.unwrap().is_empty());
}

async fn writers_of_two_processes_come_one_after_the_other(kit: Kit) {
    kit.once(|tx| put_device(tx, device_id(1), &keys(), "model", 1)).unwrap();
    let both = [kit.db(), kit.db()];
    let mut tasks = Vec::new();
    for db in both.iter().cycle().take(60) {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            // Reads, then writes what it read: lost updates would show.
            db.write(|tx| {
                let last = device(tx, device_id(1))?.unwrap().last_seq;
                let event = StoredEvent { name: "n", payload: "{}", alert_id: None };
                let given = put_event(tx, device_id(1), &event, 1, |_| String::new())?;
                assert_eq!(given, last + 1);
                Ok::<_, StoreError>(given)
            })
            .await
        }));
    }
    let mut given = Vec::new();
    for task in tasks {
        given.push(task.await.unwrap().unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (1..=60).collect::<Vec<_>>());
    let other = both[1].clone();
    assert_eq!(other.read(|tx| bounds(tx, device_id(1))).await.unwrap(), (0, 60));
}

fn log_with(tx: &Tx, count: u64) -> Result<(), StoreError> {
    let logs = Logs(tx);
    logs.create_log("events", &Origin::events("force.example").unwrap(), &[9])?;
    for index in 0..count {
        let body = vec![u8::try_from(index % 251).unwrap(); 10];
        let leaf = Hash::of(&[&body]);
        logs.put_package("events", index, &[StoredEntry { leaf: &leaf, body: &body }], &[1])?;
    }
    Ok(())
}

async fn a_package_out_of_order_and_a_lost_race_for_pending_are_conflicts(kit: Kit) {
    kit.once(|tx| log_with(tx, 1)).unwrap();
    let leaf = Hash::default();
    let entry = [StoredEntry { leaf: &leaf, body: b"x" }];
    for first in [0, 2] {
        let put = kit.once(|tx| Logs(tx).put_package("events", first, &entry, &[]));
        assert_eq!(put, Err(StoreError::Conflict), "{first}");
    }
    assert_eq!(kit.once(|tx| Logs(tx).put_package("no such log", 0, &entry, &[])), Err(StoreError::Conflict));
    let pending = Pending { size: 3, note: "n".to_owned() };
    kit.once(|tx| Logs(tx).swap_pending("events", None, &pending)).unwrap();
    assert_eq!(kit.once(|tx| Logs(tx).swap_pending("events", None, &pending)), Err(StoreError::Conflict));
    kit.once(|tx| Logs(tx).swap_pending("events", Some(3), &pending)).unwrap();
    // A size whose entries are not all here cannot be committed, nor one that is smaller than before.
    let committed = |size| Committed { size, note: "n".to_owned(), at_ms: 1 };
    assert_eq!(kit.once(|tx| Logs(tx).commit_size("events", &committed(2))), Err(StoreError::Conflict));
    kit.once(|tx| Logs(tx).commit_size("events", &committed(1))).unwrap();
    assert_eq!(kit.once(|tx| Logs(tx).commit_size("events", &committed(0))), Err(StoreError::Conflict));
    let row = kit.once(|tx| Logs(tx).log("events")).unwrap().unwrap();
    assert_eq!(
        (row.next_index, row.state, row.pending, row.committed),
        (1, vec![1], Some(pending), Some(committed(1)))
    );
    assert!(kit.once(|tx| Logs(tx).log("nothing")).unwrap().is_none());
    assert_eq!(kit.once(|tx| Logs(tx).logs()).unwrap().len(), 1);
}

async fn s34_entries_and_logs_can_be_neither_changed_nor_deleted(kit: Kit) {
    kit.once(|tx| log_with(tx, 3)).unwrap();
    let shared = kit.address.is_shared();
    let mut forbidden = vec![
        "update entry set body = leaf",
        "update entry set idx = idx + 100",
        "delete from entry",
        "delete from log",
        "update log set next_index = 2",
        "update log set size = -1",
    ];
    if shared {
        forbidden.extend(["truncate entry", "truncate log cascade", "truncate entry_0", "delete from entry_0"]);
        forbidden.extend(["update entry_1 set idx = 0", "delete from entry_2", "update entry_3 set body = leaf"]);
    } else {
        forbidden.push("insert or replace into entry select log_id, idx, leaf, leaf from entry");
    }
    for sql in forbidden {
        let changed = kit.once(|tx| tx.execute(sql, params![]));
        // A partition that holds nothing has nothing to change.
        assert!(changed.is_err() || (changed == Ok(0) && sql.contains("entry_")), "{sql}: {changed:?}");
    }
    let kept = kit.once(|tx| Logs(tx).read_entries("events", 0, 10, usize::MAX)).unwrap();
    assert_eq!(kept, (0..3).map(|n| vec![n; 10]).collect::<Vec<_>>());
}

async fn entries_are_read_in_order_and_within_bounds(kit: Kit) {
    kit.once(|tx| log_with(tx, 300)).unwrap();
    let read = |from, count, bytes| kit.once(|tx| Logs(tx).read_entries("events", from, count, bytes)).unwrap();
    assert_eq!(read(0, 300, usize::MAX).len(), 300);
    assert_eq!(read(299, 10, usize::MAX), [vec![48; 10]]);
    assert!(read(300, 10, usize::MAX).is_empty());
    assert_eq!(read(5, 100, 35).len(), 3);
    assert_eq!(read(5, 100, 1).len(), 1, "one is always given");
    let leaves = kit.once(|tx| Logs(tx).leaf_hashes("events", 257)).unwrap();
    assert_eq!((leaves.len(), leaves[256]), (257, Hash::of(&[&[5_u8; 10]])));
    kit.once(|tx| Logs(tx).put_receipt("CODE", "events", 7)).unwrap();
    kit.once(|tx| Logs(tx).put_receipt("CODE", "events", 7)).unwrap();
    kit.once(|tx| Logs(tx).put_receipt("CODE", "events", 0)).unwrap();
    let here = |index| ("events".to_owned(), index);
    let from = |index| kit.once(|tx| Logs(tx).receipts_from("CODE", "events", index, 8)).unwrap();
    assert_eq!((from(0), from(1), from(8)), (vec![here(0), here(7)], vec![here(7)], vec![]));
    // Only what is durable under a checkpoint counts.
    let newest = |after: &str| kit.once(|tx| Logs(tx).newest_receipts("CODE", after, 8)).unwrap();
    assert_eq!((newest(""), newest("events")), (vec![("events".to_owned(), None)], vec![]));
    kit.once(|tx| Logs(tx).commit_size("events", &Committed { size: 7, note: "n".to_owned(), at_ms: 1 })).unwrap();
    assert_eq!(newest(""), [("events".to_owned(), Some(0))]);
    // Nothing, one, a tile's worth and more in one package.
    for (log, count) in [("a", 0), ("b", 1), ("c", 256), ("d", 257), ("e", 1_000)] {
        let bodies: Vec<Vec<u8>> = (0..count).map(|n: u32| n.to_be_bytes().to_vec()).collect();
        let leaves: Vec<Hash> = bodies.iter().map(|body| Hash::of(&[body])).collect();
        let entries: Vec<StoredEntry<'_>> =
            bodies.iter().zip(&leaves).map(|(body, leaf)| StoredEntry { leaf, body }).collect();
        kit.once(|tx| {
            let logs = Logs(tx);
            logs.create_log(log, &Origin::device("force.example", log).unwrap(), &[])?;
            logs.put_package(log, 0, &entries, &[2])?;
            assert_eq!(logs.read_entries(log, 0, 5_000, usize::MAX)?, bodies);
            assert_eq!(logs.leaf_hashes(log, 5_000)?, leaves);
            Ok(())
        })
        .unwrap();
    }
}

async fn a_proof_counts_once_for_all_processes_and_after_they_end(kit: Kit) {
    let first_use = async |db: &Db, window, id: u8| db.admit(move |tx| use_proof(tx, window, &[id; 16])).await.unwrap();
    let both = [0, 1].map(|_| kit.open(200, Arc::new(|_| Ok(()))));
    assert!(first_use(&both[0], 7, 1).await);
    assert!(!first_use(&both[1], 7, 1).await, "the other process");
    assert!(first_use(&both[1], 7, 2).await);
    assert!(first_use(&both[1], 8, 1).await, "another window's");
    // Many at once, at both: one of each pair gets in.
    let mut asked = tokio::task::JoinSet::new();
    for turn in 0..200_u8 {
        let db = both[usize::from(turn % 2)].clone();
        asked.spawn(async move { db.admit(move |tx| use_proof(tx, 9, &[turn / 2; 16])).await.unwrap() });
    }
    assert_eq!(asked.join_all().await.into_iter().filter(|first| *first).count(), 100);
    // The writer's queue is another one.
    let (release, holding) = occupy(&both[0], 1).await;
    assert!(!first_use(&both[0], 7, 2).await);
    drop(release);
    holding.await.unwrap().unwrap();
    drop(both);
    let db = kit.db();
    assert!(!first_use(&db, 7, 1).await, "after all processes ended");
    while db.admit(|tx| forget_proofs(tx, 8)).await.unwrap() {}
    assert!(!first_use(&db, 8, 1).await, "what still counts is kept");
    assert!(first_use(&db, 7, 1).await, "what nobody can use any more is forgotten");
}

async fn a_devices_bucket_is_one_for_all_processes(kit: Kit) {
    const COST: i64 = 20_000;
    let take = async |db: &Db, number: u8, now_us: i64| {
        let asked = Draw { device: device_id(number), now_us, cost_us: COST, burst: 5, slack_us: 60_000_000 };
        db.admit(move |tx| draw(tx, &asked)).await.unwrap()
    };
    let both = [kit.db(), kit.db()];
    let now = 1_700_000_000_000_000;
    for turn in 0..5 {
        assert!(take(&both[turn % 2], 1, now).await, "{turn}");
    }
    for db in &both {
        assert!(!take(db, 1, now).await);
        assert!(take(db, 2, now).await, "another device's");
    }
    assert!(!take(&both[0], 1, now + COST - 1).await);
    assert!(take(&both[0], 1, now + COST).await, "one has come back");
    assert!(!take(&both[1], 1, now + COST).await);
    // Never more than full, however long nothing was asked.
    let later = now + 1_000_000 * COST;
    for turn in 0..5 {
        assert!(take(&both[turn % 2], 1, later).await, "{turn}");
    }
    assert!(!take(&both[0], 1, later).await);
    // A clock a little behind another's locks nobody out for longer than that; one that was set back, not at all.
    assert!(!take(&both[1], 1, later - COST).await);
    assert!(take(&both[1], 1, later - 3_600_000_000).await);
}

async fn a_store_opens_again_and_a_newer_one_is_refused(kit: Kit) {
    kit.once(|tx| put_number(tx, 1)).unwrap();
    assert_eq!(kit.db().read(numbers).await.unwrap(), [1]);
    assert_eq!(kit.once(numbers).unwrap(), [1]);
    let newer = if kit.address.is_shared() {
        "insert into peel_schema (version) values (1000)"
    } else {
        "pragma user_version = 1000"
    };
    kit.once(|tx| tx.execute(newer, params![])).unwrap();
    assert_eq!(kit.once(numbers), Err(StoreError::Newer));
    assert!(matches!(
        Db::open(&kit.address, DbLimits { queue: 1, file_mib: None }, Arc::new(|_| Ok(()))),
        Err(StoreError::Newer)
    ));
}
