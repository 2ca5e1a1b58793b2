//! What can go wrong while checking, apart from a check that fails.
//!
//! A failed check is an outcome, not an error; an error means that a check could not be made.

use std::path::PathBuf;

/// Why a check, or the whole run, could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    /// The workspace's root was not found above the current folder.
    #[error("no Cargo workspace above the current folder: run this from the repository")]
    NoWorkspace,
    /// A name given to `--only` is not a part.
    #[error("no part is called {name:?}: the parts are {known}")]
    UnknownPart {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// System packages are missing and cannot be installed without being root.
    #[error("system packages are missing; run this once, then again:\n  {command}")]
    PackagesMissing {
        /// The one line to run.
        command: String,
    },
    /// A program needed by a check is missing on a system without apt.
    #[error("missing on this system, and there is no apt-get to install it: {programs}")]
    NoPackageManager {
        /// What is missing.
        programs: String,
    },
    /// A command of the set-up failed.
    #[error("{what} failed; see {log}")]
    Command {
        /// What was being done.
        what: String,
        /// The log that tells more.
        log: String,
    },
    /// A command took longer than its part may.
    #[error("{what} was ended after {seconds} s, the limit of its part; see {log}")]
    TooSlow {
        /// What was being done.
        what: String,
        /// The limit that was hit.
        seconds: u64,
        /// The log that tells more.
        log: String,
    },
    /// A program could not be started at all.
    #[error("could not start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something that should be machine-readable is not.
    #[error("could not read {what}: {why}")]
    Unreadable {
        /// What was being read.
        what: String,
        /// Why it could not be read.
        why: String,
    },
    /// A licence expression is not SPDX.
    #[error("not a licence expression: {0:?}")]
    LicenceExpression(String),
}

impl VerifyError {
    /// For `map_err` after a file operation.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// For `map_err` after parsing.
    pub(crate) fn unreadable(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Unreadable { what: what.to_owned(), why: why.to_string() }
    }
}
