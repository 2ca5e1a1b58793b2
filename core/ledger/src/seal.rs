//! Sealing: one fresh content key per event, wrapped by HPKE to every recipient.
//!
//! A content key is used for one body and wiped. The sealer keeps nothing that could open the entry
//! again. Every recipient checks the key commitment before it believes a body, so two recipients cannot
//! be shown different bodies. RFC 9180 base mode, single shot; ISO/IEC 7816-4 padding.

use aes_gcm::Aes256Gcm;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use hmac::{Hmac, Mac as _};
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::Origin;
use crate::entry::{
    CipherSuite, Entry, EntryError, EntryHeader, KeyId, MAX_BODY_BYTES, MAX_RECIPIENTS, PADDING_STEP, WrappedKey,
};

mod key;

pub use key::{RecipientPrivateKey, RecipientPublicKey};

const CEK_BYTES: usize = 32;
const CEK_INFO: &[u8] = b"peel/v1/cek";
const COMMITMENT_LABEL: &[u8] = b"peel/v1/key-commitment";
const PADDING_MARK: u8 = 0x80;

/// Why sealing or opening did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No recipient, too many, one twice, or recipients of different suites.
    #[error("seal entry: recipients missing, doubled, too many or of different suites")]
    Recipients,
    /// The body is longer than [`MAX_BODY_BYTES`].
    #[error("seal entry: body too long")]
    BodyTooLong,
    /// A key that is not valid for its suite.
    #[error("read recipient key: not a valid key of its suite")]
    Key,
    /// The entry is not sealed to this key.
    #[error("open entry: not sealed to this key")]
    NotARecipient,
    /// The wrapped key does not open: the entry, the origin or the key is not the one sealed with.
    #[error("open entry: wrapped key does not open")]
    Unwrap,
    /// The content key is not the one the entry commits to.
    #[error("open entry: key commitment differs")]
    Commitment,
    /// The body does not decrypt or its padding is wrong.
    #[error("open entry: body does not decrypt")]
    Body,
    /// The entry is in the clear.
    #[error("open entry: entry is not sealed")]
    Clear,
    /// The parts do not make an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// Seals `body` to all `recipients` (all of one suite) under the log's origin.
///
/// # Errors
/// [`SealError::Recipients`], [`SealError::BodyTooLong`], [`SealError::Key`].
pub fn seal(
    header: &EntryHeader,
    origin: &Origin,
    body: &[u8],
    recipients: &[RecipientPublicKey],
    rng: &mut impl CryptoRng,
) -> Result<Entry, SealError> {
    let suite = common_suite(recipients)?;
    if body.len() > MAX_BODY_BYTES {
        return Err(SealError::BodyTooLong);
    }
    let mut cek = Zeroizing::new([0; CEK_BYTES]);
    rng.fill_bytes(cek.as_mut_slice());
    let commitment = key_commitment(&cek)?;
    let aad = Entry::associated_data(header, suite, &commitment);
    let info = cek_info(origin);
    let mut wrapped = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let (enc, wrapped_cek) = recipient.wrap(&info, &aad, cek.as_slice(), rng)?;
        wrapped.push(WrappedKey { kid: recipient.kid(), enc, wrapped_cek });
    }
    wrapped.sort_by_key(|key| key.kid);
    let mut padded = pad(body);
    let ciphertext = encrypt(suite, &cek, &padded, &aad);
    padded.zeroize();
    Ok(Entry::new(*header, suite, wrapped, ciphertext?, commitment)?)
}

/// Whether bodies can be sealed to these recipients together: at least one, at most [`MAX_RECIPIENTS`], none twice, all of
/// one suite, each a key that a content key can be wrapped for. Ask before a log depends on them.
///
/// # Errors
/// What [`seal`] would say of every body: [`SealError::Recipients`], [`SealError::Key`].
pub fn check_recipients(recipients: &[RecipientPublicKey], rng: &mut impl CryptoRng) -> Result<(), SealError> {
    common_suite(recipients)?;
    recipients.iter().try_for_each(|recipient| recipient.wrap(CEK_INFO, &[], &[0; CEK_BYTES], rng).map(drop))
}

/// Opens an entry with one recipient's private key and checks the key commitment.
///
/// # Errors
/// Every way in which the entry, origin and key may not belong together.
pub fn open(entry: &Entry, origin: &Origin, key: &RecipientPrivateKey) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if entry.suite() == CipherSuite::Clear {
        return Err(SealError::Clear);
    }
    let wrapped = entry.recipients().iter().find(|wrapped| wrapped.kid == key.kid());
    let wrapped = wrapped.ok_or(SealError::NotARecipient)?;
    if key.suite() != entry.suite() {
        return Err(SealError::NotARecipient);
    }
    let aad = Entry::associated_data(entry.header(), entry.suite(), entry.commitment());
    let opened = key.unwrap(&cek_info(origin), &aad, &wrapped.enc, &wrapped.wrapped_cek)?;
    let cek: Zeroizing<[u8; CEK_BYTES]> = Zeroizing::new(opened.as_slice().try_into().map_err(|_| SealError::Unwrap)?);
    let expected = key_commitment(&cek)?;
    if !bool::from(expected.ct_eq(entry.commitment())) {
        return Err(SealError::Commitment);
    }
    let mut padded = decrypt(entry.suite(), &cek, entry.body(), &aad)?;
    let length = unpadded_length(&padded).ok_or(SealError::Body)?;
    padded.truncate(length);
    Ok(padded)
}

/// Opens an entry with whichever of a reader's keys it is sealed to.
///
/// # Errors
/// [`SealError::NotARecipient`] where it is sealed to none of them, and as [`open`] where it is and does not open.
pub fn open_with_any(
    entry: &Entry,
    origin: &Origin,
    keys: &[RecipientPrivateKey],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if entry.suite() == CipherSuite::Clear {
        return Err(SealError::Clear);
    }
    let mut last = Err(SealError::NotARecipient);
    for key in keys {
        match open(entry, origin, key) {
            Err(SealError::NotARecipient) => {}
            other => last = other,
        }
        if last.is_ok() {
            break;
        }
    }
    last
}

fn common_suite(recipients: &[RecipientPublicKey]) -> Result<CipherSuite, SealError> {
    let suite = recipients.first().ok_or(SealError::Recipients)?.suite();
    let mut kids: Vec<KeyId> = recipients.iter().map(RecipientPublicKey::kid).collect();
    kids.sort_unstable();
    kids.dedup();
    let sound = kids.len() == recipients.len()
        && recipients.len() <= MAX_RECIPIENTS
        && recipients.iter().all(|recipient| recipient.suite() == suite);
    if sound { Ok(suite) } else { Err(SealError::Recipients) }
}

fn cek_info(origin: &Origin) -> Vec<u8> {
    [CEK_INFO, origin.as_str().as_bytes()].concat()
}

fn key_commitment(cek: &[u8; CEK_BYTES]) -> Result<[u8; 32], SealError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(cek).map_err(|_| SealError::Key)?;
    mac.update(COMMITMENT_LABEL);
    Ok(mac.finalize().into_bytes().into())
}

/// ISO/IEC 7816-4: one mark, then zeros to the next step.
fn pad(body: &[u8]) -> Vec<u8> {
    let length = (body.len() / PADDING_STEP + 1) * PADDING_STEP;
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(body);
    padded.push(PADDING_MARK);
    padded.resize(length, 0);
    padded
}

/// The only padding accepted is the one that [`pad`] writes.
fn unpadded_length(padded: &[u8]) -> Option<usize> {
    let mark = padded.iter().rposition(|byte| *byte != 0)?;
    let shortest = padded.len() == (mark / PADDING_STEP + 1) * PADDING_STEP;
    (padded.get(mark) == Some(&PADDING_MARK) && shortest).then_some(mark)
}

/// The nonce is zero because a content key encrypts exactly one body.
fn encrypt(suite: CipherSuite, cek: &[u8; CEK_BYTES], padded: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
    let payload = Payload { msg: padded, aad };
    let nonce = [0_u8; 12];
    match suite {
        CipherSuite::Clear => Err(SealError::Clear),
        CipherSuite::X25519ChaCha20Poly1305 => {
            ChaCha20Poly1305::new(&(*cek).into()).encrypt(&nonce.into(), payload).map_err(|_| SealError::Body)
        }
        CipherSuite::P256Aes256Gcm => {
            Aes256Gcm::new(&(*cek).into()).encrypt(&nonce.into(), payload).map_err(|_| SealError::Body)
        }
    }
}

fn decrypt(
    suite: CipherSuite,
    cek: &[u8; CEK_BYTES],
    ciphertext: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let payload = Payload { msg: ciphertext, aad };
    let nonce = [0_u8; 12];
    let padded = match suite {
        CipherSuite::Clear => return Err(SealError::Clear),
        CipherSuite::X25519ChaCha20Poly1305 => ChaCha20Poly1305::new(&(*cek).into()).decrypt(&nonce.into(), payload),
        CipherSuite::P256Aes256Gcm => Aes256Gcm::new(&(*cek).into()).decrypt(&nonce.into(), payload),
    };
    padded.map(Zeroizing::new).map_err(|_| SealError::Body)
}

#[cfg(test)]
mod tests;
