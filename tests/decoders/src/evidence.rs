//! Images that are held as evidence.

use std::sync::LazyLock;

use peel_ledger::Origin;
use peel_ledger::entry::CipherSuite;
use peel_ledger::evidence::{EvidenceError, EvidenceLabel, SALT_BYTES, SealedEvidence, commitment};
use peel_ledger::seal::RecipientPrivateKey;

const SALT: [u8; SALT_BYTES] = [9; SALT_BYTES];
const IMAGE: &[u8] = b"an image that somebody holds";

static SEALED: LazyLock<[(SealedEvidence, RecipientPrivateKey); 2]> = LazyLock::new(|| {
    [CipherSuite::X25519ChaCha20Poly1305, CipherSuite::P256Aes256Gcm].map(|suite| {
        // The same in every process, so that a corpus goes on.
        let key = RecipientPrivateKey::from_bytes(suite, &[5; 32]).unwrap();
        let label = EvidenceLabel {
            origin: Origin::events("force.example").unwrap(),
            hold: [1; 16],
            alert: [2; 16],
            media: [3; 16],
            commitment: commitment(&SALT, IMAGE).unwrap(),
        };
        let public = key.public_key().unwrap();
        (SealedEvidence::seal(label, &SALT, IMAGE, &public, &mut rand::rng()).unwrap(), key)
    })
});

/// One form, and an image only from what was sealed so.
pub(crate) fn sealed(data: &[u8]) {
    let read = match SealedEvidence::decode(data) {
        Ok(read) => read,
        Err(error) => return assert_eq!(error, EvidenceError::Malformed),
    };
    assert_eq!(read.encode(), data);
    for (known, key) in SEALED.iter() {
        if let Ok(image) = read.open(key) {
            assert_eq!(
                (image.as_slice(), read.label()),
                (IMAGE, known.label()),
                "an image is given that was not sealed"
            );
        }
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    SEALED.iter().map(|(sealed, _)| sealed.encode()).collect()
}
