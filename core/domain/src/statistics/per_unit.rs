//! Counts per unit of exposure, such as arrests per deployment or per hour: no share, so another interval.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::fmt;

use crate::statistics::binomial::crossing;
use crate::statistics::rate::Interval;
use crate::statistics::real;

const TAIL: f64 = 0.025;

/// So many events over so many units, with the exact interval of a Poisson count (Garwood, 1936), 95%.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerUnit {
    count: u64,
    units: f64,
}

/// e^-m m^k / k!.
fn exactly(count: u64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return if count == 0 { 1.0 } else { 0.0 };
    }
    let logarithms: f64 = (1..=count).map(|factor| (mean / real(factor)).ln()).sum();
    (logarithms - mean).exp()
}

/// The chance of `count` or fewer.
fn at_most(count: u64, mean: f64) -> f64 {
    let (mut term, mut sum) = (exactly(count, mean), 0.0);
    for below in (0..=count).rev() {
        sum += term;
        term *= real(below) / mean;
    }
    sum.min(1.0)
}

/// The chance of `count` or more.
fn at_least(count: u64, mean: f64) -> f64 {
    let (mut term, mut sum) = (exactly(count, mean), 0.0);
    let mut next = count;
    while term > sum * 1e-17 {
        sum += term;
        next += 1;
        term *= mean / real(next);
    }
    sum.min(1.0)
}

impl PerUnit {
    /// `count` over `units`; `None` without a unit.
    pub fn new(count: u64, units: f64) -> Option<Self> {
        (units.is_finite() && units > 0.0).then_some(Self { count, units })
    }

    /// The interval of the number per unit.
    pub fn interval(&self) -> Interval {
        let most = 2.0 * real(self.count) + 20.0;
        let low = if self.count == 0 { 0.0 } else { crossing(0.0, most, |mean| at_least(self.count, mean) - TAIL) };
        let high = crossing(0.0, most, |mean| TAIL - at_most(self.count, mean));
        Interval { low: low / self.units, high: high / self.units }
    }

    /// The number per unit.
    fn value(&self) -> f64 {
        real(self.count) / self.units
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Over how many units.
    pub fn units(&self) -> f64 {
        self.units
    }
}

/// "962 over 203 = 4.74 (95% 4.44 to 5.05)".
impl fmt::Display for PerUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.interval();
        let units = if self.units.fract() == 0.0 { format!("{:.0}", self.units) } else { format!("{:.1}", self.units) };
        write!(f, "{} over {units} = {:.2} (95% {low:.2} to {high:.2})", self.count, self.value())
    }
}

impl Serialize for PerUnit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("PerUnit", 4)?;
        fields.serialize_field("count", &self.count)?;
        fields.serialize_field("units", &self.units)?;
        fields.serialize_field("per_unit", &self.value())?;
        fields.serialize_field("exact_95", &self.interval())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_a_poisson_count_add_up() {
        for (count, mean) in [(0_u64, 0.5), (3, 2.0), (962, 950.0), (40, 61.5)] {
            let both = at_most(count, mean) + at_least(count, mean) - exactly(count, mean);
            assert!((both - 1.0).abs() < 1e-12, "{count} {mean}: {both}");
        }
    }

    #[test]
    fn published_limits_come_out() {
        // Garwood's table: 0 to 3.689, and 1 to 5.572 with 0.02532.
        let none = PerUnit::new(0, 1.0).unwrap().interval();
        assert!(none.low <= 0.0 && (none.high - 3.688_879_454_113_936).abs() < 1e-12);
        let one = PerUnit::new(1, 1.0).unwrap().interval();
        assert!((one.low - 0.025_317_807_984_289_9).abs() < 1e-12 && (one.high - 5.571_643_390_938_898).abs() < 1e-11);
        assert_eq!(PerUnit::new(1, 0.0), None);
        assert_eq!(PerUnit::new(962, 203.0).unwrap().to_string(), "962 over 203 = 4.74 (95% 4.44 to 5.05)");
    }
}
