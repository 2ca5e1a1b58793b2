//! Swift on Linux: the toolchain, and the package that holds the generated code.
//!
//! Where a Swift 6 is on the path it is used as it is; otherwise, as root, Debian's own packages are
//! unpacked into the target folder and run in a root of their own. Nothing is installed for it.

mod mirror;
mod package;
mod toolchain;

pub(crate) use package::lay_out;
pub(crate) use toolchain::{Toolchain, find};
