//! Which tier of a feed the link can carry: down when pictures age, up when there is room.
//!
//! A pure state machine on times that are passed in. It must never let the age of a picture grow unanswered, and
//! never climb by less than a sure margin. What always holds: one step at a time, down fast and up slowly.

/// An excess of age lasting this long steps down.
pub const DOWN_AFTER_US: u64 = 2_000_000;
/// Room lasting this long steps up.
pub const UP_AFTER_US: u64 = 10_000_000;
/// A picture older than this, beyond its tier's own interval, is too old.
pub const MAX_AGE_US: u64 = 1_500_000;

/// What the officer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// 720 lines at 30 frames a second, with metadata.
    Video720 = 0,
    /// 540 lines at 15 frames a second.
    Video540 = 1,
    /// 480 pixels wide at 5 frames a second.
    Video480 = 2,
    /// A still a second, telemetry twice a second.
    StillEachSecond = 3,
    /// A still each five to ten seconds, telemetry each second.
    StillSlow = 4,
    /// Alerts and telemetry.
    Telemetry = 5,
    /// Nothing: the last state, ageing.
    Nothing = 6,
}

impl Tier {
    const ALL: [Self; 7] = [
        Self::Video720,
        Self::Video540,
        Self::Video480,
        Self::StillEachSecond,
        Self::StillSlow,
        Self::Telemetry,
        Self::Nothing,
    ];

    /// The tier's number, 0 the best.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Bits a second that it needs.
    pub const fn needs_bits_per_second(self) -> u64 {
        match self {
            Self::Video720 => 2_500_000,
            Self::Video540 => 600_000,
            Self::Video480 => 200_000,
            Self::StillEachSecond => 110_000,
            Self::StillSlow => 15_000,
            Self::Telemetry => 1,
            Self::Nothing => 0,
        }
    }

    /// How far apart its pictures (for [`Tier::Telemetry`], its states) are.
    pub const fn interval_us(self) -> u64 {
        match self {
            Self::Video720 | Self::Video540 | Self::Video480 => 0,
            Self::StillEachSecond | Self::Telemetry => 1_000_000,
            Self::StillSlow | Self::Nothing => 10_000_000,
        }
    }

    /// The best tier that a link carries.
    pub fn for_goodput(bits_per_second: u64) -> Self {
        let fits = |tier: &Self| bits_per_second >= tier.needs_bits_per_second();
        Self::ALL.into_iter().find(fits).unwrap_or(Self::Nothing)
    }

    fn worse(self) -> Self {
        Self::ALL.into_iter().find(|tier| *tier > self).unwrap_or(Self::Nothing)
    }

    fn better(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|tier| *tier < self)
    }
}

/// Chooses the tier. Times are monotonic microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierControl {
    tier: Tier,
    too_old_since_us: Option<u64>,
    room_since_us: Option<u64>,
}

impl TierControl {
    /// Starts at a tier.
    pub fn new(tier: Tier) -> Self {
        Self { tier, too_old_since_us: None, room_since_us: None }
    }

    /// The tier now.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Takes the age of the newest picture or state (`None`: nothing came yet) and the goodput, where measured.
    pub fn observe(&mut self, now_us: u64, age_us: Option<u64>, goodput_bits_per_second: Option<u64>) -> Tier {
        let limit = MAX_AGE_US + self.tier.interval_us();
        if age_us.is_none_or(|age| age > limit) {
            self.room_since_us = None;
            let since = *self.too_old_since_us.get_or_insert(now_us);
            if now_us.saturating_sub(since) >= DOWN_AFTER_US {
                self.tier = self.tier.worse();
                self.too_old_since_us = Some(now_us);
            }
            return self.tier;
        }
        self.too_old_since_us = None;
        let better = self.tier.better().filter(|better| {
            // Half as much again as the better tier needs.
            let needs = better.needs_bits_per_second();
            goodput_bits_per_second.is_some_and(|goodput| goodput >= needs + needs / 2)
        });
        match better {
            Some(better) => {
                let since = *self.room_since_us.get_or_insert(now_us);
                if now_us.saturating_sub(since) >= UP_AFTER_US {
                    self.tier = better;
                    self.room_since_us = None;
                }
            }
            None => self.room_since_us = None,
        }
        self.tier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn begins_with_what_the_link_carries() {
        let tiers = [3_000_000, 700_000, 300_000, 150_000, 20_000, 10_000, 0].map(Tier::for_goodput);
        assert_eq!(tiers, Tier::ALL);
    }

    #[test]
    fn steps_down_after_two_seconds_of_age_and_not_for_less() {
        let mut control = TierControl::new(Tier::Video720);
        assert_eq!(control.observe(0, Some(1_600_000), None), Tier::Video720);
        assert_eq!(control.observe(SECOND, Some(1_500_000), None), Tier::Video720);
        assert_eq!(control.observe(2 * SECOND, Some(1_600_000), None), Tier::Video720);
        assert_eq!(control.observe(4 * SECOND - 1, Some(1_600_000), None), Tier::Video720);
        assert_eq!(control.observe(4 * SECOND, Some(1_600_000), None), Tier::Video540);
        assert_eq!(control.observe(5 * SECOND, Some(1_600_000), None), Tier::Video540);
        assert_eq!(control.observe(6 * SECOND, Some(1_600_000), None), Tier::Video480);
    }

    #[test]
    fn steps_up_only_after_ten_seconds_with_half_as_much_again() {
        let mut control = TierControl::new(Tier::Video480);
        assert_eq!(control.observe(0, Some(0), Some(899_999)), Tier::Video480);
        assert_eq!(control.observe(20 * SECOND, Some(0), Some(900_000)), Tier::Video480);
        assert_eq!(control.observe(25 * SECOND, Some(0), None), Tier::Video480);
        assert_eq!(control.observe(31 * SECOND, Some(0), Some(900_000)), Tier::Video480);
        assert_eq!(control.observe(41 * SECOND, Some(0), Some(900_000)), Tier::Video540);
        assert_eq!(control.observe(42 * SECOND, Some(0), Some(900_000)), Tier::Video540);
    }

    #[test]
    fn a_slow_tier_is_not_left_for_its_own_interval() {
        let mut control = TierControl::new(Tier::StillSlow);
        for second in 0..30 {
            assert_eq!(control.observe(second * SECOND, Some(10 * SECOND), None), Tier::StillSlow);
        }
    }

    #[test]
    fn a_dead_link_ends_at_nothing_and_comes_back() {
        let mut control = TierControl::new(Tier::Video720);
        for second in 0..20 {
            control.observe(second * SECOND, None, None);
        }
        assert_eq!(control.tier(), Tier::Nothing);
        control.observe(20 * SECOND, Some(0), Some(1_000));
        assert_eq!(control.observe(30 * SECOND, Some(0), Some(1_000)), Tier::Telemetry);
    }
}
