//! The distinct files of a table, each with a number, in the order in which they come up.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use peel_evaluation::table::{Table, TableError};

/// The distinct files that the rows still need.
pub(super) struct Files {
    numbers: HashMap<Arc<str>, usize>,
    named: Vec<Named>,
    rows: u64,
}

struct Named {
    name: Arc<str>,
    line: u64,
    column: &'static str,
}

impl Files {
    /// Reads the whole table, so that a mistake in its last row is found before hours of work, and takes down the files
    /// of all rows but the first `skip`.
    pub(super) fn survey<R: Read>(mut table: Table<R>, skip: u64) -> Result<Self, TableError> {
        let mut files = Self { numbers: HashMap::new(), named: Vec::new(), rows: 0 };
        let mut place = 0;
        while let Some(row) = table.next_row()? {
            place += 1;
            if place <= skip {
                continue;
            }
            files.rows += 1;
            for (name, column) in row.files().into_iter().zip(["file1", "file2"]) {
                if !files.numbers.contains_key(name) {
                    let name: Arc<str> = name.into();
                    files.numbers.insert(Arc::clone(&name), files.named.len());
                    files.named.push(Named { name, line: row.line(), column });
                }
            }
        }
        Ok(files)
    }

    /// Rows that need a result.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Distinct files that they name.
    pub(super) fn count(&self) -> usize {
        self.named.len()
    }

    /// A file's number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Where a file lies.
    pub(super) fn path(&self, number: usize, folder: &Path) -> Option<PathBuf> {
        self.named.get(number).map(|named| folder.join(&*named.name))
    }

    /// Where a file is named first, in words.
    pub(super) fn first_use(&self, number: usize) -> String {
        self.named.get(number).map(|named| format!("line {}, {}", named.line, named.column)).unwrap_or_default()
    }
}
