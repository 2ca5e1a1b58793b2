//! A deployment as it is played: the force's log and three phones'.

use std::collections::BTreeSet;

use peel_domain::alert::{Alert, Category, Grade, ReferenceSource, Thousandths};
use peel_domain::deployment::{Camera, CameraKind, DeploymentCard, DeploymentState, Role, UseCase};
use peel_domain::event::{Action, Actor, BODY_VERSION, EventBody, Justification};
use peel_domain::id::{AlertId, CameraId, DeploymentId, EngagementId, EnrolmentId, ForceId, MediaId, OfficerId};
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, Sighting, SkipReason};
use peel_domain::policy::Policy;
use peel_domain::record::Source;
use peel_domain::stop::{
    ArrestCause, ArrestKind, Explanation, FalseAlertCause, ForceUse, IdentityConclusion, IdentityStepKind,
    IdentityStepResult, LegalFooting, Outcome, Power, ReceiptChannel, Truth, Verification,
};
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_domain::wire::{AlertDto, MAX_AGE_MS, MediaDto, STALE_AFTER_MS};
use peel_domain::workflow::{Command, FalseAlertForm, ReceiptForm};
use uuid::Uuid;

use super::YearFailed;
use super::phone::{Held, Officer};
use super::plan::{AlertPlan, DeploymentPlan, Doubt, Fate};

/// Phones in a deployment.
const PHONES: u64 = 3;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// An event's log and its bytes.
type Line = (Source, Vec<u8>);

/// Numbers of one deployment are apart from those of all others.
fn id(deployment: u64, kind: u64, number: u64) -> Uuid {
    let high = u128::from(deployment) << 64;
    Uuid::from_u128(high | (u128::from(kind) << 40) | u128::from(number))
}

struct Stage<'a> {
    number: u64,
    deployment_id: DeploymentId,
    begun_ms: i64,
    policy: &'a Policy,
    officers: Vec<Officer>,
    lines: Vec<Line>,
}

/// Everything that was recorded of a deployment.
pub(super) fn deployment(number: u64, plan: &DeploymentPlan, policy: &Policy) -> Result<Vec<Line>, YearFailed> {
    let begun_ms = plan.day.and_hms_opt(10, 0, 0).ok_or(YearFailed::Days)?.and_utc().timestamp_millis();
    let deployment_id = DeploymentId(id(number, 1, 0));
    let officers = (0..PHONES).map(|phone| {
        // A force has some sixty engaging officers, who come in turns.
        let officer = OfficerId::new(format!("PC-{:03}", 100 + (number * 7 + phone * 19) % 60))?;
        Officer::sign_in(officer, EnrolmentId(id(number, 2, phone)), deployment_id, begun_ms - HOUR_MS)
    });
    let officers = officers.collect::<Result<Vec<_>, YearFailed>>()?;
    let mut stage = Stage { number, deployment_id, begun_ms, policy, officers, lines: Vec::new() };
    stage.begin(plan)?;
    let mut threshold = plan.threshold;
    for (at, alert) in plan.alerts.iter().enumerate() {
        threshold = plan.threshold_change.filter(|(from, _)| *from == at).map_or(threshold, |(_, to)| to);
        stage.alert(u64::try_from(at).unwrap_or(0), alert, threshold)?;
    }
    stage.end(plan)?;
    Ok(stage.lines)
}

impl Stage<'_> {
    fn push(&mut self, source: Source, event: &EventBody) -> Result<(), YearFailed> {
        self.lines.push((source, event.to_cbor()?));
        Ok(())
    }

    fn force(&mut self, actor: Actor, at_ms: i64, alert_id: Option<AlertId>, action: Action) -> Result<(), YearFailed> {
        let at = Moment {
            utc_ms: at_ms,
            monotonic_ns: u64::try_from(at_ms).unwrap_or(0) * 1_000,
            boot_id: BootId([8; 8]),
            source: TimeSource::Device,
            uncertainty_ms: 100,
        };
        let event = EventBody {
            v: BODY_VERSION,
            at,
            actor,
            deployment_id: Some(self.deployment_id),
            alert_id,
            justification: Justification::DeploymentManagement,
            action,
        };
        self.push(Source::Events, &event)
    }

    fn supervisor() -> Result<Actor, YearFailed> {
        Ok(Actor::Supervisor(OfficerId::new("PS-001")?))
    }

    fn begin(&mut self, plan: &DeploymentPlan) -> Result<(), YearFailed> {
        let begun_ms = self.begun_ms;
        let end_ms = begun_ms + i64::from(plan.length_s) * 1_000;
        let camera = |number: u32| -> Result<Camera, YearFailed> {
            Ok(Camera {
                camera_id: CameraId::new(format!("van-{number}"))?,
                name: format!("van, camera {number}"),
                kind: CameraKind::Van,
                view_bearing_deg: 90,
                latitude_udeg: 0,
                longitude_udeg: 0,
            })
        };
        let use_cases = [UseCase::CrimeHotspot, UseCase::CrimeHotspot, UseCase::CrimeHotspot, UseCase::ProtectiveEvent];
        let card = DeploymentCard {
            deployment_id: self.deployment_id,
            force_id: ForceId::new("force.example")?,
            exercise: false,
            use_case: use_cases
                .into_iter()
                .cycle()
                .nth(usize::try_from(self.number % 4).unwrap_or(0))
                .unwrap_or(UseCase::CrimeHotspot),
            location_text: format!("Simulated street {}", self.number),
            authority_ref: format!("SIM-{}", self.number),
            planned_start_ms: begun_ms,
            planned_end_ms: end_ms,
            cameras: vec![camera(1)?, camera(2)?],
            feeds: Vec::new(),
            algorithm: "a simulated LFR system, 1.0".to_owned(),
            threshold: Thousandths(plan.threshold),
            watchlist_size: plan.watchlist,
            faces_seen_estimate: None,
            policy_version: self.policy.version,
        };
        self.force(Actor::Gateway, begun_ms - HOUR_MS, None, Action::DeploymentCreated(card))?;
        for (source, event) in self.joining() {
            self.push(source, &event)?;
        }
        let middle_ms = begun_ms + i64::from(plan.length_s) * 500;
        for (at_ms, state) in [
            (begun_ms, DeploymentState::Live),
            (middle_ms, DeploymentState::Paused),
            (middle_ms + 10 * MINUTE_MS, DeploymentState::Live),
        ] {
            self.force(Actor::Gateway, at_ms, None, Action::DeploymentStateChanged { state })?;
        }
        Ok(())
    }

    fn joining(&self) -> Vec<(Source, EventBody)> {
        let joined = Action::Joined { role: Role::EngagementOfficer, software: Some("0.1.0".to_owned()) };
        let of = |officer: &Officer, action: &Action| {
            let event = officer.event(self.deployment_id, self.begun_ms - 30 * MINUTE_MS, action.clone());
            (Source::Device(officer.enrolment_id), event)
        };
        let actions = [joined, Action::BriefingAcknowledged];
        self.officers.iter().flat_map(|officer| actions.iter().map(move |action| of(officer, action))).collect()
    }

    fn end(&mut self, plan: &DeploymentPlan) -> Result<(), YearFailed> {
        let end_ms = self.begun_ms + i64::from(plan.length_s) * 1_000;
        self.force(Actor::Gateway, end_ms, None, Action::FacesSeenEstimated { faces: plan.faces })?;
        let state = DeploymentState::Ended;
        self.force(Actor::Gateway, end_ms, None, Action::DeploymentStateChanged { state })?;
        for walk in &plan.walks {
            let walked = Action::TestWalked { group: walk.group, passes: walk.passes, recognised: walk.recognised };
            self.force(Self::supervisor()?, end_ms, None, walked)?;
        }
        Ok(())
    }

    /// The alert as the LFR system raises it.
    fn raised(&self, number: u64, plan: &AlertPlan, threshold: u16) -> Result<Alert, YearFailed> {
        let at_ms = self.begun_ms + i64::from(plan.at_s) * 1_000;
        let media = |kind: u64| MediaDto {
            media_id: MediaId(id(self.number, kind, number)),
            sha256: "ab".repeat(32),
            size: 20_000,
        };
        let dto = AlertDto {
            alert_id: AlertId(id(self.number, 3, number)),
            deployment_id: self.deployment_id,
            camera_id: CameraId::new("van-1")?,
            camera_name: "van, camera 1".to_owned(),
            direction: None,
            captured_at_ms: at_ms,
            sent_at_ms: at_ms + 600,
            stale_at_ms: at_ms + STALE_AFTER_MS,
            media_expire_at_ms: at_ms + MAX_AGE_MS,
            probes: vec![media(4)],
            reference: media(5),
            reference_source: ReferenceSource::Custody,
            reference_age_years: Some(2),
            watchlist_entry_ref: format!("entry-{number}"),
            score_thousandths: threshold + 40,
            threshold_thousandths: threshold,
            grade: Grade::Amber,
            categories: BTreeSet::from([if plan.fate == Fate::TestSubject {
                Category::TestSubject
            } else {
                Category::WantedByCourt
            }]),
            reason_text: "simulated".to_owned(),
            warning_markers: BTreeSet::new(),
            entry_last_verified_at_ms: Some(at_ms - HOUR_MS),
            under_18: plan.under_18,
            vulnerable: false,
            known_twin_or_sibling: false,
            display_name: None,
            operator_judgement: None,
        };
        Ok(dto.validate(at_ms + 700)?)
    }

    fn alert(&mut self, number: u64, plan: &AlertPlan, threshold: u16) -> Result<(), YearFailed> {
        let alert = self.raised(number, plan, threshold)?;
        let (alert_id, at_ms) = (alert.open().alert_id, alert.open().captured_at_ms);
        let ingested = Action::AlertIngested {
            camera_id: alert.open().camera_id.clone(),
            captured_at_ms: at_ms,
            test_subject: plan.fate == Fate::TestSubject,
            threshold: Some(Thousandths(threshold)),
            under_18: Some(plan.under_18),
            vulnerable: Some(false),
        };
        self.force(Actor::Gateway, at_ms + 500, Some(alert_id), ingested)?;
        let first = usize::try_from(number % PHONES).unwrap_or(0);
        let phones = [first, (first + 1) % self.officers.len()];
        for phone in phones {
            let Some(enrolment_id) = self.officers.get(phone).map(|officer| officer.enrolment_id) else { continue };
            let issued = Action::AlertIssued { enrolment_id, alert_seq: number + 1 };
            self.force(Actor::Gateway, at_ms + 600, Some(alert_id), issued)?;
        }
        let mut force_says = Vec::new();
        let mut said = Vec::new();
        {
            let held = |phone: usize| {
                let officer = self.officers.get(phone)?;
                Some(Held::received(officer, self.policy, &alert, number + 1, at_ms + 900))
            };
            let (Some(mut one), Some(mut other)) = (held(phones[0]), held(phones[1])) else { return Ok(()) };
            let engagement_id = EngagementId(id(self.number, 6, number));
            let ended_ms = act(plan, &mut one, &mut other, engagement_id, at_ms, &mut force_says)?;
            for held in [one, other] {
                let (source, events) = finish(held, ended_ms)?;
                said.push((source, events));
            }
        }
        for (actor, after_ms, action) in force_says {
            self.force(actor, at_ms + after_ms, Some(alert_id), action)?;
        }
        for (source, events) in said {
            for event in events {
                self.push(source, &event)?;
            }
        }
        Ok(())
    }
}

/// Whatever is open goes stale, is closed and destroyed, and at the latest at the deployment's end.
fn finish(mut held: Held<'_>, ended_ms: i64) -> Result<(Source, Vec<EventBody>), YearFailed> {
    for after in [0, 4, 15, 30] {
        held.wait(ended_ms + after * MINUTE_MS)?;
    }
    held.ended(ended_ms + 8 * HOUR_MS)?;
    Ok((Source::Device(held.officer.enrolment_id), held.events))
}

/// What the force's log says beside: who, how long after the alert, what.
type Said = Vec<(Actor, i64, Action)>;

/// What the officers do; gives when they are done.
fn act(
    plan: &AlertPlan,
    one: &mut Held<'_>,
    other: &mut Held<'_>,
    engagement_id: EngagementId,
    at_ms: i64,
    force: &mut Said,
) -> Result<i64, YearFailed> {
    let (shown, judged, decided) = (at_ms + 2_000, at_ms + 9_000, at_ms + 20_000);
    let decide = |decision| Command::Decide { decision, note: None };
    match &plan.fate {
        Fate::Unseen => {
            force.push((Stage::supervisor()?, 9 * HOUR_MS, debriefed(Truth::TrueAlert)));
            return Ok(decided);
        }
        Fate::Technical | Fate::FalseByOperator(_) => {
            let judged_false = plan.fate != Fate::Technical;
            force.push((Actor::Gateway, 5_000, Action::AlertWithdrawn { judged_false }));
            one.withdrawn(judged_false, at_ms + 5_500)?;
            other.withdrawn(judged_false, at_ms + 5_500)?;
            if let Fate::FalseByOperator(cause) = plan.fate {
                one.play(&Command::ReportFalseAlert(report(cause, false)), decided)?;
            }
            return Ok(decided);
        }
        _ => one.play(&Command::Displayed, shown)?,
    }
    if plan.under_18 {
        other.play(&Command::Displayed, shown)?;
        other.play(&judge(JudgementValue::SamePersonLikely), judged - 1_000)?;
        one.told(&other.officer.id.clone(), judged - 500)?;
    }
    judge_as_planned(plan, one, judged)?;
    match &plan.fate {
        Fate::Lost => {
            one.play(&decide(Decision::Engage), decided)?;
            one.play(&Command::Sighted(Sighting::Lost), decided + MINUTE_MS)?;
        }
        Fate::FalseByBlind(cause) | Fate::FalseAfterReveal(cause) => {
            let reasons = vec![NoEngagementReason::DifferentPerson];
            one.play(&decide(Decision::DoNotEngage(reasons)), decided)?;
            one.play(&Command::ReportFalseAlert(report(*cause, false)), decided + MINUTE_MS)?;
        }
        Fate::NotEngaged(reason) => one.play(&decide(Decision::DoNotEngage(vec![reason.clone()])), decided)?,
        Fate::Duplicate => {
            one.play(&decide(Decision::DoNotEngage(vec![NoEngagementReason::DuplicateAlert])), decided)?;
        }
        Fate::TestSubject => {
            one.play(&decide(Decision::DoNotEngage(vec![NoEngagementReason::TestSubject])), decided)?;
        }
        _ => return stop(plan, one, engagement_id, decided),
    }
    Ok(decided)
}

fn debriefed(truth: Truth) -> Action {
    Action::TruthRecorded { truth, verification: Verification::Unconfirmed }
}

fn judge(value: JudgementValue) -> Command {
    Command::Judge { value, look: None }
}

fn judge_as_planned(plan: &AlertPlan, one: &mut Held<'_>, at_ms: i64) -> Result<(), YearFailed> {
    use JudgementValue::{CannotTell, DifferentPeopleLikely, SamePersonLikely};
    let again = |value| Command::JudgeRevealed { value, look: None };
    if plan.skipped {
        return one.play(&Command::Skip { reason: SkipReason::PersonIsHere }, at_ms);
    }
    let (blind, revealed) = match plan.fate {
        Fate::FalseByBlind(_) => (DifferentPeopleLikely, Some(DifferentPeopleLikely)),
        Fate::FalseAfterReveal(_) => (CannotTell, Some(DifferentPeopleLikely)),
        _ => match plan.doubt {
            Some(Doubt::Gone) => (CannotTell, Some(SamePersonLikely)),
            Some(Doubt::Stays) => (CannotTell, Some(CannotTell)),
            None => (SamePersonLikely, None),
        },
    };
    one.play(&judge(blind), at_ms)?;
    revealed.map_or(Ok(()), |value| one.play(&again(value), at_ms + 4_000))
}

/// A stop from the decision to the end; gives when it is over.
fn stop(plan: &AlertPlan, one: &mut Held<'_>, engagement_id: EngagementId, decided_ms: i64) -> Result<i64, YearFailed> {
    let note = plan.under_18.then(|| "a safe and proportionate word with a parent present".to_owned());
    one.play(&Command::Decide { decision: Decision::Engage, note }, decided_ms)?;
    let contact_ms = decided_ms + 40_000;
    let left_ms = contact_ms + i64::from(plan.stop_s) * 1_000;
    let footing = LegalFooting::VoluntaryConversation;
    one.play(&Command::ContactMade { engagement_id, footing }, contact_ms)?;
    let (conclusion, outcome) = concluded(&plan.fate);
    let result = match conclusion {
        IdentityConclusion::SamePerson => IdentityStepResult::Supports,
        _ => IdentityStepResult::Contradicts,
    };
    let explained = Explanation {
        identity_of_officer: true,
        reason: true,
        came_from_lfr: true,
        free_to_go_or_detained: true,
        right_to_record: true,
    };
    let force = if plan.force {
        ForceUse::Used { handcuffs: plan.stop_s.is_multiple_of(2), injury: false }
    } else {
        ForceUse::NotUsed
    };
    let channel = if plan.receipt_taken { ReceiptChannel::Qr } else { ReceiptChannel::Declined };
    let receipt = ReceiptForm { reference: "SIM".to_owned(), channel, commitment: [5; 32] };
    let steps = [
        Some(Command::Explain(explained)),
        Some(Command::IdentityStep { kind: IdentityStepKind::Document, result, reason: None }),
        Some(Command::ConcludeIdentity(conclusion)),
        plan.ethnicity.map(Command::StateEthnicity),
        Some(Command::StateForce(force)),
        Some(Command::RecordOutcome(outcome)),
        Some(Command::OfferReceipt(receipt)),
    ];
    for (at, command) in (1..).zip(steps.into_iter().flatten()) {
        one.play(&command, contact_ms + at * 5_000)?;
    }
    one.play(&Command::Release, left_ms)?;
    if let Fate::FalseStop(cause) = &plan.fate {
        one.play(&Command::ReportFalseAlert(report(*cause, true)), left_ms + 2 * MINUTE_MS)?;
    }
    one.play(&Command::Close, left_ms + 3 * MINUTE_MS)?;
    Ok(left_ms + 3 * MINUTE_MS)
}

fn report(primary: FalseAlertCause, apology_given: bool) -> FalseAlertForm {
    FalseAlertForm { causes: vec![primary], primary, apology_given, follow_up_wanted: false }
}

fn concluded(fate: &Fate) -> (IdentityConclusion, Outcome) {
    let same = IdentityConclusion::SamePerson;
    match fate {
        Fate::Other(other) => (same, Outcome::Other(*other)),
        Fate::NoAction(reason) => (same, Outcome::NoAction(*reason)),
        Fate::FalseStop(_) => (IdentityConclusion::NotThePerson, Outcome::FalseAlertReleased),
        _ => (
            same,
            Outcome::Arrest {
                kind: ArrestKind::Warrant,
                cause: ArrestCause::LfrReason,
                power: Power::MagistratesWarrant,
                grounds: "a warrant of the magistrates was confirmed by control".to_owned(),
                code_g: Vec::new(),
            },
        ),
    }
}
