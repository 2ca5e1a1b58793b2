//! The first pass: scores, failures, bands, folds, and who the people are.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::findings::Kinds;
use crate::statistics::{Counts, Folds, People, Settled};
use crate::table::{Row, Table, TableError};

/// So many conditions are tabulated, and so many pairs of groups.
pub(super) const MOST_CONDITIONS: usize = 64;
pub(super) const MOST_GROUPS: usize = 200;

pub(super) struct FirstPass {
    pub(super) sha256: String,
    pub(super) counts: Counts,
    pub(super) rows: Kinds,
    pub(super) files: usize,
    pub(super) people: Settled,
    pub(super) people_are_named: bool,
    pub(super) failed: BTreeMap<String, Kinds>,
    pub(super) refused: BTreeMap<String, Kinds>,
    pub(super) bands: BTreeMap<String, Kinds>,
    pub(super) folds: Folds,
    /// Scores by condition.
    pub(super) conditions: BTreeMap<String, Counts>,
}

pub(super) fn open(scores: &Path) -> Result<BufReader<File>, TableError> {
    File::open(scores).map(BufReader::new).map_err(|error| TableError::Unreadable(error.kind()))
}

/// The names by which a row's people are known.
pub(super) fn names(row: Row<'_>, people_are_named: bool) -> [&str; 2] {
    if people_are_named { row.people().unwrap_or_else(|| row.files()) } else { row.files() }
}

pub(super) fn read(scores: &Path) -> Result<FirstPass, TableError> {
    let mut digest = Hashing { inner: open(scores)?, digest: Sha256::new() };
    let mut table = Table::of_scores(&mut digest)?;
    let people_are_named = table.names_people();
    let mut people = People::default();
    let mut files = HashSet::new();
    let mut pass = FirstPass {
        sha256: String::new(),
        counts: Counts::default(),
        rows: [0; 2],
        files: 0,
        people: People::default().settle(),
        people_are_named,
        failed: BTreeMap::new(),
        refused: BTreeMap::new(),
        bands: BTreeMap::new(),
        folds: Folds::default(),
        conditions: BTreeMap::new(),
    };
    while let Some(row) = table.next_row()? {
        people.learn(names(row, people_are_named), row.mated());
        files.extend(row.files().map(crate::statistics::name_hash));
        pass.count(row)?;
    }
    drop(table);
    pass.sha256 = hex::encode(digest.digest.finalize());
    pass.files = files.len();
    pass.people = people.settle();
    Ok(pass)
}

impl FirstPass {
    fn count(&mut self, row: Row<'_>) -> Result<(), TableError> {
        let (mated, score) = (row.mated(), row.score()?);
        tally(&mut self.rows, mated);
        tally(entry(&mut self.bands, row.band()), mated);
        if let Some(fold) = row.fold() {
            self.folds.add(fold, score, mated);
        }
        let reason = row.reason().rsplit(':').next().unwrap_or_default();
        let Some(score) = score else {
            tally(entry(&mut self.failed, reason), mated);
            return Ok(());
        };
        if !reason.is_empty() {
            tally(entry(&mut self.refused, reason), mated);
        }
        self.counts.add(score, mated);
        if let Some(condition) = row.condition()
            && (self.conditions.contains_key(condition) || self.conditions.len() < MOST_CONDITIONS)
        {
            if let Some(counts) = self.conditions.get_mut(condition) {
                counts.add(score, mated);
            } else {
                self.conditions.entry(condition.to_owned()).or_default().add(score, mated);
            }
        }
        Ok(())
    }
}

pub(super) fn tally(kinds: &mut Kinds, mated: bool) {
    let [non_mated_count, mated_count] = kinds;
    *(if mated { mated_count } else { non_mated_count }) += 1;
}

fn entry<'map>(map: &'map mut BTreeMap<String, Kinds>, code: &str) -> &'map mut Kinds {
    // A table that somebody else wrote may hold any words here: so many codes are told apart, the rest is one.
    let code = if map.contains_key(code) || map.len() < MOST_CONDITIONS { code } else { "others" };
    map.entry(code.to_owned()).or_default()
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    digest: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
