//! The street's drone, read back by the product's own decoder.

use std::process::Command;

use peel_domain::id::FeedId;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_feeds::age::{Freshness, TimeBasis};
use peel_feeds::drone::{DroneSettings, DroneStream, Officer, OvertFeed};
use peel_feeds::geometry::{Geodetic, LookAt, LookSource, separation};
use peel_feeds::ts::TsStats;

use super::*;

const START_US: u64 = 1_750_000_000_000_000;
const BASE: Waypoint = Waypoint { latitude_deg: 51.507, longitude_deg: -0.130 };
const INCIDENT: Waypoint = Waypoint { latitude_deg: 51.5074, longitude_deg: -0.1278 };

fn flight(seed: u64) -> DroneFlight {
    DroneFlight::new(seed, BASE, INCIDENT, START_US)
}

fn at(elapsed_us: u64) -> Moment {
    Moment {
        utc_ms: i64::try_from((START_US + elapsed_us) / 1000).unwrap(),
        monotonic_ns: elapsed_us * 1000,
        boot_id: BootId([1; 8]),
        source: TimeSource::Exercise,
        uncertainty_ms: 0,
    }
}

fn stream() -> DroneStream {
    let feed = DroneFlight::registration(FeedId::new("drone-1").unwrap(), "CAD 4711");
    let incident = Geodetic::new(INCIDENT.latitude_deg, INCIDENT.longitude_deg, 0.0);
    DroneStream::new(OvertFeed::admit(feed).unwrap(), DroneSettings { incident, ..DroneSettings::default() })
}

#[test]
fn the_products_decoder_reads_every_frame_and_packet_back() {
    let (mut flight, mut stream) = (flight(1), stream());
    let mut pictures = 0;
    for step in 0..=240 {
        let now = step * 250_000;
        for part in flight.segment(START_US + now).chunks(1000) {
            stream.push(part, &at(now + 100_000));
        }
        while let Some(picture) = stream.next_picture(&at(now + 100_000)) {
            assert!(picture.unit.key_frame);
            assert_eq!((picture.metadata_gap_us, picture.age_us), (Some(0), Some(100_000)));
            pictures += 1;
        }
    }
    assert_eq!(pictures, 121);
    let stats = stream.stats();
    assert_eq!(stats, TsStats { packets: stats.packets, ..TsStats::default() });
    assert_eq!(stream.refused(), (0, None));
}

#[test]
fn flies_to_the_incident_and_circles_it_while_the_camera_looks_there() {
    let (mut flight, mut stream) = (flight(1), stream());
    let officer = Officer { place: Geodetic::new(51.5070, -0.1270, 0.0).unwrap(), compass: None };
    let incident = Geodetic::new(INCIDENT.latitude_deg, INCIDENT.longitude_deg, 0.0).unwrap();
    stream.push(&flight.segment(START_US), &at(0));
    let first = stream.tracker().snapshot(&at(0), Some(&officer));
    assert!((first.eta_s.unwrap() - flight.seconds_to_incident()).abs() < 15.0, "{:?}", first.eta_s);
    assert!(first.to_drone.unwrap().separation.distance_m > 150.0);
    for second in 1..=60 {
        stream.push(&flight.segment(START_US + second * 1_000_000), &at(second * 1_000_000));
    }
    let there = stream.tracker().snapshot(&at(60_300_000), Some(&officer));
    assert_eq!((there.freshness, there.time_basis), (Freshness::Live, Some(TimeBasis::Misp)));
    let circle = separation(&incident, &there.position.unwrap()).distance_m;
    assert!((circle - 70.0).abs() < 1.0, "{circle}");
    let LookAt::Zone { point, radius_m, source } = there.look_at else { panic!("{:?}", there.look_at) };
    assert_eq!(source, LookSource::FrameCentre);
    assert!(separation(&incident, &point).distance_m < 0.1 && (5.0..15.0).contains(&radius_m), "{radius_m}");
    let up = there.camera_elevation_deg.unwrap();
    assert!((up + (90.0_f64 / 70.0).atan().to_degrees()).abs() < 0.1, "{up}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_however_they_are_asked_for() {
    let whole = flight(3).segment(START_US + 3_000_000);
    let mut second = flight(3);
    let parts: Vec<u8> = (0..=30).flat_map(|step| second.segment(START_US + step * 100_000)).collect();
    assert_eq!(whole, parts);
    assert_ne!(whole, flight(4).segment(START_US + 3_000_000));
    assert!(flight(3).segment(START_US - 1).is_empty());
}

#[test]
fn a_live_source_does_not_send_a_long_past() {
    let late = flight(3).segment(START_US + 3_600_000_000);
    let ten_seconds = flight(3).segment(START_US + 10_000_000);
    assert!(late.len().abs_diff(ten_seconds.len()) < 2_000, "{} {}", late.len(), ten_seconds.len());
}

/// Outside decoders and the shells read this file; `PEEL_WRITE_VECTORS=1` writes it anew.
#[test]
fn the_golden_stream_is_what_the_street_sends() {
    let file = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors/feeds/street.ts");
    let sent = flight(1).segment(START_US + 500_000);
    if std::env::var_os("PEEL_WRITE_VECTORS").is_some() {
        std::fs::write(&file, &sent).unwrap();
    }
    assert!(std::fs::read(file).unwrap() == sent, "the golden stream differs from what the street sends");
}

/// `ffmpeg` as an independent decoder of what the street sends.
#[test]
fn an_independent_decoder_sees_the_pictures() {
    if Command::new("ffprobe").arg("-version").output().is_err() {
        println!("not run: ffprobe absent (an independent decoder of the street's video)");
        return;
    }
    let file = std::env::temp_dir().join(format!("peel-street-{}.ts", std::process::id()));
    std::fs::write(&file, flight(5).segment(START_US + 4_500_000)).unwrap();
    let entries = "stream=codec_name,codec_tag_string,width,height,nb_read_frames";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", entries, "-of", "compact"])
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    let (said, complained) = (String::from_utf8_lossy(&probe.stdout), String::from_utf8_lossy(&probe.stderr));
    assert!(said.contains("codec_name=h264") && said.contains("width=256|height=144|nb_read_frames=10"), "{said}");
    assert!(said.contains("codec_name=klv"), "{said}");
    assert!(complained.is_empty(), "{complained}");
}
