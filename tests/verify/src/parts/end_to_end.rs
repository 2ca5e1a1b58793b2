//! The four actors together: the end-to-end tests, then the demo as a newcomer would run it, then the
//! outsiders' tools on what it leaves.
//!
//! One flipped bit anywhere in the demo's bundle must make both tools fail, each with its exit code
//! for "tampered" and not with a crash.

use std::path::Path;

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::flip;
use crate::native;
use crate::parts::{Outcome, custody, referees};
use crate::process::Job;

/// The exit code with which both tools say "this bundle is not what was signed".
const TAMPERED: i32 = 1;
/// At most so many files get a flipped bit; each tool runs once for each.
const FLIPPED_FILES: usize = 32;
/// The published deployment record has so many columns.
const RECORD_COLUMNS: usize = 16;

/// Runs tests, demo, and outsiders.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let programs = native::programs(context)?;
    let mut outcome = Outcome::default();
    let tests = Job::cargo("cargo test (end to end)")
        .args(["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output", native::END_TO_END])
        .env("PEEL_GATEWAY_BIN", programs.join("peel-gateway"))
        .env("PEEL_AUDIT_BIN", programs.join("peel-audit"));
    outcome.step(context, "end-to-end tests failed", &tests, counts::cargo_test)?;
    let left = context.target().join("demo");
    let demo = Job::cargo("cargo demo --seed 7").args(["demo", "--seed", "7", "--out"]).args([&left]);
    let _ = std::fs::remove_dir_all(&left);
    outcome.step(context, "the demo failed", &demo, counts::single)?;
    outcome.check(context, "the demo left less than it should", &missing_from(&left));
    receipts(context, &programs, &left, &mut outcome)?;
    custody::check(context, &programs, &mut outcome)?;
    let decisions = referees::on_the_demo(context, &left)?;
    outcome.step(
        context,
        "the Python referee disagrees about the demo's decisions",
        &decisions,
        counts::closing_line,
    )?;
    if left.join("bundle").is_dir() {
        outsiders(context, &programs, &left, &mut outcome)?;
    }
    Ok(outcome)
}

/// What the demo should have left and did not.
fn missing_from(left: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for file in ["bundle/manifest.note", "trust.toml", "record.csv", "timeline.txt"] {
        if !std::fs::metadata(left.join(file)).is_ok_and(|found| found.len() > 0) {
            missing.push(format!("{file} is missing or empty"));
        }
    }
    if !std::fs::read_dir(left.join("receipts")).is_ok_and(|mut folder| folder.next().is_some()) {
        missing.push("receipts is missing or empty".to_owned());
    }
    let record = std::fs::read_to_string(left.join("record.csv")).unwrap_or_default();
    let columns = record.lines().next().map_or(0, |header| header.split(',').count());
    if columns != RECORD_COLUMNS {
        missing.push(format!("record.csv has {columns} columns, not {RECORD_COLUMNS}"));
    }
    missing
}

/// Each receipt that the demo left, checked as README says.
fn receipts(context: &Context, programs: &Path, left: &Path, outcome: &mut Outcome) -> Result<(), VerifyError> {
    let folder = left.join("receipts");
    let mut codes: Vec<_> =
        std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|item| item.path()).collect();
    codes.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let mut problems = Vec::new();
    if codes.is_empty() {
        problems.push("there is no code of a receipt".to_owned());
    }
    for code in codes {
        let tool = Job::new("the auditor on a receipt of the demo", programs.join("peel-audit").as_os_str())
            .args(["receipt"])
            .args([&code])
            .args(["--trust"])
            .args([left.join("trust.toml")]);
        let ran = tool.quietly().run(context)?;
        if !ran.ok || !code.with_extension("png").is_file() {
            problems.push(format!("exit {:?}, or no picture, for {}", ran.code, context.shown(&code)));
        }
    }
    outcome.check(context, "a receipt of the demo is not proved", &problems);
    Ok(())
}

/// One of the two tools that need no server.
struct Outsider {
    name: &'static str,
    program: std::path::PathBuf,
    before: &'static [&'static str],
    between: &'static [&'static str],
}

impl Outsider {
    fn job(&self, bundle: &Path, trust: &Path) -> Job {
        Job::new(&format!("{} on the demo's bundle", self.name), self.program.as_os_str())
            .args(self.before)
            .args([bundle])
            .args(self.between)
            .args([trust])
    }
}

fn outsiders(context: &Context, programs: &Path, left: &Path, outcome: &mut Outcome) -> Result<(), VerifyError> {
    let mut tools = vec![Outsider {
        name: "the auditor",
        program: programs.join("peel-audit"),
        before: &["verify"],
        between: &["--trust"],
    }];
    if let Some(program) = go_referee(context)? {
        tools.push(Outsider { name: "the Go referee", program, before: &[], between: &[] });
    } else {
        outcome.not_run.push("there is no Go referee in tests/referee/go".to_owned());
    }
    let trust = left.join("trust.toml");
    let copy = context.logs().join("flipped");
    flip::copy_anew(&left.join("bundle"), &copy)?;
    let files = flip::files_below(&copy)?;
    for tool in &tools {
        let job = tool.job(&left.join("bundle"), &trust);
        outcome.step(context, &format!("{} refuses the demo's bundle", tool.name), &job, counts::single)?;
        let mut unseen = Vec::new();
        context.say(&format!("   {} with one flipped bit in each file ...", tool.name));
        for (turn, file) in flip::spread(&files, FLIPPED_FILES).into_iter().enumerate() {
            let quiet = tool.job(&copy, &trust).quietly();
            let ran = flip::with_flipped_bit(file, turn, || quiet.run(context))?;
            if ran.code != Some(TAMPERED) {
                let shown = file.strip_prefix(&copy).unwrap_or(file).display();
                unseen.push(format!("exit {:?} with a flipped bit in {shown}", ran.code));
            }
        }
        outcome.check(context, &format!("a flipped bit escapes {}", tool.name), &unseen);
    }
    Ok(())
}

/// Builds the Go program that verifies a bundle.
fn go_referee(context: &Context) -> Result<Option<std::path::PathBuf>, VerifyError> {
    let module = context.root().join("tests/referee/go");
    if !module.join("go.mod").is_file() {
        return Ok(None);
    }
    let program = context.target().join("verify").join("go-referee");
    let build = Job::new("building the Go referee", "go")
        .args(["build".as_ref(), "-o".as_ref(), program.as_os_str(), ".".as_ref()])
        .within(module);
    if !build.run_with_network_retry(context)?.ok {
        build.must(context)?;
    }
    Ok(Some(program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_that_left_nothing_is_found_out() {
        let missing = missing_from(Path::new("no-such-folder"));
        assert_eq!(missing.len(), 6, "{missing:?}");
    }
}
