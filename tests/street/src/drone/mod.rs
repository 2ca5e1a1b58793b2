//! The street's drone: a flight from its base to an incident, and the transport stream that it sends meanwhile.
//!
//! It stands in for a real drone and its encoder, so it must never show a person: its picture is a drawn street
//! from above. What always holds: the same seed, places and times give the same bytes.

mod flight;
mod mux;
mod picture;
#[cfg(test)]
mod tests;

use flight::Flight;
pub use flight::Waypoint;
use mux::Muxer;
use peel_domain::deployment::Feed;
use peel_domain::id::FeedId;
use picture::StreetCamera;

/// Microseconds between two frames.
pub const FRAME_INTERVAL_US: u64 = 500_000;
/// A live source does not send what is older than this; it goes on with the present.
const MAX_BACKLOG_US: u64 = 10_000_000;
/// Ticks of 90 kHz at the first frame.
const FIRST_PTS: u64 = 90_000;

/// A drone in flight, sending.
#[derive(Debug)]
pub struct DroneFlight {
    flight: Flight,
    camera: StreetCamera,
    muxer: Muxer,
    start_us: u64,
    next_frame: u64,
}

impl DroneFlight {
    /// A drone that takes off from `base` to `incident` at `start_us`, in microseconds since 1970 UTC.
    pub fn new(seed: u64, base: Waypoint, incident: Waypoint, start_us: u64) -> Self {
        Self {
            flight: Flight::new(seed, base, incident),
            camera: StreetCamera::new(seed),
            muxer: Muxer::default(),
            start_us,
            next_frame: 0,
        }
    }

    /// The feed as it is registered: with its incident, and overt.
    pub fn registration(feed_id: FeedId, incident_ref: &str) -> Feed {
        Feed { feed_id, incident_ref: incident_ref.to_owned(), overt: true }
    }

    /// The bytes of the transport stream for all frames up to `now_us`; whole packets, maybe none.
    pub fn segment(&mut self, now_us: u64) -> Vec<u8> {
        let Some(elapsed_us) = now_us.checked_sub(self.start_us) else { return Vec::new() };
        let newest = elapsed_us / FRAME_INTERVAL_US;
        self.next_frame = self.next_frame.max(newest.saturating_sub(MAX_BACKLOG_US / FRAME_INTERVAL_US));
        while self.next_frame <= newest {
            self.frame(self.next_frame * FRAME_INTERVAL_US);
            self.next_frame += 1;
        }
        self.muxer.take()
    }

    /// Seconds from take-off until the drone begins to circle the incident.
    pub fn seconds_to_incident(&self) -> f64 {
        self.flight.seconds_to_incident()
    }

    fn frame(&mut self, elapsed_us: u64) {
        let pose = self.flight.pose(elapsed_us);
        let pts = FIRST_PTS + elapsed_us * 9 / 100;
        self.muxer.tables();
        self.muxer.metadata(pts, &pose.metadata(self.start_us + elapsed_us));
        self.muxer.picture(pts, &self.camera.picture(&pose.view(), elapsed_us));
    }
}
