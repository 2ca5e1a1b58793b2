//! What keeps a record from being published, as typed findings that are all listed at once.

use crate::id::{AlertId, EnrolmentId};

/// What keeps a record from being published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Issue {
    /// The deployment's card is not in the events log.
    #[error("the deployment has no card")]
    NoCard,
    /// The deployment was not live, or has not ended.
    #[error("the deployment has not ended")]
    NotEnded,
    /// A counted alert has no truth: the supervisor states it at the debrief.
    #[error("an alert has no truth")]
    TruthMissing(AlertId),
    /// Two phones verified one alert as true and as false: the supervisor settles it at the debrief.
    #[error("an alert was verified as true and as false")]
    TruthContradictory(AlertId),
    /// A confirmed true alert has no outcome.
    #[error("a confirmed alert has no outcome")]
    OutcomeMissing(AlertId),
    /// A stop has not ended.
    #[error("a stop has not ended")]
    StopOpen(AlertId),
    /// An alert was issued to this phone, and its record does not say how that ended: it has not synchronised, or the
    /// alert is still open there.
    #[error("a phone's record of an alert is missing or not ended")]
    PhoneMissing(AlertId, EnrolmentId),
    /// A phone recorded an alert that the events log does not know.
    #[error("a phone recorded an alert that the force did not take in")]
    UnknownAlert(AlertId),
    /// An event claims an actor that cannot have done it; it was left out.
    #[error("an event claims an impossible actor")]
    WrongActor(AlertId),
    /// The four truth columns do not add to the total.
    #[error("the truth columns do not add to the total")]
    TruthDoesNotAddUp,
    /// The outcomes do not add to the confirmed true alerts.
    #[error("the outcomes do not add to the confirmed true alerts")]
    OutcomesDoNotAddUp,
    /// Fewer faces were seen than alerts raised.
    #[error("fewer faces were seen than alerts were raised")]
    FewerFacesThanAlerts,
    /// More test subjects were recognised than walked past, or than the system raised alerts for.
    #[error("the test subjects' walks do not add up")]
    TestWalksDoNotAddUp,
}

impl Issue {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCard => "record.no_card",
            Self::NotEnded => "record.not_ended",
            Self::TruthMissing(_) => "record.truth_missing",
            Self::TruthContradictory(_) => "record.truth_contradictory",
            Self::OutcomeMissing(_) => "record.outcome_missing",
            Self::StopOpen(_) => "record.stop_open",
            Self::PhoneMissing(..) => "record.phone_missing",
            Self::UnknownAlert(_) => "record.unknown_alert",
            Self::WrongActor(_) => "record.wrong_actor",
            Self::TruthDoesNotAddUp => "record.truth_does_not_add_up",
            Self::OutcomesDoNotAddUp => "record.outcomes_do_not_add_up",
            Self::FewerFacesThanAlerts => "record.fewer_faces_than_alerts",
            Self::TestWalksDoNotAddUp => "record.test_walks_do_not_add_up",
        }
    }

    /// Whether the supervisor settles it by their word at the debrief.
    pub fn calls_for_debrief(&self) -> bool {
        matches!(self, Self::TruthMissing(_) | Self::TruthContradictory(_))
    }

    /// The alert concerned.
    pub fn alert_id(&self) -> Option<AlertId> {
        match self {
            Self::TruthMissing(alert_id)
            | Self::TruthContradictory(alert_id)
            | Self::OutcomeMissing(alert_id)
            | Self::StopOpen(alert_id)
            | Self::PhoneMissing(alert_id, _)
            | Self::UnknownAlert(alert_id)
            | Self::WrongActor(alert_id) => Some(*alert_id),
            _ => None,
        }
    }
}
