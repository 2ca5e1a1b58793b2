//! One ST 0601 packet, decoded without copying.
//!
//! Must never give out anything of a packet that is not whole. What always holds: item 2 came first, item 65 was
//! there, item 1 came last and its sum was right.

use super::ber::{self, Items};
use super::item::Readings;
use super::{Item, KlvError, Reading, Security, SetKind, TextItem, Triplet, Vmti, checksum};

const CHECKSUM_TAG: u8 = 1;
const TIMESTAMP_TAG: u32 = 2;
const SECURITY_TAG: u32 = 48;
const VERSION_TAG: u32 = 65;
const VMTI_TAG: u32 = 74;
const CHECKSUM_BYTES: usize = 2;
const CHECKSUM_ITEM_BYTES: usize = 4;

/// A nested set. Malformed or absent, it never takes the packet with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nested<T> {
    /// The packet has none.
    Absent,
    /// The packet has one that cannot be read.
    Unreadable,
    /// What it says.
    Read(T),
}

/// A whole and checked packet of ST 0601.
#[derive(Debug, Clone, PartialEq)]
pub struct UasPacket<'a> {
    timestamp_us: u64,
    version: u8,
    readings: Readings,
    texts: [Option<&'a [u8]>; TextItem::ALL.len()],
    security: Nested<Security<'a>>,
    vmti: Nested<Vmti>,
    item_faults: u32,
}

impl<'a> UasPacket<'a> {
    /// Decodes exactly one packet, key and length included.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, KlvError> {
        let (triplet, rest) = Triplet::split(bytes)?;
        if !rest.is_empty() {
            return Err(KlvError::TrailingBytes);
        }
        Self::from_triplet(&triplet)
    }

    /// Decodes a packet that is framed already.
    pub fn from_triplet(triplet: &Triplet<'a>) -> Result<Self, KlvError> {
        match triplet.kind {
            SetKind::UasLocalSet => {}
            SetKind::LegacyUniversalSet => return Err(KlvError::LegacyUniversalSet),
            SetKind::Other => return Err(KlvError::OtherSet),
        }
        verify_checksum(triplet)?;
        let items = triplet.value.len().checked_sub(CHECKSUM_ITEM_BYTES).and_then(|end| triplet.value.get(..end));
        let mut items = Items::new(items.ok_or(KlvError::ChecksumMissing)?);
        let mut packet = Self {
            timestamp_us: read_timestamp(items.next())?,
            version: 0,
            readings: Readings::new(),
            texts: [None; TextItem::ALL.len()],
            security: Nested::Absent,
            vmti: Nested::Absent,
            item_faults: 0,
        };
        let mut version = None;
        for item in items {
            let (tag, value) = item?;
            match (tag, value) {
                (VERSION_TAG, &[number]) if version.is_none() => version = Some(number),
                (VERSION_TAG, _) => return Err(KlvError::VersionMissing),
                (TIMESTAMP_TAG, _) => return Err(KlvError::TimestampMissing),
                (tag, _) if tag == u32::from(CHECKSUM_TAG) => return Err(KlvError::ChecksumMissing),
                _ => packet.take(tag, value),
            }
        }
        packet.version = version.ok_or(KlvError::VersionMissing)?;
        Ok(packet)
    }

    fn take(&mut self, tag: u32, value: &'a [u8]) {
        let fine = if let Some(item) = Item::from_tag(tag) {
            self.readings.take(item, value)
        } else if let Some(item) = TextItem::from_tag(tag) {
            let slot = self.texts.get_mut(item as usize);
            slot.is_some_and(|slot| slot.replace(value).is_none())
        } else if tag == SECURITY_TAG {
            self.security = nest(&self.security, Security::decode(value));
            self.security != Nested::Unreadable
        } else if tag == VMTI_TAG {
            self.vmti = nest(&self.vmti, Vmti::decode(value));
            self.vmti != Nested::Unreadable
        } else {
            true
        };
        self.item_faults += u32::from(!fine);
    }

    /// The precision time stamp (item 2) as sent, in microseconds: MISP time by the standard, POSIX time from many senders.
    pub fn timestamp_us(&self) -> u64 {
        self.timestamp_us
    }

    /// The version of ST 0601 (item 65) that the sender claims.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// What the packet says about a numeric item.
    pub fn reading(&self, item: Item) -> Reading {
        self.readings.reading(item)
    }

    /// The value of a numeric item, if the packet has a known one.
    pub fn value(&self, item: Item) -> Option<f64> {
        match self.reading(item) {
            Reading::Value(value) => Some(value),
            Reading::Absent | Reading::Unknown => None,
        }
    }

    /// A text item as sent; empty means unknown from now on.
    pub fn text_bytes(&self, item: TextItem) -> Option<&'a [u8]> {
        self.texts.get(item as usize).copied().flatten()
    }

    /// A text item, with what is not UTF-8 replaced.
    pub fn text(&self, item: TextItem) -> Option<std::borrow::Cow<'a, str>> {
        self.text_bytes(item).filter(|bytes| !bytes.is_empty()).map(String::from_utf8_lossy)
    }

    /// The security set (ST 0102, item 48).
    pub fn security(&self) -> &Nested<Security<'a>> {
        &self.security
    }

    /// The moving target set (ST 0903, item 74), counts only.
    pub fn vmti(&self) -> &Nested<Vmti> {
        &self.vmti
    }

    /// How many items were unreadable or repeated; each of them is unknown.
    pub fn item_faults(&self) -> u32 {
        self.item_faults
    }
}

fn nest<T: Copy>(before: &Nested<T>, read: Result<T, KlvError>) -> Nested<T> {
    match (before, read) {
        (Nested::Absent, Ok(set)) => Nested::Read(set),
        _ => Nested::Unreadable,
    }
}

fn read_timestamp(first: Option<Result<(u32, &[u8]), KlvError>>) -> Result<u64, KlvError> {
    match first.transpose()? {
        Some((TIMESTAMP_TAG, value)) if value.len() == size_of::<u64>() => {
            ber::unsigned(value).ok_or(KlvError::TimestampMissing)
        }
        _ => Err(KlvError::TimestampMissing),
    }
}

fn verify_checksum(triplet: &Triplet<'_>) -> Result<(), KlvError> {
    let Some((_, &[CHECKSUM_TAG, 2, high, low])) = triplet.value.split_last_chunk::<CHECKSUM_ITEM_BYTES>() else {
        return Err(KlvError::ChecksumMissing);
    };
    let summed = triplet.bytes.len().checked_sub(CHECKSUM_BYTES).and_then(|end| triplet.bytes.get(..end));
    let sum = checksum(summed.ok_or(KlvError::Truncated)?);
    if sum == u16::from_be_bytes([high, low]) { Ok(()) } else { Err(KlvError::ChecksumWrong) }
}
