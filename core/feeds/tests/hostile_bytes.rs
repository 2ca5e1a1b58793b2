//! No bytes make the decoders panic, hold memory without bound, or differ by how they were cut.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may stop the test")]

use peel_feeds::klv::{Classification, Item, KlvError, Nested, Reading, TextItem, UasEncoder, UasPacket, triplets};
use peel_feeds::ts::{Demuxer, SYNC_BYTE, TsEvent};
use proptest::prelude::*;

fn packet(seed: u64) -> Vec<u8> {
    let mut encoder = UasEncoder::new(seed);
    encoder.value(Item::SensorLatitude, 51.5).unwrap().value(Item::SensorLongitude, -0.12).unwrap();
    encoder.text(TextItem::PlatformCallSign, "PEEL 1").unwrap().security(Classification::Unclassified, *b"GB");
    encoder.value(Item::SensorEllipsoidHeightExtended, 115.0).unwrap();
    encoder.value(Item::LeapSeconds, -29.0).unwrap();
    encoder.finish()
}

/// Puts a right checksum at the end, so that what lies behind it is reached.
fn sign(bytes: &mut [u8]) {
    let end = bytes.len() - 2;
    let sum = bytes[..end]
        .iter()
        .enumerate()
        .fold(0_u16, |sum, (at, &byte)| sum.wrapping_add(u16::from(byte) << (8 * ((at + 1) % 2))));
    bytes[end..].copy_from_slice(&sum.to_be_bytes());
}

fn decode_all(bytes: &[u8]) -> usize {
    triplets(bytes).filter_map(Result::ok).filter(|framed| UasPacket::from_triplet(framed).is_ok()).count()
}

fn drain(demuxer: &mut Demuxer) -> Vec<TsEvent> {
    std::iter::from_fn(|| demuxer.next_event()).collect()
}

fn demuxed(chunks: &[&[u8]]) -> Vec<TsEvent> {
    let mut demuxer = Demuxer::new();
    let mut events = Vec::new();
    for chunk in chunks {
        demuxer.push(chunk);
        events.extend(drain(&mut demuxer));
    }
    demuxer.finish();
    events.extend(drain(&mut demuxer));
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_after_the_key_never_panic(value in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = packet(1);
        bytes.truncate(16);
        bytes.extend(&value);
        decode_all(&bytes);
    }

    #[test]
    fn random_items_under_a_right_checksum_never_panic_and_keep_their_time(items in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..12)), 0..20)) {
        let mut encoder = UasEncoder::new(77);
        for (tag, bytes) in items.iter().filter(|(tag, _)| ![1, 2, 65].contains(tag)) {
            encoder.raw(*tag, bytes);
        }
        let bytes = encoder.finish();
        let packet = UasPacket::decode(&bytes).unwrap();
        prop_assert_eq!(packet.timestamp_us(), 77);
        for item in Item::ALL {
            if let Reading::Value(value) = packet.reading(*item) {
                prop_assert!(value.is_finite());
            }
        }
    }

    #[test]
    fn damage_under_a_right_checksum_never_panics(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let mut bytes = packet(1);
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[17 + at % (length - 17)] = byte;
        }
        sign(&mut bytes);
        decode_all(&bytes);
    }

    #[test]
    fn values_come_back_to_their_resolution(latitude in -90.0..90.0, longitude in -180.0..180.0, height in -900.0..19_000.0, range in 0.0..5_000_000.0) {
        let mut encoder = UasEncoder::new(1);
        encoder.value(Item::SensorLatitude, latitude).unwrap().value(Item::SensorLongitude, longitude).unwrap();
        encoder.value(Item::SensorEllipsoidHeightExtended, height).unwrap().value(Item::SlantRange, range).unwrap();
        let bytes = encoder.finish();
        let packet = UasPacket::decode(&bytes).unwrap();
        let off = |item, value: f64| (packet.value(item).unwrap() - value).abs();
        prop_assert!(off(Item::SensorLatitude, latitude) < 3e-8 && off(Item::SensorLongitude, longitude) < 5e-8);
        prop_assert!(off(Item::SensorEllipsoidHeightExtended, height) < 0.01 && off(Item::SlantRange, range) < 1e-3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_packets_in_step_never_panic_and_cuts_do_not_matter(
        headers in proptest::collection::vec((0_u8..=255, 0_u8..32, any::<u8>(), proptest::collection::vec(any::<u8>(), 40)), 0..40),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut stream = Vec::new();
        for (high, low, control, body) in headers {
            let mut packet = vec![SYNC_BYTE, high & 0x40, low & 0x03, control];
            packet.extend(body);
            packet.resize(188, 0xFF);
            stream.extend(packet);
        }
        let mut points: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
        points.extend([0, stream.len()]);
        points.sort_unstable();
        let chunks: Vec<&[u8]> = points.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(demuxed(&[&stream]), demuxed(&chunks));
    }

    #[test]
    fn random_bytes_never_panic_the_demultiplexer(bytes in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(SYNC_BYTE)], 0..3000), cut in any::<usize>()) {
        let (first, second) = bytes.split_at(cut % (bytes.len() + 1));
        prop_assert_eq!(demuxed(&[&bytes]), demuxed(&[first, second]));
    }
}

#[test]
fn says_why_a_packet_is_refused() {
    let good = packet(5);
    assert!(UasPacket::decode(&good).is_ok());
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(UasPacket::decode(&wrong), Err(KlvError::ChecksumWrong));
    assert_eq!(UasPacket::decode(&good[..good.len() - 1]), Err(KlvError::Truncated));
    assert_eq!(UasPacket::decode(&[&good[..], &[0]].concat()), Err(KlvError::TrailingBytes));
    assert_eq!(UasPacket::decode(&good[1..]), Err(KlvError::NoKey));
    let mut legacy = good.clone();
    legacy[..16].copy_from_slice(&peel_feeds::klv::LEGACY_UNIVERSAL_SET_KEY);
    assert_eq!(UasPacket::decode(&legacy), Err(KlvError::LegacyUniversalSet));
    let mut other = good.clone();
    other[13] ^= 1;
    assert_eq!(UasPacket::decode(&other), Err(KlvError::OtherSet));
}

fn built(items: &[u8]) -> Vec<u8> {
    let mut bytes = peel_feeds::klv::UAS_LOCAL_SET_KEY.to_vec();
    bytes.push(u8::try_from(items.len() + 4).unwrap());
    bytes.extend(items);
    bytes.extend([1, 2, 0, 0]);
    sign(&mut bytes);
    bytes
}

const TIME: [u8; 10] = [2, 8, 0, 0, 0, 0, 0, 0, 0, 9];
const VERSION: [u8; 3] = [65, 1, 19];

#[test]
fn holds_to_the_order_of_time_version_and_checksum() {
    assert!(UasPacket::decode(&built(&[&TIME[..], &VERSION].concat())).is_ok());
    for (items, error) in [
        ([&VERSION[..], &TIME].concat(), KlvError::TimestampMissing),
        ([&TIME[..], &TIME, &VERSION].concat(), KlvError::TimestampMissing),
        ([&[2, 4, 0, 0, 0, 9][..], &VERSION].concat(), KlvError::TimestampMissing),
        (TIME.to_vec(), KlvError::VersionMissing),
        ([&TIME[..], &VERSION, &VERSION].concat(), KlvError::VersionMissing),
        ([&TIME[..], &[65, 2, 0, 19]].concat(), KlvError::VersionMissing),
        ([&TIME[..], &[1, 2, 0, 0], &VERSION].concat(), KlvError::ChecksumMissing),
        ([&TIME[..], &VERSION, &[13, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]].concat(), KlvError::Truncated),
        ([&TIME[..], &VERSION, &[13, 0x80]].concat(), KlvError::Malformed),
    ] {
        assert_eq!(UasPacket::decode(&built(&items)), Err(error), "{items:?}");
    }
    let mut no_sum = peel_feeds::klv::UAS_LOCAL_SET_KEY.to_vec();
    no_sum.extend([13]);
    no_sum.extend([&TIME[..], &VERSION].concat());
    assert_eq!(UasPacket::decode(&no_sum), Err(KlvError::ChecksumMissing));
}

#[test]
fn malformed_nested_sets_and_odd_items_keep_the_position() {
    let latitude = [13, 4, 0x49, 0x24, 0x92, 0x49];
    let items = [&TIME[..], &latitude, &[48, 2, 1, 9], &[74, 3, 101, 9, 1], &[14, 2, 0, 0], &[5, 0], &VERSION].concat();
    let bytes = built(&items);
    let packet = UasPacket::decode(&bytes).unwrap();
    assert!(packet.value(Item::SensorLatitude).is_some());
    assert_eq!((packet.security(), packet.vmti()), (&Nested::Unreadable, &Nested::Unreadable));
    assert_eq!(
        (packet.reading(Item::SensorLongitude), packet.reading(Item::PlatformHeading)),
        (Reading::Unknown, Reading::Unknown)
    );
    assert_eq!(packet.reading(Item::SlantRange), Reading::Absent);
    assert_eq!(packet.item_faults(), 3);
}

#[test]
fn a_long_form_length_and_a_packet_after_another_are_read() {
    let mut long = peel_feeds::klv::UAS_LOCAL_SET_KEY.to_vec();
    let items = [&TIME[..], &VERSION].concat();
    long.extend([0x82, 0, u8::try_from(items.len() + 4).unwrap()]);
    long.extend(items);
    long.extend([1, 2, 0, 0]);
    sign(&mut long);
    assert_eq!(decode_all(&[long, packet(3)].concat()), 2);
}
