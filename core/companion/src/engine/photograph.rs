//! The close photograph before it is compared: advice while the officer aims, and the short life of what was taken (S19).
//!
//! Must never: write a frame or a photograph anywhere, look at a frame where the photograph itself would be refused, or say
//! anything of the alert. Always: at most one frame in work, at most one photograph held; it goes when it is compared,
//! replaced or dropped, when its time is over, when its stop ends, and when the app sleeps.

use std::sync::{Arc, TryLockError};

use peel_domain::id::AlertId;
use peel_domain::permit::ComparisonPurpose;
use peel_domain::retention::live_capture_due;
use peel_domain::stop_state::StopState;
use peel_domain::time::Moment;
use peel_face::PreviewFrame;
use zeroize::Zeroizing;

use super::Engine;
use super::alerts::media_of;
use super::check::MAX_PHOTOGRAPH_BYTES;
use super::error::EngineError;
use super::state::State;
use crate::ffi::{ComparisonView, FacePlace, FaceSide, FrameLayout, PreviewView};

/// There is no photograph of this alert, or not any more.
const GONE: EngineError = EngineError::NotFound("photograph.gone");

/// A close photograph in memory; wiped when the last holder lets go.
pub(crate) struct LiveCapture {
    alert_id: AlertId,
    taken: Moment,
    photograph: Arc<Zeroizing<Vec<u8>>>,
}

impl LiveCapture {
    /// Its time is over, or nobody could compare it any more.
    fn is_due(&self, state: &State, now: &Moment) -> bool {
        let stop_runs = state
            .held(self.alert_id)
            .is_ok_and(|held| !held.state.phase().is_closed() && held.state.stop().is_some_and(StopState::is_running));
        !stop_runs || state.officer.is_none() || live_capture_due(&state.policy, &self.taken, now)
    }
}

impl Engine {
    /// What stands in the way of a good close photograph; nothing when another frame is in work. Blocks.
    pub(crate) fn preview_photograph(
        &self,
        alert_id: AlertId,
        layout: FrameLayout,
        frame: &[u8],
        reason: Option<&str>,
    ) -> Result<Option<PreviewView>, EngineError> {
        let one_at_a_time = match self.previewing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        self.photograph_allowed(alert_id, reason)?;
        let pixels = |count: u32| usize::try_from(count).map_err(|_| EngineError::Invalid("frame.layout"));
        let preview = self.face()?.preview(&PreviewFrame {
            width: pixels(layout.width)?,
            height: pixels(layout.height)?,
            row_bytes: pixels(layout.row_bytes)?,
            order: layout.order.into(),
            turns: layout.turns.into(),
            bytes: frame,
        })?;
        drop(one_at_a_time);
        let place = |[left, top, width, height]: [f32; 4]| FacePlace { left, top, width, height };
        Ok(Some(PreviewView {
            advice: preview.advice.map(|reason| reason.code().to_owned()),
            face: preview.face.map(place),
        }))
    }

    /// Keeps a close photograph, in memory alone, until it is compared or dropped, and for a minute at most.
    pub(crate) fn hold_photograph(
        &self,
        alert_id: AlertId,
        photograph: Zeroizing<Vec<u8>>,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        if photograph.is_empty() || photograph.len() > MAX_PHOTOGRAPH_BYTES {
            return Err(EngineError::Invalid("photograph.size"));
        }
        self.photograph_allowed(alert_id, reason)?;
        // Not while the app sleeps, and not without the reference.
        let reference = media_of(&self.lock(), alert_id, FaceSide::Reference)?;
        self.store.media(reference.0.into_bytes())?.ok_or(EngineError::NotFound("media.destroyed"))?;
        let taken = self.now();
        self.lock().capture = Some(LiveCapture { alert_id, taken, photograph: Arc::new(photograph) });
        Ok(())
    }

    /// Compares the photograph that is held; it is gone afterwards, whatever came of it. Blocks.
    pub(crate) fn compare_held_photograph(
        &self,
        alert_id: AlertId,
        reason: Option<&str>,
    ) -> Result<ComparisonView, EngineError> {
        let capture = {
            let mut state = self.lock();
            self.drop_due_capture(&mut state);
            state.capture.take_if(|capture| capture.alert_id == alert_id).ok_or(GONE)?
        };
        let permit = self.permit(alert_id, ComparisonPurpose::ClosePhotograph, reason)?;
        self.compare_with(alert_id, permit, &capture.photograph)
    }

    /// The officer left the camera, or the person declined: what is held goes at once.
    pub(crate) fn drop_photograph(&self) {
        self.lock().capture = None;
    }

    pub(super) fn drop_due_capture(&self, state: &mut State) {
        let now = self.now();
        if state.capture.as_ref().is_some_and(|capture| capture.is_due(state, &now)) {
            state.capture = None;
        }
    }

    /// The rule that guards the comparison itself (S18).
    fn photograph_allowed(&self, alert_id: AlertId, reason: Option<&str>) -> Result<(), EngineError> {
        let state = self.lock();
        let held = state.held(alert_id)?;
        if self.media_is_due(&state, held) {
            return Err(EngineError::NotFound("media.destroyed"));
        }
        Ok(held.state.photograph_allowed(reason, state.officer()?, &state.policy, self.now())?)
    }

    /// Watches the photograph that is held, for tests.
    #[cfg(test)]
    pub(super) fn watched_photograph(&self) -> std::sync::Weak<Zeroizing<Vec<u8>>> {
        self.lock().capture.as_ref().map(|capture| Arc::downgrade(&capture.photograph)).unwrap_or_default()
    }
}
