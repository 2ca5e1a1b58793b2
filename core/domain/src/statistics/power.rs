//! What a test of so many cases could have found at all (S46): a table that shows no difference must say how large a
//! difference it would have missed.

use crate::statistics::binomial::{crossing, tails, two_sided};

/// Two-sided tests call a difference significant at 5%.
pub const SIGNIFICANT: f64 = 0.05;
/// A difference counts as detectable where it would have been found four times in five.
pub const DETECTED: f64 = 0.8;
/// For more cases than this no power is computed: there the question is no longer small numbers.
pub const MAX_CASES: u64 = 100_000;

/// The counts at which the test against `expected` is significant: up to the first number, and from the second one on.
fn region(cases: u64, expected: f64) -> (Option<u64>, Option<u64>) {
    let significant = |count: &u64| two_sided(*count, cases, expected) <= SIGNIFICANT;
    let upper = (0..=cases).rev().take_while(significant).last();
    let lower = (0..=cases).take_while(significant).last();
    (lower, upper)
}

fn is_share(share: f64) -> bool {
    (0.0..=1.0).contains(&share)
}

/// The chance that the two-sided exact binomial test of `cases` against the share `expected` is significant when the
/// share is truly `truly`. `None` where a share is none, and for more than [`MAX_CASES`].
pub fn power(cases: u64, expected: f64, truly: f64) -> Option<f64> {
    if cases == 0 || cases > MAX_CASES || !is_share(expected) || !is_share(truly) {
        return None;
    }
    let (lower, upper) = region(cases, expected);
    let below = lower.map_or(0.0, |count| tails(count + 1, cases, truly).0);
    Some((below + upper.map_or(0.0, |count| tails(count, cases, truly).1)).min(1.0))
}

/// "With so many cases we could only have detected a share above this": the least share above `expected` that the test
/// would have shown to be larger four times in five ([`DETECTED`]). `None` where no share could have been detected, and
/// for more than [`MAX_CASES`].
pub fn detectable_share(cases: u64, expected: f64) -> Option<f64> {
    if cases == 0 || cases > MAX_CASES || !is_share(expected) {
        return None;
    }
    let (_, upper) = region(cases, expected);
    upper.map(|count| crossing(0.0, 1.0, |share| tails(count, cases, share).1 - DETECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_test_could_find_is_said() {
        assert_eq!(detectable_share(1, 0.5), None, "one case is never significant against a half");
        assert_eq!(detectable_share(0, 0.5), None);
        assert_eq!(detectable_share(10, 1.5), None);
        assert_eq!(power(MAX_CASES + 1, 0.5, 0.6), None);
        assert_eq!(power(1, 0.5, 1.0), Some(0.0));
    }

    #[test]
    fn a_detectable_share_is_detected_four_times_in_five() {
        for (cases, expected) in [(10, 0.45), (20, 0.45), (6, 0.2), (200, 0.13)] {
            let share = detectable_share(cases, expected).unwrap();
            let found = power(cases, expected, share).unwrap();
            // The test's lower side, which has no part in the share, adds next to nothing.
            let close = (DETECTED - 1e-12..DETECTED + 1e-4).contains(&found);
            assert!(share > expected && close, "{cases} {expected}: {share} {found}");
        }
    }
}
