//! `peel-gateway`: the force's service and its tools.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peel-gateway: failed to {error}");
            ExitCode::FAILURE
        }
    }
}
