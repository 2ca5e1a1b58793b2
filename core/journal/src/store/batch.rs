//! What is committed together.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::prune::Cosigned;
use super::retired;
use super::rows::{self, MediaRow};
use super::tree;

/// One change.
#[derive(Clone, Debug)]
pub enum Op {
    /// An entry of the trail, and its sealed copy for the working cache.
    Entry {
        /// The leaf's index.
        index: u64,
        /// The leaf's hash.
        leaf: [u8; 32],
        /// The entry.
        bytes: Vec<u8>,
        /// The event, sealed to this device; `None` outside a deployment.
        sealed: Option<Vec<u8>>,
    },
    /// A verified cosignature: the receipt for everything below `size`.
    Cosigned {
        /// What was cosigned.
        size: u64,
        /// Its root.
        root: [u8; 32],
        /// The mirror's signature lines.
        note: String,
        /// When the mirror says that it signed, in milliseconds since 1970-01-01 UTC.
        stated_ms: i64,
        /// The phone's wall clock when the receipt came.
        wall_ms: i64,
    },
    /// The mirror holds no more than this: what it stated of larger trees proves a loss, and no longer that it has them.
    MirrorLost(u64),
    /// The log that is stored here ends: its entries are set aside for those that come after this in the same batch.
    Retire {
        /// Its name.
        origin: String,
        /// How many entries of the next log stand for it.
        carried: u64,
    },
    /// A named value.
    Put(&'static str, Vec<u8>),
    /// No more of it.
    Forget(&'static str),
    /// A sealed alert.
    Alert {
        /// Its identifier.
        alert_id: [u8; 16],
        /// The gateway's number.
        alert_seq: u64,
        /// The sealed alert.
        sealed: Vec<u8>,
    },
    /// A sealed image.
    Media(MediaRow),
    /// An image's row, key and salt are deleted.
    DeleteMedia([u8; 16]),
    /// The working cache is dropped: events, alerts and whatever images are left.
    ForgetDeployment,
}

/// Changes that become durable together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
    optional: bool,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change.
    pub fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// Adds changes.
    pub fn extend(&mut self, ops: impl IntoIterator<Item = Op>) {
        self.ops.extend(ops);
    }

    /// Marks the batch as something that a nearly full phone refuses: a new alert.
    pub fn refuse_when_full(&mut self) {
        self.optional = true;
    }

    /// Whether the reserve may be spent on it.
    pub fn is_essential(&self) -> bool {
        !self.optional
    }

    /// Runs all changes in one transaction.
    pub(super) fn run(self, connection: &mut Connection) -> Result<(), StoreError> {
        let transaction = connection.transaction()?;
        for op in self.ops {
            run_op(&transaction, op)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn run_op(connection: &Connection, op: Op) -> Result<(), StoreError> {
    match op {
        Op::Entry { index, leaf, bytes, sealed } => {
            rows::put_entry(connection, index, &leaf, &bytes)?;
            tree::complete(connection, index)?;
            sealed.map_or(Ok(()), |sealed| rows::put_event(connection, index, &sealed))
        }
        Op::Cosigned { size, root, note, stated_ms, wall_ms } => {
            keep_cosignature(connection, &Cosigned { size, root, note }, stated_ms, wall_ms)
        }
        Op::MirrorLost(holds) => {
            let sql = "UPDATE cosigned SET held_since_ms = NULL WHERE size > ?1";
            connection.execute(sql, [rows::signed(holds)?])?;
            Ok(())
        }
        Op::Retire { origin, carried } => retired::retire(connection, &origin, carried),
        Op::Put(name, value) => rows::put_meta(connection, name, &value),
        Op::Forget(name) => rows::delete_meta(connection, name),
        Op::Alert { alert_id, alert_seq, sealed } => rows::put_alert(connection, alert_id, alert_seq, &sealed),
        Op::Media(row) => rows::put_media(connection, &row),
        Op::DeleteMedia(media_id) => rows::delete_media(connection, media_id),
        Op::ForgetDeployment => {
            connection.execute_batch("DELETE FROM event; DELETE FROM alert; DELETE FROM media;").map_err(Into::into)
        }
    }
}

/// Refuses a root that differs from what was signed at this size, and a size below the last signed one whose root is
/// not among those that were signed.
pub(super) fn intend_to_sign(connection: &mut Connection, size: u64, root: [u8; 32]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let before: Option<Vec<u8>> = transaction
        .query_row("SELECT root FROM signed WHERE size = ?1", [rows::signed(size)?], |row| row.get(0))
        .optional()?;
    let last: Option<i64> = transaction.query_row("SELECT max(size) FROM signed", [], |row| row.get(0))?;
    match (before, last) {
        (Some(before), _) if before == root => return Ok(()),
        (Some(_), _) => return Err(StoreError::SecondHistory),
        (None, Some(last)) if rows::unsigned(last)? > size => return Err(StoreError::SecondHistory),
        _ => {}
    }
    transaction.execute("INSERT INTO signed (size, root) VALUES (?1, ?2)", params![rows::signed(size)?, root])?;
    transaction.commit()?;
    Ok(())
}

/// What was held since an earlier statement stays held since then.
fn keep_cosignature(
    connection: &Connection,
    cosigned: &Cosigned,
    stated_ms: i64,
    wall_ms: i64,
) -> Result<(), StoreError> {
    let Cosigned { size, root, note } = cosigned;
    connection.execute(
        "INSERT INTO cosigned (size, root, note, stated_ms, held_since_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (size) DO UPDATE SET root = excluded.root, note = excluded.note, stated_ms = excluded.stated_ms,
             held_since_ms = coalesce(held_since_ms, excluded.held_since_ms)",
        params![rows::signed(*size)?, root, note, stated_ms, stated_ms.max(wall_ms)],
    )?;
    Ok(())
}

pub(super) fn keep_note(connection: &Connection, size: u64, note: &str) -> Result<(), StoreError> {
    connection.execute("UPDATE signed SET note = ?2 WHERE size = ?1", params![rows::signed(size)?, note])?;
    Ok(())
}

pub(super) fn signed_size(connection: &Connection) -> Result<u64, StoreError> {
    let size: Option<i64> =
        connection.query_row("SELECT max(size) FROM signed WHERE note IS NOT NULL", [], |row| row.get(0))?;
    size.map_or(Ok(0), rows::unsigned)
}

pub(super) fn last_note(connection: &Connection) -> Result<Option<String>, StoreError> {
    let sql = "SELECT note FROM signed WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1";
    Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?)
}

pub(super) fn cosigned_size(connection: &Connection) -> Result<u64, StoreError> {
    let size: Option<i64> = connection.query_row("SELECT max(size) FROM cosigned", [], |row| row.get(0))?;
    size.map_or(Ok(0), rows::unsigned)
}

pub(super) fn latest_stated_ms(connection: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(connection.query_row("SELECT max(stated_ms) FROM cosigned", [], |row| row.get(0))?)
}

/// Up to where the mirror holds the log, as far as is known: a statement of which it lost something counts no more.
pub(super) fn held_size(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT max(size) FROM cosigned WHERE held_since_ms IS NOT NULL";
    let size: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    size.map_or(Ok(0), rows::unsigned)
}

pub(super) fn truncate_log(connection: &Connection) -> Result<(), StoreError> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
