//! The state of one alert on one phone: a projection of its events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::alert::{Alert, Grade, Revealed};
use crate::event::{CoordinationStatus, MediaClass};
use crate::id::{AlertId, ComparisonId, DeploymentId, MediaId, OfficerId};
use crate::judgement::{Decision, JudgementValue, Sighting, SkipReason};
use crate::stop_state::StopState;
use crate::time::Moment;
use crate::workflow::phase::Phase;

/// An image that is still held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldMedia {
    /// The image.
    pub media_id: MediaId,
    /// Its class.
    pub class: MediaClass,
}

/// The operator's withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Whether because the operator judged it false.
    pub judged_false: bool,
    /// After contact it is information and changed no state.
    pub after_contact: bool,
}

/// What the rules need of the gated part. It is never shown and never printed.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // four separate facts of one entry
pub(super) struct SealedFlags {
    pub(super) green: bool,
    pub(super) under_18: bool,
    pub(super) vulnerable: bool,
    pub(super) operator_judged: bool,
}

impl fmt::Debug for SealedFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) decision: Decision,
    pub(super) by: OfficerId,
}

/// One alert as one phone has it. Made by [`Self::received`], moved by [`Self::apply`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertState {
    pub(super) alert_id: AlertId,
    pub(super) deployment_id: DeploymentId,
    pub(super) flags: SealedFlags,
    pub(super) captured_at_ms: i64,
    pub(super) stale_at_ms: i64,
    pub(super) media_expire_at_ms: i64,
    pub(super) received_at: Moment,
    /// The latest moment that the trail has of this alert, on the clock that it came in on; never earlier than that.
    pub(super) known_ms: i64,
    pub(super) media: Vec<HeldMedia>,
    pub(super) known_media: Vec<MediaId>,
    pub(super) phase: Phase,
    pub(super) blind: Option<JudgementValue>,
    pub(super) skipped: Option<SkipReason>,
    pub(super) second_look: Option<JudgementValue>,
    pub(super) judged_by: BTreeSet<OfficerId>,
    pub(super) taken: Option<Taken>,
    pub(super) sighting: Option<Sighting>,
    pub(super) stop: Option<StopState>,
    pub(super) comparisons: Vec<ComparisonId>,
    pub(super) false_alert_reported: bool,
    pub(super) withdrawal: Option<Withdrawal>,
    pub(super) expired: bool,
    pub(super) side_since: Option<Moment>,
    pub(super) closed_at: Option<Moment>,
    pub(super) others: BTreeMap<OfficerId, CoordinationStatus>,
}

impl AlertState {
    /// The state right after the alert was validated and stored at `at`.
    pub fn received(alert: &Alert, at: Moment) -> Self {
        let (open, sealed) = (alert.open(), alert.sealed());
        let probes = open.probes.iter().map(|image| HeldMedia { media_id: image.media_id, class: MediaClass::Probe });
        let reference = HeldMedia { media_id: open.reference.media_id, class: MediaClass::Reference };
        let media: Vec<HeldMedia> = probes.chain([reference]).collect();
        Self {
            alert_id: open.alert_id,
            deployment_id: open.deployment_id,
            flags: SealedFlags {
                green: sealed.grade == Grade::Green,
                under_18: sealed.under_18,
                vulnerable: sealed.vulnerable,
                operator_judged: sealed.operator_judgement.is_some(),
            },
            captured_at_ms: open.captured_at_ms,
            stale_at_ms: open.stale_at_ms,
            media_expire_at_ms: open.media_expire_at_ms,
            received_at: at,
            known_ms: at.utc_ms,
            known_media: media.iter().map(|held| held.media_id).collect(),
            media,
            phase: Phase::Received,
            blind: None,
            skipped: None,
            second_look: None,
            judged_by: BTreeSet::new(),
            taken: None,
            sighting: None,
            stop: None,
            comparisons: Vec::new(),
            false_alert_reported: false,
            withdrawal: None,
            expired: false,
            side_since: None,
            closed_at: None,
            others: BTreeMap::new(),
        }
    }

    /// Proof that the gated part may be seen: only after the blind judgement or its logged skip (S05).
    pub fn revealed(&self) -> Option<Revealed> {
        (self.blind.is_some() || self.skipped.is_some()).then(|| Revealed::of(self.alert_id))
    }

    /// The alert.
    pub fn alert_id(&self) -> AlertId {
        self.alert_id
    }

    /// Its deployment.
    pub fn deployment_id(&self) -> DeploymentId {
        self.deployment_id
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When the camera captured the face; milliseconds since 1970 UTC.
    pub fn captured_at_ms(&self) -> i64 {
        self.captured_at_ms
    }

    /// When it stops being something to act on.
    pub fn stale_at_ms(&self) -> i64 {
        self.stale_at_ms
    }

    /// When its media are destroyed at the latest.
    pub fn media_expire_at_ms(&self) -> i64 {
        self.media_expire_at_ms
    }

    /// When the phone stored it.
    pub fn received_at(&self) -> Moment {
        self.received_at
    }

    /// The present at the earliest, in milliseconds since 1970 UTC: setting the wall clock changes nothing within the
    /// boot that the alert came in on. After a reboot it is what the wall clock says or this boot has lasted, and the
    /// end of all time where the wall clock contradicts the trail: it was set back, so nothing here is fresh any more.
    pub fn present_ms(&self, now: &Moment) -> i64 {
        let at_least =
            self.received_at.utc_ms.saturating_add(i64::try_from(now.since(&self.received_at).ms).unwrap_or(i64::MAX));
        if now.boot_id == self.received_at.boot_id {
            at_least
        } else if now.utc_ms < self.known_ms {
            i64::MAX
        } else {
            now.utc_ms.max(at_least)
        }
    }

    /// Notes that the trail has something of this alert at `at`.
    pub(super) fn note_time(&mut self, at: &Moment) {
        let ms = at.utc_ms_from(&self.received_at);
        self.known_ms = self.known_ms.max(ms);
    }

    /// The images that are still held.
    pub fn media(&self) -> &[HeldMedia] {
        &self.media
    }

    /// The blind judgement.
    pub fn blind_judgement(&self) -> Option<JudgementValue> {
        self.blind
    }

    /// Why the blind judgement was put off.
    pub fn skipped(&self) -> Option<SkipReason> {
        self.skipped
    }

    /// The judgement after the reveal.
    pub fn revealed_judgement(&self) -> Option<JudgementValue> {
        self.second_look
    }

    /// The decision.
    pub fn decision(&self) -> Option<&Decision> {
        self.taken.as_ref().map(|taken| &taken.decision)
    }

    /// Who decided.
    pub fn decided_by(&self) -> Option<&OfficerId> {
        self.taken.as_ref().map(|taken| &taken.by)
    }

    /// Where the person is, as last said.
    pub fn sighting(&self) -> Option<Sighting> {
        self.sighting
    }

    /// The stop, once contact was made.
    pub fn stop(&self) -> Option<&StopState> {
        self.stop.as_ref()
    }

    /// Notes something durable that shows that the stop was running; see [`StopState::seen_running`].
    pub fn seen_running(&mut self, at: Moment) {
        if let Some(stop) = &mut self.stop {
            stop.seen_running(at);
        }
    }

    /// The operator's withdrawal.
    pub fn withdrawal(&self) -> Option<Withdrawal> {
        self.withdrawal
    }

    /// Whether it went stale at some time.
    pub fn has_expired(&self) -> bool {
        self.expired
    }

    /// When it was closed.
    pub fn closed_at(&self) -> Option<Moment> {
        self.closed_at
    }

    /// When it left the officer's way by itself: withdrawn, stale, duplicate or superseded.
    pub fn left_at(&self) -> Option<Moment> {
        if self.stop.is_some() { None } else { self.side_since }
    }

    /// What other officers are known to do about it.
    pub fn others(&self) -> &BTreeMap<OfficerId, CoordinationStatus> {
        &self.others
    }

    /// Whether a false alert report was made.
    pub fn false_alert_reported(&self) -> bool {
        self.false_alert_reported
    }

    /// Whether engaging needs a note on necessity and proportionality; the answer is gated, hence the proof.
    pub fn note_needed(&self, proof: &Revealed) -> Option<bool> {
        (proof.alert_id() == self.alert_id).then_some(self.note_needed_to_engage())
    }

    pub(super) fn note_needed_to_engage(&self) -> bool {
        self.flags.green || self.flags.under_18
    }

    /// The last judgement of this officer: after the reveal, else blind.
    pub(super) fn last_judgement(&self) -> Option<JudgementValue> {
        self.second_look.or(self.blind)
    }

    pub(super) fn engaged(&self) -> bool {
        matches!(self.taken.as_ref().map(|taken| &taken.decision), Some(Decision::Engage))
    }
}
