//! How counts, rates and intervals are written.

use crate::findings::{AtThreshold, LEAST_COMPARISONS, LEAST_PEOPLE, Rate, ThresholdKind};
use crate::statistics::Interval;

/// With a comma between thousands.
pub(super) fn count(value: u64) -> String {
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

/// In per cent, with as many digits as small rates need.
pub(super) fn percent(rate: f64) -> String {
    let value = rate * 100.0;
    let digits = if value == 0.0 || value >= 10.0 {
        1
    } else if value >= 1.0 {
        2
    } else if value >= 0.1 {
        3
    } else {
        4
    };
    format!("{value:.digits$} %")
}

/// From, to, in per cent.
pub(super) fn interval(interval: Interval) -> String {
    format!("{} to {}", percent(interval.from), percent(interval.to))
}

/// A rate with its counts and its interval, or why there is none.
pub(super) fn rate(rate: Option<Rate>) -> String {
    let Some(found) = rate else { return "-".to_owned() };
    let counts = format!("{} of {}", count(found.errors), count(found.of));
    match (found.rate, found.interval, found.at_most) {
        (Some(_), _, Some([by_comparison, by_person])) => format!(
            "{counts}<small>at most {} if pairs were independent</small><small>at most {} by {} people alone</small>",
            percent(by_comparison),
            percent(by_person),
            count(found.people),
        ),
        (Some(value), Some(around), None) => {
            format!("{}<small>{}</small><small>{counts}</small>", percent(value), interval(around))
        }
        _ => format!("{counts}<small>too few for a rate ({} people)</small>", count(found.people)),
    }
}

/// The note on what is too few.
pub(super) fn too_few() -> String {
    format!(
        "No rate is given for fewer than {LEAST_COMPARISONS} comparisons or fewer than {LEAST_PEOPLE} people: with no \
         error among {LEAST_COMPARISONS} the true rate may still be 9.5 %."
    )
}

/// A threshold's name.
pub(super) fn threshold_name(kind: ThresholdKind) -> String {
    match kind {
        ThresholdKind::SupportsAbove => "supports above".to_owned(),
        ThresholdKind::DoesNotSupportBelow => "does not support below".to_owned(),
        ThresholdKind::FalseMatchRate(rate) => format!("FMR of {rate}"),
    }
}

/// A threshold's place, or that it cannot be set.
pub(super) fn threshold_place(at: &AtThreshold) -> String {
    match (at.threshold, at.kind) {
        (Some(threshold), _) => format!("{threshold:.4}"),
        (None, ThresholdKind::FalseMatchRate(rate)) => {
            format!("cannot be set<small>needs {:.0} non-mated pairs</small>", 1.0 / rate)
        }
        (None, _) => "-".to_owned(),
    }
}
