//! The page's tables and words.

use peel_domain::record::{COLUMNS, YearReport};
use peel_domain::statistics::{PerUnit, Rate};
use peel_sheet::{captioned_table, escape, paragraph, section};

use crate::measures::{self, Value};

/// A rate's cell: never the share alone.
pub(crate) fn cell(rate: Option<Rate>) -> String {
    let Some(rate) = rate else { return "not stated".to_owned() };
    let words = rate.words();
    format!("{}<small>{}</small><small>{}</small>", words.share, words.interval, words.counts)
}

fn per_unit(value: PerUnit) -> String {
    let interval = value.interval();
    let text = value.to_string();
    let number = text.split(" = ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let over = text.split(" = ").next().unwrap_or_default();
    format!("{number}<small>{:.2} to {:.2}</small><small>{over}</small>", interval.low, interval.high)
}

/// With a comma between thousands.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A row with its name.
pub(crate) fn row(name: &str, cells: impl IntoIterator<Item = String>) -> Vec<String> {
    [name.to_owned()].into_iter().chain(cells).collect()
}

/// Title and what the reader must know before anything else.
pub(crate) fn head(report: &YearReport, written: &str) -> String {
    let counts = &report.published.counts;
    let left = if report.left_out.is_empty() {
        String::new()
    } else {
        let names: Vec<String> = report.left_out.iter().map(ToString::to_string).collect();
        format!(" Left out by decision, and in no number here: {}.", names.join(", "))
    };
    let text = format!(
        "{} deployments from {} to {}. {} exercises in that time are in no number here.{left} Written {}.",
        grouped(counts.deployments),
        report.period.from,
        report.period.to,
        grouped(report.exercises),
        escape(written)
    );
    let note = "Every number is computed from what phones and the force recorded, by the code that anybody may run. No number \
                here may be added to one of another period. Every rate stands with what it was counted from and with its 95 % \
                interval.";
    format!("<h1>Live facial recognition: report of a period</h1>\n{}<p class=\"note\">{note}</p>\n", paragraph(&text))
}

/// Both false alert rates, together.
pub(crate) fn false_alerts(report: &YearReport) -> String {
    let [per_face, per_alert] = report.published.false_alert_rates.both();
    let published = per_face.map_or_else(String::new, |rate| {
        let [_, share, _] = rate.drawn();
        format!("<small>as forces publish it: {:.4} %</small>", share * 100.0)
    });
    let one_in = report.published.measures.alert_rate.map_or_else(String::new, |rate| {
        #[allow(clippy::cast_precision_loss)] // counts stay far below 2^53
        let faces = rate.denominator() as f64 / (rate.numerator().max(1) as f64);
        paragraph(&format!("One alert in {faces:.0} faces seen ({}).", rate.words().counts))
    });
    let rows = [
        row("per face seen (estimate)", [format!("{}{published}", cell(per_face))]),
        row("per alert", [cell(per_alert)]),
    ];
    let mut body = captioned_table("How often the system was wrong about a person", &["false alerts", "rate"], &rows);
    body.push_str(&one_in);
    if let Some(below) = report.published.measures.no_false_alert_below {
        let text =
            format!("No alert was false: with 95 % certainty the rate per face lies below {:.6} %.", below * 100.0);
        body.push_str(&paragraph(&text));
    }
    body.push_str(&paragraph(
        "The two answer different questions, and neither alone is the system's error rate: the first shrinks with every \
         passer-by, the second tells what an officer should expect of an alert.",
    ));
    section("False alerts", &body)
}

/// The truth columns and the outcomes, with the sums that they must give.
pub(crate) fn truth(report: &YearReport) -> String {
    let (counts, apart) = (&report.published.counts, &report.published.apart);
    let truths = [
        row("true", [counts.true_confirmed, counts.true_unconfirmed, counts.true_alerts()].map(grouped)),
        row("false", [counts.false_confirmed, counts.false_unconfirmed, counts.false_alerts()].map(grouped)),
        row(
            "all",
            [
                counts.true_confirmed + counts.false_confirmed,
                counts.true_unconfirmed + counts.false_unconfirmed,
                counts.alerts,
            ]
            .map(grouped),
        ),
    ];
    let outcomes = [
        row("arrest", [grouped(counts.arrests)]),
        row("other", [grouped(counts.other_outcomes)]),
        row("no action", [grouped(counts.no_action)]),
        row("lost with a phone", [grouped(apart.outcomes_lost)]),
    ];
    let beside = [
        row("duplicates", [grouped(apart.duplicates)]),
        row("technical withdrawals", [grouped(apart.technical_withdrawals)]),
        row("alerts on test subjects", [grouped(apart.test_subjects)]),
        row("true alerts on an entry that was out of date or wrong (W2)", [grouped(apart.stale_true_alerts)]),
        row("arrests on false alerts", [grouped(apart.arrests_on_false_alerts)]),
        row("arrests where identity was not verified", [grouped(apart.arrests_without_identity)]),
        row("phones given up for good", [grouped(apart.phones_given_up)]),
    ];
    let mut body = captioned_table(
        "Alerts by their truth. Confirmed: identity was verified. Unconfirmed: by the last human judgement.",
        &["alerts", "confirmed", "unconfirmed", "all"],
        &truths,
    );
    body.push_str(&captioned_table("Outcomes of confirmed true alerts, one each", &["outcome", "alerts"], &outcomes));
    body.push_str(&captioned_table(
        "Counted apart: in no column above but for stale entries",
        &["", "number"],
        &beside,
    ));
    section("Alerts and outcomes", &body)
}

/// Every measure.
pub(crate) fn measures(report: &YearReport) -> String {
    let line = |measure: &measures::Measure| {
        let value = match measure.value {
            Some(Value::Rate(rate)) => cell(Some(rate)),
            Some(Value::PerUnit(value)) => per_unit(value),
            None => "not stated".to_owned(),
        };
        row(measure.name, [measure.formula.to_owned(), value])
    };
    let rows: Vec<Vec<String>> = measures::all(&report.published).iter().map(line).collect();
    let text = "F faces seen (estimate); A alerts; Tc, Tu true, confirmed and unconfirmed; Fc, Fu false; T = Tc + Tu; X = Fc + \
                Fu; E engaged; Ex engaged on false alerts; R arrests; H hours. Arrests per alert and per engagement stand \
                together, because the arrest rate of stop and search is per search.";
    let body = captioned_table("Each with its interval and its counts", &["measure", "formula", "value"], &rows);
    section("Measures", &format!("{body}{}", paragraph(text)))
}

fn minutes(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

/// The harm of errors.
pub(crate) fn stops(report: &YearReport) -> String {
    let published = &report.published;
    let lengths = &published.stops_on_false_alerts;
    let rows = [
        row("stops", [lengths.seconds.len().to_string()]),
        row("all together, minutes", [minutes(Some(lengths.total_minutes))]),
        row("median, minutes", [minutes(lengths.median_minutes)]),
        row("nine in ten no longer than, minutes", [minutes(lengths.p90_minutes)]),
        row("longest, minutes", [minutes(lengths.longest_minutes)]),
        row("over two minutes", [grouped(lengths.over_2_minutes)]),
        row("over five minutes", [grouped(lengths.over_5_minutes)]),
        row("called for a review", [grouped(published.stops_to_review)]),
        row("with an apology", [grouped(published.apologies)]),
    ];
    section(
        "Stops on false alerts",
        &captioned_table(
            "People who were stopped and were not the person",
            &["stops on false alerts", "number"],
            &rows,
        ),
    )
}

/// Causes of false alerts.
pub(crate) fn causes(report: &YearReport) -> String {
    let name = |cause: &peel_domain::record::Cause| {
        let text = serde_json::to_value(cause.cause).ok().and_then(|value| value.as_str().map(str::to_owned));
        format!("{} {}", cause.code, text.unwrap_or_default().replace('_', " "))
    };
    let rows: Vec<Vec<String>> = report
        .published
        .causes
        .iter()
        .map(|cause| row(&name(cause), [cause.cases, cause.primary].map(grouped)))
        .collect();
    if rows.is_empty() {
        return section("Causes of false alerts", &paragraph("None was reported."));
    }
    let caption = "A false alert may have several causes and has one main one";
    section("Causes of false alerts", &captioned_table(caption, &["cause", "false alerts", "as the main cause"], &rows))
}

/// The 16 columns of every deployment.
pub(crate) fn deployments(report: &YearReport) -> String {
    let rows: Vec<Vec<String>> = report
        .deployments
        .iter()
        .map(|export| export.columns.iter().map(|column| escape(&column.value)).collect())
        .collect();
    section("Deployments", &captioned_table("The 16 columns, by date", &COLUMNS, &rows))
}

/// How it was computed, and a place to sign.
pub(crate) fn method(report: &YearReport) -> String {
    let texts = [
        "Intervals of shares are Wilson's score intervals at 95 %; the files beside this page also hold the exact ones of \
         Clopper and Pearson. Counts per deployment and per hour have Garwood's exact Poisson interval. The binomial test and \
         Fisher's test are exact and two-sided: all outcomes that are as unlikely as the one seen, or more. No correction is \
         made for testing several groups.",
        "Power: a share counts as detectable if the binomial test at 5 % would show it in four of five periods like this one.",
        "A truth is confirmed if somebody who stood before the person verified it; otherwise it is the last human judgement, or \
         the supervisor's at the debrief. Duplicates, technical withdrawals, test subjects and exercises are no alerts here. \
         Percentiles lie between their two neighbours in proportion.",
        "Whether where and when deployments take place is explained by crime is not answered here; the files by deployment are \
         published so that others can ask.",
    ];
    let mut body: String = texts.iter().map(|text| paragraph(text)).collect();
    let sizes = report.watchlist_sizes.map_or_else(String::new, |sizes| {
        let [least, median, most] = sizes.map(|size| grouped(u64::from(size)));
        paragraph(&format!(
            "Watchlists had from {least} to {most} entries, half of them no more than {median}: an error rate per face grows \
             with the list."
        ))
    });
    body.push_str(&sizes);
    body.push_str(&paragraph("Signed: ______________________ &nbsp; Date: ______________"));
    section("Method", &body)
}
