//! Deployments: joined, briefed, left, and nothing of them kept.

use std::sync::Arc;

use peel_domain::deployment::{DeploymentState, Role};
use peel_domain::event::{Action, Actor, EventBody, Justification};
use peel_domain::id::DeploymentId;
use peel_domain::silence::Silence;
use peel_domain::wire::{DeploymentsResponse, PresenceRequest, RosteredDeployment};

use super::error::EngineError;
use super::state::{DeploymentRecord, OpenDeployment, State};
use super::{Engine, persist, record, views};
use crate::ffi::{DeploymentView, VaultError, WrapSlot};
use crate::sealed::RecordKey;
use crate::store::{Batch, Op};
use crate::vault::wrap_key;

impl Engine {
    async fn rostered(&self) -> Result<Vec<RosteredDeployment>, EngineError> {
        self.lock().officer()?;
        let reply: DeploymentsResponse = self.link()?.get("/v1/deployments").await?;
        Ok(reply.deployments)
    }

    /// Deployments that the officer is rostered for.
    pub(crate) async fn deployments(&self) -> Result<Vec<DeploymentView>, EngineError> {
        Ok(self.rostered().await?.iter().map(views::deployment).collect())
    }

    /// Joins a deployment.
    pub(crate) async fn join(self: &Arc<Self>, deployment_id: DeploymentId, role: Role) -> Result<(), EngineError> {
        if self.lock().deployment.is_some() {
            return Err(EngineError::NotNow("deployment.already_joined"));
        }
        let rostered = self.rostered().await?;
        let rostered = rostered.into_iter().find(|one| one.card.deployment_id == deployment_id);
        let rostered = rostered.ok_or(EngineError::NotFound("deployment.unknown"))?;
        if !rostered.roles.contains(&role) || !self.lock().officer()?.has_role(deployment_id, role) {
            return Err(EngineError::NotNow("deployment.role_not_rostered"));
        }
        if rostered.state == DeploymentState::Ended || self.now().utc_ms >= rostered.card.planned_end_ms {
            return Err(EngineError::NotNow("deployment.over"));
        }
        // Joined in the trail before the gateway sends anything.
        self.blocking(move |engine| engine.keep_joined(rostered, role)).await?;
        let path = format!("/v1/deployments/{deployment_id}/presence");
        if let Err(error) = self.link()?.tell(&path, &PresenceRequest { role, present: true }).await {
            self.blocking(Self::keep_left).await?;
            return Err(error.into());
        }
        Ok(())
    }

    pub(super) fn keep_joined(&self, rostered: RosteredDeployment, role: Role) -> Result<(), EngineError> {
        let mut state = self.lock();
        if state.deployment.is_some() {
            return Err(EngineError::NotNow("deployment.already_joined"));
        }
        // What an earlier deployment wrapped opens no more, whatever is left of it anywhere.
        self.destroy_deployment_key()?;
        let cache = RecordKey::generate(&mut rand::rng());
        let cache_wrapped = wrap_key(self.vault.as_ref(), WrapSlot::Deployment, &cache)?;
        let deployment_state = rostered.state;
        let record = DeploymentRecord {
            card: rostered.card,
            role,
            state: deployment_state,
            briefed: false,
            cache_wrapped,
            feeds: Vec::new(),
        };
        let mut batch = Batch::new();
        batch.push(Op::ForgetDeployment);
        batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &record)?);
        // The gateway's list of deployments has just been fetched.
        let silence = Silence::beginning(self.now());
        batch.push(persist::put(&self.store_key, persist::SILENCE, &silence)?);
        let joined = Action::Joined { role, software: Some(env!("CARGO_PKG_VERSION").to_owned()) };
        let event = self.officer_event(&state, joined, record.card.deployment_id)?;
        state.deployment = Some(OpenDeployment { record, cache });
        let result = self.record(&mut state, &[event], batch);
        if result.is_ok() {
            (state.silence, state.silence_kept) = (Some(silence), Some(silence.seen()));
        } else {
            state.deployment = None;
        }
        result
    }

    fn officer_event(&self, state: &State, action: Action, deployment: DeploymentId) -> Result<EventBody, EngineError> {
        let actor = Actor::Officer(state.officer()?.officer_id().clone());
        let event = record::event(state, action, actor, Justification::DeploymentManagement, self.now());
        Ok(EventBody { deployment_id: Some(deployment), ..event })
    }

    /// The card was read. Blocks.
    pub(crate) fn acknowledge_briefing(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let mut record = state.deployment()?.record.clone();
        if record.briefed {
            return Ok(());
        }
        record.briefed = true;
        let event = self.officer_event(&state, Action::BriefingAcknowledged, record.card.deployment_id)?;
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &record)?);
        self.record(&mut state, &[event], batch)?;
        if let Some(open) = &mut state.deployment {
            open.record = record;
        }
        Ok(())
    }

    /// Leaves the deployment: everything closed, images destroyed, the deployment's key gone.
    pub(crate) async fn leave_deployment(self: &Arc<Self>) -> Result<(), EngineError> {
        let (deployment_id, role) = {
            let state = self.lock();
            state.officer()?;
            let open = state.deployment()?;
            if state.alerts.values().any(|held| !held.state.phase().is_closed()) {
                return Err(EngineError::NotNow("deployment.alerts_open"));
            }
            (open.record.card.deployment_id, open.record.role)
        };
        self.blocking(Self::keep_left).await?;
        // The gateway also notices from the trail; offline it hears of it with the next sync.
        let path = format!("/v1/deployments/{deployment_id}/presence");
        if let Ok(link) = self.link() {
            let _ = link.tell(&path, &PresenceRequest { role, present: false }).await;
        }
        Ok(())
    }

    fn keep_left(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let deployment_id = state.deployment()?.record.card.deployment_id;
        self.destroy_all(&mut state)?;
        let event = self.officer_event(&state, Action::Left, deployment_id)?;
        let mut batch = Batch::new();
        // The event goes to the trail alone: its working copy would outlive the cache.
        batch.push(Op::ForgetDeployment);
        batch.push(Op::Forget(persist::DEPLOYMENT));
        batch.extend([persist::ALIVE, persist::SILENCE].map(Op::Forget));
        let open = state.deployment.take();
        if let Err(error) = self.record(&mut state, &[event], batch) {
            state.deployment = open;
            return Err(error);
        }
        state.alerts.clear();
        state.feeds.clear();
        state.silence = None;
        let _ = self.store.truncate_log();
        self.destroy_deployment_key()?;
        drop(state);
        self.bump();
        Ok(())
    }

    /// Destroys the key that wraps images' keys and the working cache's.
    pub(super) fn destroy_deployment_key(&self) -> Result<(), EngineError> {
        match self.vault.destroy(WrapSlot::Deployment) {
            Ok(()) | Err(VaultError::Lost) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
