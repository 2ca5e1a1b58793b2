//! An officer's shift: signing in, and the end of it.

use std::sync::Arc;

use peel_domain::event::{Action, Actor, CertificateBytes, Justification};
use peel_domain::id::OfficerId;
use peel_domain::shift::{Binding, verify_certificate};
use peel_domain::time::{Clock as _, Moment};
use peel_domain::wire::{SignInRequest, SignInResponse};
use zeroize::Zeroizing;

use super::error::EngineError;
use super::state::ShiftRecord;
use super::{Engine, persist, record, views};
use crate::ffi::{KeySlot, SessionView, ShiftView, SyncOutcome};
use crate::store::{Batch, Op};

/// How long the sync at a shift's end may take.
const LAST_SYNC_MS: u32 = 10_000;

impl Engine {
    /// Where the phone stands.
    pub(crate) fn session(&self) -> SessionView {
        views::session(&self.lock())
    }

    /// Signs an officer in.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        number: String,
        pin: Zeroizing<String>,
    ) -> Result<ShiftView, EngineError> {
        let officer_id = OfficerId::new(number).map_err(|_| EngineError::Invalid("officer.number"))?;
        {
            let state = self.lock();
            let open = state.deployment.is_some();
            let other = state.officer.as_ref().is_some_and(|officer| *officer.officer_id() != officer_id);
            if open && other {
                return Err(EngineError::NotNow("shift.other_officer_in_deployment"));
            }
        }
        let of = self.lock().device()?.enrolment_id;
        let link = self.link()?;
        let k_officer_spki = self.blocking(|engine| Ok(engine.vault.public_key(KeySlot::Officer)?)).await?;
        let request = SignInRequest { officer_id, pin: (*pin).clone(), k_officer_spki: k_officer_spki.clone().into() };
        let reply: SignInResponse = match link.post("/v1/sign-in", &request).await {
            Ok(reply) => reply,
            Err(refusal) => {
                self.heed(of, &refusal)?;
                self.bump();
                return Err(refusal.into());
            }
        };
        let certificate = reply.certificate.as_bytes().to_vec();
        let view = self.blocking(move |engine| engine.keep_shift(certificate, &k_officer_spki)).await?;
        // Without the force's policy the strictest one holds; the shift begins all the same.
        match self.fetch_policy().await {
            Ok(()) | Err(EngineError::Transport(_) | EngineError::Policy(_)) => {}
            Err(error) => return Err(error),
        }
        self.sign_soon();
        Ok(view)
    }

    pub(super) fn keep_shift(&self, certificate: Vec<u8>, k_officer_spki: &[u8]) -> Result<ShiftView, EngineError> {
        let mut state = self.lock();
        let now = self.now();
        let device = state.device()?;
        let binding = Binding { enrolment_id: device.enrolment_id, k_officer_spki };
        let officer = verify_certificate(&certificate, &device.force_key, binding, now.utc_ms)?;
        self.served(&mut state)?;
        let actor = Actor::Officer(officer.officer_id().clone());
        let kept = CertificateBytes(certificate.clone());
        let action = Action::ShiftStarted { until_ms: officer.until_ms(), certificate: Some(kept) };
        let event = record::event(&state, action, actor, Justification::DeploymentManagement, now);
        let shift = ShiftRecord { certificate, signed_in_at_ms: now.utc_ms };
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::SHIFT, &shift)?);
        self.record(&mut state, &[event], batch)?;
        state.officer = Some(officer);
        views::shift(&state).ok_or(EngineError::NotSignedIn)
    }

    /// Ends the shift.
    pub(crate) async fn end_shift(self: &Arc<Self>) -> Result<SyncOutcome, EngineError> {
        if self.lock().deployment.is_some() {
            self.leave_deployment().await?;
        }
        self.blocking(Self::keep_shift_ended).await?;
        let outcome = self.sync(LAST_SYNC_MS).await;
        self.disconnect();
        outcome
    }

    fn keep_shift_ended(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let actor = Actor::Officer(state.officer()?.officer_id().clone());
        let now: Moment = self.clock.now();
        let event = record::event(&state, Action::ShiftEnded, actor, Justification::DeploymentManagement, now);
        let mut batch = Batch::new();
        batch.push(Op::Forget(persist::SHIFT));
        self.record(&mut state, &[event], batch)?;
        state.officer = None;
        Ok(())
    }
}
