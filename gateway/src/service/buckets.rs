//! How many requests a device or an address may make, as far as this process sees them: a device's bucket is one for all
//! processes ([`crate::storage::draw`]), and this one spares the store those who have emptied it here.
//!
//! Always: bounded memory; a bucket that is empty says how long to wait.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use peel_domain::id::EnrolmentId;

/// Buckets kept at most for devices, and as many for addresses.
const MAX_KEPT: usize = 100_000;

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
    devices: Mutex<HashMap<EnrolmentId, Bucket>>,
    /// Of their own: whoever has many addresses must not crowd devices out.
    addresses: Mutex<HashMap<IpAddr, Bucket>>,
}

/// Whose bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketKey {
    /// A device.
    Device(EnrolmentId),
    /// A network address, for requests without a token.
    Address(IpAddr),
}

impl Buckets {
    /// Buckets of `burst` requests that regain `per_second`.
    pub fn new(burst: u32, per_second: u32) -> Self {
        let (burst, per_second) = (u64::from(burst), u64::from(per_second.max(1)));
        Self { burst, per_second, devices: Mutex::default(), addresses: Mutex::default() }
    }

    /// Takes one request; `Err` says after how many seconds to try again.
    pub fn take(&self, key: BucketKey, now: Instant) -> Result<(), u64> {
        match key {
            BucketKey::Device(device) => self.take_from(&self.devices, device, now),
            BucketKey::Address(address) => self.take_from(&self.addresses, address, now),
        }
    }

    fn take_from<K: Eq + Hash>(&self, kept: &Mutex<HashMap<K, Bucket>>, key: K, now: Instant) -> Result<(), u64> {
        let full = self.burst * 1_000;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT && !kept.contains_key(&key) {
            kept.retain(|_, bucket| now.duration_since(bucket.at) < Duration::from_mins(1));
            if kept.len() >= MAX_KEPT {
                return Err(1);
            }
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
    fn a_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(2, 1);
        let (now, key) = (Instant::now(), BucketKey::Device(EnrolmentId(uuid::Uuid::nil())));
        assert_eq!(buckets.take(key, now), Ok(()));
        assert_eq!(buckets.take(key, now), Ok(()));
        assert_eq!(buckets.take(key, now), Err(1));
        assert_eq!(buckets.take(key, now + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn many_addresses_do_not_crowd_devices_out() {
        let (buckets, now) = (Buckets::new(2, 1), Instant::now());
        for number in 0..=u32::try_from(MAX_KEPT).unwrap() {
            let _ = buckets.take(BucketKey::Address(std::net::Ipv4Addr::from(number).into()), now);
        }
        assert_eq!(buckets.take(BucketKey::Address(std::net::Ipv4Addr::from(u32::MAX).into()), now), Err(1));
        assert_eq!(buckets.take(BucketKey::Device(EnrolmentId(uuid::Uuid::nil())), now), Ok(()));
    }
}
