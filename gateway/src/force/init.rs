//! Making a force: keys, certificates, configuration and an empty store, and the private halves handed out.
//!
//! Must never: leave the operations or auditor private key in the directory that `serve` reads.
//! Always: refuses to overwrite a force that is there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::config::{Limits, Recipient, RecipientPurpose};
use super::keys::{ForceKeys, PolicySigners, PrivateKeyFile};
use super::{ForceConfig, ForceDir, ForceError, Rotation, TlsFiles};
use crate::files;
use crate::storage::{ApiKeyKind, Db, StoreAddress, StoreError};

/// What to make.
#[derive(Clone, Debug)]
pub struct InitRequest {
    /// `serve`'s directory.
    pub data: PathBuf,
    /// The force's domain name.
    pub force: String,
    /// For exercises only.
    pub exercise: bool,
    /// Host names and addresses of the server certificate.
    pub names: Vec<String>,
    /// The desk's directory: operations private key, desk token, authority.
    pub desk: PathBuf,
    /// The auditor's key.
    pub auditor: AuditorKey,
    /// Where the keys for the LFR system and the operator go.
    pub vendor: PathBuf,
    /// The database server, where the store is not a file of `data`.
    pub store: Option<StoreAddress>,
}

/// Whose key the auditor's is.
#[derive(Clone, Debug)]
pub enum AuditorKey {
    /// A new one, for a small force or an exercise; its private half goes into this directory.
    New(PathBuf),
    /// The auditor's own: its private half was never here.
    Theirs(RecipientPublicKey),
}

/// What was made, for whoever set the force up.
#[derive(Clone, Debug)]
pub struct Created {
    /// The configuration.
    pub config: ForceConfig,
}

fn random_text(rng: &mut impl CryptoRng) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rng.fill_bytes(bytes.as_mut_slice());
    Zeroizing::new(hex::encode(bytes.as_slice()))
}

fn is_domain(text: &str) -> bool {
    let part_is_sound = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= 64 && text.split('.').all(part_is_sound)
}

/// Makes a force.
pub fn create(request: &InitRequest, rng: &mut impl CryptoRng) -> Result<Created, ForceError> {
    let dir = ForceDir::new(&request.data);
    if dir.config().exists() {
        return Err(ForceError::Exists);
    }
    if !is_domain(&request.force) {
        return Err(ForceError::Domain);
    }
    for folder in [dir.path(), &dir.tls(), &dir.media(), &request.desk, &request.vendor] {
        files::private_dir(folder)?;
    }
    if let Some(StoreAddress::Server(server)) = &request.store {
        files::write_private(&dir.store_file(), server.expose_url().as_bytes())?;
        if let Some(authority) = server.authority_pem() {
            files::write_public(&dir.store_authority(), authority.as_bytes())?;
        }
    }
    let tls = TlsFiles::of(&dir);
    tls.create(&request.force, &request.names)?;
    let keys = ForceKeys::generate(&request.force, rng)?;
    keys.write(&dir)?;
    Rotation::of(&dir).state_first(&keys, &request.force)?;
    let signers = PolicySigners::generate(rng)?;
    signers.write(&dir)?;
    let recipients = hand_out_recipient_keys(request, rng)?;
    let config = config_of(request, &keys, &signers, recipients)?;
    hand_out_access(request, &dir, &tls, rng)?;
    // The desk's own copy of what is public, so that it does not take the force's keys from `serve`.
    config.write(&ForceDir::new(&request.desk))?;
    // Last, because its presence says that the force is complete.
    config.write(&dir)?;
    Ok(Created { config })
}

fn hand_out_recipient_keys(request: &InitRequest, rng: &mut impl CryptoRng) -> Result<Vec<Recipient>, ForceError> {
    let auditor = match &request.auditor {
        AuditorKey::New(folder) => {
            files::private_dir(folder)?;
            new_recipient_key(&folder.join("auditor.key"), CipherSuite::X25519ChaCha20Poly1305, rng)?
        }
        AuditorKey::Theirs(public) => public.clone(),
    };
    // An entry is sealed in one suite, whoever its recipients are.
    let operations = new_recipient_key(&request.desk.join("operations.key"), auditor.suite(), rng)?;
    let recipient = |purpose, key: RecipientPublicKey| Recipient { purpose, public_key: key.to_string() };
    Ok(vec![recipient(RecipientPurpose::Auditor, auditor), recipient(RecipientPurpose::Operations, operations)])
}

/// Makes an evidence key for a small force or an exercise: its private half goes into this directory, for the evidence
/// system, and its public half into the policy. A force with an evidence system of its own makes it there.
///
/// # Errors
/// [`ForceError::Exists`] where there is one.
pub fn new_evidence_key(folder: &Path, rng: &mut impl CryptoRng) -> Result<RecipientPublicKey, ForceError> {
    files::private_dir(folder)?;
    let path = folder.join("evidence.key");
    if path.exists() {
        return Err(ForceError::Exists);
    }
    new_recipient_key(&path, CipherSuite::X25519ChaCha20Poly1305, rng)
}

fn new_recipient_key(
    path: &Path,
    suite: CipherSuite,
    rng: &mut impl CryptoRng,
) -> Result<RecipientPublicKey, ForceError> {
    let private = RecipientPrivateKey::generate(suite, rng);
    let private = private.map_err(|_| ForceError::Key)?;
    PrivateKeyFile::write(path, &private.expose_text())?;
    private.public_key().map_err(|_| ForceError::Key)
}

fn config_of(
    request: &InitRequest,
    keys: &ForceKeys,
    signers: &PolicySigners,
    recipients: Vec<Recipient>,
) -> Result<ForceConfig, ForceError> {
    let vkey = |signer: &peel_ledger::note::Ed25519Signer| {
        signer.verifier().map(|key| key.to_string()).map_err(|_| ForceError::Key)
    };
    Ok(ForceConfig {
        force: request.force.clone(),
        exercise: request.exercise,
        epoch: 1,
        recipients,
        policy_signers: signers.public_spki()?.iter().map(|spki| STANDARD.encode(spki)).collect(),
        root_vkey: vkey(&keys.root)?,
        bundle_vkey: vkey(&keys.bundle)?,
        mirror_vkey: keys.mirror.cosigner_verifier().map_err(|_| ForceError::Key)?.to_string(),
        force_log_vkey: vkey(&keys.force_log)?,
        events_vkey: vkey(&keys.events)?,
        sequence_vkey: vkey(&keys.sequence)?,
        approver_vkeys: keys.approvers.iter().map(vkey).collect::<Result<_, _>>()?,
        witnesses_required: 0,
        without_witnesses: None,
        limits: Limits::default(),
        witnesses: Vec::new(),
    })
}

/// Makes the access keys; the store keeps their hashes alone.
fn hand_out_access(
    request: &InitRequest,
    dir: &ForceDir,
    tls: &TlsFiles,
    rng: &mut impl CryptoRng,
) -> Result<(), ForceError> {
    let authority = files::read_text(&tls.authority)?;
    let places = [
        (ApiKeyKind::Ingest, request.vendor.join("ingest.key")),
        (ApiKeyKind::Operator, request.vendor.join("operator.key")),
        (ApiKeyKind::Desk, request.desk.join("desk.key")),
    ];
    let mut hashes: Vec<(ApiKeyKind, [u8; 32])> = Vec::with_capacity(places.len());
    for (kind, path) in &places {
        let secret = random_text(rng);
        hashes.push((*kind, Sha256::digest(secret.as_bytes()).into()));
        PrivateKeyFile::write(path, &secret)?;
    }
    Db::once(&dir.store()?, |tx| -> Result<(), StoreError> {
        hashes.iter().try_for_each(|(kind, hash)| crate::storage::put_api_key(tx, *kind, hash))
    })?;
    files::write_public(&request.vendor.join("ca.pem"), authority.as_bytes())?;
    Ok(files::write_public(&request.desk.join("ca.pem"), authority.as_bytes())?)
}
