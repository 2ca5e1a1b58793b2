//! Sealing of records under a 32-byte key that the device's key store wraps.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce in front; what a record is and where it belongs is authenticated,
//! so that a row moved elsewhere does not open. Must never: keep a key longer than its owner, print one.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A sealed record does not open: another key, another place, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("open a sealed record")]
pub struct SealedError;

/// A record key. Wiped on drop.
pub struct RecordKey(Zeroizing<[u8; KEY_BYTES]>);

impl RecordKey {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// Takes a key that the key store gave back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealedError> {
        bytes.try_into().map(|key| Self(Zeroizing::new(key))).map_err(|_| SealedError)
    }

    /// The bytes, for the key store to wrap.
    pub fn expose(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }

    /// Seals `plain` for the place named by `place`.
    pub fn seal(&self, place: &[u8], plain: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, SealedError> {
        let mut nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: place };
        let body = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealedError)?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealedError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealedError)?;
        let payload = Payload { msg: body, aad: place };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| SealedError)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_in_its_own_place_and_undamaged() {
        let mut rng = rand::rng();
        let key = RecordKey::generate(&mut rng);
        let mut sealed = key.seal(b"alert/1", b"body", &mut rng).unwrap();
        assert_eq!(key.open(b"alert/1", &sealed).unwrap().as_slice(), b"body");
        assert!(key.open(b"alert/2", &sealed).is_err());
        assert!(RecordKey::generate(&mut rng).open(b"alert/1", &sealed).is_err());
        sealed[30] ^= 1;
        assert!(key.open(b"alert/1", &sealed).is_err());
        assert!(key.open(b"alert/1", &sealed[..20]).is_err());
    }

    #[test]
    fn prints_nothing_of_the_key() {
        assert_eq!(format!("{:?}", RecordKey::generate(&mut rand::rng())), "[redacted]");
    }
}
