//! How a phone comes to a force: keys of its own, the code that was scanned, and what the gateway answers.
//!
//! Must never: believe what the code did not promise. Always: all that the gateway said is read before anything is kept.

use std::sync::Arc;

use peel_domain::id::ForceId;
use peel_domain::wire::{EnrolRequest, EnrolResponse, EnrolmentCode, EnrolmentCodeError, RecipientPurpose};
use peel_ledger::Origin;
use peel_ledger::note::{Ed25519Signer, VerifierKey};
use zeroize::Zeroizing;

use super::error::EngineError;
use super::state::DeviceRecord;
use super::{Engine, persist, views};
use crate::ffi::{EnrolmentView, KeySlot, WrapSlot};
use crate::transport::{GatewayClient, TransportError};

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
