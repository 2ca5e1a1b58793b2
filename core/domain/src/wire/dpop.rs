//! Proof of possession for tokens: `DPoP` (RFC 9449) with ES256, both ends of it.
//!
//! For: the phone makes proofs ([`ProofDraft`]), the gateway reads them ([`DpopProof`]). Must never: take a private key,
//! an algorithm other than ES256, or a JWT longer than [`MAX_PROOF_BYTES`]; judge freshness by the phone's clock (the
//! server's nonce does that, so `iat` must only be there). Always: a [`DpopProof`] exists only when its signature
//! verified under the key that it carries; whose key that is, the caller decides by [`Thumbprint`].

mod proof;
mod url;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::VerifyingKey;
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};

pub use proof::{DpopProof, DpopRequest, ProofDraft};
pub use url::normalised_htu;

/// Longest proof that is read, in bytes.
pub const MAX_PROOF_BYTES: usize = 4_096;
/// Longest `jti` and `nonce`, in bytes.
pub const MAX_ID_BYTES: usize = 256;

/// What is wrong with a proof. The text reads after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// Not a compact JWS of a header and claims, or one without a claim that must be there.
    #[error("read a proof of possession")]
    Malformed,
    /// Another type, another algorithm, or a header that must be understood and is not.
    #[error("take a proof of possession of this type")]
    Type,
    /// The key is not a public P-256 key.
    #[error("take the key of a proof of possession")]
    Key,
    /// The signature does not verify.
    #[error("verify a proof of possession")]
    Signature,
    /// It was made for another method.
    #[error("take a proof of possession for another method")]
    Method,
    /// It was made for another address.
    #[error("take a proof of possession for another address")]
    Address,
    /// It was made for another token, or for none.
    #[error("take a proof of possession for another token")]
    Token,
}

/// SHA-256 thumbprint of a P-256 public key as JWK (RFC 7638): `jkt`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbprint([redacted])")
    }
}

impl Thumbprint {
    /// Of a key as DER `SubjectPublicKeyInfo`.
    pub fn of_spki(spki_der: &[u8]) -> Result<Self, DpopError> {
        Ok(PublicJwk::of_spki(spki_der)?.thumbprint())
    }
}

/// A P-256 public key as the two coordinates of a JWK, base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PublicJwk {
    x: String,
    y: String,
}

impl PublicJwk {
    fn of_spki(spki_der: &[u8]) -> Result<Self, DpopError> {
        let key = VerifyingKey::from_public_key_der(spki_der).map_err(|_| DpopError::Key)?;
        let point = key.to_sec1_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else { return Err(DpopError::Key) };
        Ok(Self { x: URL_SAFE_NO_PAD.encode(x), y: URL_SAFE_NO_PAD.encode(y) })
    }

    /// The members that RFC 7638 section 3.2 asks for, in their order, without white space.
    fn to_json(&self) -> String {
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y)
    }

    fn thumbprint(&self) -> Thumbprint {
        Thumbprint(Sha256::digest(self.to_json()).into())
    }

    fn verifying_key(&self) -> Result<VerifyingKey, DpopError> {
        let mut point = [4_u8; 65];
        let coordinates = [&self.x, &self.y].map(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let [Some(x), Some(y)] = coordinates else { return Err(DpopError::Key) };
        let (_, rest) = point.split_at_mut(1);
        let (at_x, at_y) = rest.split_at_mut(32);
        if x.len() != at_x.len() || y.len() != at_y.len() {
            return Err(DpopError::Key);
        }
        at_x.copy_from_slice(&x);
        at_y.copy_from_slice(&y);
        VerifyingKey::from_sec1_bytes(&point).map_err(|_| DpopError::Key)
    }
}

/// SHA-256 of a token's ASCII text: `ath` (section 4.2).
fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests;
