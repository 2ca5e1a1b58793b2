//! Destruction of images when their time is over, with a receipt in the trail for each (S24 to S27, S29, S39).

use peel_domain::event::{Action, DeletionReason, EventBody, Justification, MediaClass, MediaDeleted};
use peel_domain::id::{AlertId, DeploymentId, MediaId};
use peel_domain::retention::{Known, due_media_knowing};
use peel_domain::silence::Silence;
use peel_domain::time::Moment;
use peel_domain::workflow::DueMedia;

use super::error::EngineError;
use super::state::{Held, State};
use super::{Engine, persist, record};
use crate::media::class_of;
use crate::store::{Batch, Op};

/// How often the silence is made durable, in the clock's milliseconds.
const KEEP_SILENCE_EVERY_MS: u64 = 60_000;

impl Engine {
    fn known(state: &State, now: &Moment) -> Known {
        let silence = state.silence.map(|silence| silence.carried(&state.policy, now));
        Known {
            latest_ms: state.latest_gateway_ms.max(state.latest_trail_ms),
            deployment_ended: state.deployment_ended(),
            lapsed: silence.is_some_and(|silence| silence.has_lapsed()),
        }
    }

    /// Images of one alert whose time is over.
    pub(super) fn due_of(&self, state: &State, held: &Held) -> Vec<DueMedia> {
        let now = self.now();
        due_media_knowing(&held.state, &state.policy, &now, Self::known(state, &now))
    }

    /// Whether the images of an alert must not be opened any more.
    pub(super) fn media_is_due(&self, state: &State, held: &Held) -> bool {
        !self.due_of(state, held).is_empty()
    }

    /// Destroys what is due: rows with keys and salts first in the same transaction as the receipts, then their traces
    /// in the write-ahead log. Blocks.
    pub(super) fn destroy_due(&self, state: &mut State) -> Result<(), EngineError> {
        let mut due: Vec<(AlertId, DueMedia)> = Vec::new();
        for (alert_id, held) in &state.alerts {
            due.extend(self.due_of(state, held).into_iter().map(|media| (*alert_id, media)));
        }
        self.destroy(state, due)?;
        // What comes with the next contact may stay.
        state.silence = state.silence.map(Silence::settled);
        Ok(())
    }

    /// Destroys what lapsed before this contact, so that nothing newer is taken for it. Blocks.
    pub(super) fn settle_lapse(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let lapsed = state.silence.is_some_and(|silence| silence.has_lapsed());
        if lapsed { self.destroy_due(&mut state) } else { Ok(()) }
    }

    /// Carries the silence on and makes it durable now and then: what a reboot hides is no more than that. Blocks.
    pub(super) fn note_silence(&self, state: &mut State, now: Moment) -> Result<(), EngineError> {
        let Some(silence) = state.silence else { return Ok(()) };
        let silence = silence.carried(&state.policy, &now);
        state.silence = Some(silence);
        if state.silence_kept.is_some_and(|kept| now.since(&kept).ms < KEEP_SILENCE_EVERY_MS) {
            return Ok(());
        }
        self.put([persist::put(&self.store_key, persist::SILENCE, &silence)?])?;
        state.silence_kept = Some(now);
        Ok(())
    }

    /// Destroys everything that is left, because the officer leaves the deployment. Blocks.
    pub(super) fn destroy_all(&self, state: &mut State) -> Result<(), EngineError> {
        let lines = self.store.media_lines()?;
        let all = lines.iter().map(|line| {
            let media_id = MediaId(uuid::Uuid::from_bytes(line.media_id));
            let media = DueMedia { media_id, class: class_of(line.class), reason: DeletionReason::DeploymentEnded };
            (AlertId(uuid::Uuid::from_bytes(line.alert_id)), media)
        });
        let all = all.collect();
        self.destroy(state, all)
    }

    /// The deployment's key is lost: what it wrapped is unreadable, and the end of each image is on record. Blocks.
    pub(super) fn forget_lost_deployment(&self, state: &mut State, of: DeploymentId) -> Result<(), EngineError> {
        let (now, mut events) = (self.now(), Vec::new());
        state.reference = None;
        for line in self.store.media_lines()? {
            let (media_id, alert_id) = (uuid::Uuid::from_bytes(line.media_id), uuid::Uuid::from_bytes(line.alert_id));
            let (class, commitment, reason) = (class_of(line.class), line.commitment, DeletionReason::KeyLost);
            let deleted = MediaDeleted { media_id: MediaId(media_id), class, commitment, reason };
            let action = Action::MediaDeleted(deleted);
            let event = record::alert_event(state, AlertId(alert_id), action, Justification::Retention, now);
            events.push(EventBody { deployment_id: Some(of), ..event });
        }
        let mut batch = Batch::new();
        batch.extend([Op::ForgetDeployment, Op::Forget(persist::DEPLOYMENT), Op::Forget(persist::SILENCE)]);
        self.record(state, &events, batch)
    }

    /// The same while the deployment is open: alerts stay, their images are gone. Blocks.
    pub(super) fn destroy_unreadable(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        state.raise("deployment.key_lost");
        let all = self.store.media_lines()?.into_iter().map(|line| {
            let media_id = MediaId(uuid::Uuid::from_bytes(line.media_id));
            let media = DueMedia { media_id, class: class_of(line.class), reason: DeletionReason::KeyLost };
            (AlertId(uuid::Uuid::from_bytes(line.alert_id)), media)
        });
        self.destroy(&mut state, all.collect())
    }

    fn destroy(&self, state: &mut State, due: Vec<(AlertId, DueMedia)>) -> Result<(), EngineError> {
        if due.is_empty() {
            return Ok(());
        }
        let lines = self.store.media_lines()?;
        let now = self.now();
        let mut batch = Batch::new();
        let mut events = Vec::new();
        for (alert_id, DueMedia { media_id, class, reason }) in due {
            state.forget_reference(alert_id);
            let key = media_id.0.into_bytes();
            let commitment = lines.iter().find(|line| line.media_id == key).map(|line| line.commitment);
            // An image that is not in the store any more was destroyed before; its receipt stands.
            let Some(commitment) = commitment else { continue };
            debug_assert_ne!(class, MediaClass::LiveCapture);
            batch.push(Op::DeleteMedia(key));
            let action = Action::MediaDeleted(MediaDeleted { media_id, class, commitment, reason });
            events.push(record::alert_event(state, alert_id, action, Justification::Retention, now));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.record(state, &events, batch)?;
        // The rows are gone; this wipes their last trace, and the next destruction does it again if it fails.
        let _ = self.store.truncate_log();
        Ok(())
    }
}
