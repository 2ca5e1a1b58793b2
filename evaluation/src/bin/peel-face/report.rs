//! `cargo face report`: the report of a table of scores that is there already.

use std::path::{Path, PathBuf};

use clap::Args;
use peel_domain::permit::ComparisonPurpose;
use peel_evaluation::findings::{Bounds, findings};
use peel_evaluation::report::html;
use peel_face::calibration_in;

use crate::evaluate::origin;
use crate::models::repository_models;

/// Writes the report of a table of scores: `report.html` to read, `report.json` for a machine.
#[derive(Args)]
pub(crate) struct Report {
    /// The table of scores, as `evaluate` writes it.
    scores: PathBuf,
    /// The folder that the report goes to.
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
}

impl Report {
    /// Writes it.
    pub(crate) fn run(self) -> Result<(), String> {
        write_report(&self.scores, &self.report)
    }
}

/// Writes both forms of the report.
pub(crate) fn write_report(scores: &Path, folder: &Path) -> Result<(), String> {
    let at_hand = calibration_in(&repository_models()).map_err(|error| error.to_string())?;
    let here = origin(&at_hand, ComparisonPurpose::AlertProbe)?;
    let bounds = Bounds { supports_above: here.supports_above, does_not_support_below: here.does_not_support_below };
    let found = findings(scores, bounds).map_err(|error| error.to_string())?;
    let written = |error: std::io::Error| format!("the report cannot be written ({})", error.kind());
    std::fs::create_dir_all(folder).map_err(written)?;
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string();
    std::fs::write(folder.join("report.html"), html(&found, &now)).map_err(written)?;
    let numbers = serde_json::to_vec_pretty(&found).map_err(|_| "the report's numbers cannot be written".to_owned())?;
    std::fs::write(folder.join("report.json"), numbers).map_err(written)?;
    eprintln!("the report is written: report.html and report.json");
    Ok(())
}
