//! Officers' PINs: Argon2id with OWASP's first choice of parameters (19 MiB, two passes).
//!
//! Must never: run on an async thread, or say by its time whether an officer exists.

use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::ServiceError;

/// Salt's length in bytes.
const SALT_BYTES: usize = 16;
/// Shortest and longest PIN, in characters.
const PIN_LENGTH: std::ops::RangeInclusive<usize> = 6..=64;

/// A PIN's hash and its salt.
#[derive(Clone)]
pub(super) struct PinHash {
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

fn derive(pin: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, ServiceError> {
    let mut hash = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
        .hash_password_into(pin.as_bytes(), salt, hash.as_mut_slice())
        .map_err(|_| ServiceError::Invalid("pin"))?;
    Ok(hash)
}

/// Hashes a new PIN.
pub(super) fn hash(pin: &str, rng: &mut impl CryptoRng) -> Result<PinHash, ServiceError> {
    if !PIN_LENGTH.contains(&pin.len()) {
        return Err(ServiceError::Invalid("pin"));
    }
    let mut salt = vec![0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    let hash = derive(pin, &salt)?.to_vec();
    Ok(PinHash { salt, hash })
}

/// Whether it is the PIN. With no officer the same work is done, and the answer is no.
pub(super) fn verify(pin: &str, known: Option<&PinHash>) -> Result<bool, ServiceError> {
    let nobody = PinHash { salt: vec![0; SALT_BYTES], hash: vec![0; 32] };
    let stored = known.unwrap_or(&nobody);
    if pin.len() > *PIN_LENGTH.end() {
        return Ok(false);
    }
    let derived = derive(pin, &stored.salt)?;
    Ok(bool::from(derived.as_slice().ct_eq(&stored.hash)) && known.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pin_opens_and_nobody_never_does() {
        let stored = hash("493817", &mut rand::rng()).unwrap();
        assert!(verify("493817", Some(&stored)).unwrap());
        assert!(!verify("493818", Some(&stored)).unwrap());
        assert!(!verify("", Some(&stored)).unwrap());
        assert!(!verify("493817", None).unwrap());
        assert!(hash("12345", &mut rand::rng()).is_err());
    }
}
