//! Commands on an alert, from the screen to the decision.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use peel_domain::event::{Action, EventBody};
use peel_domain::id::{AlertId, MediaId};
use peel_domain::judgement::{Sighting, SkipReason};
use peel_domain::signed_decision::DecisionStatement;
use peel_domain::time::Moment;
use peel_domain::workflow::{Command, decide};
use zeroize::Zeroizing;

use super::error::EngineError;
use super::state::State;
use super::{Engine, record, views};
use crate::ffi::{AlertView, DecisionRequest, FaceSide, JudgementRequest, KeySlot};
use crate::media;
use crate::store::Batch;

/// A decision does not wait longer than this for the officer's key: it is recorded without its signature.
const OFFICER_KEY_TIMEOUT: Duration = Duration::from_secs(3);

impl Engine {
    /// Checks a command and records what it becomes. Blocks.
    pub(super) fn command(&self, alert_id: AlertId, command: &Command) -> Result<(), EngineError> {
        let mut state = self.lock();
        let events = self.decided(&state, alert_id, command)?;
        self.record(&mut state, &events, Batch::new())
    }

    pub(super) fn decided(
        &self,
        state: &State,
        alert_id: AlertId,
        command: &Command,
    ) -> Result<Vec<EventBody>, EngineError> {
        decided_at(state, alert_id, command, self.now())
    }

    /// The alert, as far as this officer may see it.
    pub(crate) fn alert(&self, alert_id: AlertId) -> Result<AlertView, EngineError> {
        let state = self.lock();
        views::alert(&state, state.held(alert_id)?, &self.now())
    }

    /// On the screen. Blocks.
    pub(crate) fn displayed(&self, alert_id: AlertId) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::Displayed)?;
        self.alert(alert_id)
    }

    /// A face was looked at. Blocks.
    pub(crate) fn face_viewed(
        &self,
        alert_id: AlertId,
        side: FaceSide,
        visible_ms: u32,
        zoomed: bool,
    ) -> Result<(), EngineError> {
        let media_id = media_of(&self.lock(), alert_id, side)?;
        self.command(alert_id, &Command::FaceViewed { media_id, visible_ms, zoomed })
    }

    /// The blind judgement. Blocks.
    pub(crate) fn judge(&self, alert_id: AlertId, form: JudgementRequest) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::Judge { value: form.value, look: Some(form.look) })?;
        self.alert(alert_id)
    }

    /// "Cannot judge now". Blocks.
    pub(crate) fn skip_judgement(&self, alert_id: AlertId, reason: SkipReason) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::Skip { reason })?;
        self.alert(alert_id)
    }

    /// The judgement after the reveal. Blocks.
    pub(crate) fn judge_again(&self, alert_id: AlertId, form: JudgementRequest) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::JudgeRevealed { value: form.value, look: Some(form.look) })?;
        self.alert(alert_id)
    }

    /// The decision. Blocks, at most [`OFFICER_KEY_TIMEOUT`] of it for the officer's key.
    pub(crate) fn decide(&self, alert_id: AlertId, form: &DecisionRequest) -> Result<AlertView, EngineError> {
        let command = Command::Decide { decision: form.decision.clone(), note: form.note.clone() };
        // Refusals come before the key is asked, and once more after: somebody else may have been quicker.
        let (asked, certificate) = {
            let state = self.lock();
            (self.decided(&state, alert_id, &command)?, state.officer()?.certificate_sha256())
        };
        let signature = self.sign_decision(&asked, certificate);
        let mut state = self.lock();
        // The officer decided when the key was asked, and that is the moment that it signed.
        let at = asked.first().map_or_else(|| self.now(), |event| event.at);
        let mut events = decided_at(&state, alert_id, &command, at)?;
        // A shift that was renewed meanwhile has another certificate: nobody could verify the signature by it.
        let same_shift = state.officer()?.certificate_sha256() == certificate;
        for event in &mut events {
            if let Action::Decided { officer_signature, .. } = &mut event.action {
                *officer_signature = signature.clone().filter(|_| same_shift);
            }
        }
        let hardware = record::wants_hardware(&events);
        self.record(&mut state, &events, Batch::new())?;
        drop(state);
        if hardware {
            self.sign_soon();
        }
        self.alert(alert_id)
    }

    /// Seen, lost, with me. Blocks.
    pub(crate) fn sighted(&self, alert_id: AlertId, sighting: Sighting) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::Sighted(sighting))?;
        self.alert(alert_id)
    }

    /// Nothing more is due. Blocks.
    pub(crate) fn close_alert(&self, alert_id: AlertId) -> Result<AlertView, EngineError> {
        self.command(alert_id, &Command::Close)?;
        self.lock().forget_reference(alert_id);
        self.alert(alert_id)
    }

    /// One image, opened for the screen; not when its time is over (S25). Blocks.
    pub(crate) fn face_image(&self, alert_id: AlertId, side: FaceSide) -> Result<Zeroizing<Vec<u8>>, EngineError> {
        let media_id = {
            let state = self.lock();
            if self.media_is_due(&state, state.held(alert_id)?) {
                return Err(EngineError::NotFound("media.destroyed"));
            }
            media_of(&state, alert_id, side)?
        };
        self.open_media(media_id)
    }

    pub(super) fn open_media(&self, media_id: MediaId) -> Result<Zeroizing<Vec<u8>>, EngineError> {
        let row = self.store.media(media_id.0.into_bytes())?.ok_or(EngineError::NotFound("media.destroyed"))?;
        media::open(&row, self.vault.as_ref()).map_err(|error| match error {
            // What cannot be opened any more is destroyed, with the cause on record.
            media::MediaError::Vault(crate::ffi::VaultError::Lost) => {
                self.destroy_unreadable().err().unwrap_or(EngineError::NotFound("media.destroyed"))
            }
            media::MediaError::Vault(error) => error.into(),
            media::MediaError::Sealed(error) => error.into(),
        })
    }

    /// The officer's signature over the decision among these events; `None` where the key refused or was too slow.
    fn sign_decision(&self, events: &[EventBody], certificate_sha256: [u8; 32]) -> Option<Vec<u8>> {
        let enrolment_id = self.lock().device().ok()?.enrolment_id;
        let unsigned = events.iter().find_map(|event| {
            let Action::Decided { decision, note, .. } = &event.action else { return None };
            let (note, at, alert_id) = (note.as_deref(), event.at, event.alert_id?);
            let statement = DecisionStatement { enrolment_id, alert_id, decision, note, at, certificate_sha256 };
            statement.to_be_signed().ok()
        })?;
        let (reply, answer) = mpsc::sync_channel(1);
        let vault = Arc::clone(&self.vault);
        std::thread::spawn(move || {
            let signed = unsigned.sign(|message| vault.sign(KeySlot::Officer, message.to_vec()).ok());
            let _ = reply.send(signed.ok());
        });
        answer.recv_timeout(OFFICER_KEY_TIMEOUT).ok().flatten()
    }
}

/// What a command becomes at a moment.
fn decided_at(state: &State, alert_id: AlertId, command: &Command, at: Moment) -> Result<Vec<EventBody>, EngineError> {
    let held = state.held(alert_id)?;
    Ok(decide(&held.state, command, state.officer()?, &state.policy, at)?)
}

/// The image on one side of an alert.
pub(super) fn media_of(state: &State, alert_id: AlertId, side: FaceSide) -> Result<MediaId, EngineError> {
    let open = state.held(alert_id)?.alert.open();
    match side {
        FaceSide::Reference => Ok(open.reference.media_id),
        FaceSide::Probe { index } => {
            let probe = open.probes.get(usize::from(index)).ok_or(EngineError::NotFound("media.no_such_probe"))?;
            Ok(probe.media_id)
        }
    }
}
