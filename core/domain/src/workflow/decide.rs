//! A command of a signed-in officer becomes events, or a refusal.
//!
//! Order and actors are the transition's to check; it is tried on a copy first, so that no refusal before the reveal
//! can depend on anything gated. Policy and forms are checked then.

use crate::deployment::Role;
use crate::event::{Action, Actor, BODY_VERSION, CoordinationStatus, EventBody, Justification};
use crate::judgement::{Decision, JudgementKind, JudgementValue, Look, Saw, SkipReason};
use crate::policy::{BlindRule, Policy, TwoPersonRule};
use crate::shift::SignedInOfficer;
use crate::stop::{IdentityConclusion, Truth, Verification};
use crate::time::{Elapsed, Moment};
use crate::workflow::command::Command;
use crate::workflow::error::WorkflowError;
use crate::workflow::phase::Phase;
use crate::workflow::state::AlertState;
use crate::workflow::{forms, identity, outcome};

/// Checks a command and gives the events that it becomes, in order, to be made durable together; then, and only then,
/// they are applied. An empty list says that nothing changes.
pub fn decide(
    state: &AlertState,
    command: &Command,
    officer: &SignedInOfficer,
    policy: &Policy,
    now: Moment,
) -> Result<Vec<EventBody>, WorkflowError> {
    check_officer(state, officer, &now)?;
    let actions = draft(state, command, policy, &now);
    let events: Vec<EventBody> = actions.into_iter().map(|action| by_officer(state, action, officer, now)).collect();
    let mut trial = state.clone();
    for event in &events {
        trial.apply(event)?;
    }
    check(state, command, officer, policy)?;
    Ok(events)
}

/// A decision needs a shift and an engaging role. A stop that has begun may be finished after the shift: it must be on
/// record.
fn check_officer(state: &AlertState, officer: &SignedInOfficer, now: &Moment) -> Result<(), WorkflowError> {
    if state.stop.is_some() {
        return Ok(());
    }
    if !officer.is_on_shift(now.utc_ms) {
        return Err(WorkflowError::OffShift);
    }
    if !officer.has_role(state.deployment_id, Role::EngagementOfficer) {
        return Err(WorkflowError::RoleMissing);
    }
    Ok(())
}

fn by_officer(state: &AlertState, action: Action, officer: &SignedInOfficer, now: Moment) -> EventBody {
    event(state, action, Actor::Officer(officer.officer_id().clone()), now)
}

/// An event about this alert.
pub(super) fn event(state: &AlertState, action: Action, actor: Actor, now: Moment) -> EventBody {
    let justification = match &action {
        Action::MediaDeleted(_) => Justification::Retention,
        Action::ContactMade { .. } => Justification::Stop,
        _ if state.stop.is_some() => Justification::Stop,
        _ => Justification::AlertResponse,
    };
    EventBody {
        v: BODY_VERSION,
        at: now,
        actor,
        deployment_id: Some(state.deployment_id),
        alert_id: Some(state.alert_id),
        justification,
        action,
    }
}

/// What the command becomes where nothing speaks against it.
fn draft(state: &AlertState, command: &Command, policy: &Policy, now: &Moment) -> Vec<Action> {
    let mut actions = Vec::new();
    // A batch that was cut between judgement and reveal is completed by whatever comes next.
    let half_revealed = matches!(state.phase, Phase::BlindJudged | Phase::Skipped);
    if half_revealed && !matches!(command, Command::Displayed | Command::FaceViewed { .. }) {
        actions.push(Action::Revealed);
    }
    match command {
        Command::Displayed => draft_displayed(state, policy, &mut actions),
        Command::Judge { value, look } => {
            actions.extend([judged(JudgementKind::Blind, *value, *look, Vec::new()), Action::Revealed]);
        }
        Command::Skip { reason } => {
            actions.extend([Action::JudgementSkipped { reason: *reason }, Action::Revealed]);
        }
        Command::JudgeRevealed { value, look } => {
            actions.push(judged(JudgementKind::Revealed, *value, *look, saw(state)));
        }
        Command::Decide { decision, note } => draft_decided(decision, note.as_deref(), &mut actions),
        Command::ConcludeIdentity(conclusion) => draft_concluded(*conclusion, &mut actions),
        Command::Release => {
            let duration = state.stop.as_ref().map_or(Elapsed::ZERO, |stop| stop.elapsed(now));
            actions.push(Action::Released { duration });
        }
        Command::Close if state.phase.is_closed() => actions.clear(),
        Command::Close => actions.push(Action::Closed),
        other => actions.extend(draft_plain(other)),
    }
    actions
}

fn draft_displayed(state: &AlertState, policy: &Policy, actions: &mut Vec<Action>) {
    if state.phase != Phase::Received {
        return;
    }
    actions.push(Action::AlertDisplayed);
    if policy.judgement.blind == BlindRule::Off {
        actions.extend([Action::JudgementSkipped { reason: SkipReason::PolicyOff }, Action::Revealed]);
    }
}

fn draft_decided(decision: &Decision, note: Option<&str>, actions: &mut Vec<Action>) {
    let note = note.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    actions.push(Action::Decided { decision: decision.clone(), note, officer_signature: None });
    if matches!(decision, Decision::DoNotEngage(_) | Decision::PassTo(_)) {
        actions.push(Action::Closed);
    }
}

/// A conclusion from the person themselves confirms the alert's truth; "not established" leaves it open.
fn draft_concluded(conclusion: IdentityConclusion, actions: &mut Vec<Action>) {
    actions.push(Action::IdentityConcluded(conclusion));
    let truth = match conclusion {
        IdentityConclusion::SamePerson => Truth::TrueAlert,
        IdentityConclusion::NotThePerson => Truth::FalseAlert,
        IdentityConclusion::NotEstablished => return,
    };
    actions.push(Action::TruthRecorded { truth, verification: Verification::Confirmed });
}

/// Commands that become one event with the same fields.
fn draft_plain(command: &Command) -> Option<Action> {
    Some(match command {
        Command::FaceViewed { media_id, visible_ms, zoomed } => {
            Action::FaceViewed { media_id: *media_id, visible_ms: *visible_ms, zoomed: *zoomed }
        }
        Command::RecordComparison(record) => Action::Compared(record.clone()),
        Command::Sighted(sighting) => Action::Sighted(*sighting),
        Command::ContactMade { engagement_id, footing } => {
            Action::ContactMade { engagement_id: *engagement_id, footing: *footing }
        }
        Command::StartSegment(kind) => Action::SegmentStarted(*kind),
        Command::ChangeFooting(footing) => Action::FootingChanged(*footing),
        Command::Explain(explanation) => Action::Explained(*explanation),
        Command::IdentityStep { kind, result, reason } => {
            Action::IdentityStep { kind: *kind, result: *result, reason: reason.clone() }
        }
        Command::RecordOutcome(outcome) => Action::OutcomeRecorded(outcome.clone()),
        Command::StateEthnicity(stated) => Action::EthnicityStated(*stated),
        Command::StateForce(force) => Action::ForceStated(*force),
        Command::ReportFalseAlert(form) => Action::FalseAlertReported {
            causes: form.causes.clone(),
            primary: form.primary,
            apology_given: form.apology_given,
            follow_up_wanted: form.follow_up_wanted,
        },
        Command::OfferReceipt(form) => Action::ReceiptOffered {
            reference: form.reference.clone(),
            channel: form.channel,
            commitment: form.commitment,
        },
        _ => return None,
    })
}

fn judged(kind: JudgementKind, value: JudgementValue, look: Option<Look>, saw_before: Vec<Saw>) -> Action {
    Action::Judged { kind, value, look, saw_before }
}

fn saw(state: &AlertState) -> Vec<Saw> {
    let mut saw = vec![Saw::Score, Saw::Category];
    if state.flags.operator_judged {
        saw.push(Saw::OtherJudgement);
    }
    saw
}

/// Policy and forms, for a command whose place in the order is right.
fn check(
    state: &AlertState,
    command: &Command,
    officer: &SignedInOfficer,
    policy: &Policy,
) -> Result<(), WorkflowError> {
    match command {
        Command::Skip { reason } => check_skip(*reason, policy),
        Command::RecordComparison(record) => forms::check_comparison_record(record),
        Command::Decide { decision, note } => check_decision(state, decision, note.as_deref(), officer, policy),
        Command::IdentityStep { kind, result, reason } => {
            identity::check_step(state, *kind, *result, reason.as_deref(), policy)
        }
        Command::ConcludeIdentity(conclusion) => identity::check_conclusion(state, *conclusion),
        Command::RecordOutcome(outcome) => outcome::check(state, outcome, policy),
        Command::ReportFalseAlert(form) => forms::check_false_alert(form),
        Command::OfferReceipt(form) => forms::check_text(&form.reference, 1),
        Command::Release => outcome::check_release(state, policy),
        Command::Close if state.phase.is_closed() => Ok(()),
        Command::Close => outcome::check_close(state),
        _ => Ok(()),
    }
}

fn check_skip(reason: SkipReason, policy: &Policy) -> Result<(), WorkflowError> {
    match reason {
        SkipReason::PolicyOff => Err(WorkflowError::SkipReason),
        SkipReason::NotStated if policy.judgement.blind == BlindRule::Required => Err(WorkflowError::SkipReason),
        _ => Ok(()),
    }
}

fn check_decision(
    state: &AlertState,
    decision: &Decision,
    note: Option<&str>,
    officer: &SignedInOfficer,
    policy: &Policy,
) -> Result<(), WorkflowError> {
    if let Some(note) = note {
        forms::check_text(note, 0)?;
    }
    forms::check_reasons(decision)?;
    if *decision != Decision::Engage {
        return Ok(());
    }
    if state.note_needed_to_engage() {
        forms::check_text(note.unwrap_or_default(), policy.alert.note_min_chars)
            .map_err(|_| WorkflowError::NoteNeeded)?;
    }
    check_two_persons(state, officer, policy)
}

/// Two different officers must have judged, each blind to the other (S04): this one here, another one here or on
/// another phone, whose judgement was told without its value.
fn check_two_persons(state: &AlertState, officer: &SignedInOfficer, policy: &Policy) -> Result<(), WorkflowError> {
    let asked = match policy.judgement.two_person {
        TwoPersonRule::Off => false,
        TwoPersonRule::UnderEighteenOrVulnerable => state.flags.under_18 || state.flags.vulnerable,
        TwoPersonRule::Always => true,
    };
    if !asked {
        return Ok(());
    }
    if !state.judged_by.contains(officer.officer_id()) {
        return Err(WorkflowError::OwnJudgementNeeded);
    }
    let another = state.judged_by.iter().any(|judge| judge != officer.officer_id());
    if another { Ok(()) } else { Err(WorkflowError::SecondOfficerNeeded) }
}

/// What other phones must know about an event of this one, if anything. The desk hands it on.
pub fn coordination(action: &Action) -> Option<CoordinationStatus> {
    use crate::judgement::Sighting;
    Some(match action {
        Action::Judged { kind: JudgementKind::Blind | JudgementKind::SecondOfficer, .. } => CoordinationStatus::Judged,
        Action::Decided { decision: Decision::Engage, .. } => CoordinationStatus::Taken,
        Action::Sighted(Sighting::Seen) => CoordinationStatus::Seen,
        Action::Sighted(Sighting::Lost) => CoordinationStatus::Lost,
        Action::Sighted(Sighting::WithMe) => CoordinationStatus::WithMe,
        Action::ContactMade { .. } => CoordinationStatus::Contact,
        Action::Closed => CoordinationStatus::Closed,
        _ => return None,
    })
}
