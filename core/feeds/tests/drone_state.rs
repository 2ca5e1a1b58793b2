//! One drone followed through the public interface: ages, places, the gateway's word, what is withheld.

#![allow(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

use peel_domain::deployment::Feed;
use peel_domain::id::FeedId;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_feeds::age::{Freshness, TimeBasis};
use peel_feeds::drone::{DroneSettings, DroneState, DroneTracker, LineCode, Officer, OvertFeed};
use peel_feeds::geometry::{Compass, Geodetic, LookAt};
use peel_feeds::klv::{Classification, Item, TextItem, UasEncoder, UasPacket};

const EPOCH_MS: i64 = 1_750_000_000_000;

fn at(ms: i64) -> Moment {
    Moment {
        utc_ms: EPOCH_MS + ms,
        monotonic_ns: u64::try_from(ms).unwrap() * 1_000_000,
        boot_id: BootId([1; 8]),
        source: TimeSource::Device,
        uncertainty_ms: 500,
    }
}

fn tracker() -> DroneTracker {
    let feed = Feed { feed_id: FeedId::new("drone-1").unwrap(), incident_ref: "CAD 4711".into(), overt: true };
    let settings = DroneSettings { incident: Geodetic::new(51.501, -0.12, 0.0), ..DroneSettings::default() };
    DroneTracker::new(OvertFeed::admit(feed).unwrap(), settings)
}

/// A drone 60 m above ground at 55 m, 100 m south of the incident, looking 45 degrees down to the north.
fn metadata(stamp_ms: i64) -> UasEncoder {
    let mut encoder = UasEncoder::new(u64::try_from((EPOCH_MS + stamp_ms) * 1000).unwrap());
    for (item, value) in [
        (Item::SensorLatitude, 51.500_1),
        (Item::SensorLongitude, -0.12),
        (Item::SensorEllipsoidHeightExtended, 115.0),
        (Item::AltitudeAgl, 60.0),
        (Item::PlatformHeading, 0.0),
        (Item::PlatformPitchFull, 0.0),
        (Item::PlatformRollFull, 0.0),
        (Item::SensorRelativeAzimuth, 0.0),
        (Item::SensorRelativeElevation, -45.0),
        (Item::PlatformGroundSpeed, 10.0),
    ] {
        encoder.value(item, value).unwrap();
    }
    encoder.text(TextItem::PlatformCallSign, "PEEL 1\u{7}").unwrap();
    encoder
}

fn take(tracker: &mut DroneTracker, encoder: &UasEncoder, now: &Moment) {
    let bytes = encoder.finish();
    tracker.take_packet(&UasPacket::decode(&bytes).unwrap(), now);
}

fn officer() -> Officer {
    Officer {
        place: Geodetic::new(51.5, -0.12, 0.0).unwrap(),
        compass: Some(Compass { heading_deg: 90.0, accuracy_deg: 5.0 }),
    }
}

fn codes(state: &DroneState) -> Vec<&'static str> {
    state.lines().iter().map(|line| line.code.as_str()).collect()
}

#[test]
fn shows_place_view_distance_and_age() {
    let mut tracker = tracker();
    take(&mut tracker, &metadata(0), &at(200));
    let state = tracker.snapshot(&at(1_000), Some(&officer()));
    assert_eq!((state.telemetry_age_us, state.freshness), (Some(1_000_000), Freshness::Live));
    assert_eq!(state.time_basis, Some(TimeBasis::Posix));
    assert_eq!(state.call_sign.as_deref(), Some("PEEL 1"));
    let to_drone = state.to_drone.unwrap();
    assert!((to_drone.separation.distance_m - 11.1).abs() < 0.1);
    assert!((to_drone.relative_deg.unwrap() + 90.0).abs() < 0.1);
    let LookAt::Zone { radius_m, .. } = state.look_at else { panic!("{:?}", state.look_at) };
    assert!((6.0..8.0).contains(&radius_m), "{radius_m}");
    assert!((state.to_look_at.unwrap().separation.distance_m - 71.1).abs() < 0.3);
    assert!((state.eta_s.unwrap() - (100.1 / 10.0 + 8.0 - 0.8)).abs() < 0.1, "{:?}", state.eta_s);
    assert_eq!(
        codes(&state),
        ["live", "telemetry_age", "tier", "position", "look_at", "to_drone", "to_look_at", "eta"]
    );
    let position = state.lines().into_iter().find(|line| line.code == LineCode::Position).unwrap();
    assert_eq!(position.to_string(), "position 51.500100 -0.120000 115.000000");
}

#[test]
fn ages_grow_and_are_named_and_values_leave_when_too_old() {
    let mut tracker = tracker();
    take(&mut tracker, &metadata(0), &at(0));
    let names = [3_000, 3_001, 10_000, 10_001].map(|ms| tracker.snapshot(&at(ms), None).freshness);
    assert_eq!(names, [Freshness::Live, Freshness::Late, Freshness::Late, Freshness::Lost]);
    assert!(tracker.snapshot(&at(10_000), None).position.is_some());
    let gone = tracker.snapshot(&at(10_001), None);
    assert_eq!((gone.position, gone.eta_s), (None, None));
    assert_eq!(gone.telemetry_age_us, Some(10_001_000));
}

#[test]
fn misp_time_does_not_make_a_picture_half_a_minute_younger() {
    let mut tracker = tracker();
    take(&mut tracker, &metadata(29_000), &at(300));
    let state = tracker.snapshot(&at(2_000), None);
    assert_eq!((state.time_basis, state.telemetry_age_us), (Some(TimeBasis::Misp), Some(2_000_000)));
}

#[test]
fn a_link_that_stands_still_cannot_look_fresh() {
    let mut gateway = tracker();
    take(&mut gateway, &metadata(0), &at(100));
    let message = gateway.message(&at(100)).unwrap();
    let mut phone = tracker();
    assert!(phone.take_state(&message, &at(8_000)));
    let state = phone.snapshot(&at(8_000), None);
    assert_eq!((state.telemetry_age_us, state.freshness), (Some(7_500_000), Freshness::Late));
    assert_eq!(phone.snapshot(&at(9_000), None).telemetry_age_us, Some(8_500_000));
}

#[test]
fn the_gateways_word_is_shown_where_there_is_no_stream_and_the_newer_counts() {
    let mut gateway = tracker();
    take(&mut gateway, &metadata(0), &at(100));
    let message = gateway.message(&at(100)).unwrap();
    let mut phone = tracker();
    assert!(phone.take_state(&message, &at(150)));
    let told = phone.snapshot(&at(200), Some(&officer()));
    assert!(told.position.is_some() && matches!(told.look_at, LookAt::Zone { .. }) && told.to_look_at.is_some());
    assert!((told.eta_s.unwrap() - 17.95).abs() < 0.5, "{:?}", told.eta_s);
    let mut moved = metadata(3_000);
    moved.value(Item::SensorLatitude, 51.502).unwrap();
    take(&mut phone, &moved, &at(3_100));
    let newest = phone.snapshot(&at(3_200), None).position.unwrap();
    assert!((newest.latitude_deg() - 51.502).abs() < 1e-6);
    let mut other = message.clone();
    other.feed_id = FeedId::new("drone-2").unwrap();
    let mut odd = message.clone();
    odd.heading_deg = Some(f64::NAN);
    let mut older = message;
    older.measured_at_ms -= 1;
    assert!(![other, odd, older].iter().any(|message| phone.take_state(message, &at(3_300))));
}

#[test]
fn a_stream_classified_above_the_ceiling_is_withheld_whole() {
    let mut tracker = tracker();
    let mut secret = metadata(0);
    secret.security(Classification::Secret, *b"GB");
    take(&mut tracker, &secret, &at(0));
    let state = tracker.snapshot(&at(100), Some(&officer()));
    assert!(state.withheld && state.position.is_none() && state.to_drone.is_none() && state.eta_s.is_none());
    assert!(state.call_sign.is_none() && state.camera_bearing_deg.is_none());
    assert_eq!(state.look_at, LookAt::Unknown);
    assert_eq!(codes(&state), ["live", "telemetry_age", "tier", "withheld"]);
    assert_eq!(tracker.message(&at(100)), None);
    take(&mut tracker, &metadata(500), &at(500));
    assert!(tracker.snapshot(&at(600), None).withheld, "a packet without a security set does not lift it");
}
