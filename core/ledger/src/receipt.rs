//! The stop's receipt: what the person takes along, and how anyone checks it offline.
//!
//! The log holds only SHA-256(salt, canonical receipt) in a class 5 entry. The QR code carries receipt,
//! salt, that entry, its inclusion proof and the phone's signed checkpoint, as small as they get: the
//! checkpoint's root is not carried, because entry and proof give it. Nothing else of the trail shows.

mod check;
mod words;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Decoder;
use rand_core::CryptoRng;

use crate::cbor::{self, Malformed};
use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, EntryError, EntryHeader};
use crate::note::{NoteError, SignatureLine, SignatureType, SignedNote, VerifiedSignature, VerifierKey};
use crate::tree::{MAX_PROOF_HASHES, TreeError, leaf_hash};
use crate::{Hash, Origin};

pub use check::{MAX_ON_RECORD_BYTES, ReceiptFindings, ReceiptOnRecord, check_code, check_on_record};
pub use words::{ReceiptWords, paper_code};

/// Bytes of a receipt's salt.
pub const SALT_BYTES: usize = 16;
/// The longest canonical receipt, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 1024;
/// The longest QR content accepted, in bytes.
pub const MAX_QR_BYTES: usize = 4096;
/// What the text form begins with.
pub const TEXT_PREFIX: &str = "peel-receipt:1:";
/// What every PNG file begins with.
const PNG: &[u8] = b"\x89PNG";
const VERSION: u8 = 1;
const MAX_CLEAR_ENTRY_BYTES: usize = 512;
const MAX_LINES: usize = 4;

/// Why a receipt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not the structure of a receipt code in its one form.
    #[error("read receipt: not a receipt code in canonical form")]
    Malformed,
    /// Something else altogether: a text, a picture, another file.
    #[error("read receipt: this is not a receipt code (expected {TEXT_PREFIX}...)")]
    NotACode,
    /// Longer than the limits.
    #[error("read receipt: too long")]
    TooLong,
    /// The entry in it is not a class 5 entry.
    #[error("verify receipt: entry is not a receipt entry")]
    NotAReceipt,
    /// The entry commits to another receipt.
    #[error("verify receipt: entry commits to another receipt")]
    Commitment,
    /// Its log is not one that the reader knows.
    #[error("verify receipt: the trust file does not name its log")]
    UnknownLog,
    /// The force's answer is about another receipt than the person's code.
    #[error("verify receipt: code and record are about different receipts")]
    OtherReceipt,
    /// The force's answer is not cosigned by the force.
    #[error("verify receipt: the force has not cosigned it")]
    NotCosigned,
    /// The entry in it was refused.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The proof does not lead to the signed root.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The checkpoint is not signed by the phone.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl ReceiptError {
    /// The reason in a sentence for the person who holds the receipt.
    pub const fn in_plain_words(&self) -> &'static str {
        match self {
            Self::Malformed => "The code is damaged or not whole.",
            Self::NotACode => "This is not a receipt code. One begins with peel-receipt:1:",
            Self::TooLong => "This is longer than any receipt code.",
            Self::NotAReceipt => "The record that this code points to is not a receipt's.",
            Self::Commitment => "The text of this receipt is not the one the phone recorded.",
            Self::UnknownLog => "The trust file does not name the phone that this receipt says it is from.",
            Self::OtherReceipt => "The code and the force's record are about two different receipts.",
            Self::NotCosigned => "The force has not confirmed this record with its signature.",
            Self::Entry(_) => "The phone's record in this code is damaged.",
            Self::Tree(_) => "This receipt is not part of the record that the phone signed.",
            Self::Note(_) => "The phone's signature in this code does not hold.",
        }
    }
}

impl From<Malformed> for ReceiptError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A fresh salt.
pub fn new_salt(rng: &mut impl CryptoRng) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    salt
}

/// What the class 5 entry holds: SHA-256 over salt and receipt.
pub fn commitment(salt: &[u8; SALT_BYTES], receipt: &[u8]) -> Hash {
    Hash::of(&[salt, receipt])
}

/// Everything that the person's code carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptCode {
    receipt: Vec<u8>,
    salt: [u8; SALT_BYTES],
    entry: Vec<u8>,
    proof: Vec<Hash>,
    origin: Origin,
    size: u64,
    lines: Vec<([u8; 4], Vec<u8>)>,
}

/// A receipt that is proved to be on a phone's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// The canonical receipt.
    pub receipt: Vec<u8>,
    /// The phone's log.
    pub origin: Origin,
    /// What the entry states in the clear, its index and time among it.
    pub header: EntryHeader,
    /// The size of the log that the phone signed.
    pub size: u64,
    /// The lines that verified.
    pub signatures: Vec<VerifiedSignature>,
}

impl ReceiptCode {
    /// Puts a code together. Of the checkpoint's lines, those under the log's own name are taken: the
    /// phone's software and hardware lines.
    pub fn build(
        receipt: &[u8],
        salt: [u8; SALT_BYTES],
        entry: &[u8],
        proof: Vec<Hash>,
        checkpoint: &SignedNote,
    ) -> Result<Self, ReceiptError> {
        if receipt.len() > MAX_RECEIPT_BYTES || entry.len() > MAX_CLEAR_ENTRY_BYTES {
            return Err(ReceiptError::TooLong);
        }
        let stated = Checkpoint::from_note(checkpoint).map_err(|_| ReceiptError::Malformed)?;
        let lines = checkpoint.signatures().iter().filter(|line| line.name() == stated.origin.as_str());
        let lines = lines.map(|line| (line.key_id(), line.signature().to_vec())).collect();
        let code = Self {
            receipt: receipt.to_vec(),
            salt,
            entry: entry.to_vec(),
            proof,
            origin: stated.origin,
            size: stated.size,
            lines,
        };
        // A code that does not lead to the checkpoint it was made with is never given out.
        if code.checkpoint()?.1.root == stated.root { Ok(code) } else { Err(TreeError::Proof.into()) }
    }

    /// The compact CBOR for a QR code.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(8)?.u8(VERSION)?.bytes(&self.receipt)?.bytes(&self.salt)?.bytes(&self.entry)?;
            e.array(self.proof.len() as u64)?;
            for hash in &self.proof {
                e.bytes(hash.as_bytes())?;
            }
            e.str(self.origin.as_str())?.u64(self.size)?.array(self.lines.len() as u64)?;
            for (key_id, signature) in &self.lines {
                e.array(2)?.bytes(key_id)?.bytes(signature)?;
            }
            Ok(())
        })
    }

    /// Reads a code in its one form.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_QR_BYTES {
            return Err(ReceiptError::TooLong);
        }
        let code = cbor::decode(bytes, Self::read)?;
        if code.encode() == bytes { Ok(code) } else { Err(ReceiptError::Malformed) }
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, Malformed> {
        cbor::array(d, 8)?;
        cbor::key(d, VERSION)?;
        let receipt = cbor::bounded(d, MAX_RECEIPT_BYTES)?;
        let salt = cbor::fixed(d)?;
        let entry = cbor::bounded(d, MAX_CLEAR_ENTRY_BYTES)?;
        let hashes = cbor::array_up_to(d, MAX_PROOF_HASHES)?;
        let proof = (0..hashes).map(|_| cbor::fixed(d).map(Hash::new)).collect::<Result<_, _>>()?;
        let origin = Origin::new(d.str()?).map_err(|_| Malformed)?;
        let size = d.u64()?;
        let count = cbor::array_up_to(d, MAX_LINES)?;
        let mut lines = Vec::with_capacity(count);
        for _ in 0..count {
            cbor::array(d, 2)?;
            lines.push((cbor::fixed(d)?, cbor::bounded(d, 128)?));
        }
        Ok(Self { receipt, salt, entry, proof, origin, size, lines })
    }

    /// The text form, for a message or a web page.
    pub fn to_text(&self) -> String {
        format!("{TEXT_PREFIX}{}", URL_SAFE_NO_PAD.encode(self.encode()))
    }

    /// Reads the text form.
    pub fn parse_text(text: &str) -> Result<Self, ReceiptError> {
        let encoded = text.strip_prefix(TEXT_PREFIX).ok_or(ReceiptError::Malformed)?;
        if encoded.len() > MAX_QR_BYTES * 2 {
            return Err(ReceiptError::TooLong);
        }
        Self::decode(&URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ReceiptError::Malformed)?)
    }

    /// Reads what a person has: the text form, with white space around it, or the bytes of the QR code.
    pub fn read_any(input: &[u8]) -> Result<Self, ReceiptError> {
        let text = std::str::from_utf8(input).map(str::trim).unwrap_or_default();
        if text.starts_with(TEXT_PREFIX) {
            return Self::parse_text(text);
        }
        // A code's bytes are a CBOR array: no text begins so, and of the common pictures only a PNG.
        let array = input.first().is_some_and(|head| head >> 5 == 4);
        if array && !input.starts_with(PNG) { Self::decode(input) } else { Err(ReceiptError::NotACode) }
    }

    /// The phone's log, to find its keys by.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The entry, and the checkpoint that entry and proof lead to.
    fn checkpoint(&self) -> Result<(Entry, Checkpoint), ReceiptError> {
        let entry = Entry::decode(&self.entry)?;
        let committed = entry.receipt_commitment().ok_or(ReceiptError::NotAReceipt)?;
        if committed != commitment(&self.salt, &self.receipt) {
            return Err(ReceiptError::Commitment);
        }
        let leaf = leaf_hash(&self.entry);
        let root = crate::tree::root_from_inclusion(entry.header().seq, self.size, &leaf, &self.proof)?;
        Ok((entry, Checkpoint { origin: self.origin.clone(), size: self.size, root }))
    }
}

/// Checks a code against the phone's keys, which must come from elsewhere; the phone's Ed25519 line is
/// required, and every other line in the code must be by a known key too.
pub fn verify_receipt(code: &ReceiptCode, keys: &[VerifierKey]) -> Result<VerifiedReceipt, ReceiptError> {
    let (entry, checkpoint) = code.checkpoint()?;
    let mut note = checkpoint.to_note()?;
    for (key_id, signature) in &code.lines {
        note.attach(SignatureLine::new(code.origin.as_str(), *key_id, signature.clone())?)?;
    }
    let signatures = note.verify_every_line(keys)?;
    let log_keys = keys.iter().filter(|key| key.signature_type() == SignatureType::Ed25519);
    let by_log = log_keys.filter(|key| signatures.iter().any(|line| line.key_id == key.key_id())).count() > 0;
    if !by_log {
        return Err(NoteError::Unsigned.into());
    }
    Ok(VerifiedReceipt {
        receipt: code.receipt.clone(),
        origin: code.origin.clone(),
        header: *entry.header(),
        size: code.size,
        signatures,
    })
}

#[cfg(test)]
mod tests;
