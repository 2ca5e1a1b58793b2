//! `peel-gateway`: the force's service and its tools.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    match cli::run(cli::Cli::given()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peel-gateway: failed to {error}");
            ExitCode::FAILURE
        }
    }
}
