//! The iOS side on Linux: format, build in Swift 6 mode, and the tests against the real library.

use std::ffi::OsString;
use std::path::Path;

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::native::{self, Language};
use crate::parts::Outcome;
use crate::swift::{self, Toolchain};

/// Runs swift-format, then everything that `swift test` builds and runs.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let package = context.root().join("ios");
    if !package.join("Package.swift").is_file() {
        return Ok(Outcome::not_run("there is no ios/Package.swift"));
    }
    let toolchain = match swift::find(context)? {
        Ok(toolchain) => toolchain,
        Err(reason) => return Ok(Outcome::not_run(&reason)),
    };
    let mut outcome = Outcome::default();
    lint(context, &toolchain, &package, &mut outcome)?;
    let library = native::library(context)?;
    let bindings = native::bindings(context, Language::Swift)?;
    let programs = native::programs(context)?;
    swift::lay_out(&bindings, &package)?;
    let scratch = context.target().join("swift/ios");
    let home = context.target().join("swift/home");
    std::fs::create_dir_all(&home).map_err(VerifyError::file(home))?;
    let folder = library.parent().unwrap_or(&library).as_os_str().to_owned();
    let variables = [
        ("PEEL_LIBRARY_DIR", folder),
        ("PEEL_GATEWAY_BIN", programs.join("peel-gateway").into_os_string()),
        ("PEEL_ROOT", context.root().as_os_str().to_owned()),
    ];
    let in_package = |command: &str, more: &[&str]| -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["swift".into(), command.into()];
        words.extend(["--package-path".into(), package.clone().into_os_string()]);
        words.extend(["--scratch-path".into(), scratch.clone().into_os_string()]);
        words.extend(more.iter().map(OsString::from));
        words
    };
    let build = in_package("build", &["--build-tests"]);
    let build = toolchain.job(context, "swift build", &build, &variables);
    outcome.step(context, "the Swift build failed or warns", &build, without_warnings)?;
    if outcome.failed == 0 {
        let test = in_package("test", &["--skip-build"]);
        let test = toolchain.job(context, "swift test", &test, &variables);
        outcome.step(context, "Swift tests failed", &test, counts::swift_test)?;
    }
    Ok(outcome)
}

fn lint(context: &Context, toolchain: &Toolchain, package: &Path, outcome: &mut Outcome) -> Result<(), VerifyError> {
    let mut words: Vec<OsString> = ["swift", "format", "lint", "--strict", "--recursive"].map(OsString::from).into();
    for below in ["Package.swift", "Sources", "Tests", "Linux"] {
        let path = package.join(below);
        if path.exists() {
            words.push(path.into_os_string());
        }
    }
    let job = toolchain.job(context, "swift format lint", &words, &[]);
    outcome.step(context, "swift-format has findings", &job, counts::single)
}

/// A build holds when it ends well and warns nowhere in our own sources.
fn without_warnings(ok: bool, text: &str) -> counts::Counts {
    let warns = text
        .lines()
        .any(|line| line.contains(".swift:") && line.contains(": warning:") && !line.contains("/Generated/"));
    counts::single(ok && !warns, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_in_our_sources_fails_the_build_and_one_in_generated_code_does_not() {
        assert_eq!(without_warnings(true, "ios/Sources/A.swift:1:2: warning: unused").failed, 1);
        assert_eq!(without_warnings(true, "ios/Generated/Core/a.swift:1:2: warning: unused").failed, 0);
        assert_eq!(without_warnings(false, "").failed, 1);
    }
}
