//! The report's sections that are tables and words.

use std::collections::BTreeMap;

use crate::findings::{Findings, Kinds};
use crate::report::numbers::{count, interval, percent, rate, threshold_name, threshold_place, too_few};
use crate::statistics::part;
use peel_sheet::{escape, paragraph, section, table};

/// Title and what the reader must know before anything else.
pub(super) fn head(findings: &Findings, written: &str) -> String {
    let [non_mated, mated] = findings.rows;
    format!(
        "<h1>Face check: evaluation report</h1>\n<p>{} mated and {} non-mated pairs. Written {}.</p>\n\
         <p class=\"note\">Measured on the pairs that were given, and true of these. After an alert chance is different: the \
         first system picks people who look alike, so rates on pairs drawn at random are far too good for what an officer \
         meets, and are not shown to officers. The check cannot separate twins or close relatives, and it cannot tell a \
         living face from a picture of one.</p>\n",
        count(mated),
        count(non_mated),
        escape(written)
    )
}

fn sum(counts: &BTreeMap<String, Kinds>) -> Kinds {
    counts.values().fold([0, 0], |[non_mated, mated], [more_non_mated, more_mated]| {
        [non_mated + more_non_mated, mated + more_mated]
    })
}

fn two(name: &str, [non_mated, mated]: Kinds) -> Vec<String> {
    vec![name.to_owned(), count(mated), count(non_mated)]
}

/// What was compared, with which model.
pub(super) fn compared(findings: &Findings) -> String {
    let (failed, refused) = (sum(&findings.failed), sum(&findings.refused));
    let [scored_non_mated, scored_mated] = [0, 1]
        .map(|kind: usize| findings.rows.get(kind).copied().unwrap_or(0) - failed.get(kind).copied().unwrap_or(0));
    let rows = [
        two("pairs", findings.rows),
        two("without a score (failure to acquire)", failed),
        two("with a score", [scored_non_mated, scored_mated]),
        two("of these, too poor for an opinion of the product", refused),
    ];
    let mut body = table(&["", "mated", "non-mated"], &rows);
    let people = if findings.people_are_named {
        "by the table's own columns"
    } else {
        "files that mated pairs join counting as one person, any other file as one of its own"
    };
    body.push_str(&paragraph(&format!(
        "{} files of {} people ({people}).",
        count(u64::try_from(findings.files).unwrap_or(u64::MAX)),
        count(u64::try_from(findings.people).unwrap_or(u64::MAX)),
    )));
    body.push_str(&paragraph(&findings.origin.as_ref().map_or_else(
        || "Which model made the scores is not known: nothing beside the table says it.".to_owned(),
        |origin| {
            format!(
                "Model {} (SHA-256 {}), calibration {}: supports above {}, does not support below {}.",
                escape(&origin.model_id),
                escape(&origin.model_sha256),
                escape(&origin.calibration_id),
                origin.supports_above,
                origin.does_not_support_below
            )
        },
    )));
    body.push_str(&paragraph(&format!("Table of scores: SHA-256 {}.", findings.table_sha256)));
    section("What was compared", &body)
}

/// Error rates at the product's bounds and at set false match rates.
pub(super) fn errors(findings: &Findings) -> String {
    let rows: Vec<Vec<String>> = findings
        .thresholds
        .iter()
        .map(|at| {
            let with_threshold = at.fnmr_with_threshold.map_or_else(String::new, |around| {
                format!("<small>{} with the threshold's own uncertainty</small>", interval(around))
            });
            vec![
                threshold_name(at.kind),
                threshold_place(at),
                rate(at.fmr),
                format!("{}{with_threshold}", rate(at.fnmr)),
            ]
        })
        .collect();
    let mut body = table(&["threshold", "score", "false match rate (FMR)", "false non-match rate (FNMR)"], &rows);
    body.push_str(&paragraph(&match (findings.equal_error_rate, findings.equal_error_rate_interval) {
        _ if findings.errorless.is_some() => errorless(findings),
        (Some(rate), Some(around)) => format!("Equal error rate: {} ({}, by people).", percent(rate), interval(around)),
        (Some(_), None) => "Equal error rate: too few for an interval, so not given.".to_owned(),
        _ => "Equal error rate: it needs mated and non-mated pairs with scores.".to_owned(),
    }));
    body.push_str(&paragraph(&format!(
        "Rates are of pairs with a score. Intervals (95 %) hold both Wilson's over pairs and a bootstrap's over people. Fewer than 30 errors determine a rate only roughly (rule of 30). {}",
        too_few()
    )));
    section("Error rates", &body)
}

fn errorless(findings: &Findings) -> String {
    findings.errorless.map_or_else(String::new, |[highest, lowest]| {
        format!(
            "No threshold from {highest:.4} to below {lowest:.4} makes an error: every mated pair scores higher than every \
             non-mated one, so there is no equal error rate but 0, and what these pairs can say is what \u{201c}at most\u{201d} says."
        )
    })
}

/// What the product would have said.
pub(super) fn bands(findings: &Findings) -> String {
    let rows: Vec<Vec<String>> = [
        ("supports", "supports"),
        ("inconclusive", "inconclusive"),
        ("does_not_support", "does not support"),
        ("not_possible", "not possible"),
    ]
    .into_iter()
    .map(|(code, name)| {
        let [non_mated, mated] = findings.bands.get(code).copied().unwrap_or_default();
        let [all_non_mated, all_mated] = findings.rows;
        let cell = |found: u64, all: u64| format!("{} of {}", count(found), count(all));
        vec![name.to_owned(), cell(mated, all_mated), cell(non_mated, all_non_mated)]
    })
    .collect();
    let text = "The product's own words for each pair, quality floors included. A non-mated pair under \
                \u{201c}supports\u{201d} is a false support, a mated one under \u{201c}does not support\u{201d} a false doubt.";
    let body = table(&["band", "mated", "non-mated"], &rows);
    section("What the product says", &format!("{body}{}", paragraph(text)))
}

/// The cost of likelihood ratios.
pub(super) fn likelihood(findings: &Findings) -> String {
    let mut body = String::new();
    let least = findings.minimum_cllr;
    body.push_str(&paragraph(&least.map_or_else(
        || "Cllr needs mated and non-mated pairs with scores.".to_owned(),
        |least| {
            format!(
                "Minimum Cllr of all scores: {least:.4} bits: the cost of the best monotone likelihood ratios (pool \
                 adjacent violators), which only overlap of the scores causes. 0 is perfect, 1 says nothing. It is \
                 fitted and judged on the same pairs, hence a bound and not a promise."
            )
        },
    )));
    body.push_str(&paragraph(&findings.calibration.as_ref().map_or_else(
        || {
            "No calibration is judged: on at least one half of the people a kind is missing, or a threshold separates the \
             kinds, and then any steepness fits."
                .to_owned()
        },
        |calibration| {
            let [non_mated, mated] = calibration.judged;
            let [left_non_mated, left_mated] = calibration.left_out;
            format!(
                "Cllr {:.4}, of which {:.4} is calibration: logistic regression on one half of the people, judged on the \
                 other half, both ways, on {} mated and {} non-mated pairs; {} pairs of people from both halves are left \
                 out. Expected calibration error (ECE, ten bins, both kinds weighing the same): {:.4}. This calibration is \
                 the report's own yardstick, not the product's.",
                calibration.cllr,
                calibration.cllr - calibration.minimum_cllr,
                count(mated),
                count(non_mated),
                count(left_non_mated + left_mated),
                calibration.expected_calibration_error
            )
        },
    )));
    section("Likelihood ratios", &body)
}

/// Accuracy by folds.
pub(super) fn folds(findings: &Findings) -> String {
    let Some(folds) = findings.folds else { return String::new() };
    let text = format!(
        "{} folds: mean accuracy {:.4}, standard error {:.4}; the threshold of each fold is the best one of all others. \
         {} of {} rows have no score and count as errors ({}).",
        folds.folds,
        folds.mean,
        folds.standard_error,
        count(folds.failed),
        count(folds.rows),
        percent(part(folds.failed, folds.rows))
    );
    section("Accuracy by cross-validation", &paragraph(&text))
}

/// Why there is no score, or no opinion.
pub(super) fn failures(findings: &Findings) -> String {
    let rows = |counts: &BTreeMap<String, Kinds>| {
        let row = |(reason, kinds): (&String, &Kinds)| two(&escape(reason), *kinds);
        counts.iter().map(row).collect::<Vec<_>>()
    };
    let mut body = String::new();
    for (title, counts) in [("no score", &findings.failed), ("a score, but no opinion", &findings.refused)] {
        if counts.is_empty() {
            body.push_str(&paragraph(&format!("Rows with {title}: none.")));
        } else {
            body.push_str(&table(&[title, "mated", "non-mated"], &rows(counts)));
        }
    }
    section("Failures to acquire, and refusals", &body)
}

/// Definitions, and a place to sign.
pub(super) fn method(findings: &Findings) -> String {
    let tabulated = if findings.not_tabulated == 0 {
        String::new()
    } else {
        format!(" {} rows belong to conditions or groups beyond what is tabulated.", count(findings.not_tabulated))
    };
    let text = [
        "Terms follow ISO/IEC 19795-1. A comparison passes a threshold when its score is above it. FMR: non-mated pairs \
         above, as a part of all non-mated pairs with a score. FNMR: mated pairs not above. Failure to acquire: no score, \
         because a file cannot be used or shows no face; such rows are counted apart and are in no rate but the accuracy \
         by folds.",
        "\u{201c}FMR of 0.001\u{201d} is the lowest threshold with at most so many false matches; it is set only where the \
         non-mated pairs allow at least one. The equal error rate is where the curve, its points joined by straight lines, \
         has both rates equal.",
        "Bootstrap: as many people as there are, drawn with replacement; a mated pair counts as often as its person was \
         drawn, a non-mated pair as often as both were, multiplied; up to 1,000 times, fewer where there are very many \
         people, always the same draws. Bounds without an error are exact and one-sided.",
        "What could have been found: the least true rate that would have shown an error with 95 % certainty, and the \
         least rate that a two-sided test at 5 % tells from that of all rows with 80 % certainty (difference of arcsines \
         of roots, pairs taken as independent, so truly somewhat more). With many groups some differ by chance.",
    ];
    let mut body: String = text.iter().map(|text| paragraph(text)).collect();
    if !tabulated.is_empty() {
        body.push_str(&paragraph(&tabulated));
    }
    body.push_str(&paragraph("Signed: ______________________ &nbsp; Date: ______________"));
    section("Method", &body)
}
