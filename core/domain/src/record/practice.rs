//! What is published of how officers and systems did, beside the truth of the alerts: counts alone.
//!
//! Must never: hold a person, an officer, an alert's identifier or a clock time. Always: what the trail does not say is
//! absent and not zero.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::ethnicity::EthnicGroup;

/// Which human saw first that a false alert was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoppedBy {
    Operator,
    BlindJudgement,
    AfterReveal,
    Contact,
    Otherwise,
}

/// Of the false alerts, how many each human stopped: what people add to the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HumanValue {
    /// By the operator, who withdrew it as false or judged it so.
    pub by_operator: u64,
    /// By an officer's blind judgement.
    pub by_blind_judgement: u64,
    /// By an officer after the reveal.
    pub after_reveal: u64,
    /// Only at contact: somebody was stopped.
    pub at_contact: u64,
    /// Otherwise: lost, stale, or found false at the debrief.
    pub otherwise: u64,
}

impl HumanValue {
    /// Both together.
    #[must_use]
    pub(super) fn and(self, more: Self) -> Self {
        Self {
            by_operator: self.by_operator.saturating_add(more.by_operator),
            by_blind_judgement: self.by_blind_judgement.saturating_add(more.by_blind_judgement),
            after_reveal: self.after_reveal.saturating_add(more.after_reveal),
            at_contact: self.at_contact.saturating_add(more.at_contact),
            otherwise: self.otherwise.saturating_add(more.otherwise),
        }
    }

    pub(super) fn count(&mut self, stopped_by: StoppedBy) {
        let column = match stopped_by {
            StoppedBy::Operator => &mut self.by_operator,
            StoppedBy::BlindJudgement => &mut self.by_blind_judgement,
            StoppedBy::AfterReveal => &mut self.after_reveal,
            StoppedBy::Contact => &mut self.at_contact,
            StoppedBy::Otherwise => &mut self.otherwise,
        };
        *column += 1;
    }
}

/// The blind shift: of the judgements "different" or "cannot tell" given blind and judged again after the reveal, how many
/// became "same". An index of how far the system's score draws people along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BlindShift {
    /// Judged again.
    pub judged_again: u64,
    /// Of these, now "same".
    pub now_same: u64,
}

/// Whether two officers had judged before anybody decided to engage (S04).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TwoPersons {
    /// Alerts that somebody decided to engage.
    pub engaging: u64,
    /// Of these, judged blind by two officers before.
    pub by_two: u64,
    /// Of those decided to engage, entries of somebody under 18 or vulnerable.
    pub flagged: u64,
    /// Of these, judged blind by two officers before.
    pub flagged_by_two: u64,
    /// Of those decided to engage, where the trail does not say whether the entry is of somebody under 18 or vulnerable.
    pub flags_unsaid: u64,
}

/// Force, at stops that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ForceCounts {
    /// Stops at which the officer answered.
    pub answered: u64,
    /// Force used.
    pub used: u64,
    /// Handcuffs used.
    pub handcuffs: u64,
    /// Somebody injured.
    pub injuries: u64,
}

/// Alerts on entries of somebody under 18, and others, as far as the trail says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Alerts: under 18, and not.
    pub alerts: [u64; 2],
    /// Engaged: under 18, and not.
    pub engaged: [u64; 2],
    /// Alerts where the trail does not say it.
    pub unsaid: u64,
}

/// A group's alerts among those where somebody was stopped and answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTruth {
    /// True ones.
    pub true_alerts: u64,
    /// False ones.
    pub false_alerts: u64,
}

/// Test subjects of a group (S47): passes, and how often the system recognised them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walks {
    /// Passes.
    pub passes: u64,
    /// Recognised.
    pub recognised: u64,
}

/// A model of the face check with its calibration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CheckModel {
    /// SHA-256 of the embedder's file, in hexadecimal.
    pub model_sha256: String,
    /// The calibration that gave the bands.
    pub calibration_id: String,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Practice {
    /// Of the false alerts, who stopped them.
    pub human_value: HumanValue,
    /// The blind shift.
    pub blind_shift: BlindShift,
    /// Two officers.
    pub two_persons: TwoPersons,
    /// Force.
    pub force: ForceCounts,
    /// Ages.
    pub ages: Ages,
    /// Engaged alerts by what the people said of their ethnicity.
    pub by_ethnicity: BTreeMap<EthnicGroup, GroupTruth>,
    /// Engaged alerts where nobody asked, or the trail does not say it.
    pub ethnicity_unasked: u64,
    /// Test subjects.
    pub walks: BTreeMap<EthnicGroup, Walks>,
    /// True alerts whose entry was out of date or wrong (W2): the person is right, the entry is not.
    pub stale_true_alerts: u64,
    /// False alerts for which an officer apologised.
    pub apologies: u64,
    /// Versions of the phones' core.
    pub software: BTreeSet<String>,
    /// Models of the face check that gave opinions.
    pub models: BTreeSet<CheckModel>,
}
