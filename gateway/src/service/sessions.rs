//! Short tokens and nonces of devices, and how many requests a device may make.
//!
//! Must never: outlive the process (a device asks for a new token), or keep a token in the clear.
//! Always: real time, not an exercise's; bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use peel_domain::id::EnrolmentId;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};

/// How long a token lasts.
pub(super) const TOKEN_LIFE: Duration = Duration::from_mins(10);
/// How long a nonce lasts.
pub(super) const NONCE_LIFE: Duration = Duration::from_mins(1);
/// Nonces and tokens kept at most, each.
const MAX_KEPT: usize = 100_000;

type Digest32 = [u8; 32];

#[derive(Debug)]
struct Expiring<T> {
    kept: Mutex<HashMap<Digest32, (Instant, T)>>,
}

impl<T> Default for Expiring<T> {
    fn default() -> Self {
        Self { kept: Mutex::new(HashMap::new()) }
    }
}

impl<T: Copy> Expiring<T> {
    fn put(&self, key: Digest32, until: Instant, value: T, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, (until, _)| *until > now);
        }
        if kept.len() < MAX_KEPT {
            kept.insert(key, (until, value));
        }
    }

    fn peek(&self, key: &Digest32, now: Instant) -> Option<T> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(until, _)| *until > now).map(|(_, value)| *value)
    }

    fn take(&self, key: &Digest32, now: Instant) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(key).filter(|(until, _)| *until > now).map(|(_, value)| value)
    }
}

/// Tokens and nonces.
#[derive(Debug, Default)]
pub struct Sessions {
    nonces: Expiring<()>,
    tokens: Expiring<EnrolmentId>,
}

fn digest(text: &str) -> Digest32 {
    Sha256::digest(text.as_bytes()).into()
}

fn random_text(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0_u8; 32];
    rng.fill_bytes(&mut bytes);
    hex::encode(bytes)
}

impl Sessions {
    /// A new nonce.
    pub fn nonce(&self, now: Instant, rng: &mut impl CryptoRng) -> String {
        let nonce = random_text(rng);
        self.nonces.put(digest(&nonce), now + NONCE_LIFE, (), now);
        nonce
    }

    /// Uses a nonce up; `false` if it is none, used or too old.
    pub fn take_nonce(&self, nonce: &str, now: Instant) -> bool {
        self.nonces.take(&digest(nonce), now).is_some()
    }

    /// A new token.
    pub fn token(&self, enrolment_id: EnrolmentId, now: Instant, rng: &mut impl CryptoRng) -> String {
        let token = random_text(rng);
        self.tokens.put(digest(&token), now + TOKEN_LIFE, enrolment_id, now);
        token
    }

    /// Whose token it is.
    pub fn device(&self, token: &str, now: Instant) -> Option<EnrolmentId> {
        self.tokens.peek(&digest(token), now)
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    thousandths: u64,
    at: Instant,
}

/// Token buckets (requests), one for each device or address.
#[derive(Debug)]
pub struct Buckets {
    burst: u64,
    per_second: u64,
    kept: Mutex<HashMap<BucketKey, Bucket>>,
}

/// Whose bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketKey {
    /// A device.
    Device(EnrolmentId),
    /// A network address, for requests without a token.
    Address(std::net::IpAddr),
}

impl Buckets {
    /// Buckets of `burst` requests that regain `per_second`.
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: u64::from(burst), per_second: u64::from(per_second.max(1)), kept: Mutex::default() }
    }

    /// Takes one request; `Err` says after how many seconds to try again.
    pub fn take(&self, key: BucketKey, now: Instant) -> Result<(), u64> {
        let full = self.burst * 1_000;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, bucket| now.duration_since(bucket.at) < Duration::from_mins(1));
        }
        let bucket = match kept.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Bucket { thousandths: full, at: now }),
        };
        let passed = u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(u64::MAX);
        bucket.thousandths = full.min(bucket.thousandths.saturating_add(passed.saturating_mul(self.per_second)));
        bucket.at = now;
        if bucket.thousandths < 1_000 {
            return Err(1_000_u64.div_ceil(self.per_second).div_ceil(1_000).max(1));
        }
        bucket.thousandths -= 1_000;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_and_for_a_minute() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let nonce = sessions.nonce(now, &mut rand::rng());
        assert!(sessions.take_nonce(&nonce, now) && !sessions.take_nonce(&nonce, now));
        let old = sessions.nonce(now, &mut rand::rng());
        assert!(!sessions.take_nonce(&old, now + NONCE_LIFE));
    }

    #[test]
    fn a_token_lasts_ten_minutes() {
        let sessions = Sessions::default();
        let (now, device) = (Instant::now(), EnrolmentId(uuid::Uuid::nil()));
        let token = sessions.token(device, now, &mut rand::rng());
        assert_eq!(sessions.device(&token, now + TOKEN_LIFE / 2), Some(device));
        assert_eq!(sessions.device(&token, now + TOKEN_LIFE), None);
        assert_eq!(sessions.device("", now), None);
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(2, 1);
        let (now, key) = (Instant::now(), BucketKey::Device(EnrolmentId(uuid::Uuid::nil())));
        assert_eq!(buckets.take(key, now), Ok(()));
        assert_eq!(buckets.take(key, now), Ok(()));
        assert_eq!(buckets.take(key, now), Err(1));
        assert_eq!(buckets.take(key, now + Duration::from_secs(1)), Ok(()));
    }
}
