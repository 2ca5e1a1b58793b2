//! Rates that say what they rest on (S45).

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::statistics::binomial::exact_interval;
use crate::statistics::real;

/// The standard normal's 97.5% point.
const Z_95: f64 = 1.959_963_984_540_054;

/// A share with what it rests on. There is no way to have the share alone: its text, its form for machines, its words and
/// its place in a plot ([`Rate::drawn`]) each bring the interval, and the first three the counts.
///
/// ```compile_fail
/// let rate = peel_domain::statistics::Rate::new(10, 2_077).unwrap();
/// println!("{}", rate.share());
/// ```
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A rate in words, which stand together in a table's cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateWords {
    /// "10 of 2,077".
    pub counts: String,
    /// "0.48%".
    pub share: String,
    /// "0.26% to 0.88%".
    pub interval: String,
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
    pub(crate) fn share(&self) -> f64 {
        real(self.numerator) / real(self.denominator)
    }

    /// Wilson's score interval, 95%.
    pub fn interval(&self) -> Interval {
        let (n, p) = (real(self.denominator), self.share());
        let z2 = Z_95 * Z_95;
        let centre = p + z2 / (2.0 * n);
        let half = Z_95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        let low = if self.numerator == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
        let high = if self.numerator == self.denominator { 1.0 } else { ((centre + half) / scale).min(1.0) };
        Interval { low, high }
    }

    /// The exact interval of Clopper and Pearson, 95%: wider than Wilson's, never too narrow.
    pub fn exact_interval(&self) -> Interval {
        exact_interval(self.numerator, self.denominator)
    }

    /// Where it stands in a plot: the lower end, the share and the upper end, together.
    pub fn drawn(&self) -> [f64; 3] {
        let Interval { low, high } = self.interval();
        [low, self.share(), high]
    }

    /// In words.
    pub fn words(&self) -> RateWords {
        let Interval { low, high } = self.interval();
        RateWords {
            counts: format!("{} of {}", grouped(self.numerator), grouped(self.denominator)),
            share: percent(self.share()),
            interval: format!("{} to {}", percent(low), percent(high)),
        }
    }
}

/// With a comma between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent with two significant figures, and all of the last per cent.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value <= 0.0 {
        return "0%".to_owned();
    }
    // 99.52% must not read as 100%.
    if (98.0..100.0).contains(&value) {
        return format!("{value:.2}%");
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

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Rate", 5)?;
        fields.serialize_field("numerator", &self.numerator)?;
        fields.serialize_field("denominator", &self.denominator)?;
        fields.serialize_field("share", &self.share())?;
        fields.serialize_field("wilson_95", &self.interval())?;
        fields.serialize_field("exact_95", &self.exact_interval())?;
        fields.end()
    }
}

/// Both false alert rates, which are always published together: per face seen and per alert (S45). Either alone misleads:
/// the first looks tiny beside any crowd, the second says nothing of how many people walked past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FalseAlertRates {
    per_face: Option<Rate>,
    per_alert: Option<Rate>,
}

impl FalseAlertRates {
    /// Of so many false alerts among so many alerts, and so many faces where they were estimated.
    pub fn new(false_alerts: u64, alerts: u64, faces: Option<u64>) -> Self {
        Self {
            per_face: faces.and_then(|faces| Rate::new(false_alerts, faces).ok()),
            per_alert: Rate::new(false_alerts, alerts).ok(),
        }
    }

    /// Per face and per alert; a rate that cannot be stated is `None`: no estimate of the faces, or no alert.
    pub fn both(&self) -> [Option<Rate>; 2] {
        [self.per_face, self.per_alert]
    }
}

/// "per face 10/3147436 = ...; per alert 10/2077 = ...".
impl fmt::Display for FalseAlertRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |rate: Option<Rate>| rate.map_or_else(|| "not stated".to_owned(), |rate| rate.to_string());
        write!(f, "per face {}; per alert {}", text(self.per_face), text(self.per_alert))
    }
}
