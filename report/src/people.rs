//! The page's tables about people: who saw errors, groups, test subjects, practice.

use peel_domain::record::YearReport;
use peel_domain::statistics::{Rate, Shown};
use peel_sheet::{captioned_table, escape, paragraph, section};

use crate::sections::{cell, grouped, row};

/// What people add to the machine.
pub(crate) fn people(report: &YearReport) -> String {
    let value = report.published.human_value;
    let rows = [
        row("the operator", [grouped(value.by_operator)]),
        row("an officer's blind judgement", [grouped(value.by_blind_judgement)]),
        row("an officer after the reveal", [grouped(value.after_reveal)]),
        row("an officer at contact: somebody was stopped", [grouped(value.at_contact)]),
        row("otherwise: lost, stale, or at the debrief", [grouped(value.otherwise)]),
    ];
    let shift = report.published.blind.shift;
    let text = format!(
        "Blind shift: of {} blind judgements \u{201c}different\u{201d} or \u{201c}cannot tell\u{201d} that were judged again after \
         the reveal, {} became \u{201c}same\u{201d}. It tells how far a score draws people along.",
        grouped(shift.judged_again),
        grouped(shift.now_same)
    );
    let body = captioned_table("Who saw that a false alert was one", &["found by", "false alerts"], &rows);
    section("What people add", &format!("{body}{}", paragraph(&text)))
}

fn p_value(value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| if value < 0.001 { format!("{value:.1e}") } else { format!("{value:.3}") },
    )
}

fn shown(value: Shown) -> String {
    match value {
        Shown::Count(count) => grouped(count),
        Shown::Suppressed => "kept back".to_owned(),
    }
}

/// The table by ethnicity, with its base and its power.
pub(crate) fn groups(report: &YearReport) -> String {
    let table = &report.published.by_ethnicity;
    let rate = |rate: Option<Rate>| rate.map_or_else(|| "-".to_owned(), |rate| cell(Some(rate)));
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|group| {
            let detectable =
                group.detectable_share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0));
            let cells = [
                shown(group.true_alerts),
                shown(group.false_alerts),
                rate(group.base),
                rate(group.share_of_false),
                p_value(group.fisher_p),
                p_value(group.binomial_p),
                detectable,
            ];
            row(group.group.name(), cells)
        })
        .collect();
    let head = [
        "as people said themselves",
        "true alerts",
        "false alerts",
        "share of the true alerts (the base)",
        "share of the false alerts",
        "Fisher's exact test, p",
        "binomial test against the base, p",
        "could have been detected above",
    ];
    let mut body = captioned_table(
        "Alerts at which somebody was stopped, by the ethnicity that they stated of themselves",
        &head,
        &rows,
    );
    let text = format!(
        "{} false and {} true alerts are in the table; at {} more nobody asked or nothing was recorded. With {} false alerts \
         the test of a group would have shown only a share above the one in the last column, four times in five: where that is \
         far above the base, finding nothing means nothing. Counts below {} are kept back, and others where they would give \
         these away. People who were not stopped are in no row: nobody's ethnicity is guessed.",
        grouped(table.false_alerts),
        grouped(table.true_alerts),
        grouped(table.unasked),
        grouped(table.false_alerts),
        table.smallest_cell,
    );
    body.push_str(&paragraph(&text));
    let ages = &report.published.ages;
    let age_rows = [
        row("under 18", [shown(ages.alerts_under_18), shown(ages.engaged_under_18)]),
        row("others", [shown(ages.alerts_of_others), shown(ages.engaged_of_others)]),
    ];
    body.push_str(&captioned_table("By the age on the watchlist's entry", &["entry", "alerts", "engaged"], &age_rows));
    section("By group", &body)
}

/// The true recognition rate of test subjects.
pub(crate) fn test_subjects(report: &YearReport) -> String {
    let walked = &report.published.test_subjects;
    if walked.by_group.is_empty() {
        let text = "No test subject walked past the cameras, or nobody recorded it: how often the system misses somebody is \
                    not known.";
        return section("Misses: test subjects", &paragraph(text));
    }
    let mut rows: Vec<Vec<String>> =
        walked.by_group.iter().map(|group| row(group.group.name(), [cell(Some(group.recognised))])).collect();
    rows.push(row("all", [cell(walked.all)]));
    let caption = "Members of staff on the watchlist who walked past, recognised of all passes (true positive identification rate)";
    section("Misses: test subjects", &captioned_table(caption, &["group", "recognised"], &rows))
}

/// How officers and systems did.
pub(crate) fn practice(report: &YearReport) -> String {
    let published = &report.published;
    let rows = [
        row("blind judgements put off", [cell(published.blind.skipped)]),
        row(
            &format!("officers of a deployment who put off more than {} %", published.blind.review_above_percent),
            [format!("{} of {}", grouped(published.blind.officers_to_review), grouped(published.blind.officers))],
        ),
        row("engaged after two officers had judged blind", [cell(published.two_persons.by_two)]),
        row("the same, where the policy asks for it", [cell(published.two_persons.where_asked)]),
        row("receipts offered at stops", [cell(published.receipts.offered)]),
        row("receipts taken of those offered", [cell(published.receipts.taken)]),
        row(
            "stops with force, of those where the officer answered",
            [format!("{} of {}", grouped(published.force.used), grouped(published.force.answered))],
        ),
        row("of these with handcuffs", [grouped(published.force.handcuffs)]),
        row("of these with an injury", [grouped(published.force.injuries)]),
        row("images destroyed with a receipt", [grouped(published.deletions.with_receipt)]),
        row("images stored and without a receipt yet", [grouped(published.deletions.without_receipt)]),
        row("holds of evidence by supervisors", [grouped(published.deletions.evidence_holds)]),
    ];
    let mut body = captioned_table("Counts of the period", &["measure", "value"], &rows);
    let models: Vec<String> = published
        .models
        .iter()
        .map(|model| format!("{} with calibration {}", escape(&model.model_sha256), escape(&model.calibration_id)))
        .collect();
    let software =
        if published.phone_software.is_empty() { "not stated".to_owned() } else { published.phone_software.join(", ") };
    let models = if models.is_empty() { "none".to_owned() } else { models.join("; ") };
    body.push_str(&paragraph(&format!(
        "Versions of the phones' core: {}. Models of the face check, by SHA-256: {models}. Computed by version {}.",
        escape(&software),
        report.software
    )));
    section("Practice", &body)
}

/// Why "supports" never means "confirmed".
pub(crate) fn second_check(report: &YearReport) -> String {
    let check = &report.second_check;
    let share =
        |value: Option<f64>| value.map_or_else(|| "nothing".to_owned(), |value| format!("{:.2} %", value * 100.0));
    let text = format!(
        "Were every alert of the period checked again by an independent check with a true match rate of {} and a false match \
         rate of {}, {} of those that it does not support would still be true. Were its errors those of the first system (false \
         match rate among lookalikes {}), {} of those that it supports would be true. So \u{201c}does not support\u{201d} means \
         look again, and \u{201c}supports\u{201d} never means confirmed. These rates are assumed and not measured.",
        check.true_match_rate,
        check.false_match_rate,
        share(check.true_where_not_supported),
        check.false_match_rate_of_lookalikes,
        share(check.true_where_supported),
    );
    section("What a second check could say", &paragraph(&text))
}
