//! Time as the trail states it: bounded, not trusted.
//!
//! A [`Moment`] carries the wall clock for people, the monotonic clock of one boot for durations, and how far the
//! wall clock may be wrong. Nothing here reads a clock: a [`Clock`] is passed in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One start of the device; monotonic times of different boots cannot be subtracted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub [u8; 8]);

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BootId(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// Where the wall clock's reading comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// The device's own clock.
    Device,
    /// The device's clock, corrected by a gateway beacon.
    Gateway,
    /// A clock that runs faster than real time in an exercise.
    Exercise,
}

/// An instant: wall clock in milliseconds since 1970-01-01 UTC, and monotonic nanoseconds since this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the Unix epoch, UTC.
    pub utc_ms: i64,
    /// Nanoseconds of the monotonic clock of `boot_id`, time asleep included.
    pub monotonic_ns: u64,
    /// The boot that `monotonic_ns` belongs to.
    pub boot_id: BootId,
    /// Where `utc_ms` comes from.
    pub source: TimeSource,
    /// How far `utc_ms` may be wrong, in milliseconds.
    pub uncertainty_ms: u32,
}

/// Time between two moments, in milliseconds, with what is not known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elapsed {
    /// Milliseconds, never negative.
    pub ms: u64,
    /// How far `ms` may be wrong, in milliseconds; zero where one monotonic clock measured both ends.
    pub uncertainty_ms: u32,
}

impl Moment {
    /// Time since `earlier`: on the monotonic clock within one boot, else on the wall clock with both uncertainties.
    pub fn since(&self, earlier: &Self) -> Elapsed {
        if self.boot_id == earlier.boot_id {
            let ns = self.monotonic_ns.saturating_sub(earlier.monotonic_ns);
            return Elapsed { ms: ns / 1_000_000, uncertainty_ms: 0 };
        }
        Elapsed {
            ms: u64::try_from(self.utc_ms.saturating_sub(earlier.utc_ms)).unwrap_or(0),
            uncertainty_ms: self.uncertainty_ms.saturating_add(earlier.uncertainty_ms),
        }
    }
}

/// The only source of time for every rule.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment.
    fn now(&self) -> Moment;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(utc_ms: i64, monotonic_ms: u64, boot: u8) -> Moment {
        Moment {
            utc_ms,
            monotonic_ns: monotonic_ms * 1_000_000,
            boot_id: BootId([boot; 8]),
            source: TimeSource::Device,
            uncertainty_ms: 500,
        }
    }

    #[test]
    fn a_clock_set_back_does_not_change_a_duration_within_one_boot() {
        let elapsed = moment(0, 61_000, 1).since(&moment(1_000_000, 1_000, 1));
        assert_eq!(elapsed, Elapsed { ms: 60_000, uncertainty_ms: 0 });
    }

    #[test]
    fn a_reboot_makes_a_duration_uncertain() {
        let elapsed = moment(90_000, 5, 2).since(&moment(30_000, 70_000, 1));
        assert_eq!(elapsed, Elapsed { ms: 60_000, uncertainty_ms: 1_000 });
    }
}
