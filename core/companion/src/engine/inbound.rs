//! What the gateway's stream brings, one signed message after another.
//!
//! Must never: show or store what is not signed, or move the cursor past what was not dealt with. Always: the cursor
//! moves in the transaction that stores the message's effect; a refusal is an effect, with its code in the trail.

use std::sync::Arc;

use peel_domain::deployment::{DeploymentState, Feed};
use peel_domain::event::{Action, Actor, EventBody, Justification};
use peel_domain::id::{AlertId, DeploymentId, FeedId};
use peel_domain::wire::{DroneStateDto, StreamEnvelope, StreamError, StreamEvent};
use peel_domain::workflow::{deployment_ended, withdrawn};
use peel_feeds::drone::{FeedRefused, OvertFeed};

use super::error::EngineError;
use super::state::{AssignedFeed, State};
use super::{Engine, persist, record};
use crate::store::{Batch, Op};

/// The change that moves the cursor.
pub(super) fn cursor_op(alert_seq: u64) -> Op {
    Op::Put(persist::CURSOR, alert_seq.to_be_bytes().to_vec())
}

impl Engine {
    /// One event of the stream.
    pub(super) async fn take_stream_event(self: &Arc<Self>, name: &str, data: String) -> Result<(), EngineError> {
        match name {
            "drone.state" => {
                self.take_drone_state(&data);
                Ok(())
            }
            "reset" => self.blocking(Self::take_reset).await,
            _ => self.take_envelope(&data).await,
        }
    }

    fn take_drone_state(&self, data: &str) {
        let Ok(told) = serde_json::from_str::<DroneStateDto>(data) else { return };
        let Ok(told) = told.validate() else { return };
        let now = self.now();
        if let Some(assigned) = self.lock().feeds.get_mut(&told.feed_id) {
            assigned.told = Some((told, now));
        }
    }

    /// The gateway says that it does not keep what the cursor points at. Nobody signed that, so it moves nothing: where it
    /// is true, the next signed message shows the gap, and the cursor moves with it.
    fn take_reset(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        if state.raise("stream.reset") { self.refuse(&mut state, None, "stream.reset", Batch::new()) } else { Ok(()) }
    }

    async fn take_envelope(self: &Arc<Self>, data: &str) -> Result<(), EngineError> {
        let (enrolment_id, key, cursor) = {
            let state = self.lock();
            let device = state.device()?;
            (device.enrolment_id, device.sequence_key, state.cursor)
        };
        let envelope = StreamEnvelope::parse(data);
        let opened = envelope.as_ref().map_err(|error| *error).and_then(|one| one.verify(enrolment_id, &key));
        let alert_seq = envelope.as_ref().map_or(0, |envelope| envelope.alert_seq);
        match opened {
            Err(error @ (StreamError::Envelope | StreamError::Signature)) => {
                self.blocking(move |engine| {
                    engine.lock().raise(error.code());
                    engine.refuse_now(None, error.code())
                })
                .await?;
                Err(EngineError::Integrity("stream.signature"))
            }
            _ if alert_seq <= cursor => Ok(()),
            _ if alert_seq > cursor + 1 && self.is_new_gap(alert_seq) => {
                self.blocking(move |engine| engine.refuse_now(Some(alert_seq), "stream.gap")).await?;
                // Resumed from the cursor once more; if the gap is still there, it is on record and the rest goes on.
                Err(EngineError::Integrity("stream.gap"))
            }
            Err(error) => self.blocking(move |engine| engine.refuse_message(alert_seq, error.code())).await,
            Ok(event) => self.take_message(alert_seq, event).await,
        }
    }

    fn is_new_gap(&self, alert_seq: u64) -> bool {
        self.lock().raise(&format!("stream.gap.{alert_seq}"))
    }

    async fn take_message(self: &Arc<Self>, alert_seq: u64, event: StreamEvent) -> Result<(), EngineError> {
        match event {
            StreamEvent::LfrAlert(dto) => self.take_alert(alert_seq, *dto).await,
            StreamEvent::Policy { .. } => {
                match self.fetch_policy().await {
                    // A refused policy is on record, and the one in force stays.
                    Ok(()) | Err(EngineError::Policy(_)) => {}
                    Err(error) => return Err(error),
                }
                self.blocking(move |engine| engine.move_cursor(alert_seq)).await
            }
            other => self.blocking(move |engine| engine.take_plain(alert_seq, other)).await,
        }
    }

    pub(super) fn move_cursor(&self, alert_seq: u64) -> Result<(), EngineError> {
        let mut state = self.lock();
        self.put([cursor_op(alert_seq)])?;
        state.cursor = alert_seq;
        Ok(())
    }

    /// Messages that need no network.
    fn take_plain(&self, alert_seq: u64, event: StreamEvent) -> Result<(), EngineError> {
        let mut state = self.lock();
        let mut batch = Batch::new();
        batch.push(cursor_op(alert_seq));
        match event {
            StreamEvent::LfrWithdraw { alert_id, judged_false } => {
                let held = state.alerts.get(&alert_id);
                let events = held.map(|held| withdrawn(&held.state, judged_false, self.now())).unwrap_or_default();
                let events = applicable(&state, alert_id, events);
                self.record(&mut state, &events, batch)?;
            }
            StreamEvent::Coordination { alert_id, officer_id, status } => {
                let own = state.officer.as_ref().is_some_and(|officer| *officer.officer_id() == officer_id);
                let action = Action::Coordination { officer_id, status };
                let event = record::alert_event(&state, alert_id, action, Justification::AlertResponse, self.now());
                let event = EventBody { actor: Actor::Gateway, ..event };
                let events = if own { Vec::new() } else { applicable(&state, alert_id, vec![event]) };
                self.record(&mut state, &events, batch)?;
            }
            StreamEvent::DeploymentState { deployment_id, state: told } => {
                self.take_deployment_state(&mut state, deployment_id, told, batch)?;
            }
            StreamEvent::DroneAssigned { deployment_id, feed } => {
                self.take_assigned(&mut state, alert_seq, deployment_id, feed, batch)?;
            }
            StreamEvent::DroneEnded { feed_id } => self.take_ended(&mut state, &feed_id, batch)?,
            StreamEvent::LfrExpire { alert_id } if !state.alerts.contains_key(&alert_id) => {
                // An alert that the gateway no longer has: this phone was away for its whole life, and says so.
                self.refuse(&mut state, Some(alert_seq), "alert.gone", batch)?;
            }
            StreamEvent::LfrExpire { .. } | StreamEvent::LfrAlert(_) | StreamEvent::Policy { .. } => {
                // The phone's own clock says when an alert is stale; nothing follows from the gateway's word alone.
                self.record(&mut state, &[], batch)?;
            }
        }
        state.cursor = alert_seq;
        let now = self.now();
        self.record_due(&mut state, now)
    }

    fn take_deployment_state(
        &self,
        state: &mut State,
        deployment_id: DeploymentId,
        told: DeploymentState,
        mut batch: Batch,
    ) -> Result<(), EngineError> {
        let mut events = Vec::new();
        let mut record = None;
        if let Some(open) = state.deployment.as_ref().filter(|open| open.record.card.deployment_id == deployment_id) {
            let mut changed = open.record.clone();
            changed.state = told;
            batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &changed)?);
            record = Some(changed);
            if told == DeploymentState::Ended {
                let now = self.now();
                events = state.alerts.values().flat_map(|held| deployment_ended(&held.state, now)).collect();
            }
        }
        self.record(state, &events, batch)?;
        if let (Some(open), Some(record)) = (&mut state.deployment, record) {
            open.record = record;
        }
        self.bump();
        self.destroy_due(state)
    }

    fn take_assigned(
        &self,
        state: &mut State,
        alert_seq: u64,
        deployment_id: DeploymentId,
        feed: Feed,
        mut batch: Batch,
    ) -> Result<(), EngineError> {
        let here = state.deployment.as_ref().is_some_and(|open| open.record.card.deployment_id == deployment_id);
        if !here {
            return self.refuse(state, Some(alert_seq), "feed.other_deployment", batch);
        }
        match OvertFeed::admit(feed.clone()) {
            Err(FeedRefused::NoIncident) => return self.refuse(state, Some(alert_seq), "feed.no_incident", batch),
            Err(FeedRefused::NotOvert) => return self.refuse(state, Some(alert_seq), "feed.not_overt", batch),
            Ok(_) => {}
        }
        let mut record = state.deployment()?.record.clone();
        record.feeds.retain(|known| known.feed_id != feed.feed_id);
        record.feeds.push(feed.clone());
        batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &record)?);
        let action = Action::DroneAssigned { feed_id: feed.feed_id.clone(), incident_ref: feed.incident_ref.clone() };
        let event = record::event(state, action, Actor::Gateway, Justification::AlertResponse, self.now());
        self.record(state, &[event], batch)?;
        if let Some(open) = &mut state.deployment {
            open.record = record;
        }
        state.feeds.insert(feed.feed_id.clone(), AssignedFeed { feed, told: None });
        self.bump();
        Ok(())
    }

    fn take_ended(&self, state: &mut State, feed_id: &FeedId, mut batch: Batch) -> Result<(), EngineError> {
        let mut record = state.deployment.as_ref().map(|open| open.record.clone());
        if let Some(record) = &mut record {
            record.feeds.retain(|known| known.feed_id != *feed_id);
            batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, record)?);
        }
        self.record(state, &[], batch)?;
        if let (Some(open), Some(record)) = (&mut state.deployment, record) {
            open.record = record;
        }
        state.feeds.remove(feed_id);
        self.bump();
        Ok(())
    }

    /// Records that an input was refused, with the rest of the batch.
    pub(super) fn refuse(
        &self,
        state: &mut State,
        alert_seq: Option<u64>,
        code: &str,
        batch: Batch,
    ) -> Result<(), EngineError> {
        let action = Action::InputRefused { alert_seq, code: code.to_owned() };
        let event = record::event(state, action, Actor::Core, Justification::Integrity, self.now());
        self.record(state, &[event], batch)?;
        state.note_refused(code.to_owned());
        Ok(())
    }

    /// Refuses a numbered message and goes on after it.
    pub(super) fn refuse_message(&self, alert_seq: u64, code: &str) -> Result<(), EngineError> {
        let mut state = self.lock();
        let mut batch = Batch::new();
        batch.push(cursor_op(alert_seq));
        self.refuse(&mut state, Some(alert_seq), code, batch)?;
        state.cursor = alert_seq;
        Ok(())
    }
}

/// The events, if the alert is here and they apply to it as it stands; else none.
fn applicable(state: &State, alert_id: AlertId, events: Vec<EventBody>) -> Vec<EventBody> {
    let Some(held) = state.alerts.get(&alert_id) else { return Vec::new() };
    let mut trial = held.state.clone();
    if events.iter().all(|event| trial.apply(event).is_ok()) { events } else { Vec::new() }
}
