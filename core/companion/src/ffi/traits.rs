//! What the shells implement: keys, the clock, and listeners.
//!
//! All are synchronous, few and coarse. Listeners are called on a thread of the core, never under a lock and only
//! after the commit that they show; they must return quickly.

use super::error::VaultError;
use super::views::AlertsSnapshot;
use super::views_session::{ConnectionView, DroneView, VideoUnit};

/// A signing key of the device. All are ECDSA P-256 keys that never leave the hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum KeySlot {
    /// Signs checkpoints of the trail; lives as long as the enrolment.
    Hardware,
    /// Signs decisions; needs the officer's presence.
    Officer,
    /// Proves the device to the gateway.
    Auth,
}

/// A wrapping key of the device: secrets go in and come out, the key itself never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum WrapSlot {
    /// Wraps the trail's Ed25519 key.
    Log,
    /// Wraps the key of the working cache's settings.
    Store,
    /// Wraps the media keys and the working cache of the open deployment; destroyed at its end.
    Deployment,
}

/// The device's key store: Android Keystore, the Secure Enclave, or [`crate::ffi::software_vault`] in tests.
#[uniffi::export(rust, foreign)]
pub trait KeyVault: Send + Sync {
    /// The public key as DER `SubjectPublicKeyInfo`; the key is made on first use.
    fn public_key(&self, slot: KeySlot) -> Result<Vec<u8>, VaultError>;
    /// ECDSA with SHA-256 over `message`, DER-encoded.
    fn sign(&self, slot: KeySlot, message: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// Encrypts `secret` under a hardware key that is made on first use.
    fn wrap(&self, slot: WrapSlot, secret: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// Opens what `wrap` gave; `Lost` when the key was destroyed since.
    fn unwrap(&self, slot: WrapSlot, wrapped: Vec<u8>) -> Result<Vec<u8>, VaultError>;
    /// Destroys the wrapping key: what it wrapped is unreadable from then on. No error when there is none.
    fn destroy(&self, slot: WrapSlot) -> Result<(), VaultError>;
}

/// One reading of the device's clocks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ClockReading {
    /// Wall clock: milliseconds since 1970-01-01 UTC.
    pub wall_ms: i64,
    /// Monotonic clock in nanoseconds, time asleep included.
    pub monotonic_ns: u64,
    /// Eight bytes that differ at every boot.
    pub boot_id: Vec<u8>,
    /// Whether these clocks run at an exercise's speed.
    pub exercise: bool,
}

/// The device's clocks. `system_clock()` serves Linux and Android; iOS brings its own.
#[uniffi::export(rust, foreign)]
pub trait DeviceClock: Send + Sync {
    /// The present reading.
    fn now(&self) -> Result<ClockReading, VaultError>;
}

/// Hears of alerts.
#[uniffi::export(foreign, rust)]
pub trait AlertListener: Send + Sync {
    /// The present state: at once after subscribing, then after every change, coalesced.
    fn on_alerts(&self, snapshot: AlertsSnapshot);
}

/// Hears of the connection and of the trail's way to the force.
#[uniffi::export(foreign, rust)]
pub trait ConnectionListener: Send + Sync {
    /// The present state: at once after subscribing, then after every change, coalesced.
    fn on_connection(&self, state: ConnectionView);
}

/// Hears of one drone's feed.
#[uniffi::export(foreign, rust)]
pub trait DroneListener: Send + Sync {
    /// Where the drone is, where it looks and how old that is: at once, then at most five times a second.
    fn on_drone(&self, view: DroneView);
    /// One access unit for the decoder. Nothing of it may be stored.
    fn on_access_unit(&self, unit: VideoUnit);
}
