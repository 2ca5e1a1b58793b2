//! The page: sections in their order.

use peel_domain::record::YearReport;

use crate::{people, plots, sections};

/// The report as one HTML file.
pub(crate) fn html(report: &YearReport, written: &str) -> String {
    let parts = [
        sections::head(report, written),
        sections::false_alerts(report),
        plots::false_alert_rates(report),
        sections::truth(report),
        plots::months(report),
        sections::measures(report),
        sections::stops(report),
        plots::stop_lengths(report),
        sections::causes(report),
        people::people(report),
        people::groups(report),
        plots::groups(report),
        people::test_subjects(report),
        plots::test_subjects(report),
        people::practice(report),
        people::second_check(report),
        sections::deployments(report),
        sections::method(report),
    ];
    peel_sheet::page("Live facial recognition: report of a period", &parts.concat())
}
