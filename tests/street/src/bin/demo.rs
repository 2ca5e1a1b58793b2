//! `cargo demo`: a training exercise on a high street; with `--year` a simulated force's annual report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use peel_street::exercise::director::{self, Settings};
use peel_street::year;

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
    /// alone and the demo does not begin. `target/demo`, or `target/year` with `--year`, where it is not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Instead of an exercise a simulated force's year: 203 deployments, drawn by the seed, and the annual report on them.
    #[arg(long, conflicts_with_all = ["faces", "speed"])]
    year: bool,
    /// Exercise seconds for each real one.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    speed: u32,
}

/// Plays the year and tells what is in its report.
fn simulated_year(seed: u64, out: &Path) -> ExitCode {
    let begun = Instant::now();
    let (report, told) = match year::leave(seed, out) {
        Ok(done) => done,
        Err(error) => {
            eprintln!("failed to {error}");
            return ExitCode::FAILURE;
        }
    };
    let counts = &report.published.counts;
    println!("A simulated force's year (seed {seed}), from {} to {}", report.period.from, report.period.to);
    println!("  {} deployments, {} events written and read again", counts.deployments, told.events);
    println!(
        "  {} alerts, {} of them false, {} of these engaged",
        counts.alerts,
        counts.false_alerts(),
        counts.engaged_false
    );
    println!("  {} arrests, {} other outcomes, {} no action", counts.arrests, counts.other_outcomes, counts.no_action);
    println!("  false alerts {}", report.published.false_alert_rates);
    println!("  the totals are those that a force published; everything else is made up by the seed");
    println!("Took {:.1} s on this machine (development build)", begun.elapsed().as_secs_f64());
    println!("Left in {}: report.html report.json deployments.csv exports.csv measures.csv groups.csv", out.display());
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.year {
        return simulated_year(arguments.seed, &arguments.out.unwrap_or_else(|| PathBuf::from("target/year")));
    }
    let settings = Settings {
        seed: arguments.seed,
        faces: arguments.faces.unwrap_or_else(director::own_faces),
        out: arguments.out.unwrap_or_else(|| PathBuf::from("target/demo")),
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
