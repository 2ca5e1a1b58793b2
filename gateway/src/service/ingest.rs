//! Alerts in, from the LFR system: checked whole, stored whole, or refused whole.
//!
//! Always: images and their keys, numbers for every device, and the force's events are one transaction; devices are
//! woken after it.

use peel_domain::alert::Thousandths;
use peel_domain::deployment::DeploymentState;
use peel_domain::event::{Action, Actor, MediaClass};
use peel_domain::id::{AlertId, EnrolmentId};
use peel_domain::policy::Policy;
use peel_domain::wire::{AlertDto, IngestAlertRequest, MAX_AGE_MS, MAX_PROBES, MediaDto, STALE_AFTER_MS, StreamEvent};
use zeroize::Zeroizing;

use super::authority::About;
use super::media::NewImage;
use super::{Authority, Gateway, ServiceError, fanout, policy, retention};
use crate::storage::{self, AlertRow, MediaRow, Recipients, Tx, put_alert, put_media};

fn decode_image(text: String, class: MediaClass) -> Result<NewImage, ServiceError> {
    use base64::Engine as _;
    let text = Zeroizing::new(text);
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).map_err(|_| ServiceError::Image)?;
    NewImage::new(Zeroizing::new(bytes), class)
}

struct Prepared {
    dto: AlertDto,
    rows: Vec<MediaRow>,
    test_subject: bool,
}

/// Everything that needs no store: images, texts, times.
fn prepare(authority: &Authority, request: IngestAlertRequest) -> Result<Prepared, ServiceError> {
    let now_ms = authority.clock.now_ms();
    if request.probes.is_empty() || request.probes.len() > MAX_PROBES {
        return Err(peel_domain::wire::AlertError::ProbeCount.into());
    }
    let mut images = Vec::with_capacity(request.probes.len() + 1);
    for probe in request.probes {
        images.push(decode_image(probe.image, MediaClass::Probe)?);
    }
    images.push(decode_image(request.reference.image, MediaClass::Reference)?);
    let alert_id = AlertId(uuid::Uuid::now_v7());
    let media_expire_at_ms = request.captured_at_ms.saturating_add(MAX_AGE_MS);
    let mut dto = AlertDto {
        alert_id,
        deployment_id: request.deployment_id,
        camera_id: request.camera_id,
        camera_name: "camera".to_owned(), // the card's name takes its place once the card is read
        direction: request.direction,
        captured_at_ms: request.captured_at_ms,
        // A sender's clock may be a little ahead of ours.
        sent_at_ms: now_ms.max(request.captured_at_ms),
        stale_at_ms: request.captured_at_ms.saturating_add(STALE_AFTER_MS),
        media_expire_at_ms,
        probes: Vec::new(),
        reference: MediaDto { media_id: peel_domain::id::MediaId(uuid::Uuid::nil()), sha256: String::new(), size: 0 },
        reference_source: request.reference.source,
        reference_age_years: request.reference.age_years,
        watchlist_entry_ref: request.watchlist_entry_ref,
        score_thousandths: request.score_thousandths,
        threshold_thousandths: request.threshold_thousandths,
        grade: request.grade,
        categories: request.categories,
        reason_text: request.reason_text,
        warning_markers: request.warning_markers,
        entry_last_verified_at_ms: request.entry_last_verified_at_ms,
        under_18: request.under_18,
        vulnerable: request.vulnerable,
        known_twin_or_sibling: request.known_twin_or_sibling,
        display_name: request.display_name,
        operator_judgement: request.operator_judgement,
    };
    check_before_storing(&dto, images.len(), now_ms)?;
    let mut rows = Vec::with_capacity(images.len());
    for image in &images {
        let (row, announced) = image.seal(&authority.dir, alert_id, media_expire_at_ms, &mut rand::rng())?;
        match row.class {
            MediaClass::Reference => dto.reference = announced,
            _ => dto.probes.push(announced),
        }
        rows.push(row);
    }
    Ok(Prepared { dto, rows, test_subject: request.test_subject })
}

/// Checks all but the images, before anything is written: with stand-ins for what sealing will announce.
fn check_before_storing(dto: &AlertDto, images: usize, now_ms: i64) -> Result<(), ServiceError> {
    let stand_in =
        || MediaDto { media_id: peel_domain::id::MediaId(uuid::Uuid::now_v7()), sha256: "0".repeat(64), size: 1 };
    let mut checked = dto.clone();
    checked.probes = (1..images).map(|_| stand_in()).collect();
    checked.reference = stand_in();
    checked.validate(now_ms)?;
    Ok(())
}

/// Names the camera as the card does, and checks that the deployment takes alerts.
fn place(tx: &Tx, dto: &mut AlertDto) -> Result<(), ServiceError> {
    let row = storage::deployment(tx, dto.deployment_id)?.ok_or(ServiceError::NotFound)?;
    if row.state != DeploymentState::Live {
        return Err(ServiceError::NotLive);
    }
    let camera = row.card.cameras.into_iter().find(|camera| camera.camera_id == dto.camera_id);
    dto.camera_name = camera.ok_or(ServiceError::UnknownCamera)?.name;
    Ok(())
}

/// How long an alert is fresh and its images are kept at all: what the policy in force says, never more than the law's
/// day (S24).
fn keep_as_policy_says(policy: &Policy, dto: &mut AlertDto, rows: &mut [MediaRow]) {
    let after = |seconds: u32| dto.captured_at_ms.saturating_add(i64::from(seconds).saturating_mul(1_000));
    let (stale_ms, expire_ms) = (after(policy.alert.stale_after_s), after(policy.media.after_capture_s));
    dto.stale_at_ms = stale_ms;
    dto.media_expire_at_ms = dto.media_expire_at_ms.min(expire_ms);
    for row in rows {
        row.expire_ms = row.expire_ms.min(dto.media_expire_at_ms);
    }
}

fn store(authority: &Authority, tx: &Tx, prepared: Prepared) -> Result<Vec<EnrolmentId>, ServiceError> {
    let Prepared { mut dto, mut rows, test_subject } = prepared;
    place(tx, &mut dto)?;
    keep_as_policy_says(&policy::in_force(authority, tx)?, &mut dto, &mut rows);
    let (alert_id, deployment_id) = (dto.alert_id, dto.deployment_id);
    let now_ms = authority.clock.now_ms();
    let alert = AlertRow { alert_id, deployment_id, withdrawn: false, media_expire_ms: dto.media_expire_at_ms };
    put_alert(tx, &alert, now_ms)?;
    for row in &rows {
        put_media(tx, row)?;
    }
    let about = About { deployment_id: Some(deployment_id), alert_id: Some(alert_id) };
    let ingested = Action::AlertIngested {
        camera_id: dto.camera_id.clone(),
        captured_at_ms: dto.captured_at_ms,
        test_subject,
        threshold: Some(Thousandths(dto.threshold_thousandths)),
        under_18: Some(dto.under_18),
        vulnerable: Some(dto.vulnerable),
    };
    let mut events = vec![authority.event(Actor::Gateway, about, ingested)];
    let devices = Recipients::Engaging.of(tx, deployment_id)?;
    for (enrolment_id, alert_seq) in fanout::send(authority, tx, &devices, &StreamEvent::LfrAlert(Box::new(dto)))? {
        storage::put_issued(tx, alert_id, enrolment_id)?;
        events.push(authority.event(Actor::Gateway, about, Action::AlertIssued { enrolment_id, alert_seq }));
    }
    authority.append_events(tx, &events)?;
    Ok(devices)
}

impl Gateway {
    /// Takes an alert in and sends it out; gives its identifier.
    pub async fn ingest_alert(&self, request: IngestAlertRequest) -> Result<AlertId, ServiceError> {
        let authority = self.authority.clone();
        let checker = authority.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&checker, request))
            .await
            .map_err(|_| ServiceError::Internal)??;
        let alert_id = prepared.dto.alert_id;
        let files: Vec<String> = prepared.rows.iter().map(|row| row.file.clone()).collect();
        match self.db.write(move |tx| store(&authority, tx, prepared)).await {
            Ok(devices) => {
                self.hub.wake(&devices);
                Ok(alert_id)
            }
            Err(error) => {
                self.remove_files(files).await;
                Err(error)
            }
        }
    }

    /// The operator withdraws an alert. Withdrawing twice changes nothing.
    pub async fn withdraw_alert(&self, alert_id: AlertId, judged_false: bool) -> Result<(), ServiceError> {
        let authority = self.authority.clone();
        let devices = self
            .db
            .write(move |tx| {
                let row = storage::alert(tx, alert_id)?.ok_or(ServiceError::NotFound)?;
                if row.withdrawn {
                    return Ok(Vec::new());
                }
                storage::set_alert_withdrawn(tx, alert_id)?;
                // Who stands before the person has images of its own; nobody else needs these any more.
                retention::alert_is_over(&authority, tx, alert_id, authority.clock.now_ms())?;
                let about = About { deployment_id: Some(row.deployment_id), alert_id: Some(alert_id) };
                let withdrawn = authority.event(Actor::Gateway, about, Action::AlertWithdrawn { judged_false });
                let devices = storage::recipients_of_alert(tx, alert_id)?;
                fanout::send(&authority, tx, &devices, &StreamEvent::LfrWithdraw { alert_id, judged_false })?;
                authority.append_events(tx, &[withdrawn])?;
                Ok::<_, ServiceError>(devices)
            })
            .await?;
        self.hub.wake(&devices);
        Ok(())
    }
}
