//! `cargo bench-ledger [SECTION...]`: each number of the ledger beside its floor, measured in the same run, as a ratio.
//!
//! A shared machine's absolute numbers say little; the ratio says how much of what the hardware gives is used. Sections
//! are functions in files of their own; without a name all of them run. What is printed is a table for `RESULTS.md`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot measure has nothing to say"
)]

mod auditor;
mod entries;
#[path = "../../../gateway/tests/support/mod.rs"]
mod force;
mod gateway;
mod measure;
mod phone;
#[path = "../../../core/ledger/tests/support/mod.rs"]
mod support;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// A section's name and what runs it.
type Section = (&'static str, fn());

const SECTIONS: &[Section] = &[("phone", phone::run), ("auditor", auditor::run), ("gateway", gateway::run)];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !SECTIONS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no section {unknown}; there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let commit = said_by("git", &["rev-parse", "--short", "HEAD"]);
    println!("{}, {cores} cores, commit {commit}\n", said_by("date", &["-u", "+%Y-%m-%d"]));
    measure::head();
    for (_, run) in SECTIONS.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|asked| asked == name)) {
        run();
    }
    ExitCode::SUCCESS
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A folder beside the program, on the disk that it was built on: what is kept there goes with `cargo clean`.
fn scratch() -> PathBuf {
    let folder = std::env::current_exe().unwrap().with_file_name("bench-ledger-data");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
