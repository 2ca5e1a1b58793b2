//! What a receipt says, read from its canonical bytes.
//!
//! Must never: decide whether a receipt is genuine; that is the proof's part, and a receipt in words that this version
//! does not know is as genuine as any other. The form is the receipt of `receipt.cddl`.

use serde::Serialize;

use crate::Hash;
use crate::cbor::{self, Malformed};

const VERSION: u8 = 1;
const MAX_CODES: usize = 16;
const MAX_TEXT_BYTES: usize = 512;
/// Crockford's base 32: no letter that is mistaken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A receipt in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptWords {
    /// The stop's reference.
    pub reference: String,
    /// Where.
    pub place: String,
    /// When the stop began, in milliseconds since 1970-01-01 UTC, by the phone's clock.
    pub at_ms: i64,
    /// The officer's number.
    pub officer: String,
    /// What always stands on a receipt, as codes that the reader's language has words for.
    pub codes: Vec<String>,
}

impl ReceiptWords {
    /// Reads canonical bytes; nothing if they are of a form that this version does not know.
    pub fn read(receipt: &[u8]) -> Option<Self> {
        let words = cbor::decode(receipt, Self::decode).ok()?;
        (words.encode() == receipt).then_some(words)
    }

    fn decode(d: &mut minicbor::Decoder<'_>) -> Result<Self, Malformed> {
        cbor::array(d, 6)?;
        cbor::key(d, VERSION)?;
        let (reference, place, at_ms, officer) = (text(d)?, text(d)?, d.i64()?, text(d)?);
        let count = cbor::array_up_to(d, MAX_CODES)?;
        let codes = (0..count).map(|_| text(d)).collect::<Result<_, _>>()?;
        Ok(Self { reference, place, at_ms, officer, codes })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(6)?.u8(VERSION)?.str(&self.reference)?.str(&self.place)?.i64(self.at_ms)?.str(&self.officer)?;
            e.array(self.codes.len() as u64)?;
            for code in &self.codes {
                e.str(code)?;
            }
            Ok(())
        })
    }
}

/// A text that a screen can show: bounded, and without control characters.
fn text(d: &mut minicbor::Decoder<'_>) -> Result<String, Malformed> {
    let text = d.str()?;
    let plain = text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    if plain { Ok(text.to_owned()) } else { Err(Malformed) }
}

/// The code on paper: the first 50 bits of the commitment.
pub fn paper_code(commitment: &Hash) -> String {
    let bits = commitment.as_bytes().iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let letter = |position: u32| {
        let index = usize::try_from((bits >> (64 - 5 * position)) & 31).unwrap_or(0);
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    };
    (1..=10).map(letter).collect()
}
