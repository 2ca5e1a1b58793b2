//! The stop's timer and course, projected from its events.
//!
//! Must never: subtract a pause or be edited. Always: within one boot the monotonic clock measures, across boots the
//! wall clock does and says how far it may be wrong; every moment that was made durable narrows that.

use crate::id::EngagementId;
use crate::stop::{
    Explanation, IdentityConclusion, IdentityStepKind, IdentityStepResult, LegalFooting, Outcome, SegmentKind,
};
use crate::time::{Elapsed, Moment};

/// One segment of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What the time went on.
    pub kind: SegmentKind,
    /// From when.
    pub started: Moment,
}

/// One segment with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentLength {
    /// What the time went on.
    pub kind: SegmentKind,
    /// From when.
    pub started: Moment,
    /// How long.
    pub elapsed: Elapsed,
}

/// One identity step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityStepRecord {
    /// Which.
    pub kind: IdentityStepKind,
    /// With what result.
    pub result: IdentityStepResult,
}

/// A stop, from "contact made" on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopState {
    engagement_id: EngagementId,
    started: Moment,
    segments: Vec<Segment>,
    /// Further moments at which the stop is known to have run, ascending in the order of their arrival.
    seen_running: Vec<Moment>,
    footing: LegalFooting,
    ended: Option<(Moment, Elapsed)>,
    pub(crate) explained: Option<Explanation>,
    pub(crate) steps: Vec<IdentityStepRecord>,
    pub(crate) conclusion: Option<IdentityConclusion>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) receipt_offered: bool,
    pub(crate) close_photograph_compared: bool,
}

impl StopState {
    pub(crate) fn begin(engagement_id: EngagementId, footing: LegalFooting, at: Moment) -> Self {
        Self {
            engagement_id,
            started: at,
            segments: vec![Segment { kind: SegmentKind::Contact, started: at }],
            seen_running: Vec::new(),
            footing,
            ended: None,
            explained: None,
            steps: Vec::new(),
            conclusion: None,
            outcome: None,
            receipt_offered: false,
            close_photograph_compared: false,
        }
    }

    /// The stop.
    pub fn engagement_id(&self) -> EngagementId {
        self.engagement_id
    }

    /// When contact was made.
    pub fn started(&self) -> Moment {
        self.started
    }

    /// Whether the timer runs.
    pub fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// When the person left.
    pub fn ended(&self) -> Option<Moment> {
        self.ended.map(|(at, _)| at)
    }

    /// The present footing.
    pub fn footing(&self) -> LegalFooting {
        self.footing
    }

    /// What was explained.
    pub fn explained(&self) -> Option<Explanation> {
        self.explained
    }

    /// Identity steps in their order.
    pub fn identity_steps(&self) -> &[IdentityStepRecord] {
        &self.steps
    }

    /// The officer's conclusion about identity.
    pub fn conclusion(&self) -> Option<IdentityConclusion> {
        self.conclusion
    }

    /// The outcome.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether a receipt was offered.
    pub fn receipt_offered(&self) -> bool {
        self.receipt_offered
    }

    /// Notes that the stop was running at `at`, as something durable shows: a reboot after it is then measured from
    /// here. The last moment of each boot is kept.
    pub fn seen_running(&mut self, at: Moment) {
        if self.ended.is_some() {
            return;
        }
        match self.seen_running.last_mut() {
            Some(last) if last.boot_id == at.boot_id => {
                if at.monotonic_ns > last.monotonic_ns {
                    *last = at;
                }
            }
            _ => self.seen_running.push(at),
        }
    }

    pub(crate) fn start_segment(&mut self, kind: SegmentKind, at: Moment) {
        self.seen_running(at);
        self.segments.push(Segment { kind, started: at });
    }

    pub(crate) fn change_footing(&mut self, footing: LegalFooting, at: Moment) {
        self.seen_running(at);
        self.footing = footing;
    }

    pub(crate) fn end(&mut self, at: Moment, duration: Elapsed) {
        self.ended = Some((at, duration));
    }

    /// How long the stop has lasted at `now`, or lasted in all.
    pub fn elapsed(&self, now: &Moment) -> Elapsed {
        match self.ended {
            Some((_, duration)) => duration,
            None => self.between(&self.started, now),
        }
    }

    /// Each segment with its length; together they are the whole stop.
    pub fn segment_lengths(&self, now: &Moment) -> Vec<SegmentLength> {
        let end = self.ended.map_or(*now, |(at, _)| at);
        let ends = self.segments.iter().skip(1).map(|segment| segment.started).chain([end]);
        self.segments
            .iter()
            .zip(ends)
            .map(|(segment, until)| SegmentLength {
                kind: segment.kind,
                started: segment.started,
                elapsed: self.between(&segment.started, &until),
            })
            .collect()
    }

    /// Prompts (seconds since contact) that are due at `now`; none once the person has left.
    pub fn prompts_due(&self, now: &Moment, prompts_s: &[u32]) -> Vec<u32> {
        if self.ended.is_some() {
            return Vec::new();
        }
        let ms = self.elapsed(now).ms;
        prompts_s.iter().copied().filter(|at_s| u64::from(*at_s).saturating_mul(1000) <= ms).collect()
    }

    /// Time from one moment to a later one, by way of the moments in between at which the stop is known to have run:
    /// only the gaps over a reboot are measured on the wall clock.
    fn between(&self, from: &Moment, to: &Moment) -> Elapsed {
        if from.boot_id == to.boot_id {
            return to.since(from);
        }
        let mut total = Elapsed::ZERO;
        let mut last = *from;
        let first = self.seen_running.iter().position(|mark| mark.boot_id == from.boot_id).unwrap_or(0);
        let marks = self.seen_running.iter().skip(first).take_while(|mark| mark.boot_id != to.boot_id);
        for mark in marks.chain([to]) {
            if mark.boot_id == last.boot_id && mark.monotonic_ns <= last.monotonic_ns {
                continue;
            }
            total = total.plus(mark.since(&last));
            last = *mark;
        }
        total
    }
}
