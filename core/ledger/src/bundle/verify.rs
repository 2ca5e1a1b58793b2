//! The outsider's check of a bundle, without any server.
//!
//! Nothing is believed because the bundle says so: every hash is computed again and every key comes from
//! the reader's [`Trust`]. A failure never hides another where both can be found.

use std::collections::BTreeSet;

use super::force::{Ended, ForceRecord};
use super::logs::{CheckedLog, Cosigners, check_entries, check_event_ids, check_log};
use super::manifest::{MANIFEST_PATH, Manifest};
use super::opening::{OpenedEntry, open_log};
use super::recipients::check_recipients;
use super::report::{Problem, Report};
use super::trust::{Trust, TrustedLog};
use super::{Files, log_folder};
use crate::checkpoint::Checkpoint;
use crate::note::{SignedNote, VerifierKey};
use crate::parallel::in_chunks;
use crate::seal::RecipientPrivateKey;
use crate::{Hash, Origin};

/// How far the force's clock may be ahead of a witness's, in seconds.
const WITNESS_TOLERANCE_S: u64 = 5 * 60;

/// What to check besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// The force log's checkpoint that the reader saw last.
    pub last_seen: Option<&'a Checkpoint>,
    /// A recipient's keys, one for each period, to open bodies with.
    pub open: &'a [RecipientPrivateKey],
}

/// Checks a bundle. What opens with the given keys is handed to `on_entry`, log by log, in order.
pub fn verify(
    files: &Files,
    trust: &Trust,
    options: VerifyOptions<'_>,
    on_entry: &mut dyn FnMut(OpenedEntry<'_>),
) -> Report {
    let mut report = Report::new();
    check_manifest(files, trust, &mut report);
    check_folders(files, trust, &mut report);
    let witnesses: Vec<_> = trust.witnesses.iter().cloned().chain([trust.gateway.clone()]).collect();
    let cosigners = Cosigners { keys: &witnesses, strangers: true };
    let force = check_log(files, &trust.force_log, cosigners, &mut report);
    let mut logs = check_logs(files, trust, &mut report);
    check_event_ids(&logs.iter().map(|(_, log)| log).collect::<Vec<_>>(), &mut report);
    if let Some(force) = &force {
        check_witnesses(force, trust, &mut report);
        let record = ForceRecord::read(force, trust, &mut report);
        check_witness_times(force, trust, record.last_time(), &mut report);
        check_last_seen(force, &record, trust, options.last_seen, &mut report);
        for (trusted, log) in &mut logs {
            record.check(trusted, log, trust, &mut report);
        }
        record.check_unknown(trust, &mut report);
        record.remark_given_up(&mut report);
        let texts = |log: &Origin| log.as_str().to_owned();
        report.replaces = record.replacements().map(|(log, before)| (texts(log), texts(before))).collect();
        report.restores = record.restores();
        report.beacons = record.into_beacons();
    }
    for (_, log) in &logs {
        check_recipients(log, trust, &mut report);
    }
    if options.open.is_empty() {
        let what = "what the entries say (alerts, decisions, shifts, receipts): no key given to open them";
        report.not_checked(None, what, false);
    } else {
        for (_, log) in &logs {
            open_log(log, options.open, on_entry, &mut report);
        }
    }
    report.conclude();
    report
}

/// The trusted logs other than the force log, checked side by side, reported in the trust file's order.
fn check_logs<'a, 't>(
    files: &'a Files,
    trust: &'t Trust,
    report: &mut Report,
) -> Vec<(&'t TrustedLog, CheckedLog<'a>)> {
    let cosigners = Cosigners { keys: std::slice::from_ref(&trust.gateway), strangers: false };
    let parts = in_chunks(&trust.logs, 1, |_, part| {
        let check = |trusted: &'t TrustedLog| {
            let mut found = Report::new();
            let mut checked = check_log(files, trusted, cosigners, &mut found);
            if let Some(log) = &mut checked {
                check_entries(log, &mut found);
            }
            (trusted, checked, found)
        };
        part.iter().map(check).collect::<Vec<_>>()
    });
    let mut logs = Vec::new();
    for (trusted, checked, found) in parts.into_iter().flatten() {
        report.absorb(found);
        logs.extend(checked.map(|log| (trusted, log)));
    }
    logs
}

fn check_manifest(files: &Files, trust: &Trust, report: &mut Report) {
    let note = files.get(MANIFEST_PATH).and_then(|bytes| SignedNote::parse(bytes).ok());
    let Some((note, manifest)) = note.and_then(|note| {
        let manifest = Manifest::parse(note.text())?;
        Some((note, manifest))
    }) else {
        report.fail(Some(MANIFEST_PATH), None, Problem::ManifestForm);
        return;
    };
    let signed = note.verify_every_line(std::slice::from_ref(&trust.manifest)).is_ok();
    if !signed || manifest.name != trust.manifest.name() {
        report.fail(Some(MANIFEST_PATH), None, Problem::ManifestSignature);
        return;
    }
    report.made_at_s = Some(manifest.made_at_s);
    report.checked(None, "signature on the manifest", 1);
    let before = report.failures;
    for (path, problem) in differing_files(files, &manifest) {
        report.fail(Some(path), None, problem);
    }
    let known = |path: &String| path == MANIFEST_PATH || manifest.files.contains_key(path);
    for path in files.keys().filter(|path| !known(path)) {
        report.fail(Some(path), None, Problem::FileAdditional);
    }
    if report.failures == before {
        report.checked(None, "files equal to the manifest", manifest.files.len() as u64);
    }
}

/// Files of the manifest that are missing or changed, by path.
fn differing_files<'a>(files: &Files, manifest: &'a Manifest) -> Vec<(&'a str, Problem)> {
    // Every other file of those by size: then two halves have about the same to hash.
    let mut named: Vec<_> = manifest.files.iter().map(|(path, hash)| (path, hash, files.get(path))).collect();
    named.sort_by_key(|(_, _, bytes)| bytes.map_or(0, Vec::len));
    let (even, odd): (Vec<_>, Vec<_>) = (0..).zip(named).partition(|(at, _)| at % 2 == 0);
    let dealt: Vec<_> = even.into_iter().chain(odd).map(|(_, file)| file).collect();
    let found = in_chunks(&dealt, 2, |_, part| {
        let problem = |(path, hash, bytes): &(&'a String, &Hash, Option<&Vec<u8>>)| match bytes {
            None => Some((path.as_str(), Problem::FileMissing)),
            Some(bytes) if Hash::of(&[bytes]) != **hash => Some((path.as_str(), Problem::FileChanged)),
            Some(_) => None,
        };
        part.iter().filter_map(problem).collect::<Vec<_>>()
    });
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(path, _)| *path);
    found
}

/// Every file lies in the folder of a log that the reader knows.
fn check_folders(files: &Files, trust: &Trust, report: &mut Report) {
    let all = trust.logs.iter().chain(std::iter::once(&trust.force_log));
    let folders: BTreeSet<String> = all.map(|log| log_folder(&log.origin)).collect();
    let mut unknown = BTreeSet::new();
    for path in files.keys().filter(|path| *path != MANIFEST_PATH) {
        let mut parts = path.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("logs"), Some(name), Some(_)) => {
                let folder = format!("logs/{name}");
                if !folders.contains(&folder) {
                    unknown.insert(folder);
                }
            }
            _ => report.fail(Some(path), None, Problem::FileUnplaced),
        }
    }
    for folder in unknown {
        report.not_checked(None, format!("{folder}: a log that the trust file does not name"), true);
    }
}

/// Witnesses that have not cosigned yet leave the check open: the log may have grown since, or one of them be away. A line
/// of theirs that does not hold was found with the checkpoint's other lines, and is a failure.
fn check_witnesses(force: &CheckedLog<'_>, trust: &Trust, report: &mut Report) {
    let (cosigned, missing): (Vec<_>, Vec<_>) = trust.witnesses.iter().partition(|key| force.is_signed_by(key));
    let names = |keys: &[&VerifierKey]| keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(", ");
    let (name, required) = (Some(force.origin.as_str()), trust.witnesses_required);
    if required == 0 {
        let (why, expected) = match &trust.without_witnesses {
            Some(reason) => (format!("the trust file does without, and says why: {reason}"), false),
            None => ("the trust file asks for none and does not say why".to_owned(), true),
        };
        report.not_checked(None, format!("outside witnesses: {why}"), expected);
    } else if cosigned.len() < required {
        let by = if cosigned.is_empty() { String::new() } else { format!(" ({})", names(&cosigned)) };
        let what =
            format!("{} of {required} witnesses asked for cosigned{by}; not yet: {}", cosigned.len(), names(&missing));
        report.not_checked(name, format!("outside witnesses: {what}"), true);
    } else {
        report.checked(name, "cosignatures by outside witnesses", cosigned.len() as u64);
    }
}

/// Witnesses tell the time besides: what they cosigned was there by then, whatever the force says.
fn check_witness_times(force: &CheckedLog<'_>, trust: &Trust, last_leaf_s: u64, report: &mut Report) {
    let name = force.origin.as_str();
    let times = trust.witnesses.iter().filter_map(|key| force.cosigned_at_s(key));
    let Some(latest) = times.max() else { return };
    if last_leaf_s > latest.saturating_add(WITNESS_TOLERANCE_S) {
        report.fail(Some(name), None, Problem::WitnessTime);
    } else {
        report.checked(Some(name), "times not later than the latest witness's", 1);
    }
    let (gap, order) =
        if latest >= last_leaf_s { (latest - last_leaf_s, "before") } else { (last_leaf_s - latest, "after") };
    report.remarks.push(format!("the force log's last leaf states a time {gap} s {order} the latest witness's"));
}

fn check_last_seen(
    force: &CheckedLog<'_>,
    record: &ForceRecord,
    trust: &Trust,
    last_seen: Option<&Checkpoint>,
    report: &mut Report,
) {
    let name = force.origin.as_str();
    let Some(seen) = last_seen else {
        report.not_checked(Some(name), "consistency with an earlier visit: no earlier checkpoint given", false);
        return;
    };
    let ended = record.ended(&seen.origin, &trust.force_domain).filter(|_| seen.origin != force.origin);
    let kept = if seen.origin == force.origin { Some(u64::MAX) } else { ended.map(|ended| ended.kept) };
    let continues = kept.is_some_and(|kept| seen.size <= kept) && force.root_at(seen.size) == Some(seen.root);
    let lost = ended.filter(|ended| ended.kept < seen.size && ended.may_have_had(seen));
    if continues {
        report.checked(Some(name), "continues the checkpoint seen before", 1);
    } else if let Some(Ended { kept, .. }) = lost {
        let what = "leaves seen before, which the force says it lost when it put its store back from a backup";
        report.not_checked(Some(name), format!("{} {what}", seen.size - kept), true);
    } else {
        report.fail(Some(name), None, Problem::Consistency);
    }
}
