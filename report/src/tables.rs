//! The report as CSV.

use peel_domain::record::{COLUMNS, PublicExport, YearReport, csv_line};
use peel_domain::statistics::Rate;

use crate::measures;

/// One line a deployment: the 16 columns.
pub(crate) fn deployments(report: &YearReport) -> String {
    let lines = report.deployments.iter().map(|export| csv_line(export.columns.iter().map(|column| &column.value)));
    csv_line(COLUMNS) + &lines.collect::<String>()
}

/// A number, or nothing where it is not known.
fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The names of [`export_cells`].
const EXPORT_COLUMNS: [&str; 41] = [
    "date",
    "duration_minutes",
    "live_minutes",
    "watchlist_size",
    "threshold",
    "threshold_changes",
    "cameras",
    "faces_seen",
    "alerts",
    "true_confirmed",
    "true_unconfirmed",
    "false_confirmed",
    "false_unconfirmed",
    "engaged",
    "engaged_false",
    "arrests",
    "other_outcomes",
    "no_action",
    "arrests_on_false_alerts",
    "arrests_without_identity",
    "stale_true_alerts",
    "duplicates",
    "technical_withdrawals",
    "test_subjects",
    "false_stop_seconds",
    "false_stops_over_2_minutes",
    "false_stops_over_5_minutes",
    "false_stops_to_review",
    "cause_codes",
    "blind_skipped",
    "blind_asked",
    "officers",
    "officers_to_review",
    "decided_to_engage",
    "judged_by_two",
    "force_answered",
    "force_used",
    "receipts_offered",
    "receipts_taken",
    "deletion_receipts",
    "evidence_holds",
];

fn numerator(rate: Option<Rate>) -> u64 {
    rate.map_or(0, |rate| rate.numerator())
}

fn denominator(rate: Option<Rate>) -> u64 {
    rate.map_or(0, |rate| rate.denominator())
}

fn list<T: ToString>(values: impl Iterator<Item = T>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(" ")
}

fn export_cells(export: &PublicExport) -> Vec<String> {
    let (setting, published) = (&export.setting, &export.published);
    let (counts, apart, stops) = (&published.counts, &published.apart, &published.stops_on_false_alerts);
    let date = export.columns.iter().find(|column| column.column == "Date").map(|column| column.value.clone());
    let cameras = setting.cameras.van + setting.cameras.r#static + setting.cameras.other;
    let changes = setting.threshold_changes.iter().map(|change| format!("{}-{}", change.from, change.to));
    let text = [
        known(date),
        known(setting.duration_minutes),
        known(setting.live_minutes),
        known(setting.watchlist_size),
        known(setting.threshold),
        list(changes),
    ];
    let numbers = [
        counts.alerts,
        counts.true_confirmed,
        counts.true_unconfirmed,
        counts.false_confirmed,
        counts.false_unconfirmed,
        counts.engaged,
        counts.engaged_false,
        counts.arrests,
        counts.other_outcomes,
        counts.no_action,
        apart.arrests_on_false_alerts,
        apart.arrests_without_identity,
        apart.stale_true_alerts,
        apart.duplicates,
        apart.technical_withdrawals,
        apart.test_subjects,
    ];
    let practice = [
        numerator(published.blind.skipped),
        denominator(published.blind.skipped),
        published.blind.officers,
        published.blind.officers_to_review,
        denominator(published.two_persons.by_two),
        numerator(published.two_persons.by_two),
        published.force.answered,
        published.force.used,
        counts.receipts_offered,
        counts.receipts_taken,
        published.deletions.with_receipt,
        published.deletions.evidence_holds,
    ];
    let mut cells = text.to_vec();
    cells.extend([cameras.to_string(), known(counts.faces_seen)]);
    cells.extend(numbers.map(|number| number.to_string()));
    cells.push(list(stops.seconds.iter()));
    cells.extend([stops.over_2_minutes, stops.over_5_minutes, published.stops_to_review].map(|n| n.to_string()));
    cells.push(list(published.causes.iter().map(|cause| cause.code)));
    cells.extend(practice.map(|number| number.to_string()));
    cells
}

/// One line a deployment: what is published beside the columns. Nothing stands where nothing is known.
pub(crate) fn exports(report: &YearReport) -> String {
    let lines = report.deployments.iter().map(|export| csv_line(export_cells(export)));
    csv_line(EXPORT_COLUMNS) + &lines.collect::<String>()
}

/// One line a measure of the period, with its counts and intervals.
pub(crate) fn measures(report: &YearReport) -> String {
    let head = [
        "measure",
        "formula",
        "numerator",
        "denominator",
        "value",
        "wilson_low",
        "wilson_high",
        "exact_low",
        "exact_high",
    ];
    let line = |measure: &measures::Measure| {
        let numbers = measure.value.map(|value| value.numbers());
        let of = |pick: fn(&measures::Numbers) -> Option<f64>| known(numbers.as_ref().and_then(pick));
        csv_line([
            measure.name.to_owned(),
            measure.formula.to_owned(),
            of(|numbers| Some(numbers.numerator)),
            of(|numbers| Some(numbers.denominator)),
            of(|numbers| Some(numbers.share)),
            of(|numbers| numbers.wilson.map(|interval| interval.low)),
            of(|numbers| numbers.wilson.map(|interval| interval.high)),
            of(|numbers| Some(numbers.exact.low)),
            of(|numbers| Some(numbers.exact.high)),
        ])
    };
    csv_line(head) + &measures::all(&report.published).iter().map(line).collect::<String>()
}

/// One line a group: the table by ethnicity of the period.
pub(crate) fn groups(report: &YearReport) -> String {
    let head =
        ["group", "true_alerts", "false_alerts", "base_of", "false_of", "fisher_p", "binomial_p", "detectable_share"];
    let table = &report.published.by_ethnicity;
    let lines = table.rows.iter().map(|row| {
        csv_line([
            row.group.name().to_owned(),
            row.true_alerts.to_string(),
            row.false_alerts.to_string(),
            table.true_alerts.to_string(),
            table.false_alerts.to_string(),
            known(row.fisher_p),
            known(row.binomial_p),
            known(row.detectable_share),
        ])
    });
    csv_line(head) + &lines.collect::<String>()
}
