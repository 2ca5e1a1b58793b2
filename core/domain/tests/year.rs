//! The year's report: sums of its deployments, and nothing else in it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test] functions

mod support;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use peel_domain::event::{Action, Actor};
use peel_domain::id::DeploymentId;
use peel_domain::record::{DeploymentRecord, Issue, Period, RecordsBuilder, Source, YearError, YearReport};
use peel_domain::stop::Truth;
use support::trail::*;
use support::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn year() -> Period {
    Period::new(day(2026, 1, 1), day(2026, 12, 31)).unwrap()
}

/// A trail as another deployment's, so many days later.
fn moved(mut trail: Trail, number: u128, days: i64) -> Trail {
    for (_, event) in &mut trail.0 {
        event.deployment_id = Some(DeploymentId(uuid(number)));
        event.at.utc_ms += days * 86_400_000;
        if let Action::DeploymentCreated(card) = &mut event.action {
            card.deployment_id = DeploymentId(uuid(number));
            card.watchlist_size = u32::try_from(number).unwrap() * 1_000;
        }
    }
    trail
}

fn records(trails: &[Trail]) -> Vec<DeploymentRecord> {
    let mut builder = RecordsBuilder::default();
    for (source, event) in trails.iter().flat_map(|trail| &trail.0) {
        builder.add(*source, event);
    }
    builder.finish()
}

fn report(trails: &[Trail]) -> Result<YearReport, YearError> {
    YearReport::new(year(), &records(trails), &BTreeSet::new(), &policy())
}

#[test]
fn the_years_numbers_are_the_sums_of_its_deployments() {
    let mut alone = full(false);
    alone.ingest(20, false);
    alone.debrief(20, Truth::FalseAlert);
    let found = report(&[moved(full(false), 7, 3), moved(alone, 8, 1), moved(full(false), 9, 2)]).unwrap();
    assert_eq!(found.deployments.len(), 3);
    let sizes: Vec<_> = found.deployments.iter().map(|export| export.setting.watchlist_size.unwrap()).collect();
    assert_eq!(sizes, [8_000, 9_000, 7_000], "in the order of their beginnings");
    let counts = found.published.counts;
    assert_eq!((counts.deployments, counts.alerts, counts.faces_seen), (3, 22, Some(36_000)));
    assert_eq!(
        (counts.true_confirmed, counts.true_unconfirmed, counts.false_confirmed, counts.false_unconfirmed),
        (9, 3, 3, 7)
    );
    assert_eq!((counts.arrests, counts.other_outcomes, counts.no_action), (3, 3, 3));
    assert_eq!(found.published.stops_on_false_alerts.seconds, [360, 360, 360]);
    assert_eq!(found.watchlist_sizes, Some([7_000, 8_000, 9_000]));
    let [per_face, per_alert] = found.published.false_alert_rates.both();
    assert_eq!(per_face.map(|rate| (rate.numerator(), rate.denominator())), Some((10, 36_000)));
    assert_eq!(per_alert.map(|rate| (rate.numerator(), rate.denominator())), Some((10, 22)));
    let hours = found.published.measures.arrests_per_hour.unwrap();
    assert!((hours.units() - 3.0 * 7_320.0 / 3_600.0).abs() < 1e-12 && hours.count() == 3);
}

#[test]
fn one_deployment_without_an_estimate_of_faces_leaves_the_rate_per_face_unstated() {
    let mut unknown = moved(full(false), 8, 1);
    unknown.0.retain(|(_, event)| !matches!(event.action, Action::FacesSeenEstimated { .. }));
    let found = report(&[moved(full(false), 7, 0), unknown]).unwrap();
    assert_eq!(found.published.counts.faces_seen, None);
    let [per_face, per_alert] = found.published.false_alert_rates.both();
    assert!(per_face.is_none() && per_alert.is_some() && found.published.measures.alert_rate.is_none());
}

#[test]
fn an_exercise_is_in_no_number() {
    let found = report(&[moved(full(false), 7, 0), moved(full(true), 8, 1)]).unwrap();
    assert_eq!((found.exercises, found.published.counts.deployments, found.published.counts.alerts), (1, 1, 7));
}

#[test]
fn everything_that_is_wrong_is_listed_at_once() {
    let mut hole = full(false);
    hole.ingest(20, false);
    hole.ingest(21, false);
    let mut other = full(false);
    other.0.retain(|(_, event)| !matches!(event.action, Action::DeploymentStateChanged { .. }));
    let found = report(&[moved(full(false), 7, 0), moved(hole, 8, 0), moved(other, 9, 0)]);
    let Err(YearError::Incomplete(findings)) = found else { panic!("{found:?}") };
    let listed: Vec<_> = findings.iter().map(|finding| (finding.deployment_id, finding.issue)).collect();
    let [eight, nine] = [8, 9].map(|number| DeploymentId(uuid(number)));
    let expected = [
        (nine, Issue::NotEnded),
        (eight, Issue::TruthMissing(alert(20))),
        (eight, Issue::TruthMissing(alert(21))),
        (eight, Issue::TruthDoesNotAddUp),
    ];
    assert_eq!(listed, expected);
}

#[test]
fn a_deployment_of_another_period_or_twice_is_refused_and_one_that_is_left_out_is_named() {
    let outside = report(&[moved(full(false), 7, 0), moved(full(false), 8, 300)]);
    assert_eq!(outside, Err(YearError::OutsidePeriod(vec![DeploymentId(uuid(8))])));
    let mut twice = records(&[moved(full(false), 7, 0)]);
    twice.extend(twice.clone());
    let none = BTreeSet::new();
    assert_eq!(YearReport::new(year(), &twice, &none, &policy()), Err(YearError::Twice(vec![DeploymentId(uuid(7))])));
    assert_eq!(report(&[]), Err(YearError::Empty));
    let mut hole = full(false);
    hole.ingest(20, false);
    let records = records(&[moved(full(false), 7, 0), moved(hole, 8, 0)]);
    let out = BTreeSet::from([DeploymentId(uuid(8))]);
    let found = YearReport::new(year(), &records, &out, &policy()).unwrap();
    assert_eq!(
        (found.left_out.as_slice(), found.published.counts.deployments),
        ([DeploymentId(uuid(8))].as_slice(), 1)
    );
}

#[test]
fn a_period_holds_its_first_and_its_last_day() {
    let period = Period::new(day(2026, 5, 1), day(2026, 5, 1)).unwrap();
    let midnight = 1_777_593_600_000;
    assert!(period.holds(midnight) && period.holds(midnight + 86_399_999));
    assert!(!period.holds(midnight - 1) && !period.holds(midnight + 86_400_000));
    assert_eq!(Period::new(day(2026, 5, 2), day(2026, 5, 1)), None);
}

#[test]
fn one_reading_gives_the_records_that_readings_one_by_one_give() {
    let mut first = moved(full(false), 7, 0);
    first.0.push(first.0[0].clone());
    let second = moved(full(false), 8, 1);
    let mut refused = second.0[5].clone();
    (refused.0, refused.1.actor) = (PHONE_2, Actor::Core);
    (refused.1.deployment_id, refused.1.alert_id) = (None, None);
    refused.1.action = Action::InputRefused { alert_seq: Some(7), code: "storage.full".to_owned() };
    let mut issued = Trail(second.0);
    issued.issue(5, PHONE_2, 7);
    issued.0.last_mut().unwrap().1.deployment_id = Some(DeploymentId(uuid(8)));
    issued.0.push(refused);
    let trails = [first, issued];
    let together = records(&trails);
    for (number, record) in [7, 8].into_iter().zip(&together) {
        let mut alone = peel_domain::record::RecordBuilder::new(DeploymentId(uuid(number)));
        for (source, event) in trails.iter().flat_map(|trail| &trail.0) {
            alone.add(*source, event);
        }
        assert_eq!(alone.finish(), *record);
        assert!(record.issues.is_empty(), "{:?}", record.issues);
    }
    assert!(matches!(trails[1].0.last(), Some((Source::Device(_), _))));
}

#[test]
fn s58_the_years_report_has_no_person_officer_phone_alert_or_clock_time() {
    let trails = [moved(full(false), 7, 0), moved(full(false), 8, 1)];
    let text = serde_json::to_string(&report(&trails).unwrap()).unwrap();
    for (_, event) in trails.iter().flat_map(|trail| &trail.0) {
        assert!(!event.alert_id.is_some_and(|id| text.contains(&id.to_string())));
        assert!(!text.contains(&event.at.utc_ms.to_string()));
    }
    for canary in ["PC-1", "PC-2", "cam-1", &uuid(101).to_string(), &uuid(2_001).to_string()] {
        assert!(!text.contains(canary), "{canary}");
    }
}
