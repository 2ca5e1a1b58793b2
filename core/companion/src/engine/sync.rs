//! The trail's way to the force: the phone's log is mirrored by the gateway.
//!
//! Must never: take anything but a verified cosignature for a receipt, or go on after the gateway holds another
//! history. Always: one upload at a time, strictly by index; what happened to a lost request is asked, never assumed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use peel_domain::id::EnrolmentId;
use peel_domain::time::Clock as _;
use peel_journal::upload::{self, Upload};
use peel_ledger::mirror::{Action, Alarm, Asked, MirrorReceipt, Notice, ServerAnswer};
use peel_ledger::note::VerifierKey;

use super::error::{EngineError, SERVER_LOST_PRUNED};
use super::force_log::ForceProof;
use super::state::State;
use super::{Engine, persist};
use crate::ffi::{SyncOutcome, SyncState};
use crate::transport::{BackOff, TransportError};

/// What is not urgent goes over at least this often.
const EVERY: Duration = Duration::from_secs(30);
/// The budget of an upload in the background.
const BACKGROUND_MS: u32 = 60_000;
/// The longest wait within one upload.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A question to the mirror. Where it is not asked to the end, however that comes, it is asked at the next occasion.
struct Asking<'a> {
    engine: &'a Engine,
    asks: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.engine.lock().asks_mirror |= self.asks;
    }
}

/// One upload under way, and the log's address.
struct UnderWay {
    upload: Upload,
    base: String,
    of: EnrolmentId,
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
        while engine.wanted.borrow().0 && engine.has_to_ask_or_send() {
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

/// The force says that it has more of this log than there is, or something else: nobody signed that.
pub(super) const ROLLBACK: &str = "sync.rollback";
/// This store signed another history of its log before.
pub(super) const SECOND_HISTORY: &str = "trail.second_history";
/// The force does not know this enrolment.
pub(super) const UNKNOWN_DEVICE: &str = "sync.unknown_device";
/// Two people revoked this enrolment.
pub(super) const REVOKED: &str = "sync.revoked";
/// Nobody has approved this enrolment yet.
pub(super) const PENDING: &str = "sync.pending";
/// The gateway changed its keys more than once while this phone was away.
pub(super) const PINS_OUTDATED: &str = "tls.pins_outdated";

/// The gateway refused a connection.
pub(super) const GATEWAY_REFUSED: &str = "gateway.refused";
/// The gateway had no stream for this enrolment.
pub(super) const GATEWAY_UNKNOWN: &str = "gateway.unknown_device";

/// What a refusal says of this enrolment or of the gateway's identity, whichever request it answers.
fn alarm_of(refusal: &TransportError) -> Option<&'static str> {
    match refusal {
        TransportError::Untrusted => Some("tls.untrusted"),
        TransportError::PinsOutdated => Some(PINS_OUTDATED),
        TransportError::Refused { code, .. } => match code.as_str() {
            "device.unknown" => Some(UNKNOWN_DEVICE),
            "device.revoked" => Some(REVOKED),
            "device.pending" => Some(PENDING),
            _ => None,
        },
        _ => None,
    }
}

fn alarm_code(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Refused => "sync.refused",
        Alarm::Unknown => UNKNOWN_DEVICE,
        Alarm::RolledBack => ROLLBACK,
        Alarm::Integrity => "sync.integrity",
        Alarm::ForeignMirror => "sync.foreign_mirror",
        Alarm::TooLarge => "sync.too_large",
        Alarm::Protocol => "sync.protocol",
    }
}

/// The alarms after which nothing is sent any more until somebody acts, also after a restart.
const FREEZING: [&str; 5] = [ROLLBACK, UNKNOWN_DEVICE, REVOKED, SECOND_HISTORY, SERVER_LOST_PRUNED];
/// The alarms that are over once the gateway serves this enrolment: it said so, or could not be trusted yet.
const UNTIL_SERVED: [&str; 5] = [UNKNOWN_DEVICE, PENDING, PINS_OUTDATED, GATEWAY_REFUSED, GATEWAY_UNKNOWN];
/// The alarms after which nothing is signed any more: the force knows another history of this log.
const FORKED: [&str; 2] = [ROLLBACK, SECOND_HISTORY];

impl Engine {
    /// Raises an alarm; one that freezes is durable first.
    pub(super) fn alarm(&self, code: &'static str) -> Result<(), EngineError> {
        self.alarm_in(&mut self.lock(), code)
    }

    fn alarm_in(&self, state: &mut State, code: &'static str) -> Result<(), EngineError> {
        if state.raise(code) && FREEZING.contains(&code) {
            let mut kept: BTreeSet<String> =
                persist::load(&self.store, &self.store_key, persist::ALARMS)?.unwrap_or_default();
            kept.insert(code.to_owned());
            self.put([persist::put(&self.store_key, persist::ALARMS, &kept)?])?;
        }
        Ok(())
    }

    /// Raises an alarm over an answer, unless what was asked was asked for an enrolment that another one came after.
    fn alarm_over(&self, of: EnrolmentId, code: &'static str) -> Result<(), EngineError> {
        let mut state = self.lock();
        if state.is_of(of) { self.alarm_in(&mut state, code) } else { Ok(()) }
    }

    /// Raises the alarm that a refusal calls for, if it calls for one: some of them let the phone be enrolled again. `of`
    /// is the enrolment that was refused.
    pub(super) fn heed(&self, of: EnrolmentId, refusal: &TransportError) -> Result<bool, EngineError> {
        let Some(alarm) = alarm_of(refusal) else { return Ok(false) };
        self.alarm_over(of, alarm)?;
        Ok(true)
    }

    /// Ends the alarms that are over since the gateway serves this enrolment, durably where they were durable.
    pub(super) fn served(&self, state: &mut State) -> Result<(), EngineError> {
        if !UNTIL_SERVED.iter().any(|code| state.alarms.contains(*code)) {
            return Ok(());
        }
        let kept: Option<BTreeSet<String>> = persist::load(&self.store, &self.store_key, persist::ALARMS)?;
        if let Some(mut kept) = kept {
            kept.retain(|code| !UNTIL_SERVED.contains(&code.as_str()));
            self.put([persist::put(&self.store_key, persist::ALARMS, &kept)?])?;
        }
        state.alarms.retain(|code| !UNTIL_SERVED.contains(&code.as_str()));
        Ok(())
    }

    /// Whether the force knows another history of this log.
    pub(super) fn is_forked(&self) -> bool {
        let state = self.lock();
        FORKED.iter().any(|code| state.alarms.contains(*code))
    }

    /// Whether something is unsent, or the mirror is to be asked what it has: a restored force may have less than it
    /// confirmed, and a phone that records nothing would not notice.
    fn has_to_ask_or_send(&self) -> bool {
        let asks = {
            let state = self.lock();
            state.asks_mirror && state.cosigned > 0
        };
        asks || self.has_unsent()
    }

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
        let (before, size, frozen, asks) = {
            let mut state = self.lock();
            let asks = std::mem::take(&mut state.asks_mirror);
            let frozen = FREEZING.iter().any(|code| state.alarms.contains(*code)) || !state.trail()?.is_signed();
            (state.cosigned, state.trail()?.size(), frozen, asks && state.cosigned > 0)
        };
        if frozen {
            return self.outcome(before, SyncState::Stopped);
        }
        let sync_state = if size == before && !asks {
            SyncState::UpToDate
        } else {
            let mut asking = Asking { engine: self, asks };
            let sends = size > before;
            let upload = self.blocking(move |engine| engine.prepare_upload(sends)).await?;
            let found = self.upload(upload, sends, deadline).await?;
            asking.asks &= !matches!(found, SyncState::UpToDate | SyncState::Stopped);
            found
        };
        if matches!(sync_state, SyncState::UpToDate | SyncState::MoreLeft) {
            self.prove_in_force_log().await;
        }
        self.bump();
        self.outcome(before, sync_state)
    }

    /// Where nothing is to be sent, what is signed already will do: a network that comes and goes costs no signature.
    fn prepare_upload(&self, sends: bool) -> Result<UnderWay, EngineError> {
        let kept = if sends { None } else { self.kept_checkpoint()? };
        let (checkpoint, note) = kept.map_or_else(|| self.signed_checkpoint(), Ok)?;
        let state = self.lock();
        let device = state.device()?;
        let mirror: VerifierKey =
            device.mirror_vkey.parse().map_err(|_| EngineError::Integrity("device.mirror_key"))?;
        let base = format!("/v1/logs/{}", device.enrolment_id);
        Ok(UnderWay { upload: Upload::new(checkpoint, note, mirror, state.cosigned), base, of: device.enrolment_id })
    }

    async fn upload(
        self: &Arc<Self>,
        mut under_way: UnderWay,
        sends: bool,
        deadline: Instant,
    ) -> Result<SyncState, EngineError> {
        let mut action = if sends { under_way.upload.begin() } else { Action::AskState };
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
                    self.alarm_over(under_way.of, alarm_code(*alarm))?;
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
            let (asked, sent) = match self.send(&mut under_way, &action).await {
                Err(EngineError::Integrity(SERVER_LOST_PRUNED)) => {
                    self.alarm_over(under_way.of, SERVER_LOST_PRUNED)?;
                    return Ok(SyncState::Stopped);
                }
                sent => sent?,
            };
            let step = match &sent {
                Ok((status @ (403 | 404), body, _))
                    if self.heed(under_way.of, &TransportError::refused(*status, body))? =>
                {
                    return Ok(SyncState::Stopped);
                }
                Ok((status, body, retry_after_s)) => under_way
                    .upload
                    .answered(asked, ServerAnswer::Reply { status: *status, body, retry_after_s: *retry_after_s }),
                Err(refusal) if self.heed(under_way.of, refusal)? => return Ok(SyncState::Stopped),
                Err(_) => under_way.upload.answered(asked, ServerAnswer::Lost),
            };
            if let Some(notice) = step.notice {
                self.lock().raise(notice_code(notice));
                if let Notice::ServerLostHistory { holds, .. } = notice {
                    let of = under_way.of;
                    self.blocking(move |engine| engine.keep_loss(of, holds)).await?;
                }
            }
            action = step.action;
        }
    }

    /// Sends what the action says.
    async fn send(
        self: &Arc<Self>,
        under_way: &mut UnderWay,
        action: &Action,
    ) -> Result<(Asked, Result<(u16, Vec<u8>, Option<u64>), TransportError>), EngineError> {
        let (upload, action) = (under_way.upload.clone(), action.clone());
        let request = self.blocking(move |engine| Ok(upload.request(&engine.store, &action)?)).await?;
        let path = format!("{}/{}", under_way.base, request.endpoint.path());
        Ok((request.asked, self.link()?.exchange(&path, request.content_type, request.body).await))
    }

    /// What the mirror lost is proved no more, whatever the force log says.
    pub(super) fn keep_loss(&self, of: EnrolmentId, holds: u64) -> Result<(), EngineError> {
        let mut state = self.lock();
        if !state.is_of(of) {
            return Ok(());
        }
        upload::keep_loss(&self.store, holds)?;
        let known = ForceProof::up_to(state.force_proof.proved.min(holds));
        self.put([persist::put(&self.store_key, persist::FORCE_PROOF, &known)?])?;
        state.force_proof = known;
        Ok(())
    }

    /// A verified cosignature becomes durable before anybody relies on it.
    pub(super) fn keep_receipt(&self, receipt: &MirrorReceipt) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut state = self.lock();
        // It came too late: the log that it is of has ended.
        if state.trail()?.checkpoint().origin != receipt.checkpoint.origin {
            return Ok(());
        }
        upload::keep_receipt(&self.store, receipt, now.utc_ms)?;
        self.served(&mut state)?;
        // What was confirmed before may be confirmed with the time of then, which is not the gateway's time now.
        let fresh = receipt.checkpoint.size > state.cosigned;
        state.cosigned = state.cosigned.max(receipt.checkpoint.size);
        let cosigned_ms = i64::try_from(receipt.cosigned_at_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        state.note_contact(now, fresh.then_some(cosigned_ms));
        state.latest_gateway_ms = Some(state.latest_gateway_ms.unwrap_or(cosigned_ms).max(cosigned_ms));
        if let Some(trail) = &mut state.trail {
            trail.witness(receipt.beacon);
        }
        Ok(())
    }
}

fn notice_code(notice: Notice) -> &'static str {
    match notice {
        Notice::ServerLostHistory { .. } => "sync.server_lost_history",
        Notice::NotAReceipt => "sync.not_a_receipt",
    }
}
