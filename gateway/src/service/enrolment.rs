//! Enrolment: one code, one device, one log.

use base64::Engine as _;
use p256::pkcs8::DecodePublicKey as _;
use peel_domain::id::EnrolmentId;
use peel_domain::wire::dpop::Thumbprint;
use peel_domain::wire::{Base64, EnrolResponse, EnrolmentCode, RecipientDto, RecipientPurpose, TokenResponse};
use peel_ledger::Origin;
use peel_ledger::entry::CipherSuite;
use peel_ledger::force_log::Change;
use peel_ledger::note::VerifierKey;
use peel_ledger::seal::RecipientPublicKey;
use peel_ledger::tree::CompactRange;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::sessions::{TOKEN_LIFE_S, TokenClaims};
use super::standing::in_good_standing;
use super::{Authority, Gateway, ServiceError, changes, force_log, policy};
use crate::force as config;
use crate::storage::{self, Device, EnrolmentKeys, LogStore as _, Logs, Standing, Tx};

/// A one-time secret and until when it is good.
#[derive(Clone)]
pub struct NewCode {
    /// The secret.
    pub secret: [u8; 32],
    /// The end of its life, milliseconds since 1970 UTC.
    pub expires_ms: i64,
}

impl std::fmt::Debug for NewCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn secret_hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Refuses to let an enrolment go on from one that is not known, or that another one goes on from; one that was enrolled
/// in vain, so that nothing of its log is here, is passed over. A store that was put back from a backup may not know the
/// former enrolment any more: then two people's word is enough.
pub(super) fn may_be_replaced(authority: &Authority, tx: &Tx, replaces: EnrolmentId) -> Result<(), ServiceError> {
    if storage::device(tx, replaces)?.is_none() && authority.config.epoch < 2 {
        return Err(ServiceError::UnknownDevice);
    }
    for other in storage::replacements_of(tx, replaces)? {
        let log = Logs(tx).log(&other.to_string())?;
        if log.is_some_and(|log| log.next_index > 0 || log.committed.is_some()) {
            return Err(ServiceError::Invalid("enrolment.replaces"));
        }
    }
    Ok(())
}

/// Refuses to approve an enrolment that the phone has come after with another: the reply to this one never reached it.
pub(super) fn is_the_newest(tx: &Tx, replaces: EnrolmentId, enrolment_id: EnrolmentId) -> Result<(), ServiceError> {
    for other in storage::replacements_of(tx, replaces)?.into_iter().filter(|other| *other > enrolment_id) {
        if storage::device(tx, other)?.is_some_and(|device| device.standing == Standing::Good) {
            return Err(ServiceError::Invalid("enrolment.replaces"));
        }
    }
    Ok(())
}

/// Makes a one-time secret that lasts `ttl_s` seconds.
pub fn enrolment_code(
    authority: &Authority,
    tx: &Tx,
    ttl_s: u32,
    rng: &mut impl CryptoRng,
) -> Result<NewCode, ServiceError> {
    new_code(authority, tx, ttl_s, None, rng)
}

fn new_code(
    authority: &Authority,
    tx: &Tx,
    ttl_s: u32,
    replaces: Option<EnrolmentId>,
    rng: &mut impl CryptoRng,
) -> Result<NewCode, ServiceError> {
    replaces.map_or(Ok(()), |replaces| may_be_replaced(authority, tx, replaces))?;
    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let expires_ms = authority.clock.now_ms().saturating_add(i64::from(ttl_s).saturating_mul(1_000));
    storage::add_enrolment_code(tx, &secret_hash(&secret), expires_ms, replaces)?;
    Ok(NewCode { secret, expires_ms })
}

/// Makes a one-time secret and puts it into the text of an enrolment code for the gateway at `url`.
pub fn enrolment_text(
    authority: &Authority,
    tx: &Tx,
    url: &str,
    ttl_s: u32,
    rng: &mut impl CryptoRng,
) -> Result<Zeroizing<String>, ServiceError> {
    code_text(authority, tx, url, &new_code(authority, tx, ttl_s, None, rng)?)
}

/// The same for an enrolment that goes on from another one of the same phone: what its log carries of that one's counts.
/// The phone is not told, and cannot say so itself.
pub fn replacement_text(
    authority: &Authority,
    tx: &Tx,
    url: &str,
    ttl_s: u32,
    replaces: EnrolmentId,
    rng: &mut impl CryptoRng,
) -> Result<Zeroizing<String>, ServiceError> {
    code_text(authority, tx, url, &new_code(authority, tx, ttl_s, Some(replaces), rng)?)
}

fn code_text(authority: &Authority, tx: &Tx, url: &str, new: &NewCode) -> Result<Zeroizing<String>, ServiceError> {
    let NewCode { secret, expires_ms } = *new;
    let tls = config::TlsFiles::of(&authority.dir);
    let code = EnrolmentCode {
        gateway_url: url.trim_end_matches('/').to_owned(),
        spki_pins: tls.pins()?,
        root_certificate: tls.authority_der()?,
        force_vkey: authority.config.root_vkey.clone(),
        keys_sha256: response(authority, tx, EnrolmentId(uuid::Uuid::nil()), &authority.events_origin)?
            .keys_sha256()
            .map_err(|_| ServiceError::Internal)?,
        secret,
        expires_ms,
    };
    code.to_text().map(Zeroizing::new).map_err(|_| ServiceError::Invalid("enrolment.url"))
}

/// What a device brings to its enrolment.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The raw Ed25519 key of its log; its key line needs the origin, which only the gateway knows.
    pub log_key: Vec<u8>,
    /// The hardware key, DER `SubjectPublicKeyInfo`.
    pub hw_spki: Vec<u8>,
    /// The authentication key, DER `SubjectPublicKeyInfo`.
    pub auth_spki: Vec<u8>,
    /// The device's model.
    pub model: String,
}

/// The keys that may sign the device's log: Ed25519 and hardware.
fn log_keys(origin: &Origin, device: &NewDevice) -> Result<(VerifierKey, VerifierKey), ServiceError> {
    const BAD: ServiceError = ServiceError::Invalid("enrolment.key");
    let log_key: &[u8; 32] = device.log_key.as_slice().try_into().map_err(|_| BAD)?;
    p256::PublicKey::from_public_key_der(&device.auth_spki).map_err(|_| BAD)?;
    let log_key = VerifierKey::ed25519(origin.as_str(), log_key).map_err(|_| BAD)?;
    Ok((log_key, VerifierKey::p256(origin.as_str(), &device.hw_spki).map_err(|_| BAD)?))
}

fn enrol(
    authority: &Authority,
    tx: &Tx,
    secret: &[u8],
    device: NewDevice,
) -> Result<(EnrolmentId, Origin), ServiceError> {
    let now_ms = authority.clock.now_ms();
    let code = secret_hash(secret);
    match storage::take_enrolment_code(tx, &code, now_ms)? {
        None => return Err(ServiceError::CodeUnknown),
        Some(false) => return Err(ServiceError::CodeGone),
        Some(true) => {}
    }
    let enrolment_id = EnrolmentId(uuid::Uuid::now_v7());
    let log_id = enrolment_id.to_string();
    let origin = authority.config.device_origin(&log_id)?;
    let (log_key, hardware_key) = log_keys(&origin, &device)?;
    let NewDevice { hw_spki, auth_spki, model, .. } = device;
    let keys = EnrolmentKeys { log_vkey: log_key.to_string(), hw_spki, auth_spki };
    storage::put_device(tx, enrolment_id, &keys, &model, now_ms)?;
    Logs(tx).create_log(&log_id, &origin, &CompactRange::new().to_bytes())?;
    let replaces = storage::replaced_by_code(tx, &code)?;
    if let Some(replaces) = replaces {
        may_be_replaced(authority, tx, replaces)?;
        storage::set_replacement(tx, enrolment_id, replaces)?;
    }
    let replaces = replaces.map(|replaces| authority.config.device_origin(&replaces.to_string())).transpose()?;
    let change = Change::Enrolment { origin: origin.clone(), log_key, hardware_key: Some(hardware_key), replaces };
    // Without enough keys at hand two people approve it later; until then the device is known and not served.
    if force_log::can_approve(authority) {
        changes::submit(authority, tx, &force_log::proposed(authority, tx, change)?, None)?;
    }
    Ok((enrolment_id, origin))
}

fn recipient_dto(purpose: config::RecipientPurpose, key: &RecipientPublicKey) -> RecipientDto {
    let suite = match key.suite() {
        CipherSuite::P256Aes256Gcm => "p256",
        _ => "x25519",
    };
    RecipientDto {
        kid: key.kid().as_slice().into(),
        suite: suite.to_owned(),
        public_key: key.to_bytes().into(),
        purpose: match purpose {
            config::RecipientPurpose::Auditor => RecipientPurpose::Auditor,
            config::RecipientPurpose::Operations => RecipientPurpose::Operations,
        },
    }
}

/// What a phone is told of the force. The desk's key is the one of the present policy: a phone that is enrolled later need
/// not seal anything to an older one. A code made before the policy changed is of no use after it.
fn response(
    authority: &Authority,
    tx: &Tx,
    enrolment_id: EnrolmentId,
    origin: &Origin,
) -> Result<EnrolResponse, ServiceError> {
    let config = &authority.config;
    let recipients = policy::recipients_in_force(authority, tx)?;
    let signer = |text: &String| {
        let spki = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| ServiceError::Internal)?;
        Ok(Base64::from(spki))
    };
    let sequence = authority.keys.sequence.verifier().map_err(|_| ServiceError::Internal)?;
    Ok(EnrolResponse {
        enrolment_id,
        origin: origin.to_string(),
        recipients: recipients.iter().map(|(purpose, key)| recipient_dto(*purpose, key)).collect(),
        mirror_vkey: config.mirror_vkey.clone(),
        force_log_vkey: config.force_log_vkey.clone(),
        events_vkey: config.events_vkey.clone(),
        approver_vkeys: config.approver_vkeys.clone(),
        policy_signers: config.policy_signers.iter().map(signer).collect::<Result<_, ServiceError>>()?,
        gateway_sequence_key: sequence.key_bytes().into(),
    })
}

impl Gateway {
    /// Uses a code up and enrols the device that sent it. A device whose keys are not sound uses nothing up.
    pub async fn enrol(&self, secret: Vec<u8>, device: NewDevice) -> Result<EnrolResponse, ServiceError> {
        if device.model.len() > 100 || device.model.chars().any(char::is_control) {
            return Err(ServiceError::Invalid("enrolment.model"));
        }
        let authority = self.authority.clone();
        let secret = Zeroizing::new(secret);
        let enrolled = self.db.write(move |tx| {
            let (enrolment_id, origin) = enrol(&authority, tx, &secret, device)?;
            response(&authority, tx, enrolment_id, &origin)
        });
        let response = enrolled.await?;
        self.refresh_standings().await?;
        Ok(response)
    }

    /// A device that is served: its token may be older than what became of its enrolment.
    pub(super) async fn served_device(&self, enrolment_id: EnrolmentId) -> Result<Device, ServiceError> {
        let find = move |tx: &Tx| storage::device(tx, enrolment_id).map_err(ServiceError::from);
        let mut found = self.db.read(find).await?;
        if found.as_ref().is_none_or(|device| device.standing != Standing::Good) {
            // Before a phone is told that the force does not know it: a store that was put back meanwhile knows less than
            // the force does. A transaction that may write is refused then.
            found = self.db.write(find).await?;
        }
        let device = found.ok_or(ServiceError::UnknownDevice)?;
        in_good_standing(&device)?;
        Ok(device)
    }

    /// A token for a device that proved to hold its authentication key.
    pub async fn issue_token(
        &self,
        enrolment_id: EnrolmentId,
        proved: Thumbprint,
        now_s: u64,
    ) -> Result<TokenResponse, ServiceError> {
        let device = self.served_device(enrolment_id).await?;
        let thumbprint = Thumbprint::of_spki(&device.keys.auth_spki).map_err(|_| ServiceError::Internal)?;
        if thumbprint != proved {
            return Err(ServiceError::ProofRefused);
        }
        let token = self.sessions.token(TokenClaims { enrolment_id, thumbprint }, now_s);
        let expires_in_s = u32::try_from(TOKEN_LIFE_S).unwrap_or(u32::MAX);
        Ok(TokenResponse { token, expires_in_s })
    }
}
