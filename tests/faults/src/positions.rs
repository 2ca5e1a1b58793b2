//! Every position of a log of 300 events: dropped, inserted, doubled, exchanged with the next, re-timed; and forks and
//! rollbacks at every position.
//!
//! Two attackers: one who has the manifest's key and the checkpoint that the phone signed, and one who has every key of
//! the force and of the phone. The second can date or drop the last entry unseen by this bundle alone: there is nothing
//! after it that says otherwise. Against an older bundle that shows too.

use std::sync::OnceLock;

use peel_ledger::bundle::{
    Files, MANIFEST_PATH, Manifest, Relation, Verdict, VerifyOptions, compare, log_folder, verify,
};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::Entry;
use peel_ledger::note::SignedNote;
use peel_ledger::tiles::write_log;

use crate::force::{Force, Phone};
use crate::phone::range;
use crate::run::{Counts, Part, Run};

/// Entries of the log.
const EVENTS: usize = 300;

/// One run a position.
pub const PART: Part = Part {
    name: "positions",
    promise: "every position of a 300-event log dropped, inserted, doubled, swapped, re-timed, forked or cut off is noticed",
    full: EVENTS as u64,
    short: 3,
    work,
};

struct Record {
    entries: Vec<Vec<u8>>,
    older: Files,
}

fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(|| {
        let mut force = Force::new();
        let phone = force.phone(EVENTS as u64, 1_000);
        let older = force.bundle(&phone);
        Record { entries: phone.entries, older }
    })
}

fn verdict(files: &Files, force: &Force) -> Verdict {
    verify(files, &force.trust(), VerifyOptions::default(), &mut |_| {}).verdict
}

/// The bundle with these entries under the phone's own checkpoint, tiles and manifest made anew.
fn without_the_phones_key(entries: &[Vec<u8>]) -> (Force, Files) {
    let (force, mut files) = (Force::new(), record().older.clone());
    let folder = log_folder(&force.origin());
    files.retain(|path, _| path != MANIFEST_PATH && !path.starts_with(&format!("{folder}/tile")));
    for (path, bytes) in write_log(entries).unwrap() {
        files.insert(format!("{folder}/{path}"), bytes);
    }
    let mut note = SignedNote::new(Manifest::of(force.manifest.name(), 9_000, &files).note_text()).unwrap();
    note.attach(force.manifest.sign(note.text()).unwrap()).unwrap();
    files.insert(MANIFEST_PATH.to_owned(), note.to_text().into_bytes());
    (force, files)
}

/// The bundle with these entries, signed and accepted anew by everybody.
fn with_every_key(entries: Vec<Vec<u8>>) -> (Force, Files) {
    let mut force = Force::new();
    let (size, root) = (entries.len() as u64, range(&entries).root());
    let (note, _) = force.accept(&Checkpoint { origin: force.origin(), size, root }, 5_000);
    let files = force.bundle(&Phone { entries, note });
    (force, files)
}

fn retimed(entry: &[u8], later: bool) -> Vec<u8> {
    let entry = Entry::decode(entry).unwrap();
    let mut header = *entry.header();
    if later {
        header.time.mono_ns += 1_000;
    } else {
        header.time.wall_ms -= 60_000;
    }
    let (keys, body) = (entry.recipients().to_vec(), entry.body().to_vec());
    Entry::new(header, entry.suite(), keys, body, *entry.commitment()).unwrap().encode()
}

/// What was done, what is left, and whether the last position can only be seen beside an older bundle.
fn changes(entries: &[Vec<u8>], at: usize) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut changed = entries.to_vec();
        change(&mut changed);
        changed
    };
    let mut all = vec![
        ("dropped", with(&|all| drop(all.remove(at)))),
        ("inserted", with(&|all| all.insert(at, entries[(at + EVENTS / 2) % EVENTS].clone()))),
        ("doubled", with(&|all| all.insert(at, entries[at].clone()))),
        ("re-timed", with(&|all| all[at] = retimed(&entries[at], true))),
        ("re-dated", with(&|all| all[at] = retimed(&entries[at], false))),
    ];
    if at + 1 < EVENTS {
        all.push(("swapped", with(&|all| all.swap(at, at + 1))));
    }
    all
}

fn work(run: &Run) -> Counts {
    let (record, at) = (record(), run.number as usize % EVENTS);
    let mut counts = Counts::default();
    for (what, entries) in changes(&record.entries, at) {
        let (force, files) = without_the_phones_key(&entries);
        assert_eq!(verdict(&files, &force), Verdict::Tampered, "position {at} {what}, without the phone's key");
        counts.add(what, 1);
        let (force, files) = with_every_key(entries);
        let alone = verdict(&files, &force) == Verdict::Tampered;
        let beside = compare(&record.older, &files, &force.trust()).verdict == Verdict::Tampered;
        let is_end = at + 1 == EVENTS && ["dropped", "re-timed", "re-dated"].contains(&what);
        assert!(alone || is_end && beside, "position {at} {what}, with every key");
        counts.add("changes by the holder of every key", 1);
    }
    forked_and_cut(record, at, &mut counts);
    counts
}

fn forked_and_cut(record: &Record, at: usize, counts: &mut Counts) {
    let mut forked = record.entries.clone();
    forked[at].clone_from(&record.entries[(at + 1) % EVENTS]);
    for (entries, relation) in [(forked, Relation::Forked), (record.entries[..at].to_vec(), Relation::RolledBack)] {
        let (force, files) = with_every_key(entries);
        let found = compare(&record.older, &files, &force.trust());
        let log = found.logs.iter().find(|log| log.log == force.origin().as_str()).unwrap();
        assert_eq!((found.verdict, log.relation), (Verdict::Tampered, relation), "position {at}");
        if relation == Relation::Forked {
            assert_eq!(log.first_difference, Some(at as u64));
        }
    }
    counts.add("forks", 1);
    counts.add("rollbacks", 1);
}
