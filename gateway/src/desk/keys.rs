//! The desk's directory.

use std::path::{Path, PathBuf};

use peel_ledger::seal::RecipientPrivateKey;
use zeroize::Zeroizing;

use super::DeskError;
use crate::files;
use crate::force::{ForceConfig, ForceDir, ForceError, PrivateKeyFile};

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

    /// The force's public configuration, as it was when the force was made.
    pub fn config(&self) -> Result<ForceConfig, DeskError> {
        Ok(ForceConfig::read(&ForceDir::new(&self.0))?)
    }

    pub(super) fn operations_key(&self) -> Result<RecipientPrivateKey, DeskError> {
        let text = PrivateKeyFile::read(&self.0.join("operations.key"))?;
        text.parse().map_err(|_| DeskError::Force(ForceError::Key))
    }

    pub(super) fn access_key(&self) -> Result<Zeroizing<String>, DeskError> {
        Ok(PrivateKeyFile::read(&self.0.join("desk.key"))?)
    }

    pub(super) fn authority_pem(&self) -> Result<String, DeskError> {
        Ok(files::read_text(&self.0.join("ca.pem")).map_err(ForceError::from)?)
    }
}
