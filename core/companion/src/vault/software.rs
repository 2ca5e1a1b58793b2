//! A key store in files, for tests, the simulated street and development: the host that has no secure hardware.
//!
//! P-256 signatures and XChaCha20-Poly1305 wrapping, one small file a key. It protects nothing against somebody who
//! reads the directory, and the product's builds leave it out (feature `software-vault`). Delay, refusal and loss can
//! be injected.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use zeroize::Zeroizing;

use crate::ffi::{KeySlot, KeyVault, VaultError, WrapSlot};
use crate::sealed::{KEY_BYTES, RecordKey};

/// What the double is told to do wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VaultFault {
    /// Waits so long before each call.
    pub delay: Duration,
    /// Refuses signatures by this key.
    pub refuse: Option<KeySlot>,
    /// Says that this wrapping key is lost.
    pub lose: Option<WrapSlot>,
}

/// The software double of the device's key store.
#[derive(Debug)]
pub struct SoftwareVault {
    directory: PathBuf,
    fault: Mutex<VaultFault>,
    signing: Mutex<HashMap<KeySlot, SigningKey>>,
}

impl SoftwareVault {
    /// Keys in `directory`, which is made if need be.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, VaultError> {
        fs::create_dir_all(&directory).map_err(|_| VaultError::Unavailable)?;
        Ok(Self { directory: directory.as_ref().to_owned(), fault: Mutex::default(), signing: Mutex::default() })
    }

    /// Tells the double what to do wrong from now on.
    pub fn inject(&self, fault: VaultFault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn fault(&self) -> VaultFault {
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if !fault.delay.is_zero() {
            std::thread::sleep(fault.delay);
        }
        fault
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Loses a signing key for good, as a reset of the device's lock can: the next one is another key.
    pub fn lose_signing_key(&self, slot: KeySlot) -> Result<(), VaultError> {
        self.signing.lock().unwrap_or_else(PoisonError::into_inner).remove(&slot);
        match fs::remove_file(self.path(signing_file(slot))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(VaultError::Unavailable),
            _ => Ok(()),
        }
    }

    /// The key of a slot; one that is not there is made if `make` says so, else it is lost.
    fn signing_key(&self, slot: KeySlot, make: bool) -> Result<SigningKey, VaultError> {
        let mut keys = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&slot) {
            return Ok(key.clone());
        }
        let path = self.path(signing_file(slot));
        let key = if let Some(der) = read(&path)? {
            SigningKey::from_pkcs8_der(&der).map_err(|_| VaultError::Lost)?
        } else if !make {
            return Err(VaultError::Lost);
        } else {
            let key = SigningKey::generate_from_rng(&mut rand::rng());
            let der = key.to_pkcs8_der().map_err(|_| VaultError::Unavailable)?;
            write_private(&path, der.as_bytes())?;
            key
        };
        keys.insert(slot, key.clone());
        Ok(key)
    }

    fn wrapping_path(&self, slot: WrapSlot) -> PathBuf {
        self.path(match slot {
            WrapSlot::Log => "log.wrap",
            WrapSlot::Store => "store.wrap",
            WrapSlot::Deployment => "deployment.wrap",
        })
    }

    fn wrapping_key(&self, slot: WrapSlot) -> Result<Option<RecordKey>, VaultError> {
        if self.fault().lose == Some(slot) {
            return Err(VaultError::Lost);
        }
        let bytes = read(&self.wrapping_path(slot))?;
        bytes.map(|bytes| RecordKey::from_bytes(&bytes).map_err(|_| VaultError::Lost)).transpose()
    }
}

fn signing_file(slot: KeySlot) -> &'static str {
    match slot {
        KeySlot::Hardware => "hardware.key",
        KeySlot::Officer => "officer.key",
        KeySlot::Auth => "auth.key",
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(VaultError::Unavailable),
    }
}

/// Written to the end and renamed into place, so that a kill leaves no half key.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let draft = path.with_extension("draft");
    let write = || -> std::io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|_| VaultError::Unavailable)
}

const PLACE: &[u8] = b"peel/v1/software-vault";

impl KeyVault for SoftwareVault {
    fn public_key(&self, slot: KeySlot) -> Result<Vec<u8>, VaultError> {
        self.fault();
        let key = self.signing_key(slot, true)?;
        let der = key.verifying_key().to_public_key_der().map_err(|_| VaultError::Unavailable)?;
        Ok(der.as_bytes().to_vec())
    }

    fn sign(&self, slot: KeySlot, message: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        if self.fault().refuse == Some(slot) {
            return Err(VaultError::Refused);
        }
        let signature: Signature = self.signing_key(slot, false)?.sign(&message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn wrap(&self, slot: WrapSlot, secret: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let secret = Zeroizing::new(secret);
        let mut rng = rand::rng();
        let key = if let Some(key) = self.wrapping_key(slot)? {
            key
        } else {
            let key = RecordKey::generate(&mut rng);
            let bytes = key.expose();
            debug_assert_eq!(bytes.len(), KEY_BYTES);
            write_private(&self.wrapping_path(slot), &bytes)?;
            key
        };
        key.seal(PLACE, &secret, &mut rng).map_err(|_| VaultError::Unavailable)
    }

    fn unwrap(&self, slot: WrapSlot, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let key = self.wrapping_key(slot)?.ok_or(VaultError::Lost)?;
        key.open(PLACE, &wrapped).map(|plain| plain.to_vec()).map_err(|_| VaultError::Lost)
    }

    fn destroy(&self, slot: WrapSlot) -> Result<(), VaultError> {
        self.fault();
        match fs::remove_file(self.wrapping_path(slot)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(VaultError::Unavailable),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;

    use super::*;

    fn vault() -> (tempfile::TempDir, SoftwareVault) {
        let directory = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::open(directory.path()).unwrap();
        (directory, vault)
    }

    #[test]
    fn signs_with_the_key_that_it_shows_also_after_reopening() {
        let (directory, first) = vault();
        let shown = first.public_key(KeySlot::Hardware).unwrap();
        let again = SoftwareVault::open(directory.path()).unwrap();
        let signature = again.sign(KeySlot::Hardware, b"note".to_vec()).unwrap();
        let key = VerifyingKey::from_public_key_der(&shown).unwrap();
        key.verify(b"note", &Signature::from_der(&signature).unwrap()).unwrap();
        assert_ne!(shown, again.public_key(KeySlot::Auth).unwrap());
    }

    #[test]
    fn what_a_destroyed_key_wrapped_is_lost_for_good() {
        let (_directory, vault) = vault();
        let wrapped = vault.wrap(WrapSlot::Deployment, b"secret".to_vec()).unwrap();
        assert_eq!(vault.unwrap(WrapSlot::Deployment, wrapped.clone()).unwrap(), b"secret");
        vault.destroy(WrapSlot::Deployment).unwrap();
        assert_eq!(vault.unwrap(WrapSlot::Deployment, wrapped.clone()), Err(VaultError::Lost));
        vault.wrap(WrapSlot::Deployment, b"other".to_vec()).unwrap();
        assert_eq!(vault.unwrap(WrapSlot::Deployment, wrapped), Err(VaultError::Lost));
        vault.destroy(WrapSlot::Deployment).unwrap();
        vault.destroy(WrapSlot::Deployment).unwrap();
    }

    #[test]
    fn a_lost_signing_key_signs_nothing_and_the_next_is_another() {
        let (_directory, vault) = vault();
        let before = vault.public_key(KeySlot::Hardware).unwrap();
        vault.sign(KeySlot::Hardware, vec![1]).unwrap();
        vault.lose_signing_key(KeySlot::Hardware).unwrap();
        assert_eq!(vault.sign(KeySlot::Hardware, vec![1]), Err(VaultError::Lost));
        assert_ne!(vault.public_key(KeySlot::Hardware).unwrap(), before);
        assert!(vault.sign(KeySlot::Hardware, vec![1]).is_ok());
    }

    #[test]
    fn faults_are_injected_by_slot() {
        let (_directory, vault) = vault();
        for slot in [KeySlot::Officer, KeySlot::Hardware] {
            vault.public_key(slot).unwrap();
        }
        vault.inject(VaultFault { refuse: Some(KeySlot::Officer), lose: Some(WrapSlot::Log), ..VaultFault::default() });
        assert_eq!(vault.sign(KeySlot::Officer, vec![1]), Err(VaultError::Refused));
        assert!(vault.sign(KeySlot::Hardware, vec![1]).is_ok());
        assert_eq!(vault.wrap(WrapSlot::Log, vec![1]), Err(VaultError::Lost));
        assert!(vault.wrap(WrapSlot::Store, vec![1]).is_ok());
    }
}
