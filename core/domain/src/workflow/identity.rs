//! Identity, least intrusive step first (S51). The face check never establishes it: "supports" is not "confirmed".

use crate::policy::Policy;
use crate::stop::{IdentityConclusion, IdentityStepKind, IdentityStepResult};
use crate::stop_state::StopState;
use crate::workflow::error::WorkflowError;
use crate::workflow::forms;
use crate::workflow::state::AlertState;

/// Whether documents alone already support the identity, so that more needs a reason.
pub(super) fn documents_suffice(stop: &StopState, policy: &Policy) -> bool {
    let supporting = stop
        .steps
        .iter()
        .filter(|step| step.kind == IdentityStepKind::Document && step.result == IdentityStepResult::Supports);
    policy.stop.documents_enough > 0 && supporting.count() >= usize::from(policy.stop.documents_enough)
}

/// Whether the intrusive step has a reason where it needs one.
pub(super) fn check_reason(stop: &StopState, reason: Option<&str>, policy: &Policy) -> Result<(), WorkflowError> {
    if documents_suffice(stop, policy) {
        forms::check_text(reason.unwrap_or_default(), 1).map_err(|_| WorkflowError::IntrusiveReason)?;
    }
    Ok(())
}

pub(super) fn check_step(
    state: &AlertState,
    kind: IdentityStepKind,
    result: IdentityStepResult,
    reason: Option<&str>,
    policy: &Policy,
) -> Result<(), WorkflowError> {
    if let Some(reason) = reason {
        forms::check_text(reason, 0)?;
    }
    let Some(stop) = &state.stop else { return Err(WorkflowError::NoContact) };
    // That a step was declined or not used is always on record, whatever the policy allows.
    if matches!(result, IdentityStepResult::Declined | IdentityStepResult::NotUsed) {
        return Ok(());
    }
    match kind {
        IdentityStepKind::MobileFingerprint => {
            if !policy.stop.fingerprint_allowed {
                return Err(WorkflowError::FingerprintOff);
            }
            if !stop.steps.iter().any(|step| step.kind == IdentityStepKind::Document) {
                return Err(WorkflowError::DocumentsFirst);
            }
            check_reason(stop, reason, policy)
        }
        IdentityStepKind::Face1To1 => {
            if !stop.close_photograph_compared {
                return Err(WorkflowError::FaceStep);
            }
            check_reason(stop, reason, policy)
        }
        _ => Ok(()),
    }
}

/// "The same person" needs a step other than the face check that supports it; "not the person" needs any step that was
/// taken. "Not established" can always be said.
pub(super) fn check_conclusion(state: &AlertState, conclusion: IdentityConclusion) -> Result<(), WorkflowError> {
    let steps = state.stop.as_ref().map(|stop| stop.steps.as_slice()).unwrap_or_default();
    let supported = match conclusion {
        IdentityConclusion::SamePerson => steps
            .iter()
            .any(|step| step.result == IdentityStepResult::Supports && step.kind != IdentityStepKind::Face1To1),
        IdentityConclusion::NotThePerson => {
            steps.iter().any(|step| !matches!(step.result, IdentityStepResult::NotUsed | IdentityStepResult::Declined))
        }
        IdentityConclusion::NotEstablished => true,
    };
    if supported { Ok(()) } else { Err(WorkflowError::Unsupported) }
}
