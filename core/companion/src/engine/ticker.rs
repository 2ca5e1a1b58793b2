//! What happens by itself: staleness, prompts, destruction of images, a clock that jumps, signatures that are due.

use std::sync::Arc;
use std::time::Duration;

use peel_domain::event::{Action, Actor, Justification};
use peel_domain::stop_state::StopState;
use peel_domain::time::Moment;
use peel_domain::workflow::due;

use super::error::EngineError;
use super::state::State;
use super::{Engine, persist, record, recover};
use crate::store::{Batch, PruneRule, StoreError};

/// How often the clock is asked, in real time.
const TICK: Duration = Duration::from_millis(150);
/// How often it is made durable that a stop is running, in the clock's milliseconds.
const ALIVE_EVERY_MS: u64 = 1_000;
/// How often there is a look at what may go from the disk, in the clock's milliseconds.
const KEEP_HOUSE_EVERY_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;

/// Ticks until the runtime ends.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        // What failed now is due again at the next tick; a closed store ends nothing but the ticks' effect.
        let _ = engine.blocking(Engine::tick).await;
    }
}

impl Engine {
    /// One look at the clock. Blocks.
    pub(super) fn tick(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        self.drop_due_capture(&mut state);
        if state.device.is_none() {
            return Ok(());
        }
        let now = self.now();
        let recorded = self.record_what_is_due(&mut state, now);
        self.keep_house(&mut state, now);
        self.sign_when_due(&mut state, now);
        recorded
    }

    fn record_what_is_due(&self, state: &mut State, now: Moment) -> Result<(), EngineError> {
        self.note_jump(state, now)?;
        if state.deployment.is_none() {
            return Ok(());
        }
        self.record_due(state, now)?;
        self.note_silence(state, now)?;
        self.destroy_due(state)?;
        self.note_alive(state, now)
    }

    /// Bodies that the force has held for long enough go; the reserve is laid down again where there is space.
    fn keep_house(&self, state: &mut State, now: Moment) {
        if state.last_kept_house.is_some_and(|last| now.since(&last).ms < KEEP_HOUSE_EVERY_MS) {
            return;
        }
        state.last_kept_house = Some(now);
        if state.alarms.contains(record::STORAGE_FULL) && !self.is_full(state) {
            self.bump();
        }
        let ms = |days: u32| u64::from(days) * DAY_MS;
        let trail = &state.policy.trail;
        let (keep_ms, backup_horizon_ms) = (ms(trail.keep_days), ms(trail.backup_horizon_days));
        let proved = state.force_proof.proved;
        match self.store.prune(PruneRule { keep_ms, backup_horizon_ms, now_ms: now.utc_ms, proved }) {
            Ok(pruned) if pruned.more => state.last_kept_house = None,
            // What the mirror signed and what lies here disagree: nothing goes, and somebody must know.
            Err(StoreError::Damaged) if state.raise("trail.not_pruned") => self.bump(),
            _ => {}
        }
    }

    fn note_jump(&self, state: &mut State, now: Moment) -> Result<(), EngineError> {
        let before = state.last_tick.replace(now);
        let Some(by_ms) = before.and_then(|before| recover::jump(&before, &now)) else { return Ok(()) };
        let action = Action::ClockJumped { by_ms };
        let event = record::event(state, action, Actor::Core, Justification::Integrity, now);
        self.record(state, &[event], Batch::new())
    }

    /// What is due on each alert, until nothing more is: closing may follow expiry.
    pub(super) fn record_due(&self, state: &mut State, now: Moment) -> Result<(), EngineError> {
        let mut prompted = false;
        let policy = state.policy.clone();
        let alert_ids: Vec<_> = state.alerts.keys().copied().collect();
        for alert_id in alert_ids {
            for _ in 0..4 {
                let Some(held) = state.alerts.get_mut(&alert_id) else { break };
                let due = due(&held.state, &policy, now);
                if held.prompts_due != due.prompts_s {
                    held.prompts_due = due.prompts_s;
                    prompted = true;
                }
                if due.events.is_empty() {
                    break;
                }
                self.record(state, &due.events, Batch::new())?;
            }
        }
        if prompted {
            self.bump();
        }
        Ok(())
    }

    fn note_alive(&self, state: &mut State, now: Moment) -> Result<(), EngineError> {
        let running = state.alerts.values().any(|held| held.state.stop().is_some_and(StopState::is_running));
        let recent = state.last_alive.is_some_and(|last| now.since(&last).ms < ALIVE_EVERY_MS);
        if !running || recent {
            return Ok(());
        }
        self.put([persist::put(&self.store_key, persist::ALIVE, &now)?])?;
        state.last_alive = Some(now);
        for held in state.alerts.values_mut() {
            held.state.seen_running(now);
        }
        Ok(())
    }
}
