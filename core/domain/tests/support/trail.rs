//! The trail of one deployment, as several logs have it, for tests of the record.

use peel_domain::alert::Thousandths;
use peel_domain::deployment::{DeploymentCard, DeploymentState, UseCase};
use peel_domain::event::{Action, Actor, EventBody, Justification};
use peel_domain::id::{AlertId, CameraId, EngagementId, EnrolmentId, ForceId, OfficerId};
use peel_domain::judgement::{Decision, JudgementKind, JudgementValue, NoEngagementReason};
use peel_domain::record::{DeploymentRecord, RecordBuilder, Source};
use peel_domain::stop::{
    ArrestCause, ArrestKind, FalseAlertCause, IdentityConclusion, LegalFooting, NoActionReason, OtherOutcome, Outcome,
    Power, ReceiptChannel, Truth, Verification,
};
use peel_domain::time::Elapsed;

use super::*;

pub const PHONE_1: Source = Source::Device(EnrolmentId(uuid::Uuid::from_u128(101)));
pub const PHONE_2: Source = Source::Device(EnrolmentId(uuid::Uuid::from_u128(102)));

pub fn alert(number: u128) -> AlertId {
    AlertId(uuid(1_000 + number))
}

pub fn officer_actor(officer: &str) -> Actor {
    Actor::Officer(OfficerId::new(officer).unwrap())
}

pub struct Trail(pub Vec<(Source, EventBody)>);

impl Trail {
    /// A deployment of two hours, with this card.
    pub fn of(exercise: bool) -> Self {
        let card = DeploymentCard {
            deployment_id: deployment(),
            force_id: ForceId::new("force.example").unwrap(),
            exercise,
            use_case: UseCase::CrimeHotspot,
            location_text: "High Street, by the clock".to_owned(),
            authority_ref: "A-1".to_owned(),
            planned_start_ms: START_MS,
            planned_end_ms: START_MS + 7_200_000,
            cameras: vec![],
            feeds: vec![],
            algorithm: "vendor, name, 1.0".to_owned(),
            threshold: Thousandths(640),
            watchlist_size: 12_345,
            faces_seen_estimate: None,
            policy_version: 1,
        };
        let mut trail = Self(Vec::new());
        trail.force(0, None, Action::DeploymentCreated(card));
        trail.force(60_000, None, Action::DeploymentStateChanged { state: DeploymentState::Live });
        trail.force(7_380_000, None, Action::DeploymentStateChanged { state: DeploymentState::Ended });
        trail.force(7_380_000, None, Action::FacesSeenEstimated { faces: 12_000 });
        trail
    }

    pub fn push(&mut self, source: Source, actor: Actor, ms: i64, alert_id: Option<AlertId>, action: Action) {
        let justification = Justification::AlertResponse;
        let deployment_id = Some(deployment());
        self.0.push((source, EventBody { v: 1, at: at(ms), actor, deployment_id, alert_id, justification, action }));
    }

    pub fn force(&mut self, ms: i64, alert_id: Option<AlertId>, action: Action) {
        self.push(Source::Events, Actor::Gateway, ms, alert_id, action);
    }

    pub fn phone(&mut self, source: Source, ms: i64, number: u128, action: Action) {
        let officer = if source == PHONE_1 { "PC-1" } else { "PC-2" };
        self.push(source, officer_actor(officer), ms, Some(alert(number)), action);
    }

    pub fn ingest(&mut self, number: u128, test_subject: bool) {
        let camera_id = CameraId::new("cam-1").unwrap();
        let threshold = Some(Thousandths(640));
        let action = Action::AlertIngested {
            camera_id,
            captured_at_ms: START_MS,
            test_subject,
            threshold,
            under_18: Some(false),
            vulnerable: Some(false),
        };
        self.force(100_000, Some(alert(number)), action);
    }

    pub fn judge(&mut self, source: Source, ms: i64, number: u128, value: JudgementValue) {
        let action = Action::Judged { kind: JudgementKind::Blind, value, look: None, saw_before: vec![] };
        self.phone(source, ms, number, action);
    }

    pub fn decide(&mut self, source: Source, ms: i64, number: u128, decision: Decision) {
        self.phone(source, ms, number, Action::Decided { decision, note: None, officer_signature: None });
    }

    /// An engaged alert with a stop, a truth and an outcome.
    pub fn stop(&mut self, source: Source, number: u128, truth: Option<Truth>, minutes: u64, outcome: Option<Outcome>) {
        let engagement_id = EngagementId(uuid(2_000 + number));
        self.decide(source, 110_000, number, Decision::Engage);
        let footing = LegalFooting::VoluntaryConversation;
        self.phone(source, 120_000, number, Action::ContactMade { engagement_id, footing });
        if let Some(truth) = truth {
            let verification = Verification::Confirmed;
            self.phone(source, 130_000, number, Action::TruthRecorded { truth, verification });
        }
        if let Some(outcome) = outcome {
            self.phone(source, 140_000, number, Action::OutcomeRecorded(outcome));
        }
        let channel = ReceiptChannel::Qr;
        let offered = Action::ReceiptOffered { reference: "R".to_owned(), channel, commitment: [0; 32] };
        self.phone(source, 150_000, number, offered);
        let duration = Elapsed { ms: minutes * 60_000, uncertainty_ms: 0 };
        self.phone(source, 160_000, number, Action::Released { duration });
    }

    /// The force issues the alert to a phone under this number.
    pub fn issue(&mut self, number: u128, phone: Source, alert_seq: u64) {
        let Source::Device(enrolment_id) = phone else { return };
        self.force(100_000, Some(alert(number)), Action::AlertIssued { enrolment_id, alert_seq });
    }

    pub fn core(&mut self, source: Source, ms: i64, number: u128, action: Action) {
        self.push(source, Actor::Core, ms, Some(alert(number)), action);
    }

    pub fn contact(&mut self, source: Source, ms: i64, number: u128) {
        let engagement_id = EngagementId(uuid(2_000 + number));
        self.phone(
            source,
            ms,
            number,
            Action::ContactMade { engagement_id, footing: LegalFooting::VoluntaryConversation },
        );
    }

    /// As the workflow writes a conclusion.
    pub fn conclude(&mut self, source: Source, ms: i64, number: u128, conclusion: IdentityConclusion) {
        self.phone(source, ms, number, Action::IdentityConcluded(conclusion));
        let truth = match conclusion {
            IdentityConclusion::SamePerson => Truth::TrueAlert,
            IdentityConclusion::NotThePerson => Truth::FalseAlert,
            IdentityConclusion::NotEstablished => return,
        };
        self.phone(source, ms, number, Action::TruthRecorded { truth, verification: Verification::Confirmed });
    }

    /// The supervisor's word at the debrief.
    pub fn debrief(&mut self, number: u128, truth: Truth) {
        let supervisor = Actor::Supervisor(OfficerId::new("S-1").unwrap());
        let action = Action::TruthRecorded { truth, verification: Verification::Unconfirmed };
        self.push(Source::Events, supervisor, 8_000_000, Some(alert(number)), action);
    }

    pub fn builder(&self) -> RecordBuilder {
        let mut builder = RecordBuilder::new(deployment());
        for (source, event) in &self.0 {
            builder.add(*source, event);
        }
        builder
    }

    pub fn record(&self) -> DeploymentRecord {
        self.builder().finish()
    }
}

pub fn arrest() -> Outcome {
    Outcome::Arrest {
        kind: ArrestKind::Warrant,
        cause: ArrestCause::LfrReason,
        power: Power::MagistratesWarrant,
        grounds: "warrant confirmed by control".to_owned(),
        code_g: vec![],
    }
}

/// Seven counted alerts and one of each kind that is not counted.
pub fn full(exercise: bool) -> Trail {
    let mut trail = Trail::of(exercise);
    for number in 1..=10 {
        trail.ingest(number, number == 10);
    }
    trail.stop(PHONE_1, 1, Some(Truth::TrueAlert), 2, Some(arrest()));
    trail.stop(PHONE_1, 2, Some(Truth::TrueAlert), 3, Some(Outcome::Other(OtherOutcome::ConditionsCheckedCompliant)));
    trail.stop(PHONE_2, 3, Some(Truth::TrueAlert), 1, Some(Outcome::NoAction(NoActionReason::NoLongerWanted)));
    trail.stop(PHONE_2, 4, Some(Truth::FalseAlert), 6, Some(Outcome::FalseAlertReleased));
    let causes = vec![FalseAlertCause::LowLight, FalseAlertCause::HeadAngle];
    let report = Action::FalseAlertReported {
        causes,
        primary: FalseAlertCause::HeadAngle,
        apology_given: true,
        follow_up_wanted: false,
    };
    trail.phone(PHONE_2, 170_000, 4, report);
    trail.judge(PHONE_1, 105_000, 5, JudgementValue::DifferentPeopleLikely);
    trail.judge(PHONE_1, 105_000, 6, JudgementValue::SamePersonLikely);
    trail.force(106_000, Some(alert(7)), Action::AlertWithdrawn { judged_false: true });
    trail.force(106_000, Some(alert(8)), Action::AlertWithdrawn { judged_false: false });
    trail.decide(PHONE_1, 107_000, 9, Decision::DoNotEngage(vec![NoEngagementReason::DuplicateAlert]));
    trail
}
