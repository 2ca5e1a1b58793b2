//! What humans stated about one alert's truth, and which statement counts.
//!
//! Must never: order the statements of one log by its clock. Always: of each human in each log the last statement
//! stands, in the log's order, so that somebody may correct themselves; what only the phones' clocks could order, and
//! they cannot for certain, is the supervisor's.

use std::collections::BTreeMap;

use crate::event::Actor;
use crate::id::EnrolmentId;
use crate::record::project::Source;
use crate::stop::{Truth, Verification};
use crate::time::Moment;

/// The truth of a counted alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlertTruth {
    Known(Truth, Verification),
    Missing,
    Contradictory,
}

/// A human's last judgement in one log.
#[derive(Clone, Debug)]
struct Judged {
    by: Actor,
    at: Moment,
    truth: Truth,
}

/// All statements about one alert.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements {
    /// The last conclusion of each phone that had the person before it; a phone has one stop for an alert.
    verified: BTreeMap<EnrolmentId, Truth>,
    /// Judgements in the order of each log, one for each human.
    judged: BTreeMap<Source, Vec<Judged>>,
    /// The supervisor's last word, and whether they say that it is verified.
    supervisor: Option<(Truth, Verification)>,
}

impl Statements {
    /// A phone's officer concluded about identity; `None` takes an earlier conclusion back.
    pub(super) fn conclude(&mut self, device: EnrolmentId, truth: Option<Truth>) {
        match truth {
            Some(truth) => self.verified.insert(device, truth),
            None => self.verified.remove(&device),
        };
    }

    /// Somebody judged; `None`, "cannot tell", takes that human's earlier judgement back.
    pub(super) fn judge(&mut self, source: Source, by: &Actor, at: Moment, truth: Option<Truth>) {
        let log = self.judged.entry(source).or_default();
        log.retain(|judged| judged.by != *by);
        log.extend(truth.map(|truth| Judged { by: by.clone(), at, truth }));
    }

    /// The supervisor stated the truth.
    pub(super) fn debrief(&mut self, truth: Truth, verification: Verification) {
        self.supervisor = Some((truth, verification));
    }

    /// Phones, or a phone and the supervisor, verified opposite truths.
    pub(super) fn verified_apart(&self) -> bool {
        let mut verified = self.verified.values().copied().chain(self.verified_by_supervisor());
        verified.next().is_some_and(|first| verified.any(|truth| truth != first))
    }

    fn verified_by_supervisor(&self) -> Option<Truth> {
        self.supervisor.filter(|(_, verification)| *verification == Verification::Confirmed).map(|(truth, _)| truth)
    }

    /// Verified: confirmed, and where phones differ the supervisor settles it. Else unconfirmed, by the last human
    /// judgement, else by the supervisor.
    pub(super) fn truth(&self) -> AlertTruth {
        let stated = self.supervisor.map(|(truth, _)| truth);
        let verified = if self.verified_apart() {
            let Some(settled) = stated else { return AlertTruth::Contradictory };
            Some(settled)
        } else {
            self.verified.values().next().copied().or(self.verified_by_supervisor())
        };
        if let Some(truth) = verified {
            return AlertTruth::Known(truth, Verification::Confirmed);
        }
        let unconfirmed = self.last_judgement().or(stated);
        unconfirmed.map_or(AlertTruth::Missing, |truth| AlertTruth::Known(truth, Verification::Unconfirmed))
    }

    /// The last judgement: within a log by the log's order. Logs that end alike need no order. Where they differ the
    /// one whose last judgement is later counts, if it is later by more than the two clocks may be wrong; else nobody
    /// can say which was the last.
    fn last_judgement(&self) -> Option<Truth> {
        let last = || self.judged.values().filter_map(|log| log.last());
        let latest = last().max_by_key(|judged| judged.at.utc_ms)?;
        let certain = |other: &Judged| {
            let doubt_ms = i64::from(latest.at.uncertainty_ms).saturating_add(i64::from(other.at.uncertainty_ms));
            latest.at.utc_ms.saturating_sub(other.at.utc_ms) > doubt_ms
        };
        last().all(|other| other.truth == latest.truth || certain(other)).then_some(latest.truth)
    }
}
