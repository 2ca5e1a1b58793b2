//! The force's signing keys, in files.
//!
//! Must never: print a key, or read a key that opens bodies.
//! Always: one file a key, mode 0600, lower-case hexadecimal.

use std::path::Path;

use p256::ecdsa::SigningKey as P256SigningKey;
use p256::pkcs8::EncodePublicKey as _;
use peel_ledger::note::Ed25519Signer;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{ForceDir, ForceError};
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
    /// The two who approve enrolments and policy changes in the force log. In this build both are software keys of
    /// the gateway: they make the format whole, they are not yet two people.
    pub approvers: [Ed25519Signer; 2],
}

const KEY_FILES: [&str; 8] = ["root", "mirror", "log", "events", "sequence", "bundle", "approver-1", "approver-2"];

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
            approvers: [make("approver-1")?, make("approver-2")?],
        })
    }

    fn named(&self) -> [(&'static str, &Ed25519Signer); 8] {
        let [first, second] = &self.approvers;
        let [root, mirror, log, events, sequence, bundle, approver_1, approver_2] = KEY_FILES;
        [
            (root, &self.root),
            (mirror, &self.mirror),
            (log, &self.force_log),
            (events, &self.events),
            (sequence, &self.sequence),
            (bundle, &self.bundle),
            (approver_1, first),
            (approver_2, second),
        ]
    }

    /// Writes all keys.
    pub fn write(&self, dir: &ForceDir) -> Result<(), ForceError> {
        files::private_dir(&dir.keys())?;
        for (name, signer) in self.named() {
            let seed = Zeroizing::new(hex::encode(signer.expose_seed().as_slice()));
            PrivateKeyFile::write(&dir.keys().join(format!("{name}.key")), &seed)?;
        }
        Ok(())
    }

    /// Reads all keys.
    pub fn read(dir: &ForceDir, force: &str) -> Result<Self, ForceError> {
        let read = |part: &str| {
            let text = PrivateKeyFile::read(&dir.keys().join(format!("{part}.key")))?;
            let seed = seed_from_hex(&text)?;
            Ed25519Signer::from_seed(&format!("{force}/peel/{part}"), &seed).map_err(|_| ForceError::Key)
        };
        let [root, mirror, log, events, sequence, bundle, approver_1, approver_2] = KEY_FILES;
        Ok(Self {
            root: read(root)?,
            mirror: read(mirror)?,
            force_log: read(log)?,
            events: read(events)?,
            sequence: read(sequence)?,
            bundle: read(bundle)?,
            approvers: [read(approver_1)?, read(approver_2)?],
        })
    }
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
    fn a_key_file_that_is_not_one_is_a_typed_error() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = ForceDir::new(temporary.path());
        ForceKeys::generate("force.example", &mut rand::rng()).unwrap().write(&dir).unwrap();
        std::fs::write(dir.keys().join("mirror.key"), "nothex").unwrap();
        assert!(matches!(ForceKeys::read(&dir, "force.example"), Err(ForceError::Key)));
    }
}
