//! The deployment's record from events of several logs.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use peel_domain::event::{Action, Actor, DeletionReason, MediaClass, MediaDeleted};
use peel_domain::id::{CameraId, EngagementId, MediaId};
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, SkipReason};
use peel_domain::record::{COLUMNS, Issue, RecordError, Source};
use peel_domain::stop::{FalseAlertCause, IdentityConclusion, LegalFooting, OtherOutcome, Outcome, Truth};
use peel_domain::time::Elapsed;
use peel_domain::workflow::DecisionKind;
use support::trail::*;
use support::*;

#[test]
fn the_sixteen_columns_come_out_of_the_trail() {
    let record = full(false).record();
    assert_eq!(record.complete().map(|_| ()), Ok(()));
    let cells = record.columns().unwrap();
    let expected = [
        "High Street, by the clock",
        "2026-05-01",
        "02:02",
        "crime hotspot",
        "12345",
        "0.64",
        "7",
        "3",
        "1",
        "1",
        "2",
        "0.0250%; per face 3/12000 = 0.025% (95% 0.0085% to 0.073%); per alert 3/7 = 43% (95% 16% to 75%)",
        "1",
        "1",
        "1",
        "12000",
    ];
    assert_eq!(cells, expected);
    let csv = record.to_csv().unwrap();
    let mut lines = csv.split("\r\n");
    assert_eq!(lines.next().map(|line| line.split(',').count()), Some(COLUMNS.len()));
    assert!(lines.next().unwrap().starts_with("\"High Street, by the clock\",2026-05-01,"));
}

#[test]
fn what_does_not_count_stands_apart() {
    let record = full(false).record();
    let apart = (record.duplicates, record.technical_withdrawals, record.test_subjects);
    assert_eq!((record.total_alerts, apart), (7, (1, 1, 1)));
    assert_eq!((record.engagements, record.stops.len()), (4, 4));
    assert_eq!((record.receipts_offered, record.receipts_taken), (4, 4));
    assert_eq!(record.causes.len(), 2);
    assert_eq!(record.primary_causes.get(&FalseAlertCause::HeadAngle), Some(&1));
}

#[test]
fn an_exercise_is_marked_wherever_it_is_written() {
    let cells = full(true).record().columns().unwrap();
    assert_eq!(cells[0], "EXERCISE: High Street, by the clock");
}

#[test]
fn the_order_of_the_logs_does_not_matter() {
    let trail = full(false);
    let expected = trail.record();
    let mut shuffled = Trail(trail.0);
    shuffled.0.sort_by_key(|(source, _)| std::cmp::Reverse(*source));
    assert_eq!(shuffled.record(), expected);
}

#[test]
fn a_counted_alert_without_truth_makes_the_record_incomplete() {
    let mut trail = full(false);
    trail.ingest(11, false);
    trail.judge(PHONE_1, 105_000, 11, JudgementValue::CannotTell);
    let record = trail.record();
    let Err(RecordError::Incomplete(issues)) = record.to_csv() else { panic!("published a hole") };
    assert!(issues.contains(&Issue::TruthMissing(alert(11))));
    trail.debrief(11, Truth::FalseAlert);
    assert_eq!(trail.record().false_unconfirmed, 3);
    assert!(trail.record().to_csv().is_ok());
}

#[test]
fn holes_are_named() {
    let mut trail = full(false);
    trail.ingest(11, false);
    trail.stop(PHONE_1, 11, Some(Truth::TrueAlert), 2, None);
    trail.ingest(12, false);
    let engagement_id = EngagementId(uuid(2_012));
    let footing = LegalFooting::VoluntaryConversation;
    trail.judge(PHONE_1, 104_000, 12, JudgementValue::SamePersonLikely);
    trail.phone(PHONE_1, 120_000, 12, Action::ContactMade { engagement_id, footing });
    trail.judge(PHONE_1, 105_000, 13, JudgementValue::SamePersonLikely);
    let issues = trail.record().issues;
    for issue in [
        Issue::OutcomeMissing(alert(11)),
        Issue::OutcomesDoNotAddUp,
        Issue::StopOpen(alert(12)),
        Issue::UnknownAlert(alert(13)),
    ] {
        assert!(issues.contains(&issue), "{issue:?}");
    }
    assert_eq!(Trail(Vec::new()).record().issues, [Issue::NoCard, Issue::NotEnded].into());
}

#[test]
fn conflicting_decisions_all_stay_and_are_listed() {
    let mut trail = full(false);
    trail.decide(PHONE_2, 108_000, 1, Decision::DoNotEngage(vec![NoEngagementReason::CannotTell]));
    let record = trail.record();
    assert_eq!(record.conflicts.len(), 1);
    let kinds: Vec<DecisionKind> = record.conflicts[0].decisions.iter().map(|(_, _, kind)| *kind).collect();
    assert_eq!(kinds, [DecisionKind::Engage, DecisionKind::DoNotEngage]);
    assert_eq!(record.engagements, 4, "any engagement makes the alert engaged");
    assert!(record.to_csv().is_ok());
}

#[test]
fn one_outcome_counts_for_an_alert_and_arrests_come_first() {
    let mut trail = full(false);
    let other = Outcome::Other(OtherOutcome::Referral);
    trail.0.retain(|(_, event)| event.alert_id != Some(alert(3)) || !matches!(event.action, Action::Decided { .. }));
    let engagement_id = EngagementId(uuid(3_001));
    let footing = LegalFooting::VoluntaryConversation;
    trail.phone(PHONE_2, 200_000, 1, Action::ContactMade { engagement_id, footing });
    trail.phone(PHONE_2, 201_000, 1, Action::OutcomeRecorded(other));
    trail.phone(PHONE_2, 202_000, 1, Action::Released { duration: Elapsed { ms: 1, uncertainty_ms: 0 } });
    let record = trail.record();
    assert_eq!((record.arrests, record.other_outcomes, record.no_action), (1, 1, 1));
}

#[test]
fn an_arrest_on_a_false_alert_is_counted_apart() {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.stop(PHONE_1, 1, Some(Truth::FalseAlert), 2, Some(arrest()));
    let record = trail.record();
    assert_eq!((record.arrests, record.arrests_on_false_alerts, record.false_confirmed), (0, 1, 1));
    assert!(record.to_csv().is_ok());
}

#[test]
fn two_phones_that_verify_opposite_truths_hold_the_record_up() {
    let mut trail = full(false);
    trail.contact(PHONE_2, 190_000, 1);
    trail.conclude(PHONE_2, 200_000, 1, IdentityConclusion::NotThePerson);
    trail.phone(PHONE_2, 210_000, 1, Action::OutcomeRecorded(Outcome::FalseAlertReleased));
    trail.phone(PHONE_2, 220_000, 1, Action::Released { duration: Elapsed { ms: 1, uncertainty_ms: 0 } });
    assert!(trail.record().issues.contains(&Issue::TruthContradictory(alert(1))));
    trail.debrief(1, Truth::TrueAlert);
    let record = trail.record();
    assert_eq!(record.complete().map(|_| ()), Ok(()), "the supervisor settles it");
    assert_eq!((record.true_confirmed, record.verified_apart.as_slice()), (3, [alert(1)].as_slice()));
}

#[test]
fn s02_decisions_that_claim_no_officer_are_left_out_and_named() {
    let mut trail = full(false);
    let decision = Decision::Engage;
    let forged = Action::Decided { decision, note: None, officer_signature: None };
    trail.push(PHONE_1, Actor::Core, 300_000, Some(alert(5)), forged.clone());
    trail.push(Source::Events, Actor::Desk, 300_000, Some(alert(6)), forged);
    let record = trail.record();
    assert!(record.conflicts.is_empty());
    assert!(record.issues.contains(&Issue::WrongActor(alert(5))));
    assert!(record.issues.contains(&Issue::WrongActor(alert(6))));
}

#[test]
fn s52_a_long_stop_on_a_false_alert_raises_a_review() {
    let review = full(false).record().stops_to_review(&policy());
    assert_eq!(review.iter().map(|stop| stop.alert_id).collect::<Vec<_>>(), [alert(4)]);
}

#[test]
fn s06_skips_above_a_fifth_raise_a_review() {
    let mut trail = Trail::of(false);
    for number in 1..=5 {
        trail.ingest(number, false);
        if number == 1 {
            trail.phone(PHONE_1, 1, number, Action::JudgementSkipped { reason: SkipReason::PersonIsHere });
        } else {
            trail.judge(PHONE_1, 1, number, JudgementValue::SamePersonLikely);
        }
    }
    assert!(trail.record().skips_to_review(&policy()).is_empty(), "one in five is not above a fifth");
    trail.phone(PHONE_1, 2, 2, Action::JudgementSkipped { reason: SkipReason::PersonIsHere });
    assert_eq!(trail.record().skips_to_review(&policy()).len(), 1);
}

#[test]
fn s29_images_without_a_deletion_receipt_are_counted() {
    let mut trail = full(false);
    let stored = |number| peel_domain::event::MediaCommitment {
        media_id: MediaId(uuid(number)),
        class: MediaClass::Probe,
        commitment: [1; 32],
        masked_faces: 0,
    };
    let received = Action::AlertReceived {
        alert_seq: 1,
        camera_id: CameraId::new("cam-1").unwrap(),
        captured_at_ms: START_MS,
        media: vec![stored(10), stored(11)],
    };
    trail.push(PHONE_1, Actor::Core, 101_000, Some(alert(5)), received);
    let deleted = MediaDeleted {
        media_id: MediaId(uuid(10)),
        class: MediaClass::Probe,
        commitment: [1; 32],
        reason: DeletionReason::AlertClosed,
    };
    trail.push(PHONE_1, Actor::Core, 400_000, Some(alert(5)), Action::MediaDeleted(deleted));
    let record = trail.record();
    assert_eq!((record.deletion_receipts, record.media_without_receipt), (1, 1));
    assert_eq!(record.open_on.len(), 1);
}

#[test]
fn events_of_another_deployment_change_nothing() {
    let mut trail = full(false);
    let expected = trail.record();
    let (_, mut foreign) = trail.0.last().unwrap().clone();
    foreign.deployment_id = Some(peel_domain::id::DeploymentId(uuid(404)));
    foreign.alert_id = Some(alert(50));
    trail.0.push((PHONE_2, foreign));
    assert_eq!(trail.record(), expected);
}
