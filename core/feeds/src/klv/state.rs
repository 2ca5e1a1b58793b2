//! What is known of one drone from all its packets so far.
//!
//! Senders repeat slow items only now and then, so values stand until they are replaced, taken back, or too old.
//! It must never join values across a jump of the sender's clock. What always holds: a zero-length item or a
//! special value clears what was known, and of a narrow and a full twin the newer packet's word counts.

use super::{Classification, Item, Nested, Reading, TextItem, UasPacket};

/// How long a value stands without being repeated: ST 0601 asks senders to repeat slow items at least this often.
pub const ITEM_LIFETIME_US: u64 = 10_000_000;
/// A time stamp further back than this means that the sender's clock was set, not that packets changed places.
const CLOCK_SET_BACK_US: u64 = 5_000_000;
const MAX_TEXT_CHARACTERS: usize = 64;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Its values now count.
    Applied,
    /// It is older than one already applied and was left out.
    Older,
}

/// The known values of one drone.
#[derive(Debug, Clone)]
pub struct UasState {
    values: [Option<(f64, u64)>; Item::ALL.len()],
    texts: [Option<String>; TextItem::ALL.len()],
    classification: Option<Classification>,
    timestamp_us: Option<u64>,
    applied_at_us: u64,
}

impl Default for UasState {
    fn default() -> Self {
        Self {
            values: [None; Item::ALL.len()],
            texts: std::array::from_fn(|_| None),
            classification: None,
            timestamp_us: None,
            applied_at_us: 0,
        }
    }
}

impl UasState {
    /// Adds a packet that arrived at `now_us` (monotonic, microseconds).
    pub fn apply(&mut self, packet: &UasPacket<'_>, now_us: u64) -> Update {
        if let Some(last) = self.timestamp_us {
            let back = last.saturating_sub(packet.timestamp_us());
            if back > CLOCK_SET_BACK_US {
                let classification = self.classification;
                *self = Self { classification, ..Self::default() };
            } else if back > 0 {
                return Update::Older;
            }
        }
        self.timestamp_us = Some(packet.timestamp_us());
        self.applied_at_us = now_us;
        for (&item, slot) in Item::ALL.iter().zip(&mut self.values) {
            match packet.reading(item) {
                Reading::Absent => {
                    let superseded = narrow_twin(item).is_some_and(|twin| packet.value(twin).is_some());
                    if superseded {
                        *slot = None;
                    }
                }
                Reading::Unknown => *slot = None,
                Reading::Value(value) => *slot = Some((value, now_us)),
            }
        }
        for (&item, slot) in TextItem::ALL.iter().zip(&mut self.texts) {
            if packet.text_bytes(item).is_some() {
                *slot = packet.text(item).map(|text| plain(&text));
            }
        }
        if let Nested::Read(security) = packet.security() {
            self.classification = Some(security.classification);
        }
        Update::Applied
    }

    /// An item's value, if it is known and not too old at `now_us`.
    pub fn value(&self, item: Item, now_us: u64) -> Option<f64> {
        let (value, at_us) = self.values.get(item as usize).copied().flatten()?;
        (now_us.saturating_sub(at_us) <= ITEM_LIFETIME_US).then_some(value)
    }

    /// A text item without control characters, at most 64 characters.
    pub fn text(&self, item: TextItem) -> Option<&str> {
        self.texts.get(item as usize)?.as_deref()
    }

    /// The last classification that could be read. A set that cannot be read leaves the stricter past in force.
    pub fn classification(&self) -> Option<Classification> {
        self.classification
    }

    /// The precision time stamp of the last packet.
    pub fn timestamp_us(&self) -> Option<u64> {
        self.timestamp_us
    }

    /// When the last packet was applied.
    pub fn applied_at_us(&self) -> Option<u64> {
        self.timestamp_us.map(|_| self.applied_at_us)
    }

    /// Platform pitch, degrees: full range before narrow.
    pub fn platform_pitch(&self, now_us: u64) -> Option<f64> {
        self.value(Item::PlatformPitchFull, now_us).or_else(|| self.value(Item::PlatformPitch, now_us))
    }

    /// Platform roll, degrees: full range before narrow.
    pub fn platform_roll(&self, now_us: u64) -> Option<f64> {
        self.value(Item::PlatformRollFull, now_us).or_else(|| self.value(Item::PlatformRoll, now_us))
    }

    /// The four corners of the picture on the ground (latitude, longitude), from upper left clockwise.
    pub fn corners(&self, now_us: u64) -> Option<[(f64, f64); 4]> {
        let centre = self.value(Item::FrameCentreLatitude, now_us).zip(self.value(Item::FrameCentreLongitude, now_us));
        let mut corners = [(0.0, 0.0); 4];
        for (corner, [full_lat, full_lon, offset_lat, offset_lon]) in corners.iter_mut().zip(CORNERS) {
            let full = self.value(full_lat, now_us).zip(self.value(full_lon, now_us));
            let offset = || {
                let (lat, lon) = centre?;
                let (d_lat, d_lon) = self.value(offset_lat, now_us).zip(self.value(offset_lon, now_us))?;
                Some((lat + d_lat, lon + d_lon))
            };
            *corner = full.or_else(offset)?;
        }
        Some(corners)
    }
}

const CORNERS: [[Item; 4]; 4] = [
    [Item::CornerLatitude1, Item::CornerLongitude1, Item::OffsetCornerLatitude1, Item::OffsetCornerLongitude1],
    [Item::CornerLatitude2, Item::CornerLongitude2, Item::OffsetCornerLatitude2, Item::OffsetCornerLongitude2],
    [Item::CornerLatitude3, Item::CornerLongitude3, Item::OffsetCornerLatitude3, Item::OffsetCornerLongitude3],
    [Item::CornerLatitude4, Item::CornerLongitude4, Item::OffsetCornerLatitude4, Item::OffsetCornerLongitude4],
];

/// The narrow twin whose newer value replaces a remembered full one.
fn narrow_twin(item: Item) -> Option<Item> {
    Some(match item {
        Item::PlatformPitchFull => Item::PlatformPitch,
        Item::PlatformRollFull => Item::PlatformRoll,
        Item::SensorEllipsoidHeightExtended => Item::SensorEllipsoidHeight,
        Item::CornerLatitude1 => Item::OffsetCornerLatitude1,
        Item::CornerLongitude1 => Item::OffsetCornerLongitude1,
        Item::CornerLatitude2 => Item::OffsetCornerLatitude2,
        Item::CornerLongitude2 => Item::OffsetCornerLongitude2,
        Item::CornerLatitude3 => Item::OffsetCornerLatitude3,
        Item::CornerLongitude3 => Item::OffsetCornerLongitude3,
        Item::CornerLatitude4 => Item::OffsetCornerLatitude4,
        Item::CornerLongitude4 => Item::OffsetCornerLongitude4,
        _ => return None,
    })
}

fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_TEXT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::klv::UasEncoder;

    fn apply(state: &mut UasState, encoder: &UasEncoder, now_us: u64) -> Update {
        let bytes = encoder.finish();
        state.apply(&UasPacket::decode(&bytes).unwrap(), now_us)
    }

    #[test]
    fn keeps_a_value_until_it_is_taken_back_or_too_old() {
        let mut state = UasState::default();
        apply(&mut state, UasEncoder::new(1).value(Item::SlantRange, 100.0).unwrap(), 0);
        apply(&mut state, &UasEncoder::new(2), 1);
        assert!(state.value(Item::SlantRange, 1).is_some());
        assert!(state.value(Item::SlantRange, ITEM_LIFETIME_US).is_some());
        assert_eq!(state.value(Item::SlantRange, ITEM_LIFETIME_US + 1), None);
        apply(&mut state, UasEncoder::new(3).unknown(Item::SlantRange), 2);
        assert_eq!(state.value(Item::SlantRange, 2), None);
    }

    #[test]
    fn prefers_the_full_twin_of_the_same_packet_and_the_newer_narrow_one() {
        let mut state = UasState::default();
        let mut both = UasEncoder::new(1);
        both.value(Item::PlatformPitch, 5.0).unwrap().value(Item::PlatformPitchFull, 40.0).unwrap();
        apply(&mut state, &both, 0);
        assert!((state.platform_pitch(0).unwrap() - 40.0).abs() < 1e-6);
        apply(&mut state, UasEncoder::new(2).value(Item::PlatformPitch, 5.0).unwrap(), 1);
        assert!((state.platform_pitch(1).unwrap() - 5.0).abs() < 1e-3);
    }

    #[test]
    fn a_narrow_twin_out_of_range_leaves_the_full_one() {
        let mut state = UasState::default();
        let mut both = UasEncoder::new(1);
        both.raw(6, &[0x80, 0]).value(Item::PlatformPitchFull, -40.0).unwrap();
        apply(&mut state, &both, 0);
        assert!((state.platform_pitch(0).unwrap() + 40.0).abs() < 1e-6);
    }

    #[test]
    fn leaves_out_older_packets_and_starts_anew_when_the_clock_was_set_back() {
        let mut state = UasState::default();
        let mut encoder = UasEncoder::new(20_000_000);
        encoder.value(Item::SlantRange, 100.0).unwrap().security(Classification::Secret, *b"GB");
        apply(&mut state, &encoder, 0);
        assert_eq!(apply(&mut state, UasEncoder::new(19_999_999).unknown(Item::SlantRange), 1), Update::Older);
        assert!(state.value(Item::SlantRange, 1).is_some());
        assert_eq!(apply(&mut state, &UasEncoder::new(1), 2), Update::Applied);
        assert_eq!(state.value(Item::SlantRange, 2), None);
        assert_eq!(state.classification(), Some(Classification::Secret));
    }

    #[test]
    fn an_unreadable_security_set_leaves_the_known_classification_and_the_position() {
        let mut state = UasState::default();
        apply(&mut state, UasEncoder::new(1).security(Classification::Secret, *b"GB"), 0);
        let mut odd = UasEncoder::new(2);
        odd.raw(48, &[1, 9, 1]).raw(74, &[101, 200]).value(Item::SensorLatitude, 51.5).unwrap();
        apply(&mut state, &odd, 1);
        assert_eq!(state.classification(), Some(Classification::Secret));
        assert!(state.value(Item::SensorLatitude, 1).is_some());
    }
}
