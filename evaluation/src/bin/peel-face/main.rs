//! `cargo face`: the face check on files, for those who test it.
//!
//! Must never: say who somebody is, or run where officers work.
//! Always: says band, score and quality together with the calibration and its limits; embeddings stay in memory and are
//! wiped at the end.

mod alerts;
mod calibrate;
mod compare;
mod degrade;
mod evaluate;
mod exercise;
mod models;
mod report;
mod sign;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The secondary face check on files.
#[derive(Parser)]
#[command(name = "peel-face", bin_name = "cargo face", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Compare(compare::Compare),
    Evaluate(evaluate::Evaluate),
    Report(report::Report),
    Degrade(degrade::Degrade),
    Alerts(alerts::Alerts),
    Calibrate(calibrate::Calibrate),
    Keygen(sign::Keygen),
    Sign(sign::Sign),
}

fn main() -> ExitCode {
    let (what, done) = match Arguments::parse().task {
        Task::Compare(task) => ("compare", task.run()),
        Task::Evaluate(task) => ("evaluate", task.run()),
        Task::Report(task) => ("report", task.run()),
        Task::Degrade(task) => ("degrade", task.run()),
        Task::Alerts(task) => ("play the first engine", task.run()),
        Task::Calibrate(task) => ("calibrate", task.run()),
        Task::Keygen(task) => ("make a key", task.run()),
        Task::Sign(task) => ("sign", task.run()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("failed to {what}: {reason}");
            ExitCode::FAILURE
        }
    }
}
