//! Time, as the core asks for it.
//!
//! Wraps the device's clocks into the domain's [`Clock`]. Must never: go back on the monotonic clock within one boot.
//! Always gives a moment: a device that does not answer gets the last reading, with an uncertainty that says so.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use peel_domain::time::{BootId, Clock, Moment, TimeSource};

use crate::ffi::{ClockReading, DeviceClock};

/// How far a phone's own clock is taken to be wrong, in milliseconds.
const UNCERTAINTY_MS: u32 = 2_000;
/// What is added when the device did not answer.
const SILENT_UNCERTAINTY_MS: u32 = 60_000;

/// The device's clocks as the domain's.
pub(crate) struct CoreClock {
    device: Arc<dyn DeviceClock>,
    last: Mutex<Option<Moment>>,
}

impl fmt::Debug for CoreClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CoreClock")
    }
}

impl CoreClock {
    /// Over a device's clocks.
    pub(crate) fn new(device: Arc<dyn DeviceClock>) -> Self {
        Self { device, last: Mutex::new(None) }
    }
}

fn moment(reading: &ClockReading) -> Moment {
    let mut boot = [0; 8];
    boot.iter_mut().zip(&reading.boot_id).for_each(|(to, from)| *to = *from);
    Moment {
        utc_ms: reading.wall_ms,
        monotonic_ns: reading.monotonic_ns,
        boot_id: BootId(boot),
        source: if reading.exercise { TimeSource::Exercise } else { TimeSource::Device },
        uncertainty_ms: UNCERTAINTY_MS,
    }
}

impl Clock for CoreClock {
    fn now(&self) -> Moment {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let present = match (self.device.now(), *last) {
            (Ok(reading), Some(before)) => {
                let mut now = moment(&reading);
                if now.boot_id == before.boot_id {
                    now.monotonic_ns = now.monotonic_ns.max(before.monotonic_ns);
                }
                now
            }
            (Ok(reading), None) => moment(&reading),
            (Err(_), before) => {
                let before = before.unwrap_or_else(|| {
                    moment(&ClockReading { wall_ms: 0, monotonic_ns: 0, boot_id: vec![0; 8], exercise: false })
                });
                Moment { uncertainty_ms: SILENT_UNCERTAINTY_MS, ..before }
            }
        };
        *last = Some(present);
        present
    }
}

/// The host's clocks, for Linux and Android.
#[derive(Debug)]
pub(crate) struct SystemClock {
    boot_id: [u8; 8],
}

impl SystemClock {
    /// Reads which boot this is; where the system does not tell, this process counts as one.
    pub(crate) fn new() -> Self {
        let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let digits = told.map(|text| text.replace('-', "")).and_then(|text| hex::decode(text.trim()).ok());
        let boot_id = digits.as_deref().and_then(<[u8]>::first_chunk).copied().unwrap_or_else(rand::random);
        Self { boot_id }
    }
}

fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn monotonic_ns() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

impl DeviceClock for SystemClock {
    fn now(&self) -> Result<ClockReading, crate::ffi::VaultError> {
        let boot_id = self.boot_id.to_vec();
        Ok(ClockReading { wall_ms: wall_ms(), monotonic_ns: monotonic_ns(), boot_id, exercise: false })
    }
}

/// Clocks of an exercise: `epoch_ms` at the real time `real_ms`, and `speed` times as fast from then on.
#[cfg(feature = "software-vault")]
#[derive(Debug)]
pub(crate) struct ExerciseClock {
    system: SystemClock,
    epoch_ms: i64,
    real_ms: i64,
    speed: u32,
}

#[cfg(feature = "software-vault")]
impl ExerciseClock {
    /// See the type.
    pub(crate) fn new(epoch_ms: i64, real_ms: i64, speed: u32) -> Self {
        Self { system: SystemClock::new(), epoch_ms, real_ms, speed }
    }
}

#[cfg(feature = "software-vault")]
impl DeviceClock for ExerciseClock {
    fn now(&self) -> Result<ClockReading, crate::ffi::VaultError> {
        let real = self.system.now()?;
        let passed = real.wall_ms.saturating_sub(self.real_ms).saturating_mul(i64::from(self.speed));
        Ok(ClockReading {
            wall_ms: self.epoch_ms.saturating_add(passed),
            monotonic_ns: real.monotonic_ns.saturating_mul(u64::from(self.speed)),
            boot_id: real.boot_id,
            exercise: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::VaultError;

    #[derive(Debug)]
    struct Fixed(Mutex<Vec<ClockReading>>);

    impl DeviceClock for Fixed {
        fn now(&self) -> Result<ClockReading, VaultError> {
            self.0.lock().unwrap().pop().ok_or(VaultError::Unavailable)
        }
    }

    fn reading(monotonic_ns: u64, boot: u8) -> ClockReading {
        ClockReading { wall_ms: 5, monotonic_ns, boot_id: vec![boot; 8], exercise: false }
    }

    #[test]
    fn never_goes_back_within_one_boot_and_survives_silence() {
        let device = Fixed(Mutex::new(vec![reading(3, 2), reading(50, 1), reading(90, 1)]));
        let clock = CoreClock::new(Arc::new(device));
        assert_eq!(clock.now().monotonic_ns, 90);
        assert_eq!(clock.now().monotonic_ns, 90);
        assert_eq!(clock.now().monotonic_ns, 3);
        let silent = clock.now();
        assert_eq!((silent.monotonic_ns, silent.uncertainty_ms), (3, SILENT_UNCERTAINTY_MS));
    }

    #[test]
    fn the_system_clock_moves_and_knows_its_boot() {
        let (first, second) = (SystemClock::new(), SystemClock::new());
        let (before, after) = (first.now().unwrap(), second.now().unwrap());
        assert!(after.monotonic_ns >= before.monotonic_ns);
        assert!(before.monotonic_ns > 0);
        if cfg!(target_os = "linux") {
            assert_eq!(before.boot_id, after.boot_id);
        }
    }
}
