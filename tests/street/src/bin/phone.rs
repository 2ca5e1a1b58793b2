//! A phone of the exercise, in a process of its own.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use peel_street::clock::ExerciseClock;

/// A phone of the exercise: lines of JSON in and out, the real core in between.
#[derive(Debug, Parser)]
struct Arguments {
    /// The core's data directory.
    #[arg(long)]
    data: PathBuf,
    /// The directory of the face check's models.
    #[arg(long)]
    models: PathBuf,
    /// The software key store's directory.
    #[arg(long)]
    vault: PathBuf,
    /// The exercise's clock, `EPOCH_MS:REAL_MS:SPEED`.
    #[arg(long)]
    clock: ExerciseClock,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match peel_street::phone::process::run(&arguments.data, &arguments.models, &arguments.vault, arguments.clock) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
