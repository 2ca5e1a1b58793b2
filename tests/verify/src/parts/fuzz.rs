//! Fuzzing: every decoder's fuzz target, from seeds made here, for a bounded time.
//!
//! It needs no other compiler and no other tool than the rest: the instrumentation is LLVM's, by stable options (see
//! `fuzz/.cargo/config.toml`). What is found is left in the target folder and named.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::parts::Outcome;
use crate::process::Job;

/// Inputs tried for each target in the short slice.
const RUNS: u32 = 20_000;
/// Seconds at most for each target in the short slice: some inputs cost a signature.
const SECONDS: u64 = 2;

/// Builds every target and runs each of them.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let folder = context.target().join("fuzz");
    let seeds = folder.join("seeds");
    Job::cargo("making the seeds")
        .args(["run", "--quiet", "--locked", "--bin", "peel-seeds", "--", "corpus"])
        .args([&seeds])
        .must(context)?;
    let build = folder.join("build");
    Job::cargo("building the fuzz targets")
        .args(["build", "--release", "--locked"])
        .within(context.root().join("fuzz"))
        .env("CARGO_TARGET_DIR", &build)
        .must(context)?;
    let mut outcome = Outcome::default();
    for target in targets(context)? {
        fuzz(context, &target, &folder, &mut outcome)?;
    }
    Ok(outcome)
}

fn fuzz(context: &Context, target: &str, folder: &Path, outcome: &mut Outcome) -> Result<(), VerifyError> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts");
    for made in [&corpus, &artifacts] {
        std::fs::create_dir_all(made).map_err(VerifyError::file(made))?;
    }
    let mut job = Job::new(&format!("fuzzing {target}"), program(folder, target)?)
        .arg_pair("-artifact_prefix=", artifacts.join(format!("{target}-")))
        .args(["-timeout=20", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"])
        .quietly();
    job = match context.fuzz_seconds() {
        Some(seconds) => job.args([format!("-max_total_time={seconds}")]),
        None => job.args([format!("-runs={RUNS}"), format!("-max_total_time={SECONDS}"), "-seed=1".to_owned()]),
    };
    let job = job.args([corpus, folder.join("seeds").join(target)]);
    outcome.step(context, &format!("fuzz target {target}"), &job, counts::single)
}

/// The names of all targets, in alphabetical order.
fn targets(context: &Context) -> Result<Vec<String>, VerifyError> {
    let folder = context.root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(VerifyError::file(&folder))? {
        let path = entry.map_err(VerifyError::file(&folder))?.path();
        if let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The built target: below the folder that Cargo names after this machine.
fn program(folder: &Path, target: &str) -> Result<PathBuf, VerifyError> {
    let build = folder.join("build");
    let machines = std::fs::read_dir(&build).map_err(VerifyError::file(&build))?;
    machines
        .flatten()
        .map(|machine| machine.path().join("release").join(target))
        .find(|program| program.is_file())
        .ok_or_else(|| VerifyError::unreadable("the fuzz targets", format!("{target} was not built")))
}
