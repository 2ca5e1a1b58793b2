//! `cargo verify`: every check of the repository by one command, the same for a newcomer and for
//! continuous integration.
//!
//! It sets up what it needs (as root it installs missing system packages and says so, otherwise
//! it prints the one line to run), runs the parts of [`parts::TABLE`], and ends with a table and the
//! line `N passed, N failed`. It must never report as passed what did not run: a check that could
//! not run is named with its reason, and with `CI=true` it counts as failed.

mod arrows;
mod context;
mod counts;
mod crates;
mod error;
mod flip;
mod licences;
mod metadata;
mod native;
mod parts;
mod process;
#[cfg(test)]
mod promises;
mod python;
mod report;
#[cfg(test)]
mod safeguards;
mod setup;
mod swift;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};

use crate::context::Context;
use crate::error::VerifyError;
use crate::parts::{Outcome, Part};
use crate::report::{Line, Report};

/// Runs every check of the repository.
#[derive(Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify", version, about, after_help = parts::help())]
struct Arguments {
    /// Runs only these parts (see `--list`); may be given several times or with several names.
    #[arg(long, num_args = 1.., value_name = "PART")]
    only: Vec<String>,
    /// Lists the parts and ends.
    #[arg(long)]
    list: bool,
    /// Seconds for each fuzz target, instead of the short slice of the part `fuzz`.
    #[arg(long, value_name = "SECONDS")]
    fuzz_seconds: Option<u64>,
    /// How the result is printed; progress always goes to standard error with `json`.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        print!("{}", parts::listing());
        return ExitCode::SUCCESS;
    }
    match verify(&arguments) {
        Ok(report) => {
            match arguments.format {
                Format::Text => print!("{}", report.as_text()),
                Format::Json => println!("{}", report.as_json()),
            }
            if report.all_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("verify: {error}");
            ExitCode::from(2)
        }
    }
}

fn verify(arguments: &Arguments) -> Result<Report, VerifyError> {
    let selected = parts::select(&arguments.only)?;
    let context = Context::discover(arguments.format == Format::Json, arguments.fuzz_seconds)?;
    let needs: Vec<setup::Need> = selected.iter().flat_map(|part| part.needs).copied().collect();
    setup::ensure(&context, &needs)?;
    let mut report = Report::new(context.strict());
    for part in selected {
        context.say(&format!("== {}: {}", part.name, part.about));
        let started = Instant::now();
        let outcome = run_part(&context, part);
        let line = Line::new(part.name, outcome, started.elapsed());
        context.say(&format!("   {}", line.summary()));
        report.push(line);
    }
    report.add_notes(context.take_notes());
    Ok(report)
}

fn run_part(context: &Context, part: &Part) -> Outcome {
    context.begin_part(part.name, part.limit);
    match (part.run)(context) {
        Ok(outcome) => outcome,
        Err(error) => {
            context.say(&format!("   {}: {error}", part.name));
            Outcome::failed(error.to_string())
        }
    }
}
