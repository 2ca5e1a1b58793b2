//! Settings that are sealed in the store, by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::EngineError;
use crate::sealed::{RecordKey, SealedError};
use crate::store::{Op, Store};

/// The device's enrolment.
pub(crate) const DEVICE: &str = "device";
/// The gateway's pins that were learnt since the enrolment.
pub(crate) const PINS: &str = "pins";
/// The open shift.
pub(crate) const SHIFT: &str = "shift";
/// The signed policy, as received.
pub(crate) const POLICY: &str = "policy";
/// The joined deployment.
pub(crate) const DEPLOYMENT: &str = "deployment";
/// The last moment at which a stop is known to have run.
pub(crate) const ALIVE: &str = "alive";
/// How long the phone has been without the gateway.
pub(crate) const SILENCE: &str = "silence";
/// The store's own key, wrapped.
pub(crate) const STORE_KEY: &str = "store_key";
/// The last `alert_seq` that was dealt with.
pub(crate) const CURSOR: &str = "cursor";
/// What the force's public log is proved to hold.
pub(crate) const FORCE_PROOF: &str = "force_proof";
/// Alarms that outlive the process.
pub(crate) const ALARMS: &str = "alarms";

fn place(name: &str) -> Vec<u8> {
    format!("peel/v1/setting/{name}").into_bytes()
}

/// Encodes as CBOR.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| SealedError)?;
    Ok(bytes)
}

/// Decodes what [`encode`] wrote.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, EngineError> {
    ciborium::from_reader(bytes).map_err(|_| EngineError::Sealed(SealedError))
}

/// The change that stores `value` sealed.
pub(crate) fn put(key: &RecordKey, name: &'static str, value: &impl Serialize) -> Result<Op, EngineError> {
    let plain = zeroize::Zeroizing::new(encode(value)?);
    Ok(Op::Put(name, key.seal(&place(name), &plain, &mut rand::rng())?))
}

/// Reads what [`put`] stored.
pub(crate) fn load<T: DeserializeOwned>(
    store: &Store,
    key: &RecordKey,
    name: &'static str,
) -> Result<Option<T>, EngineError> {
    let Some(sealed) = store.meta(name)? else { return Ok(None) };
    decode(&key.open(&place(name), &sealed)?).map(Some)
}

/// Where a sealed alert belongs.
pub(crate) fn alert_place(alert_id: [u8; 16]) -> Vec<u8> {
    [b"peel/v1/alert/".as_slice(), &alert_id].concat()
}
