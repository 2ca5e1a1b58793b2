//! The store's tables and the settings of its connection.
//!
//! Nothing readable lies in a table: entries are sealed to the force, everything else to keys of this device.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;

/// SQLite 3.51.3: earlier versions can lose committed writes of the write-ahead log.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long a file that another core still holds is waited for. Two cores never share one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);
/// The version of [`TABLES`], in `user_version`.
const VERSION: i64 = 3;
/// A file up to this size is checked in full after an unclean end, in pages.
const FULL_CHECK_PAGES: i64 = 16_384;

const TABLES: &str = "
    CREATE TABLE entry (
        idx   INTEGER PRIMARY KEY,
        leaf  BLOB NOT NULL CHECK (length(leaf) = 32),
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE leaf_tile (    -- the leaf hashes of 256 entries whose bodies were pruned
        tile   INTEGER PRIMARY KEY,
        leaves BLOB NOT NULL CHECK (length(leaves) = 8192)
    ) STRICT;
    CREATE TABLE node (         -- roots of complete subtrees, every eighth level
        level INTEGER NOT NULL,
        idx   INTEGER NOT NULL,
        hash  BLOB NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (level, idx)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE retired_log (  -- a log that the present one succeeds
        origin  TEXT PRIMARY KEY,
        carried INTEGER NOT NULL -- entries of the present log that stand for it
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE retired_entry (
        origin TEXT NOT NULL,
        idx    INTEGER NOT NULL,
        bytes  BLOB NOT NULL,
        PRIMARY KEY (origin, idx)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE meta (
        name  TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event (        -- the sealed working cache of the open deployment
        idx    INTEGER PRIMARY KEY,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE alert (
        alert_id  BLOB PRIMARY KEY CHECK (length(alert_id) = 16),
        alert_seq INTEGER NOT NULL,
        sealed    BLOB NOT NULL
    ) STRICT;
    CREATE TABLE media (        -- one row holds one image's wrapped key and salt
        media_id   BLOB PRIMARY KEY CHECK (length(media_id) = 16),
        alert_id   BLOB NOT NULL,
        class      INTEGER NOT NULL,
        wrapped    BLOB NOT NULL,
        commitment BLOB NOT NULL CHECK (length(commitment) = 32),
        sealed     BLOB NOT NULL,
        expire_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX media_by_alert ON media (alert_id);
    CREATE TABLE signed (       -- committed before a signature leaves the core
        size INTEGER PRIMARY KEY,
        root BLOB NOT NULL CHECK (length(root) = 32),
        note TEXT
    ) STRICT;
    CREATE TABLE cosigned (
        size INTEGER PRIMARY KEY,
        root BLOB NOT NULL CHECK (length(root) = 32),
        note TEXT NOT NULL,
        stated_ms     INTEGER,  -- the mirror's clock
        held_since_ms INTEGER   -- the later of the mirror's clock and the phone's; NULL where it proves nothing
    ) STRICT;
";

/// Version 2 has inner nodes of the tree.
const FROM_1_TO_2: &str = "
    CREATE TABLE node (
        level INTEGER NOT NULL,
        idx   INTEGER NOT NULL,
        hash  BLOB NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (level, idx)
    ) STRICT, WITHOUT ROWID;
";

/// Version 3 prunes, and one log may succeed another. A receipt of an earlier version does not say when it came: the next
/// one covers its entries.
const FROM_2_TO_3: &str = "
    CREATE TABLE leaf_tile (
        tile   INTEGER PRIMARY KEY,
        leaves BLOB NOT NULL CHECK (length(leaves) = 8192)
    ) STRICT;
    CREATE TABLE retired_log (
        origin  TEXT PRIMARY KEY,
        carried INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE retired_entry (
        origin TEXT NOT NULL,
        idx    INTEGER NOT NULL,
        bytes  BLOB NOT NULL,
        PRIMARY KEY (origin, idx)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE cosigned ADD COLUMN stated_ms INTEGER;
    ALTER TABLE cosigned ADD COLUMN held_since_ms INTEGER;
";

/// Opens or makes the file at `path` and brings it to the present version. `vfs` is what SQLite reads and writes files
/// through; nothing means the system's.
pub(super) fn open(path: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::LibraryTooOld);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.busy_timeout(BUSY_TIMEOUT)?;
    settings(&connection)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        0 => {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        1 | 2 => {
            check_after_unclean_end(&connection)?;
            let transaction = connection.transaction()?;
            transaction.execute_batch(FROM_2_TO_3)?;
            if version == 1 {
                transaction.execute_batch(FROM_1_TO_2)?;
                // Reads leaves as the present version does, so every table is there before it.
                super::tree::fill(&transaction)?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        VERSION => check_after_unclean_end(&connection)?,
        _ => return Err(StoreError::LaterVersion),
    }
    note_start(&connection)?;
    Ok(connection)
}

/// "unclean" stands while the file is open; what it said before is kept for this start.
fn note_start(connection: &Connection) -> Result<(), StoreError> {
    if super::rows::meta(connection, "unclean")?.is_some() {
        super::rows::put_meta(connection, "was_unclean", &[1])?;
    } else {
        super::rows::delete_meta(connection, "was_unclean")?;
    }
    super::rows::put_meta(connection, "unclean", &[1])
}

/// Turns the write-ahead log on. The statement gives its row before it commits the change, so it is run to its end: where
/// that commit fails the file would be written with a rollback journal, whose last commit a power cut may undo.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA journal_mode = wal")?;
    let mut rows = statement.query([])?;
    let mut is_on = false;
    while let Some(row) = rows.next()? {
        is_on = row.get::<_, String>(0)?.eq_ignore_ascii_case("wal");
    }
    if is_on { Ok(()) } else { Err(StoreError::Io) }
}

fn settings(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
    use_write_ahead_log(connection)?;
    for (name, value) in [
        ("synchronous", "full"),
        ("foreign_keys", "on"),
        ("trusted_schema", "off"),
        ("cell_size_check", "on"),
        ("secure_delete", "on"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    if cfg!(target_vendor = "apple") {
        connection.pragma_update(None, "fullfsync", "on")?;
        connection.pragma_update(None, "checkpoint_fullfsync", "on")?;
    }
    Ok(())
}

fn check_after_unclean_end(connection: &Connection) -> Result<(), StoreError> {
    let unclean = super::rows::meta(connection, "unclean")?.is_some();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if unclean && pages <= FULL_CHECK_PAGES {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged);
        }
    }
    Ok(())
}
