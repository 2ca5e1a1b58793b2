//! One alert's part in the record's counts.
//!
//! Must never: count what is not counted. Always: each counted alert adds to one truth column, or to the issues.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{AlertId, EnrolmentId};
use crate::record::alert_facts::AlertFacts;
use crate::record::issue::Issue;
use crate::record::practice::{Ages, ForceCounts, TwoPersons};
use crate::record::summary::{Conflict, DeploymentRecord, GivenUpPhone, StopSummary};
use crate::record::truth::AlertTruth;
use crate::stop::{ForceUse, Outcome, ReceiptChannel, Truth, Verification};

/// Phones that were given up.
type GivenUp = BTreeMap<EnrolmentId, GivenUpPhone>;

/// A number of things.
pub(super) fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Counts one alert.
pub(super) fn count_alert(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    given_up: &mut GivenUp,
    alert_id: AlertId,
    facts: &AlertFacts,
) {
    if !facts.ingested {
        issues.insert(Issue::UnknownAlert(alert_id));
        return;
    }
    note_conflict(record, alert_id, facts);
    record.open_on.extend(facts.received.difference(&facts.closed).map(|device| (alert_id, *device)));
    if facts.test_subject {
        record.test_subjects += 1;
        return;
    }
    if facts.is_duplicate() {
        record.duplicates += 1;
        return;
    }
    if facts.withdrawn_technically && !facts.engaged() {
        record.technical_withdrawals += 1;
        return;
    }
    record.total_alerts += 1;
    record.engagements += u64::from(facts.engaged());
    let is_false = matches!(facts.truth(), AlertTruth::Known(Truth::FalseAlert, _));
    record.engaged_false += u64::from(facts.engaged() && is_false);
    let truth = match facts.truth() {
        AlertTruth::Known(truth, verification) => {
            count_truth(record, truth, verification);
            Some((truth, verification))
        }
        AlertTruth::Missing => {
            issues.insert(Issue::TruthMissing(alert_id));
            None
        }
        AlertTruth::Contradictory => {
            issues.insert(Issue::TruthContradictory(alert_id));
            None
        }
    };
    let lost = count_stops(record, issues, given_up, alert_id, facts, truth.map(|(truth, _)| truth));
    count_outcome(record, issues, alert_id, facts, truth, lost);
    if facts.verified_apart() {
        record.verified_apart.push(alert_id);
    }
    count_practice(record, facts, truth.map(|(truth, _)| truth));
}

/// What is published beside the columns.
fn count_practice(record: &mut DeploymentRecord, facts: &AlertFacts, truth: Option<Truth>) {
    let practice = &mut record.practice;
    let (again, now_same) = facts.blind_shift();
    practice.blind_shift.judged_again += again;
    practice.blind_shift.now_same += now_same;
    count_two_persons(&mut practice.two_persons, facts);
    count_ages(&mut practice.ages, facts);
    let stopped_and_known = truth.filter(|_| facts.engaged());
    match (stopped_and_known, facts.ethnicity()) {
        (Some(truth), Some(stated)) => {
            let group = practice.by_ethnicity.entry(stated.group()).or_default();
            match truth {
                Truth::TrueAlert => group.true_alerts += 1,
                Truth::FalseAlert => group.false_alerts += 1,
            }
        }
        (Some(_), None) => practice.ethnicity_unasked += 1,
        _ => {}
    }
    match truth {
        Some(Truth::FalseAlert) => {
            practice.human_value.count(facts.stopped_by());
            practice.apologies += u64::from(facts.apologised());
            count_causes(record, facts);
        }
        Some(Truth::TrueAlert) => practice.stale_true_alerts += u64::from(facts.entry_called_stale()),
        None => {}
    }
}

fn count_two_persons(two: &mut TwoPersons, facts: &AlertFacts) {
    if !facts.decided_to_engage() {
        return;
    }
    let by_two = u64::from(facts.judged_by_two());
    two.engaging += 1;
    two.by_two += by_two;
    match (facts.under_18, facts.vulnerable) {
        (Some(true), _) | (_, Some(true)) => {
            two.flagged += 1;
            two.flagged_by_two += by_two;
        }
        (Some(false), Some(false)) => {}
        _ => two.flags_unsaid += 1,
    }
}

fn count_ages(ages: &mut Ages, facts: &AlertFacts) {
    let Some(under_18) = facts.under_18 else {
        ages.unsaid += 1;
        return;
    };
    let one = |counted: bool| if under_18 { [u64::from(counted), 0] } else { [0, u64::from(counted)] };
    for (counts, more) in [(&mut ages.alerts, one(true)), (&mut ages.engaged, one(facts.engaged()))] {
        for (count, more) in counts.iter_mut().zip(more) {
            *count += more;
        }
    }
}

/// A report that its officer overtook by concluding otherwise is no false alert's.
fn count_causes(record: &mut DeploymentRecord, facts: &AlertFacts) {
    let (causes, primary) = facts.causes();
    for cause in causes {
        *record.causes.entry(cause).or_default() += 1;
    }
    if let Some(primary) = primary {
        *record.primary_causes.entry(primary).or_default() += 1;
    }
}

fn note_conflict(record: &mut DeploymentRecord, alert_id: AlertId, facts: &AlertFacts) {
    let decisions = facts.decisions();
    let kinds: BTreeSet<String> = decisions.iter().map(|(_, _, kind)| format!("{kind:?}")).collect();
    if kinds.len() > 1 {
        record.conflicts.push(Conflict { alert_id, decisions });
    }
}

fn count_truth(record: &mut DeploymentRecord, truth: Truth, verification: Verification) {
    let column = match (truth, verification) {
        (Truth::TrueAlert, Verification::Confirmed) => &mut record.true_confirmed,
        (Truth::TrueAlert, Verification::Unconfirmed) => &mut record.true_unconfirmed,
        (Truth::FalseAlert, Verification::Confirmed) => &mut record.false_confirmed,
        (Truth::FalseAlert, Verification::Unconfirmed) => &mut record.false_unconfirmed,
    };
    *column += 1;
}

/// Counts the stops; says whether the rest of one went with a phone that was given up.
fn count_stops(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    given_up: &mut GivenUp,
    alert_id: AlertId,
    facts: &AlertFacts,
    truth: Option<Truth>,
) -> bool {
    let mut lost = false;
    for ((enrolment_id, engagement_id), stop) in &facts.stops {
        let phone = given_up.get_mut(enrolment_id);
        lost |= phone.is_some() && stop.outcome.is_none();
        let Some(duration) = stop.duration else {
            match phone {
                Some(phone) => phone.stops_open.push(alert_id),
                None => {
                    issues.insert(Issue::StopOpen(alert_id));
                }
            }
            continue;
        };
        let offered = count(stop.receipts.len().min(1));
        let taken = stop.receipts.iter().any(|channel| *channel != ReceiptChannel::Declined);
        record.receipts_offered += offered;
        record.receipts_taken += u64::from(taken);
        count_force(&mut record.practice.force, stop.force);
        record.stops.push(StopSummary {
            alert_id,
            engagement_id: *engagement_id,
            enrolment_id: *enrolment_id,
            duration,
            truth,
        });
    }
    lost
}

fn count_force(force: &mut ForceCounts, stated: Option<ForceUse>) {
    force.answered += u64::from(stated.is_some());
    if let Some(ForceUse::Used { handcuffs, injury }) = stated {
        force.used += 1;
        force.handcuffs += u64::from(handcuffs);
        force.injuries += u64::from(injury);
    }
}

/// One top-level outcome for each confirmed true alert: arrest before other before no action.
fn count_outcome(
    record: &mut DeploymentRecord,
    issues: &mut BTreeSet<Issue>,
    alert_id: AlertId,
    facts: &AlertFacts,
    truth: Option<(Truth, Verification)>,
    lost: bool,
) {
    let arrested = facts.outcomes().any(|outcome| matches!(outcome, Outcome::Arrest { .. }));
    match truth {
        Some((Truth::TrueAlert, Verification::Confirmed)) => {
            if arrested {
                record.arrests += 1;
            } else if facts.outcomes().any(|outcome| matches!(outcome, Outcome::Other(_))) {
                record.other_outcomes += 1;
            } else if facts.outcomes().any(|outcome| matches!(outcome, Outcome::NoAction(_))) {
                record.no_action += 1;
            } else if lost {
                record.outcomes_lost += 1;
            } else {
                issues.insert(Issue::OutcomeMissing(alert_id));
            }
        }
        Some((Truth::FalseAlert, _)) if arrested => record.arrests_on_false_alerts += 1,
        _ if arrested => record.arrests_without_identity += 1,
        _ => {}
    }
}
