//! A small force for tests: two people, a gateway, a phone with a hardware key, its events, a bundle.
//!
//! Everything is drawn from a seed, so a fixture is the same on every machine.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: each test uses its part, and a failure here is a failed test"
)]

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use peel_ledger::bundle::{
    Files, LogExport, RecipientPurpose, Report, Trust, TrustedLog, TrustedRecipient, VerifyOptions, build, verify,
};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::entry::{CipherSuite, EntryClass, EntryTime};
use peel_ledger::force_log::{Change, CheckpointLeaf, ForceLeaf};
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::note::{Ed25519Signer, SignedNote, VerifierKey};
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use peel_ledger::tree::{CompactRange, leaf_hash};
use peel_ledger::writer::WriterState;
use peel_ledger::{Hash, Origin};

pub const DOMAIN: &str = "force.example";

/// The force's keys.
pub struct Force {
    pub rng: StdRng,
    pub manifest: Ed25519Signer,
    pub log: Ed25519Signer,
    pub gateway: Ed25519Signer,
    pub people: [Ed25519Signer; 2],
    pub phone: Ed25519Signer,
    pub hardware: SigningKey,
    pub auditor: RecipientPrivateKey,
    /// Whom phones seal to instead of the auditor's own key.
    pub recipient: Option<RecipientPublicKey>,
    pub leaves: Vec<Vec<u8>>,
}

/// A phone's log as the gateway holds it.
pub struct Phone {
    pub entries: Vec<Vec<u8>>,
    pub note: SignedNote,
}

/// What to append to a phone's log.
pub enum Item {
    /// A body, to be sealed.
    Body(Vec<u8>),
    /// A receipt's commitment.
    Receipt(Hash),
}

impl Force {
    pub fn new() -> Self {
        Self::named("e1")
    }

    /// A force whose phone has this name.
    pub fn named(enrolment: &str) -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let named = |name: Origin, rng: &mut StdRng| Ed25519Signer::generate(name.as_str(), rng).unwrap();
        let mut force = Self {
            manifest: named(Origin::bundle(DOMAIN).unwrap(), &mut rng),
            log: named(Origin::force_log(DOMAIN).unwrap(), &mut rng),
            gateway: Ed25519Signer::generate("force.example/peel/gateway", &mut rng).unwrap(),
            people: ["chief", "clerk"].map(|name| Ed25519Signer::generate(name, &mut rng).unwrap()),
            phone: named(Origin::device(DOMAIN, enrolment).unwrap(), &mut rng),
            hardware: SigningKey::from_slice(&[5; 32]).unwrap(),
            auditor: RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rng).unwrap(),
            recipient: None,
            leaves: Vec::new(),
            rng,
        };
        let enrolment = Change::Enrolment {
            origin: force.origin(),
            log_key: force.phone.verifier().unwrap(),
            hardware_key: Some(force.hardware_key()),
            replaces: None,
        };
        force.approve(enrolment, 50);
        force
    }

    pub fn origin(&self) -> Origin {
        Origin::new(self.phone.name()).unwrap()
    }

    pub fn hardware_key(&self) -> VerifierKey {
        let spki = self.hardware.verifying_key().to_public_key_der().unwrap();
        VerifierKey::p256(self.phone.name(), spki.as_bytes()).unwrap()
    }

    pub fn approve(&mut self, change: Change, at_s: u64) {
        let leaf = ForceLeaf::change(change, Origin::force_log(DOMAIN).unwrap(), at_s);
        let leaf = self.approved(leaf, 0..2);
        self.leaves.push(leaf);
    }

    /// A leaf with the approvals of these people.
    pub fn approved(&self, mut leaf: ForceLeaf, people: std::ops::Range<usize>) -> Vec<u8> {
        for person in &self.people[people] {
            leaf.approve(person).unwrap();
        }
        leaf.encode()
    }

    /// Signs, cosigns and accepts a checkpoint as phone and gateway would.
    pub fn accept(&mut self, checkpoint: &Checkpoint, at_s: u64) -> (SignedNote, MirrorReceipt) {
        let mut note = checkpoint.sign(&self.phone).unwrap();
        let signature: Signature = self.hardware.sign(note.text().as_bytes());
        let key = self.hardware_key();
        note.attach_hardware_line(key.name(), &key.key_bytes(), signature.to_der().as_bytes()).unwrap();
        let line = self.gateway.cosign(note.text(), at_s).unwrap();
        let cosigner = self.gateway.cosigner_verifier().unwrap();
        let receipt = MirrorReceipt::verify(line.to_line().as_bytes(), checkpoint, &cosigner).unwrap();
        note.attach(line).unwrap();
        self.leaves.push(ForceLeaf::Checkpoint(CheckpointLeaf::from(&receipt)).encode());
        (note, receipt)
    }

    /// A phone's log of `size` entries, synced every `step` entries.
    pub fn phone(&mut self, size: u64, step: u64) -> Phone {
        self.phone_with(size, step, |index| format!("body {index}").into_bytes())
    }

    /// The same with bodies of the caller's making.
    pub fn phone_with(&mut self, size: u64, step: u64, body: impl Fn(u64) -> Vec<u8>) -> Phone {
        let items: Vec<Item> = (0..size).map(|index| Item::Body(body(index))).collect();
        self.phone_of(&items, step)
    }

    /// A phone's log of these entries, synced every `step` entries.
    pub fn phone_of(&mut self, items: &[Item], step: u64) -> Phone {
        let origin = self.origin();
        let recipient = self.sealed_to();
        let (mut state, mut entries) = (WriterState::new(), Vec::new());
        let mut beacon = None;
        let mut note = None;
        for (index, item) in (0..).zip(items) {
            let wall_ms = i64::try_from(100_000 + index * 1000).unwrap();
            let time = EntryTime { wall_ms, mono_ns: index, boot: [7; 8], beacon };
            let recipients = std::slice::from_ref(&recipient);
            let appended = match item {
                Item::Body(body) => state.append(&origin, EntryClass::Event, time, body, recipients, &mut self.rng),
                Item::Receipt(commitment) => state.append_receipt(time, *commitment, &mut self.rng),
            };
            let appended = appended.unwrap();
            entries.push(appended.entry);
            state = appended.state;
            if (index + 1) % step == 0 || index + 1 == items.len() as u64 {
                let (signed, receipt) = self.accept(&state.checkpoint(&origin), 101 + index);
                beacon = Some(receipt.beacon);
                note = Some(signed);
            }
        }
        Phone { entries, note: note.unwrap() }
    }

    /// The force log as it goes into a bundle.
    pub fn export(&self) -> LogExport {
        let mut range = CompactRange::new();
        for leaf in &self.leaves {
            range.append(leaf_hash(leaf)).unwrap();
        }
        let checkpoint = Checkpoint::of(Origin::new(self.log.name()).unwrap(), &range);
        LogExport { checkpoint: checkpoint.sign(&self.log).unwrap(), entries: self.leaves.clone() }
    }

    pub fn bundle(&self, phone: &Phone) -> Files {
        let log = LogExport { checkpoint: phone.note.clone(), entries: phone.entries.clone() };
        build(&[self.export(), log], 2000, &self.manifest).unwrap()
    }

    pub fn trust(&self) -> Trust {
        let log = |signer: &Ed25519Signer, hardware| TrustedLog {
            origin: Origin::new(signer.name()).unwrap(),
            key: signer.verifier().unwrap(),
            hardware,
        };
        Trust {
            force_domain: DOMAIN.to_owned(),
            manifest: self.manifest.verifier().unwrap(),
            force_log: log(&self.log, None),
            gateway: self.gateway.cosigner_verifier().unwrap(),
            witnesses: Vec::new(),
            witnesses_required: 0,
            without_witnesses: Some("a test".to_owned()),
            approvers: self.people.iter().map(|person| person.verifier().unwrap()).collect(),
            approvals_required: 2,
            logs: vec![log(&self.phone, Some(self.hardware_key()))],
            recipients: vec![TrustedRecipient {
                kid: self.sealed_to().kid(),
                purpose: RecipientPurpose::Auditor,
                from_s: None,
                until_s: None,
            }],
            root: None,
        }
    }

    /// Whom phones seal to.
    pub fn sealed_to(&self) -> RecipientPublicKey {
        self.recipient.clone().unwrap_or_else(|| self.auditor.public_key().unwrap())
    }
}

/// Checks a bundle with no key.
pub fn check(files: &Files, trust: &Trust) -> Report {
    verify(files, trust, VerifyOptions::default(), &mut |_| {})
}

/// The checkpoint over these entries.
pub fn checkpoint_of(origin: Origin, entries: &[Vec<u8>]) -> Checkpoint {
    let mut range = CompactRange::new();
    for entry in entries {
        range.append(leaf_hash(entry)).unwrap();
    }
    Checkpoint::of(origin, &range)
}

/// A second phone with these entries: enrolled, signed, accepted. Gives its log for bundle and trust file.
pub fn second_phone(force: &mut Force, entries: &[Vec<u8>], at_s: u64) -> (LogExport, TrustedLog) {
    let origin = Origin::device(DOMAIN, "e2").unwrap();
    let signer = Ed25519Signer::from_seed(origin.as_str(), &[8; 32]).unwrap();
    let key = signer.verifier().unwrap();
    force.approve(
        Change::Enrolment { origin: origin.clone(), log_key: key.clone(), hardware_key: None, replaces: None },
        at_s,
    );
    let checkpoint = checkpoint_of(origin.clone(), entries);
    let mut note = checkpoint.sign(&signer).unwrap();
    let line = force.gateway.cosign(note.text(), at_s).unwrap();
    let lines = peel_ledger::mirror::beacon(&line.to_line());
    let Checkpoint { size, root, .. } = checkpoint;
    let leaf = CheckpointLeaf { origin: origin.clone(), size, root, cosigned_at_s: at_s, lines };
    force.leaves.push(ForceLeaf::Checkpoint(leaf).encode());
    note.attach(line).unwrap();
    (LogExport { checkpoint: note, entries: entries.to_vec() }, TrustedLog { origin, key, hardware: None })
}

/// A policy's change for this force log, or for none as earlier versions wrote it.
pub fn policy(version: u64, force_log: Option<Origin>, at_s: u64) -> ForceLeaf {
    let change = Change::PolicyChange { version, policy: Hash::of(&[&version.to_be_bytes()]) };
    ForceLeaf::Change { change, force_log, at_s, approvals: Vec::new() }
}
