//! The event stream reader through its public interface: chunking never matters, and no bytes make it panic.

#![allow(clippy::indexing_slicing, reason = "helpers of tests may stop the test")]

use peel_feeds::sse::{SseError, SseItem, SseReader};
use proptest::prelude::*;

type Read = (Vec<Result<SseItem, SseError>>, String);

fn read(chunks: &[&[u8]]) -> Read {
    let mut reader = SseReader::new();
    let mut items = Vec::new();
    for chunk in chunks {
        items.extend(reader.read(chunk));
        if items.last().is_some_and(Result::is_err) {
            break;
        }
    }
    (items, reader.last_event_id().to_owned())
}

fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut points: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    points.extend([0, bytes.len()]);
    points.sort_unstable();
    points.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

fn stream_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"data: alpha"[..]),
        Just(&b"data:\xC3\xA9\xF0\x9F\x91\xAE"[..]),
        Just(&b"data"[..]),
        Just(&b"event: lfr.alert"[..]),
        Just(&b"id: 42"[..]),
        Just(&b"id: 4\x002"[..]),
        Just(&b"id"[..]),
        Just(&b"retry: 250"[..]),
        Just(&b": comment"[..]),
        Just(&b"unknown: x"[..]),
        Just(&b"\xEF\xBB\xBF"[..]),
        Just(&b"\n"[..]),
        Just(&b"\n"[..]),
        Just(&b"\r"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\n\n"[..]),
        Just(&b"\xFF\xC3"[..]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_events(bytes in stream_text(), cuts in proptest::collection::vec(any::<usize>(), 0..12)) {
        let whole = read(&[&bytes]);
        prop_assert_eq!(&whole, &read(&cut(&bytes, &cuts)));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&whole, &read(&single));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), cuts in proptest::collection::vec(any::<usize>(), 0..6)) {
        prop_assert_eq!(read(&[&bytes]), read(&cut(&bytes, &cuts)));
    }

    #[test]
    fn what_a_sender_writes_is_what_is_read(id in "[a-z0-9]{1,20}", name in "[a-z.]{1,20}", data in "[^\r\n\u{0}]{0,80}(\n[^\r\n\u{0}]{0,80}){0,3}") {
        let lines: Vec<String> = data.split('\n').map(|line| format!("data: {line}\n")).collect();
        let (items, last) = read(&[format!("id: {id}\nevent: {name}\n{}\n", lines.concat()).as_bytes()]);
        prop_assert_eq!(last, id.clone());
        prop_assert_eq!(items.len(), 1);
        let Ok(SseItem::Event(event)) = &items[0] else { return Err(TestCaseError::fail("no event")) };
        prop_assert_eq!((&event.event, &event.data, &event.id), (&name, &data, &Some(id)));
    }
}
