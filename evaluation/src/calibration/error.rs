//! Why a table cannot be calibrated on.

use crate::table::TableError;

/// Why there is no calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The table cannot be used.
    #[error("{0}")]
    Table(#[from] TableError),
    /// A row has another word in a column than it may hold.
    #[error("line {line}: the column `{column}` holds another word than it may")]
    Word {
        /// The line.
        line: u64,
        /// The column.
        column: &'static str,
    },
    /// A row of one table is of another use than the first.
    #[error("line {line}: the table is of two uses")]
    TwoUses {
        /// The line.
        line: u64,
    },
    /// Somebody is in both halves.
    #[error("line {line}: a person is in both halves")]
    BothHalves {
        /// The line.
        line: u64,
    },
    /// One half has no true or no false alert on which the check gave an opinion.
    #[error("one half has no {0} alert on which the check gave an opinion")]
    KindMissing(&'static str),
    /// A greater score does not mean more.
    #[error("true alerts do not score higher than false ones: there is nothing to calibrate")]
    NotHigher,
    /// So few people carry no ratio as great as the bounds ask for, and nothing says which bounds to keep instead.
    #[error("so few people carry no ratio as great as is asked for, and no bounds are kept")]
    NotCarried,
}
