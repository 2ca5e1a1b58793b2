//! `report`: the sums of a period, as CSV, JSON and one page.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use peel_domain::id::DeploymentId;
use peel_domain::record::{DeploymentRecord, Period, YearError, YearReport};
use peel_gateway::desk::{Desk as Follower, DeskDir, DeskError, all_records};
use peel_report::{Format, files};

use super::desk::{issue_in_words, policy_of, warn};
use super::serve::block_on;
use super::{CliError, say};

/// Compute a period's report from the trail: numerators, denominators, intervals, tests
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The desk's directory
    #[arg(long, value_name = "DIR")]
    desk: PathBuf,
    /// The first day on which its deployments began, YYYY-MM-DD, UTC
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The last day
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// Write the files into this directory, which is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Which: csv, json, html; all where it is not given
    #[arg(long, value_delimiter = ',', value_parser = format_named)]
    format: Vec<Format>,
    /// Follow the gateway at this address once before
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The force's policy as TOML, for its limits; the strictest where it is not given
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Leave this deployment out, because its record cannot be completed; the report names it
    #[arg(long, value_name = "ID")]
    without: Vec<DeploymentId>,
    /// Leave this device's log out, because it cannot be read
    #[arg(long, value_name = "LOG")]
    leave_out: Vec<String>,
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::named(name).ok_or_else(|| "it is csv, json or html".to_owned())
}

impl Report {
    pub(super) fn run(self) -> Result<(), CliError> {
        let dir = DeskDir::new(&self.desk);
        let period = Period::new(self.from, self.to).ok_or(CliError::Argument("--to, which is before --from"))?;
        let policy = policy_of(&dir, self.policy.as_deref())?;
        if let Some(gateway) = &self.gateway {
            let mut desk = Follower::open(&dir, gateway)?;
            warn(&block_on(async { Ok(desk.follow(&mut |_, _, _| {}).await?) })?);
        }
        // What began in the period, or should have: others are another report's.
        let mut records = all_records(&dir, &self.leave_out)?;
        let planned = |record: &DeploymentRecord| record.card.as_ref().map(|card| card.planned_start_ms);
        records.retain(|record| record.started_ms.or(planned(record)).is_some_and(|at_ms| period.holds(at_ms)));
        let without: BTreeSet<DeploymentId> = self.without.into_iter().collect();
        let report = YearReport::new(period, &records, &without, &policy).inspect_err(list)?;
        for log in &self.leave_out {
            eprintln!("left out: the log {log}");
        }
        let formats = if self.format.is_empty() { Format::ALL.to_vec() } else { self.format };
        let written = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string();
        std::fs::create_dir_all(&self.out)?;
        let files = files(&report, &formats, &written).map_err(std::io::Error::other)?;
        for file in &files {
            std::fs::write(self.out.join(file.name), &file.text)?;
        }
        let names: Vec<&str> = files.iter().map(|file| file.name).collect();
        say(&serde_json::json!({
            "deployments": report.published.counts.deployments, "exercises": report.exercises,
            "left_out": report.left_out, "files": names,
        }));
        Ok(())
    }
}

/// Names everything that keeps the report from being made.
fn list(error: &YearError) {
    match error {
        YearError::Incomplete(findings) => {
            for finding in findings {
                let code = finding.issue.code();
                eprintln!("issue: deployment {}: {} [{code}]", finding.deployment_id, issue_in_words(&finding.issue));
            }
        }
        YearError::OutsidePeriod(deployments) | YearError::Twice(deployments) => {
            for deployment_id in deployments {
                eprintln!("deployment {deployment_id}");
            }
        }
        YearError::Empty => {}
    }
}

impl From<YearError> for CliError {
    fn from(error: YearError) -> Self {
        match error {
            YearError::Incomplete(findings) => DeskError::Incomplete(findings.len()).into(),
            YearError::OutsidePeriod(_) | YearError::Twice(_) | YearError::Empty => DeskError::NoDeployment.into(),
        }
    }
}
