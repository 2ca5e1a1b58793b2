//! What an officer may ask for. No field has a default (S01).

use crate::ethnicity::SelfDefined;
use crate::event::ComparisonRecord;
use crate::id::{EngagementId, MediaId};
use crate::judgement::{Decision, JudgementValue, Look, Sighting, SkipReason};
use crate::stop::{
    Explanation, FalseAlertCause, ForceUse, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting,
    Outcome, ReceiptChannel, SegmentKind,
};

/// A false alert's causes, as the officer states them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalseAlertForm {
    /// All causes; at least one.
    pub causes: Vec<FalseAlertCause>,
    /// The main one, which is among them.
    pub primary: FalseAlertCause,
    /// Whether the officer apologised.
    pub apology_given: bool,
    /// Whether the person wants to hear more.
    pub follow_up_wanted: bool,
}

/// A receipt that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptForm {
    /// Its reference.
    pub reference: String,
    /// How it went.
    pub channel: ReceiptChannel,
    /// SHA-256(salt, canonical receipt), as in the entry of class 5 before the event.
    pub commitment: [u8; 32],
}

/// A signed-in officer's command on one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The alert is on the screen. Harmless when repeated.
    Displayed,
    /// A face was looked at (S33).
    FaceViewed {
        /// The image.
        media_id: MediaId,
        /// For how long, in milliseconds.
        visible_ms: u32,
        /// Whether zoomed.
        zoomed: bool,
    },
    /// The blind judgement. It reveals.
    Judge {
        /// What.
        value: JudgementValue,
        /// How the officer looked.
        look: Option<Look>,
    },
    /// "Cannot judge now". It reveals at once and is logged.
    Skip {
        /// Why.
        reason: SkipReason,
    },
    /// The judgement after the reveal.
    JudgeRevealed {
        /// What.
        value: JudgementValue,
        /// How the officer looked.
        look: Option<Look>,
    },
    /// The secondary face check gave an opinion, on a permit of this alert.
    RecordComparison(ComparisonRecord),
    /// The decision; once.
    Decide {
        /// What.
        decision: Decision,
        /// Necessity and proportionality: needed to engage on green grade and for people under 18.
        note: Option<String>,
    },
    /// Seen, lost, with me.
    Sighted(Sighting),
    /// Contact made: the timer runs.
    ContactMade {
        /// A new identifier for the stop.
        engagement_id: EngagementId,
        /// On what footing.
        footing: LegalFooting,
    },
    /// Another segment of the stop.
    StartSegment(SegmentKind),
    /// Another footing.
    ChangeFooting(LegalFooting),
    /// What was explained.
    Explain(Explanation),
    /// An identity step.
    IdentityStep {
        /// Which.
        kind: IdentityStepKind,
        /// With what result.
        result: IdentityStepResult,
        /// Why, where an intrusive step follows two supporting documents (S51).
        reason: Option<String>,
    },
    /// The conclusion about identity.
    ConcludeIdentity(IdentityConclusion),
    /// The outcome.
    RecordOutcome(Outcome),
    /// Causes of a false alert.
    ReportFalseAlert(FalseAlertForm),
    /// A receipt was offered.
    OfferReceipt(ReceiptForm),
    /// How the person defines their ethnicity, as they said it; an answer may be given again.
    StateEthnicity(SelfDefined),
    /// Whether force was used; may be stated again.
    StateForce(ForceUse),
    /// "Left": the timer stops.
    Release,
    /// Nothing more is due. Harmless when repeated.
    Close,
}
