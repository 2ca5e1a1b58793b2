//! Whose hand an action can come from (S02): the state machine refuses others, and so does whoever reads a trail.

use crate::event::{Action, Actor};
use crate::judgement::JudgementKind;

/// Whether the action can come from this hand.
pub(crate) fn may_do(action: &Action, actor: &Actor) -> bool {
    let officer = matches!(actor, Actor::Officer(_));
    match action {
        Action::AlertReceived { .. } | Action::MediaDeleted(_) | Action::NoDecision | Action::Expired => {
            *actor == Actor::Core
        }
        Action::Revealed | Action::Closed => officer || *actor == Actor::Core,
        Action::Withdrawn { .. } => matches!(actor, Actor::Gateway | Actor::Operator(_)),
        Action::MarkedDuplicate { .. } | Action::Superseded { .. } => *actor != Actor::Core,
        Action::Coordination { .. } => matches!(actor, Actor::Gateway | Actor::Desk),
        Action::Judged { kind: JudgementKind::OperatorAdjudication, .. } => matches!(actor, Actor::Operator(_)),
        Action::Judged { kind: JudgementKind::Supervisor, .. }
        | Action::EvidenceHeld(_)
        | Action::TestWalked { .. } => matches!(actor, Actor::Supervisor(_)),
        Action::EvidenceReleased(_) => matches!(actor, Actor::Supervisor(_) | Actor::Gateway),
        Action::TruthRecorded { .. } => officer || matches!(actor, Actor::Supervisor(_)),
        _ => officer,
    }
}
