//! A comparison permit without a street: an alert of an exercise, driven through the workflow.
//!
//! For: the command that compares two files, and tests of the face check. Such a comparison belongs to an exercise
//! alert, and its permit is had the same way as an officer's: a certificate is verified, the alert is shown, judged
//! blind, and for a close photograph engaged and contacted.
//! Must never: hand out the officer or the state. Always: the same permit for the same purpose; no force trusts the
//! exercise's key.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer, SigningKey};
use uuid::Uuid;

use crate::alert::{Alert, Category, Grade, ReferenceSource};
use crate::deployment::Role;
use crate::id::{
    AlertId, CameraId, ComparisonId, DeploymentId, EngagementId, EnrolmentId, ForceId, InvalidId, MediaId, OfficerId,
};
use crate::judgement::{Decision, JudgementValue};
use crate::permit::{ComparisonPermit, ComparisonPurpose};
use crate::policy::Policy;
use crate::shift::{self, Binding, CertificateClaims, ShiftError, SignedInOfficer};
use crate::stop::LegalFooting;
use crate::time::{BootId, Moment, TimeSource};
use crate::wire::{AlertDto, AlertError, MediaDto};
use crate::workflow::{AlertState, Command, ComparisonRequest, WorkflowError, decide};

/// When the exercise takes place: 2026-01-01T12:00:00Z.
const START_MS: i64 = 1_767_268_800_000;
const HOUR_MS: i64 = 3_600_000;

/// The exercise could not be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExerciseError {
    /// A fixed identifier of the exercise is not one.
    #[error("name the exercise")]
    Id(#[from] InvalidId),
    /// The exercise's alert is not one.
    #[error("raise the exercise's alert")]
    Alert(#[from] AlertError),
    /// The exercise's certificate is not one.
    #[error("sign in to the exercise")]
    Shift(#[from] ShiftError),
    /// The workflow refused.
    #[error("play the exercise")]
    Workflow(#[from] WorkflowError),
}

/// A permit for one comparison that belongs to an exercise alert.
pub fn comparison_permit(purpose: ComparisonPurpose) -> Result<ComparisonPermit, ExerciseError> {
    let officer = sign_in()?;
    let policy = Policy::strictest(ForceId::new("exercise.invalid")?, 1);
    let mut state = AlertState::received(&alert()?, at(1_000));
    let mut commands = vec![Command::Displayed, Command::Judge { value: JudgementValue::CannotTell, look: None }];
    if purpose == ComparisonPurpose::ClosePhotograph {
        let note = Some("role-player of the exercise".to_owned());
        commands.push(Command::Decide { decision: Decision::Engage, note });
        commands.push(Command::ContactMade {
            engagement_id: EngagementId(id(5)),
            footing: LegalFooting::VoluntaryConversation,
        });
    }
    for (seconds, command) in (2_u64..).zip(commands) {
        for event in decide(&state, &command, &officer, &policy, at(seconds * 1_000))? {
            state.apply(&event)?;
        }
    }
    let request = ComparisonRequest { comparison_id: ComparisonId(id(6)), purpose, reason: None };
    Ok(state.comparison_permit(request, &officer, &policy, at(10_000))?)
}

/// Fixed identifiers of the exercise: version 8 (RFC 9562 section 5.8), so that they can be nobody else's.
fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0000_0000_0000_8000, 0x8000_0000_0000_0000 | number)
}

fn at(ms: u64) -> Moment {
    Moment {
        utc_ms: START_MS.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)),
        monotonic_ns: ms.saturating_mul(1_000_000),
        boot_id: BootId([0; 8]),
        source: TimeSource::Exercise,
        uncertainty_ms: 0,
    }
}

fn sign_in() -> Result<SignedInOfficer, ExerciseError> {
    let key = SigningKey::from_bytes(b"the exercise signs with this key");
    let k_officer_spki = b"exercise".to_vec();
    let claims = CertificateClaims {
        officer_id: OfficerId::new("EXERCISE")?,
        enrolment_id: EnrolmentId(id(1)),
        k_officer_spki: k_officer_spki.clone(),
        roles: BTreeMap::from([(DeploymentId(id(2)), BTreeSet::from([Role::EngagementOfficer]))]),
        from_ms: START_MS,
        until_ms: START_MS + HOUR_MS,
    };
    let certificate = shift::sign_certificate(&claims, |message| key.sign(message).to_bytes())?;
    let binding = Binding { enrolment_id: claims.enrolment_id, k_officer_spki: &k_officer_spki };
    Ok(shift::verify_certificate(&certificate, &key.verifying_key().to_bytes(), binding, START_MS)?)
}

fn alert() -> Result<Alert, ExerciseError> {
    let image = |number: u64| MediaDto { media_id: MediaId(id(number)), sha256: "0".repeat(64), size: 1 };
    let dto = AlertDto {
        alert_id: AlertId(id(3)),
        deployment_id: DeploymentId(id(2)),
        camera_id: CameraId::new("exercise")?,
        camera_name: "exercise".to_owned(),
        direction: None,
        captured_at_ms: START_MS,
        sent_at_ms: START_MS,
        stale_at_ms: START_MS + 180_000,
        media_expire_at_ms: START_MS + HOUR_MS,
        probes: vec![image(10)],
        reference: image(11),
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
    };
    Ok(dto.validate(START_MS)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_a_permit_for_either_purpose() {
        for purpose in [ComparisonPurpose::AlertProbe, ComparisonPurpose::ClosePhotograph] {
            assert_eq!(comparison_permit(purpose).map(|permit| permit.purpose()), Ok(purpose));
        }
    }
}
