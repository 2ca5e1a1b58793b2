//! Opening entries, and what other phones must know of them.

use peel_domain::event::{Actor, EventBody};
use peel_domain::id::EnrolmentId;
use peel_domain::workflow;
use peel_ledger::Origin;
use peel_ledger::entry::{Entry, EntryClass};
use peel_ledger::seal::open;

use super::DeskError;
use super::keys::OperationsKeys;
use crate::service::DeskEvent;

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
