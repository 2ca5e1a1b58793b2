//! A drone's telemetry as the gateway derives it from the feed, one or two times a second.
//!
//! It holds where the drone is and where its camera looks; it can hold no picture.

use serde::{Deserialize, Serialize};

use crate::id::FeedId;

/// A place on the WGS 84 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceDto {
    /// Latitude in degrees.
    pub latitude_deg: f64,
    /// Longitude in degrees.
    pub longitude_deg: f64,
}

/// The state of a feed: `drone.state`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DroneStateDto {
    /// The feed.
    pub feed_id: FeedId,
    /// When the drone measured it, by its own clock; milliseconds since 1970 UTC.
    pub measured_at_ms: i64,
    /// When the gateway sent it.
    pub sent_at_ms: i64,
    /// Where the drone is.
    #[serde(default)]
    pub position: Option<PlaceDto>,
    /// Height in metres, as the drone states it.
    #[serde(default)]
    pub altitude_m: Option<f64>,
    /// Where the drone's nose points, degrees from true north.
    #[serde(default)]
    pub heading_deg: Option<f64>,
    /// Where the camera points, degrees from true north.
    #[serde(default)]
    pub camera_azimuth_deg: Option<f64>,
    /// Above (positive) or below the horizon.
    #[serde(default)]
    pub camera_elevation_deg: Option<f64>,
    /// The middle of the picture on the ground.
    #[serde(default)]
    pub look_at: Option<PlaceDto>,
    /// How far `look_at` may be wrong, in metres.
    #[serde(default)]
    pub look_at_uncertainty_m: Option<f64>,
    /// Seconds until it reaches the incident.
    #[serde(default)]
    pub eta_s: Option<u32>,
}

/// A telemetry message that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DroneStateError {
    /// A number is not finite or not in its range.
    #[error("take a drone's state whose numbers are out of range")]
    OutOfRange,
}

impl PlaceDto {
    fn is_sound(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude_deg) && (-180.0..=180.0).contains(&self.longitude_deg)
    }
}

impl DroneStateDto {
    /// Checks that every number is in its range.
    pub fn validate(self) -> Result<Self, DroneStateError> {
        let places = [self.position, self.look_at].into_iter().flatten().all(|place| place.is_sound());
        let turns = [self.heading_deg, self.camera_azimuth_deg].into_iter().flatten();
        let within = |value: Option<f64>, low: f64, high: f64| value.is_none_or(|value| (low..=high).contains(&value));
        let sound = places
            && turns.into_iter().all(|degrees| (0.0..=360.0).contains(&degrees))
            && within(self.camera_elevation_deg, -180.0, 180.0)
            && within(self.altitude_m, -1_000.0, 100_000.0)
            && within(self.look_at_uncertainty_m, 0.0, 1_000_000.0);
        if sound { Ok(self) } else { Err(DroneStateError::OutOfRange) }
    }
}
