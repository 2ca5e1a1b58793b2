//! `peel-audit`: checks a bundle of a force's records without any server, and says what it did not check.
//!
//! It reads a folder and a trust file and writes to the terminal; it never changes a bundle, never asks a
//! network, and never takes a key from the bundle itself.

mod args;
mod error;
mod files;
mod keygen;
mod text;
mod trail;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

/// The check found everything in order.
const EXIT_GOOD: u8 = 0;
/// Something does not hold.
const EXIT_TAMPERED: u8 = 1;
/// The command could not be carried out as given.
const EXIT_USAGE: u8 = 2;
/// Nothing failed, but something that should have been checked could not be.
const EXIT_INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Verify(options) => verify::run(&options),
        Command::Keygen(options) => keygen::run(&options),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("peel-audit failed to {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
