//! Cosignatures of outside witnesses over the force log's checkpoints.
//!
//! Always: of each witness the newest is kept, and whatever is over the checkpoint that is published.

use super::{StoreError, Tx};
use crate::params;

/// One witness's cosignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureRow {
    /// The witness's key name.
    pub witness: String,
    /// The force log's size.
    pub size: u64,
    /// The force log's checkpoint of this size, with the log's own line.
    pub note: String,
    /// The signature line.
    pub line: String,
}

fn to_sql(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt)
}

/// Keeps a cosignature.
pub fn put_cosignature(tx: &Tx, row: &CosignatureRow, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into cosignature (witness, size, note, line, at_ms) values (?1, ?2, ?3, ?4, ?5) \
         on conflict (witness, size) do update set \
         note = excluded.note, line = excluded.line, at_ms = excluded.at_ms",
        params![row.witness, to_sql(row.size)?, row.note, row.line, now_ms],
    )?;
    Ok(())
}

/// The size that a witness cosigned last.
pub fn witnessed_size(tx: &Tx, witness: &str) -> Result<u64, StoreError> {
    let sql = "select size from cosignature where witness = ?1 order by size desc limit 1";
    Ok(tx.query_one(sql, params![witness], |row| row.take(0))?.unwrap_or(0))
}

/// The cosignatures over one size.
pub fn cosignatures(tx: &Tx, size: u64) -> Result<Vec<CosignatureRow>, StoreError> {
    let sql = "select witness, note, line from cosignature where size = ?1 order by witness";
    tx.query(sql, params![to_sql(size)?], |row| {
        Ok(CosignatureRow { witness: row.take(0)?, size, note: row.take(1)?, line: row.take(2)? })
    })
}

/// The sizes that were cosigned, the largest first, and by how many.
pub fn cosigned_sizes(tx: &Tx) -> Result<Vec<(u64, usize)>, StoreError> {
    let sql = "select size, count(*) from cosignature group by size order by size desc";
    tx.query(sql, params![], |row| {
        let count: u64 = row.take(1)?;
        Ok((row.take(0)?, usize::try_from(count).map_err(|_| StoreError::Corrupt)?))
    })
}

/// Forgets cosignatures that are neither over `size` nor the witness's newest.
pub fn prune_cosignatures(tx: &Tx, size: u64) -> Result<(), StoreError> {
    tx.execute(
        "delete from cosignature where size < ?1 and size < \
         (select max(newer.size) from cosignature newer where newer.witness = cosignature.witness)",
        params![to_sql(size)?],
    )?;
    Ok(())
}

/// Forgets all cosignatures: they are over a log of another name.
pub fn forget_cosignatures(tx: &Tx) -> Result<(), StoreError> {
    tx.execute("delete from cosignature", params![])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Db, StoreAddress};

    #[test]
    fn the_newest_of_each_witness_stays_and_older_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let story = |tx: &Tx| {
            assert_eq!(witnessed_size(tx, "a")?, 0);
            for (witness, size) in [("a", 3), ("a", 5), ("a", 9), ("b", 4)] {
                let line = format!("{witness}{size}");
                let row = CosignatureRow { witness: witness.to_owned(), size, note: String::new(), line };
                put_cosignature(tx, &row, 1)?;
            }
            assert_eq!(witnessed_size(tx, "a")?, 9);
            assert_eq!(cosigned_sizes(tx)?, [(9, 1), (5, 1), (4, 1), (3, 1)]);
            prune_cosignatures(tx, 5)?;
            let mut left = Vec::new();
            for size in [3, 4, 5, 9] {
                left.extend(cosignatures(tx, size)?);
            }
            let names: Vec<_> = left.iter().map(|row| row.line.as_str()).collect();
            assert_eq!(names, ["b4", "a5", "a9"]);
            Ok::<_, StoreError>(())
        };
        Db::once(&StoreAddress::File(dir.path().join("g.db")), story).unwrap();
    }
}
