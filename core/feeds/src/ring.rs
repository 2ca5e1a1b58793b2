//! The last seconds of coded video, in memory only.
//!
//! It must never hold more than [`MAX_SPAN_US`] of pictures and never play late ones at normal speed. What always
//! holds: what is taken out can be decoded from where it begins.

use std::collections::VecDeque;

use crate::ts::VideoAccessUnit;

/// Pictures older than this are dropped.
pub const MAX_SPAN_US: u64 = 10_000_000;
/// Most bytes of pictures kept.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// A picture that waited longer than this makes the ring skip to the newest key frame.
pub const MAX_WAIT_US: u64 = 1_500_000;

/// Coded pictures waiting for the decoder. Times are monotonic microseconds.
#[derive(Debug, Default)]
pub struct FrameRing {
    waiting: VecDeque<(u64, VideoAccessUnit)>,
    bytes: usize,
    started: bool,
    skipped: u64,
}

impl FrameRing {
    /// Adds a picture that arrived at `now_us`. Pictures before the first key frame are of no use and dropped.
    pub fn push(&mut self, picture: VideoAccessUnit, now_us: u64) {
        if !self.started && !picture.key_frame || picture.bytes.len() > MAX_BYTES {
            self.skipped += 1;
            self.started &= picture.bytes.len() <= MAX_BYTES;
            return;
        }
        self.started = true;
        self.bytes += picture.bytes.len();
        self.waiting.push_back((now_us, picture));
        self.expire(now_us);
    }

    /// The next picture for the decoder; when it waited too long, the newest key frame instead.
    ///
    /// With it comes when it arrived.
    pub fn pop(&mut self, now_us: u64) -> Option<(u64, VideoAccessUnit)> {
        self.expire(now_us);
        let waited = self.waiting.front().is_some_and(|(at_us, _)| now_us.saturating_sub(*at_us) > MAX_WAIT_US);
        if waited && let Some(newest) = self.waiting.iter().rposition(|(_, picture)| picture.key_frame) {
            for _ in 0..newest {
                self.drop_front();
            }
        }
        let (at_us, picture) = self.waiting.pop_front()?;
        self.bytes -= picture.bytes.len();
        Some((at_us, picture))
    }

    /// Pictures that were dropped instead of shown.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Forgets all pictures: the view was closed, the feed ended or was withheld.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
        self.started = false;
    }

    fn drop_front(&mut self) {
        if let Some((_, picture)) = self.waiting.pop_front() {
            self.bytes -= picture.bytes.len();
            self.skipped += 1;
        }
    }

    fn expire(&mut self, now_us: u64) {
        let too_old = |front: &(u64, VideoAccessUnit)| now_us.saturating_sub(front.0) > MAX_SPAN_US;
        let mut cut = false;
        while self.bytes > MAX_BYTES || self.waiting.front().is_some_and(too_old) {
            self.drop_front();
            cut = true;
        }
        // What follows a cut cannot be decoded before the next key frame.
        while cut && self.waiting.front().is_some_and(|(_, picture)| !picture.key_frame) {
            self.drop_front();
        }
        self.started &= !(cut && self.waiting.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ts::{Codec, Pts};

    fn picture(number: u64, key: bool, size: usize) -> VideoAccessUnit {
        VideoAccessUnit::for_tests(Some(Pts::from_ticks(number)), Codec::H264, key, vec![0; size])
    }

    fn popped(ring: &mut FrameRing, now_us: u64) -> Option<u64> {
        ring.pop(now_us).and_then(|(_, picture)| picture.pts).map(Pts::ticks)
    }

    #[test]
    fn begins_with_a_key_frame_and_keeps_the_order() {
        let mut ring = FrameRing::default();
        for (number, key) in [(1, false), (2, true), (3, false)] {
            ring.push(picture(number, key, 10), 0);
        }
        assert_eq!((popped(&mut ring, 0), popped(&mut ring, 0), popped(&mut ring, 0)), (Some(2), Some(3), None));
    }

    #[test]
    fn skips_to_the_newest_key_frame_instead_of_catching_up() {
        let mut ring = FrameRing::default();
        for (number, key) in [(1, true), (2, false), (3, true), (4, false)] {
            ring.push(picture(number, key, 10), number);
        }
        assert_eq!(popped(&mut ring, 1 + MAX_WAIT_US), Some(1));
        assert_eq!(popped(&mut ring, 5 + MAX_WAIT_US), Some(3));
        assert_eq!(ring.skipped(), 1);
    }

    #[test]
    fn holds_at_most_ten_seconds_and_a_bounded_number_of_bytes() {
        let mut ring = FrameRing::default();
        ring.push(picture(1, true, 10), 0);
        ring.push(picture(2, false, 10), 1);
        assert_eq!(popped(&mut ring, MAX_SPAN_US + 1), None);
        ring.push(picture(3, false, 10), MAX_SPAN_US + 2);
        assert_eq!(popped(&mut ring, MAX_SPAN_US + 2), None);
        for number in 0..100 {
            ring.push(picture(number, true, 1 << 20), MAX_SPAN_US + 3);
        }
        assert!(ring.bytes <= MAX_BYTES);
        ring.push(picture(0, true, MAX_BYTES + 1), MAX_SPAN_US + 3);
        assert!(ring.bytes <= MAX_BYTES);
    }
}
