//! How old a picture is, and what to do about it: the product's metric.
//!
//! Pure state on times that are passed in. It must never call an old picture live. What always holds: an age is
//! never negative, and where the sender's clock cannot be placed the age is a lower bound and says so.

/// Older than this a picture is LATE.
pub const LATE_AFTER_US: u64 = 3_000_000;
/// Older than this it is lost: no LIVE, no LATE, "last seen".
pub const LOST_AFTER_US: u64 = 10_000_000;

/// How a picture's age is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    /// Up to three seconds.
    Live,
    /// Over three seconds.
    Late,
    /// Over ten seconds, or never seen.
    Lost,
}

/// Names an age; `None` is "never seen".
pub fn freshness(age_us: Option<u64>) -> Freshness {
    match age_us {
        Some(age) if age <= LATE_AFTER_US => Freshness::Live,
        Some(age) if age <= LOST_AFTER_US => Freshness::Late,
        _ => Freshness::Lost,
    }
}

/// What a sender's time stamps turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeBasis {
    /// POSIX time.
    Posix,
    /// MISP time, which does not count leap seconds back.
    Misp,
    /// Some clock of its own: ages are lower bounds.
    Unplaced,
}

/// MISP time runs ahead of POSIX time by this, since the leap second of 2016-12-31.
const MISP_AHEAD_US: i64 = 29_000_000;
/// A stamp may be this far in the future (clocks disagree) and this far in the past (the link is slow).
const PLAUSIBLE_US: std::ops::RangeInclusive<i64> = -2_000_000..=12_000_000;
/// The fastest packet of one such span stands for the link.
const WINDOW_US: u64 = 60_000_000;

/// Finds the difference between a feed's clock and ours from its packets.
///
/// Two clocks are passed in: `utc_us`, microseconds since 1970, and `now_us`, monotonic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockOffset {
    window_started_us: u64,
    least: Option<i64>,
    least_before: Option<i64>,
    told: Option<i64>,
    correction: i64,
}

impl ClockOffset {
    /// A packet stamped `stamp_us` arrived at `utc_us`; items 136 (seconds) and 137 (microseconds) where sent.
    pub fn observe(
        &mut self,
        stamp_us: u64,
        utc_us: i64,
        now_us: u64,
        leap_s: Option<i64>,
        correction_us: Option<i64>,
    ) {
        let Ok(stamp) = i64::try_from(stamp_us) else { return };
        if now_us.saturating_sub(self.window_started_us) > WINDOW_US {
            self.window_started_us = now_us;
            self.least_before = self.least.take();
        }
        self.correction = correction_us.unwrap_or(self.correction);
        self.told = leap_s.and_then(|seconds| seconds.checked_mul(1_000_000)).or(self.told);
        let behind = utc_us.saturating_sub(stamp).saturating_sub(self.correction);
        self.least = Some(self.least.map_or(behind, |least| least.min(behind)));
    }

    /// The feed's basis, and what to add to its stamps for our clock; nothing before the first packet.
    pub fn offset(&self) -> Option<(TimeBasis, i64)> {
        let least = self.least.into_iter().chain(self.least_before).min()?;
        // The standard's item 136 is added; some senders count it the other way.
        let told = self.told.into_iter().flat_map(|leap| [leap, -leap]);
        let placed = [0].into_iter().chain(told).chain([-MISP_AHEAD_US]);
        let placed = placed.into_iter().find(|add| PLAUSIBLE_US.contains(&least.saturating_sub(*add)));
        let (basis, add) = match placed {
            Some(0) => (TimeBasis::Posix, 0),
            Some(add) => (TimeBasis::Misp, add),
            None => (TimeBasis::Unplaced, least),
        };
        // A stamp from the future means that the two clocks disagree by at least that much.
        Some((basis, add.min(least).saturating_add(self.correction)))
    }

    /// The age at `utc_us` of what was stamped `stamp_us`.
    pub fn age_us(&self, stamp_us: u64, utc_us: i64) -> Option<u64> {
        let (_, add) = self.offset()?;
        let at = i64::try_from(stamp_us).ok()?.saturating_add(add);
        Some(u64::try_from(utc_us.saturating_sub(at)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_750_000_000_000_000;
    const SECOND: i64 = 1_000_000;

    fn observed(behind: &[i64], leap_s: Option<i64>, correction: Option<i64>) -> ClockOffset {
        let mut offset = ClockOffset::default();
        for (index, behind) in behind.iter().enumerate() {
            offset.observe(u64::try_from(NOW - behind).unwrap(), NOW, index as u64, leap_s, correction);
        }
        offset
    }

    fn age(offset: &ClockOffset, behind: i64) -> u64 {
        offset.age_us(u64::try_from(NOW - behind).unwrap(), NOW).unwrap()
    }

    #[test]
    fn names_ages_at_their_borders() {
        assert_eq!(freshness(Some(LATE_AFTER_US)), Freshness::Live);
        assert_eq!(freshness(Some(LATE_AFTER_US + 1)), Freshness::Late);
        assert_eq!(freshness(Some(LOST_AFTER_US + 1)), Freshness::Lost);
        assert_eq!(freshness(None), Freshness::Lost);
    }

    #[test]
    fn tells_posix_from_misp_time_and_places_both() {
        let posix = observed(&[400_000, 300_000], None, None);
        assert_eq!(posix.offset(), Some((TimeBasis::Posix, 0)));
        assert_eq!(age(&posix, 2 * SECOND), 2_000_000);
        let misp = observed(&[300_000 - 29 * SECOND], None, None);
        assert_eq!(misp.offset(), Some((TimeBasis::Misp, -29 * SECOND)));
        assert_eq!(age(&misp, 2 * SECOND - 29 * SECOND), 2_000_000);
    }

    #[test]
    fn believes_item_136_in_either_sign_and_item_137() {
        for leap in [-18, 18] {
            let told = observed(&[300_000 - 18 * SECOND], Some(leap), None);
            assert_eq!(told.offset(), Some((TimeBasis::Misp, -18 * SECOND)));
        }
        let corrected = observed(&[100 * SECOND + 300_000], None, Some(100 * SECOND));
        assert_eq!(corrected.offset(), Some((TimeBasis::Posix, 100 * SECOND)));
        assert_eq!(age(&corrected, 101 * SECOND), 1_000_000);
    }

    #[test]
    fn an_unknown_clock_gives_ages_above_the_fastest_packet_and_never_negative_ones() {
        let old = observed(&[3_600 * SECOND + 5, 3_600 * SECOND], None, None);
        assert_eq!(old.offset(), Some((TimeBasis::Unplaced, 3_600 * SECOND)));
        assert_eq!(age(&old, 3_604 * SECOND), 4_000_000);
        assert_eq!(age(&old, 3_599 * SECOND), 0);
        let ahead = observed(&[-SECOND], None, None);
        assert_eq!(age(&ahead, -SECOND), 0);
        assert_eq!(age(&ahead, SECOND), 2_000_000);
        assert_eq!(ClockOffset::default().age_us(1, 1), None);
    }

    #[test]
    fn forgets_the_fastest_packet_after_two_windows() {
        let mut offset = ClockOffset::default();
        let stamp = |behind: i64| u64::try_from(NOW - behind).unwrap();
        offset.observe(stamp(100 * SECOND), NOW, 0, None, None);
        offset.observe(stamp(200 * SECOND), NOW, WINDOW_US + 1, None, None);
        assert_eq!(offset.offset(), Some((TimeBasis::Unplaced, 100 * SECOND)));
        offset.observe(stamp(200 * SECOND), NOW, 2 * WINDOW_US + 3, None, None);
        assert_eq!(offset.offset(), Some((TimeBasis::Unplaced, 200 * SECOND)));
    }

    #[test]
    fn stamps_at_the_ends_of_their_range_do_no_harm() {
        let mut offset = ClockOffset::default();
        offset.observe(u64::MAX, NOW, 0, Some(i64::MAX), Some(i64::MIN));
        offset.observe(0, i64::MAX, 0, Some(i64::MIN), Some(i64::MAX));
        offset.observe(u64::MAX >> 1, i64::MIN, 0, None, Some(i64::MIN));
        let _ = offset.age_us(u64::MAX >> 1, i64::MIN);
        let _ = offset.age_us(0, i64::MAX);
    }
}
