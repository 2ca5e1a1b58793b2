//! What officers judge and decide about an alert.
//!
//! No type here has a default, and none can be made without an officer's own choice (S01, S02).

use serde::{Deserialize, Serialize};

/// Which of the judgements on an alert this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgementKind {
    /// The operator at the LFR system, before or after sending.
    OperatorAdjudication,
    /// The officer, from the two faces alone.
    Blind,
    /// The officer, after the reveal.
    Revealed,
    /// Another officer, blind to the first.
    SecondOfficer,
    /// The supervisor, at the debrief.
    Supervisor,
}

/// What was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgementValue {
    /// Looks like the same person.
    SamePersonLikely,
    /// Cannot tell.
    CannotTell,
    /// Looks like different people.
    DifferentPeopleLikely,
}

/// What the officer had been shown before judging: it proves that a blind judgement was blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saw {
    /// The score.
    Score,
    /// The category.
    Category,
    /// Somebody else's judgement.
    OtherJudgement,
}

/// How long and how the officer looked, as the shell measured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Milliseconds that the probe was on the screen.
    pub probe_ms: u32,
    /// Milliseconds that the reference was on the screen.
    pub reference_ms: u32,
    /// Whether the officer zoomed.
    pub zoomed: bool,
}

/// Why an officer put the blind judgement off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The officer's discretionary decision on an alert. There is no default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Why a person was not engaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Where the person is, as the officers tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sighting {
    /// Seen.
    Seen,
    /// Lost.
    Lost,
    /// With me.
    WithMe,
}
