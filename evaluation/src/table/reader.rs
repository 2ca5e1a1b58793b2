//! Reads a table row by row.

use std::io::Read;

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use crate::statistics::Score;
use crate::table::columns::Columns;
use crate::table::error::TableError;

/// A table that is read row by row, once.
pub struct Table<R> {
    reader: csv::Reader<R>,
    header: StringRecord,
    columns: Columns,
    record: StringRecord,
}

impl<R: Read> Table<R> {
    /// A table of pairs.
    pub fn of_pairs(input: R) -> Result<Self, TableError> {
        Self::new(input, Columns::of_pairs)
    }

    /// A table of scores, as `evaluate` writes it.
    pub fn of_scores(input: R) -> Result<Self, TableError> {
        Self::new(input, Columns::of_scores)
    }

    fn new(input: R, columns: fn(&StringRecord) -> Result<Columns, TableError>) -> Result<Self, TableError> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(input);
        let header = reader.headers().map_err(|error| of_csv(&error))?.clone();
        plain(&header, 1)?;
        let columns = columns(&header)?;
        Ok(Self { reader, header, columns, record: StringRecord::new() })
    }

    /// The header's fields.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Whether there are columns that say who is who.
    pub fn names_people(&self) -> bool {
        self.columns.people.is_some()
    }

    /// The next row; `None` at the end.
    // Not an iterator: a row lends the table's own buffer.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, TableError> {
        if !self.reader.read_record(&mut self.record).map_err(|error| of_csv(&error))? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != self.columns.count {
            return Err(TableError::FieldCount { line });
        }
        plain(&self.record, line)?;
        let row = Row { record: &self.record, columns: &self.columns, line };
        row.check()?;
        Ok(Some(row))
    }
}

fn of_csv(error: &csv::Error) -> TableError {
    match error.kind() {
        ErrorKind::Io(error) => TableError::Unreadable(error.kind()),
        ErrorKind::Utf8 { pos, .. } => TableError::NotText { line: pos.as_ref().map_or(0, csv::Position::line) },
        _ => TableError::Unreadable(std::io::ErrorKind::InvalidData),
    }
}

/// No line breaks within fields: so a half-written last line can be told from a whole one.
fn plain(record: &StringRecord, line: u64) -> Result<(), TableError> {
    let control = record.iter().any(|field| field.chars().any(char::is_control));
    if control { Err(TableError::ControlCharacter { line }) } else { Ok(()) }
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'table> {
    record: &'table StringRecord,
    columns: &'table Columns,
    line: u64,
}

impl<'table> Row<'table> {
    fn check(self) -> Result<(), TableError> {
        if !matches!(self.field(self.columns.same).trim(), "0" | "1") {
            return Err(TableError::Same { line: self.line });
        }
        if self.files().into_iter().any(str::is_empty) {
            return Err(TableError::FileMissing { line: self.line });
        }
        Ok(())
    }

    fn field(self, place: usize) -> &'table str {
        self.record.get(place).unwrap_or_default()
    }

    fn two(self, places: Option<[usize; 2]>) -> Option<[&'table str; 2]> {
        places.map(|places| places.map(|place| self.field(place))).filter(|fields| fields.iter().all(|f| !f.is_empty()))
    }

    /// Every field as it stands.
    pub fn fields(self) -> &'table StringRecord {
        self.record
    }

    /// The line in the file, the header's being 1.
    pub fn line(self) -> u64 {
        self.line
    }

    /// The probe's and the reference's file, relative to the table's folder.
    pub fn files(self) -> [&'table str; 2] {
        self.columns.files.map(|place| self.field(place))
    }

    /// Whether both files show the same person (a mated pair).
    pub fn mated(self) -> bool {
        self.field(self.columns.same).trim() == "1"
    }

    /// The condition under which the pair was made, if it has one.
    pub fn condition(self) -> Option<&'table str> {
        self.columns.condition.map(|place| self.field(place)).filter(|field| !field.is_empty())
    }

    /// The groups of the people in the two files, if both are given.
    pub fn groups(self) -> Option<[&'table str; 2]> {
        self.two(self.columns.groups)
    }

    /// Codes of the people in the two files, if both are given.
    pub fn people(self) -> Option<[&'table str; 2]> {
        self.two(self.columns.people)
    }

    /// The part of a cross-validation that the pair belongs to, if there is one.
    pub fn fold(self) -> Option<&'table str> {
        self.columns.fold.map(|place| self.field(place)).filter(|field| !field.is_empty())
    }

    fn result(self, place: impl FnOnce([usize; 5]) -> usize) -> &'table str {
        self.columns.results.map_or("", |places| self.field(place(places)))
    }

    /// The score; `None` where the row failed.
    pub fn score(self) -> Result<Option<Score>, TableError> {
        let text = self.result(|[score, ..]| score);
        if text.is_empty() {
            return Ok(None);
        }
        Score::parse(text).map(Some).ok_or(TableError::Score { line: self.line })
    }

    /// The band's code, `supports` for one.
    pub fn band(self) -> &'table str {
        self.result(|[_, band, ..]| band)
    }

    /// The pair's quality in thousandths, if it has one.
    pub fn quality(self) -> Result<Option<u32>, TableError> {
        let text = self.result(|[_, _, quality, ..]| quality);
        if text.is_empty() {
            return Ok(None);
        }
        let quality: f64 = text.trim().parse().map_err(|_| TableError::Quality { line: self.line })?;
        thousandths(quality).map(Some).ok_or(TableError::Quality { line: self.line })
    }

    /// The reason's code, or nothing.
    pub fn reason(self) -> &'table str {
        self.result(|[_, _, _, reason, _]| reason)
    }

    /// What the row cost, if that is told.
    pub fn milliseconds(self) -> Option<f64> {
        self.result(|[.., milliseconds]| milliseconds).trim().parse().ok().filter(|value: &f64| value.is_finite())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn thousandths(value: f64) -> Option<u32> {
    (0.0..=1e6).contains(&value).then(|| (value * 1e3).round() as u32)
}
