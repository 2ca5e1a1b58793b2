//! Rates that say what they rest on: numerator, denominator and a 95% interval (S45).
//!
//! Must never: give a rate without its denominator, or merge periods. Always: the interval is Wilson's, which holds
//! for the small counts of false alerts.

use std::fmt;

/// The standard normal's 97.5% point.
const Z_95: f64 = 1.959_963_984_540_054;

/// A share with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    numerator: u64,
    denominator: u64,
}

/// A rate without a denominator, or of more than all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("state a rate of more than all, or of nothing")]
pub struct NotARate;

/// An interval of shares, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

#[allow(clippy::cast_precision_loss)] // counts of faces stay far below 2^53
fn as_f64(count: u64) -> f64 {
    count as f64
}

impl Rate {
    /// `numerator` of `denominator`.
    pub fn new(numerator: u64, denominator: u64) -> Result<Self, NotARate> {
        if denominator == 0 || numerator > denominator { Err(NotARate) } else { Ok(Self { numerator, denominator }) }
    }

    /// How many.
    pub fn numerator(&self) -> u64 {
        self.numerator
    }

    /// Of how many.
    pub fn denominator(&self) -> u64 {
        self.denominator
    }

    /// The share, from 0 to 1.
    pub fn share(&self) -> f64 {
        as_f64(self.numerator) / as_f64(self.denominator)
    }

    /// Wilson's score interval, 95%.
    pub fn interval(&self) -> Interval {
        let (n, p) = (as_f64(self.denominator), self.share());
        let z2 = Z_95 * Z_95;
        let centre = p + z2 / (2.0 * n);
        let half = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        Interval { low: ((centre - half) / scale).max(0.0), high: ((centre + half) / scale).min(1.0) }
    }
}

/// A share in per cent with two significant figures.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value <= 0.0 {
        return "0%".to_owned();
    }
    let mut decimals = 0_usize;
    let mut scaled = value;
    while scaled < 9.95 && decimals < 9 {
        scaled *= 10.0;
        decimals += 1;
    }
    format!("{value:.decimals$}%")
}

/// "10/2077 = 0.48% (95% 0.26% to 0.88%)".
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.interval();
        let (numerator, denominator) = (self.numerator, self.denominator);
        write!(f, "{numerator}/{denominator} = {} (95% {} to {})", percent(self.share()), percent(low), percent(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(numerator: u64, denominator: u64) -> String {
        Rate::new(numerator, denominator).unwrap().to_string()
    }

    #[test]
    fn the_published_rates_and_their_intervals_come_out() {
        assert_eq!(text(10, 3_147_436), "10/3147436 = 0.00032% (95% 0.00017% to 0.00058%)");
        assert_eq!(text(10, 2_077), "10/2077 = 0.48% (95% 0.26% to 0.88%)");
        let share = Rate::new(10, 3_147_436).unwrap().share();
        assert_eq!(format!("{:.6}%", share * 100.0), "0.000318%");
        assert_eq!(format!("{:.4}%", share * 100.0), "0.0003%");
        assert_eq!(format!("{:.2}%", Rate::new(2_067, 2_077).unwrap().share() * 100.0), "99.52%");
        assert_eq!(format!("{:.1}%", Rate::new(962, 2_077).unwrap().share() * 100.0), "46.3%");
        assert_eq!(format!("{:.0}", 3_147_436.0_f64 / 2_077.0), "1515", "one alert in so many faces");
    }

    #[test]
    fn zero_of_many_still_has_an_upper_end() {
        let none = Rate::new(0, 10_000).unwrap();
        assert!(none.interval().low.abs() < f64::EPSILON);
        assert!((0.0003..0.0004).contains(&none.interval().high), "near the rule of three");
        assert_eq!(Rate::new(1, 0), Err(NotARate));
        assert_eq!(Rate::new(2, 1), Err(NotARate));
    }
}
