//! When a supervisor may hold evidence, and for how long (S28).
//!
//! Must never: keep an image here for longer. What is held leaves sealed to the evidence key, which the force's servers
//! cannot open. Always: a reason, a case and an end.

use crate::policy::Policy;

/// The longest reason or case reference, in bytes.
pub const MAX_HOLD_TEXT: usize = 500;
/// The shortest reason, in characters.
pub const MIN_REASON_CHARS: usize = 10;
const DAY_MS: i64 = 86_400_000;

/// What a supervisor says.
#[derive(Clone, Copy, Debug)]
pub struct HoldTerms<'a> {
    /// Why.
    pub reason: &'a str,
    /// The case.
    pub case_ref: &'a str,
    /// When it ends; milliseconds since 1970 UTC.
    pub until_ms: i64,
}

/// Why evidence cannot be held. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// No reason, or one that is none.
    #[error("hold evidence without a reason of {MIN_REASON_CHARS} characters or more")]
    Reason,
    /// No case.
    #[error("hold evidence without a case reference")]
    CaseRef,
    /// It would have ended already.
    #[error("hold evidence until a time that is over")]
    Ended,
    /// It would last for too long.
    #[error("hold evidence for longer than the policy's {max_days} days")]
    TooLong {
        /// What the policy allows.
        max_days: u32,
    },
    /// The policy names no evidence key.
    #[error("hold evidence without an evidence key: the policy in force names none")]
    NoKey,
    /// The images are destroyed, or due to be.
    #[error("hold images that are gone")]
    Gone,
}

impl HoldError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reason => "evidence.reason",
            Self::CaseRef => "evidence.case_ref",
            Self::Ended => "evidence.ended",
            Self::TooLong { .. } => "evidence.too_long",
            Self::NoKey => "evidence.no_key",
            Self::Gone => "evidence.gone",
        }
    }
}

fn is_sound(text: &str, min_chars: usize) -> bool {
    let long_enough = text.trim().chars().count() >= min_chars;
    long_enough && text.len() <= MAX_HOLD_TEXT && !text.chars().any(char::is_control)
}

impl HoldTerms<'_> {
    /// Checks what was said against the policy.
    ///
    /// # Errors
    /// [`HoldError`], but for what only the store can know.
    pub fn check(&self, policy: &Policy, now_ms: i64) -> Result<(), HoldError> {
        if !is_sound(self.reason, MIN_REASON_CHARS) {
            return Err(HoldError::Reason);
        }
        if !is_sound(self.case_ref, 1) {
            return Err(HoldError::CaseRef);
        }
        if self.until_ms <= now_ms {
            return Err(HoldError::Ended);
        }
        let max_days = policy.media.evidence_hold_max_days;
        let latest_ms = now_ms.saturating_add(i64::from(max_days).saturating_mul(DAY_MS));
        if self.until_ms > latest_ms { Err(HoldError::TooLong { max_days }) } else { Ok(()) }
    }
}
