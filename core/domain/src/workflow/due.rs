//! What happens without an officer: staleness, withdrawal, the deployment's end. Never a decision (S02, S03).

use crate::event::{Action, Actor, DeletionReason, EventBody, MediaClass};
use crate::id::MediaId;
use crate::policy::Policy;
use crate::retention;
use crate::time::Moment;
use crate::workflow::decide::event;
use crate::workflow::phase::Phase;
use crate::workflow::state::AlertState;

/// An image whose time is over. The phone destroys its key and records `MediaDeleted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueMedia {
    /// The image.
    pub media_id: MediaId,
    /// Its class.
    pub class: MediaClass,
    /// Why.
    pub reason: DeletionReason,
}

/// What is due on an alert at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Events to record, in order, together; the actor is the core.
    pub events: Vec<EventBody>,
    /// Images to destroy.
    pub media: Vec<DueMedia>,
    /// Prompts of the running stop that have come up, in seconds since contact.
    pub prompts_s: Vec<u32>,
}

/// What is due on this alert now. Call it again after the events were applied.
pub fn due(state: &AlertState, policy: &Policy, now: Moment) -> Due {
    let actions = due_actions(state, policy, &now);
    let prompts_s = state.stop.as_ref().map(|stop| stop.prompts_due(&now, &policy.stop.prompts_s)).unwrap_or_default();
    Due { events: by_core(state, actions, now), media: retention::due_media(state, policy, &now), prompts_s }
}

fn by_core(state: &AlertState, actions: Vec<Action>, now: Moment) -> Vec<EventBody> {
    actions.into_iter().map(|action| event(state, action, Actor::Core, now)).collect()
}

fn due_actions(state: &AlertState, policy: &Policy, now: &Moment) -> Vec<Action> {
    if state.stop.is_some() || state.phase.is_closed() {
        return Vec::new();
    }
    if let Some(since) = state.side_since {
        // Contact may still be recorded for a while where the officer had decided to engage.
        let late_ms = u64::from(policy.alert.late_contact_s).saturating_mul(1000);
        let over = !state.engaged() || now.since(&since).ms >= late_ms;
        return if over { vec![Action::Closed] } else { Vec::new() };
    }
    if state.present_ms(now) < state.stale_at_ms {
        return Vec::new();
    }
    match state.phase {
        phase if phase.is_undecided() => vec![Action::NoDecision, Action::Expired, Action::Closed],
        Phase::Decided(_) if !state.engaged() => vec![Action::Expired, Action::Closed],
        _ => vec![Action::Expired],
    }
}

/// The operator's withdrawal, as the gateway tells it. After contact it is information; before, it ends the alert, but
/// an officer who had decided to engage may still record contact for a while.
pub fn withdrawn(state: &AlertState, judged_false: bool, now: Moment) -> Vec<EventBody> {
    let after_contact = state.stop.is_some();
    let mut events = vec![event(state, Action::Withdrawn { judged_false, after_contact }, Actor::Gateway, now)];
    if !after_contact && !state.engaged() && !state.phase.is_closed() {
        events.push(event(state, Action::Closed, Actor::Core, now));
    }
    events
}

/// The deployment ended: what no officer is acting on is closed. A running stop, and a stop without an outcome, stay
/// open for their officer.
pub fn deployment_ended(state: &AlertState, now: Moment) -> Vec<EventBody> {
    if state.stop.is_some() || state.phase.is_closed() {
        return Vec::new();
    }
    let actions = if state.phase.is_undecided() {
        vec![Action::NoDecision, Action::Expired, Action::Closed]
    } else {
        vec![Action::Closed]
    };
    by_core(state, actions, now)
}
