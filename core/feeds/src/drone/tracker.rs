//! Everything that is known of one drone, from its stream and from the gateway's word.
//!
//! Must never let an older state replace a newer one. What always holds: of the two sources the newer counts.

use peel_domain::time::Moment;
use peel_domain::wire::{DroneStateDto, PlaceDto};

use super::fix::Fix;
use super::{DroneSettings, DroneState, FromOfficer, Officer, OvertFeed};
use crate::age::{ClockOffset, freshness};
use crate::geometry::{EtaEstimator, Geodetic, LookAt, LookSource, relative_direction, separation};
use crate::klv::{Item, TextItem, UasPacket, UasState, Update};
use crate::tier::{Tier, TierControl};

/// Follows one drone.
#[derive(Debug, Clone)]
pub struct DroneTracker {
    feed: OvertFeed,
    settings: DroneSettings,
    metadata: UasState,
    clock: ClockOffset,
    eta: EtaEstimator,
    told: Option<Told>,
    picture: Option<PictureTime>,
    tier: TierControl,
}

/// What the gateway said, and when it came.
#[derive(Debug, Clone)]
struct Told {
    fix: Fix,
    measured_at_ms: i64,
    age_when_sent_us: u64,
    came_at_us: u64,
}

/// When the picture last shown was taken, or at least when it came.
#[derive(Debug, Clone, Copy)]
struct PictureTime {
    stamp_us: Option<u64>,
    came_at_us: u64,
}

impl DroneTracker {
    /// Begins to follow an admitted feed.
    pub fn new(feed: OvertFeed, settings: DroneSettings) -> Self {
        Self {
            feed,
            settings,
            metadata: UasState::default(),
            clock: ClockOffset::default(),
            eta: EtaEstimator::default(),
            told: None,
            picture: None,
            tier: TierControl::new(settings.tier),
        }
    }

    /// The feed that is followed.
    pub fn feed(&self) -> &OvertFeed {
        &self.feed
    }

    /// Takes a packet of metadata that arrived now.
    pub fn take_packet(&mut self, packet: &UasPacket<'_>, now: &Moment) -> Update {
        let now_us = monotonic_us(now);
        let update = self.metadata.apply(packet, now_us);
        if update == Update::Applied {
            let (leap_s, correction_us) = (packet.value(Item::LeapSeconds), packet.value(Item::CorrectionOffset));
            self.clock.observe(packet.timestamp_us(), utc_us(now), now_us, leap_s.map(whole), correction_us.map(whole));
            let fix = Fix::from_metadata(&self.metadata, &self.settings, now_us);
            self.take_eta_inputs(&fix, now_us);
        }
        update
    }

    /// Takes the gateway's `drone.state` that arrived now. Says whether it was for this feed, sound, and not older.
    pub fn take_state(&mut self, state: &DroneStateDto, now: &Moment) -> bool {
        let older = self.told.as_ref().is_some_and(|told| told.measured_at_ms > state.measured_at_ms);
        if state.feed_id != *self.feed.feed_id() || older || state.clone().validate().is_err() {
            return false;
        }
        let now_us = monotonic_us(now);
        let fix = told_fix(state);
        self.take_eta_inputs(&fix, now_us);
        if let Some(eta_s) = state.eta_s {
            self.eta.take_server(eta_s.into(), now_us);
        }
        let age_when_sent_ms = state.sent_at_ms.saturating_sub(state.measured_at_ms);
        // Where our clock is good, it also sees the time on the way.
        let by_our_clock_ms =
            now.utc_ms.saturating_sub(state.measured_at_ms).saturating_sub(i64::from(now.uncertainty_ms));
        let age_ms = u64::try_from(age_when_sent_ms.max(by_our_clock_ms)).unwrap_or(0);
        self.told = Some(Told {
            fix,
            measured_at_ms: state.measured_at_ms,
            age_when_sent_us: age_ms.saturating_mul(1000),
            came_at_us: now_us,
        });
        true
    }

    /// A picture goes to the decoder now: the time stamp of its metadata, if it was paired.
    pub fn take_picture(&mut self, stamp_us: Option<u64>, came_at_us: u64) {
        self.picture = Some(PictureTime { stamp_us, came_at_us });
    }

    /// Measures the link, and gives the tier that it carries. Call once or twice a second.
    pub fn observe_link(&mut self, goodput_bits_per_second: Option<u64>, now: &Moment) -> Tier {
        let shown =
            if self.tier.tier() < Tier::Telemetry { self.frame_age_us(now) } else { self.telemetry_age_us(now) };
        self.tier.observe(monotonic_us(now), shown, goodput_bits_per_second)
    }

    /// Whether the stream says that it is classified above the ceiling.
    pub fn withheld(&self) -> bool {
        self.metadata.classification().is_some_and(|level| level > self.settings.ceiling)
    }

    /// What to show now.
    pub fn snapshot(&self, now: &Moment, officer: Option<&Officer>) -> DroneState {
        let now_us = monotonic_us(now);
        let fix = if self.withheld() { Fix::NONE } else { self.newest_fix(now) };
        let from = |point: Geodetic| officer.map(|officer| from_officer(officer, &point));
        let (frame_age_us, telemetry_age_us) = (self.frame_age_us(now), self.telemetry_age_us(now));
        DroneState {
            feed_id: self.feed.feed_id().clone(),
            incident_ref: self.feed.incident_ref().to_owned(),
            call_sign: self.metadata.text(TextItem::PlatformCallSign).map(str::to_owned).filter(|_| !self.withheld()),
            withheld: self.withheld(),
            position: fix.position,
            height_reference: fix.height_reference,
            heading_deg: fix.heading_deg,
            camera_bearing_deg: fix.camera_bearing_deg,
            camera_elevation_deg: fix.camera_elevation_deg,
            look_at: fix.look_at,
            to_drone: fix.position.and_then(from),
            to_look_at: if let LookAt::Zone { point, .. } = fix.look_at { from(point) } else { None },
            ground_speed_m_s: fix.ground_speed_m_s,
            eta_s: self.eta.eta_s(now_us).filter(|_| !self.withheld()),
            frame_age_us,
            telemetry_age_us,
            time_basis: self.clock.offset().map(|(basis, _)| basis),
            freshness: freshness(frame_age_us.into_iter().chain(telemetry_age_us).min()),
            tier: self.tier.tier(),
        }
    }

    /// The gateway's message about this drone, from its stream; nothing while nothing is known or all is withheld.
    pub fn message(&self, now: &Moment) -> Option<DroneStateDto> {
        let state = self.snapshot(now, None);
        let age_us = state.telemetry_age_us.filter(|_| !state.withheld)?;
        let place =
            |point: Geodetic| PlaceDto { latitude_deg: point.latitude_deg(), longitude_deg: point.longitude_deg() };
        let zone = match state.look_at {
            LookAt::Zone { point, radius_m, .. } => Some((place(point), radius_m)),
            LookAt::DirectionOnly { .. } | LookAt::Unknown => None,
        };
        Some(DroneStateDto {
            feed_id: state.feed_id,
            measured_at_ms: now.utc_ms.saturating_sub(i64::try_from(age_us / 1000).unwrap_or(i64::MAX)),
            sent_at_ms: now.utc_ms,
            position: state.position.map(place),
            altitude_m: state.height_reference.and(state.position).map(|position| position.height_m()),
            heading_deg: state.heading_deg,
            camera_azimuth_deg: state.camera_bearing_deg,
            camera_elevation_deg: state.camera_elevation_deg,
            look_at: zone.map(|(point, _)| point),
            look_at_uncertainty_m: zone.map(|(_, radius_m)| radius_m),
            eta_s: state.eta_s.map(whole).and_then(|eta| u32::try_from(eta).ok()),
        })
    }

    fn take_eta_inputs(&mut self, fix: &Fix, now_us: u64) {
        if let Some((position, incident)) = fix.position.zip(self.settings.incident) {
            self.eta.take_distance(separation(&position, &incident).distance_m, now_us);
        }
        if let Some(speed) = fix.ground_speed_m_s {
            self.eta.take_speed(speed, now_us);
        }
    }

    fn newest_fix(&self, now: &Moment) -> Fix {
        let (streamed, told) = (self.streamed_age_us(now), self.told_age_us(now));
        match (&self.told, streamed, told) {
            (Some(told), streamed, Some(told_age)) if streamed.is_none_or(|age| age > told_age) => told.fix,
            _ => Fix::from_metadata(&self.metadata, &self.settings, monotonic_us(now)),
        }
    }

    fn telemetry_age_us(&self, now: &Moment) -> Option<u64> {
        self.streamed_age_us(now).into_iter().chain(self.told_age_us(now)).min()
    }

    fn streamed_age_us(&self, now: &Moment) -> Option<u64> {
        self.age_us(self.metadata.timestamp_us()?, self.metadata.applied_at_us()?, now)
    }

    fn told_age_us(&self, now: &Moment) -> Option<u64> {
        let told = self.told.as_ref()?;
        Some(told.age_when_sent_us.saturating_add(monotonic_us(now).saturating_sub(told.came_at_us)))
    }

    fn frame_age_us(&self, now: &Moment) -> Option<u64> {
        let picture = self.picture?;
        match picture.stamp_us {
            Some(stamp_us) => self.age_us(stamp_us, picture.came_at_us, now),
            None => Some(monotonic_us(now).saturating_sub(picture.came_at_us)),
        }
    }

    /// The age by the feed's clock, never less than the time since arrival.
    fn age_us(&self, stamp_us: u64, came_at_us: u64, now: &Moment) -> Option<u64> {
        let since_arrival = monotonic_us(now).saturating_sub(came_at_us);
        Some(self.clock.age_us(stamp_us, utc_us(now))?.max(since_arrival))
    }
}

fn told_fix(state: &DroneStateDto) -> Fix {
    let place = |place: Option<PlaceDto>, height_m: f64| {
        let place = place?;
        Geodetic::new(place.latitude_deg, place.longitude_deg, height_m)
    };
    let look_at = match (place(state.look_at, 0.0), state.look_at_uncertainty_m, state.camera_azimuth_deg) {
        (Some(point), Some(radius_m), _) => LookAt::Zone { point, radius_m, source: LookSource::Told },
        (_, _, Some(bearing_deg)) => LookAt::DirectionOnly { bearing_deg },
        _ => LookAt::Unknown,
    };
    Fix {
        position: place(state.position, state.altitude_m.unwrap_or_default()),
        height_reference: None,
        heading_deg: state.heading_deg,
        camera_bearing_deg: state.camera_azimuth_deg,
        camera_elevation_deg: state.camera_elevation_deg,
        look_at,
        ground_speed_m_s: None,
    }
}

fn from_officer(officer: &Officer, point: &Geodetic) -> FromOfficer {
    let separation = separation(&officer.place, point);
    let bearing = separation.bearing_deg.zip(officer.compass);
    let relative_deg = bearing.and_then(|(bearing, compass)| relative_direction(bearing, &compass));
    FromOfficer { separation, relative_deg }
}

pub(super) fn monotonic_us(now: &Moment) -> u64 {
    now.monotonic_ns / 1000
}

fn utc_us(now: &Moment) -> i64 {
    now.utc_ms.saturating_mul(1000)
}

#[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
