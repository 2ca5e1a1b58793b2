//! What is due to go: images at their time, with their alert or with their deployment, and what was said of an alert
//! with its images.
//!
//! Always: a destroyed image leaves an event with its salted commitment (S29), and the numbers of redacted messages
//! stay, so that no device sees a gap.

use std::path::Path;
use std::time::Duration;

use peel_domain::event::{Action, Actor, DeletionReason, EventBody, MediaDeleted};
use peel_domain::id::{AlertId, DeploymentId};
use peel_domain::retention::{ForceCopy, copies_until_ms, copy_due};
use peel_domain::wire::StreamEvent;

use super::authority::About;
use super::{Authority, Gateway, ServiceError, evidence, fanout, policy};
use crate::storage::{self, MediaRow, StoredEvent, Tx, mark_destroyed, redact_alerts};

fn destroy(
    authority: &Authority,
    tx: &Tx,
    due: impl IntoIterator<Item = (MediaRow, DeletionReason)>,
    events: &mut Vec<EventBody>,
) -> Result<Vec<String>, ServiceError> {
    let mut files = Vec::new();
    for (row, reason) in due {
        mark_destroyed(tx, row.media_id, authority.clock.now_ms())?;
        let deployment_id = storage::alert(tx, row.alert_id)?.map(|alert| alert.deployment_id);
        let about = About { deployment_id, alert_id: Some(row.alert_id) };
        let receipt = MediaDeleted { media_id: row.media_id, class: row.class, commitment: row.commitment, reason };
        events.push(authority.event(Actor::Gateway, about, Action::MediaDeleted(receipt)));
        redact(authority, tx, row.alert_id)?;
        files.push(row.file);
    }
    Ok(files)
}

/// Forgets what an alert said: its stored message becomes "expired", under the same numbers.
fn redact(authority: &Authority, tx: &Tx, alert_id: AlertId) -> Result<(), ServiceError> {
    let expire = StreamEvent::LfrExpire { alert_id };
    let payload = serde_json::to_string(&expire).map_err(|_| ServiceError::Internal)?;
    let replacement = StoredEvent { name: expire.name(), payload: &payload, alert_id: Some(alert_id) };
    redact_alerts(tx, alert_id, "lfr.alert", &replacement, |device, seq| {
        fanout::sign(authority, device, seq, &payload)
    })?;
    Ok(())
}

/// Destroys a deployment's images; gives the files to remove after the commit.
pub(super) fn destroy_deployment(
    authority: &Authority,
    tx: &Tx,
    id: DeploymentId,
    events: &mut Vec<EventBody>,
) -> Result<Vec<String>, ServiceError> {
    let mut files = Vec::new();
    loop {
        let rows = storage::live_media_of_deployment(tx, id)?;
        if rows.is_empty() {
            return Ok(files);
        }
        let due = rows.into_iter().map(|row| (row, DeletionReason::DeploymentEnded));
        files.append(&mut destroy(authority, tx, due, events)?);
    }
}

/// The alert is over since `over_ms`: its images go when the policy in force says (S24).
pub(super) fn alert_is_over(
    authority: &Authority,
    tx: &Tx,
    alert_id: AlertId,
    over_ms: i64,
) -> Result<(), ServiceError> {
    let until_ms = copies_until_ms(&policy::in_force(authority, tx)?, over_ms);
    Ok(storage::put_alert_over(tx, alert_id, over_ms, until_ms)?)
}

/// Destroys what is due, with the reason that the domain gives.
fn destroy_due(
    authority: &Authority,
    tx: &Tx,
    now_ms: i64,
    events: &mut Vec<EventBody>,
) -> Result<Vec<String>, ServiceError> {
    for (alert_id, over_ms) in storage::closed_everywhere(tx)? {
        alert_is_over(authority, tx, alert_id, over_ms)?;
    }
    let policy = policy::in_force(authority, tx)?;
    let mut due = Vec::new();
    for row in storage::due_media(tx, now_ms)? {
        let copy = ForceCopy { expire_ms: row.expire_ms, over_ms: storage::alert_over_ms(tx, row.alert_id)? };
        due.extend(copy_due(&policy, copy, now_ms).map(|reason| (row, reason)));
    }
    destroy(authority, tx, due, events)
}

/// A file is named by a row long before it is this old, or never.
const SETTLED: Duration = Duration::from_hours(1);

fn files_older_than(folder: &Path, age: Duration) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.modified()?.elapsed().unwrap_or_default() >= age {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

impl Gateway {
    /// Destroys what is due now and keeps the streams' backlog within its bound.
    pub async fn sweep(&self) -> Result<(), ServiceError> {
        let (authority, reader) = (self.authority.clone(), self.authority.clone());
        let backlog = authority.config.limits.stream_backlog;
        let now_ms = authority.clock.now_ms();
        self.db.forget_what_is_owed().await?;
        let due = self.db.read(move |tx| {
            let due = !storage::due_media(tx, now_ms)?.is_empty() || !storage::closed_everywhere(tx)?.is_empty();
            let due = due || Self::holds_are_due(&reader, tx)?;
            Ok::<_, ServiceError>(due || storage::is_over_full(tx, backlog)?)
        });
        if !due.await? {
            return Ok(());
        }
        let files = self
            .db
            .write(move |tx| {
                let mut events = Vec::new();
                let mut files = destroy_due(&authority, tx, now_ms, &mut events)?;
                files.append(&mut evidence::end_due_holds(&authority, tx, &mut events)?);
                storage::prune(tx, backlog)?;
                authority.append_events(tx, &events)?;
                Ok::<_, ServiceError>(files)
            })
            .await?;
        self.finish_destruction(files).await
    }

    /// After the commit: sealed files go, and with them what the write-ahead log still holds of keys and messages.
    pub(super) async fn finish_destruction(&self, files: Vec<String>) -> Result<(), ServiceError> {
        if files.is_empty() {
            return Ok(());
        }
        self.remove_files(files).await;
        Ok(self.db.forget_deleted().await?)
    }

    /// Removes files that no row names: left over where the process died between a file and its row. Where processes
    /// share the folder, a young file may be one that another is about to name.
    pub async fn sweep_left_over_files(&self) -> Result<(), ServiceError> {
        let known = self.db.read(|tx| storage::media_files(tx).map_err(ServiceError::from)).await?;
        let folder = self.authority.dir.media();
        let youngest = if self.db.address().is_shared() { SETTLED } else { Duration::ZERO };
        let listed = tokio::task::spawn_blocking(move || files_older_than(&folder, youngest));
        let listed = listed.await.map_err(|_| ServiceError::Internal)?.map_err(crate::force::ForceError::from)?;
        let known: std::collections::HashSet<String> = known.into_iter().collect();
        let left = listed.into_iter().filter(|file| !known.contains(file)).collect();
        let left = self.without_unknown_holds(left).await?;
        self.remove_files(left).await;
        Ok(())
    }
}
