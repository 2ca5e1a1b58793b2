//! What can be wrong with a table.

/// Why a table cannot be used. Lines count from 1, the header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error("the table cannot be read ({0})")]
    Unreadable(std::io::ErrorKind),
    /// Not UTF-8.
    #[error("line {line}: it is not UTF-8 text")]
    NotText {
        /// The line.
        line: u64,
    },
    /// A column is missing in the header.
    #[error("the column `{0}` is missing")]
    ColumnMissing(&'static str),
    /// A column that is used stands twice in the header.
    #[error("the column `{0}` stands twice in the header")]
    ColumnTwice(&'static str),
    /// The input has a column that the output adds.
    #[error("the input has a column `{0}` already")]
    ResultInInput(&'static str),
    /// A row has more or fewer fields than the header.
    #[error("line {line}: it has not as many fields as the header")]
    FieldCount {
        /// The line.
        line: u64,
    },
    /// `same` is neither 0 nor 1.
    #[error("line {line}: `same` is neither 0 nor 1")]
    Same {
        /// The line.
        line: u64,
    },
    /// A file's name is missing.
    #[error("line {line}: a file's name is missing")]
    FileMissing {
        /// The line.
        line: u64,
    },
    /// A control character, a line break for one, stands in a field.
    #[error("line {line}: a field holds a control character")]
    ControlCharacter {
        /// The line.
        line: u64,
    },
    /// The score is not a number from -1 to 1.
    #[error("line {line}: the score is not a number from -1 to 1")]
    Score {
        /// The line.
        line: u64,
    },
    /// The quality is not a number.
    #[error("line {line}: the quality is not a number from 0 on")]
    Quality {
        /// The line.
        line: u64,
    },
    /// The scores at hand belong to other pairs.
    #[error(
        "line {line}: the scores that are there already belong to other pairs; move them away, or give these pairs"
    )]
    OtherInput {
        /// The line of the table of scores.
        line: u64,
    },
    /// The scores at hand were made by another model, calibration or use, or not by this command.
    #[error("the scores that are there already were made by another model, calibration or use; move them away")]
    OtherModel,
}
