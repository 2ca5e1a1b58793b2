//! Which column holds what.

use csv::StringRecord;

use crate::table::error::TableError;

/// What the output adds, in this order.
pub const RESULT_COLUMNS: [&str; 5] = ["score", "band", "quality", "reason", "milliseconds"];

/// Where the columns that are used stand. All others are carried through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    pub(crate) count: usize,
    pub(crate) files: [usize; 2],
    pub(crate) same: usize,
    pub(crate) condition: Option<usize>,
    pub(crate) groups: Option<[usize; 2]>,
    pub(crate) people: Option<[usize; 2]>,
    pub(crate) fold: Option<usize>,
    pub(crate) results: Option<[usize; 5]>,
}

impl Columns {
    /// Of a table of pairs: `file1`, `file2`, `same`, and where there are such `condition`, `group1` and `group2`,
    /// `person1` and `person2`, `fold`.
    pub fn of_pairs(header: &StringRecord) -> Result<Self, TableError> {
        for name in RESULT_COLUMNS {
            if place(header, name)?.is_some() {
                return Err(TableError::ResultInInput(name));
            }
        }
        Self::common(header)
    }

    /// Of a table of scores: the same and [`RESULT_COLUMNS`].
    pub fn of_scores(header: &StringRecord) -> Result<Self, TableError> {
        let [score, band, quality, reason, milliseconds] = RESULT_COLUMNS;
        let results = [
            needed(header, score)?,
            needed(header, band)?,
            needed(header, quality)?,
            needed(header, reason)?,
            needed(header, milliseconds)?,
        ];
        Ok(Self { results: Some(results), ..Self::common(header)? })
    }

    fn common(header: &StringRecord) -> Result<Self, TableError> {
        Ok(Self {
            count: header.len(),
            files: [needed(header, "file1")?, needed(header, "file2")?],
            same: needed(header, "same")?,
            condition: place(header, "condition")?,
            groups: both(header, ["group1", "group2"])?,
            people: both(header, ["person1", "person2"])?,
            fold: place(header, "fold")?,
            results: None,
        })
    }
}

fn place(header: &StringRecord, name: &'static str) -> Result<Option<usize>, TableError> {
    let mut places = header.iter().enumerate().filter(|(_, field)| field.trim() == name).map(|(place, _)| place);
    let first = places.next();
    if places.next().is_some() { Err(TableError::ColumnTwice(name)) } else { Ok(first) }
}

fn needed(header: &StringRecord, name: &'static str) -> Result<usize, TableError> {
    place(header, name)?.ok_or(TableError::ColumnMissing(name))
}

/// Both or none.
fn both(header: &StringRecord, [first, second]: [&'static str; 2]) -> Result<Option<[usize; 2]>, TableError> {
    match (place(header, first)?, place(header, second)?) {
        (Some(left), Some(right)) => Ok(Some([left, right])),
        (None, None) => Ok(None),
        (Some(_), None) => Err(TableError::ColumnMissing(second)),
        (None, Some(_)) => Err(TableError::ColumnMissing(first)),
    }
}
