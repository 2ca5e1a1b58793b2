//! Evidence that supervisors hold: each hold by a named supervisor, with an end that came.

use std::collections::BTreeMap;

use peel_domain::event::{Action, Actor, EventBody, EvidenceHeld, HoldEnd};
use peel_domain::id::HoldId;
use peel_ledger::Hash;
use serde::Serialize;

/// A hold may end a little after its date: servers are restarted.
const GRACE_MS: i64 = 86_400_000;

/// An image that is held, as the trail has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HeldRow {
    pub(crate) media_id: String,
    pub(crate) commitment: String,
}

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HoldRow {
    pub(crate) hold_id: String,
    pub(crate) alert_id: Option<String>,
    pub(crate) until_ms: i64,
    pub(crate) images: Vec<HeldRow>,
    /// How it ended; nothing while it lasts.
    pub(crate) end: Option<HoldEnd>,
}

/// All holds of the force's own log.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    rows: BTreeMap<HoldId, HoldRow>,
    latest_ms: i64,
}

impl Holds {
    /// Takes an event of the force's own log; says whether it was about a hold.
    pub(crate) fn take(&mut self, place: &str, body: &EventBody, failed: &mut Vec<String>) -> bool {
        self.latest_ms = self.latest_ms.max(body.at.utc_ms);
        let supervisor = matches!(body.actor, Actor::Supervisor(_));
        match &body.action {
            Action::EvidenceHeld(held) => {
                if !supervisor {
                    failed.push(format!("{place}: evidence is held by nobody who is a supervisor"));
                }
                if held.reason.trim().is_empty() || held.case_ref.trim().is_empty() || held.until_ms <= body.at.utc_ms {
                    failed.push(format!("{place}: evidence is held without a reason, a case or an end"));
                }
                if self.rows.insert(held.hold_id, row(held, body)).is_some() {
                    failed.push(format!("{place}: a hold of evidence was recorded twice"));
                }
            }
            Action::EvidenceReleased(released) => {
                let by_date = released.end == HoldEnd::DateReached && body.actor == Actor::Gateway;
                let row = self.rows.get_mut(&released.hold_id).filter(|row| row.end.is_none());
                match row {
                    Some(row) if by_date || (supervisor && released.end == HoldEnd::BySupervisor) => {
                        row.end = Some(released.end);
                    }
                    Some(_) => failed.push(format!("{place}: a hold was ended by nobody who may")),
                    None => failed.push(format!("{place}: a hold ends that was not begun")),
                }
            }
            _ => return false,
        }
        true
    }

    /// Every hold; one that should have ended by the log's last time is named in `open`.
    pub(crate) fn conclude(self, open: &mut Vec<String>) -> Vec<HoldRow> {
        for row in self.rows.values() {
            if row.end.is_none() && row.until_ms.saturating_add(GRACE_MS) < self.latest_ms {
                open.push(format!("evidence hold {}: past its end, and no entry says that it ended", row.hold_id));
            }
        }
        self.rows.into_values().collect()
    }
}

fn row(held: &EvidenceHeld, body: &EventBody) -> HoldRow {
    let image = |image: &peel_domain::event::HeldImage| HeldRow {
        media_id: image.media_id.to_string(),
        commitment: Hash::new(image.commitment).to_hex(),
    };
    HoldRow {
        hold_id: held.hold_id.to_string(),
        alert_id: body.alert_id.map(|id| id.to_string()),
        until_ms: held.until_ms,
        images: held.media.iter().map(image).collect(),
        end: None,
    }
}
