//! What the reader of a bundle trusts: keys, origins, witnesses. Written in TOML, never in the bundle.
//!
//! The form is plain on purpose: one key a line, so that a program without a TOML library can read it.

use serde::{Deserialize, Serialize};

use crate::Origin;
use crate::entry::KeyId;
use crate::note::{SignatureType, VerifierKey};

/// The longest reason to do without witnesses, in bytes.
const MAX_REASON_BYTES: usize = 200;

/// Why a trust file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not TOML, or fields missing or unknown.
    #[error("read trust file: not in the form of a trust file")]
    Form,
    /// A key that is no verifier key of the kind asked for, or under another name.
    #[error("read trust file: field {0} holds no key of its kind and name")]
    Key(&'static str),
    /// Two logs under one origin or in one folder, or two people or witnesses of one name.
    #[error("read trust file: two of one name")]
    Doubled,
    /// One key under two names, which would count twice: two witnesses, two people, or a witness that is the force.
    #[error("read trust file: one key counts as two {0}")]
    OneKeyTwice(&'static str),
    /// More witnesses or approvers required than there are.
    #[error("read trust file: more {0} required than named")]
    Threshold(&'static str),
    /// Witnesses asked for and done without, or done without for no reason that can be printed.
    #[error("read trust file: without_witnesses gives no plain reason, or witnesses are asked for besides")]
    WithoutWitnesses,
    /// A recipient whose key id is not eight bytes in hexadecimal, or that ends before it begins.
    #[error("read trust file: a recipient is not a key id of its form with a sound period")]
    Recipient,
}

/// What a recipient opens records for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientPurpose {
    /// To check them.
    Auditor,
    /// The force's desk.
    Operations,
}

/// A key that phones may seal records to, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedRecipient {
    /// The first 8 bytes of SHA-256 of the serialised public key.
    pub kid: KeyId,
    /// What for.
    pub purpose: RecipientPurpose,
    /// From when, in seconds since 1970-01-01 UTC; from the beginning where it is not said.
    pub from_s: Option<u64>,
    /// Until when, exclusive.
    pub until_s: Option<u64>,
}

impl TrustedRecipient {
    /// Whether a record that was made at some time of `[not_before_s, not_after_s]` may be sealed to this key. The force
    /// ends a period late enough for phones that were without a network when the next key came.
    pub fn is_good_for(&self, not_before_s: u64, not_after_s: Option<u64>) -> bool {
        self.until_s.is_none_or(|until| not_before_s < until)
            && self.from_s.is_none_or(|from| not_after_s.is_none_or(|end| end >= from))
    }
}

/// A log that the reader knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its origin, which is its key's name.
    pub origin: Origin,
    /// Its Ed25519 key.
    pub key: VerifierKey,
    /// The hardware key of its device, under the same name.
    pub hardware: Option<VerifierKey>,
}

/// What the reader trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The force, as in its origins.
    pub force_domain: String,
    /// Signs manifests: `<force domain>/peel/bundle`, Ed25519.
    pub manifest: VerifierKey,
    /// The force log.
    pub force_log: TrustedLog,
    /// The gateway's cosigner key (type 0x04).
    pub gateway: VerifierKey,
    /// Outside witnesses of the force log (type 0x04).
    pub witnesses: Vec<VerifierKey>,
    /// How many of them must have cosigned.
    pub witnesses_required: usize,
    /// Why no witness is asked for, in the force's words; without a reason a check is not complete.
    pub without_witnesses: Option<String>,
    /// People whose approvals count.
    pub approvers: Vec<VerifierKey>,
    /// How many of them a change needs.
    pub approvals_required: usize,
    /// Devices' logs and the gateway's events.
    pub logs: Vec<TrustedLog>,
    /// The keys that records may be sealed to; none: recipients are not checked, and no check is complete.
    pub recipients: Vec<TrustedRecipient>,
    /// The force's root key, which signs shift certificates: `<force domain>/peel/root`, Ed25519. Without it no officer's
    /// signature is verified, and no check of decisions is complete.
    pub root: Option<VerifierKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    force_domain: String,
    manifest: String,
    force_log: String,
    gateway: String,
    #[serde(default)]
    witnesses: Vec<String>,
    #[serde(default)]
    witnesses_required: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    without_witnesses: Option<String>,
    #[serde(default)]
    approvers: Vec<String>,
    #[serde(default)]
    approvals_required: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    #[serde(default)]
    log: Vec<LogFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipient: Vec<RecipientFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipientFile {
    kid: String,
    purpose: RecipientPurpose,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_s: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hardware: Option<String>,
}

fn key(text: &str, field: &'static str, kind: SignatureType) -> Result<VerifierKey, TrustError> {
    let key: VerifierKey = text.parse().map_err(|_| TrustError::Key(field))?;
    if key.signature_type() == kind { Ok(key) } else { Err(TrustError::Key(field)) }
}

fn keys(texts: &[String], field: &'static str, kind: SignatureType) -> Result<Vec<VerifierKey>, TrustError> {
    let keys = texts.iter().map(|text| key(text, field, kind)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<&str> = keys.iter().map(VerifierKey::name).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() == keys.len() { Ok(keys) } else { Err(TrustError::Doubled) }
}

/// Names cost nothing: who counts is told apart by the key itself.
fn distinct<'a>(keys: impl Iterator<Item = &'a VerifierKey>, who: &'static str) -> Result<(), TrustError> {
    let mut bytes: Vec<Vec<u8>> = keys.map(VerifierKey::key_bytes).collect();
    let count = bytes.len();
    bytes.sort_unstable();
    bytes.dedup();
    if bytes.len() == count { Ok(()) } else { Err(TrustError::OneKeyTwice(who)) }
}

fn log(text: &str, hardware: Option<&str>) -> Result<TrustedLog, TrustError> {
    let log_key = key(text, "key", SignatureType::Ed25519)?;
    let origin = Origin::new(log_key.name()).map_err(|_| TrustError::Key("key"))?;
    let hardware = hardware.map(|text| key(text, "hardware", SignatureType::EcdsaP256)).transpose()?;
    if hardware.as_ref().is_some_and(|hardware| hardware.name() != log_key.name()) {
        return Err(TrustError::Key("hardware"));
    }
    Ok(TrustedLog { origin, key: log_key, hardware })
}

fn recipient(file: &RecipientFile) -> Result<TrustedRecipient, TrustError> {
    let kid = kid_of(&file.kid).ok_or(TrustError::Recipient)?;
    let RecipientFile { purpose, from_s, until_s, .. } = *file;
    let sound = from_s.zip(until_s).is_none_or(|(from, until)| from < until);
    if sound { Ok(TrustedRecipient { kid, purpose, from_s, until_s }) } else { Err(TrustError::Recipient) }
}

fn kid_of(text: &str) -> Option<KeyId> {
    let number = u64::from_str_radix(text, 16).ok()?;
    // What was read too kindly does not come back as it was written.
    Some(number.to_be_bytes()).filter(|kid| hex_of(*kid) == text)
}

fn hex_of(kid: KeyId) -> String {
    format!("{:016x}", u64::from_be_bytes(kid))
}

impl Trust {
    /// Reads a trust file.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let file: TrustFile = toml::from_str(text).map_err(|_| TrustError::Form)?;
        let domain = &file.force_domain;
        let manifest = key(&file.manifest, "manifest", SignatureType::Ed25519)?;
        if Origin::bundle(domain).map_err(|_| TrustError::Form)?.as_str() != manifest.name() {
            return Err(TrustError::Key("manifest"));
        }
        let force_log = log(&file.force_log, None).map_err(|_| TrustError::Key("force_log"))?;
        if force_log.origin.force_log_epoch(domain).is_none() {
            return Err(TrustError::Key("force_log"));
        }
        let logs = file.log.iter().map(|entry| log(&entry.key, entry.hardware.as_deref()));
        let trust = Self {
            manifest,
            force_log,
            gateway: key(&file.gateway, "gateway", SignatureType::CosignatureV1)?,
            witnesses: keys(&file.witnesses, "witnesses", SignatureType::CosignatureV1)?,
            witnesses_required: file.witnesses_required,
            without_witnesses: file.without_witnesses,
            approvers: keys(&file.approvers, "approvers", SignatureType::Ed25519)?,
            approvals_required: file.approvals_required,
            logs: logs.collect::<Result<_, _>>()?,
            recipients: file.recipient.iter().map(recipient).collect::<Result<_, _>>()?,
            root: file.root.as_deref().map(|text| key(text, "root", SignatureType::Ed25519)).transpose()?,
            force_domain: file.force_domain,
        };
        trust.check()?;
        Ok(trust)
    }

    /// The force log under the name that it had in an epoch up to the present one: it has one key for all of them.
    pub fn force_log_at(&self, origin: &Origin) -> Option<TrustedLog> {
        let epoch = origin.force_log_epoch(&self.force_domain)?;
        let known = epoch <= self.force_log.origin.force_log_epoch(&self.force_domain)?;
        let key = self.force_log.key.key_bytes().try_into().ok().filter(|_| known)?;
        let key = VerifierKey::ed25519(origin.as_str(), &key).ok()?;
        Some(TrustedLog { origin: origin.clone(), key, hardware: None })
    }

    fn check(&self) -> Result<(), TrustError> {
        let all = self.logs.iter().chain(std::iter::once(&self.force_log));
        let mut folders: Vec<&str> = all.map(|log| log.origin.last_part()).collect();
        let count = folders.len();
        folders.sort_unstable();
        folders.dedup();
        if folders.len() != count {
            return Err(TrustError::Doubled);
        }
        let force = [&self.gateway, &self.force_log.key, &self.manifest];
        distinct(self.witnesses.iter(), "witnesses")?;
        if self.witnesses.iter().any(|key| force.iter().any(|own| own.key_bytes() == key.key_bytes())) {
            return Err(TrustError::OneKeyTwice("witnesses"));
        }
        distinct(self.approvers.iter(), "approvers")?;
        let mut kids: Vec<&KeyId> = self.recipients.iter().map(|recipient| &recipient.kid).collect();
        kids.sort_unstable();
        kids.dedup();
        if kids.len() != self.recipients.len() {
            return Err(TrustError::Doubled);
        }
        let plain = |reason: &String| {
            (1..=MAX_REASON_BYTES).contains(&reason.trim().len()) && !reason.chars().any(char::is_control)
        };
        if self.without_witnesses.as_ref().is_some_and(|reason| self.witnesses_required > 0 || !plain(reason)) {
            return Err(TrustError::WithoutWitnesses);
        }
        if self.witnesses_required > self.witnesses.len() {
            return Err(TrustError::Threshold("witnesses"));
        }
        if self.approvals_required > self.approvers.len() {
            return Err(TrustError::Threshold("approvals"));
        }
        Ok(())
    }

    /// The trust file.
    pub fn to_toml(&self) -> String {
        let texts = |keys: &[VerifierKey]| keys.iter().map(ToString::to_string).collect();
        let file = TrustFile {
            force_domain: self.force_domain.clone(),
            manifest: self.manifest.to_string(),
            force_log: self.force_log.key.to_string(),
            gateway: self.gateway.to_string(),
            witnesses: texts(&self.witnesses),
            witnesses_required: self.witnesses_required,
            without_witnesses: self.without_witnesses.clone(),
            approvers: texts(&self.approvers),
            approvals_required: self.approvals_required,
            root: self.root.as_ref().map(ToString::to_string),
            log: self.logs.iter().map(LogFile::from).collect(),
            recipient: self.recipients.iter().map(RecipientFile::from).collect(),
        };
        toml::to_string(&file).expect("plain strings and numbers are toml")
    }
}

impl From<&TrustedLog> for LogFile {
    fn from(log: &TrustedLog) -> Self {
        Self { key: log.key.to_string(), hardware: log.hardware.as_ref().map(ToString::to_string) }
    }
}

impl From<&TrustedRecipient> for RecipientFile {
    fn from(recipient: &TrustedRecipient) -> Self {
        let TrustedRecipient { kid, purpose, from_s, until_s } = *recipient;
        Self { kid: hex_of(kid), purpose, from_s, until_s }
    }
}
