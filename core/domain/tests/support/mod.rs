//! What the tests of the domain share: an officer, an alert, moments, and a way to play commands.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // test code outside of #[test] functions

pub mod trail;

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use peel_domain::alert::{Alert, Category, Grade, ReferenceSource};
use peel_domain::deployment::Role;
use peel_domain::event::EventBody;
use peel_domain::id::{
    AlertId, CameraId, ComparisonId, DeploymentId, EngagementId, EnrolmentId, ForceId, MediaId, OfficerId,
};
use peel_domain::judgement::{Decision, JudgementValue};
use peel_domain::policy::Policy;
use peel_domain::shift::{Binding, CertificateClaims, SignedInOfficer, sign_certificate, verify_certificate};
use peel_domain::stop::{Explanation, IdentityStepKind, IdentityStepResult, LegalFooting, ReceiptChannel};
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_domain::wire::{AlertDto, MediaDto};
use peel_domain::workflow::{AlertState, Command, ReceiptForm, WorkflowError, decide};
use uuid::Uuid;

/// 2026-05-01T12:00:00Z.
pub const START_MS: i64 = 1_777_636_800_000;
pub const SPKI: &[u8] = b"the officer's public key";

pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn deployment() -> DeploymentId {
    DeploymentId(uuid(2))
}

/// `ms` after the start, on boot 1.
pub fn at(ms: i64) -> Moment {
    Moment {
        utc_ms: START_MS + ms,
        monotonic_ns: u64::try_from(ms + 3_600_000).unwrap() * 1_000_000,
        boot_id: BootId([1; 8]),
        source: TimeSource::Device,
        uncertainty_ms: 500,
    }
}

pub fn policy() -> Policy {
    Policy::strictest(ForceId::new("force.example").unwrap(), 1)
}

pub fn force_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub fn claims(officer: &str, role: Role) -> CertificateClaims {
    CertificateClaims {
        officer_id: OfficerId::new(officer).unwrap(),
        enrolment_id: EnrolmentId(uuid(1)),
        k_officer_spki: SPKI.to_vec(),
        roles: BTreeMap::from([(deployment(), BTreeSet::from([role]))]),
        from_ms: START_MS - 1_000,
        until_ms: START_MS + 12 * 3_600_000,
    }
}

pub fn certificate(claims: &CertificateClaims) -> Vec<u8> {
    sign_certificate(claims, |message| force_key().sign(message).to_bytes()).unwrap()
}

pub fn binding() -> Binding<'static> {
    Binding { enrolment_id: EnrolmentId(uuid(1)), k_officer_spki: SPKI }
}

pub fn officer_in(officer: &str, role: Role) -> SignedInOfficer {
    let bytes = certificate(&claims(officer, role));
    verify_certificate(&bytes, &force_key().verifying_key().to_bytes(), binding(), START_MS).unwrap()
}

pub fn officer() -> SignedInOfficer {
    officer_in("PC-1", Role::EngagementOfficer)
}

pub fn media(number: u128) -> MediaDto {
    MediaDto { media_id: MediaId(uuid(number)), sha256: "ab".repeat(32), size: 1_000 }
}

pub fn alert_dto() -> AlertDto {
    AlertDto {
        alert_id: AlertId(uuid(3)),
        deployment_id: deployment(),
        camera_id: CameraId::new("cam-1").unwrap(),
        camera_name: "North corner".to_owned(),
        direction: Some("towards the station".to_owned()),
        captured_at_ms: START_MS - 500,
        sent_at_ms: START_MS - 200,
        stale_at_ms: START_MS + 180_000,
        media_expire_at_ms: START_MS + 20 * 3_600_000,
        probes: vec![media(10), media(11)],
        reference: media(12),
        reference_source: ReferenceSource::Custody,
        reference_age_years: Some(3),
        watchlist_entry_ref: "entry-17".to_owned(),
        score_thousandths: 712,
        threshold_thousandths: 640,
        grade: Grade::Amber,
        categories: BTreeSet::from([Category::WantedByCourt]),
        reason_text: "failed to appear".to_owned(),
        warning_markers: BTreeSet::new(),
        entry_last_verified_at_ms: Some(START_MS - 3_600_000),
        under_18: false,
        vulnerable: false,
        known_twin_or_sibling: false,
        display_name: None,
        operator_judgement: Some(JudgementValue::SamePersonLikely),
    }
}

pub fn alert_with(change: impl FnOnce(&mut AlertDto)) -> Alert {
    let mut dto = alert_dto();
    change(&mut dto);
    dto.validate(START_MS).unwrap()
}

pub fn state_with(change: impl FnOnce(&mut AlertDto)) -> AlertState {
    AlertState::received(&alert_with(change), at(0))
}

pub fn fresh() -> AlertState {
    state_with(|_| {})
}

pub fn apply_all(state: &mut AlertState, events: &[EventBody]) {
    for event in events {
        state.apply(event).unwrap();
    }
}

/// Plays one command of PC-1 under the strictest policy.
pub fn play(state: &mut AlertState, command: Command, ms: i64) -> Result<Vec<EventBody>, WorkflowError> {
    play_under(state, command, &officer(), &policy(), ms)
}

pub fn play_under(
    state: &mut AlertState,
    command: Command,
    officer: &SignedInOfficer,
    policy: &Policy,
    ms: i64,
) -> Result<Vec<EventBody>, WorkflowError> {
    let events = decide(state, &command, officer, policy, at(ms))?;
    apply_all(state, &events);
    Ok(events)
}

pub fn judge(value: JudgementValue) -> Command {
    Command::Judge { value, look: None }
}

pub fn engage() -> Command {
    Command::Decide { decision: Decision::Engage, note: None }
}

pub fn contact() -> Command {
    Command::ContactMade { engagement_id: EngagementId(uuid(5)), footing: LegalFooting::VoluntaryConversation }
}

pub fn explain() -> Command {
    Command::Explain(Explanation {
        identity_of_officer: true,
        reason: true,
        came_from_lfr: true,
        free_to_go_or_detained: true,
        right_to_record: true,
    })
}

pub fn receipt() -> Command {
    Command::OfferReceipt(ReceiptForm { reference: "R-1".to_owned(), channel: ReceiptChannel::Qr, commitment: [8; 32] })
}

pub fn step(kind: IdentityStepKind, result: IdentityStepResult) -> Command {
    Command::IdentityStep { kind, result, reason: None }
}

pub fn comparison(number: u128) -> ComparisonId {
    ComparisonId(uuid(number))
}

/// Displayed and judged "same person likely".
pub fn revealed() -> AlertState {
    let mut state = fresh();
    play(&mut state, Command::Displayed, 100).unwrap();
    play(&mut state, judge(JudgementValue::SamePersonLikely), 3_000).unwrap();
    state
}

/// Engaged, contact made at 20 s.
pub fn in_contact() -> AlertState {
    let mut state = revealed();
    play(&mut state, engage(), 6_000).unwrap();
    play(&mut state, contact(), 20_000).unwrap();
    state
}
