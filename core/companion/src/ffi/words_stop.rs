//! The domain's words about a stop, as Kotlin and Swift see them.
//!
//! As in `words_alert`: restated for the generator, checked by the compiler, without a rule of their own.

type SegmentKind = peel_domain::stop::SegmentKind;
/// What the time of a stop went on. Pauses are segments, never subtractions.
#[uniffi::remote(Enum)]
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

type LegalFooting = peel_domain::stop::LegalFooting;
/// On what footing the person is there.
#[uniffi::remote(Enum)]
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

type Explanation = peel_domain::stop::Explanation;
/// What was explained to the person. Each field is the officer's own tick (S50).
#[uniffi::remote(Record)]
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

type IdentityStepKind = peel_domain::stop::IdentityStepKind;
/// How identity is established, least intrusive first.
#[uniffi::remote(Enum)]
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
    Face1To1,
    /// A mobile fingerprint.
    MobileFingerprint,
    /// Another step.
    Other,
}

type IdentityStepResult = peel_domain::stop::IdentityStepResult;
/// What a step gave.
#[uniffi::remote(Enum)]
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

type IdentityConclusion = peel_domain::stop::IdentityConclusion;
/// What the officer concludes about identity.
#[uniffi::remote(Enum)]
pub enum IdentityConclusion {
    /// The person on the watchlist.
    SamePerson,
    /// Somebody else.
    NotThePerson,
    /// Not established.
    NotEstablished,
}

type ArrestKind = peel_domain::stop::ArrestKind;
/// Why somebody was arrested, by the published list.
#[uniffi::remote(Enum)]
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

type ArrestCause = peel_domain::stop::ArrestCause;
/// Whether the arrest is for what the person was listed for.
#[uniffi::remote(Enum)]
pub enum ArrestCause {
    /// What the alert was about.
    LfrReason,
    /// Something found during the stop.
    FoundDuringStop,
}

type Power = peel_domain::stop::Power;
/// The power used.
#[uniffi::remote(Enum)]
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

type CodeGNecessity = peel_domain::stop::CodeGNecessity;
/// Why an arrest under PACE section 24 was necessary, by Code G.
#[uniffi::remote(Enum)]
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

type OtherOutcome = peel_domain::stop::OtherOutcome;
/// An outcome other than arrest.
#[uniffi::remote(Enum)]
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

type NoActionReason = peel_domain::stop::NoActionReason;
/// Why nothing further was done.
#[uniffi::remote(Enum)]
pub enum NoActionReason {
    NoLongerWanted,
    WantedElsewhereNotExtraditable,
    AlreadyOnBail,
    NotInPublicInterest,
    IdentityNotEstablished,
    LostAfterContact,
    Other,
}

type Outcome = peel_domain::stop::Outcome;
/// The outcome of a stop. There is no default.
#[uniffi::remote(Enum)]
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

type FalseAlertCause = peel_domain::stop::FalseAlertCause;
/// Causes of a false alert, with the codes of domain.md.
#[uniffi::remote(Enum)]
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

type ReceiptChannel = peel_domain::stop::ReceiptChannel;
/// How the receipt went to the person.
#[uniffi::remote(Enum)]
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
