//! One small force with one phone, made once: what the checks compare with.

use std::sync::LazyLock;

use peel_ledger::Hash;
use peel_ledger::bundle::{Files, Trust};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::EntryTime;
use peel_ledger::mirror::{AddCheckpoint, AddEntries, MirrorReceipt, MirrorState, Package, package_bounds};
use peel_ledger::note::VerifierKey;
use peel_ledger::receipt::{ReceiptCode, SALT_BYTES, commitment};
use peel_ledger::tree::{LeafHashes, inclusion_proof, leaf_hash};
use peel_ledger::writer::WriterState;

use crate::force::{Force, Phone};

/// Entries of the phone: one whole package and a part of the next.
pub(crate) const ENTRIES: u64 = 260;
/// What the person took along.
pub(crate) const RECEIPT: &[u8] = b"a canonical receipt";

pub(crate) struct World {
    pub(crate) force: Force,
    pub(crate) phone: Phone,
    pub(crate) bundle: Files,
    pub(crate) trust: Trust,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) leaves: LeafHashes,
    /// A mirror that has the checkpoint pending and no entry yet.
    pub(crate) mirror: MirrorState,
    pub(crate) receipt: ReceiptCode,
}

// Building it draws everything from a seed: it is the same on every machine.
static WORLD: LazyLock<World> = LazyLock::new(World::build);

pub(crate) fn world() -> &'static World {
    &WORLD
}

impl World {
    fn build() -> Self {
        let mut small = Force::new();
        let small_phone = small.phone(5, 2);
        let bundle = small.bundle(&small_phone);
        let trust = small.trust();
        let mut force = Force::new();
        let phone = force.phone(ENTRIES, 100);
        let checkpoint = Checkpoint::from_note(&phone.note).unwrap();
        let leaves = LeafHashes::new(phone.entries.iter().map(|entry| leaf_hash(entry)).collect());
        let empty = MirrorState::new(force.origin());
        let request = AddCheckpoint::build(0, phone.note.clone(), &leaves).unwrap();
        let mirror = empty.add_checkpoint(&request, &force.phone.verifier().unwrap(), &[]).unwrap();
        let receipt = Self::receipt(&mut force);
        Self { force, phone, bundle, trust, checkpoint, leaves, mirror, receipt }
    }

    fn receipt(force: &mut Force) -> ReceiptCode {
        let salt = [6; SALT_BYTES];
        let time = EntryTime { wall_ms: 5, mono_ns: 6, boot: [7; 8], beacon: None };
        let appended = WriterState::new().append_receipt(time, commitment(&salt, RECEIPT), &mut force.rng).unwrap();
        let note = force.accept(&appended.state.checkpoint(&force.origin()), 9).0;
        let proof = inclusion_proof(&LeafHashes::new(vec![appended.leaf]), 0, 1).unwrap();
        ReceiptCode::build(RECEIPT, salt, &appended.entry, proof, &note).unwrap()
    }

    /// The phone's keys.
    pub(crate) fn phone_keys(&self) -> Vec<VerifierKey> {
        vec![self.force.phone.verifier().unwrap(), self.force.hardware_key()]
    }

    /// The packages of an upload from `start` on.
    pub(crate) fn upload(&self, start: u64, at_most: usize) -> AddEntries<'_> {
        let packages = package_bounds(start, ENTRIES).take(at_most).map(|(from, to)| {
            let entries = self.phone.entries[from as usize..to as usize].iter().map(Vec::as_slice).collect();
            Package::build(from, entries, ENTRIES, &self.leaves).unwrap()
        });
        AddEntries {
            origin: self.force.origin(),
            upload_start: start,
            upload_end: ENTRIES,
            ticket: Vec::new(),
            packages: packages.collect(),
            partial: false,
        }
    }

    /// A cosignature over the checkpoint, as the mirror replies.
    pub(crate) fn reply(&self) -> String {
        self.force.gateway.cosign(&self.checkpoint.note_text(), 77).unwrap().to_line()
    }

    /// That reply, verified.
    pub(crate) fn verified_reply(&self) -> MirrorReceipt {
        let key = self.force.gateway.cosigner_verifier().unwrap();
        MirrorReceipt::verify(self.reply().as_bytes(), &self.checkpoint, &key).unwrap()
    }
}

/// The first bytes as a number, and the rest; a missing byte counts as zero.
pub(crate) fn number(data: &[u8]) -> (u64, &[u8]) {
    let (head, rest) = data.split_at(data.len().min(2));
    (head.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)), rest)
}

/// A hash with one bit changed.
pub(crate) fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = hash.to_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash::new(bytes)
}
