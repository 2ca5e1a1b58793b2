//! Images for their short life: sealed under a key of their own, in files with random names.
//!
//! Must never: write an image unsealed, or give one to a device that was not sent its alert.
//! Always: the key goes first, then the file; without the key the file is noise.

use std::path::Path;

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use hmac::{Hmac, Mac as _};
use peel_domain::event::MediaClass;
use peel_domain::id::{AlertId, EnrolmentId, MediaId};
use peel_domain::wire::{MAX_IMAGE_BYTES, MediaDto};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Gateway, ServiceError};
use crate::files;
use crate::force::ForceDir;
use crate::storage::{self, MediaRow, may_read};

/// An image that was recognised as one.
pub(super) struct NewImage {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) content_type: &'static str,
    pub(super) class: MediaClass,
}

/// Says what kind of image the bytes begin as: JPEG (ISO/IEC 10918-1) or PNG (ISO/IEC 15948), nothing else.
pub(super) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.len() > 64 {
        Some("image/jpeg")
    } else if bytes.starts_with(PNG) && bytes.len() > 64 {
        Some("image/png")
    } else {
        None
    }
}

impl NewImage {
    /// Takes bytes that are an image of bounded size.
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>, class: MediaClass) -> Result<Self, ServiceError> {
        let largest = usize::try_from(MAX_IMAGE_BYTES).unwrap_or(usize::MAX);
        if bytes.len() > largest {
            return Err(ServiceError::TooLarge);
        }
        let content_type = sniff(&bytes).ok_or(ServiceError::Image)?;
        Ok(Self { bytes, content_type, class })
    }

    /// Seals the image into a file; gives its row and how it is announced. The row still has to be stored.
    pub(super) fn seal(
        &self,
        dir: &ForceDir,
        alert_id: AlertId,
        expire_ms: i64,
        rng: &mut impl CryptoRng,
    ) -> Result<(MediaRow, MediaDto), ServiceError> {
        let mut random = |length: usize| {
            let mut bytes = Zeroizing::new(vec![0_u8; length]);
            rng.fill_bytes(&mut bytes);
            bytes
        };
        let (key, salt, name) = (random(32), random(32), random(16));
        let cipher = ChaCha20Poly1305::new_from_slice(&key).map_err(|_| ServiceError::Internal)?;
        // One key, one message: the nonce is zero.
        let sealed = cipher.encrypt(&[0_u8; 12].into(), self.bytes.as_slice()).map_err(|_| ServiceError::Internal)?;
        let file = hex::encode(name.as_slice());
        files::write_private(&dir.media().join(&file), &sealed).map_err(crate::force::ForceError::from)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&salt).map_err(|_| ServiceError::Internal)?;
        mac.update(&self.bytes);
        let media_id = MediaId(uuid::Uuid::now_v7());
        let size = u32::try_from(self.bytes.len()).map_err(|_| ServiceError::TooLarge)?;
        let row = MediaRow {
            media_id,
            alert_id,
            class: self.class,
            file,
            key: Some(key),
            salt: Some(salt),
            commitment: mac.finalize().into_bytes().into(),
            content_type: self.content_type.to_owned(),
            size,
            expire_ms,
        };
        let sha256 = hex::encode(Sha256::digest(&self.bytes));
        Ok((row, MediaDto { media_id, sha256, size }))
    }
}

/// Opens a sealed file.
pub(super) fn unseal(path: &Path, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
    let sealed = std::fs::read(path).map_err(|_| ServiceError::Gone)?;
    let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| ServiceError::Internal)?;
    let image = cipher.decrypt(&[0_u8; 12].into(), sealed.as_slice());
    image.map(Zeroizing::new).map_err(|_| ServiceError::Internal)
}

impl Gateway {
    /// An image and its content type, for a device that was sent its alert.
    pub async fn read_media(
        &self,
        media_id: MediaId,
        enrolment_id: EnrolmentId,
    ) -> Result<(Vec<u8>, String), ServiceError> {
        let row = self
            .db
            .read(move |tx| {
                let row = storage::media(tx, media_id)?.ok_or(ServiceError::NotFound)?;
                // Whoever was not sent the alert learns nothing, not even that the image exists.
                if may_read(tx, media_id, enrolment_id)? { Ok(row) } else { Err(ServiceError::NotFound) }
            })
            .await?;
        let key = row.key.ok_or(ServiceError::Gone)?;
        if self.authority.clock.now_ms() >= row.expire_ms {
            return Err(ServiceError::Gone);
        }
        let path = self.authority.dir.media().join(&row.file);
        let image = tokio::task::spawn_blocking(move || unseal(&path, &key)).await;
        Ok((image.map_err(|_| ServiceError::Internal)??.to_vec(), row.content_type))
    }

    /// Removes sealed files whose keys are gone.
    pub(super) async fn remove_files(&self, files: Vec<String>) {
        let folder = self.authority.dir.media();
        // A file that stays behind is noise and is swept at the next start.
        let _ = tokio::task::spawn_blocking(move || {
            for file in files {
                let _ = std::fs::remove_file(folder.join(file));
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jpeg_and_png_are_images() {
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0];
        jpeg.resize(100, 0);
        assert_eq!(sniff(&jpeg), Some("image/jpeg"));
        assert_eq!(sniff(&jpeg[..10]), None);
        for bad in [&b"GIF89a"[..], b"<svg>", b"", b"\x89PNG"] {
            assert_eq!(sniff(bad), None);
        }
    }

    #[test]
    fn a_sealed_file_does_not_hold_the_image_and_needs_its_key() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = ForceDir::new(temporary.path());
        files::private_dir(&dir.media()).unwrap();
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
        bytes.extend_from_slice(&[0x41; 300]);
        let image = NewImage::new(Zeroizing::new(bytes.clone()), MediaClass::Probe).unwrap();
        let (row, dto) = image.seal(&dir, AlertId(uuid::Uuid::nil()), 5, &mut rand::rng()).unwrap();
        assert_eq!(dto.size, 304);
        let path = dir.media().join(&row.file);
        let stored = std::fs::read(&path).unwrap();
        assert!(!stored.windows(16).any(|window| window == [0x41; 16]));
        assert_eq!(*unseal(&path, &row.key.unwrap()).unwrap(), bytes);
        assert!(unseal(&path, &[0; 32]).is_err());
    }
}
