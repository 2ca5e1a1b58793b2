//! The checks within one log: signatures, tiles, root, and the chain of its entries.
//!
//! Nothing of a bundle is copied here: entries stay where they were read, and each is hashed and decoded once.

use std::collections::{BTreeMap, BTreeSet};

use super::dates::Bounds;
use super::report::{Problem, Report};
use super::trust::TrustedLog;
use super::{Files, log_folder};
use crate::checkpoint::Checkpoint;
use crate::entry::{EntryHeader, EntryTime, EntryView, KeyId};
use crate::note::{SignedNote, VerifierKey};
use crate::parallel::in_chunks;
use crate::tiles::{LogView, Tile, layout};
use crate::{Hash, Origin};

/// Fewer entries than this are not worth a thread.
const ENTRIES_A_THREAD: usize = 512;

/// What an entry states in the clear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clear {
    pub(super) header: EntryHeader,
    /// The commitment, if this is a receipt's entry.
    pub(super) receipt: Option<Hash>,
    /// Where its recipients stand among [`CheckedLog::recipients`].
    pub(super) sealed_to: usize,
}

/// Lines that verified: by key name and id, the time that they state.
type SignedBy = BTreeMap<(String, [u8; 4]), Option<u64>>;

/// A log of the bundle whose signatures, tiles and root hold.
pub(super) struct CheckedLog<'a> {
    pub(super) origin: Origin,
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
    pub(super) view: LogView<'a>,
    /// The lines that verified, by key name and id, with the time that a cosigner states.
    signed_by: SignedBy,
    /// Entries that decode, by position; empty for the force log.
    pub(super) entries: Vec<Option<Clear>>,
    /// The root before each entry, by position; empty for the force log.
    roots: Vec<Hash>,
    /// The sets of recipients that its entries have.
    pub(super) recipients: Vec<Vec<KeyId>>,
    /// When each entry was made, by position; empty where the force log was not there to say it.
    pub(super) bounds: Vec<Bounds>,
}

impl CheckedLog<'_> {
    pub(super) fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.signed_by.contains_key(&(key.name().to_owned(), key.key_id()))
    }

    /// When this cosigner signed, in seconds since 1970-01-01 UTC.
    pub(super) fn cosigned_at_s(&self, key: &VerifierKey) -> Option<u64> {
        self.signed_by.get(&(key.name().to_owned(), key.key_id())).copied().flatten()
    }

    /// The root over the first `size` entries, if the log has as many.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size == self.checkpoint.size {
            return Some(self.checkpoint.root);
        }
        let known = usize::try_from(size).ok().and_then(|at| self.roots.get(at)).copied();
        known.or_else(|| self.view.root_at(size))
    }
}

/// Which lines may stand on a log's checkpoint besides its own.
#[derive(Clone, Copy)]
pub(super) struct Cosigners<'a> {
    /// Their keys.
    pub(super) keys: &'a [VerifierKey],
    /// Whether lines by names that the reader does not know are let stand: witnesses come and go, and none is counted
    /// that the reader did not name.
    pub(super) strangers: bool,
}

/// Checks a log's checkpoint, files and root. Gives nothing if the log cannot be read at all.
pub(super) fn check_log<'a>(
    files: &'a Files,
    trusted: &TrustedLog,
    cosigners: Cosigners<'_>,
    report: &mut Report,
) -> Option<CheckedLog<'a>> {
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
    let Some(signed_by) = check_lines(&note, trusted, cosigners, report) else {
        report.fail(Some(name), None, Problem::CheckpointSignature);
        return None;
    };
    report.checked(Some(name), "signatures on the checkpoint", signed_by.len() as u64);
    let view = check_tiles(files, &folder, name, &checkpoint, report)?;
    Some(CheckedLog {
        origin: trusted.origin.clone(),
        note,
        checkpoint,
        view,
        signed_by,
        entries: Vec::new(),
        roots: Vec::new(),
        recipients: Vec::new(),
        bounds: Vec::new(),
    })
}

/// The lines that verified; nothing unless the log's own is among them and every line by a known name holds.
fn check_lines(
    note: &SignedNote,
    trusted: &TrustedLog,
    cosigners: Cosigners<'_>,
    report: &mut Report,
) -> Option<SignedBy> {
    let mut keys = vec![trusted.key.clone()];
    keys.extend(trusted.hardware.clone());
    keys.extend_from_slice(cosigners.keys);
    let stranger = |name: &str| !keys.iter().any(|key| key.name() == name);
    let strangers = note.signatures().iter().filter(|line| stranger(line.name())).count();
    let verified = if cosigners.strangers {
        let known = note.signatures().iter().filter(|line| !stranger(line.name()));
        let all_known = known.clone().all(|line| keys.iter().any(|key| key.key_id() == line.key_id()));
        if all_known { note.verify(&keys) } else { return None }
    } else {
        note.verify_every_line(&keys)
    };
    let verified = verified.ok()?.into_iter();
    let signed_by: SignedBy = verified.map(|line| ((line.name, line.key_id), line.cosigned_at_s)).collect();
    if !signed_by.contains_key(&(trusted.key.name().to_owned(), trusted.key.key_id())) {
        return None;
    }
    if strangers > 0 {
        let what = format!("{strangers} signatures by names that the trust file does not know");
        report.not_checked(Some(trusted.origin.as_str()), what, false);
    }
    Some(signed_by)
}

fn check_tiles<'a>(
    files: &'a Files,
    folder: &str,
    name: &str,
    checkpoint: &Checkpoint,
    report: &mut Report,
) -> Option<LogView<'a>> {
    let prefix = format!("{folder}/");
    let own: Vec<&str> = files.range(prefix.clone()..).map_while(|(path, _)| path.strip_prefix(&prefix)).collect();
    let find = |path: &str| files.get(&format!("{prefix}{path}")).map(Vec::as_slice);
    let Ok(view) = LogView::read(checkpoint.size, own.len(), find) else {
        report.fail(Some(name), None, Problem::Tiles);
        return None;
    };
    let expected: BTreeSet<String> = layout(checkpoint.size).iter().map(Tile::path).collect();
    for path in own.into_iter().filter(|path| *path != "checkpoint" && !expected.contains(*path)) {
        report.fail(Some(&format!("{prefix}{path}")), None, Problem::FileUnplaced);
    }
    if view.root_at(checkpoint.size) != Some(checkpoint.root) {
        report.fail(Some(name), None, Problem::Root);
        return None;
    }
    report.checked(Some(name), "leaves hashed up to the signed root", checkpoint.size);
    Some(view)
}

/// What one thread found in its part of a log.
struct Part {
    entries: Vec<Option<Clear>>,
    roots: Vec<Hash>,
    recipients: Vec<Vec<KeyId>>,
    problems: Vec<(u64, Problem)>,
}

impl Part {
    /// The place of these recipients in the list. A log has few sets, and the last one found is mostly the next.
    fn sealed_to(&mut self, view: &EntryView<'_>) -> usize {
        if let Some(known) = self.recipients.iter().rposition(|set| view.kids().eq(set.iter().copied())) {
            return known;
        }
        self.recipients.push(view.kids().collect());
        self.recipients.len() - 1
    }
}

/// Checks canonical form, field 2, field 6, and the order of time, entry by entry.
pub(super) fn check_entries(log: &mut CheckedLog<'_>, report: &mut Report) {
    let before = report.failures;
    let parts = in_chunks(&log.view.entries, ENTRIES_A_THREAD, |start, entries| check_part(&log.view, start, entries));
    let mut problems = Vec::new();
    for mut part in parts {
        let known = log.recipients.len();
        part.entries.iter_mut().flatten().for_each(|clear| clear.sealed_to += known);
        log.recipients.append(&mut part.recipients);
        log.entries.append(&mut part.entries);
        log.roots.append(&mut part.roots);
        problems.append(&mut part.problems);
    }
    problems.extend(out_of_time(&log.entries));
    problems.sort_by_key(|(index, _)| *index);
    let name = log.origin.as_str();
    for (index, problem) in problems {
        report.fail(Some(name), Some(index), problem);
    }
    if report.failures == before {
        report.checked(Some(name), "entries in sequence, each naming the root before it", log.checkpoint.size);
    }
}

fn check_part(view: &LogView<'_>, start: usize, entries: &[&[u8]]) -> Part {
    let mut part = Part { entries: Vec::new(), roots: Vec::new(), recipients: Vec::new(), problems: Vec::new() };
    part.entries.reserve(entries.len());
    part.roots.reserve(entries.len());
    for (at, bytes) in (start as u64..).zip(entries) {
        // The log has as many entries: these are some of them.
        let root = view.root_at(at).unwrap_or_default();
        let clear = EntryView::read(bytes).ok().map(|entry| Clear {
            header: *entry.header(),
            receipt: entry.receipt_commitment(),
            sealed_to: part.sealed_to(&entry),
        });
        match &clear {
            None => part.problems.push((at, Problem::EntryForm)),
            Some(Clear { header, .. }) => {
                if header.seq != at {
                    part.problems.push((at, Problem::Sequence));
                }
                if header.prior_root != root {
                    part.problems.push((at, Problem::PriorRoot));
                }
            }
        }
        part.entries.push(clear);
        part.roots.push(root);
    }
    part
}

/// The order of entries in time: within a start of the phone its monotonic clock never runs backwards, and no start comes
/// back after another.
#[derive(Debug, Clone, Default)]
pub struct Clocks {
    boots: BTreeSet<[u8; 8]>,
    last: Option<([u8; 8], u64)>,
}

impl Clocks {
    /// Takes the next entry's time; says whether it may follow those before it.
    pub fn follow(&mut self, time: &EntryTime) -> bool {
        let in_order = match self.last {
            Some((boot, mono_ns)) if boot == time.boot => mono_ns <= time.mono_ns,
            _ => self.boots.insert(time.boot),
        };
        self.last = Some((time.boot, time.mono_ns));
        in_order
    }
}

/// Entries whose time does not follow from those before them.
fn out_of_time(entries: &[Option<Clear>]) -> Vec<(u64, Problem)> {
    let mut clocks = Clocks::default();
    let clear = (0..).zip(entries).filter_map(|(index, entry)| Some((index, entry.as_ref()?)));
    clear.filter(|(_, clear)| !clocks.follow(&clear.header.time)).map(|(index, _)| (index, Problem::Time)).collect()
}

/// Event ids are drawn at random: one that stands twice, in one log or in two, was copied.
pub(super) fn check_event_ids(logs: &[&CheckedLog<'_>], report: &mut Report) {
    // Numbers are sorted in half the time that bytes take.
    let mut ids = Vec::with_capacity(logs.iter().map(|log| log.entries.len()).sum());
    for (log, checked) in logs.iter().enumerate() {
        let clear = (0_u64..).zip(&checked.entries);
        ids.extend(
            clear.filter_map(|(at, entry)| Some((u128::from_be_bytes(entry.as_ref()?.header.event_id), log, at))),
        );
    }
    ids.sort_unstable();
    let mut doubled = 0_u64;
    for pair in ids.windows(2) {
        if let [first, second] = pair
            && first.0 == second.0
        {
            let name = logs.get(second.1).map(|log| log.origin.as_str());
            report.fail(name, Some(second.2), Problem::Copied);
            doubled += 1;
        }
    }
    if doubled == 0 {
        report.checked(None, "entries that stand in the record once", ids.len() as u64);
    }
}
