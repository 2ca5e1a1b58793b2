//! The public sample stream against three independent decoders, and what corruption does to it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may stop the test")]

mod support;

use peel_feeds::klv::{self, Classification, Item, Nested, TextItem, UasPacket};
use peel_feeds::ts::{Carriage, Demuxer, TsEvent};
use serde_json::Value;
use support::shared;

const TOLERANCE: f64 = 1e-9;

/// Tag, and the names under which `jmisb` and `tstrans` give it.
const GOLDEN: [(Item, &str, &str); 16] = [
    (Item::PlatformHeading, "PlatformHeadingAngle", "platform_heading_deg"),
    (Item::PlatformPitch, "PlatformPitchAngle", "platform_pitch_deg"),
    (Item::PlatformRoll, "PlatformRollAngle", "platform_roll_deg"),
    (Item::SensorLatitude, "SensorLatitude", "sensor_lat_deg"),
    (Item::SensorLongitude, "SensorLongitude", "sensor_lon_deg"),
    (Item::SensorTrueAltitude, "SensorTrueAltitude", "sensor_alt_m"),
    (Item::SensorHorizontalFov, "SensorHorizontalFov", "sensor_hfov_deg"),
    (Item::SensorVerticalFov, "SensorVerticalFov", "sensor_vfov_deg"),
    (Item::SensorRelativeAzimuth, "SensorRelativeAzimuthAngle", "sensor_rel_az_deg"),
    (Item::SensorRelativeElevation, "SensorRelativeElevationAngle", "sensor_rel_el_deg"),
    (Item::SensorRelativeRoll, "SensorRelativeRollAngle", "sensor_rel_roll_deg"),
    (Item::SlantRange, "SlantRange", "slant_range_m"),
    (Item::TargetWidth, "TargetWidth", "target_width_m"),
    (Item::FrameCentreLatitude, "FrameCenterLatitude", "frame_center_lat_deg"),
    (Item::FrameCentreLongitude, "FrameCenterLongitude", "frame_center_lon_deg"),
    (Item::FrameCentreElevation, "FrameCenterElevation", "frame_center_elev_m"),
];

const OFFSETS: [(Item, &str); 8] = [
    (Item::OffsetCornerLatitude1, "26"),
    (Item::OffsetCornerLongitude1, "27"),
    (Item::OffsetCornerLatitude2, "28"),
    (Item::OffsetCornerLongitude2, "29"),
    (Item::OffsetCornerLatitude3, "30"),
    (Item::OffsetCornerLongitude3, "31"),
    (Item::OffsetCornerLatitude4, "32"),
    (Item::OffsetCornerLongitude4, "33"),
];

fn units(stream: &[u8], chunk: usize) -> (Vec<Vec<u8>>, Demuxer, usize, usize) {
    let mut demuxer = Demuxer::new();
    let (mut units, mut pictures, mut key_frames) = (Vec::new(), 0, 0);
    let mut take = |demuxer: &mut Demuxer| {
        while let Some(event) = demuxer.next_event() {
            match event {
                TsEvent::Metadata(unit) => {
                    assert_eq!(unit.carriage, Carriage::Asynchronous);
                    units.push(unit.bytes);
                }
                TsEvent::Video(picture) => {
                    pictures += 1;
                    key_frames += usize::from(picture.key_frame);
                }
                TsEvent::ClockReference(_) => {}
            }
        }
    };
    for part in stream.chunks(chunk) {
        demuxer.push(part);
        take(&mut demuxer);
    }
    demuxer.finish();
    take(&mut demuxer);
    (units, demuxer, pictures, key_frames)
}

fn golden(name: &str) -> Option<Vec<Value>> {
    let text = String::from_utf8(shared(name)?).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn agree(ours: Option<f64>, theirs: &Value, what: &str) {
    let (ours, theirs) = (ours.unwrap(), theirs.as_f64().unwrap());
    assert!((ours - theirs).abs() <= TOLERANCE, "{what}: {ours} {theirs}");
}

#[test]
fn agrees_with_three_decoders_on_every_value_of_every_packet() {
    let (Some(stream), Some(jmisb), Some(misbjs), Some(tstrans)) = (
        shared("drone/osh_sample-stream.ts"),
        golden("drone/osh_sample-stream.jmisb.jsonl"),
        golden("drone/osh_sample-stream.misbjs.jsonl"),
        golden("drone/osh_sample-stream.ts.tstrans.jsonl"),
    ) else {
        return;
    };
    let (units, demuxer, pictures, key_frames) = units(&stream, 1316);
    assert_eq!((units.len(), jmisb.len(), misbjs.len(), tstrans.len()), (277, 277, 277, 277));
    assert_eq!((demuxer.stats().sync_losses, demuxer.stats().broken_units, demuxer.stats().bad_packets), (0, 0, 0));
    assert!(pictures >= 275 && key_frames >= 1, "{pictures} pictures, {key_frames} key frames");
    let (mut compared, mut with_targets) = (0, 0);
    for (index, unit) in units.iter().enumerate() {
        let packet = UasPacket::decode(unit).unwrap();
        let (java, script, rust) = (&jmisb[index], &misbjs[index], &tstrans[index]["ls"]);
        for (item, in_java, in_rust) in GOLDEN {
            agree(packet.value(item), &java[in_java], in_java);
            agree(packet.value(item), &script[item.tag().to_string()], in_java);
            agree(packet.value(item), &rust[in_rust], in_rust);
            compared += 1;
        }
        for (item, tag) in OFFSETS {
            agree(packet.value(item), &script[tag], tag);
        }
        assert_eq!(Some(packet.timestamp_us()), java["PrecisionTimeStamp"].as_u64());
        assert_eq!(Some(u64::from(packet.version())), script["65"].as_u64());
        assert_eq!(packet.text(TextItem::PlatformDesignation).as_deref(), script["10"].as_str());
        let Nested::Read(security) = packet.security() else { panic!("security set unread in {index}") };
        assert_eq!((security.classification, security.country), (Classification::Unclassified, &b"//US"[..]));
        assert_eq!(matches!(packet.vmti(), Nested::Absent), rust.get("vmti").is_none(), "{index}");
        with_targets += usize::from(matches!(packet.vmti(), Nested::Read(_)));
        assert_eq!(packet.item_faults(), 0);
    }
    assert_eq!((compared, with_targets), (4432, 37));
}

#[test]
fn gives_the_same_units_however_the_sample_is_cut() {
    let Some(stream) = shared("drone/osh_sample-stream.ts") else { return };
    let whole = units(&stream, stream.len());
    for chunk in [1, 187, 189, 65_536] {
        let cut = units(&stream, chunk);
        assert_eq!((&cut.0, cut.2, cut.3, cut.1.stats()), (&whole.0, whole.2, whole.3, whole.1.stats()));
    }
}

/// A small generator with a seed, so that the same bits are flipped in every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn no_flipped_bit_in_a_packet_gives_a_wrong_position() {
    let Some(stream) = shared("drone/osh_sample-stream.ts") else { return };
    let (units, ..) = units(&stream, stream.len());
    let mut seeded = Seeded(601);
    for _ in 0..10_000 {
        let mut unit = units[seeded.below(units.len())].clone();
        let bit = seeded.below(unit.len() * 8);
        unit[bit / 8] ^= 1 << (bit % 8);
        assert!(klv::triplets(&unit).all(|framed| framed.and_then(|framed| UasPacket::from_triplet(&framed)).is_err()));
    }
}

#[test]
fn no_flipped_bit_in_the_transport_stream_gives_a_wrong_position() {
    let Some(stream) = shared("drone/osh_sample-stream.ts") else { return };
    let good: Vec<Vec<u8>> = units(&stream, stream.len()).0;
    let part = &stream[..188 * 800];
    let mut seeded = Seeded(13_818);
    for _ in 0..300 {
        let mut bad = part.to_vec();
        let bit = seeded.below(bad.len() * 8);
        bad[bit / 8] ^= 1 << (bit % 8);
        let got = units_of_any_kind(&bad);
        for unit in got {
            for framed in klv::triplets(&unit).filter_map(Result::ok) {
                if UasPacket::from_triplet(&framed).is_ok() {
                    assert!(good.iter().any(|known| known == framed.bytes));
                }
            }
        }
    }
}

fn units_of_any_kind(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut demuxer = Demuxer::new();
    demuxer.push(stream);
    demuxer.finish();
    let events = std::iter::from_fn(|| demuxer.next_event());
    events.filter_map(|event| if let TsEvent::Metadata(unit) = event { Some(unit.bytes) } else { None }).collect()
}
