//! What is published of one record, and of several by the same sums.

use std::collections::{BTreeMap, BTreeSet};

use crate::ethnicity::EthnicGroup;
use crate::policy::{Policy, TwoPersonRule};
use crate::record::export::{
    Apart, BlindJudgements, Cause, Deletions, Published, Receipts, TestSubjects, TwoPersonCompliance,
};
use crate::record::practice::{BlindShift, ForceCounts, HumanValue, TwoPersons, Walks};
use crate::record::rates::{Counts, Measures};
use crate::record::stops::StopLengths;
use crate::record::summary::DeploymentRecord;
use crate::record::tables::{AgeTable, GroupTable, walk_rows};
use crate::statistics::{FalseAlertRates, Rate};
use crate::stop::{FalseAlertCause, Truth};

/// Tables that are kept back in parts, each by its own rule.
pub(super) struct Tables {
    pub(super) ages: AgeTable,
    pub(super) by_ethnicity: GroupTable,
}

impl Published {
    /// Of one record or of several.
    pub(super) fn new(records: &[&DeploymentRecord], policy: &Policy, tables: Tables) -> Self {
        let sum =
            |of: fn(&DeploymentRecord) -> u64| records.iter().fold(0_u64, |sum, record| sum.saturating_add(of(record)));
        let counts = Counts::of(records);
        let on_false =
            records.iter().flat_map(|record| &record.stops).filter(|stop| stop.truth == Some(Truth::FalseAlert));
        let (by_group, all) = walk_rows(&summed_walks(records));
        Self {
            counts,
            false_alert_rates: FalseAlertRates::new(counts.false_alerts(), counts.alerts, counts.faces_seen),
            measures: Measures::of(&counts, sum(|record| record.practice.stale_true_alerts), records),
            apart: Apart {
                duplicates: sum(|record| record.duplicates),
                technical_withdrawals: sum(|record| record.technical_withdrawals),
                test_subjects: sum(|record| record.test_subjects),
                stale_true_alerts: sum(|record| record.practice.stale_true_alerts),
                arrests_on_false_alerts: sum(|record| record.arrests_on_false_alerts),
                arrests_without_identity: sum(|record| record.arrests_without_identity),
                outcomes_lost: sum(|record| record.outcomes_lost),
                phones_given_up: sum(|record| u64::try_from(record.given_up.len()).unwrap_or(u64::MAX)),
            },
            stops_on_false_alerts: StopLengths::from_ms(on_false.map(|stop| stop.duration.ms)),
            stops_to_review: records
                .iter()
                .map(|record| u64::try_from(record.stops_to_review(policy).len()).unwrap_or(u64::MAX))
                .sum(),
            apologies: sum(|record| record.practice.apologies),
            causes: causes(records),
            human_value: summed_human_value(records),
            blind: blind(records, policy),
            two_persons: two_persons(records, policy.judgement.two_person),
            force: ForceCounts {
                answered: sum(|record| record.practice.force.answered),
                used: sum(|record| record.practice.force.used),
                handcuffs: sum(|record| record.practice.force.handcuffs),
                injuries: sum(|record| record.practice.force.injuries),
            },
            receipts: Receipts {
                offered: Rate::new(counts.receipts_offered, counts.stops).ok(),
                taken: Rate::new(counts.receipts_taken, counts.receipts_offered).ok(),
            },
            deletions: Deletions {
                with_receipt: sum(|record| record.deletion_receipts),
                without_receipt: sum(|record| record.media_without_receipt),
                evidence_holds: sum(|record| record.evidence_holds),
            },
            ages: tables.ages,
            by_ethnicity: tables.by_ethnicity,
            test_subjects: TestSubjects { by_group, all },
            phone_software: distinct(records.iter().flat_map(|record| &record.practice.software)),
            models: distinct(records.iter().flat_map(|record| &record.practice.models)),
        }
    }
}

fn distinct<'a, T: Ord + Clone + 'a>(all: impl Iterator<Item = &'a T>) -> Vec<T> {
    all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn summed_walks(records: &[&DeploymentRecord]) -> BTreeMap<EthnicGroup, Walks> {
    let mut walks = BTreeMap::new();
    for (group, more) in records.iter().flat_map(|record| &record.practice.walks) {
        let sum: &mut Walks = walks.entry(*group).or_default();
        sum.passes = sum.passes.saturating_add(more.passes);
        sum.recognised = sum.recognised.saturating_add(more.recognised);
    }
    walks
}

fn summed_human_value(records: &[&DeploymentRecord]) -> HumanValue {
    records.iter().fold(HumanValue::default(), |sum, record| sum.and(record.practice.human_value))
}

fn causes(records: &[&DeploymentRecord]) -> Vec<Cause> {
    let mut found = BTreeMap::<FalseAlertCause, (u64, u64)>::new();
    for record in records {
        for (cause, cases) in &record.causes {
            found.entry(*cause).or_default().0 += cases;
        }
        for (cause, cases) in &record.primary_causes {
            found.entry(*cause).or_default().1 += cases;
        }
    }
    let cause =
        |(cause, (cases, primary)): (FalseAlertCause, (u64, u64))| Cause { code: cause.code(), cause, cases, primary };
    found.into_iter().map(cause).collect()
}

fn blind(records: &[&DeploymentRecord], policy: &Policy) -> BlindJudgements {
    let officers = || records.iter().flat_map(|record| record.officers.values());
    let (judged, skipped) = officers()
        .fold((0, 0), |(judged, skipped), officer| (judged + officer.judged_blind, skipped + officer.skipped));
    let shift = records.iter().fold(BlindShift::default(), |sum, record| BlindShift {
        judged_again: sum.judged_again + record.practice.blind_shift.judged_again,
        now_same: sum.now_same + record.practice.blind_shift.now_same,
    });
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    BlindJudgements {
        skipped: Rate::new(skipped, judged + skipped).ok(),
        officers: number(officers().count()),
        officers_to_review: number(records.iter().map(|record| record.skips_to_review(policy).len()).sum()),
        review_above_percent: policy.judgement.skip_review_percent,
        shift,
    }
}

fn two_persons(records: &[&DeploymentRecord], rule: TwoPersonRule) -> TwoPersonCompliance {
    let of =
        |of: fn(&TwoPersons) -> u64| -> u64 { records.iter().map(|record| of(&record.practice.two_persons)).sum() };
    let (engaging, by_two) = (of(|two| two.engaging), of(|two| two.by_two));
    let by_two = Rate::new(by_two, engaging).ok();
    let (where_asked, unsaid) = match rule {
        TwoPersonRule::Off => (None, 0),
        TwoPersonRule::Always => (by_two, 0),
        TwoPersonRule::UnderEighteenOrVulnerable => {
            (Rate::new(of(|two| two.flagged_by_two), of(|two| two.flagged)).ok(), of(|two| two.flags_unsaid))
        }
    };
    TwoPersonCompliance { rule, by_two, where_asked, unsaid }
}
