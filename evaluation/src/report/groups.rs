//! Tables by condition and by group.

use crate::findings::{AtThreshold, Findings, Group, Kinds, ThresholdKind};
use crate::report::numbers::{count, percent, rate, threshold_place, too_few};
use peel_sheet::{escape, paragraph, section, table};

fn name(group: &Group) -> String {
    escape(&group.names.join(" / "))
}

fn failed(group: &Group) -> String {
    let part = |place: usize| {
        let of = |kinds: Kinds| kinds.get(place).copied().unwrap_or(0);
        format!("{} of {}", count(of(group.failed)), count(of(group.rows)))
    };
    format!("{}<small>non-mated {}</small>", part(1), part(0))
}

fn at(group: &Group, kind: ThresholdKind) -> Option<&AtThreshold> {
    group.thresholds.iter().find(|at| at.kind == kind)
}

/// The error rates under each condition.
pub(super) fn conditions(findings: &Findings) -> String {
    if findings.conditions.is_empty() {
        return section("By condition", &paragraph("The table has no column `condition`."));
    }
    let row = |group: &Group| {
        let supports = at(group, ThresholdKind::SupportsAbove);
        let own = group.own.as_ref();
        vec![
            name(group),
            failed(group),
            rate(supports.and_then(|at| at.fnmr)),
            rate(supports.and_then(|at| at.fmr)),
            own.map_or_else(String::new, threshold_place),
            rate(own.and_then(|at| at.fnmr)),
        ]
    };
    let rows: Vec<Vec<String>> = findings.conditions.iter().map(row).collect();
    let head = [
        "condition",
        "failed to acquire (mated)",
        "FNMR at \u{201c}supports\u{201d}",
        "FMR at \u{201c}supports\u{201d}",
        "own score for FMR 0.001",
        "FNMR there",
    ];
    let text = "The last two columns set the threshold on the condition's own non-mated pairs; its interval takes that \
                threshold as given.";
    section("By condition", &format!("{}{}", table(&head, &rows), paragraph(text)))
}

/// The error rates of each pair of groups, with what could have been found at all.
pub(super) fn groups(findings: &Findings) -> String {
    if findings.groups.is_empty() {
        let text = "The table has no columns `group1` and `group2`. Whether the check serves all groups alike is not \
                    answered by this report.";
        return section("By group", &paragraph(text));
    }
    let found = |[non_mated, mated]: [Option<f64>; 2]| {
        let word = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
        format!("FNMR {}<small>FMR {}</small>", word(mated), word(non_mated))
    };
    let row = |group: &Group| {
        let supports = at(group, ThresholdKind::SupportsAbove);
        vec![
            name(group),
            failed(group),
            rate(supports.and_then(|at| at.fnmr)),
            rate(supports.and_then(|at| at.fmr)),
            found(group.detectable),
            found(group.detectable_rise),
        ]
    };
    let rows: Vec<Vec<String>> = findings.groups.iter().map(row).collect();
    let head = [
        "groups of the two people",
        "failed to acquire (mated)",
        "FNMR at \u{201c}supports\u{201d}",
        "FMR at \u{201c}supports\u{201d}",
        "least rate that would have shown",
        "least rate told from all rows'",
    ];
    let text = format!(
        "Where a group's least rate that would have been told is far above the rate of all rows, this test could not have \
         found a difference, and finding none means nothing. {}",
        too_few()
    );
    section("By group", &format!("{}{}", table(&head, &rows), paragraph(&text)))
}
