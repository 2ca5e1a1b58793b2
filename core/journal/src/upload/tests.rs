use peel_ledger::entry::{CipherSuite, EntryClass};
use peel_ledger::mirror::{AddEntriesReply, MirrorState, Notice};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::RecipientPrivateKey;
use peel_ledger::{Hash, Origin};

use super::*;
use crate::signing::Signing;
use crate::store::PruneRule;
use crate::trail::{Item, Stamp, Trail, TrailError};

/// A mirror in memory: the real state machine, nothing durable.
#[derive(Clone)]
struct Mirror {
    state: MirrorState,
    log_key: VerifierKey,
    cosigner: Ed25519Signer,
    entries: Vec<Vec<u8>>,
    now_s: u64,
}

impl Mirror {
    fn answer(&mut self, request: &Request) -> (u16, Vec<u8>) {
        match request.endpoint {
            Endpoint::AddCheckpoint => {
                let message = AddCheckpoint::parse(&request.body).unwrap();
                match self.state.add_checkpoint(&message, &self.log_key, &[]) {
                    Ok(state) => {
                        self.state = state;
                        (200, Vec::new())
                    }
                    Err(refusal) => (refusal.status(), refusal.conflict_body().unwrap_or_default().into_bytes()),
                }
            }
            Endpoint::AddEntries => {
                let message = AddEntries::parse(&request.body).unwrap();
                let outcome = self.state.add_entries(&message).unwrap();
                self.entries.extend(outcome.accepted.into_iter().map(|entry| entry.bytes));
                self.state = outcome.state;
                let status = outcome.reply.status();
                let body = match outcome.reply {
                    AddEntriesReply::Complete(checkpoint) => {
                        self.cosigner.cosign(&checkpoint.note_text(), self.now_s).unwrap().to_line()
                    }
                    AddEntriesReply::Accepted(info) | AddEntriesReply::Conflict(info) => info.encode(),
                    _ => String::new(),
                };
                (status, body.into_bytes())
            }
        }
    }
}

fn setting() -> (tempfile::TempDir, Store, Trail, Mirror) {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(directory.path(), 1).unwrap();
    let mut rng = rand::rng();
    let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rng).unwrap();
    let origin = Origin::device("force.example", "e1").unwrap();
    let signer = Ed25519Signer::generate(origin.as_str(), &mut rng).unwrap();
    let mirror = Mirror {
        state: MirrorState::new(origin.clone()),
        log_key: signer.verifier().unwrap(),
        cosigner: Ed25519Signer::generate("force.example/peel/mirror", &mut rng).unwrap(),
        entries: Vec::new(),
        now_s: 1_000,
    };
    let trail = Trail::open(&store, origin, signer, vec![key.public_key().unwrap()]).unwrap();
    (directory, store, trail, mirror)
}

fn record(store: &Store, trail: &mut Trail, count: usize, bytes: usize) {
    let at = Stamp { wall_ms: 1, mono_ns: 1, boot: [1; 8] };
    let items = vec![Item::Body { class: EntryClass::Event, at, body: vec![7; bytes] }; count];
    trail.append(store, &items, Batch::new(), None, &mut rand::rng()).unwrap();
}

/// Brings everything over; gives how many requests with entries it took.
fn bring(store: &Store, trail: &Trail, mirror: &mut Mirror) -> usize {
    try_to_bring(store, trail, mirror).unwrap()
}

fn try_to_bring(store: &Store, trail: &Trail, mirror: &mut Mirror) -> Result<usize, UploadError> {
    let signed = Signing::default().sign::<TrailError>(store, || Ok(trail.present()), &[], &|_| None);
    let (checkpoint, note) = signed.unwrap();
    let key = mirror.cosigner.cosigner_verifier().unwrap();
    let mut upload = Upload::new(checkpoint, note, key, store.cosigned_size().unwrap());
    let (mut action, mut requests) = (upload.begin(), 0);
    for _ in 0..100 {
        if let Action::Done(receipt) = &action {
            keep_receipt(store, receipt, 0).unwrap();
            return Ok(requests);
        }
        let request = upload.request(store, &action)?;
        requests += usize::from(matches!(request.asked, Asked::Entries { .. }));
        let (status, body) = mirror.answer(&request);
        let step = upload.answered(request.asked, ServerAnswer::Reply { status, body: &body, retry_after_s: None });
        if let Some(Notice::ServerLostHistory { holds, .. }) = step.notice {
            keep_loss(store, holds).unwrap();
        }
        action = step.action;
    }
    panic!("the upload does not end");
}

#[test]
fn everything_arrives_once_and_in_order_and_the_receipt_is_durable() {
    let (_directory, store, mut trail, mut mirror) = setting();
    for count in [1, 255, 1, 300, 512] {
        record(&store, &mut trail, count, 20);
        bring(&store, &trail, &mut mirror);
        assert_eq!(store.cosigned_size().unwrap(), trail.size());
    }
    assert_eq!(mirror.entries, store.entries(0, 2_000).unwrap());
    assert!(store.meta(BEACON).unwrap().is_some());
}

#[test]
fn a_request_is_not_much_longer_than_its_limit() {
    let (_directory, store, mut trail, mut mirror) = setting();
    // Four packages of about 1.3 MB each: one a request.
    record(&store, &mut trail, 1_024, 5_000);
    assert_eq!(bring(&store, &trail, &mut mirror), 4);
    assert_eq!(mirror.entries.len(), 1_024);
}

#[test]
fn an_entry_that_is_missing_is_damage_and_nothing_is_sent() {
    let (_directory, store, mut trail, _) = setting();
    record(&store, &mut trail, 3, 10);
    let (checkpoint, note) =
        Signing::default().sign::<TrailError>(&store, || Ok(trail.present()), &[], &|_| None).unwrap();
    let other = Ed25519Signer::generate("m", &mut rand::rng()).unwrap();
    let upload = Upload::new(checkpoint, note, other.cosigner_verifier().unwrap(), 0);
    let wanted = Action::SendEntries { start: 2, end: 5, ticket: Vec::new(), max_packages: 1 };
    assert_eq!(upload.request(&store, &wanted), Err(UploadError::Store(StoreError::Damaged)));
}

#[test]
fn a_second_history_is_never_signed() {
    let (_directory, store, mut trail, _) = setting();
    record(&store, &mut trail, 2, 10);
    let signing = Signing::default();
    let good = trail.present();
    signing.sign::<TrailError>(&store, || Ok(good.clone()), &[], &|_| None).unwrap();
    let mut other = good.clone();
    other.checkpoint.root = Hash::of(&[b"another"]);
    for size in [2, 1] {
        other.checkpoint.size = size;
        let refused = signing.sign::<TrailError>(&store, || Ok(other.clone()), &[], &|_| None);
        assert_eq!(refused.unwrap_err(), TrailError::Store(StoreError::SecondHistory));
    }
}

const WEEK_S: u64 = 7 * 86_400;

fn prune(store: &Store, mirror: &Mirror) -> u64 {
    let now_ms = i64::try_from(mirror.now_s * 1_000).unwrap();
    store.prune(PruneRule { keep_ms: 0, backup_horizon_ms: WEEK_S * 1_000, now_ms, proved: u64::MAX }).unwrap().below
}

/// A phone with 700 entries at the mirror, of which 512 were pruned, and the mirror as it was with 300 and with 600.
fn pruned() -> (tempfile::TempDir, Store, Trail, Mirror, [Mirror; 2]) {
    let (directory, store, mut trail, mut mirror) = setting();
    let mut backups = Vec::new();
    for count in [300, 300, 100] {
        record(&store, &mut trail, count, 20);
        bring(&store, &trail, &mut mirror);
        backups.push(mirror.clone());
    }
    mirror.now_s += WEEK_S;
    record(&store, &mut trail, 1, 20);
    bring(&store, &trail, &mut mirror);
    assert_eq!(prune(&store, &mirror), 512);
    let [first, second, _] = <[Mirror; 3]>::try_from(backups).ok().unwrap();
    (directory, store, trail, mirror, [first, second])
}

#[test]
fn a_pruned_log_starts_grows_and_synchronises_as_before() {
    let (directory, store, trail, mut mirror, _) = pruned();
    let (origin, root) = (trail.origin().clone(), trail.checkpoint().root);
    let present = trail.present();
    let seed = present.signer.as_ref().unwrap().expose_seed();
    drop((trail, present, store));
    let (store, opened) = Store::open(directory.path(), 2).unwrap();
    assert!(!opened.set_aside);
    let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
    let signer = Ed25519Signer::from_seed(origin.as_str(), &seed).unwrap();
    let mut trail = Trail::open(&store, origin, signer, vec![key.public_key().unwrap()]).unwrap();
    assert_eq!((trail.size(), trail.checkpoint().root), (701, root));
    record(&store, &mut trail, 600, 20);
    bring(&store, &trail, &mut mirror);
    assert_eq!(mirror.entries.len(), 1_301);
    assert_eq!(mirror.entries[512..], store.entries(512, 2_000).unwrap());
}

#[test]
fn a_mirror_that_lost_what_was_pruned_is_told_so_with_its_own_signature() {
    let (_directory, store, mut trail, mirror, [mut lost_much, mut lost_little]) = pruned();
    record(&store, &mut trail, 1, 20);
    assert_eq!(try_to_bring(&store, &trail, &mut lost_much), Err(UploadError::Pruned { from: 300, below: 512 }));
    let proof = loss_proof(&store, trail.origin(), 300).unwrap().unwrap();
    let receipt = proof.verify(&mirror.cosigner.cosigner_verifier().unwrap()).unwrap();
    assert!(receipt.checkpoint.size >= 512);
    assert_eq!(receipt.cosigned_at_s, 1_000);
    let note = SignedNote::parse(proof.note_text().as_bytes()).unwrap();
    note.verify(&[mirror.cosigner.cosigner_verifier().unwrap()]).unwrap();
    let stranger = Ed25519Signer::generate("m", &mut rand::rng()).unwrap();
    assert!(proof.verify(&stranger.cosigner_verifier().unwrap()).is_err());
    assert_eq!(loss_proof(&store, trail.origin(), 702).unwrap(), None);
    // Recording goes on, and a mirror that has what was pruned is brought up to date.
    record(&store, &mut trail, 1, 20);
    bring(&store, &trail, &mut lost_little);
    assert_eq!(lost_little.entries.len(), 703);
}
