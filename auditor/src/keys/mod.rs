//! An auditor's keys: for a period each, so that an old one can be destroyed, and split for custody.
//!
//! Must never: write a joined key anywhere, or print a secret. Always: what is read has one form, and a share that is
//! wrong, damaged or of another key is refused before anything is opened with it.

mod file;
mod period;
mod share;
mod split;

pub(crate) use file::KeyFile;
pub(crate) use period::Period;
pub(crate) use share::{Share, ShareError, Split};
pub(crate) use split::{join, join_groups, split};
