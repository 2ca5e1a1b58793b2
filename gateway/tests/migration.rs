//! A store of every version that was ever in use opens, and goes on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use peel_gateway::service::{Authority, DeploymentFile, create_deployment};
use peel_gateway::storage::{LogStore as _, Logs, latest_policy};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::SignedNote;
use peel_ledger::tree::CompactRange;
use rusqlite::Connection;
use rusqlite::types::Value;
use support::TestForce;

const VERSION_1: &str = include_str!("schemas/version_1.sql");

/// Every row of every table of version 1.
fn all_rows(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let db = Connection::open(path).unwrap();
    let tables = VERSION_1.lines().filter_map(|line| line.strip_prefix("create table ")?.split(' ').next());
    let mut rows = BTreeMap::new();
    for table in tables {
        let mut statement = db.prepare(&format!("select * from {table} order by 1, 2")).unwrap();
        let columns = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        let found = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        rows.insert(table.to_owned(), found);
    }
    rows
}

#[test]
fn a_file_of_version_1_opens_with_all_it_held_and_its_logs_go_on() {
    let force = TestForce::with_store(None);
    let path = force.data().database();
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        let _ = std::fs::remove_file(name);
    }
    Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    let before = all_rows(&path);
    assert_eq!((before.len(), before["entry"].len()), (13, 6));
    assert_eq!(force.change(|_, tx| Ok(latest_policy(tx)?)).unwrap().unwrap().version, 1);
    assert_eq!(all_rows(&path), before, "nothing is changed by opening");
    let version = |path: &Path| -> i64 {
        Connection::open(path).unwrap().query_row("pragma user_version", [], |row| row.get(0)).unwrap()
    };
    assert!(version(&path) >= 2);
    // The guards of the newer version are there.
    assert!(Connection::open(&path).unwrap().execute("delete from entry", []).is_err());
    // What was signed before is not known where this version has not run: nothing is signed until an operator says so.
    let file = DeploymentFile::parse(support::DEPLOYMENT).unwrap();
    let refused = force.change(|authority, tx| create_deployment(authority, tx, file.clone()));
    assert_eq!(refused.unwrap_err().code(), "storage.rolled_back");
    std::fs::remove_file(force.data().signed()).unwrap();
    Authority::open(force.data(), None).unwrap().adopt().unwrap();
    force.change(|authority, tx| create_deployment(authority, tx, file)).unwrap();
    let after = all_rows(&path);
    assert!(before["entry"].iter().all(|row| after["entry"].contains(row)));
    for log in ["log", "events"] {
        let (row, leaves) =
            force.change(|_, tx| Ok((Logs(tx).log(log)?.unwrap(), Logs(tx).leaf_hashes(log, u64::MAX >> 1)?))).unwrap();
        let mut range = CompactRange::new();
        for leaf in &leaves {
            range.append(*leaf).unwrap();
        }
        let note = SignedNote::parse(row.committed.unwrap().note.as_bytes()).unwrap();
        let signed = Checkpoint::from_note(&note).unwrap();
        assert_eq!((signed.size, signed.root), (leaves.len() as u64, range.root()), "{log}");
        assert!(leaves.len() > 2);
    }
}
