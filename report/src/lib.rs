//! What a force publishes of a period, as files: CSV, JSON and one HTML page with plots.
//!
//! For: the desk's command and the simulated force, which write the same files from the same records. Must never: compute a
//! figure that is not in the domain's report, or show a rate without its counts and interval.
//! Always: words in; bytes out; nothing in the page comes from elsewhere.

mod measures;
mod page;
mod people;
mod plots;
mod sections;
mod tables;

use peel_domain::record::YearReport;

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables.
    Csv,
    /// Everything, for machines.
    Json,
    /// For people.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Html];

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// The report cannot be written as JSON: a number is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write the report as JSON")]
pub struct NotWritten;

/// The files of a report in these forms. `written` says when, for the head of the page.
pub fn files(report: &YearReport, formats: &[Format], written: &str) -> Result<Vec<File>, NotWritten> {
    let mut files = Vec::new();
    if formats.contains(&Format::Csv) {
        files.push(File { name: "deployments.csv", text: tables::deployments(report) });
        files.push(File { name: "exports.csv", text: tables::exports(report) });
        files.push(File { name: "measures.csv", text: tables::measures(report) });
        files.push(File { name: "groups.csv", text: tables::groups(report) });
    }
    if formats.contains(&Format::Json) {
        let text = serde_json::to_string_pretty(report).map_err(|_| NotWritten)?;
        files.push(File { name: "report.json", text: format!("{text}\n") });
    }
    if formats.contains(&Format::Html) {
        files.push(File { name: "report.html", text: page::html(report, written) });
    }
    Ok(files)
}
