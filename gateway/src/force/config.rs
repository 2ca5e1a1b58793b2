//! What a force's directory says about itself: nothing in it is secret.

use std::collections::BTreeSet;

use peel_ledger::Origin;
use peel_ledger::note::{SignatureType, VerifierKey};
use peel_ledger::seal::RecipientPublicKey;
use serde::{Deserialize, Serialize};

use super::{ForceDir, ForceError};
use crate::files;

/// What a recipient's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientPurpose {
    /// The auditor's key, kept off every server.
    Auditor,
    /// The desk's rotating key.
    Operations,
}

/// A recipient of sealed bodies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// What for.
    pub purpose: RecipientPurpose,
    /// The public key, as `x25519:` or `p256:` and hexadecimal.
    pub public_key: String,
}

/// Bounds of the service, each with a default that suits one force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Writes waiting for the store before 503.
    pub queue: usize,
    /// Requests a device may make at once before 429.
    pub device_burst: u32,
    /// Requests a second that a device regains.
    pub device_per_second: u32,
    /// Seconds in which a request's headers, and a request that does not stream, must be there.
    pub request_seconds: u64,
    /// Stored events kept for each device's stream.
    pub stream_backlog: u32,
    /// Mebibytes that the store's file may grow to, so that it leaves room on its disk; none where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_mib: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            queue: 1_024,
            device_burst: 200,
            device_per_second: 50,
            request_seconds: 15,
            stream_backlog: 20_000,
            store_mib: None,
        }
    }
}

/// An outside witness of the force log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Its submission prefix: `add-checkpoint` is called under it.
    pub url: String,
    /// Its cosigner key.
    pub vkey: String,
    /// For `https`: the certificates (PEM) that its server is checked against, a path within the force's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// The force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForceConfig {
    /// Its domain name, which begins every origin.
    pub force: String,
    /// Whether it exists for exercises only.
    pub exercise: bool,
    /// How often the force's own logs have begun, which is once unless its store was put back from a backup.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub epoch: u32,
    /// Recipients of sealed bodies.
    pub recipients: Vec<Recipient>,
    /// The two policy signers' public keys, DER `SubjectPublicKeyInfo` in base64.
    pub policy_signers: Vec<String>,
    /// The root key that signs shift certificates.
    pub root_vkey: String,
    /// The key that signs bundles.
    pub bundle_vkey: String,
    /// The mirror's cosigner key.
    pub mirror_vkey: String,
    /// The force log's key.
    pub force_log_vkey: String,
    /// The events log's key.
    pub events_vkey: String,
    /// The key that signs alert numbers.
    pub sequence_vkey: String,
    /// Those who approve changes in the force log; two must have signed.
    pub approver_vkeys: Vec<String>,
    /// How many witnesses must have cosigned, for those who check.
    #[serde(default)]
    pub witnesses_required: usize,
    /// Why a check asks for no witnesses, for the trust file: in the force's own words, and only where none are required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_witnesses: Option<String>,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Outside witnesses of the force log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessConfig>,
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is the form that serde asks for")]
const fn is_first(epoch: &u32) -> bool {
    *epoch == 1
}

/// The same key under another log's name.
fn renamed(vkey: &str, origin: &Origin) -> Result<String, ForceError> {
    let key = ForceConfig::vkey(vkey)?.key_bytes().try_into().map_err(|_| ForceError::Key)?;
    Ok(VerifierKey::ed25519(origin.as_str(), &key).map_err(|_| ForceError::Key)?.to_string())
}

impl ForceConfig {
    /// The configuration of a later epoch: the force's own logs have other names, and their keys with them.
    pub fn at_epoch(mut self, epoch: u32) -> Result<Self, ForceError> {
        self.epoch = epoch;
        self.force_log_vkey = renamed(&self.force_log_vkey, &self.force_log_origin()?)?;
        self.events_vkey = renamed(&self.events_vkey, &self.events_origin()?)?;
        Ok(self)
    }

    /// The key of the events log of any epoch, under that log's name.
    pub fn events_key(&self, origin: &Origin) -> Result<VerifierKey, ForceError> {
        origin.events_epoch(&self.force).ok_or(ForceError::Domain)?;
        Self::vkey(&renamed(&self.events_vkey, origin)?)
    }

    /// Reads a force's configuration.
    pub fn read(dir: &ForceDir) -> Result<Self, ForceError> {
        let text = files::read_text(&dir.config()).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ForceError::Missing,
            _ => ForceError::File(error),
        })?;
        let config: Self = toml::from_str(&text).map_err(|_| ForceError::Config)?;
        config.recipient_keys()?;
        config.events_origin()?;
        config.check_witnesses()?;
        Ok(config)
    }

    /// Writes it.
    pub fn write(&self, dir: &ForceDir) -> Result<(), ForceError> {
        let text = toml::to_string_pretty(self).map_err(|_| ForceError::Config)?;
        Ok(files::write_private(&dir.config(), text.as_bytes())?)
    }

    /// The recipients' public keys.
    pub fn recipient_keys(&self) -> Result<Vec<RecipientPublicKey>, ForceError> {
        let keys = self.recipients.iter().map(|recipient| recipient.public_key.parse());
        keys.collect::<Result<_, _>>().map_err(|_| ForceError::Key)
    }

    /// The origin of the force's own events.
    pub fn events_origin(&self) -> Result<Origin, ForceError> {
        Origin::events_of(&self.force, self.epoch).map_err(|_| ForceError::Domain)
    }

    /// The origin of the force log.
    pub fn force_log_origin(&self) -> Result<Origin, ForceError> {
        Origin::force_log_of(&self.force, self.epoch).map_err(|_| ForceError::Domain)
    }

    /// The origin of a device's log.
    pub fn device_origin(&self, enrolment_id: &str) -> Result<Origin, ForceError> {
        Origin::device(&self.force, enrolment_id).map_err(|_| ForceError::Domain)
    }

    fn check_witnesses(&self) -> Result<(), ForceError> {
        let keys = self.witnesses.iter().map(|witness| Self::vkey(&witness.vkey)).collect::<Result<Vec<_>, _>>()?;
        let cosigners = keys.iter().all(|key| key.signature_type() == SignatureType::CosignatureV1);
        // One key under two names would count twice, and the force's own key is no outsider's.
        let names: BTreeSet<&str> = keys.iter().map(VerifierKey::name).collect();
        let distinct: BTreeSet<Vec<u8>> = keys.iter().map(VerifierKey::key_bytes).collect();
        let own = [&self.mirror_vkey, &self.force_log_vkey, &self.events_vkey, &self.root_vkey, &self.bundle_vkey];
        let own =
            own.into_iter().map(|text| Ok(Self::vkey(text)?.key_bytes())).collect::<Result<Vec<_>, ForceError>>()?;
        let outsiders = own.iter().all(|key| !distinct.contains(key));
        let enough = self.witnesses_required <= keys.len();
        let plain = |reason: &String| !reason.trim().is_empty() && !reason.chars().any(char::is_control);
        let said = self.without_witnesses.as_ref().is_none_or(|reason| self.witnesses_required == 0 && plain(reason));
        if cosigners && outsiders && enough && said && names.len() == keys.len() && distinct.len() == keys.len() {
            Ok(())
        } else {
            Err(ForceError::Config)
        }
    }

    /// A verifier key of this configuration.
    pub fn vkey(text: &str) -> Result<VerifierKey, ForceError> {
        text.parse().map_err(|_| ForceError::Key)
    }
}
