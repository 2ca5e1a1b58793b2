//! A drone's transport stream on the phone: bytes in, pictures for the decoder out, telemetry followed.
//!
//! Must never give out a picture of a withheld stream, nor keep one beyond the ring's ten seconds. What always
//! holds: each picture comes with how far its metadata is from it, and its age counts from that metadata's stamp.

use peel_domain::time::Moment;

use super::tracker::monotonic_us;
use super::{DroneSettings, DroneTracker, OvertFeed};
use crate::klv::{KlvError, UasPacket, triplets};
use crate::pairing::Pairing;
use crate::ring::FrameRing;
use crate::ts::{Demuxer, MetadataUnit, TsEvent, TsStats, VideoAccessUnit};

/// A picture for the decoder.
#[derive(Debug)]
pub struct Picture {
    /// The coded picture.
    pub unit: VideoAccessUnit,
    /// Microseconds from its metadata to it; nothing where it has none.
    pub metadata_gap_us: Option<i64>,
    /// Microseconds since it was taken; since it arrived, where it has no metadata.
    pub age_us: Option<u64>,
}

/// One open stream of one drone.
#[derive(Debug)]
pub struct DroneStream {
    demuxer: Demuxer,
    tracker: DroneTracker,
    stamps: Pairing<u64>,
    ring: FrameRing,
    refused: u64,
    last_refusal: Option<KlvError>,
}

impl DroneStream {
    /// Opens the stream of an admitted feed.
    pub fn new(feed: OvertFeed, settings: DroneSettings) -> Self {
        Self::continuing(DroneTracker::new(feed, settings))
    }

    /// Opens a stream anew with what is already known of the drone.
    pub fn continuing(tracker: DroneTracker) -> Self {
        Self {
            demuxer: Demuxer::new(),
            tracker,
            stamps: Pairing::default(),
            ring: FrameRing::default(),
            refused: 0,
            last_refusal: None,
        }
    }

    /// Takes bytes of the stream that arrived now, cut anywhere.
    pub fn push(&mut self, bytes: &[u8], now: &Moment) {
        self.demuxer.push(bytes);
        while let Some(event) = self.demuxer.next_event() {
            match event {
                TsEvent::Video(picture) if !self.tracker.withheld() => self.ring.push(picture, monotonic_us(now)),
                TsEvent::Metadata(unit) => self.take_metadata(&unit, now),
                TsEvent::Video(_) | TsEvent::ClockReference(_) => {}
            }
        }
    }

    fn take_metadata(&mut self, unit: &MetadataUnit, now: &Moment) {
        for framed in triplets(&unit.bytes) {
            match framed.and_then(|framed| UasPacket::from_triplet(&framed)) {
                Ok(packet) => {
                    self.tracker.take_packet(&packet, now);
                    if let Some(pts) = unit.pts {
                        self.stamps.add(pts, packet.timestamp_us());
                    }
                }
                Err(KlvError::OtherSet) => {}
                Err(error) => {
                    self.refused += 1;
                    self.last_refusal = Some(error);
                }
            }
        }
        if self.tracker.withheld() {
            self.ring.clear();
        }
    }

    /// The next picture to decode now; late ones are skipped up to the newest key frame.
    pub fn next_picture(&mut self, now: &Moment) -> Option<Picture> {
        let (came_at_us, unit) = self.ring.pop(monotonic_us(now))?;
        let pair = unit.pts.and_then(|pts| self.stamps.find(pts));
        let (stamp_us, metadata_gap_us) = (pair.map(|pair| *pair.metadata), pair.map(|pair| pair.gap_us));
        self.tracker.take_picture(stamp_us, came_at_us);
        let age_us = self.tracker.snapshot(now, None).frame_age_us;
        Some(Picture { unit, metadata_gap_us, age_us })
    }

    /// What is known of the drone.
    pub fn tracker(&self) -> &DroneTracker {
        &self.tracker
    }

    /// The same, to add the gateway's word or measure the link.
    pub fn tracker_mut(&mut self) -> &mut DroneTracker {
        &mut self.tracker
    }

    /// The view was closed: no picture stays.
    pub fn close(mut self) -> DroneTracker {
        self.ring.clear();
        self.tracker
    }

    /// What went through the demultiplexer.
    pub fn stats(&self) -> TsStats {
        self.demuxer.stats()
    }

    /// Metadata packets refused, and why the last one was.
    pub fn refused(&self) -> (u64, Option<KlvError>) {
        (self.refused, self.last_refusal)
    }
}
