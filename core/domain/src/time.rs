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

impl Elapsed {
    /// No time at all.
    pub const ZERO: Self = Self { ms: 0, uncertainty_ms: 0 };

    /// Adds two stretches of time and what is not known about them.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            ms: self.ms.saturating_add(other.ms),
            uncertainty_ms: self.uncertainty_ms.saturating_add(other.uncertainty_ms),
        }
    }
}

impl Moment {
    /// Time since `earlier`: on the monotonic clock within one boot, else on the wall clock with both uncertainties,
    /// and never less than this boot has lasted. `earlier` is from this boot or one before it.
    pub fn since(&self, earlier: &Self) -> Elapsed {
        if self.boot_id == earlier.boot_id {
            let ns = self.monotonic_ns.saturating_sub(earlier.monotonic_ns);
            return Elapsed { ms: ns / 1_000_000, uncertainty_ms: 0 };
        }
        let wall_ms = self.utc_ms.saturating_sub(earlier.utc_ms);
        // The monotonic clock starts with the boot, and `earlier` was before it: at least this much time has passed.
        let since_boot_ms = self.monotonic_ns / 1_000_000;
        let ms = u64::try_from(wall_ms).unwrap_or(0).max(since_boot_ms);
        let wrong_by = i64::try_from(ms).unwrap_or(i64::MAX).saturating_sub(wall_ms);
        Elapsed {
            ms,
            uncertainty_ms: self
                .uncertainty_ms
                .saturating_add(earlier.uncertainty_ms)
                .saturating_add(u32::try_from(wrong_by).unwrap_or(u32::MAX)),
        }
    }

    /// The wall clock as the monotonic clock has it: the wall reading of `earlier` plus the time since, so that a
    /// clock that was set in between changes nothing. Across boots it is the present wall clock.
    pub fn utc_ms_from(&self, earlier: &Self) -> i64 {
        if self.boot_id == earlier.boot_id {
            earlier.utc_ms.saturating_add(i64::try_from(self.since(earlier).ms).unwrap_or(i64::MAX))
        } else {
            self.utc_ms
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
    fn a_clock_set_back_over_a_reboot_never_takes_time_away() {
        let elapsed = moment(30_000, 20_000, 2).since(&moment(90_000, 70_000, 1));
        assert_eq!(elapsed, Elapsed { ms: 20_000, uncertainty_ms: 81_000 });
    }

    #[test]
    fn a_reboot_makes_a_duration_uncertain() {
        let elapsed = moment(90_000, 5, 2).since(&moment(30_000, 70_000, 1));
        assert_eq!(elapsed, Elapsed { ms: 60_000, uncertainty_ms: 1_000 });
    }
}
