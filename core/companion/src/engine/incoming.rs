//! An alert that comes in: validated, its images fetched, checked, masked and sealed, and only then acknowledged.
//!
//! Must never: store an image in which a bystander can be seen (S30), or one that is not what was announced. Always:
//! the alert, its images, the event and the cursor become durable in one transaction.

use std::sync::Arc;

use peel_domain::alert::{Alert, MediaRef};
use peel_domain::event::{Action, Justification, MediaClass, MediaCommitment};
use peel_domain::wire::AlertDto;
use peel_domain::workflow::AlertState;
use peel_face::{FaceError, Masking};
use zeroize::Zeroizing;

use super::error::EngineError;
use super::inbound::cursor_op;
use super::state::Held;
use super::{Engine, persist, record};
use crate::media::{self, Incoming};
use crate::store::{Batch, Op, StoreError};
use crate::transport::TransportError;

/// An image as fetched and masked.
pub(super) struct Fetched {
    media: MediaRef,
    class: MediaClass,
    image: Zeroizing<Vec<u8>>,
    masked_faces: u8,
}

impl Fetched {
    /// An image as it came.
    pub(super) fn of(media: MediaRef, class: MediaClass, image: Vec<u8>) -> Self {
        Self { media, class, image: Zeroizing::new(image), masked_faces: 0 }
    }
}

impl Engine {
    /// An alert: validated, its images fetched, checked, masked and sealed, all in one transaction with the cursor.
    pub(super) async fn take_alert(self: &Arc<Self>, alert_seq: u64, dto: AlertDto) -> Result<(), EngineError> {
        let alert = match self.admit(dto) {
            Ok(Some(alert)) => alert,
            Ok(None) => return self.blocking(move |engine| engine.move_cursor(alert_seq)).await,
            Err(code) => return self.blocking(move |engine| engine.refuse_message(alert_seq, code)).await,
        };
        let fetched = match self.fetch_images(&alert).await {
            Ok(fetched) => fetched,
            Err(Unfit::Input(code)) => {
                return self.blocking(move |engine| engine.refuse_message(alert_seq, code)).await;
            }
            Err(Unfit::Link(error)) => return Err(error.into()),
        };
        self.blocking(move |engine| match engine.mask_all(fetched) {
            Ok(fetched) => engine.keep_alert(alert_seq, alert, &fetched),
            Err(code) => engine.refuse_message(alert_seq, code),
        })
        .await
    }

    /// The alert, validated and meant for this phone now; `None` where it is known already.
    fn admit(&self, dto: AlertDto) -> Result<Option<Alert>, &'static str> {
        let now = self.now();
        let mut state = self.lock();
        if state.alerts.contains_key(&dto.alert_id) {
            return Ok(None);
        }
        let alert = dto.validate(now.utc_ms).map_err(peel_domain::wire::AlertError::code)?;
        let here = state.deployment.as_ref().map(|open| open.record.card.deployment_id);
        if here != Some(alert.open().deployment_id) {
            return Err("alert.other_deployment");
        }
        if self.is_full(&mut state) {
            return Err("storage.full");
        }
        Ok(Some(alert))
    }

    async fn fetch_images(&self, alert: &Alert) -> Result<Vec<Fetched>, Unfit> {
        let open = alert.open();
        let probes = open.probes.iter().map(|media| (*media, MediaClass::Probe));
        let mut fetched = Vec::new();
        for (media, class) in probes.chain([(open.reference, MediaClass::Reference)]) {
            let link = self.link().map_err(|_| Unfit::Link(TransportError::SetUp))?;
            let limit = usize::try_from(media.size).unwrap_or(0);
            let image = match link.bytes(&format!("/v1/media/{}", media.media_id), limit).await {
                Ok(image) => image,
                Err(TransportError::Refused { status: 403 | 404 | 410, .. }) => return Err(Unfit::Input("media.gone")),
                Err(TransportError::TooLarge) => return Err(Unfit::Input("media.size")),
                Err(error) => return Err(Unfit::Link(error)),
            };
            if image.len() != limit {
                return Err(Unfit::Input("media.size"));
            }
            if !media::transport_hash_fits(&image, &media.transport_sha256) {
                return Err(Unfit::Input("media.hash"));
            }
            fetched.push(Fetched::of(media, class, image));
        }
        Ok(fetched)
    }

    /// Masks everybody but the one whom the image is about, before anything is stored (S30). Blocks.
    fn mask_all(&self, mut fetched: Vec<Fetched>) -> Result<Vec<Fetched>, &'static str> {
        let Ok(face) = self.face() else {
            self.lock().raise("face.models");
            return Err("face.models");
        };
        for one in &mut fetched {
            let masked = match face.mask_bystanders(&one.image) {
                Ok(masked) => masked,
                Err(FaceError::Image(_)) => return Err("media.not_an_image"),
                Err(_) => return Err("face.masking"),
            };
            if let Masking::Masked { bystanders } = masked.masking {
                one.masked_faces = u8::try_from(bystanders).unwrap_or(u8::MAX);
            }
            one.image = Zeroizing::new(masked.bytes);
        }
        Ok(fetched)
    }

    pub(super) fn keep_alert(&self, alert_seq: u64, alert: Alert, fetched: &[Fetched]) -> Result<(), EngineError> {
        let mut state = self.lock();
        let open = alert.open();
        let (alert_id, key) = (open.alert_id, open.alert_id.0.into_bytes());
        let mut batch = Batch::new();
        batch.refuse_when_full();
        let plain = Zeroizing::new(persist::encode(&alert)?);
        let sealed = state.deployment()?.cache.seal(&persist::alert_place(key), &plain, &mut rand::rng())?;
        batch.push(Op::Alert { alert_id: key, alert_seq, sealed });
        let media = self.seal_images(&mut batch, key, open.media_expire_at_ms, fetched)?;
        batch.push(cursor_op(alert_seq));
        let now = self.now();
        let action = Action::AlertReceived {
            alert_seq,
            camera_id: open.camera_id.clone(),
            captured_at_ms: open.captured_at_ms,
            media,
        };
        let event = record::alert_event(&state, alert_id, action, Justification::AlertResponse, now);
        match self.record(&mut state, &[event], batch) {
            Ok(()) => {}
            Err(EngineError::Store(StoreError::Full)) => {
                drop(state);
                return self.refuse_message(alert_seq, "storage.full");
            }
            Err(error) => return Err(error),
        }
        let alert_state = AlertState::received(&alert, now);
        let held = Held { alert, state: alert_state, comparisons: Vec::new(), prompts_due: Vec::new() };
        state.alerts.insert(alert_id, held);
        state.cursor = alert_seq;
        // One that is stale already never shows as open.
        self.record_due(&mut state, now)?;
        drop(state);
        self.bump();
        Ok(())
    }

    fn seal_images(
        &self,
        batch: &mut Batch,
        alert_id: [u8; 16],
        expire_at_ms: i64,
        fetched: &[Fetched],
    ) -> Result<Vec<MediaCommitment>, EngineError> {
        let mut stated = Vec::new();
        for one in fetched {
            let incoming = Incoming {
                media_id: one.media.media_id,
                alert_id,
                class: one.class,
                image: &one.image,
                masked_faces: one.masked_faces,
                expire_at_ms,
            };
            let (row, commitment) =
                media::seal(&incoming, self.vault.as_ref(), &mut rand::rng()).map_err(|error| match error {
                    media::MediaError::Vault(error) => EngineError::Vault(error),
                    media::MediaError::Sealed(error) => EngineError::Sealed(error),
                })?;
            batch.push(Op::Media(row));
            stated.push(commitment);
        }
        Ok(stated)
    }
}

/// Why images could not be had.
enum Unfit {
    /// They are not what was announced.
    Input(&'static str),
    /// The gateway could not be used: later.
    Link(TransportError),
}
