//! One drone's position and view, from its metadata.
//!
//! Must never mix heights: those above the sea are brought to the ellipsoid where the geoid is known, and heights
//! that then differ in kind are not used together.

use super::DroneSettings;
use crate::geometry::{Attitude, Geodetic, LookAt, LookInput, look_at};
use crate::klv::{Item, UasState};

/// What a height is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeightReference {
    /// The WGS 84 ellipsoid.
    Ellipsoid,
    /// The sea, with no geoid to correct by.
    MeanSeaLevel,
}

/// Position and view at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fix {
    pub(super) position: Option<Geodetic>,
    pub(super) height_reference: Option<HeightReference>,
    pub(super) heading_deg: Option<f64>,
    pub(super) camera_bearing_deg: Option<f64>,
    pub(super) camera_elevation_deg: Option<f64>,
    pub(super) look_at: LookAt,
    pub(super) ground_speed_m_s: Option<f64>,
}

type Height = (f64, HeightReference);

impl Fix {
    pub(super) const NONE: Self = Self {
        position: None,
        height_reference: None,
        heading_deg: None,
        camera_bearing_deg: None,
        camera_elevation_deg: None,
        look_at: LookAt::Unknown,
        ground_speed_m_s: None,
    };

    pub(super) fn from_metadata(state: &UasState, settings: &DroneSettings, now_us: u64) -> Self {
        let value = |item| state.value(item, now_us);
        let height = sensor_height(state, settings, now_us);
        let place = |latitude, longitude, height: Option<Height>| {
            Geodetic::new(value(latitude)?, value(longitude)?, height.map_or(0.0, |(metres, _)| metres))
        };
        let position = place(Item::SensorLatitude, Item::SensorLongitude, height);
        let attitude = attitude(state, now_us);
        let [north, east, down] = attitude.map_or([f64::NAN; 3], |attitude| attitude.line_of_sight_ned());
        let input = LookInput {
            platform: position.filter(|_| height.is_some()),
            attitude,
            slant_range_m: value(Item::SlantRange),
            designated: same_kind(height, sea_height(value(Item::TargetElevation), settings))
                .and_then(|height| place(Item::TargetLatitude, Item::TargetLongitude, Some(height))),
            frame_centre: frame_heights(state, settings, now_us)
                .into_iter()
                .find_map(|centre| same_kind(height, centre))
                .and_then(|height| place(Item::FrameCentreLatitude, Item::FrameCentreLongitude, Some(height))),
            ground_height_m: ground_height(height, value(Item::AltitudeAgl), settings),
            circular_error_m: value(Item::TargetErrorCe90),
            vertical_error_m: value(Item::TargetErrorLe90),
        };
        Self {
            position,
            height_reference: position.and(height).map(|(_, reference)| reference),
            heading_deg: value(Item::PlatformHeading),
            camera_bearing_deg: attitude.map(|_| east.atan2(north).to_degrees().rem_euclid(360.0)),
            camera_elevation_deg: attitude.map(|_| -down.atan2(north.hypot(east)).to_degrees()),
            look_at: look_at(&input),
            ground_speed_m_s: ground_speed(state, now_us),
        }
    }
}

fn attitude(state: &UasState, now_us: u64) -> Option<Attitude> {
    Some(Attitude {
        heading_deg: state.value(Item::PlatformHeading, now_us)?,
        pitch_deg: state.platform_pitch(now_us)?,
        roll_deg: state.platform_roll(now_us)?,
        relative_azimuth_deg: state.value(Item::SensorRelativeAzimuth, now_us)?,
        relative_elevation_deg: state.value(Item::SensorRelativeElevation, now_us)?,
    })
}

/// Ellipsoid heights, extended before plain, before the height above the sea.
fn sensor_height(state: &UasState, settings: &DroneSettings, now_us: u64) -> Option<Height> {
    let above_ellipsoid = state
        .value(Item::SensorEllipsoidHeightExtended, now_us)
        .or_else(|| state.value(Item::SensorEllipsoidHeight, now_us));
    above_ellipsoid
        .map(|metres| (metres, HeightReference::Ellipsoid))
        .or_else(|| sea_height(state.value(Item::SensorTrueAltitude, now_us), settings))
}

fn frame_heights(state: &UasState, settings: &DroneSettings, now_us: u64) -> [Option<Height>; 2] {
    let above_ellipsoid = state.value(Item::FrameCentreEllipsoidHeight, now_us);
    [
        above_ellipsoid.map(|metres| (metres, HeightReference::Ellipsoid)),
        sea_height(state.value(Item::FrameCentreElevation, now_us), settings),
    ]
}

fn sea_height(metres: Option<f64>, settings: &DroneSettings) -> Option<Height> {
    let metres = metres?;
    Some(match settings.geoid_height_m {
        Some(geoid) => (metres + geoid, HeightReference::Ellipsoid),
        None => (metres, HeightReference::MeanSeaLevel),
    })
}

fn same_kind(platform: Option<Height>, point: Option<Height>) -> Option<Height> {
    point.filter(|(_, reference)| platform.is_some_and(|(_, platform)| platform == *reference))
}

fn ground_height(platform: Option<Height>, above_ground_m: Option<f64>, settings: &DroneSettings) -> Option<f64> {
    let (platform_m, reference) = platform?;
    let by_sender = above_ground_m.map(|above| platform_m - above);
    let by_settings = settings.ground_height_m.filter(|_| reference == HeightReference::Ellipsoid);
    by_sender.or(by_settings)
}

fn ground_speed(state: &UasState, now_us: u64) -> Option<f64> {
    let north = state.value(Item::SensorNorthVelocity, now_us);
    let by_velocity = north.zip(state.value(Item::SensorEastVelocity, now_us)).map(|(north, east)| north.hypot(east));
    by_velocity.or_else(|| state.value(Item::PlatformGroundSpeed, now_us))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::LookSource;
    use crate::klv::{UasEncoder, UasPacket};

    fn state(values: &[(Item, f64)]) -> UasState {
        let mut encoder = UasEncoder::new(1);
        for (item, value) in values {
            encoder.value(*item, *value).unwrap();
        }
        let mut state = UasState::default();
        state.apply(&UasPacket::decode(&encoder.finish()).unwrap(), 0);
        state
    }

    const PLACE: [(Item, f64); 7] = [
        (Item::SensorLatitude, 51.5),
        (Item::SensorLongitude, -0.12),
        (Item::PlatformHeading, 0.0),
        (Item::PlatformPitchFull, 0.0),
        (Item::PlatformRollFull, 0.0),
        (Item::SensorRelativeAzimuth, 0.0),
        (Item::SensorRelativeElevation, -60.0),
    ];

    const CENTRE: [(Item, f64); 3] = [
        (Item::FrameCentreLatitude, 51.500_3),
        (Item::FrameCentreLongitude, -0.12),
        (Item::FrameCentreElevation, 10.0),
    ];

    fn source(fix: &Fix) -> Option<LookSource> {
        match fix.look_at {
            LookAt::Zone { source, .. } => Some(source),
            _ => None,
        }
    }

    #[test]
    fn heights_of_different_kinds_are_not_used_together() {
        let mixed = [&PLACE[..], &CENTRE, &[(Item::SensorEllipsoidHeight, 115.0), (Item::SlantRange, 70.0)]].concat();
        let fix = Fix::from_metadata(&state(&mixed), &DroneSettings::default(), 0);
        assert_eq!(source(&fix), Some(LookSource::SlantRange));
        let corrected = DroneSettings { geoid_height_m: Some(45.0), ..DroneSettings::default() };
        let fix = Fix::from_metadata(&state(&mixed), &corrected, 0);
        assert_eq!(source(&fix), Some(LookSource::FrameCentre));
        let LookAt::Zone { point, .. } = fix.look_at else { panic!() };
        assert!((point.height_m() - 55.0).abs() < 0.2);
    }

    #[test]
    fn heights_above_the_sea_agree_with_each_other_and_are_named() {
        let sea = [&PLACE[..], &CENTRE, &[(Item::SensorTrueAltitude, 70.0)]].concat();
        let fix = Fix::from_metadata(&state(&sea), &DroneSettings::default(), 0);
        assert_eq!(
            (source(&fix), fix.height_reference),
            (Some(LookSource::FrameCentre), Some(HeightReference::MeanSeaLevel))
        );
        let geoid = DroneSettings { geoid_height_m: Some(45.0), ..DroneSettings::default() };
        let fix = Fix::from_metadata(&state(&sea), &geoid, 0);
        assert_eq!(fix.height_reference, Some(HeightReference::Ellipsoid));
    }

    #[test]
    fn meets_the_ground_that_the_sender_or_the_settings_know() {
        let high = [&PLACE[..], &[(Item::SensorEllipsoidHeightExtended, 115.0)]].concat();
        let none = Fix::from_metadata(&state(&high), &DroneSettings::default(), 0);
        assert!(matches!(none.look_at, LookAt::DirectionOnly { .. }));
        let settings = DroneSettings { ground_height_m: Some(55.0), ..DroneSettings::default() };
        assert_eq!(source(&Fix::from_metadata(&state(&high), &settings, 0)), Some(LookSource::Ground));
        assert_eq!(none.camera_bearing_deg.map(f64::round), Some(0.0));
        assert!((none.camera_elevation_deg.unwrap() + 60.0).abs() < 1e-6);
    }

    #[test]
    fn a_place_without_height_is_shown_without_a_view() {
        let fix = Fix::from_metadata(&state(&PLACE), &DroneSettings::default(), 0);
        assert!(fix.position.is_some());
        assert_eq!((fix.height_reference, fix.look_at), (None, LookAt::Unknown));
    }
}
