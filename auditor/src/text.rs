//! The findings in plain words, for someone who checks police records and not computers.

use std::fmt::Write as _;

use peel_domain::event::HoldEnd;
use peel_ledger::bundle::{Report, Verdict};

use crate::holds::HoldRow;
use crate::names::Names;
use crate::trail::{AlertEnd, OfficerSignature, TrailReport};
use crate::verify::Findings;

/// The whole text. Writing to a string cannot fail.
pub(crate) fn render(findings: &Findings) -> String {
    let mut out = String::new();
    let names = Names::of(&findings.bundle);
    let _ = write_report(&mut out, &findings.bundle);
    if let Some(trail) = &findings.trail {
        let _ = write_trail(&mut out, trail);
    }
    let _ = writeln!(out, "\n{}", conclusion(findings));
    plain(&format!("{}{}", names.legend(), names.shorten(&out)))
}

/// A bundle chooses its files' names: none of them may steer the terminal it is printed on.
fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

fn conclusion(findings: &Findings) -> String {
    match findings.verdict {
        Verdict::Good => format!("GOOD: everything that was asked for was checked, and holds.{}", outside(findings)),
        Verdict::Tampered => {
            let count = findings.bundle.failures + findings.trail.as_ref().map_or(0, |trail| trail.failed.len() as u64);
            format!("TAMPERED: {count} checks failed. Do not rely on this bundle; keep it as evidence.")
        }
        Verdict::Incomplete => {
            "INCOMPLETE: nothing failed, but something that should have been checked could not be.".to_owned()
        }
    }
}

/// What a good verdict does not cover, each kind once.
fn outside(findings: &Findings) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    let of_bundle = findings.bundle.not_checked.iter().map(|item| item.what.as_str());
    let of_trail = findings.trail.iter().flat_map(|trail| trail.not_checked.iter().map(String::as_str));
    for what in of_bundle.chain(of_trail) {
        if !kinds.contains(&what) {
            kinds.push(what);
        }
    }
    if kinds.is_empty() { String::new() } else { format!(" Not part of this verdict: {}.", kinds.join("; ")) }
}

fn write_report(out: &mut String, report: &Report) -> std::fmt::Result {
    let made = report.made_at_s.and_then(|at| i64::try_from(at).ok());
    let made = made.and_then(|at| chrono::DateTime::from_timestamp(at, 0));
    match made {
        Some(made) => writeln!(out, "Bundle made {}", made.format("%Y-%m-%d %H:%M:%S UTC"))?,
        None => writeln!(out, "Bundle with no readable date")?,
    }
    writeln!(out, "\nChecked, and holds:")?;
    for item in &report.checked {
        writeln!(out, "  {}: {} ({})", place(item.log.as_deref()), item.what, item.count)?;
    }
    if !report.failed.is_empty() {
        writeln!(out, "\nFailed:")?;
    }
    for item in &report.failed {
        let at = item.index.map(|index| format!(", entry {index}")).unwrap_or_default();
        writeln!(out, "  {}{at}: {}", place(item.place.as_deref()), item.text)?;
    }
    let unlisted = report.failures.saturating_sub(report.failed.len() as u64);
    if unlisted > 0 {
        writeln!(out, "  and {unlisted} more")?;
    }
    if !report.not_checked.is_empty() {
        writeln!(out, "\nNot checked:")?;
    }
    for item in &report.not_checked {
        let weight = if item.expected { "should have been possible" } else { "not asked for" };
        writeln!(out, "  {}: {} [{weight}]", place(item.log.as_deref()), item.what)?;
    }
    for remark in &report.remarks {
        writeln!(out, "\nRemark: {remark}")?;
    }
    Ok(())
}

fn write_trail(out: &mut String, trail: &TrailReport) -> std::fmt::Result {
    let clear: u64 = trail.receipts.iter().map(|row| row.offered).sum();
    let besides =
        if clear > 0 { format!("; {clear} more are receipts, which lie in the clear") } else { String::new() };
    writeln!(out, "\nOpened with your key: {} records{besides}", trail.entries)?;
    for row in &trail.alerts {
        let signed = row.signature.map_or("", signed);
        writeln!(out, "  {}: alert {} ({}): {}{signed}", row.log, row.alert_seq, row.alert_id, end(row.end))?;
    }
    for row in &trail.signatures {
        writeln!(
            out,
            "  {}: decisions signed by the officer {}, unsigned {}, wrongly signed {}, signatures not verified {}, \
             signed without their moment {}",
            row.log, row.verified, row.unsigned, row.wrong, row.not_verified, row.moment_not_bound
        )?;
    }
    writeln!(out, "  {} stops whose length agrees with the times of their entries", trail.stops_timed)?;
    for row in &trail.shifts {
        writeln!(out, "  {}: {} shifts begun, {} ended", row.log, row.started, row.ended)?;
    }
    for row in &trail.receipts {
        writeln!(out, "  {}: {} receipts offered, each committed to on record", row.log, row.offered)?;
    }
    for row in &trail.holds {
        write_hold(out, row)?;
    }
    for row in &trail.carried {
        writeln!(out, "  {}: {} entries that {} carries, counted as its own", row.of, row.entries, row.log)?;
    }
    for (title, lines) in [
        ("Failed in the records", &trail.failed),
        ("Not concluded in the records", &trail.open),
        ("Not checked in the records", &trail.not_checked),
    ] {
        if !lines.is_empty() {
            writeln!(out, "\n{title}:")?;
        }
        for line in lines {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn write_hold(out: &mut String, row: &HoldRow) -> std::fmt::Result {
    let until = chrono::DateTime::from_timestamp_millis(row.until_ms);
    let until = until.map_or_else(|| "no readable date".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
    let end = match row.end {
        Some(HoldEnd::DateReached) => "ended at its date",
        Some(HoldEnd::BySupervisor) => "ended by a supervisor",
        None => "not ended",
    };
    let (images, alert) = (row.images.len(), row.alert_id.as_deref().unwrap_or("none"));
    writeln!(out, "  evidence hold {}: {images} images of alert {alert}, until {until}, {end}", row.hold_id)
}

fn place(name: Option<&str>) -> &str {
    name.unwrap_or("the bundle")
}

const fn signed(signature: OfficerSignature) -> &'static str {
    match signature {
        OfficerSignature::Verified => ", signed by the officer",
        OfficerSignature::Unsigned => ", unsigned",
        OfficerSignature::Wrong => ", WRONGLY SIGNED",
        OfficerSignature::MomentNotBound => ", signed by the officer, at this moment or another",
        OfficerSignature::NotVerified => ", carries a signature that was not verified",
    }
}

const fn end(end: AlertEnd) -> &'static str {
    match end {
        AlertEnd::Engaged => "decided: engage",
        AlertEnd::NotEngaged => "decided: do not engage",
        AlertEnd::PassedOn => "decided: pass to another officer",
        AlertEnd::Observed => "decided: observe only",
        AlertEnd::NoDecision => "no_decision: time ran out",
        AlertEnd::Overtaken => "withdrawn, superseded or a duplicate before a decision",
        AlertEnd::Refused => "refused by the phone, with its reason on record",
        AlertEnd::Open => "OPEN: neither a decision nor no_decision",
    }
}
