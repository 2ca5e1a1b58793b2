//! The commands.
//!
//! Always: what a machine may read along goes to standard output as one line of JSON; everything else to standard
//! error; exit code 0 only when all is well.

mod admin;
mod bundle;
mod change;
mod desk;
mod evidence;
mod policy;
mod report;
mod serve;
mod test_walk;
mod tls;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use peel_gateway::clock::ExerciseClock;
use peel_gateway::desk::DeskError;
use peel_gateway::force::ForceError;
use peel_gateway::service::ServiceError;

/// The force's gateway for Peel.
#[derive(Debug, Parser)]
#[command(name = "peel-gateway", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// What was given; its help names the program as it was called.
    pub(crate) fn given() -> Self {
        // Cargo says so to what it runs: then it was the repository's own command.
        let name = if std::env::var_os("CARGO").is_some() { "cargo gateway" } else { "peel-gateway" };
        let matches = Self::command().bin_name(name).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Time in an exercise.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Time {
    /// Run an exercise's clock; refused unless the force was made for exercises
    #[arg(long, value_name = "EPOCH_MS:REAL_MS:SPEED")]
    exercise_clock: Option<ExerciseClock>,
}

/// The force's directory.
#[derive(Clone, Debug, Args)]
pub(crate) struct Data {
    /// The force's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    time: Time,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a force: keys, certificates, an empty store
    Init(admin::Init),
    /// List deployments, make one
    #[command(subcommand)]
    Deployment(admin::Deployment),
    /// Add officers
    #[command(subcommand)]
    Officer(admin::Officer),
    /// Print a one-time enrolment code
    Enrol(admin::Enrol),
    /// List devices, revoke one
    #[command(subcommand)]
    Device(change::Device),
    /// Rotate the gateway's TLS keys
    #[command(subcommand)]
    Tls(tls::Tls),
    /// Go on after the store was put back from a backup
    #[command(subcommand)]
    ForceLog(change::ForceLog),
    /// Propose, approve and submit what two people must approve
    #[command(subcommand)]
    Change(change::Change),
    /// Check, sign and put policies into force
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Serve phones and the LFR system over HTTPS
    Serve(serve::Serve),
    /// Open the mirror, tell phones what they must know
    Desk(desk::Desk),
    /// Make the desk's key for a period and print its public half, for the policy
    OperationsKey(desk::OperationsKey),
    /// Compute the deployment record of 16 columns
    Record(desk::Record),
    /// Compute a period's report: CSV, JSON and one page
    Report(report::Report),
    /// State the truth of an alert that nobody judged, as supervisor at the debrief
    Debrief(desk::Debrief),
    /// Record how test subjects walked past the cameras, as supervisor
    TestWalk(test_walk::TestWalk),
    /// Hold an alert's images as evidence
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// Write the bundle for outsiders
    Bundle(bundle::Bundle),
}

/// Why a command did not succeed. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The gateway refused.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The force's directory is not usable.
    #[error(transparent)]
    Force(#[from] ForceError),
    /// The desk did not succeed.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A file could not be read or written.
    #[error("read or write a file")]
    File(#[from] std::io::Error),
    /// A file that an argument names could not be read.
    #[error("read {0}: {1}")]
    Read(&'static str, std::io::ErrorKind),
    /// An argument is not what it must be.
    #[error("read the argument {0}")]
    Argument(&'static str),
}

impl From<peel_gateway::storage::StoreError> for CliError {
    fn from(error: peel_gateway::storage::StoreError) -> Self {
        Self::Service(error.into())
    }
}

/// Runs a command.
pub(crate) fn run(cli: Cli) -> Result<(), CliError> {
    match cli.command {
        Command::Init(command) => command.run(),
        Command::Deployment(command) => command.run(),
        Command::Officer(command) => command.run(),
        Command::Enrol(command) => command.run(),
        Command::Device(command) => command.run(),
        Command::ForceLog(command) => command.run(),
        Command::Change(command) => command.run(),
        Command::Tls(command) => command.run(),
        Command::Policy(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Desk(command) => command.run(),
        Command::OperationsKey(command) => command.run(),
        Command::Record(command) => command.run(),
        Command::Report(command) => command.run(),
        Command::Debrief(command) => command.run(),
        Command::TestWalk(command) => command.run(),
        Command::Evidence(command) => command.run(),
        Command::Bundle(command) => command.run(),
    }
}

/// Prints one line of JSON.
pub(crate) fn say(value: &serde_json::Value) {
    println!("{value}");
}
