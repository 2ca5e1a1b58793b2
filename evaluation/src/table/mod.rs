//! The two tables of an evaluation: pairs of files as they come in, and the same rows with scores as they go out.
//!
//! Must never: hold more than one row, or show what a field holds in an error.
//! Always: a row stands in the output as it stood in the input, with its results behind it; errors name the line.

mod columns;
mod error;
mod origin;
mod reader;
mod result;
mod resume;

pub use columns::{Columns, RESULT_COLUMNS};
pub use error::TableError;
pub use origin::Origin;
pub use reader::{Row, Table};
pub use result::{RowResult, result_fields};
pub use resume::{Resumed, resume};
