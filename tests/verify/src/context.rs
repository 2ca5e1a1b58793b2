//! Where things are, how progress is told, and what was already prepared in this run.
//!
//! Everything that a check writes goes below the target folder; the repository itself stays clean.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::VerifyError;

/// What setting up a new machine may take: packages come over the network.
const SETUP: Duration = Duration::from_mins(20);

/// One run's surroundings.
pub(crate) struct Context {
    root: PathBuf,
    target: PathBuf,
    strict: bool,
    quiet_stdout: bool,
    fuzz_seconds: Option<u64>,
    part: RefCell<String>,
    deadline: Cell<(Instant, Duration)>,
    prepared: RefCell<BTreeMap<String, PathBuf>>,
    notes: RefCell<Vec<String>>,
}

impl Context {
    /// Finds the workspace above the current folder; `progress_on_stderr` keeps standard output free.
    /// `fuzz_seconds` replaces the short slice of each fuzz target.
    pub(crate) fn discover(progress_on_stderr: bool, fuzz_seconds: Option<u64>) -> Result<Self, VerifyError> {
        let here = std::env::current_dir().map_err(VerifyError::file("."))?;
        let root = workspace_above(&here).ok_or(VerifyError::NoWorkspace)?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |given| root.join(given));
        let strict = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
        let context = Self {
            root,
            target,
            strict,
            quiet_stdout: progress_on_stderr,
            fuzz_seconds,
            part: RefCell::new("setup".to_owned()),
            deadline: Cell::new((Instant::now() + SETUP, SETUP)),
            prepared: RefCell::default(),
            notes: RefCell::default(),
        };
        let logs = context.logs();
        std::fs::create_dir_all(&logs).map_err(VerifyError::file(logs))?;
        Ok(context)
    }

    /// The repository's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The folder of the logs, one for each part.
    pub(crate) fn logs(&self) -> PathBuf {
        self.target.join("verify")
    }

    /// The log of the part that runs now.
    pub(crate) fn log(&self) -> PathBuf {
        self.logs().join(format!("{}.log", self.part.borrow()))
    }

    /// A path as a person at the root would write it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// For how long each fuzz target runs, where more was asked for than the short slice.
    pub(crate) fn fuzz_seconds(&self) -> Option<u64> {
        self.fuzz_seconds
    }

    /// True in continuous integration, where nothing may be skipped.
    pub(crate) fn strict(&self) -> bool {
        self.strict
    }

    /// Starts a part: its log is emptied, its time begins.
    pub(crate) fn begin_part(&self, name: &str, limit: Duration) {
        // Sixty targets at most, each for as long as was asked for.
        let limit = limit + Duration::from_mins(self.fuzz_seconds.unwrap_or(0));
        name.clone_into(&mut self.part.borrow_mut());
        self.deadline.set((Instant::now() + limit, limit));
        // A log that cannot be removed is appended to; nothing is lost by that.
        let _ = std::fs::remove_file(self.log());
    }

    /// How long the running part may still take, and its whole limit.
    pub(crate) fn time_left(&self) -> (Duration, Duration) {
        let (until, limit) = self.deadline.get();
        (until.saturating_duration_since(Instant::now()), limit)
    }

    /// Tells progress.
    pub(crate) fn say(&self, line: &str) {
        if self.quiet_stdout {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }

    /// Keeps a fact for the end of the report (once).
    pub(crate) fn note(&self, note: String) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// The facts kept so far.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// Makes something once a run, whichever part asks first.
    pub(crate) fn once(
        &self,
        key: &str,
        produce: impl FnOnce() -> Result<PathBuf, VerifyError>,
    ) -> Result<PathBuf, VerifyError> {
        if let Some(made) = self.prepared.borrow().get(key) {
            return Ok(made.clone());
        }
        let made = produce()?;
        self.prepared.borrow_mut().insert(key.to_owned(), made.clone());
        Ok(made)
    }
}

fn workspace_above(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file() && folder.join("tests/verify").is_dir())
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Job;

    #[test]
    fn what_is_set_up_before_the_first_part_has_its_time() {
        let context = Context::discover(true, None).unwrap();
        // Longer than it takes to look once.
        let ran = Job::new("a short sleep", "sleep").args(["0.5"]).quietly().run(&context);
        assert!(ran.is_ok_and(|ran| ran.ok));
    }
}
