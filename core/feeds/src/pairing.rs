//! Which metadata belongs to which picture, by presentation time.
//!
//! It keeps a short past of metadata, never a picture. What always holds: a pair says how far apart its two times
//! are, and metadata from further than [`MAX_GAP_US`] is not paired at all.

use std::collections::VecDeque;

use crate::ts::Pts;

/// Metadata further from its picture than this is not its own.
pub const MAX_GAP_US: u64 = 1_100_000;
const MAX_KEPT: usize = 64;

/// Metadata found for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paired<'a, T> {
    /// The metadata.
    pub metadata: &'a T,
    /// Microseconds from the metadata to the picture; 0 when they carry the same time.
    pub gap_us: i64,
}

/// The newest metadata, to be asked for a picture's own.
#[derive(Debug, Clone)]
pub struct Pairing<T> {
    kept: VecDeque<(Pts, T)>,
}

impl<T> Default for Pairing<T> {
    fn default() -> Self {
        Self { kept: VecDeque::new() }
    }
}

impl<T> Pairing<T> {
    /// Adds metadata with its presentation time.
    pub fn add(&mut self, pts: Pts, metadata: T) {
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((pts, metadata));
    }

    /// The metadata nearest in time to a picture; of two equally near, the earlier.
    pub fn find(&self, picture: Pts) -> Option<Paired<'_, T>> {
        let gaps = self.kept.iter().map(|(pts, metadata)| Paired { metadata, gap_us: picture.micros_since(*pts) });
        gaps.filter(|pair| pair.gap_us.unsigned_abs() <= MAX_GAP_US)
            .min_by_key(|pair| (pair.gap_us.unsigned_abs(), pair.gap_us < 0))
    }

    /// Forgets everything, after the stream began anew.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairing: &Pairing<u32>, ticks: u64) -> Option<(u32, i64)> {
        pairing.find(Pts::from_ticks(ticks)).map(|pair| (*pair.metadata, pair.gap_us))
    }

    #[test]
    fn finds_the_same_time_then_the_nearest_then_nothing() {
        let mut pairing = Pairing::default();
        pairing.add(Pts::from_ticks(90_000), 1);
        pairing.add(Pts::from_ticks(135_000), 2);
        assert_eq!(found(&pairing, 135_000), Some((2, 0)));
        assert_eq!(found(&pairing, 99_000), Some((1, 100_000)));
        assert_eq!(found(&pairing, 126_000), Some((2, -100_000)));
        assert_eq!(found(&pairing, 112_500), Some((1, 250_000)));
        assert_eq!(found(&pairing, 900_000), None);
    }

    #[test]
    fn pairs_across_the_wrap_and_keeps_a_bounded_past() {
        let mut pairing = Pairing::default();
        pairing.add(Pts::from_ticks((1 << 33) - 9), 7);
        assert_eq!(found(&pairing, 0), Some((7, 100)));
        for index in 0..1000 {
            pairing.add(Pts::from_ticks(0), index);
        }
        assert_eq!(pairing.kept.len(), MAX_KEPT);
    }
}
