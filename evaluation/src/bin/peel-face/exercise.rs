//! Permits for measuring the check on files: from the workflow, on an alert of an exercise that exists only here.
//!
//! There is no other way to a permit, and none is wanted: a made-up force signs a made-up officer's shift, the officer
//! passes the blind judgement, and for a close photograph a stop runs.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use peel_domain::alert::{Category, Grade, ReferenceSource};
use peel_domain::deployment::Role;
use peel_domain::id::{
    AlertId, CameraId, ComparisonId, DeploymentId, EngagementId, EnrolmentId, ForceId, MediaId, OfficerId,
};
use peel_domain::judgement::{Decision, JudgementValue};
use peel_domain::permit::{ComparisonPermit, ComparisonPurpose};
use peel_domain::policy::Policy;
use peel_domain::shift::{Binding, CertificateClaims, SignedInOfficer, sign_certificate, verify_certificate};
use peel_domain::stop::LegalFooting;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_domain::wire::{AlertDto, MediaDto};
use peel_domain::workflow::{AlertState, Command, ComparisonRequest, decide};
use uuid::Uuid;

/// The exercise's present: any fixed instant serves, because nothing here lasts.
const NOW_MS: i64 = 1_750_000_000_000;

/// The domain refused a step of the exercise: a fault of this program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExerciseRefused;

impl std::fmt::Display for ExerciseRefused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the exercise's workflow gave no permit")
    }
}

/// A permit for one comparison.
pub(crate) fn permit(purpose: ComparisonPurpose) -> Result<ComparisonPermit, ExerciseRefused> {
    let id = |number: u128| Uuid::from_u128(number);
    let force = ForceId::new("exercise").map_err(refused)?;
    let policy = Policy::strictest(force, 1);
    let deployment = DeploymentId(id(1));
    let officer = officer(deployment)?;
    let alert = alert(deployment)?.validate(NOW_MS).map_err(refused)?;
    let mut state = AlertState::received(&alert, now());
    let mut commands = vec![Command::Displayed, Command::Judge { value: JudgementValue::CannotTell, look: None }];
    if purpose == ComparisonPurpose::ClosePhotograph {
        commands.push(Command::Decide { decision: Decision::Engage, note: None });
        commands.push(Command::ContactMade {
            engagement_id: EngagementId(id(2)),
            footing: LegalFooting::VoluntaryConversation,
        });
    }
    for command in commands {
        for event in decide(&state, &command, &officer, &policy, now()).map_err(refused)? {
            state.apply(&event).map_err(refused)?;
        }
    }
    let request = ComparisonRequest { comparison_id: ComparisonId(id(3)), purpose, reason: None };
    state.comparison_permit(request, &officer, &policy, now()).map_err(refused)
}

fn refused<E>(_: E) -> ExerciseRefused {
    ExerciseRefused
}

fn now() -> Moment {
    Moment {
        utc_ms: NOW_MS,
        monotonic_ns: 1_000_000_000,
        boot_id: BootId([0; 8]),
        source: TimeSource::Exercise,
        uncertainty_ms: 0,
    }
}

fn officer(deployment: DeploymentId) -> Result<SignedInOfficer, ExerciseRefused> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let enrolment_id = EnrolmentId(Uuid::from_u128(4));
    let claims = CertificateClaims {
        officer_id: OfficerId::new("exercise").map_err(refused)?,
        enrolment_id,
        k_officer_spki: vec![1],
        roles: BTreeMap::from([(deployment, BTreeSet::from([Role::EngagementOfficer]))]),
        from_ms: NOW_MS - 1,
        until_ms: NOW_MS + 1,
    };
    let signed = sign_certificate(&claims, |message| key.sign(message).to_bytes()).map_err(refused)?;
    let binding = Binding { enrolment_id, k_officer_spki: &[1] };
    verify_certificate(&signed, key.verifying_key().as_bytes(), binding, NOW_MS).map_err(refused)
}

fn alert(deployment_id: DeploymentId) -> Result<AlertDto, ExerciseRefused> {
    let media = |number| MediaDto { media_id: MediaId(Uuid::from_u128(number)), sha256: "0".repeat(64), size: 1 };
    Ok(AlertDto {
        alert_id: AlertId(Uuid::from_u128(5)),
        deployment_id,
        camera_id: CameraId::new("exercise").map_err(refused)?,
        camera_name: "exercise".to_owned(),
        direction: None,
        captured_at_ms: NOW_MS,
        sent_at_ms: NOW_MS,
        stale_at_ms: NOW_MS + 180_000,
        media_expire_at_ms: NOW_MS + 3_600_000,
        probes: vec![media(6)],
        reference: media(7),
        reference_source: ReferenceSource::Other,
        reference_age_years: None,
        watchlist_entry_ref: "exercise".to_owned(),
        score_thousandths: 700,
        threshold_thousandths: 640,
        grade: Grade::Amber,
        categories: BTreeSet::from([Category::TestSubject]),
        reason_text: "exercise".to_owned(),
        warning_markers: BTreeSet::new(),
        entry_last_verified_at_ms: None,
        under_18: false,
        vulnerable: false,
        known_twin_or_sibling: false,
        display_name: None,
        operator_judgement: None,
    })
}
