//! The native library that the shells' tests run against, its generated bindings, and our programs.
//!
//! Generated code goes below the target folder and is never committed. Each is made once a run.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::VerifyError;
use crate::process::Job;

/// A language that bindings are generated for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    /// For Android and the JVM.
    Kotlin,
    /// For iOS and Linux.
    Swift,
}

/// The module that every end-to-end test stands in. Cargo is always asked for the whole workspace, never for one
/// package: then all commands build with the same features and share what is built. Tests are told apart by name.
pub(crate) const END_TO_END: &str = "e2e::";

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Kotlin => "kotlin",
            Self::Swift => "swift",
        }
    }
}

/// Builds the development library and gives its path; its size is told in the report.
pub(crate) fn library(context: &Context) -> Result<PathBuf, VerifyError> {
    context.once("library", || {
        Job::cargo("building the native library").args(["build", "--locked", "--workspace"]).must(context)?;
        let library = context.target().join("debug").join(library_name());
        let bytes = std::fs::metadata(&library).map_err(VerifyError::file(&library))?.len();
        context.note(format!("native library: {} {} (development build)", context.shown(&library), megabytes(bytes)));
        Ok(library)
    })
}

/// Generates one language's bindings from the library and gives their folder.
pub(crate) fn bindings(context: &Context, language: Language) -> Result<PathBuf, VerifyError> {
    let library = library(context)?;
    let name = language.name();
    context.once(&format!("bindings-{name}"), || {
        let folder = context.target().join("bindings").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(VerifyError::file(&folder))?;
        // Built with the library; it must run inside the workspace, where it asks Cargo for the crates' names.
        let generator = context.target().join("debug/peel-bindgen");
        let mut job = Job::new(&format!("generating the {name} bindings"), generator.as_os_str())
            .args(["generate"])
            .args(["--language", name, "--no-format", "--out-dir"])
            .args([folder.as_os_str(), library.as_os_str()]);
        let config = context.root().join("uniffi.toml");
        if config.is_file() {
            job = job.args(["--config".as_ref(), config.as_os_str()]);
        }
        job.must(context)?;
        Ok(folder)
    })
}

/// Builds our programs that tests start, and gives their folder.
pub(crate) fn programs(context: &Context) -> Result<PathBuf, VerifyError> {
    context.once("programs", || {
        Job::cargo("building the gateway, the auditor and the street")
            .args(["build", "--locked", "--workspace"])
            .must(context)?;
        Ok(context.target().join("debug"))
    })
}

/// The variables by which the shells' tests find what was built.
pub(crate) fn for_tests(job: Job, library: &Path, programs: &Path) -> Job {
    let folder = library.parent().unwrap_or(library);
    job.env("PEEL_LIBRARY_DIR", folder)
        .env("PEEL_GATEWAY_BIN", programs.join("peel-gateway"))
        .env("PEEL_AUDIT_BIN", programs.join("peel-audit"))
}

fn library_name() -> &'static str {
    if cfg!(target_os = "macos") { "libpeel_companion.dylib" } else { "libpeel_companion.so" }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_told_in_megabytes() {
        assert_eq!(megabytes(12_345_678), "12.3 MB");
        assert_eq!(megabytes(999), "0.0 MB");
    }
}
