//! What officers and operators did about one alert, beside its truth.

use std::collections::BTreeMap;

use crate::ethnicity::SelfDefined;
use crate::id::OfficerId;
use crate::judgement::JudgementValue;
use crate::record::alert_facts::{AlertFacts, Judge};
use crate::record::practice::StoppedBy;

impl AlertFacts {
    /// Somebody decided to engage.
    pub(super) fn decided_to_engage(&self) -> bool {
        !self.engaging.is_empty()
    }

    /// Before every decision to engage its officer and another one had judged blind, each by their own log (S04).
    pub(super) fn judged_by_two(&self) -> bool {
        self.engaging.iter().all(|engaging| {
            let judged = |officer: &OfficerId| self.judged_blind.contains(officer);
            let another = engaging.judged_before.iter().any(|other| *other != engaging.officer && judged(other));
            engaging.judged_before.contains(&engaging.officer) && judged(&engaging.officer) && another
        })
    }

    /// Whether an officer said that the entry is out of date or wrong: the person is right, the entry is not (W2).
    pub(super) fn entry_called_stale(&self) -> bool {
        self.entry_called_stale
    }

    /// Whether the officer apologised for a false alert.
    pub(super) fn apologised(&self) -> bool {
        self.apologised
    }

    /// Which human saw first that a false alert was one, in the order in which humans come to it.
    pub(super) fn stopped_by(&self) -> StoppedBy {
        let said = |judgements: &BTreeMap<Judge, JudgementValue>| {
            judgements.values().any(|value| *value == JudgementValue::DifferentPeopleLikely)
        };
        if self.engaged() {
            StoppedBy::Contact
        } else if self.operator_said_false {
            StoppedBy::Operator
        } else if said(&self.blind) {
            StoppedBy::BlindJudgement
        } else if said(&self.revealed) || self.decided_different {
            StoppedBy::AfterReveal
        } else {
            StoppedBy::Otherwise
        }
    }

    /// Officers who judged blind that it was not, or could not tell, and judged again after the reveal: how many, and how
    /// many of these then said that it was.
    pub(super) fn blind_shift(&self) -> (u64, u64) {
        let doubted = self.blind.iter().filter(|(_, value)| **value != JudgementValue::SamePersonLikely);
        let again = doubted.filter_map(|(judge, _)| self.revealed.get(judge));
        again.fold((0, 0), |(all, shifted), value| {
            (all + 1, shifted + u64::from(*value == JudgementValue::SamePersonLikely))
        })
    }

    /// What the person last said of their ethnicity, at any stop.
    pub(super) fn ethnicity(&self) -> Option<SelfDefined> {
        self.stops.values().filter_map(|stop| stop.ethnicity).next_back()
    }
}
