//! What the mirror confirmed counts for pruning once the force's public log is proved to hold it.

use peel_domain::event::Action;
use peel_domain::policy::WitnessRule;
use peel_ledger::Origin;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{CheckpointLeaf, ForceLeaf};
use peel_ledger::note::{Ed25519Signer, SignedNote};
use peel_ledger::tlog_proof::TlogProof;
use peel_ledger::tree::{CompactRange, LeafHashes, inclusion_proof, leaf_hash};

use super::support::{Bench, mirror};
use crate::engine::force_log::{ForceProof, NOT_IN_FORCE_LOG};
use crate::engine::state::DeviceRecord;
use crate::transport::TransportError;

const HOUR_MS: i64 = 3_600_000;

fn force_log() -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/log", &[4; 32]).unwrap()
}

fn witness() -> Ed25519Signer {
    Ed25519Signer::from_seed("witness.example", &[5; 32]).unwrap()
}

/// A phone that knows the force log's key, with a confirmed trail; the leaf that the force log should hold.
fn confirmed() -> (Bench, Vec<u8>, u64) {
    let bench = Bench::new();
    {
        let mut state = bench.engine.lock();
        let device = state.device.as_mut().unwrap();
        device.mirror_vkey = mirror().cosigner_verifier().unwrap().to_string();
        device.force_log_vkey = Some(force_log().verifier().unwrap().to_string());
    }
    let leaf = confirm(&bench);
    let size = bench.engine.lock().trail().unwrap().size();
    (bench, leaf, size)
}

/// The mirror confirms the trail as it is.
fn confirm(bench: &Bench) -> Vec<u8> {
    let receipt = bench.confirmation();
    bench.engine.keep_receipt(&receipt).unwrap();
    ForceLeaf::Checkpoint(CheckpointLeaf::from(&receipt)).encode()
}

/// The force log with this leaf among others, as the gateway proves it.
fn proof(leaf: &[u8], witnessed: bool) -> Vec<u8> {
    let mut leaves: Vec<_> = (0..5_u8).map(|other| leaf_hash(&[other])).collect();
    leaves.insert(2, leaf_hash(leaf));
    let mut range = CompactRange::new();
    for leaf in &leaves {
        range.append(*leaf).unwrap();
    }
    let origin = Origin::new("force.example/peel/log").unwrap();
    let mut note: SignedNote = Checkpoint::of(origin, &range).sign(&force_log()).unwrap();
    if witnessed {
        note.attach(witness().cosign(note.text(), 9).unwrap()).unwrap();
    }
    let hashes = inclusion_proof(&LeafHashes::new(leaves), 2, range.size()).unwrap();
    TlogProof { index: 2, hashes, note }.to_text().into_bytes()
}

fn not_there() -> Result<Vec<u8>, TransportError> {
    Err(TransportError::Refused { status: 404, code: "not_found".to_owned() })
}

/// Asks, if it is time to, and answers; whether it asked.
fn ask(bench: &Bench, answer: Result<Vec<u8>, TransportError>) -> bool {
    let Some(question) = bench.engine.question().unwrap() else { return false };
    bench.engine.answered(&question, answer).unwrap();
    true
}

fn proved(bench: &Bench) -> u64 {
    bench.engine.lock().force_proof.proved
}

fn alarmed(bench: &Bench) -> bool {
    bench.engine.connection_view().alarms.contains(&NOT_IN_FORCE_LOG.to_owned())
}

#[test]
fn s36_what_the_mirror_confirmed_counts_once_the_force_log_is_proved_to_hold_it() {
    let (bench, leaf, size) = confirmed();
    assert!(ask(&bench, Ok(proof(b"another phone's", false))));
    assert_eq!(proved(&bench), 0, "a proof of another leaf proves nothing");
    assert!(!ask(&bench, Ok(proof(&leaf, false))), "not more often than once an hour");
    bench.clock.advance(HOUR_MS);
    assert!(ask(&bench, Ok(proof(&leaf, false))));
    assert_eq!(proved(&bench), size);
    // It is durable, and there is nothing to ask for until more is confirmed.
    bench.clock.advance(HOUR_MS);
    assert!(!ask(&bench, not_there()));
    let (_home, again) = bench.after_kill();
    assert_eq!(again.lock().force_proof, ForceProof::up_to(size));
}

#[test]
fn s36_a_mirror_that_confirms_and_publishes_nothing_is_noticed_within_a_day() {
    let (bench, leaf, size) = confirmed();
    for hour in 0..24 {
        // Not there, no answer that is one, busy: whoever keeps the proof back may say so in any way.
        let answer = match hour % 3 {
            0 => not_there(),
            1 => Err(TransportError::Refused { status: 500, code: String::new() }),
            _ => Err(TransportError::Busy { retry_after_s: None }),
        };
        assert!(ask(&bench, answer), "hour {hour}");
        assert!(!alarmed(&bench), "hour {hour}");
        // More is confirmed meanwhile: the phone goes on asking for what it asked for.
        bench.clock.advance(HOUR_MS);
        bench.receive(u64::try_from(hour).unwrap() + 1);
        confirm(&bench);
    }
    assert!(ask(&bench, Err(TransportError::Busy { retry_after_s: None })));
    assert!(alarmed(&bench));
    assert_eq!(proved(&bench), 0);
    bench.clock.advance(HOUR_MS);
    assert!(ask(&bench, Ok(proof(&leaf, false))));
    assert!(!alarmed(&bench));
    assert_eq!(proved(&bench), size);
    bench.clock.advance(HOUR_MS);
    assert!(ask(&bench, Err(TransportError::Unreachable)), "then the newest is asked for");
    assert!(!alarmed(&bench), "no answer is no accusation");
}

#[test]
fn s36_with_witnesses_in_the_policy_the_forces_own_word_is_not_enough() {
    let (bench, leaf, size) = confirmed();
    let keys = vec![witness().cosigner_verifier().unwrap().to_string()];
    bench.engine.lock().policy.trail.witnesses = Some(WitnessRule { keys, needed: 1 });
    assert!(ask(&bench, Ok(proof(&leaf, false))));
    assert_eq!(proved(&bench), 0);
    bench.clock.advance(HOUR_MS);
    assert!(ask(&bench, Ok(proof(&leaf, true))));
    assert_eq!(proved(&bench), size);
}

#[test]
fn s35_a_force_that_does_not_know_the_phone_any_more_gets_all_that_it_had_confirmed() {
    let (bench, _, size) = confirmed();
    bench.engine.alarm("sync.unknown_device").unwrap();
    let mut state = bench.engine.lock();
    let device = state.device().unwrap().clone();
    let next = format!("force.example/peel/device/{}", uuid::Uuid::now_v7());
    bench.engine.succeed(&mut state, DeviceRecord { origin: next, ..device }).unwrap();
    drop(state);
    let events = bench.events(&bench.engine);
    let Action::LogEnded(ended) = &events[0].action else { panic!("not the end of the old log") };
    assert_eq!(CompactRange::from_bytes(&ended.confirmed).unwrap().size(), 0);
    assert!(ended.receipt.is_some(), "with the force's own signature over it");
    let carried = events.iter().filter(|event| matches!(event.action, Action::EntryCarried(_))).count();
    assert_eq!(carried as u64, size);
}

#[test]
fn s36_what_the_mirror_lost_is_proved_no_more() {
    let (bench, leaf, size) = confirmed();
    assert!(ask(&bench, Ok(proof(&leaf, false))));
    assert_eq!(proved(&bench), size);
    bench.engine.keep_loss(bench.enrolment_id, 1).unwrap();
    assert_eq!(proved(&bench), 1);
}
