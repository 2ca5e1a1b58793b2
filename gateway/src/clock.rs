//! The gateway's time: the wall clock, or an exercise's clock that runs from it.
//!
//! Must never: let an exercise clock run at a force that is not an exercise force (the caller checks with
//! [`crate::force::ForceConfig::exercise`]).
//! Always: monotonic time grows at the same rate as the wall time that is shown.

use std::str::FromStr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use peel_domain::time::{BootId, Clock, Moment, TimeSource};
use rand_core::CryptoRng;

/// Simulated time: `epoch_ms + (real - real_ms) * speed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExerciseClock {
    /// Simulated milliseconds since 1970 UTC at the anchor.
    pub epoch_ms: i64,
    /// Real milliseconds since 1970 UTC of the anchor.
    pub real_ms: i64,
    /// Thousandths of simulated time per real time.
    pub speed_thousandths: u32,
}

/// Fastest exercise clock: one real second plays an hour.
const MAX_SPEED_THOUSANDTHS: u32 = 3_600_000;

/// A text that is not an exercise clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read an exercise clock, which is EPOCH_MS:REAL_MS:SPEED with a speed from 0.001 to 3600")]
pub struct InvalidExerciseClock;

fn speed_thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{fraction:0<3}").parse().ok()?;
    let speed = whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(thousandths)?;
    (1..=MAX_SPEED_THOUSANDTHS).contains(&speed).then_some(speed)
}

impl FromStr for ExerciseClock {
    type Err = InvalidExerciseClock;

    fn from_str(text: &str) -> Result<Self, InvalidExerciseClock> {
        let mut parts = text.split(':');
        let (Some(epoch), Some(real), Some(speed), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidExerciseClock);
        };
        Ok(Self {
            epoch_ms: epoch.parse().map_err(|_| InvalidExerciseClock)?,
            real_ms: real.parse().map_err(|_| InvalidExerciseClock)?,
            speed_thousandths: speed_thousandths(speed).ok_or(InvalidExerciseClock)?,
        })
    }
}

impl ExerciseClock {
    fn simulated_ms(&self, real_now_ms: i64) -> i64 {
        let passed = i128::from(real_now_ms) - i128::from(self.real_ms);
        let simulated = i128::from(self.epoch_ms) + passed * i128::from(self.speed_thousandths) / 1_000;
        i64::try_from(simulated).unwrap_or(i64::MAX)
    }
}

/// The clock of a gateway's process.
#[derive(Debug)]
pub struct GatewayClock {
    started: Instant,
    boot_id: BootId,
    exercise: Option<ExerciseClock>,
}

impl GatewayClock {
    /// Starts a clock; `rng` names this run of the process.
    pub fn new(exercise: Option<ExerciseClock>, rng: &mut impl CryptoRng) -> Self {
        let mut boot = [0; 8];
        rng.fill_bytes(&mut boot);
        Self { started: Instant::now(), boot_id: BootId(boot), exercise }
    }

    /// Milliseconds since 1970 UTC, as the force sees them.
    pub fn now_ms(&self) -> i64 {
        self.now().utc_ms
    }
}

/// Real seconds since 1970 UTC, in an exercise too: for tokens and nonces.
pub fn real_now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Real microseconds since 1970 UTC: for the requests that a device may make.
pub fn real_now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn real_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for GatewayClock {
    fn now(&self) -> Moment {
        let real = real_now_ms();
        let elapsed = self.started.elapsed().as_nanos();
        let scaled = self.exercise.map_or(elapsed, |clock| elapsed * u128::from(clock.speed_thousandths) / 1_000);
        Moment {
            utc_ms: self.exercise.map_or(real, |clock| clock.simulated_ms(real)),
            monotonic_ns: u64::try_from(scaled).unwrap_or(u64::MAX),
            boot_id: self.boot_id,
            source: if self.exercise.is_some() { TimeSource::Exercise } else { TimeSource::Gateway },
            uncertainty_ms: 50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_clock_runs_from_its_anchor_at_its_speed() {
        let clock: ExerciseClock = "1000000:500:12.5".parse().unwrap();
        assert_eq!(clock.simulated_ms(500), 1_000_000);
        assert_eq!(clock.simulated_ms(700), 1_002_500);
        assert_eq!(clock.simulated_ms(300), 997_500);
    }

    #[test]
    fn refuses_what_is_not_an_exercise_clock() {
        for bad in ["", "1:2", "1:2:0", "1:2:-1", "1:2:9999", "1:2:3:4", "a:2:3", "1:2:1.", "1:2:1.0001", "1:2:+.5"] {
            assert_eq!(bad.parse::<ExerciseClock>(), Err(InvalidExerciseClock), "{bad}");
        }
    }
}
