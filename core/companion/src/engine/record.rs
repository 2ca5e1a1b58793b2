//! The one way by which anything is recorded: sealed, committed, then seen.

use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, JudgementKind};
use peel_domain::time::Moment;

use peel_journal::trail::{Committed, Item};

use super::Engine;
use super::error::EngineError;
use super::state::State;
use crate::store::{Batch, Op};
use crate::trail;

/// Raised when the reserve had to be spent.
pub(super) const STORAGE_FULL: &str = "storage.full";

/// An event of this phone that is not about an alert's course.
pub(super) fn event(
    state: &State,
    action: Action,
    actor: Actor,
    justification: Justification,
    at: Moment,
) -> EventBody {
    EventBody {
        v: BODY_VERSION,
        at,
        actor,
        deployment_id: state.deployment.as_ref().map(|open| open.record.card.deployment_id),
        alert_id: None,
        justification,
        action,
    }
}

/// An event about one alert, by the core.
pub(super) fn alert_event(
    state: &State,
    alert_id: AlertId,
    action: Action,
    justification: Justification,
    at: Moment,
) -> EventBody {
    EventBody { alert_id: Some(alert_id), ..event(state, action, Actor::Core, justification, at) }
}

/// What the force should know at once, because other phones wait for it or because it is a stop.
fn is_urgent(action: &Action) -> bool {
    matches!(
        action,
        Action::Decided { .. }
            | Action::Judged { kind: JudgementKind::Blind, .. }
            | Action::NoDecision
            | Action::Sighted(_)
            | Action::ContactMade { .. }
            | Action::IdentityConcluded(_)
            | Action::OutcomeRecorded(_)
            | Action::Released { .. }
            | Action::Closed
            | Action::ShiftStarted { .. }
            | Action::ShiftEnded
            | Action::Joined { .. }
            | Action::Left
    )
}

/// What a signature of the hardware should follow at once.
pub(super) fn wants_hardware(events: &[EventBody]) -> bool {
    events.iter().any(|event| {
        matches!(
            event.action,
            Action::Decided { decision: Decision::Engage | Decision::DoNotEngage(_) | Decision::PassTo(_), .. }
                | Action::ShiftStarted { .. }
                | Action::ShiftEnded
        )
    })
}

impl Engine {
    /// Seals and commits `events` together with `batch`, then moves the projection and tells the listeners.
    ///
    /// When it fails, nothing has happened. Blocks.
    pub(super) fn record(&self, state: &mut State, events: &[EventBody], batch: Batch) -> Result<(), EngineError> {
        let items = events.iter().map(trail::item).collect::<Result<Vec<_>, _>>()?;
        self.commit(state, &items, batch)?;
        for event in events {
            state.apply(event);
        }
        if events.iter().any(|event| is_urgent(&event.action)) {
            self.urgent.notify_one();
        }
        if !events.is_empty() {
            self.bump();
        }
        Ok(())
    }

    /// Commits items and other changes in one transaction. Blocks.
    pub(super) fn commit(&self, state: &mut State, items: &[Item], batch: Batch) -> Result<Committed, EngineError> {
        let State { trail, deployment, .. } = state;
        let trail = trail.as_mut().ok_or(EngineError::NotEnrolled)?;
        let cache = deployment.as_ref().map(|open| &open.cache);
        let result = trail.append(&self.store, items, batch, cache, &mut rand::rng());
        if self.store.reserve_is_spent() && state.raise(STORAGE_FULL) {
            self.bump();
        }
        Ok(result?)
    }

    /// Commits changes without an event. Blocks.
    pub(super) fn put(&self, ops: impl IntoIterator<Item = Op>) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.extend(ops);
        Ok(self.store.commit(batch)?)
    }

    /// Whether a nearly full phone must refuse new alerts.
    pub(super) fn is_full(&self, state: &mut State) -> bool {
        if !self.store.reserve_is_spent() {
            return false;
        }
        if self.store.restore_reserve() {
            state.alarms.remove(STORAGE_FULL);
            return false;
        }
        state.raise(STORAGE_FULL);
        true
    }
}
