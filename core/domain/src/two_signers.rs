//! A document that two people sign: `COSE_Sign` (RFC 9052 section 4.1, tag 98), ES256 with P-256, each signature with the
//! key id of its signer: the first eight bytes of SHA-256 of the `SubjectPublicKeyInfo`.
//!
//! Must never: give a payload that is unsigned, or signed by one person alone. Always: both signers are distinct and
//! trusted, and one payload signed by two people is one document: no byte of it can be changed without their keys,
//! headers, order and the value of s included.

use std::collections::BTreeSet;

use coset::{
    CoseSign, CoseSignBuilder, CoseSignature, CoseSignatureBuilder, Header, HeaderBuilder, TaggedCborSerializable, iana,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};

/// How many people sign.
const SIGNERS: usize = 2;
/// Most signatures that are looked at.
const MAX_SIGNATURES: usize = 8;
/// Largest document, in bytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Why a document was refused; each kind of document has its own words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// Not such a document, or not in its one form.
    Malformed,
    /// Nobody signed it.
    Unsigned,
    /// One person alone signed it.
    OneSigner,
    /// A signature is not by a trusted signer over this document.
    Signature,
    /// A signer's key is not a P-256 key, or both are the same.
    SignerKeys,
}

/// One of the two who sign.
pub struct DocumentSigner<'a> {
    /// The public key: `SubjectPublicKeyInfo`, DER, P-256.
    pub spki: &'a [u8],
    /// Signs with ECDSA P-256 and SHA-256: the raw signature, r and s of 32 bytes each.
    pub sign: &'a dyn Fn(&[u8]) -> [u8; 64],
}

fn kid(spki: &[u8]) -> Vec<u8> {
    Sha256::digest(spki).iter().take(8).copied().collect()
}

/// What each signer's protected header says, and nothing besides.
fn signer_header(kid: &[u8]) -> Header {
    HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(kid.to_vec()).build()
}

/// Signs a payload with two different keys; `context` is bound in, so that no other document passes for this kind.
pub(crate) fn sign(
    payload: Vec<u8>,
    context: &[u8],
    signers: &[DocumentSigner<'_>; SIGNERS],
) -> Result<Vec<u8>, DocumentError> {
    let [first, second] = signers;
    if first.spki == second.spki {
        return Err(DocumentError::SignerKeys);
    }
    let mut in_order = [first, second];
    in_order.sort_by_key(|signer| kid(signer.spki));
    let mut builder = CoseSignBuilder::new().payload(payload);
    for signer in in_order {
        let signature = CoseSignatureBuilder::new().protected(signer_header(&kid(signer.spki))).build();
        builder = builder.try_add_created_signature(signature, context, |message| {
            let signature = Signature::from_slice(&(signer.sign)(message)).map_err(|_| DocumentError::Signature)?;
            Ok(signature.normalize_s().to_bytes().to_vec())
        })?;
    }
    builder.build().to_tagged_vec().map_err(|_| DocumentError::Malformed)
}

/// The payload that two of the trusted signers signed.
pub(crate) fn verify(bytes: &[u8], context: &[u8], signers: &[Vec<u8>]) -> Result<Vec<u8>, DocumentError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::Malformed);
    }
    let keys = trusted_keys(signers)?;
    let signed = CoseSign::from_tagged_slice(bytes).map_err(|_| DocumentError::Malformed)?;
    // What nobody signed must not vary: a payload has one document, and with it one hash in the trail.
    let bare = signed.protected.header.is_empty() && signed.unprotected.is_empty();
    if !bare || signed.clone().to_tagged_vec().map_err(|_| DocumentError::Malformed)? != bytes {
        return Err(DocumentError::Malformed);
    }
    if signed.payload.is_none() {
        return Err(DocumentError::Malformed);
    }
    check_signatures(&signed, context, &keys)?;
    signed.payload.ok_or(DocumentError::Malformed)
}

fn trusted_keys(signers: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, VerifyingKey)>, DocumentError> {
    let distinct: BTreeSet<&Vec<u8>> = signers.iter().collect();
    if distinct.len() != signers.len() || signers.len() < SIGNERS || signers.len() > MAX_SIGNATURES {
        return Err(DocumentError::SignerKeys);
    }
    signers
        .iter()
        .map(|spki| {
            let key = VerifyingKey::from_public_key_der(spki).map_err(|_| DocumentError::SignerKeys)?;
            Ok((kid(spki), key))
        })
        .collect()
}

/// Every signature must be good, and they must be by two different people.
fn check_signatures(signed: &CoseSign, context: &[u8], keys: &[(Vec<u8>, VerifyingKey)]) -> Result<(), DocumentError> {
    if signed.signatures.len() > MAX_SIGNATURES {
        return Err(DocumentError::Malformed);
    }
    let mut signers = BTreeSet::new();
    for (which, signature) in signed.signatures.iter().enumerate() {
        let header = &signature.protected.header;
        let (kid, key) = keys.iter().find(|(kid, _)| *kid == header.key_id).ok_or(DocumentError::Signature)?;
        if *header != signer_header(kid) || !signature.unprotected.is_empty() {
            return Err(DocumentError::Signature);
        }
        signed.verify_signature(which, context, |bytes, message| {
            let signature = Signature::from_slice(bytes).map_err(|_| DocumentError::Signature)?;
            // Of the two values of s that verify, only the lower is taken.
            if signature.normalize_s() != signature {
                return Err(DocumentError::Signature);
            }
            key.verify(message, &signature).map_err(|_| DocumentError::Signature)
        })?;
        signers.insert(kid);
    }
    let ascending = |pair: &[CoseSignature]| match pair {
        [left, right] => left.protected.header.key_id < right.protected.header.key_id,
        _ => true,
    };
    match signers.len() {
        0 => Err(DocumentError::Unsigned),
        1 => Err(DocumentError::OneSigner),
        // A third signature, one twice or two exchanged would make another document of the same payload.
        _ if signed.signatures.len() == SIGNERS && signed.signatures.windows(2).all(ascending) => Ok(()),
        _ => Err(DocumentError::Malformed),
    }
}
