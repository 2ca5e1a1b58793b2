//! Enrolment, sign-in, policy, deployments: what ties a phone to a force, an officer and a place.

use std::sync::Arc;

use peel_domain::deployment::{DeploymentState, Role};
use peel_domain::event::{Action, Actor, CertificateBytes, EventBody, Justification};
use peel_domain::id::{DeploymentId, ForceId, OfficerId};
use peel_domain::policy::{PolicyError, PolicyTrust, verify_policy};
use peel_domain::shift::{Binding, verify_certificate};
use peel_domain::silence::Silence;
use peel_domain::time::{Clock as _, Moment};
use peel_domain::wire::{
    DeploymentsResponse, EnrolRequest, EnrolResponse, EnrolmentCode, EnrolmentCodeError, PresenceRequest,
    RecipientPurpose, RosteredDeployment, SignInRequest, SignInResponse,
};
use peel_ledger::Origin;
use peel_ledger::note::{Ed25519Signer, VerifierKey};
use zeroize::Zeroizing;

use super::error::EngineError;
use super::state::{DeploymentRecord, DeviceRecord, OpenDeployment, ShiftRecord, State};
use super::{Engine, keys, persist, record, views};
use crate::ffi::{DeploymentView, EnrolmentView, KeySlot, SessionView, ShiftView, SyncOutcome, VaultError, WrapSlot};
use crate::sealed::RecordKey;
use crate::store::{Batch, Op};
use crate::transport::{GatewayClient, TransportError};
use crate::vault::wrap_key;

/// Largest policy document that is taken.
const MAX_POLICY_BYTES: usize = 256 * 1024;
/// How long the sync at a shift's end may take.
const LAST_SYNC_MS: u32 = 10_000;

/// The seed of `K_log`, and the public halves of `K_log`, `K_hw` and `K_auth`.
type DeviceKeys = (Zeroizing<[u8; 32]>, [Vec<u8>; 3]);

impl Engine {
    /// Enrols this device.
    pub(crate) async fn enrol(self: &Arc<Self>, text: Zeroizing<String>) -> Result<EnrolmentView, EngineError> {
        self.may_enrol()?;
        // Whether its time is over the gateway says: this phone's clock may be years off.
        let code = EnrolmentCode::parse(&text, i64::MIN)?;
        let client = GatewayClient::new(&code.gateway_url, &code.root_certificate, code.spki_pins, None)?;
        let (seed, keys) = self.blocking(Self::device_keys).await?;
        let [k_log, k_hw_spki, k_auth_spki] = keys;
        let request = EnrolRequest {
            secret: code.secret.as_slice().into(),
            k_log: k_log.into(),
            k_hw_spki: k_hw_spki.clone().into(),
            k_auth_spki: k_auth_spki.clone().into(),
            model: "peel".to_owned(),
        };
        let reply: EnrolResponse = client.post_open("/v1/enrol", &request).await.map_err(code_refused)?;
        self.blocking(move |engine| engine.keep_enrolment(&code, &seed, (k_hw_spki, k_auth_spki), &reply)).await
    }

    /// A fresh `K_log` and the public halves of all keys.
    fn device_keys(&self) -> Result<DeviceKeys, EngineError> {
        let signer = Ed25519Signer::generate("new", &mut rand::rng()).map_err(|_| EngineError::Task)?;
        let public = signer.verifier().map_err(|_| EngineError::Task)?.key_bytes();
        let hardware = self.vault.public_key(KeySlot::Hardware)?;
        let auth = self.vault.public_key(KeySlot::Auth)?;
        Ok((signer.expose_seed(), [public, hardware, auth]))
    }

    fn keep_enrolment(
        &self,
        code: &EnrolmentCode,
        seed: &Zeroizing<[u8; 32]>,
        public: (Vec<u8>, Vec<u8>),
        reply: &EnrolResponse,
    ) -> Result<EnrolmentView, EngineError> {
        let wrapped = self.vault.wrap(WrapSlot::Log, seed.to_vec())?;
        self.keep_device(device_record(code, reply, wrapped, public)?)
    }

    pub(super) fn keep_device(&self, device: DeviceRecord) -> Result<EnrolmentView, EngineError> {
        let mut state = self.lock();
        if state.device.is_some() {
            self.succeed(&mut state, device)?;
            drop(state);
            self.bump();
            return views::enrolment(&self.lock()).ok_or(EngineError::NotEnrolled);
        }
        self.put([persist::put(&self.store_key, persist::DEVICE, &device)?])?;
        self.load_device(&mut state, device)?;
        drop(state);
        self.bump();
        views::enrolment(&self.lock()).ok_or(EngineError::NotEnrolled)
    }

    /// Where the phone stands.
    pub(crate) fn session(&self) -> SessionView {
        views::session(&self.lock())
    }

    /// Signs an officer in.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        number: String,
        pin: Zeroizing<String>,
    ) -> Result<ShiftView, EngineError> {
        let officer_id = OfficerId::new(number).map_err(|_| EngineError::Invalid("officer.number"))?;
        {
            let state = self.lock();
            let open = state.deployment.is_some();
            let other = state.officer.as_ref().is_some_and(|officer| *officer.officer_id() != officer_id);
            if open && other {
                return Err(EngineError::NotNow("shift.other_officer_in_deployment"));
            }
        }
        let link = self.link()?;
        let k_officer_spki = self.blocking(|engine| Ok(engine.vault.public_key(KeySlot::Officer)?)).await?;
        let request = SignInRequest { officer_id, pin: (*pin).clone(), k_officer_spki: k_officer_spki.clone().into() };
        let reply: SignInResponse = match link.post("/v1/sign-in", &request).await {
            Ok(reply) => reply,
            Err(refusal) => {
                self.blocking({
                    let refusal = refusal.clone();
                    move |engine| engine.heed(&refusal)
                })
                .await?;
                self.bump();
                return Err(refusal.into());
            }
        };
        let certificate = reply.certificate.as_bytes().to_vec();
        let view = self.blocking(move |engine| engine.keep_shift(certificate, &k_officer_spki)).await?;
        // Without the force's policy the strictest one holds; the shift begins all the same.
        match self.fetch_policy().await {
            Ok(()) | Err(EngineError::Transport(_) | EngineError::Policy(_)) => {}
            Err(error) => return Err(error),
        }
        self.sign_soon();
        Ok(view)
    }

    pub(super) fn keep_shift(&self, certificate: Vec<u8>, k_officer_spki: &[u8]) -> Result<ShiftView, EngineError> {
        let mut state = self.lock();
        let now = self.now();
        let device = state.device()?;
        let binding = Binding { enrolment_id: device.enrolment_id, k_officer_spki };
        let officer = verify_certificate(&certificate, &device.force_key, binding, now.utc_ms)?;
        let actor = Actor::Officer(officer.officer_id().clone());
        let kept = CertificateBytes(certificate.clone());
        let action = Action::ShiftStarted { until_ms: officer.until_ms(), certificate: Some(kept) };
        let event = record::event(&state, action, actor, Justification::DeploymentManagement, now);
        let shift = ShiftRecord { certificate, signed_in_at_ms: now.utc_ms };
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::SHIFT, &shift)?);
        self.record(&mut state, &[event], batch)?;
        state.officer = Some(officer);
        views::shift(&state).ok_or(EngineError::NotSignedIn)
    }

    /// Fetches the policy; one that is unsigned or contradicts itself is refused and the one in force stays.
    pub(super) async fn fetch_policy(self: &Arc<Self>) -> Result<(), EngineError> {
        let signed = self.link()?.bytes("/v1/policy", MAX_POLICY_BYTES).await?;
        self.blocking(move |engine| engine.keep_policy(&signed)).await
    }

    pub(super) fn keep_policy(&self, signed: &[u8]) -> Result<(), EngineError> {
        let mut state = self.lock();
        let now = self.now();
        let device = state.device()?;
        let trust = PolicyTrust {
            signers: &device.policy_signers,
            force_id: &device.force_id,
            current_version: state.policy.version,
        };
        let verified = match verify_policy(signed, trust) {
            Ok(verified) => verified,
            Err(error) => {
                self.refuse_policy(&mut state, error.code())?;
                return Err(error.into());
            }
        };
        if verified.policy.version == state.policy.version {
            if verified.policy == state.policy {
                state.alarms.remove("policy.refused");
                return Ok(());
            }
            // One version has one policy; a force that lost it with its store signs the same again or a newer one.
            self.refuse_policy(&mut state, PolicyError::WrongVersion.code())?;
            return Err(PolicyError::WrongVersion.into());
        }
        let recipients = match keys::recipients(device, &verified.policy) {
            Ok(recipients) => recipients,
            Err(error) => {
                self.refuse_policy(&mut state, PolicyError::Recipients.code())?;
                return Err(error);
            }
        };
        let action = Action::PolicyApplied { version: verified.policy.version, sha256: verified.sha256 };
        let event = record::event(&state, action, Actor::Core, Justification::DeploymentManagement, now);
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::POLICY, &signed)?);
        self.record(&mut state, &[event], batch)?;
        state.policy = verified.policy;
        // From the next entry on; the one that says so could still be opened by the key before.
        if let Some(trail) = &mut state.trail {
            trail.seal_to(recipients);
        }
        state.alarms.remove("policy.refused");
        Ok(())
    }

    /// Records and shows that a policy was not taken.
    fn refuse_policy(&self, state: &mut State, code: &'static str) -> Result<(), EngineError> {
        self.refuse(state, None, code, Batch::new())?;
        state.raise("policy.refused");
        Ok(())
    }

    async fn rostered(&self) -> Result<Vec<RosteredDeployment>, EngineError> {
        self.lock().officer()?;
        let reply: DeploymentsResponse = self.link()?.get("/v1/deployments").await?;
        Ok(reply.deployments)
    }

    /// Deployments that the officer is rostered for.
    pub(crate) async fn deployments(&self) -> Result<Vec<DeploymentView>, EngineError> {
        Ok(self.rostered().await?.iter().map(views::deployment).collect())
    }

    /// Joins a deployment.
    pub(crate) async fn join(self: &Arc<Self>, deployment_id: DeploymentId, role: Role) -> Result<(), EngineError> {
        if self.lock().deployment.is_some() {
            return Err(EngineError::NotNow("deployment.already_joined"));
        }
        let rostered = self.rostered().await?;
        let rostered = rostered.into_iter().find(|one| one.card.deployment_id == deployment_id);
        let rostered = rostered.ok_or(EngineError::NotFound("deployment.unknown"))?;
        if !rostered.roles.contains(&role) || !self.lock().officer()?.has_role(deployment_id, role) {
            return Err(EngineError::NotNow("deployment.role_not_rostered"));
        }
        if rostered.state == DeploymentState::Ended || self.now().utc_ms >= rostered.card.planned_end_ms {
            return Err(EngineError::NotNow("deployment.over"));
        }
        // Joined in the trail before the gateway sends anything.
        self.blocking(move |engine| engine.keep_joined(rostered, role)).await?;
        let path = format!("/v1/deployments/{deployment_id}/presence");
        if let Err(error) = self.link()?.tell(&path, &PresenceRequest { role, present: true }).await {
            self.blocking(Self::keep_left).await?;
            return Err(error.into());
        }
        Ok(())
    }

    pub(super) fn keep_joined(&self, rostered: RosteredDeployment, role: Role) -> Result<(), EngineError> {
        let mut state = self.lock();
        if state.deployment.is_some() {
            return Err(EngineError::NotNow("deployment.already_joined"));
        }
        // What an earlier deployment wrapped opens no more, whatever is left of it anywhere.
        self.destroy_deployment_key()?;
        let cache = RecordKey::generate(&mut rand::rng());
        let cache_wrapped = wrap_key(self.vault.as_ref(), WrapSlot::Deployment, &cache)?;
        let deployment_state = rostered.state;
        let record = DeploymentRecord {
            card: rostered.card,
            role,
            state: deployment_state,
            briefed: false,
            cache_wrapped,
            feeds: Vec::new(),
        };
        let mut batch = Batch::new();
        batch.push(Op::ForgetDeployment);
        batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &record)?);
        // The gateway's list of deployments has just been fetched.
        let silence = Silence::beginning(self.now());
        batch.push(persist::put(&self.store_key, persist::SILENCE, &silence)?);
        let event = self.officer_event(&state, Action::Joined { role }, record.card.deployment_id)?;
        state.deployment = Some(OpenDeployment { record, cache });
        let result = self.record(&mut state, &[event], batch);
        if result.is_ok() {
            (state.silence, state.silence_kept) = (Some(silence), Some(silence.seen()));
        } else {
            state.deployment = None;
        }
        result
    }

    fn officer_event(&self, state: &State, action: Action, deployment: DeploymentId) -> Result<EventBody, EngineError> {
        let actor = Actor::Officer(state.officer()?.officer_id().clone());
        let event = record::event(state, action, actor, Justification::DeploymentManagement, self.now());
        Ok(EventBody { deployment_id: Some(deployment), ..event })
    }

    /// The card was read. Blocks.
    pub(crate) fn acknowledge_briefing(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let mut record = state.deployment()?.record.clone();
        if record.briefed {
            return Ok(());
        }
        record.briefed = true;
        let event = self.officer_event(&state, Action::BriefingAcknowledged, record.card.deployment_id)?;
        let mut batch = Batch::new();
        batch.push(persist::put(&self.store_key, persist::DEPLOYMENT, &record)?);
        self.record(&mut state, &[event], batch)?;
        if let Some(open) = &mut state.deployment {
            open.record = record;
        }
        Ok(())
    }

    /// Leaves the deployment: everything closed, images destroyed, the deployment's key gone.
    pub(crate) async fn leave_deployment(self: &Arc<Self>) -> Result<(), EngineError> {
        let (deployment_id, role) = {
            let state = self.lock();
            state.officer()?;
            let open = state.deployment()?;
            if state.alerts.values().any(|held| !held.state.phase().is_closed()) {
                return Err(EngineError::NotNow("deployment.alerts_open"));
            }
            (open.record.card.deployment_id, open.record.role)
        };
        self.blocking(Self::keep_left).await?;
        // The gateway also notices from the trail; offline it hears of it with the next sync.
        let path = format!("/v1/deployments/{deployment_id}/presence");
        if let Ok(link) = self.link() {
            let _ = link.tell(&path, &PresenceRequest { role, present: false }).await;
        }
        Ok(())
    }

    fn keep_left(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let deployment_id = state.deployment()?.record.card.deployment_id;
        self.destroy_all(&mut state)?;
        let event = self.officer_event(&state, Action::Left, deployment_id)?;
        let mut batch = Batch::new();
        // The event goes to the trail alone: its working copy would outlive the cache.
        batch.push(Op::ForgetDeployment);
        batch.push(Op::Forget(persist::DEPLOYMENT));
        batch.extend([persist::ALIVE, persist::SILENCE].map(Op::Forget));
        let open = state.deployment.take();
        if let Err(error) = self.record(&mut state, &[event], batch) {
            state.deployment = open;
            return Err(error);
        }
        state.alerts.clear();
        state.feeds.clear();
        state.silence = None;
        let _ = self.store.truncate_log();
        self.destroy_deployment_key()?;
        drop(state);
        self.bump();
        Ok(())
    }

    /// Destroys the key that wraps images' keys and the working cache's.
    pub(super) fn destroy_deployment_key(&self) -> Result<(), EngineError> {
        match self.vault.destroy(WrapSlot::Deployment) {
            Ok(()) | Err(VaultError::Lost) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the shift.
    pub(crate) async fn end_shift(self: &Arc<Self>) -> Result<SyncOutcome, EngineError> {
        if self.lock().deployment.is_some() {
            self.leave_deployment().await?;
        }
        self.blocking(Self::keep_shift_ended).await?;
        let outcome = self.sync(LAST_SYNC_MS).await;
        self.disconnect();
        outcome
    }

    fn keep_shift_ended(&self) -> Result<(), EngineError> {
        let mut state = self.lock();
        let actor = Actor::Officer(state.officer()?.officer_id().clone());
        let now: Moment = self.clock.now();
        let event = record::event(&state, Action::ShiftEnded, actor, Justification::DeploymentManagement, now);
        let mut batch = Batch::new();
        batch.push(Op::Forget(persist::SHIFT));
        self.record(&mut state, &[event], batch)?;
        state.officer = None;
        Ok(())
    }
}

/// What the gateway says about a code, in the code's own words.
fn code_refused(error: TransportError) -> EngineError {
    match error {
        TransportError::Refused { status: 401 | 403 | 404, .. } => EnrolmentCodeError::Wrong.into(),
        TransportError::Refused { status: 410, .. } => EnrolmentCodeError::Used.into(),
        // A fresh code names the present key: whoever has another one is not the gateway.
        TransportError::PinsOutdated => TransportError::Untrusted.into(),
        other => other.into(),
    }
}

/// Everything that the gateway said is read once here, so that nothing malformed is ever kept.
fn device_record(
    code: &EnrolmentCode,
    reply: &EnrolResponse,
    k_log_wrapped: Vec<u8>,
    (k_hw_spki, k_auth_spki): (Vec<u8>, Vec<u8>),
) -> Result<DeviceRecord, EngineError> {
    const BAD: EngineError = EngineError::Integrity("enrolment.reply");
    // Recipients, policy signers, mirror: what the code did not promise is not believed.
    if reply.keys_sha256().map_err(|_| BAD)? != code.keys_sha256 {
        return Err(EngineError::Integrity("enrolment.keys"));
    }
    let (force, _) = reply.origin.split_once("/peel/").ok_or(BAD)?;
    let expected = Origin::device(force, &reply.enrolment_id.to_string()).map_err(|_| BAD)?;
    if expected.as_str() != reply.origin {
        return Err(BAD);
    }
    for key in reply.approver_vkeys.iter().chain([&reply.mirror_vkey, &reply.force_log_vkey]) {
        key.parse::<VerifierKey>().map_err(|_| BAD)?;
    }
    let force_key: VerifierKey = code.force_vkey.parse().map_err(|_| BAD)?;
    let (mut recipients, mut operations) = (Vec::new(), Vec::new());
    for recipient in &reply.recipients {
        let text = format!("{}:{}", recipient.suite, hex::encode(recipient.public_key.as_bytes()));
        let key: peel_ledger::seal::RecipientPublicKey = text.parse().map_err(|_| BAD)?;
        if key.kid().as_slice() != recipient.kid.as_bytes() {
            return Err(BAD);
        }
        if recipient.purpose == RecipientPurpose::Operations {
            operations.push(key.to_string());
        }
        recipients.push(key.to_string());
    }
    // Operations and oversight, so that nobody alone holds what is recorded.
    let for_purpose = |purpose| reply.recipients.iter().any(|recipient| recipient.purpose == purpose);
    if !for_purpose(RecipientPurpose::Auditor) || !for_purpose(RecipientPurpose::Operations) {
        return Err(BAD);
    }
    Ok(DeviceRecord {
        enrolment_id: reply.enrolment_id,
        force_id: ForceId::new(force).map_err(|_| BAD)?,
        gateway_url: code.gateway_url.clone(),
        spki_pins: code.spki_pins,
        root_certificate: code.root_certificate.clone(),
        force_key: force_key.key_bytes().try_into().map_err(|_| BAD)?,
        origin: reply.origin.clone(),
        recipients,
        operations,
        mirror_vkey: reply.mirror_vkey.clone(),
        force_log_vkey: Some(reply.force_log_vkey.clone()),
        policy_signers: reply.policy_signers.iter().map(|spki| spki.as_bytes().to_vec()).collect(),
        approvers: reply.approver_vkeys.clone(),
        sequence_key: reply.gateway_sequence_key.as_bytes().try_into().map_err(|_| BAD)?,
        k_log_wrapped,
        k_hw_spki,
        k_auth_spki: Some(k_auth_spki),
    })
}
