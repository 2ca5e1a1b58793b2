//! Distance and bearing along the ground, by geodesic.
//!
//! Must never turn a bearing into "to your left" with a compass that cannot be trusted.

use geographiclib_rs::{Geodesic, InverseGeodesic};
use std::sync::LazyLock;

use super::{Geodetic, full_circle};

/// Worst accuracy, in degrees, of a compass that directions are given by.
pub const COMPASS_LIMIT_DEG: f64 = 15.0;
/// Below this distance a bearing says nothing.
const MIN_DISTANCE_FOR_BEARING_M: f64 = 1.0;

static WGS_84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// How far and which way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Separation {
    /// Metres along the ground.
    pub distance_m: f64,
    /// Degrees from true north; nothing where the two are less than a metre apart.
    pub bearing_deg: Option<f64>,
}

/// From one place to another along the ground (WGS 84).
pub fn separation(from: &Geodetic, to: &Geodetic) -> Separation {
    let (distance_m, azimuth, _, _): (f64, f64, f64, f64) =
        WGS_84.inverse(from.latitude_deg, from.longitude_deg, to.latitude_deg, to.longitude_deg);
    let bearing_deg = (distance_m >= MIN_DISTANCE_FOR_BEARING_M).then(|| full_circle(azimuth));
    Separation { distance_m, bearing_deg }
}

/// A phone's compass reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compass {
    /// Which way the phone points, degrees from true north.
    pub heading_deg: f64,
    /// How far that may be wrong, degrees.
    pub accuracy_deg: f64,
}

/// A bearing as seen from the phone: 0 ahead, negative to the left, -180 to 180. Nothing from a poor compass.
pub fn relative_direction(bearing_deg: f64, compass: &Compass) -> Option<f64> {
    let good = (0.0..=COMPASS_LIMIT_DEG).contains(&compass.accuracy_deg) && compass.heading_deg.is_finite();
    good.then(|| full_circle(bearing_deg - compass.heading_deg + 180.0) - 180.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_relative_to_the_phone_only_with_a_good_compass() {
        let compass = Compass { heading_deg: 350.0, accuracy_deg: 15.0 };
        assert_eq!(relative_direction(10.0, &compass), Some(20.0));
        assert_eq!(relative_direction(340.0, &compass), Some(-10.0));
        assert_eq!(relative_direction(10.0, &Compass { accuracy_deg: 15.1, ..compass }), None);
        assert_eq!(relative_direction(10.0, &Compass { accuracy_deg: -1.0, ..compass }), None);
        assert_eq!(relative_direction(10.0, &Compass { heading_deg: f64::NAN, ..compass }), None);
    }

    #[test]
    fn two_places_at_once_have_no_bearing() {
        let here = Geodetic::new(51.5, -0.12, 0.0).unwrap();
        assert_eq!(separation(&here, &here), Separation { distance_m: 0.0, bearing_deg: None });
    }
}
