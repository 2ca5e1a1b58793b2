//! Why a command or an event was refused. Every text reads after "failed to" and names no person, place or score.

/// What a shell can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkflowErrorKind {
    /// Sign in, or with the right role.
    SignInNeeded,
    /// Another step comes first, or it is too late.
    NotAllowedNow,
    /// The form lacks something or contradicts itself.
    Invalid,
    /// The decision stands.
    AlreadyDecided,
    /// The state and the trail do not belong together.
    Integrity,
}

macro_rules! workflow_errors {
    ($($(#[doc = $doc:literal])* $name:ident, $kind:ident, $code:literal, $text:literal;)*) => {
        /// Why a command or an event was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum WorkflowError {
            $($(#[doc = $doc])* #[error($text)] $name,)*
        }

        impl WorkflowError {
            /// Every refusal that there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// A stable code, for shells to word and the trail to hold.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What a shell can do about it.
            pub fn kind(self) -> WorkflowErrorKind {
                match self { $(Self::$name => WorkflowErrorKind::$kind,)* }
            }
        }
    };
}

workflow_errors! {
    /// The shift's certificate is not in its time.
    OffShift, SignInNeeded, "workflow.off_shift", "act outside the shift";
    /// The officer has no engaging role in the deployment.
    RoleMissing, SignInNeeded, "workflow.role_missing", "act without an engaging role in the deployment";
    /// The alert has not been on the screen.
    NotDisplayed, NotAllowedNow, "workflow.not_displayed", "judge an alert that was not displayed";
    /// There is no blind judgement and no logged skip yet.
    NotRevealed, NotAllowedNow, "workflow.not_revealed", "act before the blind judgement or its skip";
    /// The blind judgement was given or put off already.
    AlreadyJudged, NotAllowedNow, "workflow.already_judged", "judge blind twice";
    /// A decision was taken already.
    AlreadyDecided, AlreadyDecided, "workflow.already_decided", "decide twice on an alert";
    /// There is no decision yet.
    NotDecided, NotAllowedNow, "workflow.not_decided", "act before a decision";
    /// The decision was not to engage.
    NotEngaged, NotAllowedNow, "workflow.not_engaged", "act on an alert that was not engaged";
    /// The alert is closed.
    Closed, NotAllowedNow, "workflow.closed", "act on a closed alert";
    /// The alert went stale.
    Expired, NotAllowedNow, "workflow.expired", "act on a stale alert";
    /// The operator withdrew the alert.
    Withdrawn, NotAllowedNow, "workflow.withdrawn", "act on a withdrawn alert";
    /// The alert is a duplicate or was superseded.
    Replaced, NotAllowedNow, "workflow.replaced", "act on an alert that another one stands for";
    /// Contact was made already.
    ContactAlreadyMade, NotAllowedNow, "workflow.contact_already_made", "make contact twice";
    /// No contact was made.
    NoContact, NotAllowedNow, "workflow.no_contact", "act before contact was made";
    /// The stop is over.
    StopEnded, NotAllowedNow, "workflow.stop_ended", "act in a stop that has ended";
    /// The stop is going on.
    StopRunning, NotAllowedNow, "workflow.stop_running", "close an alert whose stop is running";
    /// A skip needs a stated reason under this policy, or the reason is not the officer's to give.
    SkipReason, Invalid, "workflow.skip_reason", "put a judgement off without a stated reason";
    /// At least one reason, none twice, and words for "other".
    Reasons, Invalid, "workflow.reasons", "take a decision not to engage without its reasons";
    /// A note on necessity and proportionality is needed.
    NoteNeeded, Invalid, "workflow.note_needed", "engage without a note on necessity and proportionality";
    /// A text is too long or holds control characters.
    Text, Invalid, "workflow.text", "take a malformed text";
    /// Another officer must have judged blind first.
    SecondOfficerNeeded, NotAllowedNow, "workflow.second_officer_needed", "engage before a second officer judged";
    /// The deciding officer has not judged, and the two-person rule needs it.
    OwnJudgementNeeded, NotAllowedNow, "workflow.own_judgement_needed", "engage as one of two without judging";
    /// The policy does not allow this comparison.
    ComparisonOff, NotAllowedNow, "workflow.comparison_off", "compare where the policy does not allow it";
    /// A comparison of this identifier was recorded, or its numbers contradict each other.
    Comparison, Invalid, "workflow.comparison", "take a malformed comparison";
    /// The image is not one of this alert.
    UnknownMedia, Invalid, "workflow.unknown_media", "find the image in the alert";
    /// The policy does not allow fingerprints.
    FingerprintOff, NotAllowedNow, "workflow.fingerprint_off", "use a fingerprint where the policy does not allow it";
    /// Documents are asked for and recorded before a fingerprint (S51).
    DocumentsFirst, NotAllowedNow, "workflow.documents_first", "use a fingerprint before documents were recorded";
    /// Documents already support the identity: an intrusive step needs a reason (S51).
    IntrusiveReason, Invalid, "workflow.intrusive_reason", "take an intrusive step after documents without a reason";
    /// A face step needs a comparison of a close photograph.
    FaceStep, NotAllowedNow, "workflow.face_step", "record a face check that did not take place";
    /// The conclusion rests on nothing, or on the face check alone.
    Unsupported, NotAllowedNow, "workflow.unsupported", "conclude about identity without a step that supports it";
    /// The outcome needs a conclusion about identity first.
    NotConcluded, NotAllowedNow, "workflow.not_concluded", "record an outcome before identity was concluded";
    /// An outcome was recorded already.
    OutcomeAlreadyRecorded, NotAllowedNow, "workflow.outcome_already_recorded", "record an outcome twice";
    /// The outcome contradicts the conclusion about identity.
    OutcomeContradicts, Invalid, "workflow.outcome_contradicts", "record an outcome that contradicts the identity";
    /// The power is not one for this arrest.
    Power, Invalid, "workflow.power", "record an arrest under a power that does not fit it";
    /// The grounds say no more than the alert (S11).
    Grounds, Invalid, "workflow.grounds", "record an arrest without grounds beyond the alert";
    /// The power needs a Code G reason, or has one that it must not.
    CodeG, Invalid, "workflow.code_g", "record an arrest without why it was necessary";
    /// That LFR was used must have been explained (S50).
    ExplanationNeeded, NotAllowedNow, "workflow.explanation_needed", "end a stop before the use of LFR was explained";
    /// A receipt must have been offered (S48).
    ReceiptNeeded, NotAllowedNow, "workflow.receipt_needed", "end a stop before a receipt was offered";
    /// An outcome is needed before closing.
    OutcomeNeeded, NotAllowedNow, "workflow.outcome_needed", "close a stop without an outcome";
    /// A false alert needs its report before closing.
    ReportNeeded, NotAllowedNow, "workflow.report_needed", "close a false alert without its report";
    /// The alert was not found false.
    NotFalse, NotAllowedNow, "workflow.not_false", "report causes for an alert that was not false";
    /// The report names no cause, one twice, or a main cause that is not among them.
    Causes, Invalid, "workflow.causes", "take a malformed false alert report";
    /// A report was made already.
    AlreadyReported, NotAllowedNow, "workflow.already_reported", "report a false alert twice";
    /// The actor of an event cannot have done this (S02).
    WrongActor, Integrity, "workflow.wrong_actor", "apply an event of an impossible actor";
    /// The event is about another alert, or about none.
    WrongAlert, Integrity, "workflow.wrong_alert", "apply an event of another alert";
}
