//! The force's policy on the phone: fetched, verified, put into force, or refused while the one before stays.
//!
//! Must never: take one that its signers did not sign, that contradicts itself, or that nothing could be sealed by.
//! Always: each refusal is on record and on the screen.

use std::sync::Arc;

use peel_domain::event::{Action, Actor, Justification};
use peel_domain::policy::{PolicyError, PolicyTrust, verify_policy};

use super::error::EngineError;
use super::state::State;
use super::{Engine, keys, persist, record};
use crate::store::Batch;

/// Largest policy document that is taken.
const MAX_POLICY_BYTES: usize = 256 * 1024;
/// The policy that the gateway has was not taken.
const REFUSED: &str = "policy.refused";

impl Engine {
    /// Fetches the policy; one that is unsigned or contradicts itself is refused and the one in force stays.
    pub(super) async fn fetch_policy(self: &Arc<Self>) -> Result<(), EngineError> {
        let signed = self.link()?.bytes("/v1/policy", MAX_POLICY_BYTES).await?;
        self.blocking(move |engine| engine.keep_policy(&signed)).await
    }

    pub(super) fn keep_policy(&self, signed: &[u8]) -> Result<(), EngineError> {
        let mut state = self.lock();
        let now = self.now();
        let device = state.device()?;
        let trust = PolicyTrust {
            signers: &device.policy_signers,
            force_id: &device.force_id,
            current_version: state.policy.version,
        };
        let verified = match verify_policy(signed, trust) {
            Ok(verified) => verified,
            Err(error) => {
                self.refuse_policy(&mut state, error.code())?;
                return Err(error.into());
            }
        };
        if verified.policy.version == state.policy.version {
            if verified.policy == state.policy {
                state.alarms.remove(REFUSED);
                return Ok(());
            }
            // One version has one policy; a force that lost it with its store signs the same again or a newer one.
            self.refuse_policy(&mut state, PolicyError::WrongVersion.code())?;
            return Err(PolicyError::WrongVersion.into());
        }
        let recipients = match keys::recipients(device, &verified.policy) {
            Ok(recipients) => recipients,
            Err(error) => {
                self.refuse_policy(&mut state, PolicyError::Recipients.code())?;
                return Err(error);
            }
        };
        let action = Action::PolicyApplied { version: verified.policy.version, sha256: verified.sha256 };
        let event = record::event(&state, action, Actor::Core, Justification::DeploymentManagement, now);
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::POLICY, &signed)?);
        self.record(&mut state, &[event], batch)?;
        state.policy = verified.policy;
        // From the next entry on; the one that says so could still be opened by the key before.
        if let Some(trail) = &mut state.trail {
            trail.seal_to(recipients);
        }
        state.alarms.remove(REFUSED);
        Ok(())
    }

    /// Records and shows that a policy was not taken.
    fn refuse_policy(&self, state: &mut State, code: &'static str) -> Result<(), EngineError> {
        self.refuse(state, None, code, Batch::new())?;
        state.raise(REFUSED);
        Ok(())
    }
}
