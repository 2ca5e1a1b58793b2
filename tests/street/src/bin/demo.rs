//! `cargo demo`: a training exercise on a high street.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use peel_street::exercise::director::{self, Settings};

/// A training exercise on a high street: gateway, desk, two phones, cameras, a drone, a bad network, and an outsider
/// who checks the trail. Everything runs on loopback and ends by itself.
#[derive(Debug, Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo")]
struct Arguments {
    /// Varies the noise in the pictures and the drone's flight; the story is the same for every seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Photographs to play with: a folder of `PERSON_SHOT.jpg`, at least four people.
    #[arg(long)]
    faces: Option<PathBuf>,
    /// Where the results go: a new or empty folder, or an older demo's, whose results are replaced. Any other is left
    /// alone and the demo does not begin.
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// Exercise seconds for each real one.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    speed: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        seed: arguments.seed,
        faces: arguments.faces.unwrap_or_else(director::own_faces),
        out: arguments.out,
        speed: arguments.speed,
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("failed to start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(director::run(&settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nthe exercise stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
