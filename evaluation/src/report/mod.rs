//! One HTML file that a force's scientist could sign: tables and plots within it, no script, nothing from elsewhere.
//!
//! Must never: show a face, a file's name or a rate without its counts and interval.
//! Always: every word that comes from the table is escaped; every plot has a text that says what it shows.

mod calibration;
mod groups;
mod numbers;
mod plots;
mod sections;

use crate::findings::Findings;

pub use calibration::calibration_html;

/// The report's text; `written` says when, for the head of the page.
pub fn html(findings: &Findings, written: &str) -> String {
    let sections = [
        sections::head(findings, written),
        sections::compared(findings),
        sections::errors(findings),
        plots::scores(findings),
        plots::det(findings),
        plots::roc(findings),
        sections::bands(findings),
        sections::likelihood(findings),
        plots::reliability(findings),
        plots::discard(findings),
        groups::conditions(findings),
        groups::groups(findings),
        sections::folds(findings),
        sections::failures(findings),
        sections::method(findings),
    ];
    peel_sheet::page("Face check: evaluation report", &sections.concat())
}
