//! Images on the phone: sealed one by one, committed to, and destroyed with a receipt.
//!
//! Each image has a key and a salt of its own, in one row that the deployment's key wraps. Must never: write a plain
//! image or a plain hash of one. Always: the trail holds HMAC-SHA-256(salt, image) alone; when the row is deleted,
//! nobody can open the image or test a guess against the commitment.

use hmac::{Hmac, KeyInit as _, Mac as _};
use peel_domain::event::{MediaClass, MediaCommitment};
use peel_domain::id::MediaId;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::ffi::{KeyVault, VaultError, WrapSlot};
use crate::sealed::{KEY_BYTES, RecordKey, SealedError};
use crate::store::MediaRow;
use crate::vault::unwrap_secret;

/// Bytes of a salt.
const SALT_BYTES: usize = 32;

/// An image could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MediaError {
    /// The key store.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The image.
    #[error(transparent)]
    Sealed(#[from] SealedError),
}

/// An image that came in and was masked.
pub(crate) struct Incoming<'a> {
    pub(crate) media_id: MediaId,
    pub(crate) alert_id: [u8; 16],
    pub(crate) class: MediaClass,
    pub(crate) image: &'a [u8],
    pub(crate) masked_faces: u8,
    pub(crate) expire_at_ms: i64,
}

fn place(media_id: [u8; 16]) -> Vec<u8> {
    [b"peel/v1/media/".as_slice(), &media_id].concat()
}

/// Whether the bytes are those that were announced; this hash exists in transport alone.
pub(crate) fn transport_hash_fits(bytes: &[u8], announced: &[u8; 32]) -> bool {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    hash == *announced
}

/// HMAC-SHA-256(salt, image).
fn commitment(salt: &[u8], image: &[u8]) -> Result<[u8; 32], SealedError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).map_err(|_| SealedError)?;
    mac.update(image);
    Ok(mac.finalize().into_bytes().into())
}

/// The class as the store has it.
pub(crate) fn class_code(class: MediaClass) -> u8 {
    match class {
        MediaClass::Probe => 0,
        MediaClass::Reference => 1,
        MediaClass::LiveCapture => 2,
    }
}

/// The class of a stored image; a live capture is never stored.
pub(crate) fn class_of(code: u8) -> MediaClass {
    if code == 0 { MediaClass::Probe } else { MediaClass::Reference }
}

/// Seals an image under a fresh key and salt.
pub(crate) fn seal(
    incoming: &Incoming<'_>,
    vault: &dyn KeyVault,
    rng: &mut impl CryptoRng,
) -> Result<(MediaRow, MediaCommitment), MediaError> {
    let key = RecordKey::generate(rng);
    let mut salt = Zeroizing::new([0; SALT_BYTES]);
    rng.fill_bytes(salt.as_mut());
    let commitment = commitment(salt.as_slice(), incoming.image)?;
    let secret = Zeroizing::new([key.expose().as_slice(), salt.as_slice()].concat());
    let media_id = incoming.media_id.0.into_bytes();
    let row = MediaRow {
        media_id,
        alert_id: incoming.alert_id,
        class: class_code(incoming.class),
        wrapped: vault.wrap(WrapSlot::Deployment, secret.to_vec())?,
        commitment,
        sealed: key.seal(&place(media_id), incoming.image, rng)?,
        expire_at_ms: incoming.expire_at_ms,
    };
    let stated = MediaCommitment {
        media_id: incoming.media_id,
        class: incoming.class,
        commitment,
        masked_faces: incoming.masked_faces,
    };
    Ok((row, stated))
}

/// Opens an image. The caller has checked that its time is not over.
pub(crate) fn open(row: &MediaRow, vault: &dyn KeyVault) -> Result<Zeroizing<Vec<u8>>, MediaError> {
    let secret = unwrap_secret(vault, WrapSlot::Deployment, &row.wrapped)?;
    let (key, salt) = secret.split_at_checked(KEY_BYTES).ok_or(SealedError)?;
    let image = RecordKey::from_bytes(key)?.open(&place(row.media_id), &row.sealed)?;
    if commitment(salt, &image)? == row.commitment { Ok(image) } else { Err(SealedError.into()) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::vault::SoftwareVault;

    fn sealed(vault: &SoftwareVault) -> MediaRow {
        let incoming = Incoming {
            media_id: MediaId(Uuid::from_u128(1)),
            alert_id: [2; 16],
            class: MediaClass::Probe,
            image: b"an image",
            masked_faces: 0,
            expire_at_ms: 9,
        };
        seal(&incoming, vault, &mut rand::rng()).unwrap().0
    }

    #[test]
    fn an_image_opens_until_its_row_or_the_deployments_key_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::open(directory.path()).unwrap();
        let row = sealed(&vault);
        assert_eq!(open(&row, &vault).unwrap().as_slice(), b"an image");
        vault.destroy(WrapSlot::Deployment).unwrap();
        assert_eq!(open(&row, &vault), Err(MediaError::Vault(VaultError::Lost)));
    }

    #[test]
    fn the_same_image_never_has_the_same_commitment_and_no_plain_hash_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::open(directory.path()).unwrap();
        let (first, second) = (sealed(&vault), sealed(&vault));
        assert_ne!(first.commitment, second.commitment);
        let plain: [u8; 32] = Sha256::digest(b"an image").into();
        assert_ne!(first.commitment, plain);
        assert!(!first.sealed.windows(8).any(|part| part == b"an image"));
    }

    #[test]
    fn a_swapped_row_does_not_open() {
        let directory = tempfile::tempdir().unwrap();
        let vault = SoftwareVault::open(directory.path()).unwrap();
        let mut row = sealed(&vault);
        row.media_id = [9; 16];
        assert!(open(&row, &vault).is_err());
    }
}
