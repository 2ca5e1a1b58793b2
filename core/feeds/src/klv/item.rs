//! The items of ST 0601 that an officer's picture needs, with their tags and ranges.
//!
//! One table, read by the decoder and the encoder. It must never hold an item whose range is guessed. What always
//! holds: an item's tag and mapping stand in one place only.

use super::mapping::Mapping;
use super::mapping::Mapping::{ImapB, Integer};
use super::mapping::{signed, unsigned};

/// What a packet says about one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Nothing: the last value stands.
    Absent,
    /// That it is not known from now on: a zero length, a special value, or bytes that cannot be read.
    Unknown,
    /// A value in the item's unit.
    Value(f64),
}

macro_rules! items {
    ($($(#[$doc:meta])+ $name:ident = $tag:literal: $mapping:expr;)+) => {
        /// A numeric item of ST 0601.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Item { $($(#[$doc])+ $name,)+ }

        impl Item {
            /// All numeric items, in order of their tags.
            pub const ALL: &'static [Item] = &[$(Item::$name),+];

            /// The item's tag in ST 0601.
            pub const fn tag(self) -> u8 {
                match self { $(Item::$name => $tag,)+ }
            }

            #[inline]
            pub(super) const fn from_tag(tag: u32) -> Option<Self> {
                match tag { $($tag => Some(Item::$name),)+ _ => None }
            }

            pub(super) fn mapping(self) -> Mapping {
                const MAPPINGS: [Mapping; Item::ALL.len()] = [$($mapping),+];
                MAPPINGS.get(self as usize).copied().unwrap_or(Integer)
            }
        }
    };
}

items! {
    /// Platform heading, degrees from true north.
    PlatformHeading = 5: unsigned(2, 0.0, 360.0);
    /// Platform pitch, degrees, nose up positive; unknown beyond 20 (see [`Item::PlatformPitchFull`]).
    PlatformPitch = 6: signed(2, 20.0);
    /// Platform roll, degrees, right wing down positive; unknown beyond 50 (see [`Item::PlatformRollFull`]).
    PlatformRoll = 7: signed(2, 50.0);
    /// True airspeed, metres a second.
    PlatformTrueAirspeed = 8: unsigned(1, 0.0, 255.0);
    /// Sensor latitude, degrees.
    SensorLatitude = 13: signed(4, 90.0);
    /// Sensor longitude, degrees.
    SensorLongitude = 14: signed(4, 180.0);
    /// Sensor altitude above mean sea level, metres.
    SensorTrueAltitude = 15: unsigned(2, -900.0, 19_000.0);
    /// Horizontal field of view, degrees.
    SensorHorizontalFov = 16: unsigned(2, 0.0, 180.0);
    /// Vertical field of view, degrees.
    SensorVerticalFov = 17: unsigned(2, 0.0, 180.0);
    /// Sensor azimuth relative to the platform's nose, degrees clockwise seen from above.
    SensorRelativeAzimuth = 18: unsigned(4, 0.0, 360.0);
    /// Sensor elevation relative to the platform's plane, degrees, up positive.
    SensorRelativeElevation = 19: signed(4, 180.0);
    /// Sensor roll, degrees.
    SensorRelativeRoll = 20: unsigned(4, 0.0, 360.0);
    /// Slant range from the sensor to the frame centre, metres.
    SlantRange = 21: unsigned(4, 0.0, 5_000_000.0);
    /// Width of the picture on the ground, metres.
    TargetWidth = 22: unsigned(2, 0.0, 10_000.0);
    /// Frame centre latitude, degrees.
    FrameCentreLatitude = 23: signed(4, 90.0);
    /// Frame centre longitude, degrees.
    FrameCentreLongitude = 24: signed(4, 180.0);
    /// Frame centre elevation above mean sea level, metres.
    FrameCentreElevation = 25: unsigned(2, -900.0, 19_000.0);
    /// Latitude of the upper left corner relative to the frame centre, degrees.
    OffsetCornerLatitude1 = 26: signed(2, 0.075);
    /// Longitude of the upper left corner relative to the frame centre, degrees.
    OffsetCornerLongitude1 = 27: signed(2, 0.075);
    /// Latitude of the upper right corner relative to the frame centre, degrees.
    OffsetCornerLatitude2 = 28: signed(2, 0.075);
    /// Longitude of the upper right corner relative to the frame centre, degrees.
    OffsetCornerLongitude2 = 29: signed(2, 0.075);
    /// Latitude of the lower right corner relative to the frame centre, degrees.
    OffsetCornerLatitude3 = 30: signed(2, 0.075);
    /// Longitude of the lower right corner relative to the frame centre, degrees.
    OffsetCornerLongitude3 = 31: signed(2, 0.075);
    /// Latitude of the lower left corner relative to the frame centre, degrees.
    OffsetCornerLatitude4 = 32: signed(2, 0.075);
    /// Longitude of the lower left corner relative to the frame centre, degrees.
    OffsetCornerLongitude4 = 33: signed(2, 0.075);
    /// Wind direction, degrees from true north.
    WindDirection = 35: unsigned(2, 0.0, 360.0);
    /// Wind speed, metres a second.
    WindSpeed = 36: unsigned(1, 0.0, 100.0);
    /// Latitude of a designated point, degrees.
    TargetLatitude = 40: signed(4, 90.0);
    /// Longitude of a designated point, degrees.
    TargetLongitude = 41: signed(4, 180.0);
    /// Elevation of a designated point above mean sea level, metres.
    TargetElevation = 42: unsigned(2, -900.0, 19_000.0);
    /// Radius, metres, that holds the designated point with 90 % probability.
    TargetErrorCe90 = 45: unsigned(2, 0.0, 4_095.0);
    /// Vertical error, metres, of the designated point at 90 % probability.
    TargetErrorLe90 = 46: unsigned(2, 0.0, 4_095.0);
    /// Climb, metres a second.
    PlatformVerticalSpeed = 51: signed(2, 180.0);
    /// Speed over the ground, metres a second.
    PlatformGroundSpeed = 56: unsigned(1, 0.0, 255.0);
    /// Horizontal distance to the frame centre, metres.
    GroundRange = 57: unsigned(4, 0.0, 5_000_000.0);
    /// Platform heading, degrees from magnetic north.
    PlatformMagneticHeading = 64: unsigned(2, 0.0, 360.0);
    /// Sensor height above the WGS 84 ellipsoid, metres.
    SensorEllipsoidHeight = 75: unsigned(2, -900.0, 19_000.0);
    /// Frame centre height above the WGS 84 ellipsoid, metres.
    FrameCentreEllipsoidHeight = 78: unsigned(2, -900.0, 19_000.0);
    /// Sensor velocity to the north, metres a second.
    SensorNorthVelocity = 79: signed(2, 327.0);
    /// Sensor velocity to the east, metres a second.
    SensorEastVelocity = 80: signed(2, 327.0);
    /// Latitude of the upper left corner, degrees.
    CornerLatitude1 = 82: signed(4, 90.0);
    /// Longitude of the upper left corner, degrees.
    CornerLongitude1 = 83: signed(4, 180.0);
    /// Latitude of the upper right corner, degrees.
    CornerLatitude2 = 84: signed(4, 90.0);
    /// Longitude of the upper right corner, degrees.
    CornerLongitude2 = 85: signed(4, 180.0);
    /// Latitude of the lower right corner, degrees.
    CornerLatitude3 = 86: signed(4, 90.0);
    /// Longitude of the lower right corner, degrees.
    CornerLongitude3 = 87: signed(4, 180.0);
    /// Latitude of the lower left corner, degrees.
    CornerLatitude4 = 88: signed(4, 90.0);
    /// Longitude of the lower left corner, degrees.
    CornerLongitude4 = 89: signed(4, 180.0);
    /// Platform pitch over its full range, degrees.
    PlatformPitchFull = 90: signed(4, 90.0);
    /// Platform roll over its full range, degrees.
    PlatformRollFull = 91: signed(4, 90.0);
    /// Width of the picture on the ground over a greater range, metres.
    TargetWidthExtended = 96: ImapB(0.0, 1_500_000.0, 3);
    /// Sensor height above the WGS 84 ellipsoid over a greater range, metres.
    SensorEllipsoidHeightExtended = 104: ImapB(-900.0, 40_000.0, 3);
    /// Direction of movement over the ground, degrees from true north.
    PlatformCourse = 112: ImapB(0.0, 360.0, 2);
    /// Altitude above ground level, metres.
    AltitudeAgl = 113: ImapB(-900.0, 40_000.0, 3);
    /// Zoom, percent.
    ZoomPercentage = 134: ImapB(0.0, 100.0, 2);
    /// Seconds to add to the precision time stamp for UTC.
    LeapSeconds = 136: Integer;
    /// Microseconds to add to the precision time stamp, found after the event.
    CorrectionOffset = 137: Integer;
}

const _: () = assert!(Item::ALL.len() <= 64, "readings are kept in 64-bit sets");

macro_rules! text_items {
    ($($(#[$doc:meta])+ $name:ident = $tag:literal;)+) => {
        /// A text item of ST 0601.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TextItem { $($(#[$doc])+ $name,)+ }

        impl TextItem {
            /// All text items, in order of their tags.
            pub const ALL: &'static [TextItem] = &[$(TextItem::$name),+];

            /// The item's tag in ST 0601.
            pub const fn tag(self) -> u8 {
                match self { $(TextItem::$name => $tag,)+ }
            }

            #[inline]
            pub(super) const fn from_tag(tag: u32) -> Option<Self> {
                match tag { $($tag => Some(TextItem::$name),)+ _ => None }
            }
        }
    };
}

text_items! {
    /// Mission identifier.
    MissionId = 3;
    /// Tail number of the platform.
    PlatformTailNumber = 4;
    /// Model of the platform.
    PlatformDesignation = 10;
    /// Which sensor the picture is from.
    ImageSourceSensor = 11;
    /// Coordinate system of the picture.
    ImageCoordinateSystem = 12;
    /// Call sign of the platform.
    PlatformCallSign = 59;
}

/// The readings of all numeric items of one packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Readings {
    values: [f64; Item::ALL.len()],
    known: u64,
    unknown: u64,
}

impl Readings {
    pub(super) const fn new() -> Self {
        Self { values: [0.0; Item::ALL.len()], known: 0, unknown: 0 }
    }

    /// Takes an item's bytes; `false` when they are unreadable, or the item was there before: it is then unknown.
    #[inline]
    pub(super) fn take(&mut self, item: Item, bytes: &[u8]) -> bool {
        let bit = 1_u64 << (item as u32);
        let repeated = (self.known | self.unknown) & bit != 0;
        let read = if bytes.is_empty() { Ok(None) } else { item.mapping().read(bytes) };
        match (read, self.values.get_mut(item as usize)) {
            (Ok(Some(value)), Some(slot)) if !repeated => {
                *slot = value;
                self.known |= bit;
                true
            }
            (read, _) => {
                self.known &= !bit;
                self.unknown |= bit;
                read.is_ok() && !repeated
            }
        }
    }

    pub(super) fn reading(&self, item: Item) -> Reading {
        let bit = 1_u64 << (item as u32);
        if self.unknown & bit != 0 {
            return Reading::Unknown;
        }
        match self.values.get(item as usize) {
            Some(&value) if self.known & bit != 0 => Reading::Value(value),
            _ => Reading::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_rise_and_lead_back_to_their_items() {
        assert!(Item::ALL.windows(2).all(|pair| pair[0].tag() < pair[1].tag()));
        assert!(Item::ALL.iter().all(|&item| Item::from_tag(item.tag().into()) == Some(item)));
        assert!(TextItem::ALL.iter().all(|&item| TextItem::from_tag(item.tag().into()) == Some(item)));
    }

    #[test]
    fn every_item_reads_what_it_writes_to_its_resolution() {
        for &item in Item::ALL {
            let mapping = item.mapping();
            for value in [0.0, 0.01, 0.05, 0.07] {
                let bytes = mapping.write(value).unwrap();
                let back = mapping.read(&bytes).unwrap().unwrap();
                assert!((back - value).abs() <= mapping.resolution() * 1.000_1, "{item:?} {value} {back}");
            }
        }
    }

    #[test]
    fn a_repeated_item_is_unknown() {
        let mut readings = Readings::new();
        assert!(readings.take(Item::SensorLatitude, &[0, 0, 0, 1]));
        assert!(!readings.take(Item::SensorLatitude, &[0, 0, 0, 2]));
        assert_eq!(readings.reading(Item::SensorLatitude), Reading::Unknown);
    }
}
