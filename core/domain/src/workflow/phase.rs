//! Where an alert stands. The names are the specification's.

use serde::{Deserialize, Serialize};

use crate::judgement::Decision;

/// Which decision was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Walk up to the person.
    Engage,
    /// Leave the person alone.
    DoNotEngage,
    /// Another officer takes it.
    PassTo,
    /// Watch only.
    ObserveOnly,
}

impl From<&Decision> for DecisionKind {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Engage => Self::Engage,
            Decision::DoNotEngage(_) => Self::DoNotEngage,
            Decision::PassTo(_) => Self::PassTo,
            Decision::ObserveOnly(_) => Self::ObserveOnly,
        }
    }
}

/// The alert's phase on one phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stored, not yet on the screen.
    Received,
    /// On the screen, closed part closed.
    Displayed,
    /// Judged blind; the reveal is part of the same commit.
    BlindJudged,
    /// The blind judgement was put off; the reveal is part of the same commit.
    Skipped,
    /// The gated part may be seen.
    Revealed,
    /// The officer decided.
    Decided(DecisionKind),
    /// Decided to engage, and looking for the person.
    Locating,
    /// Contact made: the timer runs.
    Contact,
    /// Identity is being established.
    Verifying,
    /// The officer concluded about identity.
    Concluded,
    /// The person left.
    Released,
    /// The person was arrested and the stop ended.
    Arrested,
    /// Nothing more is due.
    Closed,
    /// Closed, and every image destroyed.
    MediaDeleted,
    /// The operator withdrew it before contact.
    WithdrawnByOperator,
    /// It went stale.
    Expired,
    /// The same person was alerted twice.
    Duplicate,
    /// A newer alert stands in for it.
    Superseded,
}

impl Phase {
    /// Whether a stop is going on.
    pub fn is_stop(self) -> bool {
        matches!(self, Self::Contact | Self::Verifying | Self::Concluded)
    }

    /// Whether the alert waits for the officer's decision.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Received | Self::Displayed | Self::BlindJudged | Self::Skipped | Self::Revealed)
    }

    /// Whether nothing more is due.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed | Self::MediaDeleted)
    }

    /// Whether the alert left the officer's way by itself: withdrawn, stale, duplicate or superseded.
    pub fn is_side_state(self) -> bool {
        matches!(self, Self::WithdrawnByOperator | Self::Expired | Self::Duplicate | Self::Superseded)
    }
}
