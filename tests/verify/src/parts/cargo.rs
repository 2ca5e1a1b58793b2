//! What Cargo itself checks: formatting, lints, tests.

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::native;
use crate::parts::Outcome;
use crate::process::Job;

/// `cargo fmt --check`.
pub(super) fn format(context: &Context) -> Result<Outcome, VerifyError> {
    let mut outcome = Outcome::default();
    let job = Job::cargo("cargo fmt").args(["fmt", "--all", "--check", "--", "--color", "never"]);
    outcome.step(context, "code is not formatted (cargo fmt)", &job, counts::single)?;
    Ok(outcome)
}

/// Clippy over every target of every crate.
pub(super) fn lint(context: &Context) -> Result<Outcome, VerifyError> {
    let mut outcome = Outcome::default();
    let job =
        Job::cargo("cargo clippy").args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    outcome.step(context, "clippy has findings", &job, counts::single)?;
    Ok(outcome)
}

/// Every Rust test but the end-to-end ones, which have a part of their own.
pub(super) fn tests(context: &Context) -> Result<Outcome, VerifyError> {
    // Some of these tests start the programs.
    let programs = native::programs(context)?;
    let mut outcome = Outcome::default();
    let job = Job::cargo("cargo test")
        .args(["test", "--workspace", "--locked", "--no-fail-fast"])
        .args(["--", "--show-output", "--skip", native::END_TO_END])
        .env("PEEL_GATEWAY_BIN", programs.join("peel-gateway"));
    outcome.step(context, "Rust tests failed", &job, counts::cargo_test)?;
    Ok(outcome)
}
