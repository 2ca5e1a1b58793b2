//! Evidence that a supervisor holds (S28): images leave sealed to the evidence key before their own keys go.
//!
//! Must never: lengthen the life of an image here, or keep who holds it and why in the clear. Always: the event that says
//! so and the sealed files' rows are one transaction, and a hold has an end.

use std::path::Path;
use std::time::Duration;

use peel_domain::event::{Action, Actor, EventBody, EvidenceHeld, EvidenceReleased, HeldImage, HoldEnd};
use peel_domain::evidence::{HoldError, HoldTerms};
use peel_domain::id::{AlertId, HoldId, MediaId, OfficerId};
use peel_ledger::evidence::{EvidenceLabel, MAX_EVIDENCE_BYTES, SealedEvidence};
use peel_ledger::seal::RecipientPublicKey;
use rand_core::CryptoRng;

use super::authority::About;
use super::media::unseal;
use super::sign_in::check_supervisor;
use super::{Authority, Gateway, ServiceError, force_log, policy};
use crate::files;
use crate::force::{ForceDir, ForceError};
use crate::storage::{self, HoldRow, MediaRow, Tx};

/// What a supervisor asks for.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// The alert whose images are held.
    pub alert_id: AlertId,
    /// Why.
    pub reason: String,
    /// The case.
    pub case_ref: String,
    /// For how many days from now.
    pub days: u32,
}

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The hold.
    pub hold_id: HoldId,
    /// When it ends; milliseconds since 1970 UTC.
    pub until_ms: i64,
    /// The images.
    pub media: Vec<MediaId>,
}

/// Seals an alert's images for the evidence system. What was written for a hold that fails is removed.
///
/// # Errors
/// [`HoldError`] for terms that the policy does not allow, without an evidence key, or when the images are gone.
pub fn hold_evidence(
    authority: &Authority,
    tx: &Tx,
    (supervisor, pin): (&OfficerId, &str),
    request: HoldRequest,
    rng: &mut impl CryptoRng,
) -> Result<Held, ServiceError> {
    let mut written = Vec::new();
    let held = hold(authority, tx, (supervisor, pin), request, &mut written, rng);
    if held.is_err() {
        remove_sealed_files(&authority.dir, &written);
    }
    held
}

fn hold(
    authority: &Authority,
    tx: &Tx,
    (supervisor, pin): (&OfficerId, &str),
    request: HoldRequest,
    written: &mut Vec<String>,
    rng: &mut impl CryptoRng,
) -> Result<Held, ServiceError> {
    let HoldRequest { alert_id, reason, case_ref, days } = request;
    let deployment_id = check_supervisor(tx, supervisor, pin, alert_id)?;
    let policy = policy::in_force(authority, tx)?;
    let now_ms = authority.clock.now_ms();
    let until_ms = now_ms.saturating_add(i64::from(days).saturating_mul(86_400_000));
    HoldTerms { reason: &reason, case_ref: &case_ref, until_ms }.check(&policy, now_ms)?;
    let key = policy.media.evidence_key.as_deref().ok_or(HoldError::NoKey)?;
    let key: RecipientPublicKey = key.parse().map_err(|_| HoldError::NoKey)?;
    // What is due is gone, whether or not the sweep has come by yet.
    let rows = storage::live_media_of_alert(tx, alert_id)?;
    let rows: Vec<MediaRow> = rows.into_iter().filter(|row| now_ms < row.expire_ms).collect();
    if rows.is_empty() {
        return Err(HoldError::Gone.into());
    }
    let hold_id = HoldId(uuid::Uuid::now_v7());
    storage::put_hold(tx, &HoldRow { hold_id, alert_id, until_ms }, now_ms)?;
    let mut media = Vec::with_capacity(rows.len());
    for row in &rows {
        let sealed = seal(authority, row, hold_id, &key, rng)?;
        let file = write(&authority.dir, &sealed, rng)?;
        written.push(file.clone());
        storage::put_held_image(tx, hold_id, row.media_id, &file)?;
        media.push(HeldImage { media_id: row.media_id, class: row.class, commitment: row.commitment });
    }
    let held = Held { hold_id, until_ms, media: media.iter().map(|image| image.media_id).collect() };
    let about = About { deployment_id: Some(deployment_id), alert_id: Some(alert_id) };
    let action = Action::EvidenceHeld(EvidenceHeld { hold_id, reason, case_ref, until_ms, media });
    authority.append_events(tx, &[authority.event(Actor::Supervisor(supervisor.clone()), about, action)])?;
    Ok(held)
}

fn seal(
    authority: &Authority,
    row: &MediaRow,
    hold_id: HoldId,
    key: &RecipientPublicKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, ServiceError> {
    let (Some(image_key), Some(salt)) = (&row.key, &row.salt) else { return Err(HoldError::Gone.into()) };
    let salt = salt.as_slice().try_into().map_err(|_| ServiceError::Internal)?;
    let image = unseal(&authority.dir.media().join(&row.file), image_key).map_err(|error| match error {
        ServiceError::Gone => HoldError::Gone.into(),
        other => other,
    })?;
    let label = EvidenceLabel {
        origin: authority.events_origin.clone(),
        hold: hold_id.0.into_bytes(),
        alert: row.alert_id.0.into_bytes(),
        media: row.media_id.0.into_bytes(),
        commitment: row.commitment,
    };
    let sealed = SealedEvidence::seal(label, salt, &image, key, rng).map_err(|_| ServiceError::Internal)?;
    Ok(sealed.encode())
}

/// The file lies among the sealed images, under a random name as they do.
fn write(dir: &ForceDir, sealed: &[u8], rng: &mut impl CryptoRng) -> Result<String, ServiceError> {
    let mut name = [0_u8; 16];
    rng.fill_bytes(&mut name);
    let file = hex::encode(name);
    files::write_private(&dir.media().join(&file), sealed).map_err(ForceError::from)?;
    Ok(file)
}

/// Removes sealed files of a hold that ended. One that stays behind is swept at the server's next start.
pub fn remove_sealed_files(dir: &ForceDir, files: &[String]) {
    for file in files {
        let _ = std::fs::remove_file(dir.media().join(file));
    }
}

/// A supervisor ends a hold before its date; gives the files to remove after the commit.
pub fn release_evidence(
    authority: &Authority,
    tx: &Tx,
    (supervisor, pin): (&OfficerId, &str),
    hold_id: HoldId,
) -> Result<Vec<String>, ServiceError> {
    let row = storage::hold(tx, hold_id)?.ok_or(ServiceError::NotFound)?;
    check_supervisor(tx, supervisor, pin, row.alert_id)?;
    let mut events = Vec::new();
    let by = Actor::Supervisor(supervisor.clone());
    let files = end(authority, tx, row, by, HoldEnd::BySupervisor, &mut events)?;
    authority.append_events(tx, &events)?;
    Ok(files)
}

/// Ends the holds whose date has come; gives the files to remove after the commit.
pub(super) fn end_due_holds(
    authority: &Authority,
    tx: &Tx,
    events: &mut Vec<EventBody>,
) -> Result<Vec<String>, ServiceError> {
    let mut files = Vec::new();
    // The force log's time never goes back: a clock that was set back lengthens no hold.
    for row in storage::due_holds(tx, force_log::next_ms(authority, tx)?)? {
        files.append(&mut end(authority, tx, row, Actor::Gateway, HoldEnd::DateReached, events)?);
    }
    Ok(files)
}

fn end(
    authority: &Authority,
    tx: &Tx,
    row: HoldRow,
    by: Actor,
    end: HoldEnd,
    events: &mut Vec<EventBody>,
) -> Result<Vec<String>, ServiceError> {
    let HoldRow { hold_id, alert_id, .. } = row;
    let files = storage::end_hold(tx, hold_id, authority.clock.now_ms())?;
    let deployment_id = storage::alert(tx, alert_id)?.map(|alert| alert.deployment_id);
    let about = About { deployment_id, alert_id: Some(alert_id) };
    events.push(authority.event(by, about, Action::EvidenceReleased(EvidenceReleased { hold_id, end })));
    Ok(files)
}

/// Copies a hold's sealed images into a folder, for the evidence system; gives their names there.
pub fn export_evidence(
    authority: &Authority,
    tx: &Tx,
    hold_id: HoldId,
    folder: &Path,
) -> Result<Vec<String>, ServiceError> {
    storage::hold(tx, hold_id)?.ok_or(ServiceError::NotFound)?;
    files::private_dir(folder).map_err(ForceError::from)?;
    let mut names = Vec::new();
    for (media_id, file) in storage::held_images(tx, hold_id)? {
        let sealed = std::fs::read(authority.dir.media().join(file)).map_err(|_| ServiceError::Gone)?;
        let name = format!("{media_id}.evidence");
        files::write_private(&folder.join(&name), &sealed).map_err(ForceError::from)?;
        names.push(name);
    }
    Ok(names)
}

/// The hold that a sealed file is of, and how old the file is.
fn hold_of(path: &Path) -> Option<(HoldId, Duration)> {
    let longest = u64::try_from(MAX_EVIDENCE_BYTES).unwrap_or(u64::MAX);
    let file = std::fs::metadata(path).ok().filter(|file| file.len() <= longest)?;
    let age = file.modified().ok()?.elapsed().unwrap_or_default();
    let sealed = SealedEvidence::decode(&std::fs::read(path).ok()?).ok()?;
    Some((HoldId(uuid::Uuid::from_bytes(sealed.label().hold)), age))
}

impl Gateway {
    /// Of files that no row names, those that may go: not what is sealed as evidence for a hold that this store does not
    /// know, for as long as the policy lets evidence be held: it was put back from a backup that is older than the hold.
    pub(super) async fn without_unknown_holds(&self, files: Vec<String>) -> Result<Vec<String>, ServiceError> {
        let folder = self.authority.dir.media();
        let read = move || {
            let of = |file: String| (hold_of(&folder.join(&file)), file);
            files.into_iter().map(of).collect::<Vec<_>>()
        };
        let found = tokio::task::spawn_blocking(read).await.map_err(|_| ServiceError::Internal)?;
        let authority = self.authority.clone();
        self.db
            .read(move |tx| {
                let days = policy::in_force(&authority, tx)?.media.evidence_hold_max_days;
                let longest = Duration::from_secs(u64::from(days) * 86_400);
                let mut may_go = Vec::new();
                for (held, file) in found {
                    let keep = match held {
                        Some((hold, age)) => age < longest && !storage::is_known_hold(tx, hold)?,
                        None => false,
                    };
                    if !keep {
                        may_go.push(file);
                    }
                }
                Ok::<_, ServiceError>(may_go)
            })
            .await
    }

    /// Whether a hold's end has come.
    pub(super) fn holds_are_due(authority: &Authority, tx: &Tx) -> Result<bool, ServiceError> {
        Ok(!storage::due_holds(tx, force_log::next_ms(authority, tx)?)?.is_empty())
    }
}
