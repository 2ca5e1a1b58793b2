//! Goes on with a table of scores that an earlier run left.
//!
//! Always: a last line without its line break was half written and is dropped; every row that stays belongs to the row
//! of the input at the same place.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use crate::table::columns::RESULT_COLUMNS;
use crate::table::error::TableError;
use crate::table::reader::Table;

/// A table of scores, cut to its whole rows and open for more.
#[derive(Debug)]
pub struct Resumed {
    /// Open at its end.
    pub file: File,
    /// Rows of results that are there already.
    pub rows: u64,
    /// Whether nothing was there, not even the header.
    pub is_new: bool,
}

/// Opens `scores`, or makes it; what is there must belong to the first rows of `pairs`, else nothing is changed.
pub fn resume<R: Read>(scores: &Path, mut pairs: Table<R>) -> Result<Resumed, TableError> {
    let unreadable = |error: std::io::Error| TableError::Unreadable(error.kind());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(scores).map_err(unreadable)?;
    let whole = whole_lines(&mut file).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).from_reader(BufReader::new(&file).take(whole));
    let mut there = StringRecord::new();
    let mut rows = 0;
    let is_new = !read(&mut reader, &mut there)?;
    if !is_new {
        let added = RESULT_COLUMNS.iter().copied();
        if !there.iter().eq(pairs.header().iter().chain(added)) {
            return Err(TableError::OtherInput { line: 1 });
        }
        while read(&mut reader, &mut there)? {
            let line = there.position().map_or(0, csv::Position::line);
            let row = pairs.next_row()?.ok_or(TableError::OtherInput { line })?;
            let fields = row.fields();
            let belongs = there.len() == fields.len() + RESULT_COLUMNS.len()
                && fields.iter().zip(&there).all(|(wanted, found)| wanted == found);
            if !belongs {
                return Err(TableError::OtherInput { line });
            }
            rows += 1;
        }
    }
    drop(reader);
    file.set_len(whole).map_err(unreadable)?;
    file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    Ok(Resumed { file, rows, is_new })
}

fn read<R: Read>(reader: &mut csv::Reader<R>, record: &mut StringRecord) -> Result<bool, TableError> {
    reader.read_record(record).map_err(|error| match error.kind() {
        csv::ErrorKind::Io(error) => TableError::Unreadable(error.kind()),
        _ => TableError::OtherInput { line: error.position().map_or(0, csv::Position::line) },
    })
}

/// The length of the file up to and with its last line break.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    const CHUNK: u64 = 1 << 16;
    let mut end = file.metadata()?.len();
    let mut buffer = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        buffer.clear();
        let read = file.by_ref().take(end - start).read_to_end(&mut buffer)?;
        if u64::try_from(read).is_ok_and(|read| read < end - start) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some(place) = buffer.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(place).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}
