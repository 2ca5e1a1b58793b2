//! Deployments: made from a file, driven by the operator, joined by officers.
//!
//! Always: a change of state is an event of the force and a message to everybody in the deployment.

use std::collections::BTreeSet;

use peel_domain::alert::Thousandths;
use peel_domain::deployment::{Camera, DeploymentCard, DeploymentState, Feed, Role, UseCase};
use peel_domain::event::{Action, Actor};
use peel_domain::id::{DeploymentId, EnrolmentId, ForceId};
use peel_domain::wire::{RosteredDeployment, StreamEvent};
use serde::Deserialize;

use super::authority::About;
use super::standing::in_good_standing;
use super::{Authority, Gateway, ServiceError, fanout, retention};
use crate::storage::{
    self, DeploymentRow, Member, Recipients, Roster, Shift, Tx, add_member, deployment, put_deployment, remove_member,
};

/// A deployment as people write it, in TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentFile {
    /// Its identifier; made where there is none.
    pub deployment_id: Option<DeploymentId>,
    /// An exercise with role-players.
    pub exercise: bool,
    /// Why it takes place.
    pub use_case: UseCase,
    /// Where, in words.
    pub location_text: String,
    /// Who authorised it, by reference.
    pub authority_ref: String,
    /// Planned start; milliseconds since 1970 UTC.
    pub planned_start_ms: i64,
    /// Planned end.
    pub planned_end_ms: i64,
    /// Cameras.
    pub cameras: Vec<Camera>,
    /// Drone feeds.
    #[serde(default)]
    pub feeds: Vec<Feed>,
    /// The LFR algorithm.
    pub algorithm: String,
    /// The threshold, thousandths.
    pub threshold_thousandths: u16,
    /// How many entries the watchlist has.
    pub watchlist_size: u32,
    /// The version of the policy.
    pub policy_version: u32,
}

impl DeploymentFile {
    /// Reads the TOML text.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            // The names of fields are this program's words; whatever else the message has may quote the file.
            let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
            ServiceError::DeploymentFile { line, missing: missing.map(str::to_owned) }
        })
    }

    fn card(self, force: &str, fresh: DeploymentId) -> Result<DeploymentCard, ServiceError> {
        let texts = [&self.location_text, &self.authority_ref, &self.algorithm];
        if texts.iter().any(|text| text.trim().is_empty() || text.len() > 500) {
            return Err(ServiceError::Invalid("deployment.text"));
        }
        let cameras: BTreeSet<_> = self.cameras.iter().map(|camera| &camera.camera_id).collect();
        let feeds: BTreeSet<_> = self.feeds.iter().map(|feed| &feed.feed_id).collect();
        if cameras.is_empty() || cameras.len() != self.cameras.len() || feeds.len() != self.feeds.len() {
            return Err(ServiceError::Invalid("deployment.cameras"));
        }
        if self.feeds.iter().any(|feed| !feed.overt || feed.incident_ref.trim().is_empty()) {
            return Err(ServiceError::FeedRefused);
        }
        if self.planned_start_ms >= self.planned_end_ms {
            return Err(ServiceError::Invalid("deployment.times"));
        }
        if self.threshold_thousandths > 1_000 {
            return Err(ServiceError::Invalid("deployment.threshold"));
        }
        Ok(DeploymentCard {
            deployment_id: self.deployment_id.unwrap_or(fresh),
            force_id: ForceId::new(force).map_err(|_| ServiceError::Invalid("force"))?,
            exercise: self.exercise,
            use_case: self.use_case,
            location_text: self.location_text,
            authority_ref: self.authority_ref,
            planned_start_ms: self.planned_start_ms,
            planned_end_ms: self.planned_end_ms,
            cameras: self.cameras,
            feeds: self.feeds,
            algorithm: self.algorithm,
            threshold: Thousandths(self.threshold_thousandths),
            watchlist_size: self.watchlist_size,
            faces_seen_estimate: None,
            policy_version: self.policy_version,
        })
    }
}

/// Makes a deployment, not yet live. An exercise force has exercises only, and no other force has any.
pub fn create_deployment(authority: &Authority, tx: &Tx, file: DeploymentFile) -> Result<DeploymentCard, ServiceError> {
    if file.exercise != authority.config.exercise {
        return Err(ServiceError::Invalid("deployment.exercise"));
    }
    let card = file.card(&authority.config.force, DeploymentId(uuid::Uuid::now_v7()))?;
    if card.planned_end_ms <= authority.clock.now_ms() {
        return Err(ServiceError::Invalid("deployment.times"));
    }
    if storage::latest_policy(tx)?.is_some() && !storage::has_policy(tx, card.policy_version)? {
        return Err(ServiceError::Invalid("deployment.policy"));
    }
    let row = DeploymentRow { card: card.clone(), state: DeploymentState::NotLive };
    put_deployment(tx, &row, authority.clock.now_ms())?;
    let about = About { deployment_id: Some(card.deployment_id), alert_id: None };
    let created = authority.event(Actor::Gateway, about, Action::DeploymentCreated(card.clone()));
    authority.append_events(tx, &[created])?;
    Ok(card)
}

const fn may_follow(from: DeploymentState, to: DeploymentState) -> bool {
    use DeploymentState::{Ended, Live, NotLive, Paused};
    matches!((from, to), (NotLive | Paused, Live) | (Live, Paused) | (NotLive | Live | Paused, Ended))
}

impl Gateway {
    /// Changes a deployment's state; at the end its media are destroyed.
    pub async fn change_state(
        &self,
        id: DeploymentId,
        state: DeploymentState,
        faces_seen: Option<u64>,
    ) -> Result<(), ServiceError> {
        let authority = self.authority.clone();
        let (woken, files) = self
            .db
            .write(move |tx| {
                let mut row = deployment(tx, id)?.ok_or(ServiceError::NotFound)?;
                if !may_follow(row.state, state) {
                    return Err(ServiceError::StateOrder);
                }
                row.state = state;
                let about = About { deployment_id: Some(id), alert_id: None };
                let mut events = Vec::new();
                if let Some(faces) = faces_seen {
                    row.card.faces_seen_estimate = Some(faces);
                    events.push(authority.event(Actor::Gateway, about, Action::FacesSeenEstimated { faces }));
                }
                events.push(authority.event(Actor::Gateway, about, Action::DeploymentStateChanged { state }));
                storage::set_state(tx, &row, authority.clock.now_ms())?;
                let message = StreamEvent::DeploymentState { deployment_id: id, state };
                let woken = fanout::send_to(&authority, tx, id, Recipients::Everybody, &message)?;
                let files = if state == DeploymentState::Ended {
                    retention::destroy_deployment(&authority, tx, id, &mut events)?
                } else {
                    Vec::new()
                };
                authority.append_events(tx, &events)?;
                Ok((woken, files))
            })
            .await?;
        self.hub.wake(&woken);
        self.finish_destruction(files).await
    }

    /// The deployments that the officer on this device is rostered for.
    pub async fn deployments_of(&self, shift: Shift) -> Result<Vec<RosteredDeployment>, ServiceError> {
        self.db
            .read(move |tx| {
                let mut roster = roster_of(tx, &shift)?;
                let all = storage::deployments(tx)?;
                let rostered = |row: DeploymentRow| {
                    let roles = roster.remove(&row.card.deployment_id)?;
                    Some(RosteredDeployment { card: row.card, state: row.state, roles })
                };
                Ok(all.into_iter().filter_map(rostered).collect())
            })
            .await
    }

    /// Joins a deployment in a role, or leaves it. The store is asked whether the device is still served: one that was
    /// revoked a moment ago must not be sent alerts.
    pub async fn set_presence(
        &self,
        enrolment_id: EnrolmentId,
        shift: Shift,
        id: DeploymentId,
        role: Role,
        present: bool,
    ) -> Result<(), ServiceError> {
        let authority = self.authority.clone();
        let feeds = self.relays.active();
        self.db
            .write(move |tx| {
                in_good_standing(&storage::device(tx, enrolment_id)?.ok_or(ServiceError::UnknownDevice)?)?;
                let row = deployment(tx, id)?.ok_or(ServiceError::NotFound)?;
                let roles = roster_of(tx, &shift)?.remove(&id).unwrap_or_default();
                if !roles.contains(&role) {
                    return Err(ServiceError::NotRostered);
                }
                if !present {
                    return Ok(remove_member(tx, id, enrolment_id)?);
                }
                if row.state == DeploymentState::Ended {
                    return Err(ServiceError::StateOrder);
                }
                add_member(tx, id, &Member { enrolment_id, officer_id: shift.officer_id, role })?;
                let state = StreamEvent::DeploymentState { deployment_id: id, state: row.state };
                fanout::send(&authority, tx, &[enrolment_id], &state)?;
                for feed in row.card.feeds.into_iter().filter(|feed| feeds.contains(&feed.feed_id)) {
                    let assigned = StreamEvent::DroneAssigned { deployment_id: id, feed };
                    fanout::send(&authority, tx, &[enrolment_id], &assigned)?;
                }
                Ok::<_, ServiceError>(())
            })
            .await?;
        self.hub.wake(&[enrolment_id]);
        Ok(())
    }
}

fn roster_of(tx: &Tx, shift: &Shift) -> Result<Roster, ServiceError> {
    Ok(storage::officer(tx, &shift.officer_id)?.ok_or(ServiceError::NotRostered)?.roster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_deployment_stays_ended() {
        use DeploymentState::{Ended, Live, NotLive, Paused};
        for to in [NotLive, Live, Paused, Ended] {
            assert!(!may_follow(Ended, to));
            assert!(!may_follow(to, NotLive));
        }
        assert!(may_follow(NotLive, Live) && may_follow(Live, Paused) && may_follow(Paused, Live));
        assert!(!may_follow(NotLive, Paused) && !may_follow(Live, Live));
    }
}
