//! `cargo bench-ledger [SECTION...]`: each number of the ledger beside its floor, measured in the same run, as a ratio.
//!
//! A shared machine's absolute numbers say little; the ratio says how much of what the hardware gives is used. Sections
//! are functions in files of their own; without a name all of them run.

mod auditor;
mod measure;
#[path = "../../../core/ledger/tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

/// A section's name and what runs it.
type Section = (&'static str, fn());

const SECTIONS: &[Section] = &[("auditor", auditor::run)];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !SECTIONS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no section {unknown}; there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    println!("{:<44} {:>14} {:>14} {:>7} {:>6}", "what", "floor", "measured", "ratio", "goal");
    for (_, run) in SECTIONS.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|asked| asked == name)) {
        run();
    }
    ExitCode::SUCCESS
}
