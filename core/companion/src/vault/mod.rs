//! The key store, as the core uses it.
//!
//! Keys of the device live behind [`crate::ffi::KeyVault`]; this module names what is wrapped by which of them and
//! gives the software double for tests. Must never: hold a wrapped secret in the clear longer than one call needs.

#[cfg(feature = "software-vault")]
mod software;

use zeroize::Zeroizing;

use crate::ffi::{KeyVault, VaultError, WrapSlot};
use crate::sealed::RecordKey;

#[cfg(feature = "software-vault")]
pub use software::{SoftwareVault, VaultFault};

/// Wraps a record key.
pub(crate) fn wrap_key(vault: &dyn KeyVault, slot: WrapSlot, key: &RecordKey) -> Result<Vec<u8>, VaultError> {
    vault.wrap(slot, key.expose().to_vec())
}

/// Unwraps a record key; a key of another length counts as lost.
pub(crate) fn unwrap_key(vault: &dyn KeyVault, slot: WrapSlot, wrapped: &[u8]) -> Result<RecordKey, VaultError> {
    let secret = unwrap_secret(vault, slot, wrapped)?;
    RecordKey::from_bytes(&secret).map_err(|_| VaultError::Lost)
}

/// Unwraps a secret of any length.
pub(crate) fn unwrap_secret(
    vault: &dyn KeyVault,
    slot: WrapSlot,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    vault.unwrap(slot, wrapped.to_vec()).map(Zeroizing::new)
}
