//! Whom the record believes, in which order, and what it misses.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers outside of #[test] functions

mod support;

use peel_domain::alert::Thousandths;
use peel_domain::event::{Action, Actor, CoordinationStatus, EventBody};
use peel_domain::id::{EnrolmentId, OfficerId};
use peel_domain::judgement::{Decision, JudgementKind, JudgementValue};
use peel_domain::record::{DeploymentRecord, Issue, Source};
use peel_domain::stop::{FalseAlertCause, IdentityConclusion, NoActionReason, Outcome, Truth, Verification};
use peel_domain::time::{Elapsed, Moment};
use support::trail::*;
use support::*;

use IdentityConclusion::{NotEstablished, NotThePerson, SamePerson};
use JudgementValue::{CannotTell, DifferentPeopleLikely, SamePersonLikely};

fn enrolment(phone: Source) -> EnrolmentId {
    let Source::Device(enrolment_id) = phone else { panic!("no phone") };
    enrolment_id
}

/// True confirmed, true unconfirmed, false confirmed, false unconfirmed.
fn truths(record: &DeploymentRecord) -> [u64; 4] {
    [record.true_confirmed, record.true_unconfirmed, record.false_confirmed, record.false_unconfirmed]
}

/// One alert with a stop whose officer concluded in this order.
fn concluding(conclusions: &[IdentityConclusion], outcome: Outcome) -> Trail {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.judge(PHONE_1, 105_000, 1, SamePersonLikely);
    trail.decide(PHONE_1, 110_000, 1, Decision::Engage);
    trail.contact(PHONE_1, 120_000, 1);
    for (ms, conclusion) in (130_000..).step_by(1_000).zip(conclusions) {
        trail.conclude(PHONE_1, ms, 1, *conclusion);
    }
    trail.phone(PHONE_1, 150_000, 1, Action::OutcomeRecorded(outcome));
    trail.phone(PHONE_1, 160_000, 1, Action::Released { duration: Elapsed { ms: 40_000, uncertainty_ms: 0 } });
    trail
}

#[test]
fn s41_the_last_conclusion_of_a_stop_counts_and_every_one_stays_in_the_trail() {
    let nothing = Outcome::NoAction(NoActionReason::IdentityNotEstablished);
    for (conclusions, outcome, expected) in [
        (&[SamePerson, NotEstablished][..], nothing.clone(), [0, 1, 0, 0]),
        (&[NotThePerson, SamePerson][..], arrest(), [1, 0, 0, 0]),
        (&[SamePerson, NotThePerson][..], Outcome::FalseAlertReleased, [0, 0, 1, 0]),
        (&[NotThePerson, NotEstablished, SamePerson][..], arrest(), [1, 0, 0, 0]),
    ] {
        let record = concluding(conclusions, outcome.clone()).record();
        assert_eq!(record.complete().map(|_| ()), Ok(()), "{conclusions:?}");
        assert_eq!(truths(&record), expected, "{conclusions:?}");
        assert!(record.verified_apart.is_empty(), "one officer corrected themselves");
        let kept = concluding(conclusions, outcome).0;
        let stated = kept.iter().filter(|(_, event)| matches!(event.action, Action::IdentityConcluded(_))).count();
        assert_eq!(stated, conclusions.len(), "a correction is an event of its own");
    }
}

#[test]
fn causes_of_a_false_alert_that_was_none_after_all_are_not_counted() {
    let mut trail = concluding(&[NotThePerson, SamePerson], arrest());
    let primary = FalseAlertCause::HeadAngle;
    let report =
        Action::FalseAlertReported { causes: vec![primary], primary, apology_given: true, follow_up_wanted: false };
    trail.phone(PHONE_1, 130_500, 1, report);
    let record = trail.record();
    assert!(record.causes.is_empty() && record.primary_causes.is_empty());
}

#[test]
fn who_made_no_contact_verified_nothing() {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.conclude(PHONE_1, 120_000, 1, SamePerson);
    assert_eq!(truths(&trail.record()), [0, 1, 0, 0], "a judgement and no more");
}

#[test]
fn a_phone_that_an_alert_was_issued_to_and_that_says_nothing_holds_the_record_up() {
    let mut trail = full(false);
    trail.issue(5, PHONE_2, 7);
    let missing = Issue::PhoneMissing(alert(5), enrolment(PHONE_2));
    assert_eq!(trail.record().issues, [missing].into());
    assert_eq!(missing.alert_id(), Some(alert(5)));
    trail.judge(PHONE_2, 105_000, 5, DifferentPeopleLikely);
    assert_eq!(trail.record().issues, [missing].into(), "it has begun and not ended");
    trail.core(PHONE_1, 300_000, 5, Action::Closed);
    assert_eq!(trail.record().issues, [missing].into(), "another phone's end is not its end");
    trail.core(PHONE_2, 300_000, 5, Action::Closed);
    assert!(trail.record().issues.is_empty());
}

#[test]
fn a_phone_that_was_given_up_is_named_with_what_is_missing_and_holds_nothing_up() {
    let mut trail = full(false);
    trail.issue(5, PHONE_2, 7);
    let given_up =
        |phone, size| Action::PhoneGivenUp { enrolment_id: enrolment(phone), reason: "lost".to_owned(), size };
    // A phone cannot give another up, nor is it one that holds the record up that counts.
    trail.push(PHONE_1, Actor::Gateway, 8_000_000, None, given_up(PHONE_2, 3));
    trail.force(8_000_000, None, given_up(PHONE_1, 9));
    assert_eq!(trail.record().issues, [Issue::PhoneMissing(alert(5), enrolment(PHONE_2))].into());
    trail.force(8_000_000, None, given_up(PHONE_2, 3));
    let record = trail.record();
    assert_eq!(record.complete().map(|_| ()), Ok(()));
    assert!(record.columns().is_ok());
    let phone = record.given_up.iter().find(|phone| phone.enrolment_id == enrolment(PHONE_2)).unwrap();
    assert_eq!((phone.reason.as_str(), phone.size_then, phone.entries_since), ("lost", 3, 0));
    assert_eq!(phone.alerts_missing, [(alert(5), 7)]);
    // It turns up: what it brings counts, and the record says that it did.
    trail.core(PHONE_2, 300_000, 5, Action::Closed);
    let mut builder = trail.builder();
    builder.holds(enrolment(PHONE_2), 5);
    let record = builder.finish();
    let phone = record.given_up.iter().find(|phone| phone.enrolment_id == enrolment(PHONE_2)).unwrap();
    assert_eq!((phone.entries_since, phone.alerts_missing.len()), (2, 0));
    // Given up for another deployment, it is not for this one.
    let mut elsewhere = full(false);
    elsewhere.issue(5, PHONE_2, 7);
    elsewhere.force(8_000_000, None, given_up(PHONE_2, 3));
    elsewhere.0.last_mut().unwrap().1.deployment_id = Some(peel_domain::id::DeploymentId(uuid::Uuid::max()));
    assert_eq!(elsewhere.record().issues.len(), 1);
}

#[test]
fn a_stop_that_went_with_a_phone_is_said_to_be_lost_and_not_made_up() {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.judge(PHONE_1, 105_000, 1, SamePersonLikely);
    trail.decide(PHONE_1, 110_000, 1, Decision::Engage);
    trail.contact(PHONE_1, 120_000, 1);
    trail.conclude(PHONE_1, 130_000, 1, SamePerson);
    trail.issue(1, PHONE_1, 3);
    let open = trail.record().issues;
    assert!(open.contains(&Issue::StopOpen(alert(1))) && open.contains(&Issue::OutcomeMissing(alert(1))), "{open:?}");
    let reason = "destroyed".to_owned();
    trail.force(8_000_000, None, Action::PhoneGivenUp { enrolment_id: enrolment(PHONE_1), reason, size: 5 });
    let record = trail.record();
    assert_eq!(record.complete().map(|_| ()), Ok(()));
    assert_eq!((record.true_confirmed, record.outcomes_lost, record.stops.len()), (1, 1, 0));
    assert_eq!((record.arrests, record.other_outcomes, record.no_action), (0, 0, 0));
    assert_eq!(record.given_up[0].stops_open, [alert(1)]);
}

#[test]
fn a_phone_that_refused_an_alert_or_ended_its_stop_is_not_missing() {
    let mut trail = full(false);
    trail.issue(1, PHONE_1, 3);
    assert!(trail.record().issues.is_empty(), "its stop ended with an outcome");
    trail.issue(5, PHONE_2, 7);
    let refused = |alert_seq| Action::InputRefused { alert_seq, code: "storage.full".to_owned() };
    trail.push(PHONE_2, Actor::Core, 101_000, None, refused(Some(8)));
    trail.push(PHONE_2, Actor::Core, 101_000, None, refused(None));
    trail.push(PHONE_1, Actor::Core, 101_000, None, refused(Some(7)));
    assert_eq!(trail.record().issues.len(), 1, "another number, and another phone");
    trail.push(PHONE_2, Actor::Core, 101_000, None, refused(Some(7)));
    // A phone that has left the deployment refuses outside of it.
    trail.0.last_mut().unwrap().1.deployment_id = None;
    assert!(trail.record().issues.is_empty());
}

#[test]
fn a_phone_is_not_believed_about_what_others_did() {
    let supervisor = Actor::Supervisor(OfficerId::new("S-1").unwrap());
    let operator = Actor::Operator(OfficerId::new("O-1").unwrap());
    let truth = Truth::TrueAlert;
    let said = |verification| Action::TruthRecorded { truth, verification };
    let adjudicated = Action::Judged {
        kind: JudgementKind::OperatorAdjudication,
        value: SamePersonLikely,
        look: None,
        saw_before: vec![],
    };
    let marked = Action::MarkedDuplicate { of: alert(6) };
    for (source, actor, action) in [
        (PHONE_1, supervisor.clone(), said(Verification::Unconfirmed)),
        (PHONE_1, supervisor, said(Verification::Confirmed)),
        (PHONE_1, operator.clone(), adjudicated.clone()),
        (PHONE_1, officer_actor("PC-1"), adjudicated.clone()),
        (PHONE_1, Actor::Core, said(Verification::Confirmed)),
        (PHONE_1, operator, marked.clone()),
        (PHONE_1, Actor::Gateway, marked),
        (PHONE_1, Actor::Desk, Action::Closed),
        (Source::Events, officer_actor("PC-1"), said(Verification::Confirmed)),
        (Source::Events, Actor::Gateway, adjudicated),
    ] {
        let mut trail = Trail::of(false);
        trail.ingest(1, false);
        trail.push(source, actor.clone(), 8_000_000, Some(alert(1)), action.clone());
        let expected = [Issue::TruthMissing(alert(1)), Issue::WrongActor(alert(1)), Issue::TruthDoesNotAddUp];
        let record = trail.record();
        assert_eq!(record.issues, expected.into(), "{actor:?} {action:?}");
        assert_eq!((record.total_alerts, record.duplicates), (1, 0));
    }
}

#[test]
fn a_phone_may_tell_what_it_was_told_and_it_changes_nothing() {
    let mut trail = full(false);
    let expected = trail.record();
    let withdrawn = Action::Withdrawn { judged_false: false, after_contact: false };
    let officer_id = OfficerId::new("PC-2").unwrap();
    let told = Action::Coordination { officer_id, status: CoordinationStatus::Judged };
    for action in [withdrawn, told] {
        trail.push(PHONE_1, Actor::Gateway, 106_000, Some(alert(5)), action);
    }
    assert_eq!(trail.record(), expected);
}

#[test]
fn a_phone_cannot_change_another_phones_stop() {
    let mut trail = full(false);
    // The same stop's identifier, claimed by another phone.
    trail.contact(PHONE_2, 180_000, 1);
    trail.phone(PHONE_2, 190_000, 1, Action::Released { duration: Elapsed { ms: 1, uncertainty_ms: 0 } });
    let record = trail.record();
    let of_first = record.stops.iter().find(|stop| stop.enrolment_id == enrolment(PHONE_1));
    assert_eq!(of_first.map(|stop| stop.duration.ms), Some(120_000));
}

#[test]
fn the_last_human_judgement_comes_before_the_supervisor() {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.judge(PHONE_1, 105_000, 1, SamePersonLikely);
    trail.debrief(1, Truth::FalseAlert);
    assert_eq!(truths(&trail.record()), [0, 1, 0, 0]);
    trail.judge(PHONE_1, 106_000, 1, CannotTell);
    assert_eq!(truths(&trail.record()), [0, 0, 0, 1], "who cannot tell any more has left it to the supervisor");
}

#[test]
fn within_a_log_the_logs_order_counts_and_not_its_clock() {
    let mut trail = Trail::of(false);
    trail.ingest(1, false);
    trail.judge(PHONE_1, 105_000, 1, SamePersonLikely);
    // The clock was set back in between.
    trail.judge(PHONE_1, 5_000, 1, DifferentPeopleLikely);
    assert_eq!(truths(&trail.record()), [0, 0, 0, 1]);
}

#[test]
fn between_logs_the_later_judgement_counts_if_the_clocks_can_tell_else_the_supervisor() {
    let two = |first_ms, second_ms| {
        let mut trail = Trail::of(false);
        trail.ingest(1, false);
        trail.judge(PHONE_1, first_ms, 1, SamePersonLikely);
        trail.judge(PHONE_2, second_ms, 1, DifferentPeopleLikely);
        trail
    };
    // Each clock may be wrong by half a second.
    assert_eq!(truths(&two(105_000, 106_001).record()), [0, 0, 0, 1]);
    assert_eq!(truths(&two(106_001, 105_000).record()), [0, 1, 0, 0]);
    let mut close = two(105_000, 106_000);
    assert!(close.record().issues.contains(&Issue::TruthMissing(alert(1))));
    close.debrief(1, Truth::TrueAlert);
    assert_eq!(truths(&close.record()), [0, 1, 0, 0]);
    close.0.reverse();
    assert_eq!(truths(&close.record()), [0, 1, 0, 0], "and the order of the logs does not matter");
}

#[test]
fn the_deployments_hours_are_in_the_order_of_the_log() {
    let mut trail = full(false);
    let set_back = |event: &mut EventBody| event.at = Moment { utc_ms: START_MS - 1, ..event.at };
    let ended = peel_domain::deployment::DeploymentState::Ended;
    trail.force(7_400_000, None, Action::DeploymentStateChanged { state: ended });
    set_back(&mut trail.0.last_mut().unwrap().1);
    assert_eq!(trail.record().ended_ms, Some(START_MS - 1));
}

#[test]
fn the_threshold_is_the_lowest_that_any_alert_was_raised_at() {
    let mut trail = full(false);
    assert_eq!(trail.record().columns().unwrap()[5], "0.64");
    let raised = trail.0.iter_mut().find_map(|(_, event)| match &mut event.action {
        Action::AlertIngested { threshold, .. } => Some(threshold),
        _ => None,
    });
    *raised.unwrap() = Some(Thousandths(605));
    assert_eq!(trail.record().columns().unwrap()[5], "0.605");
}
