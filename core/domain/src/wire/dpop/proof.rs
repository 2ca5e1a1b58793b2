//! The proof itself: a compact JWS over a header with the key and claims about one request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier as _;
use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::{DpopError, MAX_ID_BYTES, MAX_PROOF_BYTES, PublicJwk, Thumbprint, normalised_htu, token_hash};

const TYPE: &str = "dpop+jwt";
const ALGORITHM: &str = "ES256";

/// Whether a member stands there, whatever its value is.
#[derive(Default)]
struct Presence(bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    #[serde(default)]
    crit: Presence,
}

/// Members of other kinds of key and private members must not be there (section 4.3, check 7).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(default)]
    d: Presence,
    #[serde(default)]
    k: Presence,
    #[serde(default)]
    p: Presence,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// The request that a proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct DpopRequest<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its address: `https`, authority, path.
    pub address: &'a str,
    /// The token that comes with it, if one must.
    pub token: Option<&'a str>,
}

/// A proof whose signature verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpopProof {
    thumbprint: Thumbprint,
    jti: String,
    method: String,
    address: String,
    ath: Option<[u8; 32]>,
    nonce: Option<String>,
}

fn decoded(part: &str) -> Result<Vec<u8>, DpopError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| DpopError::Malformed)
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Header {
    fn key(self) -> Result<PublicJwk, DpopError> {
        if self.typ != TYPE || self.alg != ALGORITHM || self.crit.0 {
            return Err(DpopError::Type);
        }
        let Jwk { kty, crv, x, y, d, k, p } = self.jwk;
        let is_public_p256 = kty == "EC" && crv == "P-256" && !(d.0 || k.0 || p.0);
        if is_public_p256 { Ok(PublicJwk { x, y }) } else { Err(DpopError::Key) }
    }
}

impl DpopProof {
    /// Reads the value of a `DPoP` header and verifies its signature (section 4.3, checks 2 to 7).
    pub fn parse(text: &str) -> Result<Self, DpopError> {
        if text.len() > MAX_PROOF_BYTES {
            return Err(DpopError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(DpopError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(DpopError::Malformed)?;
        let (header, claims, signature) = (decoded(header)?, decoded(claims)?, decoded(signature)?);
        let header: Header = serde_json::from_slice(&header).map_err(|_| DpopError::Malformed)?;
        let jwk = header.key()?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| DpopError::Malformed)?;
        if !is_id(&claims.jti) || claims.nonce.as_deref().is_some_and(|nonce| !is_id(nonce)) {
            return Err(DpopError::Malformed);
        }
        let ath = claims.ath.map(|text| decoded(&text)?.try_into().map_err(|_| DpopError::Malformed)).transpose()?;
        let signature = Signature::from_slice(&signature).map_err(|_| DpopError::Signature)?;
        jwk.verifying_key()?.verify(signed.as_bytes(), &signature).map_err(|_| DpopError::Signature)?;
        let address = normalised_htu(&claims.htu).ok_or(DpopError::Address)?;
        let Claims { jti, htm: method, nonce, .. } = claims;
        Ok(Self { thumbprint: jwk.thumbprint(), jti, method, address, ath, nonce })
    }

    /// Checks that it was made for this request (section 4.3, checks 8, 9 and 12). The nonce and the use of `jti` are
    /// the caller's to check.
    pub fn check(&self, request: DpopRequest<'_>) -> Result<(), DpopError> {
        if self.method != request.method {
            return Err(DpopError::Method);
        }
        if Some(&self.address) != normalised_htu(request.address).as_ref() {
            return Err(DpopError::Address);
        }
        if request.token.is_some_and(|token| self.ath != Some(token_hash(token))) {
            return Err(DpopError::Token);
        }
        Ok(())
    }

    /// The thumbprint of the key that signed.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The proof's own identifier.
    pub fn jti(&self) -> &str {
        &self.jti
    }

    /// The server's nonce that it states.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

/// A proof that waits for its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofDraft {
    signing_input: String,
}

impl ProofDraft {
    /// A proof for one request by the key with this DER `SubjectPublicKeyInfo`. `jti` is fresh randomness, `iat_s` the
    /// phone's clock in seconds since 1970 UTC, which nobody relies on.
    pub fn new(
        spki_der: &[u8],
        request: DpopRequest<'_>,
        jti: [u8; 16],
        iat_s: i64,
        nonce: Option<&str>,
    ) -> Result<Self, DpopError> {
        let jwk = PublicJwk::of_spki(spki_der)?.to_json();
        let claims = Claims {
            jti: URL_SAFE_NO_PAD.encode(jti),
            htm: request.method.to_owned(),
            htu: normalised_htu(request.address).ok_or(DpopError::Address)?,
            iat: iat_s,
            ath: request.token.map(|token| URL_SAFE_NO_PAD.encode(token_hash(token))),
            nonce: nonce.map(str::to_owned),
        };
        let header = format!(r#"{{"typ":"{TYPE}","alg":"{ALGORITHM}","jwk":{jwk}}}"#);
        let claims = serde_json::to_vec(&claims).map_err(|_| DpopError::Malformed)?;
        let signing_input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        Ok(Self { signing_input })
    }

    /// What the key signs: ECDSA with SHA-256.
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The header's value, from the key's signature in DER, as key stores give it; JWS wants `r` and `s` side by side
    /// (RFC 7518 section 3.4).
    pub fn finish(self, signature_der: &[u8]) -> Result<String, DpopError> {
        let signature = Signature::from_der(signature_der).map_err(|_| DpopError::Signature)?;
        Ok(format!("{}.{}", self.signing_input, URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }
}
