//! Where a drone is, where its camera looks, and how far that is from the officer.
//!
//! Must never give a point without saying how wrong it may be, and never mix heights above the ellipsoid with
//! heights above the sea. What always holds: latitudes and longitudes that leave here are finite and in range.

mod distance;
mod eta;
mod look;

pub use distance::{COMPASS_LIMIT_DEG, Compass, Separation, relative_direction, separation};
pub use eta::{ETA_MARGIN_S, EtaEstimator, MIN_SPEED_M_S};
pub use look::{
    Attitude, GIMBAL_ERROR_DEG, LookAt, LookInput, LookSource, MIN_DEPRESSION_DEG, MIN_RADIUS_M, PLATFORM_ERROR_M,
    look_at, uncertainty_radius,
};

/// Semi-major axis of WGS 84, metres.
const SEMI_MAJOR_AXIS_M: f64 = 6_378_137.0;
/// Flattening of WGS 84.
const FLATTENING: f64 = 1.0 / 298.257_223_563;
const ECCENTRICITY_SQUARED: f64 = FLATTENING * (2.0 - FLATTENING);

/// A place on the earth (WGS 84), height in metres above whichever surface the caller keeps to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geodetic {
    latitude_deg: f64,
    longitude_deg: f64,
    height_m: f64,
}

impl Geodetic {
    /// A place, if its numbers are finite and its latitude and longitude are in range.
    pub fn new(latitude_deg: f64, longitude_deg: f64, height_m: f64) -> Option<Self> {
        let sound =
            (-90.0..=90.0).contains(&latitude_deg) && (-180.0..=180.0).contains(&longitude_deg) && height_m.is_finite();
        sound.then_some(Self { latitude_deg, longitude_deg, height_m })
    }

    /// Latitude, degrees.
    pub fn latitude_deg(&self) -> f64 {
        self.latitude_deg
    }

    /// Longitude, degrees.
    pub fn longitude_deg(&self) -> f64 {
        self.longitude_deg
    }

    /// Height, metres.
    pub fn height_m(&self) -> f64 {
        self.height_m
    }

    fn to_ecef(self) -> Vector {
        let (sin_lat, cos_lat) = self.latitude_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.longitude_deg.to_radians().sin_cos();
        let normal = SEMI_MAJOR_AXIS_M / (1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat).sqrt();
        Vector([
            (normal + self.height_m) * cos_lat * cos_lon,
            (normal + self.height_m) * cos_lat * sin_lon,
            (normal * (1.0 - ECCENTRICITY_SQUARED) + self.height_m) * sin_lat,
        ])
    }

    /// By Bowring's formula, repeated until it is exact to far below a millimetre at any height that flies.
    fn from_ecef(Vector([x, y, z]): Vector) -> Option<Self> {
        let semi_minor = SEMI_MAJOR_AXIS_M * (1.0 - FLATTENING);
        let second_eccentricity = ECCENTRICITY_SQUARED / (1.0 - ECCENTRICITY_SQUARED);
        let across = x.hypot(y);
        let mut reduced = (z * SEMI_MAJOR_AXIS_M).atan2(across * semi_minor);
        let mut latitude = 0.0_f64;
        for _ in 0..3 {
            let (sin, cos) = reduced.sin_cos();
            latitude = (z + second_eccentricity * semi_minor * sin.powi(3))
                .atan2(across - ECCENTRICITY_SQUARED * SEMI_MAJOR_AXIS_M * cos.powi(3));
            reduced = ((1.0 - FLATTENING) * latitude.sin()).atan2(latitude.cos());
        }
        let (sin, cos) = latitude.sin_cos();
        let height = across * cos + z * sin - SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED * sin * sin).sqrt();
        Self::new(latitude.to_degrees(), y.atan2(x).to_degrees(), height)
    }

    /// A vector given as north, east, down at this place, in earth-centred axes.
    fn ned_to_ecef(&self, [north, east, down]: [f64; 3]) -> Vector {
        let (sin_lat, cos_lat) = self.latitude_deg.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.longitude_deg.to_radians().sin_cos();
        Vector([
            -sin_lat * cos_lon * north - sin_lon * east - cos_lat * cos_lon * down,
            -sin_lat * sin_lon * north + cos_lon * east - cos_lat * sin_lon * down,
            cos_lat * north - sin_lat * down,
        ])
    }

    /// The direction straight up, in earth-centred axes.
    fn up(&self) -> Vector {
        self.ned_to_ecef([0.0, 0.0, -1.0])
    }
}

/// Earth-centred, earth-fixed, metres.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Vector([f64; 3]);

impl Vector {
    fn plus(self, other: Self, times: f64) -> Self {
        let (Self(own), Self(other)) = (self, other);
        let mut sum = own;
        sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other * times);
        Self(sum)
    }

    fn dot(self, other: Self) -> f64 {
        let (Self(own), Self(other)) = (self, other);
        own.iter().zip(other).map(|(own, other)| own * other).sum()
    }

    fn length(self) -> f64 {
        self.dot(self).sqrt()
    }
}

/// Brings a direction into 0 to 360 degrees.
fn full_circle(degrees: f64) -> f64 {
    let turned = degrees.rem_euclid(360.0);
    if turned >= 360.0 { 0.0 } else { turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earth_centred_axes_and_back_agree_everywhere() {
        for latitude in [-90.0, -51.5, 0.0, 0.1, 34.7, 51.5, 89.999_9, 90.0] {
            for longitude in [-180.0, -86.7, 0.0, 120.0, 180.0] {
                for height in [-100.0, 0.0, 120.0, 12_000.0] {
                    let place = Geodetic::new(latitude, longitude, height).unwrap();
                    let back = Geodetic::from_ecef(place.to_ecef()).unwrap();
                    let apart = place.to_ecef().plus(back.to_ecef(), -1.0).length();
                    assert!(apart < 1e-6 && (back.height_m - height).abs() < 1e-6, "{place:?} {back:?}");
                }
            }
        }
    }

    #[test]
    fn refuses_places_that_are_not() {
        assert_eq!(Geodetic::new(90.1, 0.0, 0.0), None);
        assert_eq!(Geodetic::new(0.0, f64::NAN, 0.0), None);
        assert_eq!(Geodetic::new(0.0, 0.0, f64::INFINITY), None);
    }
}
