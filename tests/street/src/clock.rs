//! Exercise time: one clock for every process of the exercise, that may run faster than real time.
//!
//! Simulated time is `epoch_ms + (real wall clock - real_ms) * speed`. The three numbers are handed to every process
//! on its command line, so all agree, also after one was killed and came back.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// The exercise's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExerciseClock {
    /// Simulated milliseconds since 1970 UTC at the start.
    pub epoch_ms: i64,
    /// Real milliseconds since 1970 UTC at the start.
    pub real_ms: i64,
    /// Simulated seconds for each real one.
    pub speed: u32,
}

/// The text is not `EPOCH_MS:REAL_MS:SPEED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read an exercise clock, which is EPOCH_MS:REAL_MS:SPEED")]
pub struct InvalidClock;

/// The real wall clock, in milliseconds since 1970 UTC.
pub fn real_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl ExerciseClock {
    /// Starts at `epoch_ms` now.
    pub fn starting_at(epoch_ms: i64, speed: u32) -> Self {
        Self { epoch_ms, real_ms: real_now_ms(), speed: speed.max(1) }
    }

    /// Simulated milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        let real = real_now_ms().saturating_sub(self.real_ms);
        self.epoch_ms.saturating_add(real.saturating_mul(i64::from(self.speed)))
    }

    /// How long simulated milliseconds last in real time.
    pub fn real(&self, simulated_ms: u64) -> std::time::Duration {
        std::time::Duration::from_millis(simulated_ms / u64::from(self.speed))
    }
}

impl fmt::Display for ExerciseClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.epoch_ms, self.real_ms, self.speed)
    }
}

impl FromStr for ExerciseClock {
    type Err = InvalidClock;

    fn from_str(text: &str) -> Result<Self, InvalidClock> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or(InvalidClock);
        let (epoch, real, speed) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(InvalidClock);
        }
        let speed: u32 = speed.parse().map_err(|_| InvalidClock)?;
        if speed == 0 {
            return Err(InvalidClock);
        }
        Ok(Self {
            epoch_ms: epoch.parse().map_err(|_| InvalidClock)?,
            real_ms: real.parse().map_err(|_| InvalidClock)?,
            speed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_carries_the_clock_whole() {
        let clock = ExerciseClock { epoch_ms: 1_000, real_ms: 2_000, speed: 10 };
        assert_eq!(clock.to_string().parse(), Ok(clock));
        for bad in ["", "1:2", "1:2:0", "1:2:3:4", "a:2:3"] {
            assert_eq!(bad.parse::<ExerciseClock>(), Err(InvalidClock), "{bad}");
        }
    }
}
