//! The 32-byte SHA-256 value that trees, commitments and manifests are made of.
//!
//! It never accepts text that is not canonical: one value has one hexadecimal and one base64 form.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Why a text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The text is not canonical standard base64.
    #[error("read hash: not canonical base64")]
    Base64,
    /// The text is not lower-case hexadecimal.
    #[error("read hash: not lower-case hexadecimal")]
    Hexadecimal,
    /// The value is not 32 bytes long.
    #[error("read hash: not 32 bytes")]
    Length,
}

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;

    /// Wraps 32 bytes that are already a hash.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// SHA-256 over the concatenation of `parts`.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The raw bytes, by value.
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// Reads exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError::Length)
    }

    /// Standard base64 with padding, as checkpoints and proofs write hashes.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads canonical standard base64; a form with slack bits is refused.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        Self::from_slice(&STANDARD.decode(text).map_err(|_| HashError::Base64)?)
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads lower-case hexadecimal; upper case is refused.
    pub fn from_hex(text: &str) -> Result<Self, HashError> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(HashError::Hexadecimal);
        }
        Self::from_slice(&hex::decode(text).map_err(|_| HashError::Hexadecimal)?)
    }
}

impl From<[u8; Hash::LEN]> for Hash {
    fn from(bytes: [u8; Hash::LEN]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_read_back() {
        let hash = Hash::of(&[b"a", b"b"]);
        assert_eq!(hash, Hash::of(&[b"ab"]));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        assert_eq!(Hash::from_hex(&hash.to_hex()), Ok(hash));
    }

    #[test]
    fn refuses_text_with_slack() {
        let text = Hash::default().to_base64();
        assert_eq!(Hash::from_base64(&text.replace("A=", "B=")), Err(HashError::Base64));
        assert_eq!(Hash::from_base64(text.trim_end_matches('=')), Err(HashError::Base64));
        assert_eq!(Hash::from_hex(&Hash::of(&[b"x"]).to_hex().to_uppercase()), Err(HashError::Hexadecimal));
        assert_eq!(Hash::from_hex("00"), Err(HashError::Length));
    }
}
