//! The golden files of the feeds, which Kotlin and Swift read too. `PEEL_WRITE_VECTORS=1` writes them anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests may stop the test")]

use std::fs;
use std::path::PathBuf;

use peel_feeds::geometry::{Attitude, Geodetic, LookAt, LookInput, look_at, separation};
use peel_feeds::klv::{Classification, Item, Nested, Reading, TextItem, UasEncoder, UasPacket};
use peel_feeds::sse::{SseItem, SseReader};
use serde_json::{Map, Value, json};

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn golden(name: &str, make: impl Fn() -> Value) -> Value {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/feeds").join(name);
    if std::env::var_os("PEEL_WRITE_VECTORS").is_some() {
        fs::write(&file, format!("{:#}\n", make())).unwrap();
    }
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// Each number within a billionth, everything else the same.
fn same(ours: &Value, theirs: &Value, path: &str) {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
            assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{path}: {ours} {theirs}");
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{path}");
            ours.iter().for_each(|(key, value)| same(value, &theirs[key], &format!("{path}.{key}")));
        }
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

fn packets() -> Vec<(&'static str, Vec<u8>)> {
    let mut full = UasEncoder::new(1_750_000_000_000_000);
    for (item, value) in [
        (Item::PlatformHeading, 207.622_797),
        (Item::PlatformPitchFull, -33.5),
        (Item::PlatformRollFull, 61.25),
        (Item::SensorLatitude, 51.507_4),
        (Item::SensorLongitude, -0.127_8),
        (Item::SensorTrueAltitude, 120.0),
        (Item::SensorRelativeAzimuth, 283.9),
        (Item::SensorRelativeElevation, -42.1),
        (Item::SlantRange, 3_657.375_9),
        (Item::FrameCentreLatitude, 51.508),
        (Item::FrameCentreLongitude, -0.127),
        (Item::FrameCentreElevation, 21.0),
        (Item::TargetErrorCe90, 12.5),
        (Item::PlatformGroundSpeed, 15.0),
        (Item::SensorEllipsoidHeightExtended, 165.25),
        (Item::AltitudeAgl, 90.5),
        (Item::LeapSeconds, -29.0),
    ] {
        full.value(item, value).unwrap();
    }
    full.text(TextItem::PlatformCallSign, "PEEL 1").unwrap().security(Classification::Restricted, *b"GB");
    let full = full.finish();
    let mut flipped = full.clone();
    flipped[40] ^= 0x10;
    let mut special = UasEncoder::new(1);
    special
        .raw(6, &[0x80, 0])
        .raw(13, &[0x80, 0, 0, 0])
        .raw(104, &[0xD0, 0, 0])
        .unknown(Item::SlantRange)
        .raw(14, &[0, 1]);
    let mut nested = UasEncoder::new(2);
    nested.value(Item::SensorLatitude, -33.0).unwrap().raw(48, &[1, 9, 1]).raw(74, &[101, 200]);
    let mut legacy = full.clone();
    legacy[..16].copy_from_slice(&peel_feeds::klv::LEGACY_UNIVERSAL_SET_KEY);
    vec![
        ("a full packet", full.clone()),
        ("one flipped bit", flipped),
        ("cut short", full[..full.len() - 3].to_vec()),
        ("special values, a zero length and a wrong width", special.finish()),
        ("nested sets malformed", nested.finish()),
        ("the older EG 0104", legacy),
    ]
}

fn outcome(packet: &[u8]) -> Value {
    let packet = match UasPacket::decode(packet) {
        Ok(packet) => packet,
        Err(error) => return json!({ "refused": format!("{error:?}") }),
    };
    let values: Map<String, Value> =
        Item::ALL.iter().filter_map(|item| Some((item.tag().to_string(), packet.value(*item)?.into()))).collect();
    let unknown = Item::ALL.iter().filter(|item| packet.reading(**item) == Reading::Unknown);
    json!({
        "timestamp_us": packet.timestamp_us(),
        "version": packet.version(),
        "values": values,
        "unknown": unknown.map(|item| item.tag()).collect::<Vec<_>>(),
        "call_sign": packet.text(TextItem::PlatformCallSign),
        "classification": match packet.security() {
            Nested::Read(security) => security.classification.as_str().into(),
            Nested::Unreadable => Value::from("unreadable"),
            Nested::Absent => Value::Null,
        },
        "item_faults": packet.item_faults(),
    })
}

#[test]
fn metadata_packets_decode_as_the_golden_file_says() {
    let make = || {
        packets()
            .iter()
            .map(|(name, packet)| json!({ "name": name, "packet": hex(packet), "outcome": outcome(packet) }))
            .collect()
    };
    let cases = golden("klv.json", make);
    assert_eq!(cases.as_array().unwrap().len(), 6);
    for case in cases.as_array().unwrap() {
        same(&outcome(&unhex(case["packet"].as_str().unwrap())), &case["outcome"], case["name"].as_str().unwrap());
    }
}

fn events(stream: &[u8]) -> Value {
    let mut reader = SseReader::new();
    let items: Vec<Value> = reader
        .read(stream)
        .into_iter()
        .map(|item| match item {
            Ok(SseItem::Event(event)) => json!({ "event": event.event, "data": event.data, "id": event.id }),
            Ok(SseItem::Retry(retry)) => json!({ "retry_ms": retry.as_secs_f64() * 1000.0 }),
            Err(error) => json!({ "refused": format!("{error:?}") }),
        })
        .collect();
    json!({ "items": items, "last_event_id": reader.last_event_id() })
}

#[test]
fn event_streams_read_as_the_golden_file_says() {
    let streams: [(&str, &[u8]); 5] = [
        (
            "an alert and a state",
            b"id: 41\nevent: lfr.alert\ndata: {\"alert_seq\":41}\n\nevent: drone.state\ndata: {}\n\n",
        ),
        ("line ends mixed, a comment, a byte order mark", b"\xEF\xBB\xBFdata: a\r\n: alive\rdata: b\n\r\n"),
        ("an event without its blank line", b"id: 9\ndata: lost\n"),
        ("retry and an empty id", b"retry: 250\nid: 5\ndata: x\n\nid\ndata: y\n\n"),
        ("bytes that are not text", b"data: \xC3(\n\n"),
    ];
    let make = || {
        streams
            .iter()
            .map(|(name, stream)| json!({ "name": name, "stream": hex(stream), "outcome": events(stream) }))
            .collect()
    };
    let cases = golden("sse.json", make);
    assert_eq!(cases.as_array().unwrap().len(), streams.len());
    for case in cases.as_array().unwrap() {
        same(&events(&unhex(case["stream"].as_str().unwrap())), &case["outcome"], case["name"].as_str().unwrap());
    }
}

/// Platform latitude, longitude, height; heading, pitch, roll, azimuth, elevation; height of the ground.
fn view(numbers: &[f64]) -> Value {
    let &[
        latitude,
        longitude,
        height,
        heading_deg,
        pitch_deg,
        roll_deg,
        relative_azimuth_deg,
        relative_elevation_deg,
        ground,
    ] = numbers
    else {
        panic!("nine numbers")
    };
    let attitude = Attitude { heading_deg, pitch_deg, roll_deg, relative_azimuth_deg, relative_elevation_deg };
    let platform = Geodetic::new(latitude, longitude, height).unwrap();
    let input = LookInput {
        platform: Some(platform),
        attitude: Some(attitude),
        ground_height_m: Some(ground),
        ..LookInput::default()
    };
    match look_at(&input) {
        LookAt::Zone { point, radius_m, .. } => {
            let away = separation(&platform, &point);
            json!({
                "latitude_deg": point.latitude_deg(),
                "longitude_deg": point.longitude_deg(),
                "radius_m": radius_m,
                "distance_m": away.distance_m,
                "bearing_deg": away.bearing_deg,
            })
        }
        LookAt::DirectionOnly { bearing_deg } => json!({ "direction_deg": bearing_deg }),
        LookAt::Unknown => Value::Null,
    }
}

#[test]
fn views_fall_where_the_golden_file_says() {
    let views = [
        [51.507_4, -0.127_8, 150.0, 10.0, 0.0, 0.0, 0.0, -45.0, 60.0],
        [51.507_4, -0.127_8, 150.0, 207.6, 2.2, -10.1, 283.9, -42.1, 60.0],
        [51.507_4, -0.127_8, 150.0, 90.0, 0.0, 0.0, 0.0, -10.0, 60.0],
        [-33.86, 151.21, 120.0, 300.0, -5.0, 12.0, 45.0, -60.0, 20.0],
        [0.0, 179.999_9, 300.0, 90.0, 0.0, 0.0, 0.0, -20.0, 0.0],
    ];
    let cases = golden("views.json", || {
        views.iter().map(|numbers| json!({ "numbers": numbers, "outcome": view(numbers) })).collect()
    });
    assert_eq!(cases.as_array().unwrap().len(), views.len());
    for (index, case) in cases.as_array().unwrap().iter().enumerate() {
        let numbers: Vec<f64> =
            case["numbers"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
        same(&view(&numbers), &case["outcome"], &index.to_string());
    }
}
