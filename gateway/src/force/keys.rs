//! The force's signing keys, in files.
//!
//! Must never: print a key, or read a key that opens bodies.
//! Always: one file a key, mode 0600, lower-case hexadecimal.

use std::path::Path;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey as P256SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::policy::{Policy, PolicyError, PolicySigner, sign_policy};
use peel_ledger::Origin;
use peel_ledger::note::Ed25519Signer;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{ForceConfig, ForceDir, ForceError};
use crate::files;

/// One private key in a file of its own.
#[derive(Debug)]
pub struct PrivateKeyFile;

impl PrivateKeyFile {
    /// Writes a secret as a line of text.
    pub fn write(path: &Path, secret: &str) -> Result<(), ForceError> {
        let line = Zeroizing::new(format!("{secret}\n"));
        Ok(files::write_private(path, line.as_bytes())?)
    }

    /// Reads a secret's line.
    pub fn read(path: &Path) -> Result<Zeroizing<String>, ForceError> {
        let text = Zeroizing::new(files::read_text(path)?);
        Ok(Zeroizing::new(text.trim_end().to_owned()))
    }
}

fn seed_from_hex(text: &str) -> Result<Zeroizing<[u8; 32]>, ForceError> {
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text, seed.as_mut_slice()).map_err(|_| ForceError::Key)?;
    Ok(seed)
}

/// The key under which tokens and nonces of devices are authenticated: every gateway process of the force has it.
#[derive(Clone)]
pub struct AccessKey(Zeroizing<[u8; 32]>);

impl AccessKey {
    /// From its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads the force's key; makes it where the force was made before there was one. Processes that start at the same
    /// time all get the one that was there first.
    fn open(dir: &ForceDir) -> Result<Self, ForceError> {
        let path = dir.keys().join(ACCESS_KEY_FILE);
        if !path.exists() {
            let beside = dir.keys().join(format!("{ACCESS_KEY_FILE}.{}", std::process::id()));
            let fresh = Self::generate(&mut rand::rng());
            PrivateKeyFile::write(&beside, &Zeroizing::new(hex::encode(fresh.expose())))?;
            let linked = std::fs::hard_link(&beside, &path);
            std::fs::remove_file(&beside)?;
            if let Err(error) = linked
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(error.into());
            }
        }
        Ok(Self(seed_from_hex(&PrivateKeyFile::read(&path)?)?))
    }

    /// Its bytes, for a MAC.
    pub fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The keys with which `serve` signs.
#[derive(Clone, Debug)]
pub struct ForceKeys {
    /// Signs shift certificates.
    pub root: Ed25519Signer,
    /// Cosigns phones' checkpoints.
    pub mirror: Ed25519Signer,
    /// Signs the force log's checkpoints and beacons.
    pub force_log: Ed25519Signer,
    /// Signs the events log's checkpoints.
    pub events: Ed25519Signer,
    /// Signs alert numbers.
    pub sequence: Ed25519Signer,
    /// Signs bundles.
    pub bundle: Ed25519Signer,
    /// Those who approve changes in the force log and whose keys lie here. An exercise or a development force keeps
    /// both; a real force takes one or both elsewhere, and approves with files (`change propose`, `approve`, `submit`).
    pub approvers: Vec<Ed25519Signer>,
    /// Authenticates tokens and nonces.
    pub access: AccessKey,
}

const ACCESS_KEY_FILE: &str = "access.key";

const KEY_FILES: [&str; 6] = ["root", "mirror", "log", "events", "sequence", "bundle"];
const APPROVER_FILES: [&str; 2] = ["approver-1", "approver-2"];

impl ForceKeys {
    /// Makes all keys for a force.
    pub fn generate(force: &str, rng: &mut impl CryptoRng) -> Result<Self, ForceError> {
        let mut make =
            |part: &str| Ed25519Signer::generate(&format!("{force}/peel/{part}"), rng).map_err(|_| ForceError::Domain);
        Ok(Self {
            root: make("root")?,
            mirror: make("mirror")?,
            force_log: make("log")?,
            events: make("events")?,
            sequence: make("sequence")?,
            bundle: make("bundle")?,
            approvers: APPROVER_FILES.into_iter().map(make).collect::<Result<_, _>>()?,
            access: AccessKey::generate(rng),
        })
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, &Ed25519Signer)> {
        let own = [&self.root, &self.mirror, &self.force_log, &self.events, &self.sequence, &self.bundle];
        KEY_FILES.into_iter().zip(own).chain(APPROVER_FILES.into_iter().zip(&self.approvers))
    }

    /// Writes all keys.
    pub fn write(&self, dir: &ForceDir) -> Result<(), ForceError> {
        files::private_dir(&dir.keys())?;
        for (name, signer) in self.named() {
            let seed = Zeroizing::new(hex::encode(signer.expose_seed().as_slice()));
            PrivateKeyFile::write(&dir.keys().join(format!("{name}.key")), &seed)?;
        }
        let access = Zeroizing::new(hex::encode(self.access.expose()));
        PrivateKeyFile::write(&dir.keys().join(ACCESS_KEY_FILE), &access)
    }

    /// The same keys for the logs of an epoch: a log's key has the log's name.
    pub fn in_epoch(mut self, config: &ForceConfig) -> Result<Self, ForceError> {
        let named = |signer: &Ed25519Signer, origin: Result<Origin, ForceError>| {
            Ed25519Signer::from_seed(origin?.as_str(), &signer.expose_seed()).map_err(|_| ForceError::Key)
        };
        self.force_log = named(&self.force_log, config.force_log_origin())?;
        self.events = named(&self.events, config.events_origin())?;
        Ok(self)
    }

    /// Reads all keys.
    pub fn read(dir: &ForceDir, force: &str) -> Result<Self, ForceError> {
        let read = |part: &str| approver_key(&dir.keys().join(format!("{part}.key")), &format!("{force}/peel/{part}"));
        let [root, mirror, log, events, sequence, bundle] = KEY_FILES;
        let at_hand = APPROVER_FILES.into_iter().filter(|part| dir.keys().join(format!("{part}.key")).exists());
        Ok(Self {
            root: read(root)?,
            mirror: read(mirror)?,
            force_log: read(log)?,
            events: read(events)?,
            sequence: read(sequence)?,
            bundle: read(bundle)?,
            approvers: at_hand.map(read).collect::<Result<_, _>>()?,
            access: AccessKey::open(dir)?,
        })
    }
}

/// Reads one Ed25519 key under its name: an approver's, wherever it is kept.
pub fn approver_key(path: &Path, name: &str) -> Result<Ed25519Signer, ForceError> {
    let seed = seed_from_hex(&PrivateKeyFile::read(path)?)?;
    Ed25519Signer::from_seed(name, &seed).map_err(|_| ForceError::Key)
}

/// The two people who sign policies, where the force keeps their keys in software.
pub struct PolicySigners(pub [P256SigningKey; 2]);

impl std::fmt::Debug for PolicySigners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn p256_from_rng(rng: &mut impl CryptoRng) -> Result<P256SigningKey, ForceError> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    // A random scalar is out of range about once in 2^32 draws.
    for _ in 0..8 {
        rng.fill_bytes(seed.as_mut_slice());
        if let Ok(key) = P256SigningKey::from_slice(seed.as_slice()) {
            return Ok(key);
        }
    }
    Err(ForceError::Random)
}

fn signature(key: &P256SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

impl PolicySigners {
    /// Makes both.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, ForceError> {
        Ok(Self([p256_from_rng(rng)?, p256_from_rng(rng)?]))
    }

    /// Their public keys, DER `SubjectPublicKeyInfo`.
    pub fn public_spki(&self) -> Result<Vec<Vec<u8>>, ForceError> {
        let spki = |key: &P256SigningKey| {
            Ok(key.verifying_key().to_public_key_der().map_err(|_| ForceError::Key)?.as_bytes().to_vec())
        };
        self.0.iter().map(spki).collect()
    }

    /// A policy as both sign it.
    ///
    /// # Errors
    /// [`PolicyError`] lists what the policy says against itself.
    pub fn sign(&self, policy: &Policy) -> Result<Vec<u8>, PolicyError> {
        let spki = self.public_spki().map_err(|_| PolicyError::SignerKeys)?;
        let [first_spki, second_spki] = spki.as_slice() else { return Err(PolicyError::SignerKeys) };
        let [first, second] = &self.0;
        let by_first = |message: &[u8]| signature(first, message);
        let by_second = |message: &[u8]| signature(second, message);
        let signers =
            [PolicySigner { spki: first_spki, sign: &by_first }, PolicySigner { spki: second_spki, sign: &by_second }];
        sign_policy(policy, &signers)
    }

    /// Writes both.
    pub fn write(&self, dir: &ForceDir) -> Result<(), ForceError> {
        files::private_dir(&dir.policy_signers())?;
        for (index, key) in self.0.iter().enumerate() {
            let text = Zeroizing::new(hex::encode(Zeroizing::new(key.to_bytes().to_vec())));
            PrivateKeyFile::write(&dir.policy_signers().join(format!("signer-{}.key", index + 1)), &text)?;
        }
        Ok(())
    }

    /// Reads both.
    pub fn read(dir: &ForceDir) -> Result<Self, ForceError> {
        let read = |number: u8| {
            let text = PrivateKeyFile::read(&dir.policy_signers().join(format!("signer-{number}.key")))?;
            P256SigningKey::from_slice(seed_from_hex(&text)?.as_slice()).map_err(|_| ForceError::Key)
        };
        Ok(Self([read(1)?, read(2)?]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_written_and_never_print() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = ForceDir::new(temporary.path());
        let keys = ForceKeys::generate("force.example", &mut rand::rng()).unwrap();
        keys.write(&dir).unwrap();
        let read = ForceKeys::read(&dir, "force.example").unwrap();
        assert_eq!(read.sequence.verifier().unwrap(), keys.sequence.verifier().unwrap());
        let printed = format!("{read:?}");
        assert!(!printed.contains(&hex::encode(keys.root.expose_seed().as_slice())));
        assert!(printed.contains("[redacted]"));

        let signers = PolicySigners::generate(&mut rand::rng()).unwrap();
        signers.write(&dir).unwrap();
        assert_eq!(PolicySigners::read(&dir).unwrap().public_spki().unwrap(), signers.public_spki().unwrap());
    }

    #[test]
    fn a_force_without_an_access_key_gets_one_and_keeps_it() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = ForceDir::new(temporary.path());
        ForceKeys::generate("force.example", &mut rand::rng()).unwrap().write(&dir).unwrap();
        std::fs::remove_file(dir.keys().join(ACCESS_KEY_FILE)).unwrap();
        let files = std::fs::read_dir(dir.keys()).unwrap().count();
        let first = ForceKeys::read(&dir, "force.example").unwrap();
        let second = ForceKeys::read(&dir, "force.example").unwrap();
        assert_eq!(first.access.expose(), second.access.expose());
        assert_eq!(std::fs::read_dir(dir.keys()).unwrap().count(), files + 1);
    }

    #[test]
    fn a_key_file_that_is_not_one_is_a_typed_error() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = ForceDir::new(temporary.path());
        ForceKeys::generate("force.example", &mut rand::rng()).unwrap().write(&dir).unwrap();
        std::fs::write(dir.keys().join("mirror.key"), "nothex").unwrap();
        assert!(matches!(ForceKeys::read(&dir, "force.example"), Err(ForceError::Key)));
    }
}
