//! `cargo faults`: everything that may fail, by the ten thousand, from a seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use peel_faults::run::{self, Part, grouped};
use peel_faults::{PARTS, kills, results};

/// Fault runs against the phone's store, its upload, the force's mirror and the outsider's check.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Arguments {
    /// All runs of each part, and the table of results written.
    #[arg(long)]
    full: bool,
    /// Where all choices come from.
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Only this part; may be given more than once.
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Exactly one run, of the one part that `--only` names.
    #[arg(long, value_name = "NUMBER")]
    run: Option<u64>,
    /// Runs at a time; as many as there are cores, if it is not said.
    #[arg(long)]
    jobs: Option<usize>,
    /// Names the parts.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, what, directory, seed] = words.as_slice()
        && what == kills::CHILD
    {
        kills::child(Path::new(directory), seed.parse().unwrap_or_default());
    }
    let arguments = Arguments::parse();
    if arguments.list {
        for part in PARTS {
            println!("{:<12} {:>7} runs  {}", part.name, grouped(part.full), part.promise);
        }
        return ExitCode::SUCCESS;
    }
    let known = |name: &String| PARTS.iter().any(|part| part.name == *name);
    if let Some(unknown) = arguments.only.iter().find(|name| !known(name)) {
        eprintln!("there is no part {unknown}; `--list` names them");
        return ExitCode::from(2);
    }
    let wanted = |part: &&Part| arguments.only.is_empty() || arguments.only.iter().any(|name| name == part.name);
    let parts: Vec<&Part> = PARTS.iter().filter(wanted).collect();
    if arguments.run.is_some() && parts.len() != 1 {
        eprintln!("one run is of one part: say which by --only");
        return ExitCode::from(2);
    }
    run_parts(&arguments, &parts)
}

fn run_parts(arguments: &Arguments, parts: &[&Part]) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (seed, jobs) = (arguments.seed, arguments.jobs.unwrap_or(cores));
    let mut lines = BTreeMap::new();
    let mut failed = 0;
    println!("seed {seed}, {jobs} at a time");
    for part in parts {
        let count = if arguments.full { part.full } else { part.short };
        let numbers = arguments.run.map_or(0..count, |number| number..number + 1);
        println!("{}: {} runs: {}", part.name, grouped(numbers.end - numbers.start), part.promise);
        let outcome = run::all(part, numbers, seed, jobs, &|line| println!("{line}"));
        let verdict = if outcome.failures.is_empty() { "held" } else { "FAILED" };
        println!("{}: {verdict}, {:.1} s: {}", part.name, outcome.took.as_secs_f64(), outcome.counts);
        for failure in &outcome.failures {
            println!("  again: cargo faults --seed {seed} --only {} --run {}", part.name, failure.number);
        }
        failed += outcome.failures.len();
        if arguments.full && arguments.run.is_none() {
            lines.insert(part.name, results::line(part, &outcome, seed, jobs));
            if let Err(error) = results::write(&results::path(), &lines) {
                eprintln!("failed to write the table of results: {error}");
                failed += 1;
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
