//! Opening entries, and what other phones must know of them.

use peel_domain::event::{Action, Actor, EventBody};
use peel_domain::id::EnrolmentId;
use peel_domain::workflow;
use peel_ledger::Origin;
use peel_ledger::entry::{Entry, EntryClass};
use peel_ledger::seal::open;

use super::DeskError;
use super::keys::OperationsKeys;
use crate::service::{AlertEnd, DeskClosing, DeskEvent};

/// Opens an entry; `None` for a receipt's commitment, which has no body.
pub(super) fn open_entry(bytes: &[u8], origin: &Origin, keys: &OperationsKeys) -> Result<Option<EventBody>, DeskError> {
    let failed = || DeskError::Open(origin.last_part().to_owned());
    let entry = Entry::decode(bytes).map_err(|_| failed())?;
    if entry.header().class == EntryClass::Receipt {
        return Ok(None);
    }
    let body = open(&entry, origin, keys.of(&entry).ok_or_else(failed)?).map_err(|_| failed())?;
    EventBody::from_cbor(&body).map(Some).map_err(|_| failed())
}

/// What the other phones must know of an event, if anything.
pub(super) fn coordination(event: &EventBody, enrolment_id: EnrolmentId) -> Option<DeskEvent> {
    let Actor::Officer(officer_id) = &event.actor else { return None };
    let status = workflow::coordination(&event.action)?;
    Some(DeskEvent { alert_id: event.alert_id?, officer_id: officer_id.clone(), enrolment_id, status })
}

/// What a phone says of a message that came before those it lacks: it is sent again, and then taken.
const SENT_AGAIN: &str = "stream.gap";

/// The end of an alert on the phone whose event this is. The core closes what no officer acts on.
pub(super) fn closing(event: &EventBody, enrolment_id: EnrolmentId) -> Option<DeskClosing> {
    let end = match (&event.action, &event.actor) {
        (Action::Closed, Actor::Officer(_) | Actor::Core) => AlertEnd::Closed(event.alert_id?),
        (Action::InputRefused { alert_seq: Some(seq), code }, Actor::Core) if code != SENT_AGAIN => {
            AlertEnd::Refused(*seq)
        }
        _ => return None,
    };
    Some(DeskClosing { enrolment_id, at_ms: event.at.utc_ms, end })
}
