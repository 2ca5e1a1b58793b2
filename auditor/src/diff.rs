//! The `diff` command: two bundles of one force, log by log.

use std::fmt::Write as _;

use peel_ledger::bundle::{Comparison, LogRelation, Relation, Seen, Verdict, compare};

use crate::args::{DiffArgs, Format};
use crate::error::AuditError;
use crate::files::read_bundle;
use crate::{exit_code, print, print_json, read_trust};

pub(crate) fn run(options: &DiffArgs) -> Result<u8, AuditError> {
    let trust = read_trust(&options.trust)?;
    let (older, newer) = (read_bundle(&options.older)?, read_bundle(&options.newer)?);
    let found = compare(&older, &newer, &trust);
    match options.format {
        Format::Text => print(&render(&found))?,
        Format::Json => print_json(&found)?,
    }
    Ok(exit_code(found.verdict))
}

/// Writing to a string cannot fail.
fn render(found: &Comparison) -> String {
    let mut out = String::new();
    for log in &found.logs {
        let _ = writeln!(out, "{}: {}", log.log, in_words(log));
        for (name, seen) in [("older", &log.older), ("newer", &log.newer)] {
            if let Some(Seen { size, root }) = seen {
                let _ = writeln!(out, "  {name}: {size} entries, root {root}");
            }
        }
    }
    if found.unknown > 0 {
        let _ = writeln!(out, "{} logs that the trust file does not name were not compared", found.unknown);
    }
    for remark in &found.remarks {
        let _ = writeln!(out, "Remark: {remark}");
    }
    let _ = writeln!(out, "\n{}", conclusion(found.verdict));
    out
}

fn in_words(log: &LogRelation) -> String {
    let sizes = log.older.as_ref().zip(log.newer.as_ref()).map(|(older, newer)| (older.size, newer.size));
    match (log.relation, sizes, log.first_difference) {
        (Relation::Same, ..) => "the same".to_owned(),
        (Relation::Grown, Some((older, newer)), _) => format!("grown by {} entries", newer.saturating_sub(older)),
        (Relation::RolledBack, Some((older, newer)), _) => {
            format!("ROLLED BACK: the last {} entries are gone", older.saturating_sub(newer))
        }
        (Relation::Forked, _, Some(at)) => format!("FORKED: entry {at} and all after it were replaced"),
        (Relation::BegunAnew, Some((older, _)), at) => match older.saturating_sub(at.unwrap_or(older)) {
            0 => "begun anew after a restore of the force's store; all of the older is there".to_owned(),
            lost => format!("begun anew after a restore of the force's store: LOST the last {lost} of the older"),
        },
        (Relation::BegunAnew, ..) => "begun anew".to_owned(),
        (Relation::Lost, Some((older, newer)), _) => {
            let lost = older.saturating_sub(newer);
            format!("LOST the last {lost} of the older in the restore of the force's store")
        }
        (Relation::Lost, ..) => "LOST in the restore of the force's store".to_owned(),
        (Relation::Grown, ..) => "grown".to_owned(),
        (Relation::RolledBack, ..) => "ROLLED BACK".to_owned(),
        (Relation::Forked, ..) => "FORKED".to_owned(),
        (Relation::Added, ..) => "new".to_owned(),
        (Relation::Gone, ..) => "GONE: it is not in the newer bundle".to_owned(),
        (Relation::Unsound, ..) => "not compared: not sound by itself (run verify on each bundle)".to_owned(),
    }
}

const fn conclusion(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "GOOD: nothing that was on record has changed or gone.",
        Verdict::Tampered => {
            "TAMPERED: the record was changed after it was shown. Keep both bundles: their signed checkpoints are the evidence."
        }
        Verdict::Incomplete => "INCOMPLETE: nothing that could be compared has changed, but not everything could be.",
    }
}
