//! The domain's words about deployments, alerts and judgements, as Kotlin and Swift see them.
//!
//! Each declaration restates a domain type for the generator; the compiler refuses one that differs. Nothing here
//! holds a rule, and nothing here is a second type: the domain's own values cross the border.

type Role = peel_domain::deployment::Role;
/// What somebody does in a deployment.
#[uniffi::remote(Enum)]
pub enum Role {
    /// Watches the LFR system.
    Operator,
    /// Walks up to people.
    EngagementOfficer,
    /// Watches the street and passes words.
    Spotter,
    /// Answers for the deployment.
    Supervisor,
    /// Reads, and every reading is in the trail.
    Auditor,
}

type UseCase = peel_domain::deployment::UseCase;
/// Why the deployment takes place.
#[uniffi::remote(Enum)]
pub enum UseCase {
    /// A crime hotspot.
    CrimeHotspot,
    /// A hotspot for a missing person.
    MissingPersonHotspot,
    /// Protection of critical national infrastructure.
    ProtectiveCni,
    /// Protection of an event.
    ProtectiveEvent,
    /// Specific intelligence.
    SpecificIntelligence,
}

type DeploymentState = peel_domain::deployment::DeploymentState;
/// Whether alerts may be raised.
#[uniffi::remote(Enum)]
pub enum DeploymentState {
    /// Prepared.
    NotLive,
    /// Cameras compare faces.
    Live,
    /// Cameras are off for a while.
    Paused,
    /// Over.
    Ended,
}

type Grade = peel_domain::alert::Grade;
/// How urgent the force says the alert is; red says "urgent" without saying why.
#[uniffi::remote(Enum)]
pub enum Grade {
    /// Urgent.
    Red,
    /// Prompt.
    Amber,
    /// Routine; engagement needs a note on necessity and proportionality.
    Green,
}

type Category = peel_domain::alert::Category;
/// Why the person is on the watchlist. An entry may have several.
#[uniffi::remote(Enum)]
pub enum Category {
    /// A warrant, failure to appear, recall or extradition.
    WantedByCourt,
    /// Reasonable grounds to think that an offence was, is being or is about to be committed.
    WantedByPolice,
    /// Managed under MAPPA.
    ManagedOffender,
    /// Subject of an order.
    SubjectOfOrder,
    /// Missing or at risk.
    MissingOrAtRisk,
    /// Intelligence of a risk to others.
    RiskToOthersIntelligence,
    /// A member of police staff who tests the system ("blue list").
    TestSubject,
}

type WarningMarker = peel_domain::alert::WarningMarker;
/// What an officer must know before walking up.
#[uniffi::remote(Enum)]
pub enum WarningMarker {
    /// Violent.
    Violent,
    /// Firearms.
    Firearms,
    /// Weapons.
    Weapons,
    /// Drugs.
    Drugs,
    /// Escaper.
    Escaper,
    /// Ailment.
    Ailment,
    /// Mental health.
    MentalHealth,
    /// Suicidal.
    Suicidal,
    /// Self-harm.
    SelfHarm,
    /// Contagious.
    Contagious,
    /// Makes allegations.
    Alleges,
    /// Conceals items.
    Conceals,
    /// Sexual offences.
    SexualOffence,
    /// A risk to children.
    ChildRisk,
    /// Another marker.
    Other,
}

type ReferenceSource = peel_domain::alert::ReferenceSource;
/// Where the reference image comes from.
#[uniffi::remote(Enum)]
pub enum ReferenceSource {
    /// A custody photograph.
    Custody,
    /// Another source.
    Other,
}

type JudgementValue = peel_domain::judgement::JudgementValue;
/// What was judged.
#[uniffi::remote(Enum)]
pub enum JudgementValue {
    /// Looks like the same person.
    SamePersonLikely,
    /// Cannot tell.
    CannotTell,
    /// Looks like different people.
    DifferentPeopleLikely,
}

type SkipReason = peel_domain::judgement::SkipReason;
/// Why an officer put the blind judgement off.
#[uniffi::remote(Enum)]
pub enum SkipReason {
    /// It is not safe to look at the phone.
    NotSafeToLook,
    /// The person is already in front of the officer.
    PersonIsHere,
    /// The screen cannot be read.
    CannotSeeScreen,
    /// No reason was given.
    NotStated,
    /// The policy in force does not ask for a blind judgement.
    PolicyOff,
}

type Decision = peel_domain::judgement::Decision;
/// The officer's discretionary decision on an alert. There is no default.
#[uniffi::remote(Enum)]
pub enum Decision {
    /// Walk up to the person.
    Engage,
    /// Leave the person alone, with at least one reason.
    DoNotEngage(Vec<NoEngagementReason>),
    /// Another officer takes it, with at least one reason.
    PassTo(Vec<NoEngagementReason>),
    /// Watch only, with at least one reason.
    ObserveOnly(Vec<NoEngagementReason>),
}

type NoEngagementReason = peel_domain::judgement::NoEngagementReason;
/// Why a person was not engaged.
#[uniffi::remote(Enum)]
pub enum NoEngagementReason {
    /// The faces are of different people.
    DifferentPerson,
    /// The officer could not tell.
    CannotTell,
    /// The images are too poor.
    ImageQuality,
    /// The person has been dealt with.
    AlreadyDealtWith,
    /// The watchlist entry is out of date or wrong.
    EntryStaleOrError,
    /// The person was lost in the crowd.
    LostInCrowd,
    /// Unsafe for the public.
    UnsafeForPublic,
    /// Unsafe for the officer.
    UnsafeForOfficer,
    /// No officer was free.
    NoOfficerAvailable,
    /// Something more important was going on.
    HigherPriority,
    /// Not proportionate here.
    NotProportionateHere,
    /// A child or a vulnerable person, handled otherwise.
    ChildOrVulnerableHandleOtherwise,
    /// The person left the area.
    SubjectLeftArea,
    /// The same alert again.
    DuplicateAlert,
    /// A role-player of the force's own test.
    TestSubject,
    /// A supervisor directed it.
    SupervisorDirection,
    /// Something else, in words.
    Other(String),
}

type Sighting = peel_domain::judgement::Sighting;
/// Where the person is, as the officers tell each other.
#[uniffi::remote(Enum)]
pub enum Sighting {
    /// Seen.
    Seen,
    /// Lost.
    Lost,
    /// With me.
    WithMe,
}

type Look = peel_domain::judgement::Look;
/// How long and how the officer looked, as the shell measured it.
#[uniffi::remote(Record)]
pub struct Look {
    /// Milliseconds that the probe was on the screen.
    pub probe_ms: u32,
    /// Milliseconds that the reference was on the screen.
    pub reference_ms: u32,
    /// Whether the officer zoomed.
    pub zoomed: bool,
}

type Band = peel_domain::event::Band;
/// The secondary face check's opinion, in three bands and "not possible".
#[uniffi::remote(Enum)]
pub enum Band {
    /// Supports that it is the same person; never "is".
    Supports,
    /// Neither.
    Inconclusive,
    /// Does not support: look again, slow down.
    DoesNotSupport,
    /// No opinion; the reason says what to do.
    NotPossible,
}

type CoordinationStatus = peel_domain::event::CoordinationStatus;
/// What other phones must know about an alert.
#[uniffi::remote(Enum)]
pub enum CoordinationStatus {
    /// Judged blind; the value is not told, so that a second judgement stays blind (S04).
    Judged,
    /// Somebody decided to engage.
    Taken,
    /// Seen.
    Seen,
    /// Lost.
    Lost,
    /// With an officer.
    WithMe,
    /// Contact was made.
    Contact,
    /// Closed.
    Closed,
}

type ComparisonPurpose = peel_domain::permit::ComparisonPurpose;
/// Which two images are compared; each use has its own calibration and its own words.
#[uniffi::remote(Enum)]
pub enum ComparisonPurpose {
    /// The alert's probe image against its reference: the same images as the LFR system saw.
    AlertProbe,
    /// A fresh close photograph, taken at the stop, against the reference.
    ClosePhotograph,
}
