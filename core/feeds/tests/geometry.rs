//! Geometry against recorded frame centres and against geodesics that three libraries agree on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may stop the test")]

mod support;

use peel_feeds::geometry::{Attitude, Geodetic, LookAt, LookInput, LookSource, look_at, separation};
use peel_feeds::klv::{Item, UasPacket, triplets};
use peel_feeds::ts::{Demuxer, TsEvent};
use serde_json::Value;
use support::shared;

#[test]
fn looks_within_half_a_metre_of_the_recorded_frame_centre() {
    let Some(stream) = shared("drone/osh_sample-stream.ts") else { return };
    let mut demuxer = Demuxer::new();
    demuxer.push(&stream);
    demuxer.finish();
    let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0);
    while let Some(event) = demuxer.next_event() {
        let TsEvent::Metadata(unit) = event else { continue };
        for framed in triplets(&unit.bytes) {
            let packet = UasPacket::from_triplet(&framed.unwrap()).unwrap();
            let apart = offset(&packet);
            worst = worst.max(apart);
            sum += apart;
            count += 1;
        }
    }
    assert_eq!(count, 277);
    let mean = sum / f64::from(count);
    println!("look-at against recorded frame centre: mean {mean:.3} m, worst {worst:.3} m");
    assert!(worst < 0.5 && mean < 0.2, "mean {mean} worst {worst}");
}

fn offset(packet: &UasPacket<'_>) -> f64 {
    let value = |item| packet.value(item).unwrap();
    let place = |latitude, longitude, height| Geodetic::new(value(latitude), value(longitude), value(height));
    let attitude = Attitude {
        heading_deg: value(Item::PlatformHeading),
        pitch_deg: value(Item::PlatformPitch),
        roll_deg: value(Item::PlatformRoll),
        relative_azimuth_deg: value(Item::SensorRelativeAzimuth),
        relative_elevation_deg: value(Item::SensorRelativeElevation),
    };
    let platform = place(Item::SensorLatitude, Item::SensorLongitude, Item::SensorTrueAltitude);
    let centre = place(Item::FrameCentreLatitude, Item::FrameCentreLongitude, Item::FrameCentreElevation).unwrap();
    let slant_range_m = Some(value(Item::SlantRange));
    let input = LookInput { platform, attitude: Some(attitude), slant_range_m, ..LookInput::default() };
    let LookAt::Zone { point, source, radius_m } = look_at(&input) else { panic!("no point") };
    assert_eq!(source, LookSource::SlantRange);
    assert!(radius_m > 10.0);
    let ground = LookInput { slant_range_m: None, ground_height_m: Some(centre.height_m()), ..input };
    let LookAt::Zone { point: on_ground, .. } = look_at(&ground) else { panic!("no ground") };
    assert!(separation(&point, &on_ground).distance_m < 2.0);
    separation(&point, &centre).distance_m.hypot(point.height_m() - centre.height_m())
}

#[test]
fn geodesics_agree_with_the_vectors_to_a_micrometre() {
    let Some(bytes) = shared("drone/geodesic_vectors.json") else { return };
    let vectors: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let place = |name: &str| {
            let degrees = |at: usize| vector[name][at].as_f64().unwrap();
            Geodetic::new(degrees(0), degrees(1), 0.0).unwrap()
        };
        let got = separation(&place("from_"), &place("to"));
        assert!((got.distance_m - vector["dist_m"].as_f64().unwrap()).abs() < 1e-6, "{vector} {got:?}");
        if let Some(bearing) = got.bearing_deg {
            let turn = (bearing - vector["az1"].as_f64().unwrap()).rem_euclid(360.0);
            assert!(turn.min(360.0 - turn) < 1e-6, "{vector} {got:?}");
        }
    }
}
