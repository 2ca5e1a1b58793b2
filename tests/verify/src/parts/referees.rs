//! Second opinions: programs in other languages, on other people's libraries, that must agree with ours.
//!
//! A folder of `tests/referee/python` with a `run.py` and a `requirements.txt` is a referee; so is
//! every Go module below `tests/referee/go`. Each Python one closes with `N passed, N failed`.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::counts;
use crate::error::VerifyError;
use crate::parts::Outcome;
use crate::process::Job;
use crate::python;

/// Runs every referee that is there.
pub(super) fn run(context: &Context) -> Result<Outcome, VerifyError> {
    let folder = context.root().join("tests/referee");
    let mut outcome = Outcome::default();
    let python = with_file(&folder.join("python"), "run.py")?;
    let go = with_file(&folder.join("go"), "go.mod")?;
    if python.is_empty() && go.is_empty() {
        return Ok(Outcome::not_run("there is no referee in tests/referee"));
    }
    let cases = draw_cases(context)?;
    for referee in &python {
        let job = python_referee(context, referee)?.env("PEEL_CASES", &cases);
        outcome.step(context, &format!("referee {} disagrees", name_of(referee)), &job, counts::closing_line)?;
    }
    for module in &go {
        let name = name_of(module);
        let vet = Job::new(&format!("go vet ({name})"), "go").args(["vet", "./..."]).within(module);
        let ran = vet.run_with_network_retry(context)?;
        outcome.count(context, &format!("go vet has findings in {name}"), &ran, counts::single);
        let test =
            Job::new(&format!("go test ({name})"), "go").args(["test", "-count=1", "-v", "./..."]).within(module);
        let test = test.env("PEEL_CASES", &cases);
        outcome.step(context, &format!("Go tests failed in {name}"), &test, counts::go_test)?;
    }
    Ok(outcome)
}

/// The Python referee on what `cargo demo` left in `folder`.
pub(super) fn on_the_demo(context: &Context, folder: &Path) -> Result<Job, VerifyError> {
    let job = python_referee(context, &context.root().join("tests/referee/python/ledger"))?;
    Ok(job.args([folder]))
}

/// A Python referee in its own environment.
fn python_referee(context: &Context, referee: &Path) -> Result<Job, VerifyError> {
    let name = name_of(referee);
    let interpreter = python::environment(context, &name, &referee.join("requirements.txt"))?;
    Ok(Job::new(&format!("referee {name} (Python)"), interpreter.as_os_str())
        .args([referee.join("run.py")])
        .env("PEEL_ROOT", context.root())
        .env("PEEL_TARGET", context.target()))
}

/// Cases drawn anew for this run: the seed is told, and gives the same cases again.
fn draw_cases(context: &Context) -> Result<PathBuf, VerifyError> {
    let folder = context.target().join("referee/cases");
    let _ = std::fs::remove_dir_all(&folder);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = now.map_or(1, |since| since.as_secs()).to_string();
    context.note(format!("referees: cases of seed {seed}"));
    Job::cargo(&format!("drawing cases (seed {seed})"))
        .args(["run", "--quiet", "--locked", "--bin", "peel-seeds", "--", "cases"])
        .args([folder.as_os_str(), seed.as_ref()])
        .must(context)?;
    Ok(folder)
}

/// The folder itself and those directly below that hold a file, in alphabetical order.
fn with_file(folder: &Path, file: &str) -> Result<Vec<PathBuf>, VerifyError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders = vec![folder.to_path_buf()];
    for entry in std::fs::read_dir(folder).map_err(VerifyError::file(folder))? {
        folders.push(entry.map_err(VerifyError::file(folder))?.path());
    }
    folders.retain(|folder| folder.join(file).is_file());
    folders.sort();
    Ok(folders)
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
