//! The auditor's page in a real browser, from a file and with no network.
//!
//! The page is built for WebAssembly, given a receipt and a bundle that are sound and ones that are not, and looked at.

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::parts::Outcome;
use crate::process::Job;

/// Builds the page and checks with it.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let folder = context.target().join("page");
    let (given, pictures) = (folder.join("given"), folder.join("screens"));
    Job::cargo("build the page")
        .args(["run", "--quiet", "--bin", "build-page"])
        .env("CARGO_TARGET_DIR", context.target())
        .must(context)?;
    Job::cargo("make what the page is given")
        .args(["run", "--quiet", "--example", "given", "--"])
        .args([&given])
        .env("CARGO_TARGET_DIR", context.target())
        .must(context)?;
    let mut outcome = Outcome::default();
    let job = Job::new("the page in Chromium", "python3").args([context.root().join("tests/page/run.py")]).args([
        folder.join("peel-check.html"),
        given,
        pictures,
    ]);
    outcome.step(context, "the page does not show what it must", &job, counts::closing_line)?;
    Ok(outcome)
}
