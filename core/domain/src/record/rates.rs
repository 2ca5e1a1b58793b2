//! The counts of one deployment or of several, and every measure that rests on them, by the specification's symbols.

use serde::Serialize;

use crate::record::summary::DeploymentRecord;
use crate::record::tables::per_unit;
use crate::statistics::{PerUnit, Rate, rule_of_three};

/// Counts; the letters are those of the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deployments.
    pub deployments: u64,
    /// F; `null` where a deployment has no estimate: a rate per face of some would mix what was not estimated in.
    pub faces_seen: Option<u64>,
    /// A.
    pub alerts: u64,
    /// Tc.
    pub true_confirmed: u64,
    /// Tu.
    pub true_unconfirmed: u64,
    /// Fc.
    pub false_confirmed: u64,
    /// Fu.
    pub false_unconfirmed: u64,
    /// E: alerts with contact.
    pub engaged: u64,
    /// Ex: false alerts with contact.
    pub engaged_false: u64,
    /// Stops that ended, of which an alert may have several.
    pub stops: u64,
    /// R.
    pub arrests: u64,
    /// O.
    pub other_outcomes: u64,
    /// N.
    pub no_action: u64,
    /// Stops at which a receipt was offered.
    pub receipts_offered: u64,
    /// Stops at which a receipt was taken.
    pub receipts_taken: u64,
    /// Milliseconds from first live to the end, together; `null` where a deployment's are not known.
    pub duration_ms: Option<u64>,
}

impl Counts {
    /// Of one record or of several.
    pub(super) fn of(records: &[&DeploymentRecord]) -> Self {
        let sum =
            |of: fn(&DeploymentRecord) -> u64| records.iter().fold(0_u64, |sum, record| sum.saturating_add(of(record)));
        let all = |of: fn(&DeploymentRecord) -> Option<u64>| {
            records.iter().try_fold(0_u64, |sum, record| Some(sum.saturating_add(of(record)?)))
        };
        Self {
            deployments: u64::try_from(records.len()).unwrap_or(u64::MAX),
            faces_seen: all(|record| record.faces_seen),
            alerts: sum(|record| record.total_alerts),
            true_confirmed: sum(|record| record.true_confirmed),
            true_unconfirmed: sum(|record| record.true_unconfirmed),
            false_confirmed: sum(|record| record.false_confirmed),
            false_unconfirmed: sum(|record| record.false_unconfirmed),
            engaged: sum(|record| record.engagements),
            engaged_false: sum(|record| record.engaged_false),
            stops: sum(|record| u64::try_from(record.stops.len()).unwrap_or(u64::MAX)),
            arrests: sum(|record| record.arrests),
            other_outcomes: sum(|record| record.other_outcomes),
            no_action: sum(|record| record.no_action),
            receipts_offered: sum(|record| record.receipts_offered),
            receipts_taken: sum(|record| record.receipts_taken),
            duration_ms: all(DeploymentRecord::duration_ms),
        }
    }

    /// X.
    pub fn false_alerts(&self) -> u64 {
        self.false_confirmed.saturating_add(self.false_unconfirmed)
    }

    /// T.
    pub fn true_alerts(&self) -> u64 {
        self.true_confirmed.saturating_add(self.true_unconfirmed)
    }

    /// H: hours.
    #[allow(clippy::cast_precision_loss)] // milliseconds of some years stay below 2^53
    pub fn hours(&self) -> Option<f64> {
        self.duration_ms.map(|ms| ms as f64 / 3_600_000.0)
    }
}

/// Every measure but the two false alert rates, which stand together. A measure is `null` where nothing is its base.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// T / A.
    pub true_alert_rate: Option<Rate>,
    /// Fc / A: what false alerts come to without those that nobody verified.
    pub confirmed_false_per_alert: Option<Rate>,
    /// Tc / A: what true alerts come to without those that nobody verified.
    pub confirmed_true_per_alert: Option<Rate>,
    /// A / F.
    pub alert_rate: Option<Rate>,
    /// E / A.
    pub engagement_rate: Option<Rate>,
    /// Ex / X.
    pub false_engagement_rate: Option<Rate>,
    /// R / A.
    pub arrests_per_alert: Option<Rate>,
    /// R / E: what compares with stop and search, whose rate is per search.
    pub arrests_per_engagement: Option<Rate>,
    /// R per deployment.
    pub arrests_per_deployment: Option<PerUnit>,
    /// R / H.
    pub arrests_per_hour: Option<PerUnit>,
    /// Of X, found by the operator.
    pub stopped_by_operator: Option<Rate>,
    /// Of X, found by a blind judgement.
    pub stopped_by_blind_judgement: Option<Rate>,
    /// Of X, found after the reveal.
    pub stopped_after_reveal: Option<Rate>,
    /// Of X, found only at contact.
    pub stopped_at_contact: Option<Rate>,
    /// The blind shift.
    pub blind_shift: Option<Rate>,
    /// Stale true alerts / T.
    pub watchlist_currency_error: Option<Rate>,
    /// Where no alert was false: with 95% certainty the rate per face lies below this (rule of three).
    pub no_false_alert_below: Option<f64>,
}

impl Measures {
    /// From the counts; the rest is read in the records.
    pub(super) fn of(counts: &Counts, stale: u64, records: &[&DeploymentRecord]) -> Self {
        let rate = |count: u64, of: u64| Rate::new(count, of).ok();
        let (all, no_true, no_false) = (counts.alerts, counts.true_alerts(), counts.false_alerts());
        let human = records
            .iter()
            .fold(crate::record::practice::HumanValue::default(), |sum, record| sum.and(record.practice.human_value));
        let (again, now_same) = records.iter().fold((0, 0), |(again, same), record| {
            let shift = record.practice.blind_shift;
            (again + shift.judged_again, same + shift.now_same)
        });
        Self {
            true_alert_rate: rate(no_true, all),
            confirmed_false_per_alert: rate(counts.false_confirmed, all),
            confirmed_true_per_alert: rate(counts.true_confirmed, all),
            alert_rate: counts.faces_seen.and_then(|faces| rate(all, faces)),
            engagement_rate: rate(counts.engaged, all),
            false_engagement_rate: rate(counts.engaged_false, no_false),
            arrests_per_alert: rate(counts.arrests, all),
            arrests_per_engagement: rate(counts.arrests, counts.engaged),
            arrests_per_deployment: per_unit(counts.arrests, u32::try_from(counts.deployments).ok().map(f64::from)),
            arrests_per_hour: per_unit(counts.arrests, counts.hours()),
            stopped_by_operator: rate(human.by_operator, no_false),
            stopped_by_blind_judgement: rate(human.by_blind_judgement, no_false),
            stopped_after_reveal: rate(human.after_reveal, no_false),
            stopped_at_contact: rate(human.at_contact, no_false),
            blind_shift: rate(now_same, again),
            watchlist_currency_error: rate(stale, no_true),
            no_false_alert_below: counts.faces_seen.filter(|_| no_false == 0).and_then(rule_of_three),
        }
    }
}
