//! The feeds' decoders: event streams, drone telemetry, transport streams.

use peel_feeds::klv::{Classification, Item, Reading, TextItem, UasEncoder, UasPacket, triplets};
use peel_feeds::sse::{SseError, SseItem, SseReader};
use peel_feeds::ts::{Demuxer, PACKET_BYTES, TsEvent};

use crate::world::number;

/// A drone's stream made by the simulated street; its generator has a test of its own.
const STREET: &[u8] = include_bytes!("../../vectors/feeds/street.ts");

/// The same bytes give the same items, however they are cut.
pub(crate) fn sse(data: &[u8]) {
    let (cut, stream) = number(data);
    let read = |size: usize| {
        let mut reader = SseReader::new();
        let items: Vec<Result<SseItem, SseError>> =
            stream.chunks(size.max(1)).flat_map(|chunk| reader.read(chunk)).collect();
        // After a fault a reader repeats the fault for every chunk; once is what counts.
        let fault = items.iter().position(Result::is_err).map_or(items.len(), |at| at + 1);
        (items.into_iter().take(fault).collect::<Vec<_>>(), reader.last_event_id().to_owned())
    };
    let whole = read(stream.len());
    assert_eq!(whole, read(1), "cut into bytes");
    assert_eq!(whole, read(cut as usize % 64 + 1), "cut into pieces");
}

pub(crate) fn sse_seeds() -> Vec<Vec<u8>> {
    let stream =
        "\u{feff}id: 7\nevent: lfr.alert\ndata: {\"a\":1}\ndata: second\n\n: comment\r\nretry: 500\r\r\ndata\n\nid\n\n";
    vec![[&[0, 3], stream.as_bytes()].concat(), b"\0\0data: x\r\n\r\n".to_vec()]
}

/// A packet is whole or refused, and what is read of it can be written again.
pub(crate) fn klv(data: &[u8]) {
    for framed in triplets(data).filter_map(Result::ok) {
        let Ok(packet) = UasPacket::from_triplet(&framed) else { continue };
        assert_eq!(UasPacket::decode(framed.bytes).unwrap().timestamp_us(), packet.timestamp_us());
        for at in [0, framed.bytes.len() / 2, framed.bytes.len() - 1] {
            let mut changed = framed.bytes.to_vec();
            changed[at] ^= 0x10;
            assert!(UasPacket::decode(&changed).is_err(), "a packet with a changed byte is taken");
        }
        write_again(&packet);
    }
}

fn write_again(packet: &UasPacket<'_>) {
    let mut encoder = UasEncoder::new(packet.timestamp_us());
    let mut written = Vec::new();
    for &item in Item::ALL {
        if let Reading::Value(value) = packet.reading(item) {
            assert!(value.is_finite());
            // The encoder writes whole numbers in four bytes; a sender may use more.
            if !matches!(item, Item::LeapSeconds) || value.abs() <= f64::from(i32::MAX) {
                encoder.value(item, value).expect("what is read lies in the item's range");
                written.push((item, value));
            }
        }
    }
    for &item in TextItem::ALL {
        if let Some(text) = packet.text(item).filter(|text| text.len() <= 127) {
            encoder.text(item, &text).unwrap();
        }
    }
    let bytes = encoder.finish();
    let again = UasPacket::decode(&bytes).expect("what is written is whole");
    for (item, value) in written {
        let read = again.value(item).expect("what is written is read");
        let coarsest = 1e-2 * value.abs().max(10.0);
        assert!((read - value).abs() <= coarsest, "item {} comes back as another value", item.tag());
    }
}

fn packet() -> UasEncoder {
    let mut encoder = UasEncoder::new(1_800_000_000_000_000);
    encoder.value(Item::SensorLatitude, 51.5).unwrap().value(Item::SensorLongitude, -0.12).unwrap();
    encoder.value(Item::PlatformHeading, 360.0).unwrap().value(Item::SensorEllipsoidHeightExtended, 115.0).unwrap();
    encoder.text(TextItem::PlatformCallSign, "PEEL 1").unwrap().security(Classification::Unclassified, *b"GB");
    encoder.value(Item::LeapSeconds, -29.0).unwrap();
    encoder
}

pub(crate) fn klv_seeds() -> Vec<Vec<u8>> {
    let mut highest = UasEncoder::new(1);
    let mut lowest = UasEncoder::new(2);
    for &item in Item::ALL {
        // The widest of the usual bounds that the item takes.
        let bounds = [40_000.0, 19_000.0, 10_000.0, 4_095.0, 360.0, 255.0, 180.0, 90.0, 50.0, 20.0, 1.0];
        if let Some(high) = bounds.iter().find(|bound| highest.clone().value(item, **bound).is_ok()) {
            highest.value(item, *high).unwrap();
        }
        let bounds = [-900.0, -180.0, -90.0, -50.0, -20.0, 0.0];
        if let Some(low) = bounds.iter().find(|bound| lowest.clone().value(item, **bound).is_ok()) {
            lowest.value(item, *low).unwrap();
        }
    }
    let mut unknown = packet();
    unknown.unknown(Item::SensorLatitude).raw(74, &[6, 1, 3]).raw(200, b"odd");
    vec![packet().finish(), highest.finish(), lowest.finish(), [unknown.finish(), packet().finish()].concat()]
}

/// The same bytes give the same units, however they are cut, and never more bytes than came in.
pub(crate) fn transport_stream(data: &[u8]) {
    let (cut, stream) = number(data);
    let read = |size: usize| {
        let mut demuxer = Demuxer::new();
        let mut events = Vec::new();
        for chunk in stream.chunks(size.max(1)) {
            demuxer.push(chunk);
            events.extend(std::iter::from_fn(|| demuxer.next_event()));
        }
        demuxer.finish();
        events.extend(std::iter::from_fn(|| demuxer.next_event()));
        (events, demuxer.stats())
    };
    let whole = read(stream.len());
    assert_eq!(whole, read(cut as usize % 400 + 1), "cut into pieces");
    let bytes_of = |event: &TsEvent| match event {
        TsEvent::Video(picture) => picture.bytes.len(),
        TsEvent::Metadata(unit) => unit.bytes.len(),
        TsEvent::ClockReference(_) => 0,
    };
    let given: usize = whole.0.iter().map(bytes_of).sum();
    assert!(given <= stream.len(), "more came out than went in");
}

pub(crate) fn transport_stream_seeds() -> Vec<Vec<u8>> {
    let from = |packets: std::ops::Range<usize>, cut: u8| {
        let bytes = &STREET[packets.start * PACKET_BYTES..packets.end * PACKET_BYTES];
        [&[0, cut], bytes].concat()
    };
    vec![from(0..12, 7), from(0..30, 188), from(3..20, 187)]
}
