//! The checks within one log: signatures, tiles, root, and the chain of its entries.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Problem, Report};
use super::trust::TrustedLog;
use super::{Files, log_folder};
use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::note::{SignedNote, VerifierKey};
use crate::tiles::{TiledLog, layout, read_log};
use crate::tree::CompactRange;
use crate::{Hash, Origin};

/// A log of the bundle whose signatures, tiles and root hold.
pub(super) struct CheckedLog {
    pub(super) origin: Origin,
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
    pub(super) tiles: TiledLog,
    /// The lines that verified, by key id.
    pub(super) signed_by: BTreeSet<(String, [u8; 4])>,
    /// Entries that decode, by position; empty for the force log.
    pub(super) entries: Vec<Option<Entry>>,
}

impl CheckedLog {
    pub(super) fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.signed_by.contains(&(key.name().to_owned(), key.key_id()))
    }
}

/// Checks a log's checkpoint, files and root. `cosigners` are keys whose lines may stand on it besides
/// its own. Gives nothing if the log cannot be read at all.
pub(super) fn check_log(
    files: &Files,
    trusted: &TrustedLog,
    cosigners: &[VerifierKey],
    report: &mut Report,
) -> Option<CheckedLog> {
    let name = trusted.origin.as_str();
    let folder = log_folder(&trusted.origin);
    let Some(bytes) = files.get(&format!("{folder}/checkpoint")) else {
        report.fail(Some(name), None, Problem::LogMissing);
        return None;
    };
    let note = SignedNote::parse(bytes).ok();
    let checkpoint = note.as_ref().and_then(|note| Checkpoint::from_note(note).ok());
    let (Some(note), Some(checkpoint)) = (note, checkpoint.filter(|found| found.origin == trusted.origin)) else {
        report.fail(Some(name), None, Problem::CheckpointForm);
        return None;
    };
    let mut keys = vec![trusted.key.clone()];
    keys.extend(trusted.hardware.clone());
    keys.extend_from_slice(cosigners);
    let verified = note.verify_every_line(&keys).unwrap_or_default();
    let signed_by: BTreeSet<_> = verified.into_iter().map(|line| (line.name, line.key_id)).collect();
    if !signed_by.contains(&(trusted.key.name().to_owned(), trusted.key.key_id())) {
        report.fail(Some(name), None, Problem::CheckpointSignature);
        return None;
    }
    report.checked(Some(name), "signatures on the checkpoint", signed_by.len() as u64);
    let tiles = check_tiles(files, &folder, name, &checkpoint, report)?;
    Some(CheckedLog { origin: trusted.origin.clone(), note, checkpoint, tiles, signed_by, entries: Vec::new() })
}

fn check_tiles(
    files: &Files,
    folder: &str,
    name: &str,
    checkpoint: &Checkpoint,
    report: &mut Report,
) -> Option<TiledLog> {
    let prefix = format!("{folder}/");
    let own: Files = files
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes.clone())))
        .collect();
    let Ok(tiles) = read_log(checkpoint.size, &own) else {
        report.fail(Some(name), None, Problem::Tiles);
        return None;
    };
    let mut expected: BTreeSet<String> = layout(checkpoint.size).iter().map(crate::tiles::Tile::path).collect();
    expected.insert("checkpoint".to_owned());
    for path in own.keys().filter(|path| !expected.contains(*path)) {
        report.fail(Some(&format!("{prefix}{path}")), None, Problem::FileUnplaced);
    }
    if tiles.range.root() != checkpoint.root {
        report.fail(Some(name), None, Problem::Root);
        return None;
    }
    report.checked(Some(name), "leaves hashed up to the signed root", checkpoint.size);
    Some(tiles)
}

/// Checks canonical form, field 2, field 6, and the order of time, entry by entry.
pub(super) fn check_entries(log: &mut CheckedLog, report: &mut Report) {
    let name = log.origin.as_str();
    let before = report.failures;
    let mut range = CompactRange::new();
    let mut boots: BTreeSet<[u8; 8]> = BTreeSet::new();
    let mut last: Option<([u8; 8], u64)> = None;
    for (index, (bytes, leaf)) in log.tiles.entries.iter().zip(&log.tiles.leaves).enumerate() {
        let at = Some(index as u64);
        let entry = Entry::decode(bytes).ok();
        if let Some(entry) = &entry {
            let header = entry.header();
            if Some(header.seq) != at {
                report.fail(Some(name), at, Problem::Sequence);
            }
            if header.prior_root != range.root() {
                report.fail(Some(name), at, Problem::PriorRoot);
            }
            let in_order = match last {
                Some((boot, mono_ns)) if boot == header.time.boot => mono_ns <= header.time.mono_ns,
                _ => boots.insert(header.time.boot),
            };
            if !in_order {
                report.fail(Some(name), at, Problem::Time);
            }
            last = Some((header.time.boot, header.time.mono_ns));
        } else {
            report.fail(Some(name), at, Problem::EntryForm);
        }
        // A leaf was hashed from these entries already, so the append cannot fail for a fuller tree.
        if range.append(*leaf).is_err() {
            report.fail(Some(name), at, Problem::Tiles);
        }
        log.entries.push(entry);
    }
    if report.failures == before {
        report.checked(Some(name), "entries in sequence, each naming the root before it", log.checkpoint.size);
    }
}

/// The roots of a log at the sizes asked for, as far as the log reaches.
pub(super) fn roots_at(log: &CheckedLog, sizes: &BTreeSet<u64>) -> BTreeMap<u64, Hash> {
    let mut range = CompactRange::new();
    let mut roots = BTreeMap::new();
    if sizes.contains(&0) {
        roots.insert(0, range.root());
    }
    for leaf in &log.tiles.leaves {
        if range.append(*leaf).is_err() {
            break;
        }
        if sizes.contains(&range.size()) {
            roots.insert(range.size(), range.root());
        }
    }
    roots
}
