//! Images that are held as evidence: each sealed to the evidence key, with its salt, for the evidence system alone.
//!
//! Must never: give an image whose salt does not make the commitment that stands in the trail. Always: hold, alert, image
//! and commitment are bound to the ciphertext; one byte form (`evidence.cddl`).

use hmac::{Hmac, KeyInit as _, Mac as _};
use minicbor::Encoder;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::Origin;
use crate::cbor::{self, Malformed};
use crate::entry::{CipherSuite, KeyId};
use crate::seal::{RecipientPrivateKey, RecipientPublicKey};

/// The longest sealed object, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;

const VERSION: u8 = 1;
const INFO: &[u8] = b"peel/v1/evidence";
/// What the AEAD adds to the plaintext.
const TAG_BYTES: usize = 16;

/// Why evidence could not be sealed, read or opened. Texts read after "failed to".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not a sealed object in its one form.
    #[error("read sealed evidence: not in its form")]
    Malformed,
    /// Too large.
    #[error("seal evidence: too large")]
    TooLarge,
    /// Sealed to another key.
    #[error("open sealed evidence: not sealed to this key")]
    NotTheKey,
    /// It does not open: something of it was changed.
    #[error("open sealed evidence: it does not open")]
    Unopened,
    /// The image and the salt do not make the commitment.
    #[error("open sealed evidence: image and salt do not make the commitment")]
    Commitment,
    /// The key is not one.
    #[error("seal evidence: the key is none")]
    Key,
}

impl From<Malformed> for EvidenceError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// What is sealed: identifiers as the trail has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceLabel {
    /// The log whose entry says that it is held.
    pub origin: Origin,
    /// The hold.
    pub hold: [u8; 16],
    /// The alert.
    pub alert: [u8; 16],
    /// The image.
    pub media: [u8; 16],
    /// HMAC-SHA-256(salt, image).
    pub commitment: [u8; 32],
}

/// One image, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvidence {
    label: EvidenceLabel,
    suite: CipherSuite,
    kid: KeyId,
    enc: Vec<u8>,
    ciphertext: Vec<u8>,
}

type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

/// Keys 1 to 6.
fn write_clear(e: &mut Encoder<&mut Vec<u8>>, label: &EvidenceLabel, suite: CipherSuite, kid: KeyId) -> Written {
    e.u8(1)?.u8(VERSION)?;
    e.u8(2)?.str(label.origin.as_str())?;
    e.u8(3)?.array(3)?.bytes(&label.hold)?.bytes(&label.alert)?.bytes(&label.media)?;
    e.u8(4)?.bytes(&label.commitment)?;
    e.u8(5)?.u8(suite.code())?;
    e.u8(6)?.bytes(&kid)?;
    Ok(())
}

fn associated_data(label: &EvidenceLabel, suite: CipherSuite, kid: KeyId) -> Vec<u8> {
    cbor::encode(|e| {
        e.map(6)?;
        write_clear(e, label, suite, kid)
    })
}

/// HMAC-SHA-256(salt, image): what the trail has of an image.
///
/// # Errors
/// [`EvidenceError::Commitment`] where the salt is no key for it.
pub fn commitment(salt: &[u8], image: &[u8]) -> Result<[u8; 32], EvidenceError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).map_err(|_| EvidenceError::Commitment)?;
    mac.update(image);
    Ok(mac.finalize().into_bytes().into())
}

fn makes_commitment(salt: &[u8], image: &[u8], stated: &[u8; 32]) -> Result<(), EvidenceError> {
    let made = commitment(salt, image)?;
    if bool::from(made.ct_eq(stated)) { Ok(()) } else { Err(EvidenceError::Commitment) }
}

impl SealedEvidence {
    /// Seals an image with its salt.
    ///
    /// # Errors
    /// [`EvidenceError::Commitment`] where they do not make the label's commitment; [`EvidenceError::TooLarge`],
    /// [`EvidenceError::Key`].
    pub fn seal(
        label: EvidenceLabel,
        salt: &[u8; SALT_BYTES],
        image: &[u8],
        key: &RecipientPublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, EvidenceError> {
        makes_commitment(salt, image, &label.commitment)?;
        let plain = Zeroizing::new([salt.as_slice(), image].concat());
        let (suite, kid) = (key.suite(), key.kid());
        let aad = associated_data(&label, suite, kid);
        let (enc, ciphertext) = key.wrap(INFO, &aad, &plain, rng).map_err(|_| EvidenceError::Key)?;
        let sealed = Self { label, suite, kid, enc, ciphertext };
        if sealed.encode().len() > MAX_EVIDENCE_BYTES { Err(EvidenceError::TooLarge) } else { Ok(sealed) }
    }

    /// What it says of itself. Only opening it shows that this is so.
    pub const fn label(&self) -> &EvidenceLabel {
        &self.label
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.map(8)?;
            write_clear(e, &self.label, self.suite, self.kid)?;
            e.u8(7)?.bytes(&self.enc)?;
            e.u8(8)?.bytes(&self.ciphertext)?;
            Ok(())
        })
    }

    /// Reads what [`Self::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > MAX_EVIDENCE_BYTES {
            return Err(EvidenceError::Malformed);
        }
        let sealed = cbor::decode(bytes, |d| {
            if d.map()? != Some(8) {
                return Err(Malformed);
            }
            cbor::key(d, 1)?;
            cbor::key(d, VERSION)?;
            cbor::key(d, 2)?;
            let origin = Origin::new(d.str()?).map_err(|_| Malformed)?;
            cbor::key(d, 3)?;
            cbor::array(d, 3)?;
            let (hold, alert, media) = (cbor::fixed(d)?, cbor::fixed(d)?, cbor::fixed(d)?);
            cbor::key(d, 4)?;
            let commitment = cbor::fixed(d)?;
            cbor::key(d, 5)?;
            let suite = CipherSuite::from_code(d.u8()?).map_err(|_| Malformed)?;
            cbor::key(d, 6)?;
            let kid = cbor::fixed(d)?;
            cbor::key(d, 7)?;
            let enc = cbor::bounded(d, suite.encapsulated_key_bytes())?;
            cbor::key(d, 8)?;
            let ciphertext = cbor::bounded(d, MAX_EVIDENCE_BYTES)?;
            Ok(Self { label: EvidenceLabel { origin, hold, alert, media, commitment }, suite, kid, enc, ciphertext })
        })?;
        let sound = sealed.suite != CipherSuite::Clear
            && sealed.enc.len() == sealed.suite.encapsulated_key_bytes()
            && sealed.ciphertext.len() >= SALT_BYTES + TAG_BYTES;
        if sound && sealed.encode() == bytes { Ok(sealed) } else { Err(EvidenceError::Malformed) }
    }

    /// Opens it and checks the commitment; gives the image.
    ///
    /// # Errors
    /// [`EvidenceError::NotTheKey`], [`EvidenceError::Unopened`], [`EvidenceError::Commitment`].
    pub fn open(&self, key: &RecipientPrivateKey) -> Result<Zeroizing<Vec<u8>>, EvidenceError> {
        if key.kid() != self.kid || key.suite() != self.suite {
            return Err(EvidenceError::NotTheKey);
        }
        let aad = associated_data(&self.label, self.suite, self.kid);
        let plain = key.unwrap(INFO, &aad, &self.enc, &self.ciphertext).map_err(|_| EvidenceError::Unopened)?;
        let (salt, image) = plain.split_at_checked(SALT_BYTES).ok_or(EvidenceError::Unopened)?;
        makes_commitment(salt, image, &self.label.commitment)?;
        Ok(Zeroizing::new(image.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(commitment: [u8; 32]) -> EvidenceLabel {
        let origin = Origin::events("force.example").unwrap();
        EvidenceLabel { origin, hold: [1; 16], alert: [2; 16], media: [3; 16], commitment }
    }

    fn sealed(suite: CipherSuite, image: &[u8]) -> (SealedEvidence, RecipientPrivateKey) {
        let key = RecipientPrivateKey::generate(suite, &mut rand::rng()).unwrap();
        let salt = [9; SALT_BYTES];
        let label = label(commitment(&salt, image).unwrap());
        let sealed = SealedEvidence::seal(label, &salt, image, &key.public_key().unwrap(), &mut rand::rng()).unwrap();
        (sealed, key)
    }

    const SUITES: [CipherSuite; 2] = [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm];

    #[test]
    fn s28_what_is_sealed_opens_with_the_evidence_key_alone() {
        for suite in SUITES {
            for image in [&b""[..], b"an image", &vec![7; 100_000]] {
                let (sealed, key) = sealed(suite, image);
                let read = SealedEvidence::decode(&sealed.encode()).unwrap();
                assert_eq!(read, sealed);
                assert_eq!(read.open(&key).unwrap().as_slice(), image);
                let other = RecipientPrivateKey::generate(suite, &mut rand::rng()).unwrap();
                assert_eq!(read.open(&other), Err(EvidenceError::NotTheKey));
                let readable = |part: &[u8]| read.encode().windows(part.len()).any(|window| window == part);
                assert!(!readable(&[9; SALT_BYTES]) && (image.len() < 8 || !readable(&image[..8])));
            }
        }
    }

    #[test]
    fn s28_an_image_that_is_not_the_trails_is_neither_sealed_nor_given() {
        let (mut swapped, key) = sealed(SUITES[0], b"an image");
        let public = key.public_key().unwrap();
        let wrong = SealedEvidence::seal(label([0; 32]), &[9; SALT_BYTES], b"an image", &public, &mut rand::rng());
        assert_eq!(wrong, Err(EvidenceError::Commitment));
        swapped.label.media = [4; 16];
        assert_eq!(swapped.open(&key), Err(EvidenceError::Unopened), "the label is bound to what it labels");
        // A sealer that lies about the commitment is found out by whoever opens.
        let lied = label([5; 32]);
        let aad = associated_data(&lied, public.suite(), public.kid());
        let (enc, ciphertext) = public.wrap(INFO, &aad, &[0; 40], &mut rand::rng()).unwrap();
        let lie = SealedEvidence { label: lied, suite: public.suite(), kid: public.kid(), enc, ciphertext };
        assert_eq!(lie.open(&key), Err(EvidenceError::Commitment));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn s28_a_changed_bit_is_found(at in any::<prop::sample::Index>(), bit in 0_u32..8, p256 in any::<bool>()) {
            let (sealed, key) = sealed(SUITES[usize::from(p256)], b"an image of somebody");
            let mut bytes = sealed.encode();
            let which = at.index(bytes.len());
            bytes[which] ^= 1 << bit;
            let opened = SealedEvidence::decode(&bytes).and_then(|changed| changed.open(&key).map(|_| ()));
            prop_assert!(opened.is_err());
        }

        #[test]
        fn s28_bytes_from_outside_have_one_form_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(read) = SealedEvidence::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
        }
    }
}
