//! The desk's directory.

use std::path::{Path, PathBuf};

use peel_ledger::entry::{CipherSuite, Entry, KeyId};
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::DeskError;
use crate::files;
use crate::force::{ForceConfig, ForceDir, ForceError, PrivateKeyFile};

/// The desk's operations keys.
#[derive(Debug)]
pub(super) struct OperationsKeys(Vec<(KeyId, RecipientPrivateKey)>);

impl OperationsKeys {
    /// The key that opens an entry, if the desk has it.
    pub(super) fn of(&self, entry: &Entry) -> Option<&RecipientPrivateKey> {
        let meant = |kid: &KeyId| entry.recipients().iter().any(|recipient| recipient.kid == *kid);
        self.0.iter().find(|(kid, _)| meant(kid)).map(|(_, key)| key)
    }
}

/// Whether a text is a year and a month, as in 2026-12.
fn is_month(text: &str) -> bool {
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u16>().ok())?
    };
    let parts = text.split_once('-').map(|(year, month)| (number(year, 4), number(month, 2)));
    matches!(parts, Some((Some(2000..), Some(1..=12))))
}

fn read_key(path: &Path) -> Result<(KeyId, RecipientPrivateKey), DeskError> {
    let no_key = |_| DeskError::Force(ForceError::Key);
    let key: RecipientPrivateKey = PrivateKeyFile::read(path)?.parse().map_err(no_key)?;
    Ok((key.public_key().map_err(no_key)?.kid(), key))
}

/// Where the desk's things lie.
#[derive(Clone, Debug)]
pub struct DeskDir(PathBuf);

impl DeskDir {
    /// The directory at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The desk's database of sealed entries.
    pub fn database(&self) -> PathBuf {
        self.0.join("desk.db")
    }

    /// Held by the process that follows the gateway just now.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("desk.lock")
    }

    /// The force's public configuration, as it was when the force was made.
    pub fn config(&self) -> Result<ForceConfig, DeskError> {
        Ok(ForceConfig::read(&ForceDir::new(&self.0))?)
    }

    /// Every operations key that the desk has: the first one, and one for each later period.
    pub(super) fn operations_keys(&self) -> Result<OperationsKeys, DeskError> {
        let mut paths = vec![self.0.join("operations.key")];
        for file in std::fs::read_dir(&self.0).map_err(ForceError::from)? {
            let path = file.map_err(ForceError::from)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.strip_prefix("operations-").is_some_and(|rest| rest.strip_suffix(".key").is_some()) {
                paths.push(path);
            }
        }
        paths.iter().map(|path| read_key(path)).collect::<Result<_, _>>().map(OperationsKeys)
    }

    /// Makes the operations key of a period, such as `2026-12`: a year and a month; gives its public half for the
    /// policy. The key that is there stays until somebody deletes its file, which nobody can undo: what was sealed to
    /// it is closed to the desk then.
    ///
    /// # Errors
    /// [`DeskError::Period`] for a name that is none, [`DeskError::OperationsKey`] for a period that has a key or a directory
    /// that is not a desk's.
    pub fn add_operations_key(&self, period: &str, rng: &mut impl CryptoRng) -> Result<String, DeskError> {
        if !is_month(period) {
            return Err(DeskError::Period);
        }
        let path = self.0.join(format!("operations-{period}.key"));
        // A desk's directory has its first key: anywhere else nobody would find the new one.
        if path.exists() || !self.0.join("operations.key").is_file() {
            return Err(DeskError::OperationsKey);
        }
        let no_key = |_| DeskError::Force(ForceError::Key);
        let private = RecipientPrivateKey::generate(self.suite()?, rng).map_err(no_key)?;
        PrivateKeyFile::write(&path, &private.expose_text())?;
        Ok(private.public_key().map_err(no_key)?.to_string())
    }

    /// The suite of the force's other keys: an entry is sealed to all its recipients in one.
    fn suite(&self) -> Result<CipherSuite, DeskError> {
        let recipients = self.config()?.recipients;
        let first = recipients.first().ok_or(DeskError::Force(ForceError::Key))?;
        let key: RecipientPublicKey = first.public_key.parse().map_err(|_| DeskError::Force(ForceError::Key))?;
        Ok(key.suite())
    }

    pub(super) fn access_key(&self) -> Result<Zeroizing<String>, DeskError> {
        Ok(PrivateKeyFile::read(&self.0.join("desk.key"))?)
    }

    pub(super) fn authority_pem(&self) -> Result<String, DeskError> {
        Ok(files::read_text(&self.0.join("ca.pem")).map_err(ForceError::from)?)
    }
}
