//! Writes ST 0601 packets: for the street's drone, for test material, and for a gateway that converts.
//!
//! Must never write a value outside an item's range. What always holds: item 2 first, item 65 and item 1 in their
//! places, items between them in order of their tags, and the checksum right.

use std::collections::BTreeMap;

use super::{Classification, Item, TextItem, UAS_LOCAL_SET_KEY, ber, checksum};

const VERSION: u8 = 19;
const VERSION_TAG: u8 = 65;
const SECURITY_TAG: u8 = 48;
const MAX_TEXT_BYTES: usize = 127;

/// Why an item cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The value is not finite, or outside the item's range.
    #[error("value of item {} is outside its range", .0.tag())]
    OutOfRange(Item),
    /// The text is longer than 127 bytes.
    #[error("text of item {} is longer than {MAX_TEXT_BYTES} bytes", .0.tag())]
    TextTooLong(TextItem),
}

/// Gathers items and writes one packet.
#[derive(Debug, Clone)]
pub struct UasEncoder {
    timestamp_us: u64,
    items: BTreeMap<u8, Vec<u8>>,
}

impl UasEncoder {
    /// Starts a packet with its precision time stamp in microseconds.
    pub fn new(timestamp_us: u64) -> Self {
        Self { timestamp_us, items: BTreeMap::from([(VERSION_TAG, vec![VERSION])]) }
    }

    /// Sets a numeric item, in its unit.
    pub fn value(&mut self, item: Item, value: f64) -> Result<&mut Self, EncodeError> {
        let bytes = item.mapping().write(value).ok_or(EncodeError::OutOfRange(item))?;
        self.items.insert(item.tag(), bytes);
        Ok(self)
    }

    /// Says that an item is unknown from now on, by a zero length.
    pub fn unknown(&mut self, item: Item) -> &mut Self {
        self.items.insert(item.tag(), Vec::new());
        self
    }

    /// Sets a text item.
    pub fn text(&mut self, item: TextItem, text: &str) -> Result<&mut Self, EncodeError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(EncodeError::TextTooLong(item));
        }
        self.items.insert(item.tag(), text.as_bytes().to_vec());
        Ok(self)
    }

    /// Adds a security set (ST 0102) with a classification and a two-letter country.
    pub fn security(&mut self, classification: Classification, country: [u8; 2]) -> &mut Self {
        const COUNTRY_CODING_ISO_3166_TWO_LETTERS: u8 = 1;
        const ST_0102_VERSION: u8 = 12;
        let [first, second] = country;
        let mut set = vec![1, 1, classification as u8, 2, 1, COUNTRY_CODING_ISO_3166_TWO_LETTERS];
        set.extend([3, 4, b'/', b'/', first, second]);
        set.extend([12, 1, COUNTRY_CODING_ISO_3166_TWO_LETTERS, 13, 4, 0, first, 0, second, 22, 2, 0, ST_0102_VERSION]);
        self.items.insert(SECURITY_TAG, set);
        self
    }

    /// Adds an item as it is, for tests of senders that do odd things.
    pub fn raw(&mut self, tag: u8, bytes: &[u8]) -> &mut Self {
        self.items.insert(tag, bytes.to_vec());
        self
    }

    /// The packet.
    pub fn finish(&self) -> Vec<u8> {
        let mut value = vec![2, 8];
        value.extend(self.timestamp_us.to_be_bytes());
        for (&tag, bytes) in &self.items {
            ber::write_oid(&mut value, tag);
            ber::write_length(&mut value, bytes.len());
            value.extend(bytes);
        }
        value.extend([1, 2]);
        let mut packet = UAS_LOCAL_SET_KEY.to_vec();
        ber::write_length(&mut packet, value.len() + 2);
        packet.extend(value);
        packet.extend(checksum(&packet).to_be_bytes());
        packet
    }
}
