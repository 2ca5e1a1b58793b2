//! A drone on an officer's phone: admitted, followed, shown as numbers.
//!
//! It must never show a feed that is covert or has no incident, keep a picture, or show what is classified above
//! the ceiling. What always holds: every state carries its age, and a point its radius. Wording lives in the shells.

mod fix;
mod lines;
mod stream;
mod tracker;

use peel_domain::deployment::Feed;
use peel_domain::id::FeedId;

use crate::age::{Freshness, TimeBasis};
use crate::geometry::{Compass, Geodetic, LookAt, Separation};
use crate::klv::Classification;
use crate::tier::Tier;

pub use fix::HeightReference;
pub use lines::{Line, LineCode};
pub use stream::{DroneStream, Picture};
pub use tracker::DroneTracker;

/// Why a feed is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedRefused {
    /// No incident is named.
    #[error("open a feed that names no incident")]
    NoIncident,
    /// The feed is not overt.
    #[error("open a feed that is not overt")]
    NotOvert,
}

/// A feed that names its incident and is overt: the only kind that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvertFeed {
    feed: Feed,
}

impl OvertFeed {
    /// Admits a feed, or says why not.
    pub fn admit(feed: Feed) -> Result<Self, FeedRefused> {
        if feed.incident_ref.trim().is_empty() {
            return Err(FeedRefused::NoIncident);
        }
        if !feed.overt {
            return Err(FeedRefused::NotOvert);
        }
        Ok(Self { feed })
    }

    /// The feed's identifier.
    pub fn feed_id(&self) -> &FeedId {
        &self.feed.feed_id
    }

    /// The incident that the drone was sent to.
    pub fn incident_ref(&self) -> &str {
        &self.feed.incident_ref
    }
}

/// What is known beside the stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DroneSettings {
    /// Where the incident is, for the arrival time.
    pub incident: Option<Geodetic>,
    /// Height of the ground there above the ellipsoid, metres.
    pub ground_height_m: Option<f64>,
    /// Height of the sea's surface above the ellipsoid there, metres; some 45 to 55 in Britain.
    pub geoid_height_m: Option<f64>,
    /// Highest classification that is shown.
    pub ceiling: Classification,
    /// The tier to begin with.
    pub tier: Tier,
}

impl Default for DroneSettings {
    fn default() -> Self {
        Self {
            incident: None,
            ground_height_m: None,
            geoid_height_m: None,
            ceiling: Classification::Restricted,
            tier: Tier::Video480,
        }
    }
}

/// The officer's own place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Officer {
    /// Where.
    pub place: Geodetic,
    /// The phone's compass, if it has one.
    pub compass: Option<Compass>,
}

/// Distance and direction from the officer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FromOfficer {
    /// Along the ground.
    pub separation: Separation,
    /// From where the phone points, negative to the left; nothing without a good compass.
    pub relative_deg: Option<f64>,
}

/// What a screen shows of a drone, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct DroneState {
    /// The feed.
    pub feed_id: FeedId,
    /// The incident.
    pub incident_ref: String,
    /// The drone's call sign, as sent.
    pub call_sign: Option<String>,
    /// Nothing below is shown: the stream says that it is classified above the ceiling.
    pub withheld: bool,
    /// Where the drone is.
    pub position: Option<Geodetic>,
    /// What `position`'s height is measured from.
    pub height_reference: Option<HeightReference>,
    /// Where its nose points, degrees from true north.
    pub heading_deg: Option<f64>,
    /// Where its camera points, degrees from true north.
    pub camera_bearing_deg: Option<f64>,
    /// How its camera points above (positive) or below the horizon, degrees.
    pub camera_elevation_deg: Option<f64>,
    /// Where its camera looks.
    pub look_at: LookAt,
    /// From the officer to the drone.
    pub to_drone: Option<FromOfficer>,
    /// From the officer to where it looks.
    pub to_look_at: Option<FromOfficer>,
    /// Speed over the ground, metres a second.
    pub ground_speed_m_s: Option<f64>,
    /// Seconds until it reaches the incident.
    pub eta_s: Option<f64>,
    /// Age of the picture last given to the decoder, microseconds.
    pub frame_age_us: Option<u64>,
    /// Age of the newest telemetry, microseconds.
    pub telemetry_age_us: Option<u64>,
    /// What the sender's clock turned out to be; with [`TimeBasis::Unplaced`] ages are lower bounds.
    pub time_basis: Option<TimeBasis>,
    /// How the newest of picture and telemetry is called.
    pub freshness: Freshness,
    /// What the link carries.
    pub tier: Tier,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(incident_ref: &str, overt: bool) -> Feed {
        Feed { feed_id: FeedId::new("drone-1").unwrap(), incident_ref: incident_ref.into(), overt }
    }

    #[test]
    fn refuses_a_feed_without_incident_or_that_is_not_overt() {
        assert_eq!(OvertFeed::admit(feed("", true)), Err(FeedRefused::NoIncident));
        assert_eq!(OvertFeed::admit(feed(" \t", true)), Err(FeedRefused::NoIncident));
        assert_eq!(OvertFeed::admit(feed("CAD 1", false)), Err(FeedRefused::NotOvert));
        assert_eq!(OvertFeed::admit(feed("CAD 1", true)).unwrap().incident_ref(), "CAD 1");
    }
}
