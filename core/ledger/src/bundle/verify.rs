//! The outsider's check of a bundle, without any server.
//!
//! Nothing is believed because the bundle says so: every hash is computed again and every key comes from
//! the reader's [`Trust`]. A failure never hides another where both can be found.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::logs::{CheckedLog, check_entries, check_log, roots_at};
use super::manifest::{MANIFEST_PATH, Manifest};
use super::report::{Problem, Report};
use super::trust::{Trust, TrustedLog};
use super::{Files, log_folder};
use crate::checkpoint::Checkpoint;
use crate::entry::{CipherSuite, EntryHeader};
use crate::force_log::{Change, CheckpointLeaf, ForceLeaf};
use crate::mirror::beacon;
use crate::note::SignedNote;
use crate::seal::{RecipientPrivateKey, SealError, open};
use crate::{Hash, Origin};

/// How far a device's wall clock may lie outside its proved bounds before the report remarks on it.
const CLOCK_TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// What to check besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// The force log's checkpoint that the reader saw last.
    pub last_seen: Option<&'a Checkpoint>,
    /// A recipient's key, to open bodies with.
    pub open: Option<&'a RecipientPrivateKey>,
}

/// One body, opened. The ledger does not know what it says.
#[derive(Debug)]
pub struct OpenedEntry<'a> {
    /// Which log.
    pub origin: &'a Origin,
    /// Keys 2 to 6 of the entry.
    pub header: &'a EntryHeader,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// Checks a bundle. Bodies that open with the given key are handed to `on_body`, log by log, in order.
pub fn verify(
    files: &Files,
    trust: &Trust,
    options: VerifyOptions<'_>,
    on_body: &mut dyn FnMut(OpenedEntry<'_>),
) -> Report {
    let mut report = Report::new();
    check_manifest(files, trust, &mut report);
    check_folders(files, trust, &mut report);
    let witnesses: Vec<_> = trust.witnesses.iter().cloned().chain([trust.gateway.clone()]).collect();
    let force = check_log(files, &trust.force_log, &witnesses, &mut report);
    let mut logs = Vec::new();
    for trusted in &trust.logs {
        let checked = check_log(files, trusted, std::slice::from_ref(&trust.gateway), &mut report);
        if let Some(mut log) = checked {
            check_entries(&mut log, &mut report);
            logs.push((trusted, log));
        }
    }
    if let Some(force) = &force {
        check_witnesses(force, trust, &mut report);
        check_last_seen(force, options.last_seen, &mut report);
        let record = ForceRecord::read(force, trust, &mut report);
        for (trusted, log) in &logs {
            record.check(trusted, log, trust, &mut report);
        }
        record.check_unknown(trust, &mut report);
    }
    open_bodies(&logs, options.open, on_body, &mut report);
    report.conclude();
    report
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
    for (path, hash) in &manifest.files {
        match files.get(path) {
            None => report.fail(Some(path), None, Problem::FileMissing),
            Some(bytes) if Hash::of(&[bytes]) != *hash => report.fail(Some(path), None, Problem::FileChanged),
            Some(_) => {}
        }
    }
    let known = |path: &String| path == MANIFEST_PATH || manifest.files.contains_key(path);
    for path in files.keys().filter(|path| !known(path)) {
        report.fail(Some(path), None, Problem::FileAdditional);
    }
    if report.failures == before {
        report.checked(None, "files equal to the manifest", manifest.files.len() as u64);
    }
}

/// Every file lies in the folder of a log that the reader knows.
fn check_folders(files: &Files, trust: &Trust, report: &mut Report) {
    let all = trust.logs.iter().chain(std::iter::once(&trust.force_log));
    let folders: BTreeSet<String> = all.map(|log| log_folder(&log.origin)).collect();
    let mut unknown = BTreeSet::new();
    for path in files.keys().filter(|path| *path != MANIFEST_PATH) {
        let folder: Vec<&str> = path.splitn(3, '/').take(2).collect();
        let folder = folder.join("/");
        if !folder.starts_with("logs/") {
            report.fail(Some(path), None, Problem::FileUnplaced);
        } else if !folders.contains(&folder) {
            unknown.insert(folder);
        }
    }
    for folder in unknown {
        report.not_checked(None, format!("{folder}: a log that the trust file does not name"), true);
    }
}

fn check_witnesses(force: &CheckedLog, trust: &Trust, report: &mut Report) {
    let cosigned = trust.witnesses.iter().filter(|key| force.is_signed_by(key)).count();
    if cosigned < trust.witnesses_required {
        report.fail(Some(force.origin.as_str()), None, Problem::Witnesses);
    } else if trust.witnesses_required == 0 {
        report.not_checked(None, "outside witnesses: the trust file asks for none", false);
    } else {
        report.checked(Some(force.origin.as_str()), "cosignatures by outside witnesses", cosigned as u64);
    }
}

fn check_last_seen(force: &CheckedLog, last_seen: Option<&Checkpoint>, report: &mut Report) {
    let name = force.origin.as_str();
    let Some(seen) = last_seen else {
        report.not_checked(Some(name), "consistency with an earlier visit: no earlier checkpoint given", false);
        return;
    };
    let roots = roots_at(force, &BTreeSet::from([seen.size]));
    if seen.origin == force.origin && roots.get(&seen.size) == Some(&seen.root) {
        report.checked(Some(name), "continues the checkpoint seen before", 1);
    } else {
        report.fail(Some(name), None, Problem::Consistency);
    }
}

/// What the force log says, leaf by leaf.
#[derive(Default)]
struct ForceRecord {
    checkpoints: BTreeMap<Origin, Vec<CheckpointLeaf>>,
    /// The keys that the last enrolment or key change names.
    enrolled: BTreeMap<Origin, (String, Option<String>)>,
    /// When each beacon was made.
    beacons: BTreeMap<Hash, u64>,
}

impl ForceRecord {
    fn read(force: &CheckedLog, trust: &Trust, report: &mut Report) -> Self {
        let name = force.origin.as_str();
        let before = report.failures;
        let mut record = Self::default();
        let mut revoked = BTreeSet::new();
        let mut last_time = 0;
        for (index, bytes) in force.tiles.entries.iter().enumerate() {
            let at = Some(index as u64);
            let Ok(leaf) = ForceLeaf::decode(bytes) else {
                report.fail(Some(name), at, Problem::ForceLeafForm);
                continue;
            };
            if leaf.check_approvals(&trust.approvers, trust.approvals_required).is_err() {
                report.fail(Some(name), at, Problem::Approvals);
                continue;
            }
            let time = match leaf {
                ForceLeaf::Checkpoint(leaf) => {
                    let enrolled = record.enrolled.contains_key(&leaf.origin) || trust.approvals_required == 0;
                    if !enrolled || revoked.contains(&leaf.origin) {
                        report.fail(Some(name), at, Problem::Enrolment);
                    }
                    let time = leaf.cosigned_at_s;
                    record.accept(leaf, name, at, report);
                    time
                }
                ForceLeaf::Change { change, at_s, .. } => {
                    record.change(change, &mut revoked);
                    at_s
                }
            };
            if time < last_time {
                report.fail(Some(name), at, Problem::ForceOrder);
            }
            last_time = time;
        }
        if report.failures == before {
            report.checked(Some(name), "force log leaves, approvals and order", force.checkpoint.size);
        }
        record
    }

    fn accept(&mut self, leaf: CheckpointLeaf, name: &str, at: Option<u64>, report: &mut Report) {
        self.beacons.entry(leaf.lines).or_insert(leaf.cosigned_at_s);
        let accepted = self.checkpoints.entry(leaf.origin.clone()).or_default();
        if accepted.last().is_some_and(|last| last.size > leaf.size) {
            report.fail(Some(name), at, Problem::ForceOrder);
        }
        accepted.push(leaf);
    }

    fn change(&mut self, change: Change, revoked: &mut BTreeSet<Origin>) {
        match change {
            Change::Enrolment { origin, log_key, hardware_key }
            | Change::KeyChange { origin, log_key, hardware_key } => {
                let keys = (log_key.to_string(), hardware_key.map(|key| key.to_string()));
                self.enrolled.insert(origin, keys);
            }
            Change::Revocation { origin, .. } => {
                revoked.insert(origin);
            }
            Change::PolicyChange { .. } => {}
        }
    }

    /// Checks one log against the leaves that accepted its checkpoints.
    fn check(&self, trusted: &TrustedLog, log: &CheckedLog, trust: &Trust, report: &mut Report) {
        let name = log.origin.as_str();
        let before = report.failures;
        let none = Vec::new();
        let accepted = self.checkpoints.get(&log.origin).unwrap_or(&none);
        let roots = roots_at(log, &accepted.iter().map(|leaf| leaf.size).collect());
        for leaf in accepted.iter().filter(|leaf| roots.get(&leaf.size) != Some(&leaf.root)) {
            report.fail(Some(name), Some(leaf.size), Problem::ForceRoot);
        }
        let last = accepted.last();
        if last.is_none_or(|leaf| (leaf.size, leaf.root) != (log.checkpoint.size, log.checkpoint.root)) {
            report.fail(Some(name), None, Problem::ForceLast);
        }
        self.check_enrolment(trusted, trust, report);
        Self::check_lines(trusted, log, last, trust, report);
        self.check_time(log, accepted, report);
        if report.failures == before {
            report.checked(Some(name), "accepted checkpoints, each a prefix of the log", accepted.len() as u64);
        }
    }

    fn check_enrolment(&self, trusted: &TrustedLog, trust: &Trust, report: &mut Report) {
        let name = trusted.origin.as_str();
        let keys = (trusted.key.to_string(), trusted.hardware.as_ref().map(ToString::to_string));
        match self.enrolled.get(&trusted.origin) {
            Some(enrolled) if *enrolled != keys => report.fail(Some(name), None, Problem::Enrolment),
            Some(_) => report.checked(Some(name), "enrolled keys equal to the trusted keys", 1),
            None if trust.approvals_required > 0 => report.fail(Some(name), None, Problem::Enrolment),
            None => report.not_checked(Some(name), "enrolment: the trust file asks for no approvals", false),
        }
    }

    /// The gateway's line must be the one that the force log holds; hardware should have signed.
    fn check_lines(
        trusted: &TrustedLog,
        log: &CheckedLog,
        last: Option<&CheckpointLeaf>,
        trust: &Trust,
        report: &mut Report,
    ) {
        let name = log.origin.as_str();
        let by_gateway = |line: &&crate::note::SignatureLine| {
            line.name() == trust.gateway.name() && line.key_id() == trust.gateway.key_id()
        };
        let lines: String =
            log.note.signatures().iter().filter(by_gateway).map(crate::note::SignatureLine::to_line).collect();
        if lines.is_empty() {
            report.not_checked(Some(name), "the gateway's cosignature: not on the checkpoint", true);
        } else if last.is_none_or(|leaf| leaf.lines != beacon(&lines)) {
            report.fail(Some(name), None, Problem::ForceLast);
        }
        if trusted.hardware.as_ref().is_some_and(|key| !log.is_signed_by(key)) {
            report.not_checked(Some(name), "the hardware key's signature: not on the checkpoint", true);
        }
    }

    /// Beacons are known, never run backwards, and are not later than the cosignature over the entry.
    fn check_time(&self, log: &CheckedLog, accepted: &[CheckpointLeaf], report: &mut Report) {
        let name = log.origin.as_str();
        let mut not_before = 0;
        let mut clocks_off = 0_u64;
        for (index, entry) in log.entries.iter().enumerate() {
            let Some(entry) = entry else { continue };
            let index = index as u64;
            let not_after = accepted.iter().find(|leaf| leaf.size > index).map(|leaf| leaf.cosigned_at_s);
            if let Some(beacon) = entry.header().time.beacon {
                let seen = self.beacons.get(&beacon).copied();
                let sound = seen.is_some_and(|at| at >= not_before && not_after.is_none_or(|end| at <= end));
                if !sound {
                    report.fail(Some(name), Some(index), Problem::Beacon);
                }
                not_before = seen.unwrap_or(not_before).max(not_before);
            }
            let wall_ms = entry.header().time.wall_ms;
            let early = i64::try_from(not_before).unwrap_or(i64::MAX).saturating_mul(1000) - CLOCK_TOLERANCE_MS;
            let late = not_after.and_then(|end| i64::try_from(end).ok()).unwrap_or(i64::MAX / 1000);
            let late = late.saturating_mul(1000).saturating_add(CLOCK_TOLERANCE_MS);
            clocks_off += u64::from(wall_ms < early || wall_ms > late);
        }
        if clocks_off > 0 {
            report.remarks.push(format!("{name}: {clocks_off} entries state a wall clock outside their proved bounds"));
        }
    }

    /// Logs that the force log speaks of and the trust file does not name.
    fn check_unknown(&self, trust: &Trust, report: &mut Report) {
        let known = |origin: &&Origin| trust.logs.iter().any(|log| log.origin == **origin);
        for origin in self.checkpoints.keys().filter(|origin| !known(origin)) {
            report.not_checked(Some(origin.as_str()), "a log that the trust file does not name", true);
        }
    }
}

fn open_bodies(
    logs: &[(&TrustedLog, CheckedLog)],
    key: Option<&RecipientPrivateKey>,
    on_body: &mut dyn FnMut(OpenedEntry<'_>),
    report: &mut Report,
) {
    let Some(key) = key else {
        report.not_checked(None, "what the entries say: no key given to open them", false);
        return;
    };
    for (_, log) in logs {
        let name = log.origin.as_str();
        let (mut opened, mut foreign) = (0, 0_u64);
        for (index, entry) in log.entries.iter().enumerate() {
            let Some(entry) = entry.as_ref().filter(|entry| entry.suite() != CipherSuite::Clear) else { continue };
            match open(entry, &log.origin, key) {
                Ok(body) => {
                    opened += 1;
                    on_body(OpenedEntry { origin: &log.origin, header: entry.header(), body });
                }
                Err(SealError::NotARecipient) => foreign += 1,
                Err(_) => report.fail(Some(name), Some(index as u64), Problem::Body),
            }
        }
        report.checked(Some(name), "entries opened and their key commitment checked", opened);
        if foreign > 0 {
            report.not_checked(Some(name), format!("{foreign} entries are sealed to other keys"), true);
        }
    }
}
