//! Two bundles of one force, side by side: has each log only grown?
//!
//! What is compared was signed by the log both times, so a fork or a rollback is evidence by itself: the two signed
//! checkpoints cannot both be honest. Whether each bundle is sound beyond that is for `verify` to say.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::force::Ended;
use super::logs::{CheckedLog, Cosigners, check_log};
use super::manifest::{MANIFEST_PATH, Manifest};
use super::report::{Report, Verdict};
use super::trust::{Trust, TrustedLog};
use super::{Files, log_folder};
use crate::Origin;
use crate::force_log::{Change, ForceLeaf};
use crate::note::SignedNote;

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
    let cosigners = Cosigners { keys: &witnesses, strangers: true };
    logs.extend(relation(older, newer, [first, &trust.force_log], cosigners, &trust.force_domain));
    let gateway = Cosigners { keys: std::slice::from_ref(&trust.gateway), strangers: false };
    for trusted in &trust.logs {
        logs.extend(relation(older, newer, [trusted; 2], gateway, &trust.force_domain));
    }
    // What the restore took away stands there as a loss; entries that were replaced are no loss, nor are those that the
    // newer force log itself says the force has.
    if logs.iter().any(|log| log.relation == Relation::BegunAnew) {
        let accepted = accepted(newer, &trust.force_log, cosigners);
        for log in &mut logs {
            let there = log.newer.as_ref().map_or(0, |seen| seen.size);
            let taken = matches!(log.relation, Relation::RolledBack | Relation::Gone)
                && accepted.get(&log.log).is_none_or(|accepted| *accepted <= there);
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

/// Whether a force log says that its former self ended, and has the same leaves before it says so.
fn says_so(first: &CheckedLog<'_>, second: &CheckedLog<'_>, force_domain: &str) -> bool {
    let epoch = |origin: &Origin| origin.force_log_epoch(force_domain);
    let ended = (0_u64..).zip(&second.view.entries).find_map(|(kept, bytes)| match ForceLeaf::decode(bytes) {
        Ok(ForceLeaf::Change { change: Change::ForceLogEnded { origin, size, root, .. }, .. }) => {
            Some(Ended { origin, size, root, kept }).filter(|ended| epoch(&ended.origin) >= epoch(&first.origin))
        }
        _ => None,
    });
    let same_before = |kept| difference(first, second).is_none_or(|at| at >= kept);
    ended.is_some_and(|ended| same_before(ended.kept) && ended.may_have_had(&first.checkpoint))
}

/// How much of each log a force log says that the force accepted.
fn accepted(newer: &Files, trusted: &TrustedLog, cosigners: Cosigners<'_>) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    let Some(force) = check_log(newer, trusted, cosigners, &mut Report::new()) else { return sizes };
    for bytes in &force.view.entries {
        if let Ok(ForceLeaf::Checkpoint(leaf)) = ForceLeaf::decode(bytes) {
            let size = sizes.entry(leaf.origin.to_string()).or_insert(0);
            *size = leaf.size.max(*size);
        }
    }
    sizes
}

fn relation(
    older: &Files,
    newer: &Files,
    [in_the_older, trusted]: [&TrustedLog; 2],
    cosigners: Cosigners<'_>,
    force_domain: &str,
) -> Option<LogRelation> {
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
            let anew = in_the_older.origin != trusted.origin && says_so(first, second, force_domain);
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
