//! When an alert's images are destroyed (S24 to S27, S39), and a close photograph (S19).
//!
//! Must never: let a clock that was set back lengthen a life. Always: on doubt, delete; several clocks are asked and
//! the latest counts.

use crate::event::DeletionReason;
use crate::policy::Policy;
use crate::time::Moment;
use crate::workflow::{AlertState, DueMedia, Phase};

/// What else is known about the present when retention is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The latest time that is known otherwise than by this boot's clocks: what the gateway stated, what the trail has of
    /// an earlier boot; milliseconds since 1970 UTC.
    pub latest_ms: Option<i64>,
    /// Whether the alert's deployment has ended.
    pub deployment_ended: bool,
    /// Whether the phone was without contact for too long ([`crate::silence::Silence::has_lapsed`]).
    pub lapsed: bool,
}

/// Images that are due by what the phone itself knows.
pub fn due_media(state: &AlertState, policy: &Policy, now: &Moment) -> Vec<DueMedia> {
    due_media_knowing(state, policy, now, Known::default())
}

/// Images that are due, with what the gateway said.
pub fn due_media_knowing(state: &AlertState, policy: &Policy, now: &Moment, known: Known) -> Vec<DueMedia> {
    let Some(reason) = due_reason(state, policy, now, known) else { return Vec::new() };
    state.media().iter().map(|held| DueMedia { media_id: held.media_id, class: held.class, reason }).collect()
}

fn due_reason(state: &AlertState, policy: &Policy, now: &Moment, known: Known) -> Option<DeletionReason> {
    if over_since_ended(state, policy, now, known) {
        return Some(DeletionReason::AlertClosed);
    }
    // Not even a running stop holds this up: a phone that is used by its officer is heard from.
    if known.lapsed {
        return Some(DeletionReason::Lapsed);
    }
    // A running stop still needs its reference, but never beyond the day.
    let stop_running = state.stop().is_some_and(crate::stop_state::StopState::is_running);
    if known.deployment_ended && !stop_running {
        return Some(DeletionReason::DeploymentEnded);
    }
    let life_ms = i64::from(policy.media.after_capture_s).saturating_mul(1000);
    let until_ms = state.media_expire_at_ms().min(state.captured_at_ms().saturating_add(life_ms));
    (latest_ms(state, now, known) >= until_ms).then_some(DeletionReason::Expired)
}

/// The latest of what the wall clock, the alert's own clock (see [`AlertState::present_ms`]) and what is known elsewhere say.
fn latest_ms(state: &AlertState, now: &Moment, known: Known) -> i64 {
    now.utc_ms.max(state.present_ms(now)).max(known.latest_ms.unwrap_or(i64::MIN))
}

/// How much earlier than its last moment a close photograph goes: the clock is not looked at all the time.
const CAPTURE_MARGIN_MS: u64 = 1_000;

/// Whether a close photograph that was taken at `taken` must go (S19). It is measured on the monotonic clock; another boot,
/// or a clock that reads earlier than then, is doubt, and on doubt it goes.
pub fn live_capture_due(policy: &Policy, taken: &Moment, now: &Moment) -> bool {
    let life_ms = u64::from(policy.check.live_capture_max_s).saturating_mul(1000);
    let doubt = now.boot_id != taken.boot_id || now.monotonic_ns < taken.monotonic_ns;
    doubt || now.since(taken).ms.saturating_add(CAPTURE_MARGIN_MS) >= life_ms
}

/// How far the clocks of a force's machines may differ before one of them counts as set back.
const CLOCKS_DIFFER_MS: i64 = 5_000;

/// A copy of an image at the force, which no officer opens: phones fetch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForceCopy {
    /// When it is destroyed at the latest; milliseconds since 1970 UTC.
    pub expire_ms: i64,
    /// Since when its alert is over: withdrawn by the operator, or closed on every phone that had it.
    pub over_ms: Option<i64>,
}

/// Until when the force keeps its copies of an alert that is over (S24), in milliseconds since 1970 UTC.
pub fn copies_until_ms(policy: &Policy, over_ms: i64) -> i64 {
    over_ms.saturating_add(i64::from(policy.media.after_close_s).saturating_mul(1000))
}

/// Why a copy is due, if it is. A clock that reads earlier than the alert's end was set back: then it is.
pub fn copy_due(policy: &Policy, copy: ForceCopy, now_ms: i64) -> Option<DeletionReason> {
    let over = copy.over_ms.is_some_and(|over_ms| {
        now_ms >= copies_until_ms(policy, over_ms) || now_ms.saturating_add(CLOCKS_DIFFER_MS) < over_ms
    });
    if over {
        return Some(DeletionReason::AlertClosed);
    }
    (now_ms >= copy.expire_ms).then_some(DeletionReason::Expired)
}

/// Whether the alert has been closed, or withdrawn or stale, for longer than the policy keeps its images.
fn over_since_ended(state: &AlertState, policy: &Policy, now: &Moment, known: Known) -> bool {
    let ended = match (state.closed_at(), state.left_at()) {
        (Some(closed), Some(left)) => {
            if closed.utc_ms < left.utc_ms {
                closed
            } else {
                left
            }
        }
        (Some(at), None) | (None, Some(at)) => at,
        (None, None) => return false,
    };
    let keep_ms = u64::from(policy.media.after_close_s).saturating_mul(1000);
    let elsewhere = known.latest_ms.map_or(0, |latest| latest.saturating_sub(ended.utc_ms));
    // A wall clock that now reads earlier than when the alert ended was set back: no trust in it, so delete.
    let set_back = now.boot_id != ended.boot_id && now.utc_ms < ended.utc_ms;
    let passed = now.since(&ended).ms.max(u64::try_from(elsewhere).unwrap_or(0));
    set_back || passed >= keep_ms || (state.phase() == Phase::MediaDeleted)
}
