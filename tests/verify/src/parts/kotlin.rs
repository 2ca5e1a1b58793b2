//! The Android side on a JVM: bindings, shell, screens; Maven runs the tests and ktlint.

use crate::context::Context;
use crate::counts::{self, Counts};
use crate::error::VerifyError;
use crate::native::{self, Language};
use crate::parts::Outcome;
use crate::process::Job;

/// `mvn verify` against the real library.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    if !context.root().join("android/pom.xml").is_file() {
        return Ok(Outcome::not_run("there is no android/pom.xml"));
    }
    let library = native::library(context)?;
    let bindings = native::bindings(context, Language::Kotlin)?;
    let programs = native::programs(context)?;
    let mut outcome = Outcome::default();
    let job = Job::new("mvn verify", "mvn")
        .args(["-B", "-ntp", "-f", "android/pom.xml"])
        // A compiler daemon would stay behind with its memory.
        .args(["-Dkotlin.compiler.daemon=false", "verify"])
        .arg_pair("-Dgenerated=", bindings)
        .arg_pair("-Dpeel.programs=", &programs);
    let ran = native::for_tests(job, &library, &programs).run_with_network_retry(context)?;
    outcome.count(context, "the Kotlin build failed", &ran, tests_and_lint);
    Ok(outcome)
}

/// Surefire's tests, and one for ktlint, which breaks the build when it finds something.
fn tests_and_lint(ok: bool, text: &str) -> Counts {
    let mut counts = counts::surefire(ok, text);
    counts.passed += u64::from(ok && text.contains("ktlint"));
    counts
}
