//! A simulated force's year: the trails of 203 deployments, and the report that a desk computes from them.
//!
//! For: reports, statistics and exports at their real size. [`plan`] draws what happens, with the published totals exactly
//! and everything else by a seed; [`phone`] and [`play`] make it happen by the domain's own commands, so that a trail holds
//! what a phone of the product writes and nothing that it would refuse. Must never: be taken for measurements: only the
//! totals in [`plan::PUBLISHED`] are published, the rest is made up.
//! Always: the same seed gives the same year, and every event went through its bytes.

mod phone;
pub mod plan;
mod play;

use std::collections::BTreeSet;
use std::path::Path;

use peel_domain::event::BodyError;
use peel_domain::id::ForceId;
use peel_domain::policy::Policy;
use peel_domain::record::{DeploymentRecord, Period, RecordsBuilder, YearError, YearReport};
use peel_domain::shift::ShiftError;
use peel_domain::wire::AlertError;
use peel_domain::workflow::WorkflowError;
use peel_report::{File, Format, NotWritten, files};

use plan::Plan;

/// The year could not be played. Each is a mistake in the plan.
#[derive(Debug, thiserror::Error)]
pub enum YearFailed {
    /// The product refuses what the plan says somebody did.
    #[error("play the year: {0}")]
    Workflow(#[from] WorkflowError),
    /// An alert is not one.
    #[error("play the year: {0}")]
    Alert(#[from] AlertError),
    /// A certificate is not one.
    #[error("play the year: {0}")]
    Shift(#[from] ShiftError),
    /// An event does not come back from its bytes.
    #[error("play the year: {0}")]
    Body(#[from] BodyError),
    /// A name is not one.
    #[error("play the year: {0}")]
    Name(#[from] peel_domain::id::InvalidId),
    /// The report was refused.
    #[error("{0}")]
    Report(#[from] YearError),
    /// The period is none.
    #[error("set the year's days")]
    Days,
    /// The report is not written.
    #[error("{0}")]
    NotWritten(#[from] NotWritten),
    /// The folder for the report holds something else.
    #[error("write the report: its folder is neither empty nor left by an older report, and nothing in it was touched")]
    Occupied,
    /// A file could not be written.
    #[error("write the report's files")]
    File(#[from] std::io::Error),
}

/// The policy of the simulated force: the strictest.
pub fn policy() -> Result<Policy, YearFailed> {
    Ok(Policy::strictest(ForceId::new("force.example")?, 1))
}

/// The year of a seed as records: as the desk has them after reading all logs.
pub fn records(plan: &Plan) -> Result<(Vec<DeploymentRecord>, u64), YearFailed> {
    let policy = policy()?;
    let mut builder = RecordsBuilder::default();
    let mut events = 0;
    for (number, deployment) in (1..).zip(&plan.deployments) {
        for (source, bytes) in play::deployment(number, deployment, &policy)? {
            builder.add(source, &peel_domain::event::EventBody::from_cbor(&bytes)?);
            events += 1;
        }
    }
    Ok((builder.finish(), events))
}

/// The report of a plan's records.
pub fn report(plan: &Plan, records: &[DeploymentRecord]) -> Result<YearReport, YearFailed> {
    let period = Period::new(plan.from, plan.to).ok_or(YearFailed::Days)?;
    Ok(YearReport::new(period, records, &BTreeSet::new(), &policy()?)?)
}

/// What `cargo demo --year` says at its end.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Events that were written and read again.
    pub events: u64,
    /// Files of the report.
    pub files: usize,
}

/// Plays the year of a seed and leaves its report in `out`.
pub fn leave(seed: u64, out: &Path) -> Result<(YearReport, Told), YearFailed> {
    std::fs::create_dir_all(out)?;
    if std::fs::read_dir(out)?.next().is_some() && !out.join("report.json").is_file() {
        return Err(YearFailed::Occupied);
    }
    let plan = Plan::draw(seed);
    let (records, events) = records(&plan)?;
    let report = report(&plan, &records)?;
    let written: Vec<File> = files(&report, &Format::ALL, "from a simulated year, not by a force")?;
    for file in &written {
        std::fs::write(out.join(file.name), &file.text)?;
    }
    Ok((report, Told { events, files: written.len() }))
}
