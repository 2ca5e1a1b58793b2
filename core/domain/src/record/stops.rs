//! How long stops on false alerts lasted: the harm of an error, as a distribution.

use serde::Serialize;

/// Longer than this is counted, in seconds.
const OVER: [u64; 2] = [120, 300];

/// Stops on false alerts. Every figure follows from the published list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StopLengths {
    /// Each stop's length in whole seconds, ascending: in no order of time.
    pub seconds: Vec<u64>,
    /// All together, in minutes.
    pub total_minutes: f64,
    /// The median, in minutes.
    pub median_minutes: Option<f64>,
    /// Nine in ten are no longer than this, in minutes.
    pub p90_minutes: Option<f64>,
    /// The longest, in minutes.
    pub longest_minutes: Option<f64>,
    /// Longer than two minutes.
    pub over_2_minutes: u64,
    /// Longer than five minutes.
    pub over_5_minutes: u64,
}

#[allow(clippy::cast_precision_loss)] // lengths of stops stay far below 2^53 seconds
fn minutes(seconds: u64) -> f64 {
    seconds as f64 / 60.0
}

/// Between the two neighbours of the place, in proportion, as most libraries do (type 7 of Hyndman and Fan, 1996).
fn quantile(sorted: &[u64], hundredths: usize) -> Option<f64> {
    let place = sorted.len().checked_sub(1)? * hundredths;
    let (at, rest) = (place / 100, u32::try_from(place % 100).ok()?);
    let low = minutes(*sorted.get(at)?);
    let high = sorted.get(at + 1).map_or(low, |next| minutes(*next));
    Some(low + (high - low) * f64::from(rest) / 100.0)
}

impl StopLengths {
    /// From lengths in milliseconds.
    pub fn from_ms(lengths_ms: impl Iterator<Item = u64>) -> Self {
        Self::from_seconds(lengths_ms.map(|ms| ms.saturating_add(500) / 1_000).collect())
    }

    /// From lengths in seconds.
    pub fn from_seconds(mut seconds: Vec<u64>) -> Self {
        seconds.sort_unstable();
        let over = |limit: u64| u64::try_from(seconds.iter().filter(|length| **length > limit).count()).unwrap_or(0);
        let [over_2_minutes, over_5_minutes] = OVER.map(over);
        Self {
            total_minutes: minutes(seconds.iter().fold(0, |sum, length| sum.saturating_add(*length))),
            median_minutes: quantile(&seconds, 50),
            p90_minutes: quantile(&seconds, 90),
            longest_minutes: seconds.last().map(|length| minutes(*length)),
            over_2_minutes,
            over_5_minutes,
            seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_comes_out() {
        let lengths = StopLengths::from_ms([60_000, 300_400, 120_000, 600_000, 300_600].into_iter());
        assert_eq!(lengths.seconds, [60, 120, 300, 301, 600]);
        assert_eq!((lengths.over_2_minutes, lengths.over_5_minutes), (3, 2), "exactly so long is not longer");
        assert_eq!((lengths.median_minutes, lengths.longest_minutes), (Some(5.0), Some(10.0)));
        assert!((lengths.p90_minutes.unwrap() - (301.0 + 299.0 * 0.6) / 60.0).abs() < 1e-12);
        assert!((lengths.total_minutes - 1_381.0 / 60.0).abs() < 1e-12);
        let none = StopLengths::from_seconds(Vec::new());
        assert_eq!((none.median_minutes, none.p90_minutes, none.longest_minutes), (None, None, None));
    }
}
