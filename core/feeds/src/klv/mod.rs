//! KLV metadata of a drone stream: MISB ST 0601 with its nested ST 0102 and ST 0903, decoded and encoded.
//!
//! It turns the bytes of one metadata unit into numbers that can be trusted. It must never give a position from
//! a packet whose checksum is wrong, and never turn a special value into an angle. What always holds: a packet
//! is either whole (key, length, order, checksum) or refused with a reason; a malformed nested set or a single
//! odd item costs only itself, never the position.

mod ber;
mod encode;
mod item;
mod mapping;
mod packet;
mod security;
mod state;
mod vmti;

pub use encode::{EncodeError, UasEncoder};
pub use item::{Item, Reading, TextItem};
pub use packet::{Nested, UasPacket};
pub use security::{Classification, Security};
pub use state::{ITEM_LIFETIME_US, UasState, Update};
pub use vmti::Vmti;

/// The universal key of the UAS Datalink Local Set (ST 0601).
pub const UAS_LOCAL_SET_KEY: [u8; 16] =
    [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x0B, 0x01, 0x01, 0x0E, 0x01, 0x03, 0x01, 0x01, 0x00, 0x00, 0x00];
/// The universal key of the basic universal metadata set of EG 0104, which ST 0601 replaced.
pub const LEGACY_UNIVERSAL_SET_KEY: [u8; 16] =
    [0x06, 0x0E, 0x2B, 0x34, 0x02, 0x01, 0x01, 0x01, 0x0E, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00, 0x00];
/// Largest KLV packet, key and length included, that is looked at.
pub const MAX_PACKET_BYTES: usize = 64 * 1024;

const KEY_BYTES: usize = 16;
const SMPTE_PREFIX: [u8; 4] = [0x06, 0x0E, 0x2B, 0x34];

/// Why a KLV packet was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KlvError {
    /// The bytes do not begin with a SMPTE universal key.
    #[error("metadata does not begin with a universal key")]
    NoKey,
    /// A packet of EG 0104, the standard before ST 0601.
    #[error("metadata is in the older EG 0104 form, which is not read; ask the sender for ST 0601")]
    LegacyUniversalSet,
    /// A packet of some other set.
    #[error("metadata set is not ST 0601")]
    OtherSet,
    /// The packet, or an item in it, claims more bytes than there are.
    #[error("metadata packet is cut short")]
    Truncated,
    /// A BER length or a BER-OID tag breaks its own rules.
    #[error("metadata packet has a malformed length or tag")]
    Malformed,
    /// The packet exceeds [`MAX_PACKET_BYTES`].
    #[error("metadata packet is larger than {MAX_PACKET_BYTES} bytes")]
    TooLarge,
    /// Bytes follow the packet where exactly one was to be decoded.
    #[error("metadata packet is followed by other bytes")]
    TrailingBytes,
    /// The checksum (item 1) is absent, or not the last item.
    #[error("metadata packet does not end in its checksum")]
    ChecksumMissing,
    /// The checksum differs from the sum of the packet's bytes.
    #[error("metadata packet has a wrong checksum")]
    ChecksumWrong,
    /// The precision time stamp (item 2) is absent, repeated, not eight bytes long, or not the first item.
    #[error("metadata packet does not begin with its time stamp")]
    TimestampMissing,
    /// The version (item 65) is absent, repeated or not one byte long.
    #[error("metadata packet has no version")]
    VersionMissing,
}

/// Which set a KLV packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// ST 0601.
    UasLocalSet,
    /// EG 0104: recognised, refused by [`UasPacket::decode`].
    LegacyUniversalSet,
    /// Any other.
    Other,
}

/// One framed key, length and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triplet<'a> {
    /// Which set the key names.
    pub kind: SetKind,
    /// The whole packet, key and length included.
    pub bytes: &'a [u8],
    /// The value alone.
    pub value: &'a [u8],
}

impl<'a> Triplet<'a> {
    /// Frames the packet that `bytes` begin with, and gives what follows it.
    pub fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), KlvError> {
        let (key, after_key) = bytes.split_at_checked(KEY_BYTES).ok_or(KlvError::NoKey)?;
        if !key.starts_with(&SMPTE_PREFIX) {
            return Err(KlvError::NoKey);
        }
        let (length, after_length) = ber::length(after_key)?;
        if length > MAX_PACKET_BYTES {
            return Err(KlvError::TooLarge);
        }
        let (value, rest) = after_length.split_at_checked(length).ok_or(KlvError::Truncated)?;
        let whole = bytes.get(..bytes.len() - rest.len()).ok_or(KlvError::Truncated)?;
        let kind = if key == UAS_LOCAL_SET_KEY {
            SetKind::UasLocalSet
        } else if key == LEGACY_UNIVERSAL_SET_KEY {
            SetKind::LegacyUniversalSet
        } else {
            SetKind::Other
        };
        Ok((Self { kind, bytes: whole, value }, rest))
    }
}

/// The KLV packets of one metadata unit, in order; it ends after the first that cannot be framed.
pub fn triplets(unit: &[u8]) -> Triplets<'_> {
    Triplets { rest: unit }
}

/// See [`triplets`].
#[derive(Debug, Clone)]
pub struct Triplets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Triplets<'a> {
    type Item = Result<Triplet<'a>, KlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match Triplet::split(self.rest) {
            Ok((triplet, rest)) => {
                self.rest = rest;
                Some(Ok(triplet))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// The 16-bit running sum of ST 0601 section 6.3: bytes at even places count as high bytes, at odd ones as low.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let (pairs, last) = bytes.as_chunks::<2>();
    let sum = pairs.iter().fold(0_u16, |sum, pair| sum.wrapping_add(u16::from_be_bytes(*pair)));
    last.iter().fold(sum, |sum, &byte| sum.wrapping_add(u16::from_be_bytes([byte, 0])))
}
