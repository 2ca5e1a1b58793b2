//! The table of results in the repository: one line a part, kept for the parts that are not run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PARTS;
use crate::run::{Outcome, Part, grouped};

const HEAD: &str = "# Results of `cargo faults --full`

Written by the program: one line a part, by its last full run. What was found and mended on the way is in `FOUND.md`.

| Part | What must hold | Runs | What was done and seen | Failures | Seed | Minutes | Cores | Commit | Date |
|---|---|---|---|---|---|---|---|---|---|
";

/// Where the table lies.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md")
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let hash = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let tracked = git(&["status", "--porcelain", "--untracked-files=no"]).unwrap_or_default();
    // The table itself is what changes.
    let changed = tracked.lines().any(|line| !line.ends_with("RESULTS.md"));
    if changed { format!("{hash} and changes") } else { hash }
}

/// A part's line.
pub fn line(part: &Part, outcome: &Outcome, seed: u64, jobs: usize) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {seed} | {:.1} | {jobs} | {} | {} |",
        part.name,
        part.promise,
        grouped(outcome.runs),
        outcome.counts,
        outcome.failures.len(),
        outcome.took.as_secs_f64() / 60.0,
        commit(),
        chrono::Utc::now().format("%Y-%m-%d"),
    )
}

/// Writes new lines into the table and keeps the others.
pub fn write(path: &Path, new: &BTreeMap<&str, String>) -> std::io::Result<()> {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    let kept = |name: &str| old.lines().find(|line| line.starts_with(&format!("| {name} |"))).map(str::to_owned);
    let lines = PARTS.iter().filter_map(|part| new.get(part.name).cloned().or_else(|| kept(part.name)));
    std::fs::write(path, format!("{HEAD}{}\n", lines.collect::<Vec<_>>().join("\n")))
}
