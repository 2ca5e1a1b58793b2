//! A force's directory: its configuration and its keys.
//!
//! Must never: hold a private key that opens bodies. Those go to the desk's and the auditor's own directories when the
//! force is made, and nothing here reads them again.
//! Always: what is secret lies in files of mode 0600.

mod config;
mod init;
mod keys;
mod rotation;
mod tls;

use std::path::{Path, PathBuf};

pub use config::{ForceConfig, Limits, Recipient, RecipientPurpose, WitnessConfig};
pub use init::{AuditorKey, Created, InitRequest, create, new_evidence_key};
pub use keys::{AccessKey, ForceKeys, PolicySigners, PrivateKeyFile, approver_key};
pub use rotation::Rotation;
pub use tls::{ServerIdentity, TlsFiles, client_config, read_certificates, server_config, spki_pin};

use crate::files;
use crate::storage::{StoreAddress, StoreError};

/// Why a force's directory could not be made or read. The text reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum ForceError {
    /// A file could not be read or written.
    #[error("read or write a file of the force's directory")]
    File(#[from] std::io::Error),
    /// The directory already holds a force.
    #[error("create a force where there is one")]
    Exists,
    /// There is no force in the directory.
    #[error("find a force in this directory: it has no force.toml")]
    Missing,
    /// The configuration is not one.
    #[error("read the force's configuration")]
    Config,
    /// A key file is not one.
    #[error("read a key of the force")]
    Key,
    /// The domain is not a domain name.
    #[error("read the force's domain name")]
    Domain,
    /// The TLS certificate or key is not usable.
    #[error("set up tls from the force's certificate")]
    Tls,
    /// The store's address is not one, or the store did not take what a new force begins with.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Randomness of the system was not available.
    #[error("draw random numbers")]
    Random,
}

/// Where things lie in a force's data directory.
#[derive(Clone, Debug)]
pub struct ForceDir(PathBuf);

impl ForceDir {
    /// The directory at `path`, existing or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration, public in content.
    pub fn config(&self) -> PathBuf {
        self.0.join("force.toml")
    }

    /// The signing keys of `serve`.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The two policy signers of an exercise or a small force; `serve` never reads them.
    pub fn policy_signers(&self) -> PathBuf {
        self.0.join("policy-signers")
    }

    /// Certificates and the server's TLS key.
    pub fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    /// Sealed media.
    pub fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("gateway.db")
    }

    /// The file with the address of a database server; without it the store is [`ForceDir::database`]. It may hold a
    /// password, so it is its owner's alone and nothing prints it.
    pub fn store_file(&self) -> PathBuf {
        self.0.join("store.url")
    }

    /// The file with the authority of the database server's certificate: where it is, the store is reached with TLS alone.
    pub fn store_authority(&self) -> PathBuf {
        self.0.join("store-ca.pem")
    }

    /// Where the store is.
    pub fn store(&self) -> Result<StoreAddress, ForceError> {
        match files::read_text(&self.store_file()) {
            Ok(url) => {
                let url = zeroize::Zeroizing::new(url);
                match files::read_text(&self.store_authority()) {
                    Ok(authority) => Ok(StoreAddress::server_with_tls(&url, &authority)?),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(StoreAddress::server(&url)?),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(StoreAddress::file(&self.database())),
            Err(error) => Err(error.into()),
        }
    }

    /// What was signed last, outside the store. Never part of a backup.
    pub fn signed(&self) -> PathBuf {
        self.0.join("signed.toml")
    }

    /// What an outsider needs to check a bundle.
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust.toml")
    }
}
