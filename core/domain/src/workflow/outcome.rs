//! Outcomes that are lawful for the conclusion and the grounds, and what must be done before "left" and closing.

use crate::policy::Policy;
use crate::stop::{ArrestCause, ArrestKind, CodeGNecessity, IdentityConclusion, NoActionReason, Outcome, Power};
use crate::workflow::error::WorkflowError;
use crate::workflow::forms;
use crate::workflow::state::AlertState;

/// Words that only say that there was an alert; grounds made of them are none (S11).
const ALERT_WORDS: &[&str] = &[
    "lfr",
    "live",
    "facial",
    "face",
    "recognition",
    "match",
    "matched",
    "alert",
    "alerted",
    "alerts",
    "camera",
    "hit",
    "system",
    "watchlist",
    "list",
    "positive",
    "identified",
    "flagged",
    "person",
    "subject",
    "computer",
    "van",
];
/// Words that say nothing by themselves.
const FILLER_WORDS: &[&str] = &[
    "a", "an", "the", "on", "of", "by", "from", "to", "in", "at", "was", "is", "were", "been", "be", "and", "or",
    "with", "for", "due", "because", "as", "it", "this", "that", "he", "she", "they", "them", "him", "her", "had",
    "has", "have", "got", "there", "only", "just",
];

/// How many words of the grounds are about something else than the alert.
pub(super) fn own_words(grounds: &str) -> u32 {
    let words = grounds
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.chars().any(char::is_alphabetic))
        .map(str::to_lowercase)
        .filter(|word| !ALERT_WORDS.contains(&word.as_str()) && !FILLER_WORDS.contains(&word.as_str()));
    u32::try_from(words.count()).unwrap_or(u32::MAX)
}

/// Whether the outcome is lawful for what the officer concluded about identity.
pub(super) fn check(state: &AlertState, outcome: &Outcome, policy: &Policy) -> Result<(), WorkflowError> {
    let conclusion = state.stop.as_ref().and_then(|stop| stop.conclusion).ok_or(WorkflowError::NotConcluded)?;
    let fits = match (conclusion, outcome) {
        (IdentityConclusion::NotThePerson, Outcome::FalseAlertReleased) => true,
        (IdentityConclusion::NotThePerson, Outcome::Arrest { cause, .. }) => *cause == ArrestCause::FoundDuringStop,
        (IdentityConclusion::NotThePerson, _) | (_, Outcome::FalseAlertReleased) => false,
        (IdentityConclusion::SamePerson, Outcome::NoAction(reason)) => {
            *reason != NoActionReason::IdentityNotEstablished
        }
        _ => true,
    };
    if !fits {
        return Err(WorkflowError::OutcomeContradicts);
    }
    match outcome {
        Outcome::Arrest { kind, power, grounds, code_g, .. } => check_arrest(*kind, *power, grounds, code_g, policy),
        _ => Ok(()),
    }
}

fn check_arrest(
    kind: ArrestKind,
    power: Power,
    grounds: &str,
    code_g: &[CodeGNecessity],
    policy: &Policy,
) -> Result<(), WorkflowError> {
    if !policy.arrest_powers.get(&kind).is_some_and(|powers| powers.contains(&power)) {
        return Err(WorkflowError::Power);
    }
    forms::check_text(grounds, 1).map_err(|_| WorkflowError::Grounds)?;
    if own_words(grounds) < policy.stop.grounds_min_words.max(1) {
        return Err(WorkflowError::Grounds);
    }
    let mut reasons = code_g.to_vec();
    reasons.sort_unstable();
    reasons.dedup();
    let needed = policy.code_g_powers.contains(&power);
    if reasons.len() != code_g.len() || needed == reasons.is_empty() {
        return Err(WorkflowError::CodeG);
    }
    Ok(())
}

/// Before "left": LFR explained (S50), a receipt offered (S48). Somebody who ran away can be told nothing.
pub(super) fn check_release(state: &AlertState, policy: &Policy) -> Result<(), WorkflowError> {
    let Some(stop) = &state.stop else { return Err(WorkflowError::NoContact) };
    if stop.outcome == Some(Outcome::NoAction(NoActionReason::LostAfterContact)) {
        return Ok(());
    }
    let explained = stop.explained.is_some_and(|explanation| explanation.came_from_lfr);
    if policy.stop.explanation_required && !explained {
        return Err(WorkflowError::ExplanationNeeded);
    }
    if policy.stop.receipt_required && !stop.receipt_offered {
        return Err(WorkflowError::ReceiptNeeded);
    }
    Ok(())
}

/// Before closing: a stop that found the alert false needs the report of its causes.
pub(super) fn check_close(state: &AlertState) -> Result<(), WorkflowError> {
    let found_false = state.stop.as_ref().is_some_and(|stop| stop.conclusion == Some(IdentityConclusion::NotThePerson));
    if found_false && !state.false_alert_reported { Err(WorkflowError::ReportNeeded) } else { Ok(()) }
}
