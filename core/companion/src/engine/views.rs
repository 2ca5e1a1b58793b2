//! Views of the projection for the shells.
//!
//! [`alert`] is the only place that reads a gated field for a screen, and it can do so only with the proof that the
//! workflow gives after the blind judgement or its logged skip (S05).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peel_domain::alert::{GatedPart, Revealed};
use peel_domain::policy::{KnownRate, Policy};
use peel_domain::time::Moment;
use peel_domain::workflow::{DecisionKind, Phase, WorkflowError};

use super::check;
use super::error::EngineError;
use super::state::{Held, State};
use crate::ffi::{
    AlertHeader, AlertPhase, AlertView, AlertsSnapshot, BlindAlert, ConnectionView, DeploymentView, EnrolmentView,
    IdentityStepView, KnownErrorRate, OtherOfficer, RevealedAlert, SegmentView, SessionView, ShiftView, StopView,
};

/// Milliseconds since 1970 UTC as the shells have it.
pub(super) fn time(ms: i64) -> SystemTime {
    let distance = Duration::from_millis(ms.unsigned_abs());
    let moved = if ms < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moved.unwrap_or(UNIX_EPOCH)
}

fn phase(held: &Held) -> AlertPhase {
    match held.state.phase() {
        Phase::Received => AlertPhase::Received,
        Phase::Displayed => AlertPhase::Displayed,
        Phase::BlindJudged | Phase::Skipped | Phase::Revealed => AlertPhase::Revealed,
        Phase::Decided(DecisionKind::Engage) | Phase::Locating => AlertPhase::Locating,
        Phase::Decided(_) => AlertPhase::Decided,
        Phase::Contact | Phase::Verifying => AlertPhase::Contact,
        Phase::Concluded => AlertPhase::Concluded,
        Phase::Released | Phase::Arrested => AlertPhase::Released,
        Phase::Closed | Phase::MediaDeleted if held.state.has_expired() => AlertPhase::Expired,
        Phase::Closed | Phase::MediaDeleted | Phase::Duplicate | Phase::Superseded => AlertPhase::Closed,
        Phase::WithdrawnByOperator => AlertPhase::Withdrawn,
        Phase::Expired => AlertPhase::Expired,
    }
}

fn header(state: &State, held: &Held, now: &Moment) -> AlertHeader {
    let exercise = state.deployment.as_ref().is_some_and(|open| open.record.card.exercise);
    let (open, state) = (held.alert.open(), &held.state);
    let others = if state.revealed().is_some() {
        let others = state.others().iter();
        others.map(|(officer_id, status)| OtherOfficer { officer_id: officer_id.clone(), status: *status }).collect()
    } else {
        Vec::new()
    };
    let age_ms = now.utc_ms.saturating_sub(open.captured_at_ms).max(0);
    AlertHeader {
        alert_id: open.alert_id,
        deployment_id: open.deployment_id,
        exercise,
        camera_name: open.camera_name.clone(),
        direction: open.direction.clone(),
        captured_at: time(open.captured_at_ms),
        received_at: time(state.received_at().utc_ms),
        stale_at: time(open.stale_at_ms),
        age_s: u32::try_from(age_ms / 1000).unwrap_or(u32::MAX),
        urgent: open.urgent,
        probe_count: u8::try_from(open.probes.len()).unwrap_or(u8::MAX),
        phase: phase(held),
        withdrawn: state.withdrawal().is_some(),
        has_media: !state.media().is_empty(),
        others,
    }
}

/// The alert, as far as this officer may see it.
pub(super) fn alert(state: &State, held: &Held, now: &Moment) -> Result<AlertView, EngineError> {
    let header = header(state, held, now);
    let Some(proof) = held.state.revealed() else {
        return Ok(AlertView::Blind { alert: BlindAlert { header, may_skip: true } });
    };
    let gated = held.alert.gated(&proof).ok_or(EngineError::Workflow(WorkflowError::NotRevealed))?;
    Ok(AlertView::Revealed { alert: revealed(state, held, header, &proof, gated, now) })
}

fn revealed(
    state: &State,
    held: &Held,
    header: AlertHeader,
    proof: &Revealed,
    gated: &GatedPart,
    now: &Moment,
) -> RevealedAlert {
    let current_ms = i64::from(state.policy.alert.entry_current_for_h).saturating_mul(3_600_000);
    let verified_at_ms = gated.entry_last_verified_at_ms;
    RevealedAlert {
        header,
        grade: gated.grade,
        categories: gated.categories.iter().copied().collect(),
        reason_text: gated.reason_text.clone(),
        warning_markers: gated.warning_markers.iter().copied().collect(),
        reference_age_years: gated.reference_age_years,
        reference_source: gated.reference_source,
        entry_last_verified_at: verified_at_ms.map(time),
        entry_may_be_out_of_date: verified_at_ms.is_none_or(|at| now.utc_ms.saturating_sub(at) > current_ms),
        under_18: gated.under_18,
        vulnerable: gated.vulnerable,
        known_twin_or_sibling: gated.known_twin_or_sibling,
        score_thousandths: gated.score.0,
        threshold_thousandths: gated.threshold.0,
        known_error_rate: known_error_rate(&state.policy, gated),
        operator_judgement: gated.operator_judgement,
        blind_judgement: held.state.blind_judgement(),
        revealed_judgement: held.state.revealed_judgement(),
        comparisons: {
            let at_hand = state.calibration.as_ref();
            held.comparisons.iter().map(|record| check::view(record, at_hand)).collect()
        },
        decision: held.state.decision().cloned(),
        note_needed: held.state.note_needed(proof).unwrap_or(true),
        display_name: gated.display_name.clone().filter(|_| state.policy.judgement.show_name),
    }
}

/// There is always one (S09): of the highest setting that the threshold reaches, else of the lowest that there is.
fn known_error_rate(policy: &Policy, gated: &GatedPart) -> KnownErrorRate {
    let lowest = || policy.known_rates.iter().min_by_key(|rate| rate.from_threshold);
    let view = |rate: &KnownRate| KnownErrorRate {
        false_alerts: rate.false_alerts,
        faces_seen: rate.faces,
        alerts: rate.alerts,
        source: rate.source.clone(),
    };
    let unknown = || KnownErrorRate { false_alerts: 0, faces_seen: 0, alerts: 0, source: "not_tested".to_owned() };
    policy.known_rate(gated.threshold).or_else(lowest).map_or_else(unknown, view)
}

/// The stop of an alert.
pub(super) fn stop(state: &State, held: &Held, now: &Moment) -> Result<StopView, EngineError> {
    let stop = held.state.stop().ok_or(EngineError::NotFound("stop.none"))?;
    let elapsed = stop.elapsed(now);
    let segment = |length: peel_domain::stop_state::SegmentLength| SegmentView {
        kind: length.kind,
        elapsed_ms: length.elapsed.ms,
    };
    let prompts = stop.prompts_due(now, &state.policy.stop.prompts_s);
    let identity = |record: &peel_domain::stop_state::IdentityStepRecord| IdentityStepView {
        kind: record.kind,
        result: record.result,
    };
    Ok(StopView {
        engagement_id: stop.engagement_id(),
        alert_id: held.state.alert_id(),
        running: stop.is_running(),
        started_at: time(stop.started().utc_ms),
        elapsed_ms: elapsed.ms,
        uncertainty_ms: elapsed.uncertainty_ms,
        segments: stop.segment_lengths(now).into_iter().map(segment).collect(),
        prompts_due_min: prompts.into_iter().map(|seconds| seconds / 60).collect(),
        footing: stop.footing(),
        explained: stop.explained(),
        identity_steps: stop.identity_steps().iter().map(identity).collect(),
        conclusion: stop.conclusion(),
        outcome_recorded: stop.outcome().is_some(),
        receipt_offered: stop.receipt_offered(),
    })
}

/// All alerts, newest first.
pub(super) fn snapshot(state: &State, now: &Moment) -> AlertsSnapshot {
    let mut alerts: Vec<AlertHeader> = state.alerts.values().map(|held| header(state, held, now)).collect();
    alerts.sort_by(|one, other| other.received_at.cmp(&one.received_at).then(other.alert_id.cmp(&one.alert_id)));
    AlertsSnapshot {
        deployment_id: state.deployment.as_ref().map(|open| open.record.card.deployment_id),
        alerts,
        feeds: state.feeds.keys().cloned().collect(),
        refused: state.refused.clone(),
    }
}

/// The connection.
pub(super) fn connection(state: &State) -> ConnectionView {
    ConnectionView {
        state: state.connection,
        last_contact: state.last_contact.map(|at| time(at.utc_ms)),
        trail_size: state.trail.as_ref().map_or(0, peel_journal::trail::Trail::size),
        cosigned_size: state.cosigned,
        alarms: state.alarms.iter().cloned().collect(),
    }
}

/// The enrolment.
pub(super) fn enrolment(state: &State) -> Option<EnrolmentView> {
    state
        .device
        .as_ref()
        .map(|device| EnrolmentView { enrolment_id: device.enrolment_id, origin: device.origin.clone() })
}

/// The shift.
pub(super) fn shift(state: &State) -> Option<ShiftView> {
    let officer = state.officer.as_ref()?;
    Some(ShiftView { officer_id: officer.officer_id().clone(), until: time(officer.until_ms()) })
}

/// Where the phone stands.
pub(super) fn session(state: &State) -> SessionView {
    let open = state.deployment.as_ref().map(|open| &open.record);
    SessionView {
        enrolment: enrolment(state),
        shift: shift(state),
        deployment_id: open.map(|record| record.card.deployment_id),
        role: open.map(|record| record.role),
        deployment_state: open.map(|record| record.state),
        briefed: open.is_some_and(|record| record.briefed),
        policy_version: state.policy.version,
    }
}

/// A deployment's card.
pub(super) fn deployment(rostered: &peel_domain::wire::RosteredDeployment) -> DeploymentView {
    let card = &rostered.card;
    DeploymentView {
        deployment_id: card.deployment_id,
        exercise: card.exercise,
        use_case: card.use_case,
        location_text: card.location_text.clone(),
        authority_ref: card.authority_ref.clone(),
        planned_start: time(card.planned_start_ms),
        planned_end: time(card.planned_end_ms),
        cameras: card.cameras.iter().map(|camera| camera.name.clone()).collect(),
        algorithm: card.algorithm.clone(),
        threshold_thousandths: card.threshold.0,
        watchlist_size: card.watchlist_size,
        state: rostered.state,
        roles: rostered.roles.iter().copied().collect(),
    }
}
