//! Every measure by its name and formula, in the order in which it is published.

use peel_domain::record::Published;
use peel_domain::statistics::{Interval, PerUnit, Rate};

/// A measure's value.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Rate(Rate),
    PerUnit(PerUnit),
}

/// One measure.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) formula: &'static str,
    pub(crate) value: Option<Value>,
}

/// A measure as numbers.
pub(crate) struct Numbers {
    pub(crate) numerator: f64,
    pub(crate) denominator: f64,
    pub(crate) share: f64,
    pub(crate) wilson: Option<Interval>,
    pub(crate) exact: Interval,
}

#[allow(clippy::cast_precision_loss)] // counts stay far below 2^53
fn real(count: u64) -> f64 {
    count as f64
}

impl Value {
    pub(crate) fn numbers(&self) -> Numbers {
        match self {
            Self::Rate(rate) => {
                let [_, share, _] = rate.drawn();
                Numbers {
                    numerator: real(rate.numerator()),
                    denominator: real(rate.denominator()),
                    share,
                    wilson: Some(rate.interval()),
                    exact: rate.exact_interval(),
                }
            }
            Self::PerUnit(per_unit) => Numbers {
                numerator: real(per_unit.count()),
                denominator: per_unit.units(),
                share: real(per_unit.count()) / per_unit.units(),
                wilson: None,
                exact: per_unit.interval(),
            },
        }
    }
}

/// All of them. The two false alert rates come first and together.
pub(crate) fn all(published: &Published) -> Vec<Measure> {
    let [per_face, per_alert] = published.false_alert_rates.both();
    let found = &published.measures;
    let rate = |name, formula, rate: Option<Rate>| Measure { name, formula, value: rate.map(Value::Rate) };
    let per = |name, formula, per: Option<PerUnit>| Measure { name, formula, value: per.map(Value::PerUnit) };
    vec![
        rate("False alerts per face seen", "X / F", per_face),
        rate("False alerts per alert", "X / A", per_alert),
        rate("True alerts per alert", "T / A", found.true_alert_rate),
        rate("False alerts per alert, confirmed alone", "Fc / A", found.confirmed_false_per_alert),
        rate("True alerts per alert, confirmed alone", "Tc / A", found.confirmed_true_per_alert),
        rate("Alerts per face seen", "A / F", found.alert_rate),
        rate("Alerts at which somebody was engaged", "E / A", found.engagement_rate),
        rate("False alerts at which somebody was engaged", "Ex / X", found.false_engagement_rate),
        rate("Arrests per alert", "R / A", found.arrests_per_alert),
        rate("Arrests per engagement", "R / E", found.arrests_per_engagement),
        per("Arrests per deployment", "R / deployments", found.arrests_per_deployment),
        per("Arrests per hour", "R / H", found.arrests_per_hour),
        rate("False alerts found by the operator", "of X", found.stopped_by_operator),
        rate("False alerts found by a blind judgement", "of X", found.stopped_by_blind_judgement),
        rate("False alerts found after the reveal", "of X", found.stopped_after_reveal),
        rate("False alerts found only at contact", "of X", found.stopped_at_contact),
        rate("Blind shift", "now same / judged again", found.blind_shift),
        rate("Watchlist currency error", "stale true alerts / T", found.watchlist_currency_error),
        rate("Blind judgements put off", "skipped / asked for", published.blind.skipped),
        rate("Engaged after two officers judged blind", "by two / decided to engage", published.two_persons.by_two),
        rate("The same, where the policy asks for it", "by two / asked for", published.two_persons.where_asked),
        rate("Receipts offered", "offered / stops", published.receipts.offered),
        rate("Receipts taken", "taken / offered", published.receipts.taken),
    ]
}
