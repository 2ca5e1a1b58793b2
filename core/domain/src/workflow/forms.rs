//! What a form must hold. Nothing is filled in for the officer (S01).

use crate::calibration::MAX_LOG10_THOUSANDTHS;
use crate::event::{Band, ComparisonRecord};
use crate::judgement::{Decision, NoEngagementReason};
use crate::workflow::command::FalseAlertForm;
use crate::workflow::error::WorkflowError;

/// Longest text that an officer writes, in bytes.
const MAX_FORM_TEXT_BYTES: usize = 4_000;

/// A text of at least `min_chars` characters that says something, within the bound, without control characters.
pub(super) fn check_text(text: &str, min_chars: u32) -> Result<(), WorkflowError> {
    let characters = u32::try_from(text.trim().chars().count()).unwrap_or(u32::MAX);
    if text.len() > MAX_FORM_TEXT_BYTES || characters < min_chars || text.chars().any(is_unprintable) {
        return Err(WorkflowError::Text);
    }
    Ok(())
}

fn is_unprintable(character: char) -> bool {
    character.is_control() && character != '\n'
}

/// Not engaging needs at least one reason, none twice, and words for "other".
pub(super) fn check_reasons(decision: &Decision) -> Result<(), WorkflowError> {
    let reasons = match decision {
        Decision::Engage => return Ok(()),
        Decision::DoNotEngage(reasons) | Decision::PassTo(reasons) | Decision::ObserveOnly(reasons) => reasons,
    };
    if reasons.is_empty() {
        return Err(WorkflowError::Reasons);
    }
    for (index, reason) in reasons.iter().enumerate() {
        if reasons.iter().take(index).any(|earlier| earlier == reason) {
            return Err(WorkflowError::Reasons);
        }
        if let NoEngagementReason::Other(words) = reason {
            check_text(words, 1).map_err(|_| WorkflowError::Reasons)?;
        }
    }
    Ok(())
}

/// "Not possible" has a reason and neither score nor ratio; every other band has a score and no reason.
pub(super) fn check_comparison_record(record: &ComparisonRecord) -> Result<(), WorkflowError> {
    let in_range = record.score_millionths.is_none_or(|score| (-1_000_000..=1_000_000).contains(&score));
    let texts = [record.reason.as_deref(), Some(record.calibration_id.as_str())];
    let sound = texts.into_iter().flatten().all(|text| check_text(text, 1).is_ok());
    let not_possible = record.band == Band::NotPossible;
    let agrees = record.reason.is_some() == not_possible && record.score_millionths.is_none() == not_possible;
    let range = -MAX_LOG10_THOUSANDTHS..=MAX_LOG10_THOUSANDTHS;
    let of_the_score = record.likelihood.is_none_or(|ratio| {
        let (from, to) = (ratio.from_log10_thousandths, ratio.to_log10_thousandths);
        !not_possible && from <= to && range.contains(&from) && range.contains(&to)
    });
    if in_range && sound && agrees && of_the_score { Ok(()) } else { Err(WorkflowError::Comparison) }
}

/// At least one cause, none twice, the main one among them.
pub(super) fn check_false_alert(form: &FalseAlertForm) -> Result<(), WorkflowError> {
    let mut causes = form.causes.clone();
    causes.sort_unstable();
    causes.dedup();
    let sound = causes.len() == form.causes.len() && causes.contains(&form.primary);
    if sound { Ok(()) } else { Err(WorkflowError::Causes) }
}
