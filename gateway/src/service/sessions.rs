//! Short tokens and nonces of devices: without state, so that every gateway process of the force takes them.
//!
//! A token is what the force says about a device, under a MAC of a key in the force's directory; it is of use only with
//! proofs (RFC 9449) by the key whose thumbprint it names. A nonce is a MAC over its window of time.
//! Must never: keep or log a token, or take a nonce of another window than the present one and the one before.
//! Always: real time, not an exercise's; a proof counts once, and what is remembered of it is bounded. This process
//! refuses what it has seen itself; what the others have seen, and what was seen before, the store knows
//! ([`crate::storage::use_proof`]).

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use peel_domain::id::EnrolmentId;
use peel_domain::wire::dpop::Thumbprint;
use sha2::{Digest as _, Sha256};

use crate::force::AccessKey;

/// How long a token lasts, in seconds.
pub const TOKEN_LIFE_S: u64 = 600;
/// How long a nonce's window is, in seconds: a nonce is good for one to two of them.
pub const NONCE_WINDOW_S: u64 = 60;
/// Proofs of one kind of caller remembered at most for each window; with more of them the gateway is busy for that kind.
const MAX_PROOFS: usize = 1_000_000;

const TOKEN_LABEL: &[u8] = b"peel/v1/access-token\n";
const NONCE_LABEL: &[u8] = b"peel/v1/dpop-nonce\n";
/// Enrolment, end, thumbprint.
const CLAIMS_BYTES: usize = 16 + 8 + 32;
const MAC_BYTES: usize = 32;

/// Whom a token was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// The device.
    pub enrolment_id: EnrolmentId,
    /// The key that must prove itself with every request.
    pub thumbprint: Thumbprint,
}

/// A nonce's window, counted from 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window(u64);

impl Window {
    /// Its number since 1970 UTC.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A proof that this process sees for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshProof {
    /// The window of its nonce.
    pub window: Window,
    /// 16 bytes of a hash over key and identifier.
    pub id: [u8; 16],
}

/// Too many proofs in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyProofs;

/// Whose proof it is. Each kind has memory of its own: anybody can make a key and proofs by it, and must not fill the
/// memory that devices need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prover {
    /// A device with a token of this force, by the token's key.
    Device,
    /// Whoever asks for a token.
    Stranger,
}

/// Proofs that were used, by 16 bytes of a hash.
type Used = HashSet<[u8; 16]>;

/// Tokens, nonces, and the proofs that were used.
#[derive(Debug)]
pub struct Sessions {
    key: AccessKey,
    used: Mutex<BTreeMap<(Window, Prover), Used>>,
    max_proofs: usize,
}

impl Sessions {
    /// With the force's access key.
    pub fn new(key: AccessKey) -> Self {
        Self { key, used: Mutex::default(), max_proofs: MAX_PROOFS }
    }

    fn mac(&self, label: &[u8], message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose()).expect("hmac takes keys of any length");
        mac.update(label);
        mac.update(message);
        mac
    }

    /// A token of a device that ends [`TOKEN_LIFE_S`] after `now_s` (seconds since 1970 UTC).
    pub fn token(&self, claims: TokenClaims, now_s: u64) -> String {
        let mut bytes = Vec::with_capacity(CLAIMS_BYTES + MAC_BYTES);
        bytes.extend_from_slice(claims.enrolment_id.0.as_bytes());
        bytes.extend_from_slice(&now_s.saturating_add(TOKEN_LIFE_S).to_be_bytes());
        bytes.extend_from_slice(&claims.thumbprint.0);
        let mac = self.mac(TOKEN_LABEL, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whom a token was given to; nothing if it is none of this force's or its time is over.
    pub fn claims(&self, token: &str, now_s: u64) -> Option<TokenClaims> {
        if token.len() > 2 * (CLAIMS_BYTES + MAC_BYTES) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (claims, mac) = bytes.split_at_checked(CLAIMS_BYTES)?;
        self.mac(TOKEN_LABEL, claims).verify_slice(mac).ok()?;
        let (enrolment_id, rest) = claims.split_first_chunk::<16>()?;
        let (until_s, thumbprint) = rest.split_first_chunk::<8>()?;
        let thumbprint = Thumbprint(thumbprint.try_into().ok()?);
        let enrolment_id = EnrolmentId(uuid::Uuid::from_bytes(*enrolment_id));
        (now_s < u64::from_be_bytes(*until_s)).then_some(TokenClaims { enrolment_id, thumbprint })
    }

    /// The present nonce.
    pub fn nonce(&self, now_s: u64) -> String {
        let window = (now_s / NONCE_WINDOW_S).to_be_bytes();
        let mac = self.mac(NONCE_LABEL, &window).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([window.as_slice(), mac.as_slice()].concat())
    }

    /// The window of a nonce, if it is the present one or the one before.
    pub fn window(&self, nonce: &str, now_s: u64) -> Option<Window> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let (window, mac) = bytes.split_first_chunk::<8>()?;
        let (number, present) = (u64::from_be_bytes(*window), now_s / NONCE_WINDOW_S);
        if number != present && number.checked_add(1) != Some(present) {
            return None;
        }
        self.mac(NONCE_LABEL, window).verify_slice(mac).ok()?;
        Some(Window(number))
    }

    /// Notes a proof of this window as used; nothing if it was used before in this process. A proof names its nonce, so
    /// what is remembered of a window can go when its nonce can no longer be used.
    pub fn first_use(
        &self,
        prover: Prover,
        window: Window,
        thumbprint: Thumbprint,
        jti: &str,
        now_s: u64,
    ) -> Result<Option<FreshProof>, TooManyProofs> {
        let digest: [u8; 32] = Sha256::new().chain_update(thumbprint.0).chain_update(jti).finalize().into();
        let id = digest.first_chunk::<16>().copied().unwrap_or_default();
        let oldest = Window((now_s / NONCE_WINDOW_S).saturating_sub(1));
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|(known, _), _| *known >= oldest);
        let of_window = used.entry((window, prover)).or_default();
        if of_window.contains(&id) {
            return Ok(None);
        }
        if of_window.len() >= self.max_proofs {
            return Err(TooManyProofs);
        }
        Ok(of_window.insert(id).then_some(FreshProof { window, id }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn sessions(seed: u8) -> Sessions {
        Sessions::new(AccessKey::new([seed; 32]))
    }

    fn claims() -> TokenClaims {
        TokenClaims { enrolment_id: EnrolmentId(uuid::Uuid::from_u128(5)), thumbprint: Thumbprint([9; 32]) }
    }

    #[test]
    fn a_token_lasts_ten_minutes_in_every_process_of_the_force_and_in_no_other_force() {
        let token = sessions(1).token(claims(), NOW);
        assert_eq!(sessions(1).claims(&token, NOW + TOKEN_LIFE_S - 1), Some(claims()));
        assert_eq!(sessions(1).claims(&token, NOW + TOKEN_LIFE_S), None);
        assert_eq!(sessions(2).claims(&token, NOW), None);
        assert_eq!(sessions(1).claims("", NOW), None);
    }

    #[test]
    fn a_nonce_is_good_in_its_window_and_the_next() {
        let sessions = sessions(1);
        let start = NOW - NOW % NONCE_WINDOW_S;
        let nonce = sessions.nonce(start);
        let first = sessions.window(&nonce, start).unwrap();
        assert_eq!(sessions.window(&nonce, start + 2 * NONCE_WINDOW_S - 1), Some(first));
        assert_eq!(sessions.window(&nonce, start + 2 * NONCE_WINDOW_S), None);
        assert_eq!(sessions.window(&nonce, start - 1), None, "not before its time either");
        assert_eq!(self::sessions(2).window(&nonce, start), None);
        assert_ne!(nonce, sessions.nonce(start + NONCE_WINDOW_S));
    }

    #[test]
    fn a_proof_counts_once_and_the_memory_of_it_is_bounded() {
        let mut sessions = sessions(1);
        sessions.max_proofs = 2;
        let window = sessions.window(&sessions.nonce(NOW), NOW).unwrap();
        let thumbprint = Thumbprint([1; 32]);
        let first_use = |prover, window, thumbprint, jti, now_s| {
            sessions.first_use(prover, window, thumbprint, jti, now_s).map(|fresh| fresh.is_some())
        };
        let device = Prover::Device;
        assert_eq!(first_use(device, window, thumbprint, "a", NOW), Ok(true));
        assert_eq!(first_use(device, window, thumbprint, "a", NOW + NONCE_WINDOW_S), Ok(false));
        assert_eq!(first_use(device, window, Thumbprint([2; 32]), "a", NOW), Ok(true), "another key's");
        assert_eq!(first_use(device, window, thumbprint, "b", NOW), Err(TooManyProofs));
        assert_eq!(first_use(Prover::Stranger, window, thumbprint, "b", NOW), Ok(true), "memory of their own");
        assert_eq!(first_use(Prover::Stranger, window, thumbprint, "b", NOW), Ok(false));
        let later = NOW + 2 * NONCE_WINDOW_S;
        let next = sessions.window(&sessions.nonce(later), later).unwrap();
        assert_eq!(first_use(device, next, thumbprint, "b", later), Ok(true));
        assert_eq!(sessions.used.lock().unwrap().len(), 1, "a window that is over is forgotten");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_token_or_nonce_that_differs_in_one_bit_is_none(at in 0_usize..1_000, bit in 0_u8..6, other in "[ -~]{0,200}") {
            const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let sessions = sessions(1);
            prop_assert_eq!(sessions.claims(&other, NOW), None);
            prop_assert_eq!(sessions.window(&other, NOW), None);
            let flipped = |text: &str| {
                let mut bytes = text.as_bytes().to_vec();
                let at = at % bytes.len();
                let digit = DIGITS.iter().position(|digit| *digit == bytes[at]).unwrap();
                bytes[at] = DIGITS[digit ^ (1 << bit)];
                String::from_utf8(bytes).unwrap()
            };
            prop_assert_eq!(sessions.claims(&flipped(&sessions.token(claims(), NOW)), NOW), None);
            prop_assert_eq!(sessions.window(&flipped(&sessions.nonce(NOW)), NOW), None);
        }
    }
}
