//! Whether the force's public log holds what the mirror confirmed.
//!
//! Must never: let anything go from this phone on the mirror's word alone: who runs the mirror could confirm, drop, and
//! show outsiders a log in which nothing is missing. Always: the proof leads from this phone's own root to a checkpoint of
//! the force log under its own key, and under as many outside witnesses as the signed policy asks for.

use std::sync::Arc;

use peel_domain::policy::Policy;
use peel_domain::time::Moment;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::force_log::{CheckpointLeaf, ForceLeaf};
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::tlog_proof::{LogTrust, TlogProof, TlogProofError};
use peel_ledger::tree::leaf_hash;
use peel_ledger::{Hash, Origin};
use serde::{Deserialize, Serialize};

use super::error::EngineError;
use super::state::DeviceRecord;
use super::{Engine, keys, persist};
use crate::store::Cosigned;
use crate::transport::TransportError;

/// How often the gateway is asked, in the clock's milliseconds.
const ASK_EVERY_MS: u64 = 3_600_000;
/// A force publishes what it accepted within this time, its witnesses' cosignatures included.
const PUBLISHED_WITHIN_MS: u64 = 86_400_000;
/// A proof with the checkpoint and as many lines as a note may have.
const MAX_PROOF_BYTES: usize = 64 * 1024;
/// The force's public log does not hold what the mirror confirmed.
pub(super) const NOT_IN_FORCE_LOG: &str = "sync.not_in_force_log";

/// What is proved, and what is asked for; sealed in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForceProof {
    /// The size of this phone's log that the force's public log is proved to hold.
    pub(crate) proved: u64,
    /// The size that is asked for, and since when.
    asked: Option<(u64, Moment)>,
}

impl ForceProof {
    /// Proved so far, and nothing asked for.
    pub(crate) const fn up_to(proved: u64) -> Self {
        Self { proved, asked: None }
    }
}

/// The leaf that must stand in the force log.
pub(super) struct Question {
    size: u64,
    since: Moment,
    leaf: Hash,
    trust: LogTrust,
}

/// Whom the phone believes about the force log: its key from the enrolment, witnesses from the policy.
fn trust(device: &DeviceRecord, policy: &Policy) -> Result<Option<LogTrust>, EngineError> {
    const BAD: EngineError = EngineError::Integrity("device.force_log_key");
    let Some(vkey) = &device.force_log_vkey else { return Ok(None) };
    let log_key: peel_ledger::note::VerifierKey = vkey.parse().map_err(|_| BAD)?;
    let origin = Origin::new(log_key.name()).map_err(|_| BAD)?;
    let (witnesses, witnesses_needed) = match &policy.trail.witnesses {
        // A key that does not read as one counts for nobody.
        Some(rule) => (rule.keys.iter().filter_map(|key| key.parse().ok()).collect(), rule.needed as usize),
        None => (Vec::new(), 0),
    };
    Ok(Some(LogTrust { origin, log_key, witnesses, witnesses_needed }))
}

fn leaf(device: &DeviceRecord, held: &Cosigned) -> Result<Hash, EngineError> {
    const BAD: EngineError = EngineError::Integrity("trail.cosigned");
    let checkpoint = Checkpoint { origin: keys::origin(device)?, size: held.size, root: Hash::new(held.root) };
    let mirror = device.mirror_vkey.parse().map_err(|_| BAD)?;
    let receipt = MirrorReceipt::verify(held.note.as_bytes(), &checkpoint, &mirror).map_err(|_| BAD)?;
    Ok(leaf_hash(&ForceLeaf::Checkpoint(CheckpointLeaf::from(&receipt)).encode()))
}

impl Engine {
    /// Asks for the proof of what the mirror confirmed, if it is time to.
    pub(super) async fn prove_in_force_log(self: &Arc<Self>) {
        // The sync has done its work, whatever comes of this; nothing is pruned meanwhile.
        if let Err(EngineError::Integrity(_)) = self.try_to_prove().await {
            self.lock().raise(NOT_IN_FORCE_LOG);
        }
    }

    async fn try_to_prove(self: &Arc<Self>) -> Result<(), EngineError> {
        let Some(question) = self.blocking(Self::question).await? else { return Ok(()) };
        let path = format!("/v1/log/proof/{}", question.leaf.to_hex());
        let answer = self.link()?.bytes(&path, MAX_PROOF_BYTES).await;
        self.blocking(move |engine| engine.answered(&question, answer)).await
    }

    pub(super) fn question(&self) -> Result<Option<Question>, EngineError> {
        let mut state = self.lock();
        let now = self.now();
        if state.last_asked_for_proof.is_some_and(|last| now.since(&last).ms < ASK_EVERY_MS) {
            return Ok(None);
        }
        let device = state.device()?;
        let Some(trust) = trust(device, &state.policy)? else { return Ok(None) };
        let known = &state.force_proof;
        // The same size until it is proved: the newest of a busy phone is never published yet.
        let (size, since) = known.asked.unwrap_or((self.store.held_size()?, now));
        if size <= known.proved {
            return Ok(None);
        }
        let held = self.store.cosignature_over(size - 1)?.filter(|held| held.size == size);
        let Some(held) = held else {
            state.force_proof.asked = None;
            return Ok(None);
        };
        let leaf = leaf(device, &held)?;
        let asked = ForceProof { asked: Some((size, since)), ..known.clone() };
        if asked != *known {
            self.put([persist::put(&self.store_key, persist::FORCE_PROOF, &asked)?])?;
            state.force_proof = asked;
        }
        state.last_asked_for_proof = Some(now);
        Ok(Some(Question { size, since, leaf, trust }))
    }

    pub(super) fn answered(
        &self,
        question: &Question,
        answer: Result<Vec<u8>, TransportError>,
    ) -> Result<(), EngineError> {
        let proved = match answer {
            Ok(bytes) => TlogProof::parse(&bytes).and_then(|proof| proof.verify(&question.leaf, &question.trust)),
            // Not there, not published yet, or not given: to whoever waits for it that is the same.
            Err(
                TransportError::Refused { .. }
                | TransportError::Busy { .. }
                | TransportError::Malformed
                | TransportError::TooLarge,
            ) => Err(TlogProofError::Unsigned),
            Err(_) => return Ok(()),
        };
        let mut state = self.lock();
        match proved {
            Ok(_) => {
                let known = ForceProof::up_to(question.size);
                self.put([persist::put(&self.store_key, persist::FORCE_PROOF, &known)?])?;
                state.force_proof = known;
                state.alarms.remove(NOT_IN_FORCE_LOG);
            }
            Err(_) if self.now().since(&question.since).ms >= PUBLISHED_WITHIN_MS => {
                state.raise(NOT_IN_FORCE_LOG);
            }
            Err(_) => {}
        }
        Ok(())
    }
}
