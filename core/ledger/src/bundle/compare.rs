//! Two bundles of one force, side by side: has each log only grown?
//!
//! What is compared was signed by the log both times, so a fork or a rollback is evidence by itself: the two signed
//! checkpoints cannot both be honest. Whether each bundle is sound beyond that is for `verify` to say.

use std::collections::BTreeSet;

use serde::Serialize;

use super::logs::{CheckedLog, Cosigners, check_log};
use super::manifest::{MANIFEST_PATH, Manifest};
use super::report::{Report, Verdict};
use super::trust::{Trust, TrustedLog};
use super::{Files, log_folder};
use crate::Origin;
use crate::checkpoint::Checkpoint;
use crate::force_log::{Change, ForceLeaf};
use crate::note::{SignedNote, VerifierKey};

/// How a log of the newer bundle stands to that of the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same entries.
    Same,
    /// All the older entries and then more.
    Grown,
    /// Fewer entries, all of which the older bundle has: the end was cut off.
    RolledBack,
    /// Entries that were there have been replaced.
    Forked,
    /// Only in the newer bundle.
    Added,
    /// Only in the older bundle.
    Gone,
    /// The newer goes on under another name since the force's store was put back from a backup, and says so: what the
    /// older had from the first difference on is lost.
    BegunAnew,
    /// Shorter, or not there any more, since the force's store was put back from a backup, as its own log says: what the
    /// older had beyond is lost.
    Lost,
    /// Not sound by itself in one of the two, so there is nothing to compare.
    Unsound,
}

/// What a log's signed checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Entries.
    pub size: u64,
    /// Root, in hexadecimal.
    pub root: String,
}

/// One log in the two bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRelation {
    /// Its origin.
    pub log: String,
    /// How the newer stands to the older.
    pub relation: Relation,
    /// What was signed in the older bundle, if it is sound.
    pub older: Option<Seen>,
    /// What was signed in the newer bundle, if it is sound.
    pub newer: Option<Seen>,
    /// The first position at which two forks differ.
    pub first_difference: Option<u64>,
}

/// What a comparison of two bundles found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Good if every log is the same, grown or new; tampered if one was rolled back, forked or is gone.
    pub verdict: Verdict,
    /// Every log that either bundle has, the force log first.
    pub logs: Vec<LogRelation>,
    /// How many logs are in a bundle that the trust file does not name.
    pub unknown: u64,
    /// What is worth knowing and no failure.
    pub remarks: Vec<String>,
}

/// Compares two bundles under one trust file.
pub fn compare(older: &Files, newer: &Files, trust: &Trust) -> Comparison {
    let mut witnesses = trust.witnesses.clone();
    witnesses.push(trust.gateway.clone());
    let mut logs: Vec<LogRelation> = Vec::new();
    let former = former(older, trust);
    let first = former.as_ref().unwrap_or(&trust.force_log);
    logs.extend(relation(older, newer, [first, &trust.force_log], &witnesses, true));
    for trusted in &trust.logs {
        logs.extend(relation(older, newer, [trusted; 2], std::slice::from_ref(&trust.gateway), false));
    }
    // What the restore took away stands there as a loss; entries that were replaced are no loss.
    if logs.iter().any(|log| log.relation == Relation::BegunAnew) {
        for log in &mut logs {
            let taken = matches!(log.relation, Relation::RolledBack | Relation::Gone);
            log.relation = if taken { Relation::Lost } else { log.relation };
        }
    }
    let unknown = unknown_folders(older, newer, trust, former.as_ref());
    let has = |wanted: &[Relation]| logs.iter().any(|log| wanted.contains(&log.relation));
    let verdict = if has(&[Relation::RolledBack, Relation::Forked, Relation::Gone]) {
        Verdict::Tampered
    } else if has(&[Relation::Unsound, Relation::BegunAnew, Relation::Lost]) || unknown > 0 || logs.is_empty() {
        Verdict::Incomplete
    } else {
        Verdict::Good
    };
    let mut remarks = Vec::new();
    if let (Some(older), Some(newer)) = (made_at_s(older, trust), made_at_s(newer, trust))
        && older > newer
    {
        remarks.push("the bundle given as the older states the later time: were the two swapped?".to_owned());
    }
    Comparison { verdict, logs, unknown, remarks }
}

/// The force log of the older bundle, where it has another name than now.
fn former(older: &Files, trust: &Trust) -> Option<TrustedLog> {
    let name = |path: &String| Some(path.strip_prefix("logs/")?.strip_suffix("/checkpoint")?.to_owned());
    let origins = older.keys().filter_map(name);
    let origins = origins.filter_map(|name| Origin::new(format!("{}/peel/{name}", trust.force_domain)).ok());
    origins.filter(|origin| *origin != trust.force_log.origin).find_map(|origin| trust.force_log_at(&origin))
}

/// Whether a force log says, where it first differs from its former self, that this one ended.
fn says_so(first: &CheckedLog<'_>, second: &CheckedLog<'_>) -> bool {
    let at = difference(first, second).unwrap_or(first.checkpoint.size);
    let entries = second.view.entries.iter().skip(usize::try_from(at).unwrap_or(usize::MAX));
    let mut ended = entries.filter_map(|bytes| match ForceLeaf::decode(bytes) {
        Ok(ForceLeaf::Change { change: Change::ForceLogEnded { origin, size, root, .. }, .. }) => {
            Some((origin, size, root))
        }
        _ => None,
    });
    let Checkpoint { origin, size, root } = &first.checkpoint;
    ended
        .any(|(named, last, at)| named == *origin && last >= *size && (last > *size || at.is_none_or(|at| at == *root)))
}

fn relation(
    older: &Files,
    newer: &Files,
    [in_the_older, trusted]: [&TrustedLog; 2],
    cosigners: &[VerifierKey],
    strangers: bool,
) -> Option<LogRelation> {
    let cosigners = Cosigners { keys: cosigners, strangers };
    let there =
        |files: &Files, log: &TrustedLog| files.contains_key(&format!("{}/checkpoint", log_folder(&log.origin)));
    let (in_older, in_newer) = (there(older, in_the_older), there(newer, trusted));
    let read = |files, log, there: bool| {
        if there { check_log(files, log, cosigners, &mut Report::new()) } else { None }
    };
    let (first, second) = (read(older, in_the_older, in_older), read(newer, trusted, in_newer));
    let mut first_difference = None;
    let relation = match (in_older, in_newer, &first, &second) {
        (false, false, ..) => return None,
        (true, true, Some(first), Some(second)) => {
            first_difference = difference(first, second);
            let shorter = second.checkpoint.size.cmp(&first.checkpoint.size);
            let anew = in_the_older.origin != trusted.origin && says_so(first, second);
            match (first_difference, shorter) {
                _ if anew => Relation::BegunAnew,
                (Some(_), _) => Relation::Forked,
                (None, std::cmp::Ordering::Equal) => Relation::Same,
                (None, std::cmp::Ordering::Greater) => Relation::Grown,
                (None, std::cmp::Ordering::Less) => Relation::RolledBack,
            }
        }
        (false, true, _, Some(_)) => Relation::Added,
        (true, false, Some(_), _) => Relation::Gone,
        _ => Relation::Unsound,
    };
    let log = trusted.origin.to_string();
    Some(LogRelation { log, relation, older: seen(first.as_ref()), newer: seen(second.as_ref()), first_difference })
}

/// The first position that both have and at which they differ.
fn difference(first: &CheckedLog<'_>, second: &CheckedLog<'_>) -> Option<u64> {
    let pairs = first.view.leaves().iter().zip(second.view.leaves());
    (0..).zip(pairs).find(|(_, (first, second))| first != second).map(|(at, _)| at)
}

fn seen(log: Option<&CheckedLog<'_>>) -> Option<Seen> {
    let checkpoint = &log?.checkpoint;
    Some(Seen { size: checkpoint.size, root: checkpoint.root.to_hex() })
}

fn unknown_folders(older: &Files, newer: &Files, trust: &Trust, former: Option<&TrustedLog>) -> u64 {
    let all = trust.logs.iter().chain(std::iter::once(&trust.force_log)).chain(former);
    let known: BTreeSet<String> = all.map(|log| log_folder(&log.origin)).collect();
    let folder = |path: &str| {
        let (name, _) = path.strip_prefix("logs/")?.split_once('/')?;
        Some(format!("logs/{name}"))
    };
    let found: BTreeSet<String> = older.keys().chain(newer.keys()).filter_map(|path| folder(path)).collect();
    found.difference(&known).count() as u64
}

fn made_at_s(files: &Files, trust: &Trust) -> Option<u64> {
    let note = SignedNote::parse(files.get(MANIFEST_PATH)?).ok()?;
    note.verify(std::slice::from_ref(&trust.manifest)).ok()?;
    Some(Manifest::parse(note.text())?.made_at_s)
}
