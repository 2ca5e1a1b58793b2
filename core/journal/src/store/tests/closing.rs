use super::*;

#[test]
fn a_suspended_store_holds_no_lock_and_is_opened_again() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch([entry(0, 300)])).unwrap();
    // While it is open nobody else has the file.
    let path = directory.path().join(FILE);
    let other = Connection::open(&path).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(other.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, i64>(0)).is_err());
    drop(other);
    store.close();
    for leftover in ["peel.db-wal", "peel.db-shm"] {
        assert!(!directory.path().join(leftover).exists(), "{leftover}");
    }
    let (second, opened) = Store::open(directory.path(), 2).unwrap();
    assert!(!opened.unclean);
    assert_eq!(second.entries(0, 1).unwrap().len(), 1);
    assert_eq!(store.commit(batch([entry(1, 300)])), Err(StoreError::Closed));
    assert_eq!(store.reopen(), Err(StoreError::InUse));
    second.close();
    store.reopen().unwrap();
    store.reopen().unwrap();
    store.commit(batch([entry(1, 300)])).unwrap();
    assert_eq!(store.size().unwrap(), 2);
}

#[test]
fn what_was_handed_over_before_a_suspension_is_durable_whoever_waits() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    let store = std::sync::Arc::new(store);
    let writers: Vec<_> = (0..4_u64)
        .map(|part| {
            let store = std::sync::Arc::clone(&store);
            std::thread::spawn(move || {
                let indices =
                    (part * 50..part * 50 + 50).filter(|index| store.commit(batch([entry(*index, 400)])).is_ok());
                indices.collect::<Vec<_>>()
            })
        })
        .collect();
    for _ in 0..20 {
        store.close();
        store.reopen().unwrap();
    }
    let acknowledged: Vec<u64> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    store.close();
    let connection = Connection::open(directory.path().join(FILE)).unwrap();
    for index in acknowledged {
        let sql = "SELECT count(*) FROM entry WHERE idx = ?1";
        let there: i64 = connection.query_row(sql, [i64::try_from(index).unwrap()], |row| row.get(0)).unwrap();
        assert_eq!(there, 1, "{index}");
    }
}

#[test]
fn a_file_that_was_damaged_meanwhile_is_not_opened_again_and_not_replaced() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.commit(batch((0..50).map(|index| entry(index, 2_000)))).unwrap();
    store.close();
    let path = directory.path().join(FILE);
    fs::write(&path, [0xAA; 8_192]).unwrap();
    assert_eq!(store.reopen(), Err(StoreError::Damaged));
    assert_eq!(store.events(), Err(StoreError::Closed));
    assert_eq!(fs::read(&path).unwrap(), [0xAA; 8_192]);
}

#[test]
fn the_reserve_records_the_end_then_alerts_wait_until_there_is_space_again() {
    let directory = directory();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    store.limit_pages(2).unwrap();
    let alert = |index| {
        let mut alert = batch([entry(index, 60_000)]);
        alert.refuse_when_full();
        alert
    };
    let mut written = 0;
    while store.commit(batch([entry(written, 60_000)])).is_ok() {
        written += 1;
        assert!(store.reserve_is_spent());
    }
    // 8 MiB hold some 136 events of 60 kB and their sealed copies.
    assert!((120..=140).contains(&written), "{written}");
    assert_eq!(store.size().unwrap(), written);
    assert!(!store.restore_reserve(), "there is no space for it");
    assert_eq!(store.commit(alert(written)), Err(StoreError::Full));
    store.limit_pages(3_000).unwrap();
    assert!(store.restore_reserve());
    assert!(!store.reserve_is_spent());
    store.commit(alert(written)).unwrap();
    // And it is there for the next time.
    store.limit_pages(0).unwrap();
    store.commit(batch([entry(written + 1, 60_000)])).unwrap();
    assert!(store.reserve_is_spent());
}
