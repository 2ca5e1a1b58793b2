//! Small helpers over `minicbor` that keep decoding strict.
//!
//! Nothing here accepts an indefinite length, a wrong count or bytes left over. Shortest-form integers
//! are ensured by the callers, who encode what they decoded and compare; entries have a reader of their own.

use minicbor::{Decoder, Encoder};

/// The bytes are not the structure expected, in its one deterministic form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<minicbor::decode::Error> for Malformed {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

type CborResult<T> = Result<T, Malformed>;

/// Runs `build` on an encoder over a fresh vector.
pub(crate) fn encode(
    build: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<core::convert::Infallible>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    build(&mut Encoder::new(&mut bytes)).expect("a vector takes every byte");
    bytes
}

/// Runs `read` and then insists that no byte is left.
pub(crate) fn decode<'b, T>(bytes: &'b [u8], read: impl FnOnce(&mut Decoder<'b>) -> CborResult<T>) -> CborResult<T> {
    let mut decoder = Decoder::new(bytes);
    let value = read(&mut decoder)?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(Malformed) }
}

/// A definite array of exactly `length` items.
pub(crate) fn array(decoder: &mut Decoder<'_>, length: u64) -> CborResult<()> {
    if decoder.array()? == Some(length) { Ok(()) } else { Err(Malformed) }
}

/// A definite array of at most `limit` items; gives their number.
pub(crate) fn array_up_to(decoder: &mut Decoder<'_>, limit: usize) -> CborResult<usize> {
    let length = decoder.array()?.ok_or(Malformed)?;
    usize::try_from(length).ok().filter(|length| *length <= limit).ok_or(Malformed)
}

/// The integer key `expected`.
pub(crate) fn key(decoder: &mut Decoder<'_>, expected: u8) -> CborResult<()> {
    if decoder.u8()? == expected { Ok(()) } else { Err(Malformed) }
}

/// A byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> CborResult<[u8; N]> {
    decoder.bytes()?.try_into().map_err(|_| Malformed)
}

/// A byte string of at most `limit` bytes.
pub(crate) fn bounded(decoder: &mut Decoder<'_>, limit: usize) -> CborResult<Vec<u8>> {
    let bytes = decoder.bytes()?;
    if bytes.len() <= limit { Ok(bytes.to_vec()) } else { Err(Malformed) }
}
