//! What the journal must know of an event: its class, its time and its bytes.

use peel_domain::event::{Action, BodyError, EventBody};
use peel_domain::time::Moment;
use peel_journal::trail::{Item, Stamp};
use peel_ledger::entry::EntryClass;

/// The event, ready to be sealed.
pub(crate) fn item(event: &EventBody) -> Result<Item, BodyError> {
    Ok(Item::Body { class: class_of(&event.action), at: stamp(&event.at), body: event.to_cbor()? })
}

/// The journal's time of a moment.
pub(crate) fn stamp(at: &Moment) -> Stamp {
    Stamp { wall_ms: at.utc_ms, mono_ns: at.monotonic_ns, boot: at.boot_id.0 }
}

fn class_of(action: &Action) -> EntryClass {
    match action {
        Action::ShiftStarted { .. }
        | Action::ShiftEnded
        | Action::PolicyApplied { .. }
        | Action::Joined { .. }
        | Action::BriefingAcknowledged
        | Action::Left => EntryClass::Control,
        Action::Recovered { .. } | Action::LogEnded(_) | Action::EntryCarried(_) => EntryClass::Recovery,
        Action::ClockJumped { .. } => EntryClass::Clock,
        _ => EntryClass::Event,
    }
}
