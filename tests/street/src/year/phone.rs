//! One officer's phone with one alert: the domain's own state, moved by commands and by time.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signer as _, SigningKey};
use peel_domain::alert::Alert;
use peel_domain::deployment::Role;
use peel_domain::event::{
    Action, Actor, BODY_VERSION, CoordinationStatus, EventBody, Justification, MediaClass, MediaCommitment,
    MediaDeleted,
};
use peel_domain::id::{DeploymentId, EnrolmentId, OfficerId};
use peel_domain::policy::Policy;
use peel_domain::retention::{Known, due_media_knowing};
use peel_domain::shift::{Binding, CertificateClaims, SignedInOfficer, sign_certificate, verify_certificate};
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_domain::workflow::{AlertState, Command, decide, deployment_ended, due, withdrawn};

use super::YearFailed;

const SPKI: &[u8] = b"a key of the exercise";
const HOUR_MS: i64 = 3_600_000;

/// An officer with a phone, in one deployment.
pub(super) struct Officer {
    pub(super) enrolment_id: EnrolmentId,
    pub(super) id: OfficerId,
    signed_in: SignedInOfficer,
    begun_ms: i64,
    boot: [u8; 8],
}

impl Officer {
    /// Signs in by a certificate of the simulated force.
    pub(super) fn sign_in(
        id: OfficerId,
        enrolment_id: EnrolmentId,
        deployment: DeploymentId,
        now_ms: i64,
    ) -> Result<Self, YearFailed> {
        let force = SigningKey::from_bytes(&[9; 32]);
        let claims = CertificateClaims {
            officer_id: id.clone(),
            enrolment_id,
            k_officer_spki: SPKI.to_vec(),
            roles: BTreeMap::from([(deployment, BTreeSet::from([Role::EngagementOfficer]))]),
            from_ms: now_ms - HOUR_MS,
            until_ms: now_ms + 11 * HOUR_MS,
        };
        let bytes = sign_certificate(&claims, |message| force.sign(message).to_bytes())?;
        let binding = Binding { enrolment_id, k_officer_spki: SPKI };
        let signed_in = verify_certificate(&bytes, &force.verifying_key().to_bytes(), binding, now_ms)?;
        let [boot, ..] = enrolment_id.0.as_bytes().as_chunks::<8>().0 else { return Err(YearFailed::Days) };
        Ok(Self { enrolment_id, id, signed_in, begun_ms: now_ms, boot: *boot })
    }

    /// The phone's time.
    pub(super) fn moment(&self, utc_ms: i64) -> Moment {
        let since = u64::try_from(utc_ms - self.begun_ms + HOUR_MS).unwrap_or(0);
        Moment {
            utc_ms,
            monotonic_ns: since * 1_000_000,
            boot_id: BootId(self.boot),
            source: TimeSource::Device,
            uncertainty_ms: 500,
        }
    }

    /// An event of the officer about the deployment alone.
    pub(super) fn event(&self, deployment: DeploymentId, at_ms: i64, action: Action) -> EventBody {
        EventBody {
            v: BODY_VERSION,
            at: self.moment(at_ms),
            actor: Actor::Officer(self.id.clone()),
            deployment_id: Some(deployment),
            alert_id: None,
            justification: Justification::DeploymentManagement,
            action,
        }
    }
}

/// One alert on one phone, with the events that it has become.
pub(super) struct Held<'a> {
    pub(super) officer: &'a Officer,
    policy: &'a Policy,
    state: AlertState,
    pub(super) events: Vec<EventBody>,
}

impl<'a> Held<'a> {
    /// Received and stored.
    pub(super) fn received(
        officer: &'a Officer,
        policy: &'a Policy,
        alert: &Alert,
        alert_seq: u64,
        at_ms: i64,
    ) -> Self {
        let state = AlertState::received(alert, officer.moment(at_ms));
        let media = state.media().iter().map(|held| MediaCommitment {
            media_id: held.media_id,
            class: held.class,
            commitment: [3; 32],
            masked_faces: u8::from(held.class == MediaClass::Probe),
        });
        let received = Action::AlertReceived {
            alert_seq,
            camera_id: alert.open().camera_id.clone(),
            captured_at_ms: alert.open().captured_at_ms,
            media: media.collect(),
        };
        let mut held = Self { officer, policy, state, events: Vec::new() };
        let event = held.event(Actor::Core, received, at_ms);
        held.events.push(event);
        held
    }

    fn event(&self, actor: Actor, action: Action, at_ms: i64) -> EventBody {
        EventBody {
            v: BODY_VERSION,
            at: self.officer.moment(at_ms),
            actor,
            deployment_id: Some(self.state.deployment_id()),
            alert_id: Some(self.state.alert_id()),
            justification: Justification::AlertResponse,
            action,
        }
    }

    fn take(&mut self, events: Vec<EventBody>) -> Result<(), YearFailed> {
        for event in events {
            self.state.apply(&event)?;
            self.events.push(event);
        }
        Ok(())
    }

    /// The officer does something.
    pub(super) fn play(&mut self, command: &Command, at_ms: i64) -> Result<(), YearFailed> {
        let now = self.officer.moment(at_ms);
        let events = decide(&self.state, command, &self.officer.signed_in, self.policy, now)?;
        self.take(events)
    }

    /// The gateway tells that a colleague has judged.
    pub(super) fn told(&mut self, colleague: &OfficerId, at_ms: i64) -> Result<(), YearFailed> {
        let status = CoordinationStatus::Judged;
        let told = Action::Coordination { officer_id: colleague.clone(), status };
        let event = self.event(Actor::Gateway, told, at_ms);
        self.take(vec![event])
    }

    /// The operator withdraws.
    pub(super) fn withdrawn(&mut self, judged_false: bool, at_ms: i64) -> Result<(), YearFailed> {
        let events = withdrawn(&self.state, judged_false, self.officer.moment(at_ms));
        self.take(events)
    }

    /// Time goes by until then: what is due happens, images are destroyed.
    pub(super) fn wait(&mut self, at_ms: i64) -> Result<(), YearFailed> {
        let now = self.officer.moment(at_ms);
        loop {
            let due = due(&self.state, self.policy, now);
            if due.events.is_empty() {
                break;
            }
            self.take(due.events)?;
        }
        self.destroy(at_ms, Known::default())
    }

    /// The deployment ends.
    pub(super) fn ended(&mut self, at_ms: i64) -> Result<(), YearFailed> {
        let events = deployment_ended(&self.state, self.officer.moment(at_ms));
        self.take(events)?;
        self.destroy(at_ms, Known { deployment_ended: true, ..Known::default() })
    }

    fn destroy(&mut self, at_ms: i64, known: Known) -> Result<(), YearFailed> {
        let due = due_media_knowing(&self.state, self.policy, &self.officer.moment(at_ms), known);
        for image in due {
            let deleted = MediaDeleted {
                media_id: image.media_id,
                class: image.class,
                commitment: [3; 32],
                reason: image.reason,
            };
            let event = self.event(Actor::Core, Action::MediaDeleted(deleted), at_ms);
            self.take(vec![event])?;
        }
        Ok(())
    }
}
