//! `peel-audit`: checks a bundle of a force's records without any server, and says what it did not check.
//!
//! It reads a folder and a trust file and writes to the terminal; it never changes a bundle, never asks a
//! network, and never takes a key from the bundle itself.

mod args;
mod diff;
mod error;
mod evidence;
mod files;
mod holds;
mod keygen;
mod keys;
mod names;
mod phone;
mod receipt;
mod signatures;
mod succession;
mod text;
mod times;
mod trail;
mod verify;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use peel_ledger::bundle::{Trust, Verdict};

use args::{Args, Command};
use error::AuditError;

/// The check found everything in order.
const EXIT_GOOD: u8 = 0;
/// Something does not hold.
const EXIT_TAMPERED: u8 = 1;
/// The command could not be carried out as given.
const EXIT_USAGE: u8 = 2;
/// Nothing failed, but something that should have been checked could not be.
const EXIT_INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    let outcome = match Args::given().command {
        Command::Verify(options) => verify::run(&options),
        Command::Diff(options) => diff::run(&options),
        Command::Receipt(options) => receipt::run(&options),
        Command::Evidence(options) => evidence::run(&options),
        Command::Keygen(options) => keygen::run(&options),
        Command::Join(options) => keygen::join_only(&options),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nobody may be there to read it; the exit code says it all the same.
            let _ = writeln!(std::io::stderr(), "peel-audit failed to {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints the findings; a reader who has gone away is an error, not a panic with a code of its own.
fn print(text: &str) -> Result<(), AuditError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|_| AuditError::Print)
}

fn print_json(findings: &impl serde::Serialize) -> Result<(), AuditError> {
    let json = serde_json::to_string_pretty(findings).map_err(|_| AuditError::Print)?;
    print(&format!("{json}\n"))
}

fn read_trust(path: &Path) -> Result<Trust, AuditError> {
    let text = std::fs::read_to_string(path).map_err(|_| AuditError::TrustUnreadable)?;
    Ok(Trust::parse(&text)?)
}

const fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Good => EXIT_GOOD,
        Verdict::Tampered => EXIT_TAMPERED,
        Verdict::Incomplete => EXIT_INCOMPLETE,
    }
}
