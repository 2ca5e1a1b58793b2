//! Recipients' keys of both suites.
//!
//! A private key prints as `[redacted]`, is wiped on drop and leaves only through functions whose name
//! says so. A public key that exists is valid for its suite.

use std::fmt;
use std::str::FromStr;

use hpke::aead::{AesGcm256, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::{DhP256HkdfSha256, X25519HkdfSha256};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::SealError;
use crate::Hash;
use crate::entry::{CipherSuite, KeyId};

type X25519Public = <X25519HkdfSha256 as Kem>::PublicKey;
type P256Public = <DhP256HkdfSha256 as Kem>::PublicKey;

#[derive(Clone, PartialEq, Eq)]
enum PublicKind {
    X25519(X25519Public),
    P256(Box<P256Public>),
}

/// The public half of a recipient: the auditor, the operations desk, the evidence system.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientPublicKey(PublicKind);

impl RecipientPublicKey {
    /// Reads the HPKE serialisation (RFC 9180 section 7.1.1) of a suite's public key.
    pub fn from_bytes(suite: CipherSuite, bytes: &[u8]) -> Result<Self, SealError> {
        let kind = match suite {
            CipherSuite::Clear => return Err(SealError::Key),
            CipherSuite::X25519ChaCha20Poly1305 => {
                PublicKind::X25519(X25519Public::from_bytes(bytes).map_err(|_| SealError::Key)?)
            }
            CipherSuite::P256Aes256Gcm => {
                PublicKind::P256(Box::new(P256Public::from_bytes(bytes).map_err(|_| SealError::Key)?))
            }
        };
        Ok(Self(kind))
    }

    /// The HPKE serialisation: 32 bytes for X25519, 65 for P-256.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            PublicKind::X25519(key) => key.to_bytes().to_vec(),
            PublicKind::P256(key) => key.to_bytes().to_vec(),
        }
    }

    /// The suite this key belongs to.
    pub const fn suite(&self) -> CipherSuite {
        match self.0 {
            PublicKind::X25519(_) => CipherSuite::X25519ChaCha20Poly1305,
            PublicKind::P256(_) => CipherSuite::P256Aes256Gcm,
        }
    }

    /// The first 8 bytes of SHA-256 of the serialised key.
    pub fn kid(&self) -> KeyId {
        let digest = Hash::of(&[&self.to_bytes()]);
        *digest.as_bytes().first_chunk().expect("a hash has 32 bytes")
    }

    /// HPKE base mode, single shot: gives the encapsulated key and the ciphertext.
    pub fn wrap(
        &self,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, Vec<u8>), SealError> {
        match &self.0 {
            PublicKind::X25519(key) => {
                let (enc, ciphertext) =
                    hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                        &OpModeS::Base,
                        key,
                        info,
                        plaintext,
                        aad,
                        rng,
                    )
                    .map_err(|_| SealError::Key)?;
                Ok((enc.to_bytes().to_vec(), ciphertext))
            }
            PublicKind::P256(key) => {
                let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
                    &OpModeS::Base,
                    key,
                    info,
                    plaintext,
                    aad,
                    rng,
                )
                .map_err(|_| SealError::Key)?;
                Ok((enc.to_bytes().to_vec(), ciphertext))
            }
        }
    }
}

const fn public_label(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::P256Aes256Gcm => "p256:",
        _ => "x25519:",
    }
}

const fn private_label(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::P256Aes256Gcm => "p256-private:",
        _ => "x25519-private:",
    }
}

const SUITES: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

/// Finds the suite by its label and decodes the lower-case hexadecimal after it.
fn labelled(
    text: &str,
    label: fn(CipherSuite) -> &'static str,
) -> Result<(CipherSuite, Zeroizing<Vec<u8>>), SealError> {
    for suite in SUITES {
        if let Some(digits) = text.strip_prefix(label(suite)) {
            if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Err(SealError::Key);
            }
            let bytes = hex::decode(digits).map_err(|_| SealError::Key)?;
            return Ok((suite, Zeroizing::new(bytes)));
        }
    }
    Err(SealError::Key)
}

/// `x25519:` or `p256:` and lower-case hexadecimal.
impl fmt::Display for RecipientPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", public_label(self.suite()), hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for RecipientPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RecipientPublicKey({})", hex::encode(self.kid()))
    }
}

impl FromStr for RecipientPublicKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (suite, bytes) = labelled(text, public_label)?;
        Self::from_bytes(suite, &bytes)
    }
}

/// The private half of a recipient. Never on a phone for the keys of old records.
#[derive(Clone)]
pub struct RecipientPrivateKey {
    suite: CipherSuite,
    bytes: Zeroizing<Vec<u8>>,
    /// Computed once: each computation costs as much as opening an entry.
    public: RecipientPublicKey,
    kid: KeyId,
}

impl RecipientPrivateKey {
    /// Draws a new key for a suite; [`CipherSuite::Clear`] has none.
    pub fn generate(suite: CipherSuite, rng: &mut impl CryptoRng) -> Result<Self, SealError> {
        let bytes = match suite {
            CipherSuite::Clear => return Err(SealError::Key),
            CipherSuite::X25519ChaCha20Poly1305 => X25519HkdfSha256::gen_keypair_with_rng(rng).0.to_bytes().to_vec(),
            CipherSuite::P256Aes256Gcm => DhP256HkdfSha256::gen_keypair_with_rng(rng).0.to_bytes().to_vec(),
        };
        Self::from_secret(suite, Zeroizing::new(bytes))
    }

    /// Reads the HPKE serialisation (RFC 9180 section 7.1.2) of a suite's private key.
    pub fn from_bytes(suite: CipherSuite, bytes: &[u8]) -> Result<Self, SealError> {
        Self::from_secret(suite, Zeroizing::new(bytes.to_vec()))
    }

    fn from_secret(suite: CipherSuite, bytes: Zeroizing<Vec<u8>>) -> Result<Self, SealError> {
        let kind = match suite {
            CipherSuite::Clear => return Err(SealError::Key),
            CipherSuite::X25519ChaCha20Poly1305 => PublicKind::X25519(X25519HkdfSha256::sk_to_pk(&x25519(&bytes)?)),
            CipherSuite::P256Aes256Gcm => PublicKind::P256(Box::new(DhP256HkdfSha256::sk_to_pk(&p256(&bytes)?))),
        };
        let public = RecipientPublicKey(kind);
        Ok(Self { suite, bytes, kid: public.kid(), public })
    }

    /// The secret bytes, for storage under another key or in a file only its owner reads.
    pub fn expose_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.bytes.clone()
    }

    /// The secret as text: `x25519-private:` or `p256-private:` and lower-case hexadecimal.
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}", private_label(self.suite), *Zeroizing::new(hex::encode(self.bytes.as_slice()))))
    }

    /// The suite this key belongs to.
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// The public half.
    pub fn public_key(&self) -> Result<RecipientPublicKey, SealError> {
        Ok(self.public.clone())
    }

    /// The first 8 bytes of SHA-256 of the serialised public key.
    pub const fn kid(&self) -> KeyId {
        self.kid
    }

    /// HPKE base mode, single shot: opens what [`RecipientPublicKey::wrap`] made.
    pub fn unwrap(
        &self,
        info: &[u8],
        aad: &[u8],
        enc: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let opened = match self.suite {
            CipherSuite::Clear => return Err(SealError::Key),
            CipherSuite::X25519ChaCha20Poly1305 => {
                let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError::Unwrap)?;
                hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                    &OpModeR::Base,
                    &x25519(&self.bytes)?,
                    &enc,
                    info,
                    ciphertext,
                    aad,
                )
            }
            CipherSuite::P256Aes256Gcm => {
                let enc = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError::Unwrap)?;
                hpke::single_shot_open::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
                    &OpModeR::Base,
                    &p256(&self.bytes)?,
                    &enc,
                    info,
                    ciphertext,
                    aad,
                )
            }
        };
        opened.map(Zeroizing::new).map_err(|_| SealError::Unwrap)
    }
}

fn x25519(bytes: &[u8]) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, SealError> {
    <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(bytes).map_err(|_| SealError::Key)
}

fn p256(bytes: &[u8]) -> Result<<DhP256HkdfSha256 as Kem>::PrivateKey, SealError> {
    <DhP256HkdfSha256 as Kem>::PrivateKey::from_bytes(bytes).map_err(|_| SealError::Key)
}

impl FromStr for RecipientPrivateKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (suite, bytes) = labelled(text, private_label)?;
        Self::from_bytes(suite, &bytes)
    }
}

impl fmt::Debug for RecipientPrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}
