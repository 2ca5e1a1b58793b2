//! The stop: its timer's segments, footing, explanation, identity steps and outcome.

use serde::{Deserialize, Serialize};

/// What the time of a stop went on. Pauses are segments, never subtractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Talking.
    Contact,
    /// Waiting for a check.
    WaitingForCheck,
    /// Moved to another place.
    MovedPlace,
    /// Medical help.
    Medical,
}

/// On what footing the person is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalFooting {
    /// A conversation that the person may leave.
    VoluntaryConversation,
    /// Stop and search, PACE section 1.
    StopSearchS1,
    /// Misuse of Drugs Act section 23.
    S23Mda,
    /// Criminal Justice and Public Order Act section 60.
    S60,
    /// Arrest.
    Arrest,
    /// Road Traffic Act section 163.
    S163Rta,
    /// Another.
    Other,
}

/// What was explained to the person. Each field is the officer's own tick (S50).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // five separate ticks on one form
pub struct Explanation {
    /// Who the officer is.
    pub identity_of_officer: bool,
    /// Why the person was approached.
    pub reason: bool,
    /// That it came from live facial recognition.
    pub came_from_lfr: bool,
    /// Whether the person may go.
    pub free_to_go_or_detained: bool,
    /// The right to a record.
    pub right_to_record: bool,
}

impl Explanation {
    /// Both explanations together: a tick once made stays made.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            identity_of_officer: self.identity_of_officer || later.identity_of_officer,
            reason: self.reason || later.reason,
            came_from_lfr: self.came_from_lfr || later.came_from_lfr,
            free_to_go_or_detained: self.free_to_go_or_detained || later.free_to_go_or_detained,
            right_to_record: self.right_to_record || later.right_to_record,
        }
    }
}

/// How identity is established, least intrusive first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStepKind {
    /// Talking.
    Verbal,
    /// Documents that the person showed.
    Document,
    /// A question about the record.
    RecordQuestion,
    /// A colleague knows the person.
    ColleagueKnows,
    /// The secondary face check on a close photograph.
    #[serde(rename = "face_1to1")]
    Face1To1,
    /// A mobile fingerprint.
    MobileFingerprint,
    /// Another step.
    Other,
}

/// What a step gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStepResult {
    /// Speaks for the same person.
    Supports,
    /// Speaks against.
    Contradicts,
    /// Neither.
    Inconclusive,
    /// The person declined; this is not held against anybody (S20).
    Declined,
    /// Not used.
    NotUsed,
}

/// What the officer concludes about identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityConclusion {
    /// The person on the watchlist.
    SamePerson,
    /// Somebody else.
    NotThePerson,
    /// Not established.
    NotEstablished,
}

/// Whether the alert was right about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The person on the watchlist.
    TrueAlert,
    /// Somebody else.
    FalseAlert,
}

/// Whether that is known or judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Identity was verified.
    Confirmed,
    /// By judgement alone.
    Unconfirmed,
}

/// Why somebody was arrested, by the published list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrestKind {
    /// Warrant.
    Warrant,
    /// Recall.
    Recall,
    /// PACE section 24.
    S24Offence,
    /// Breach of bail.
    BreachOfBail,
    /// Breach of an order.
    BreachOfOrder,
    /// Extradition.
    Extradition,
    /// Immigration, by another agency.
    ImmigrationByOtherAgency,
    /// A new offence found.
    NewOffenceFound,
    /// Another reason.
    Other,
}

/// Whether the arrest is for what the person was listed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrestCause {
    /// What the alert was about.
    LfrReason,
    /// Something found during the stop.
    FoundDuringStop,
}

/// The power used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the statutes' own short names, listed in domain.md
pub enum Power {
    PaceS24,
    MagistratesWarrant,
    CrownBenchWarrant,
    BailActS7,
    RecallUnlawfullyAtLarge,
    ExtraditionAct,
    CommonLawBreachOfPeace,
    PaceS1Search,
    MdaS23Search,
    CjpoaS60,
    MentalHealthS136,
    NoneVoluntary,
}

/// Why an arrest under PACE section 24 was necessary, by Code G.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeGNecessity {
    /// (a) to learn the name.
    Name,
    /// (b) to learn the address.
    Address,
    /// (c) to prevent injury, damage, loss, indecency or obstruction.
    PreventHarm,
    /// (d) to protect a child or a vulnerable person.
    ProtectChildOrVulnerable,
    /// (e) prompt and effective investigation.
    PromptInvestigation,
    /// (f) to prevent disappearance.
    PreventDisappearance,
}

/// An outcome other than arrest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the published list's own words, in domain.md
pub enum OtherOutcome {
    ConditionsCheckedCompliant,
    ConditionsBreachReported,
    SummonsOrPostalRequisition,
    VoluntaryAttendance,
    CommunityResolution,
    PenaltyNotice,
    SafeguardingDisclosure,
    MissingPersonSafe,
    IntelligenceRecorded,
    Referral,
    WordsOfAdvice,
    Other,
}

/// Why nothing further was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the published list's own words, in domain.md
pub enum NoActionReason {
    NoLongerWanted,
    WantedElsewhereNotExtraditable,
    AlreadyOnBail,
    NotInPublicInterest,
    IdentityNotEstablished,
    LostAfterContact,
    Other,
}

/// The outcome of a stop. There is no default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Arrest, with grounds that are more than the alert (S11).
    Arrest {
        /// What for.
        kind: ArrestKind,
        /// Listed reason or found during the stop.
        cause: ArrestCause,
        /// The power.
        power: Power,
        /// At least a sentence beyond the alert.
        grounds: String,
        /// Needed for PACE section 24.
        code_g: Vec<CodeGNecessity>,
    },
    /// Something other than arrest.
    Other(OtherOutcome),
    /// Nothing further.
    NoAction(NoActionReason),
    /// The alert was false and the person was released.
    FalseAlertReleased,
}

/// Whether force was used at a stop, as the officer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForceUse {
    /// None.
    NotUsed,
    /// Some.
    Used {
        /// Handcuffs.
        handcuffs: bool,
        /// Somebody was injured.
        injury: bool,
    },
}

/// Causes of a false alert, with the codes of domain.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each variant's comment is its code
pub enum FalseAlertCause {
    /// L1.
    LowLight,
    /// L2.
    GlareOrBacklight,
    /// P1.
    HeadAngle,
    /// P2.
    LookingDown,
    /// P3.
    CameraHeight,
    /// O1.
    Clothing,
    /// O2.
    PasserBy,
    /// O3.
    HairOrHand,
    /// O4.
    Glasses,
    /// T1.
    IdenticalTwin,
    /// T2.
    SiblingOrRelative,
    /// G1.
    GenderWrong,
    /// A1.
    ReferenceOld,
    /// A2.
    ReferencePoorQuality,
    /// W1.
    WrongImageOnEntry,
    /// B1.
    BlurOrLowResolution,
    /// U1.
    UnrelatedLookalikeGoodImages,
    /// X1.
    Unknown,
}

impl FalseAlertCause {
    /// The published code.
    pub fn code(self) -> &'static str {
        match self {
            Self::LowLight => "L1",
            Self::GlareOrBacklight => "L2",
            Self::HeadAngle => "P1",
            Self::LookingDown => "P2",
            Self::CameraHeight => "P3",
            Self::Clothing => "O1",
            Self::PasserBy => "O2",
            Self::HairOrHand => "O3",
            Self::Glasses => "O4",
            Self::IdenticalTwin => "T1",
            Self::SiblingOrRelative => "T2",
            Self::GenderWrong => "G1",
            Self::ReferenceOld => "A1",
            Self::ReferencePoorQuality => "A2",
            Self::WrongImageOnEntry => "W1",
            Self::BlurOrLowResolution => "B1",
            Self::UnrelatedLookalikeGoodImages => "U1",
            Self::Unknown => "X1",
        }
    }
}

/// How the receipt went to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptChannel {
    /// QR code.
    Qr,
    /// Paper.
    Print,
    /// A short code, read aloud or written down.
    PaperCode,
    /// Text message.
    Sms,
    /// E-mail.
    Email,
    /// Offered and not wanted.
    Declined,
}
