//! What the host itself brings: clocks, and the key store's software double.

use std::sync::Arc;

use super::error::CoreError;
use super::traits::DeviceClock;
use crate::clock::SystemClock;

/// The system's clocks, for Linux and Android. iOS brings its own.
#[uniffi::export]
pub fn system_clock() -> Result<Arc<dyn DeviceClock>, CoreError> {
    Ok(Arc::new(SystemClock::new()))
}

/// Clocks of an exercise: `epoch_ms` at the real time `real_ms` (both milliseconds since 1970 UTC), and `speed` times as
/// fast from then on.
#[cfg(feature = "software-vault")]
#[uniffi::export]
pub fn exercise_clock(epoch_ms: i64, real_ms: i64, speed: u32) -> Result<Arc<dyn DeviceClock>, CoreError> {
    if speed == 0 {
        return Err(CoreError::Invalid { reason: "clock.speed".to_owned() });
    }
    Ok(Arc::new(crate::clock::ExerciseClock::new(epoch_ms, real_ms, speed)))
}

/// A key store in files, for tests and exercises alone: it protects nothing.
#[cfg(feature = "software-vault")]
#[uniffi::export]
pub fn software_vault(directory: String) -> Result<Arc<dyn super::traits::KeyVault>, CoreError> {
    let vault = crate::vault::SoftwareVault::open(directory);
    Ok(Arc::new(vault.map_err(crate::engine::EngineError::from)?))
}
