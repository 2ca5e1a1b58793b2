//! The trail's way to the force: the phone's log is mirrored by the gateway.
//!
//! Must never: take anything but a verified cosignature for a receipt, or go on after the gateway holds another
//! history. Always: one upload at a time, strictly by index; what happened to a lost request is asked, never assumed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use peel_domain::time::Clock as _;
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::{
    Action, AddCheckpoint, AddEntries, Alarm, Asked, CONTENT_TYPE_ENTRIES, MirrorClient, MirrorReceipt, Notice,
    Package, ServerAnswer, package_bounds,
};
use peel_ledger::note::{SignedNote, VerifierKey};
use peel_ledger::tree::LeafHashes;
use peel_ledger::{Hash, Origin};

use super::error::EngineError;
use super::{Engine, persist};
use crate::ffi::{SyncOutcome, SyncState};
use crate::store::{Batch, Op};
use crate::transport::{BackOff, TransportError};

/// What is not urgent goes over at least this often.
const EVERY: Duration = Duration::from_secs(30);
/// The budget of an upload in the background.
const BACKGROUND_MS: u32 = 60_000;
/// The longest wait within one upload.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// One upload under way.
struct Upload {
    checkpoint: Checkpoint,
    note: SignedNote,
    leaves: LeafHashes,
    client: MirrorClient,
    base: String,
}

/// Uploads in the background until the runtime ends.
pub(crate) async fn run(engine: Arc<Engine>) {
    let mut back_off = BackOff::new();
    loop {
        tokio::select! {
            () = engine.urgent.notified() => {}
            () = engine.network.notified() => back_off.reset(),
            () = tokio::time::sleep(EVERY) => {}
        }
        while engine.wanted.borrow().0 && engine.has_unsent() {
            match engine.sync(BACKGROUND_MS).await {
                Ok(SyncOutcome { state: SyncState::Waiting | SyncState::MoreLeft, .. }) => {
                    let pause = back_off.next(&mut rand::rng());
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = engine.network.notified() => back_off.reset(),
                    }
                }
                Ok(SyncOutcome { state: SyncState::UpToDate, .. }) => back_off.reset(),
                _ => break,
            }
        }
    }
}

fn alarm_code(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Refused => "sync.refused",
        Alarm::Unknown => "sync.unknown_device",
        Alarm::RolledBack => "sync.rollback",
        Alarm::Integrity => "sync.integrity",
        Alarm::ForeignMirror => "sync.foreign_mirror",
        Alarm::TooLarge => "sync.too_large",
        Alarm::Protocol => "sync.protocol",
    }
}

/// The alarms after which nothing is sent any more until somebody acts.
const FREEZING: [&str; 3] = ["sync.rollback", "sync.unknown_device", "trail.second_history"];

impl Engine {
    fn has_unsent(&self) -> bool {
        let state = self.lock();
        state.trail.as_ref().is_some_and(|trail| trail.size() > state.cosigned)
    }

    fn outcome(&self, before: u64, sync_state: SyncState) -> Result<SyncOutcome, EngineError> {
        let state = self.lock();
        let (size, cosigned_size) = (state.trail()?.size(), state.cosigned);
        Ok(SyncOutcome { uploaded: cosigned_size.saturating_sub(before), size, cosigned_size, state: sync_state })
    }

    /// Brings the trail to the force for at most `budget_ms`.
    pub(crate) async fn sync(self: &Arc<Self>, budget_ms: u32) -> Result<SyncOutcome, EngineError> {
        let deadline = Instant::now() + Duration::from_millis(u64::from(budget_ms));
        let _one_at_a_time = self.syncing.lock().await;
        let (before, size, frozen) = {
            let state = self.lock();
            let frozen = FREEZING.iter().any(|code| state.alarms.contains(*code));
            (state.cosigned, state.trail()?.size(), frozen)
        };
        if frozen {
            return self.outcome(before, SyncState::Stopped);
        }
        if size == before {
            return self.outcome(before, SyncState::UpToDate);
        }
        let upload = self.blocking(Self::prepare_upload).await?;
        let sync_state = self.upload(upload, deadline).await?;
        self.bump();
        self.outcome(before, sync_state)
    }

    fn prepare_upload(&self) -> Result<Upload, EngineError> {
        let (checkpoint, note) = self.signed_checkpoint()?;
        let leaves = self.store.leaves(checkpoint.size)?.into_iter().map(Hash::new).collect();
        let (base, mirror, cosigned) = {
            let state = self.lock();
            let device = state.device()?;
            let mirror: VerifierKey =
                device.mirror_vkey.parse().map_err(|_| EngineError::Integrity("device.mirror_key"))?;
            (format!("/v1/logs/{}", device.enrolment_id), mirror, state.cosigned)
        };
        let client = MirrorClient::new(checkpoint.clone(), mirror, cosigned);
        Ok(Upload { checkpoint, note, leaves: LeafHashes::new(leaves), client, base })
    }

    async fn upload(self: &Arc<Self>, mut upload: Upload, deadline: Instant) -> Result<SyncState, EngineError> {
        let mut action = upload.client.begin();
        let mut back_off = BackOff::new();
        loop {
            if Instant::now() >= deadline {
                return Ok(SyncState::MoreLeft);
            }
            let wait = match &action {
                Action::Done(receipt) => {
                    let receipt = receipt.clone();
                    self.blocking(move |engine| engine.keep_receipt(&receipt)).await?;
                    let more = self.has_unsent();
                    return Ok(if more { SyncState::MoreLeft } else { SyncState::UpToDate });
                }
                Action::Stop(alarm) => {
                    self.lock().raise(alarm_code(*alarm));
                    return Ok(SyncState::Stopped);
                }
                Action::RefreshAuthorisation => {
                    self.link()?.forget_token();
                    Duration::ZERO
                }
                Action::Wait { seconds } => Duration::from_secs(*seconds),
                Action::BackOff => back_off.next(&mut rand::rng()),
                _ => Duration::ZERO,
            };
            if !wait.is_zero() && (wait > LONGEST_WAIT || Instant::now() + wait >= deadline) {
                return Ok(SyncState::Waiting);
            }
            tokio::time::sleep(wait).await;
            let (asked, sent) = self.send(&mut upload, &action).await?;
            let step = match &sent {
                Ok((status, body, retry_after_s)) => upload
                    .client
                    .answered(asked, ServerAnswer::Reply { status: *status, body, retry_after_s: *retry_after_s }),
                Err(TransportError::Untrusted) => {
                    self.lock().raise("tls.untrusted");
                    return Ok(SyncState::Stopped);
                }
                Err(_) => upload.client.answered(asked, ServerAnswer::Lost),
            };
            if let Some(notice) = step.notice {
                self.lock().raise(notice_code(notice));
            }
            action = step.action;
        }
    }

    /// Sends what the action says. What is not a message of its own asks for the mirror's state.
    async fn send(
        self: &Arc<Self>,
        upload: &mut Upload,
        action: &Action,
    ) -> Result<(Asked, Result<(u16, Vec<u8>, Option<u64>), TransportError>), EngineError> {
        let link = self.link()?;
        match action {
            Action::SendCheckpoint { old_size } => {
                let message = AddCheckpoint::build(*old_size, upload.note.clone(), &upload.leaves)
                    .map_err(|_| EngineError::Integrity("sync.proof"))?;
                let path = format!("{}/add-checkpoint", upload.base);
                let sent = link.exchange(&path, CONTENT_TYPE_ENTRIES, message.encode()).await;
                Ok((Asked::Checkpoint { old_size: *old_size }, sent))
            }
            Action::SendEntries { start, end, ticket, max_packages } => {
                let (start, end, max_packages) = (*start, *end, *max_packages);
                let body = self.entries_body(upload, start, end, ticket.clone(), max_packages).await?;
                let path = format!("{}/add-entries", upload.base);
                Ok((Asked::Entries { start }, link.exchange(&path, CONTENT_TYPE_ENTRIES, body).await))
            }
            _ => {
                let origin = upload.checkpoint.origin.clone();
                let body = encode_entries(origin, (0, 0), Vec::new(), Vec::new())?;
                let path = format!("{}/add-entries", upload.base);
                Ok((Asked::State, link.exchange(&path, CONTENT_TYPE_ENTRIES, body).await))
            }
        }
    }

    async fn entries_body(
        self: &Arc<Self>,
        upload: &Upload,
        start: u64,
        end: u64,
        ticket: Vec<u8>,
        max_packages: u64,
    ) -> Result<Vec<u8>, EngineError> {
        let bounds: Vec<(u64, u64)> =
            package_bounds(start, end).take(usize::try_from(max_packages).unwrap_or(1)).collect();
        let until = bounds.last().map_or(start, |(_, to)| *to);
        let entries = self.blocking(move |engine| Ok(engine.store.entries(start, until - start)?)).await?;
        let mut rest = entries.iter().map(Vec::as_slice);
        let mut packages = Vec::new();
        for (from, to) in bounds {
            let count = usize::try_from(to - from).map_err(|_| EngineError::Task)?;
            let package = Package::build(from, rest.by_ref().take(count).collect(), end, &upload.leaves);
            packages.push(package.map_err(|_| EngineError::Integrity("sync.proof"))?);
        }
        encode_entries(upload.checkpoint.origin.clone(), (start, end), ticket, packages)
    }

    /// A verified cosignature becomes durable before anybody relies on it.
    fn keep_receipt(&self, receipt: &MirrorReceipt) -> Result<(), EngineError> {
        let Checkpoint { size, root, .. } = &receipt.checkpoint;
        self.store.keep_cosignature(*size, root.to_bytes(), receipt.signature_lines.clone())?;
        let mut batch = Batch::new();
        batch.push(Op::Put(persist::BEACON, receipt.beacon.to_bytes().to_vec()));
        self.store.commit(batch)?;
        let now = self.clock.now();
        let mut state = self.lock();
        state.cosigned = state.cosigned.max(*size);
        state.beacon = Some(receipt.beacon);
        state.last_contact = Some(now);
        let cosigned_ms = i64::try_from(receipt.cosigned_at_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        state.latest_gateway_ms = Some(state.latest_gateway_ms.unwrap_or(cosigned_ms).max(cosigned_ms));
        if let Some(trail) = &mut state.trail {
            trail.witness(receipt.beacon);
        }
        Ok(())
    }
}

fn encode_entries(
    origin: Origin,
    interval: (u64, u64),
    ticket: Vec<u8>,
    packages: Vec<Package<'_>>,
) -> Result<Vec<u8>, EngineError> {
    let partial = packages.last().map_or(interval.0, |package| package.end) < interval.1;
    let message = AddEntries { origin, upload_start: interval.0, upload_end: interval.1, ticket, packages, partial };
    message.encode().map_err(|_| EngineError::Integrity("sync.encode"))
}

fn notice_code(notice: Notice) -> &'static str {
    match notice {
        Notice::ServerLostHistory { .. } => "sync.server_lost_history",
        Notice::NotAReceipt => "sync.not_a_receipt",
    }
}
