//! Waiting between tries: full jitter, from 1 s to 15 min, begun anew when the network changes.

use std::time::Duration;

use rand_core::CryptoRng;

/// The first ceiling.
const FIRST: Duration = Duration::from_secs(1);
/// The last ceiling.
const LAST: Duration = Duration::from_mins(15);

/// The ceiling of the next wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BackOff {
    ceiling: Duration,
}

impl BackOff {
    /// Before the first failure.
    pub(crate) fn new() -> Self {
        Self { ceiling: FIRST }
    }

    /// A wait anywhere between nothing and the ceiling; the ceiling doubles.
    pub(crate) fn next(&mut self, rng: &mut impl CryptoRng) -> Duration {
        let ceiling = u64::try_from(self.ceiling.as_millis()).unwrap_or(u64::MAX);
        self.ceiling = (self.ceiling * 2).min(LAST);
        Duration::from_millis(rng.next_u64() % (ceiling + 1))
    }

    /// A success, or another network.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_wait_lies_below_a_ceiling_that_doubles_up_to_a_quarter_of_an_hour(seed: u64, tries in 1_u32..40) {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut back_off = BackOff::new();
            for attempt in 0..tries {
                let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LAST);
                prop_assert!(back_off.next(&mut rng) <= ceiling);
            }
            back_off.reset();
            prop_assert!(back_off.next(&mut rng) <= FIRST);
        }
    }

    #[test]
    fn waits_are_spread_and_not_all_alike() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut waits: Vec<Duration> = (0..50).map(|_| BackOff::new().next(&mut rng)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 40);
        assert!(waits[0] < Duration::from_millis(200) && waits[waits.len() - 1] > Duration::from_millis(800));
    }
}
