//! The enrolment code: what a phone scans once to belong to a force.
//!
//! Deterministic CBOR, as base64url without padding (RFC 4648 section 5), so that it fits a QR code.
//! Must never: be printed or logged; it holds a secret. Always: parsed whole or refused with a typed error.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cbor;

/// The version of the code's form.
const CODE_VERSION: u8 = 1;
/// Longest code, in characters: what the largest QR code holds.
const MAX_CHARACTERS: usize = 4_000;
/// Longest gateway address, in bytes.
const MAX_URL_BYTES: usize = 300;

/// A code that parsed: where the gateway is, how to know it, and the one-time secret.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnrolmentCode {
    /// `https://host:port`, without a trailing slash.
    #[zeroize(skip)]
    pub gateway_url: String,
    /// SHA-256 of the `SubjectPublicKeyInfo` of the gateway's key and of its successor.
    #[zeroize(skip)]
    pub spki_pins: [[u8; 32]; 2],
    /// The force's root certificate: X.509, DER.
    #[zeroize(skip)]
    pub root_certificate: Vec<u8>,
    /// The force's root verifier key, as a signed-note key line.
    #[zeroize(skip)]
    pub force_vkey: String,
    /// What the force's keys in the reply must hash to, [`super::EnrolResponse::keys_sha256`]: who can read what the
    /// phone records is said by the code, not by whoever answers.
    #[zeroize(skip)]
    pub keys_sha256: [u8; 32],
    /// The one-time secret.
    pub secret: [u8; 32],
    /// The end of its life; milliseconds since 1970 UTC.
    #[zeroize(skip)]
    pub expires_ms: i64,
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentCode([redacted])")
    }
}

#[derive(Serialize, Deserialize)]
struct Version {
    v: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    v: u8,
    url: String,
    #[serde(with = "crate::bytes")]
    pin: [u8; 32],
    #[serde(with = "crate::bytes")]
    next_pin: [u8; 32],
    #[serde(with = "crate::bytes")]
    root: Vec<u8>,
    vkey: String,
    #[serde(with = "crate::bytes")]
    keys: [u8; 32],
    #[serde(with = "crate::bytes")]
    secret: [u8; 32],
    until: i64,
}

impl Drop for Form {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Why an enrolment code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentCodeError {
    /// It is not an enrolment code, or not a whole one.
    #[error("read an enrolment code")]
    Malformed,
    /// It is of a form that this build does not know.
    #[error("read an enrolment code of an unknown version")]
    UnknownVersion,
    /// Its gateway address is not one.
    #[error("take an enrolment code without a secure gateway address")]
    Address,
    /// Its time is over.
    #[error("take an enrolment code that has expired")]
    Expired,
    /// The gateway does not know it.
    #[error("take an enrolment code that the gateway does not know")]
    Wrong,
    /// It was used.
    #[error("take an enrolment code that was used")]
    Used,
}

impl EnrolmentCodeError {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "enrolment_code.malformed",
            Self::UnknownVersion => "enrolment_code.unknown_version",
            Self::Address => "enrolment_code.address",
            Self::Expired => "enrolment_code.expired",
            Self::Wrong => "enrolment_code.wrong",
            Self::Used => "enrolment_code.used",
        }
    }
}

impl EnrolmentCode {
    /// The text for the QR code.
    pub fn to_text(&self) -> Result<String, EnrolmentCodeError> {
        let [pin, next_pin] = self.spki_pins;
        let form = Form {
            v: CODE_VERSION,
            url: self.gateway_url.clone(),
            pin,
            next_pin,
            root: self.root_certificate.clone(),
            vkey: self.force_vkey.clone(),
            keys: self.keys_sha256,
            secret: self.secret,
            until: self.expires_ms,
        };
        check_address(&form.url)?;
        let bytes = cbor::encode(&form).map_err(|_| EnrolmentCodeError::Malformed)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a code and checks that its time is not over at `now_ms`.
    pub fn parse(text: &str, now_ms: i64) -> Result<Self, EnrolmentCodeError> {
        let text = text.trim();
        if text.len() > MAX_CHARACTERS {
            return Err(EnrolmentCodeError::Malformed);
        }
        let bytes = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| EnrolmentCodeError::Malformed)?);
        let version: Version = cbor::glance(&bytes).map_err(|_| EnrolmentCodeError::Malformed)?;
        if version.v != CODE_VERSION {
            return Err(EnrolmentCodeError::UnknownVersion);
        }
        let form: Form = cbor::decode(&bytes).map_err(|_| EnrolmentCodeError::Malformed)?;
        check_address(&form.url)?;
        if form.root.is_empty() || form.vkey.is_empty() {
            return Err(EnrolmentCodeError::Malformed);
        }
        if now_ms >= form.until {
            return Err(EnrolmentCodeError::Expired);
        }
        Ok(Self {
            gateway_url: form.url.clone(),
            spki_pins: [form.pin, form.next_pin],
            root_certificate: form.root.clone(),
            force_vkey: form.vkey.clone(),
            keys_sha256: form.keys,
            secret: form.secret,
            expires_ms: form.until,
        })
    }
}

/// HTTPS, a host, perhaps a port, and nothing after it.
fn check_address(url: &str) -> Result<(), EnrolmentCodeError> {
    let host = url.strip_prefix("https://").ok_or(EnrolmentCodeError::Address)?;
    let plain =
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'));
    if host.is_empty() || url.len() > MAX_URL_BYTES || !plain {
        return Err(EnrolmentCodeError::Address);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> EnrolmentCode {
        EnrolmentCode {
            gateway_url: "https://127.0.0.1:8443".to_owned(),
            spki_pins: [[1; 32], [2; 32]],
            root_certificate: vec![3; 400],
            force_vkey: "force.example+00000000+AQ==".to_owned(),
            keys_sha256: [5; 32],
            secret: [4; 32],
            expires_ms: 1_000,
        }
    }

    #[test]
    fn comes_back_from_its_text() {
        let text = code().to_text().unwrap();
        assert!(EnrolmentCode::parse(&format!(" {text}\n"), 999).unwrap() == code());
        assert_eq!(format!("{:?}", code()), "EnrolmentCode([redacted])");
    }

    #[test]
    fn refuses_expired_malformed_and_plaintext() {
        let text = code().to_text().unwrap();
        assert_eq!(EnrolmentCode::parse(&text, 1_000).unwrap_err(), EnrolmentCodeError::Expired);
        for bad in ["", "hello", &text[1..], &text[..text.len() - 4], &format!("{text}AAAA"), &"A".repeat(5_000)] {
            assert_eq!(EnrolmentCode::parse(bad, 0).unwrap_err(), EnrolmentCodeError::Malformed);
        }
        for url in ["http://gateway.example", "https://", "https://a/b", "https://user@host", "ftp://x"] {
            let mut plaintext = code();
            plaintext.gateway_url = url.to_owned();
            assert_eq!(plaintext.to_text().unwrap_err(), EnrolmentCodeError::Address, "{url}");
        }
        let other = URL_SAFE_NO_PAD.encode(cbor::encode(&Version { v: 9 }).unwrap());
        assert_eq!(EnrolmentCode::parse(&other, 0).unwrap_err(), EnrolmentCodeError::UnknownVersion);
    }

    #[test]
    fn every_flipped_bit_gives_another_code_or_an_error_and_never_a_panic() {
        let text = code().to_text().unwrap();
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1;
            if let Ok(flipped) = String::from_utf8(bytes) {
                assert!(EnrolmentCode::parse(&flipped, 0).map_or(true, |parsed| parsed != code()));
            }
        }
    }
}
