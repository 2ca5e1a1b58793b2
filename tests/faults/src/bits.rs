//! Every bit of a log of 500 events, turned over, under a manifest that its attacker signed anew.
//!
//! The check is the outsider's, without a key to open anything. For a bit within an entry only that leaf is hashed again
//! and the root computed from its audit path; that this gives the whole check's verdict is shown by a test. Everything
//! else is given to the whole check.

use std::sync::OnceLock;

use peel_ledger::Hash;
use peel_ledger::bundle::{Files, MANIFEST_PATH, Manifest, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::note::{Ed25519Signer, SignedNote};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash, root_from_inclusion};

use crate::force::{Force, Phone};
use crate::run::{Counts, Part, Run};

/// Entries of the log.
pub const EVENTS: u64 = 500;

/// Bits turned over: one run an entry, and as many again for all other bytes.
pub const PART: Part = Part {
    name: "bits",
    promise: "every bit of a 500-event log that is turned over is noticed without opening anything",
    full: 2 * EVENTS,
    short: 8,
    work,
};

/// A log, its bundle and what its reader trusts.
pub struct Record {
    entries: Vec<Vec<u8>>,
    proofs: Vec<Vec<Hash>>,
    checkpoint: Checkpoint,
    files: Files,
    trust: Trust,
    manifest: Manifest,
    signer: Ed25519Signer,
    /// Every byte of the bundle that is not an entry's own: file and place.
    others: Vec<(String, usize)>,
}

/// The log of all runs.
pub fn record() -> &'static Record {
    static RECORD: OnceLock<Record> = OnceLock::new();
    RECORD.get_or_init(|| {
        let mut force = Force::new();
        let phone = force.phone(EVENTS, 64);
        Record::of(force, phone)
    })
}

impl Record {
    fn of(force: Force, phone: Phone) -> Self {
        let (files, trust) = (force.bundle(&phone), force.trust());
        let leaves: Vec<Hash> = phone.entries.iter().map(|entry| leaf_hash(entry)).collect();
        let nodes = LeafHashes::new(leaves);
        let proofs = (0..EVENTS).map(|at| inclusion_proof(&nodes, at, EVENTS).unwrap()).collect();
        let note = SignedNote::parse(&files[MANIFEST_PATH]).unwrap();
        let mut record = Self {
            entries: phone.entries,
            proofs,
            checkpoint: Checkpoint::from_note(&phone.note).unwrap(),
            manifest: Manifest::parse(note.text()).unwrap(),
            signer: force.manifest,
            others: Vec::new(),
            files,
            trust,
        };
        record.others = record.bytes_beside_entries();
        record
    }

    fn bytes_beside_entries(&self) -> Vec<(String, usize)> {
        let mut all = Vec::new();
        for (path, bytes) in &self.files {
            let mut inside = vec![false; bytes.len()];
            if path.starts_with("logs/e1/tile/entries/") {
                let mut at = 0;
                while at < bytes.len() {
                    let length = usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
                    inside[at + 2..at + 2 + length].fill(true);
                    at += 2 + length;
                }
            }
            all.extend((0..bytes.len()).filter(|at| !inside[*at]).map(|at| (path.clone(), at)));
        }
        all
    }

    /// The whole check's verdict where nothing was changed.
    pub fn unchanged(&self) -> Verdict {
        verify(&self.files, &self.trust, VerifyOptions::default(), &mut |_| {}).verdict
    }

    /// An entry's length in bytes.
    pub fn entry_bytes(&self, index: u64) -> usize {
        self.entries[index as usize].len()
    }

    /// Whether the root over the log is the signed one, by this entry's audit path.
    pub fn root_holds(&self, index: u64) -> bool {
        self.holds(index, &self.entries[index as usize])
    }

    /// The same with one bit of the entry turned over.
    pub fn root_holds_with(&self, index: u64, at: usize, bit: u32) -> bool {
        let mut entry = self.entries[index as usize].clone();
        entry[at] ^= 1 << bit;
        self.holds(index, &entry)
    }

    fn holds(&self, index: u64, entry: &[u8]) -> bool {
        let proof = &self.proofs[index as usize];
        let root = root_from_inclusion(index, EVENTS, &leaf_hash(entry), proof).unwrap();
        root == self.checkpoint.root
    }

    /// The whole check's verdict with one bit of one file turned over. The manifest is signed anew, unless it is what was
    /// changed.
    pub fn verdict(&self, path: &str, at: usize, bit: u32) -> Verdict {
        let mut files = self.files.clone();
        let changed = files.get_mut(path).unwrap();
        changed[at] ^= 1 << bit;
        if path != MANIFEST_PATH {
            let mut manifest = self.manifest.clone();
            manifest.files.insert(path.to_owned(), Hash::of(&[changed.as_slice()]));
            let mut note = SignedNote::new(manifest.note_text()).unwrap();
            note.attach(self.signer.sign(note.text()).unwrap()).unwrap();
            files.insert(MANIFEST_PATH.to_owned(), note.to_text().into_bytes());
        }
        verify(&files, &self.trust, VerifyOptions::default(), &mut |_| {}).verdict
    }

    /// Where an entry's bytes begin: file and place.
    pub fn place(&self, index: u64) -> (String, usize) {
        let (tile, first) = (index / 256, index / 256 * 256);
        let width = (EVENTS - first).min(256);
        let path = format!("logs/e1/tile/entries/{tile:03}");
        let path = if width == 256 { path } else { format!("{path}.p/{width}") };
        let before: usize = (first..index).map(|before| 2 + self.entry_bytes(before)).sum();
        (path, before + 2)
    }
}

fn turn_entry(record: &Record, index: u64, counts: &mut Counts) {
    let mut entry = record.entries[index as usize].clone();
    for bit in 0..entry.len() * 8 {
        entry[bit / 8] ^= 1 << (bit % 8);
        assert!(!record.holds(index, &entry), "bit {bit} of entry {index} can be turned over");
        entry[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(record.holds(index, &entry));
    counts.add("bits of entries", entry.len() as u64 * 8);
}

fn turn_others(record: &Record, part: u64, counts: &mut Counts) {
    for (path, at) in record.others.iter().skip(part as usize).step_by(EVENTS as usize) {
        for bit in 0..8 {
            let verdict = record.verdict(path, *at, bit);
            assert_eq!(verdict, Verdict::Tampered, "bit {bit} of byte {at} of {path} can be turned over");
            counts.add("other bits, by the whole check", 1);
        }
    }
}

fn work(run: &Run) -> Counts {
    let record = record();
    let mut counts = Counts::default();
    // Even runs take an entry, odd ones a share of the rest.
    if run.number.is_multiple_of(2) {
        turn_entry(record, run.number / 2 % EVENTS, &mut counts);
    } else {
        turn_others(record, run.number / 2 % EVENTS, &mut counts);
    }
    counts
}
