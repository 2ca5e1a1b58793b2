//! Lost, doubled and damaged transport packets cost the units that they touched and nothing else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may stop the test")]

use std::fs;

use peel_feeds::ts::{Demuxer, TsEvent, TsStats};

const PACKET: usize = 188;
const VIDEO_PID: u16 = 0x0101;

/// The golden stream: two pictures, two metadata packets.
fn stream() -> Vec<u8> {
    fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/feeds/street.ts")).unwrap()
}

fn pid(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1F, packet[2]])
}

/// Where the packets of the first picture are.
fn first_picture(stream: &[u8]) -> Vec<usize> {
    let video: Vec<usize> = (0..stream.len()).step_by(PACKET).filter(|at| pid(&stream[*at..]) == VIDEO_PID).collect();
    let second = video.iter().skip(1).position(|at| stream[at + 1] & 0x40 != 0).unwrap();
    video[..=second].to_vec()
}

/// Pictures, metadata units and what was counted.
fn read(stream: &[u8]) -> (usize, usize, TsStats) {
    let mut demuxer = Demuxer::new();
    demuxer.push(stream);
    demuxer.finish();
    let (mut pictures, mut metadata) = (0, 0);
    while let Some(event) = demuxer.next_event() {
        match event {
            TsEvent::Video(_) => pictures += 1,
            TsEvent::Metadata(_) => metadata += 1,
            TsEvent::ClockReference(_) => {}
        }
    }
    (pictures, metadata, demuxer.stats())
}

/// The same stream with picture lengths left out, as many encoders send it.
fn without_lengths(mut stream: Vec<u8>) -> Vec<u8> {
    for at in (0..stream.len()).step_by(PACKET) {
        if pid(&stream[at..]) == VIDEO_PID && stream[at + 1] & 0x40 != 0 {
            let body = at + 5 + usize::from(stream[at + 4]);
            stream[body + 4..body + 6].fill(0);
        }
    }
    stream
}

#[test]
fn a_picture_with_length_comes_with_its_last_packet_and_one_without_at_the_end() {
    let (with, without) = (stream(), without_lengths(stream()));
    let mut demuxer = Demuxer::new();
    demuxer.push(&with);
    let pictures = |demuxer: &mut Demuxer| {
        std::iter::from_fn(|| demuxer.next_event()).filter(|event| matches!(event, TsEvent::Video(_))).count()
    };
    assert_eq!(pictures(&mut demuxer), 2);
    let mut demuxer = Demuxer::new();
    demuxer.push(&without);
    assert_eq!(pictures(&mut demuxer), 1);
    demuxer.finish();
    assert_eq!(pictures(&mut demuxer), 1);
}

#[test]
fn a_lost_packet_costs_its_own_picture_with_and_without_length() {
    for stream in [stream(), without_lengths(stream())] {
        let packets = first_picture(&stream);
        for lost in [packets[0], packets[9], packets[packets.len() - 2]] {
            let mut holed = stream.clone();
            holed.drain(lost..lost + PACKET);
            let (pictures, metadata, stats) = read(&holed);
            assert_eq!((pictures, metadata), (1, 2), "lost at {lost}");
            assert_eq!(stats.sync_losses, 0);
        }
    }
}

#[test]
fn a_doubled_packet_changes_nothing() {
    let stream = stream();
    let at = first_picture(&stream)[9];
    let doubled = [&stream[..at + PACKET], &stream[at..]].concat();
    let (pictures, metadata, stats) = read(&doubled);
    assert_eq!((pictures, metadata, stats.duplicates, stats.continuity_gaps), (2, 2, 1, 0));
}

#[test]
fn a_packet_marked_as_damaged_costs_its_own_picture() {
    let mut stream = stream();
    let at = first_picture(&stream)[9];
    stream[at + 1] |= 0x80;
    let (pictures, metadata, stats) = read(&stream);
    assert_eq!((pictures, metadata, stats.bad_packets, stats.continuity_gaps), (1, 2, 1, 1));
}

#[test]
fn bytes_between_packets_cost_one_picture_and_the_step_is_found_again() {
    let stream = stream();
    let at = first_picture(&stream)[9];
    let torn = [&stream[..at], &[0x55; 77], &stream[at + 100..]].concat();
    let (pictures, metadata, stats) = read(&torn);
    assert_eq!((pictures, metadata, stats.sync_losses), (1, 2, 1));
}

#[test]
fn a_stream_joined_in_the_middle_gives_what_follows() {
    let stream = stream();
    let at = first_picture(&stream)[20] + 50;
    let (pictures, metadata, stats) = read(&stream[at..]);
    assert_eq!((pictures, metadata, stats.sync_losses, stats.broken_units), (1, 1, 0, 0));
}
