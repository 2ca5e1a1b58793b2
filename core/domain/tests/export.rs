//! What is published of a deployment beside its 16 columns, and what is not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test] functions

mod support;

use peel_domain::alert::Thousandths;
use peel_domain::deployment::{Camera, CameraKind, DeploymentState, Role};
use peel_domain::ethnicity::{EthnicGroup, EthnicityCode, NotStated, SelfDefined};
use peel_domain::event::{Action, Actor, Band, ComparisonRecord, CoordinationStatus};
use peel_domain::id::{CameraId, OfficerId};
use peel_domain::judgement::{Decision, JudgementKind, JudgementValue, NoEngagementReason, SkipReason};
use peel_domain::permit::ComparisonPurpose;
use peel_domain::policy::TwoPersonRule;
use peel_domain::record::{Issue, PublicExport, Source};
use peel_domain::statistics::Shown;
use peel_domain::stop::{ForceUse, Outcome, Truth};
use serde_json::Value;
use support::trail::*;
use support::*;

use JudgementValue::{CannotTell, DifferentPeopleLikely, SamePersonLikely};

fn export(trail: &Trail) -> PublicExport {
    trail.record().export(&policy()).unwrap()
}

fn supervisor() -> Actor {
    Actor::Supervisor(OfficerId::new("S-1").unwrap())
}

fn judge_again(trail: &mut Trail, source: Source, number: u128, value: JudgementValue) {
    let action = Action::Judged { kind: JudgementKind::Revealed, value, look: None, saw_before: vec![] };
    trail.phone(source, 109_000, number, action);
}

fn tell(trail: &mut Trail, source: Source, number: u128, officer: &str) {
    let told =
        Action::Coordination { officer_id: OfficerId::new(officer).unwrap(), status: CoordinationStatus::Judged };
    trail.push(source, Actor::Gateway, 109_000, Some(alert(number)), told);
}

/// `count` stops on alerts from `first` on, whose people said that they are of this group.
fn stops(trail: &mut Trail, first: u128, count: u128, truth: Truth, code: EthnicityCode) {
    for number in first..first + count {
        trail.ingest(number, false);
        let outcome = if truth == Truth::TrueAlert { arrest() } else { Outcome::FalseAlertReleased };
        trail.stop(PHONE_1, number, Some(truth), 3, Some(outcome));
        trail.phone(PHONE_1, 155_000, number, Action::EthnicityStated(SelfDefined::Code(code)));
    }
}

#[test]
fn s43_threshold_watchlist_size_cameras_and_duration_are_in_the_export() {
    let mut trail = full(false);
    let camera = |kind| Camera {
        camera_id: CameraId::new("cam-1").unwrap(),
        name: "North corner".to_owned(),
        kind,
        view_bearing_deg: 10,
        latitude_udeg: 51_500_000,
        longitude_udeg: -120_000,
    };
    for (_, event) in &mut trail.0 {
        if let Action::DeploymentCreated(card) = &mut event.action {
            card.cameras = vec![camera(CameraKind::Van), camera(CameraKind::Van), camera(CameraKind::Static)];
        }
    }
    let raised = trail.0.iter_mut().filter_map(|(_, event)| match &mut event.action {
        Action::AlertIngested { threshold, .. } => Some(threshold),
        _ => None,
    });
    for threshold in raised.skip(4).take(2) {
        *threshold = Some(Thousandths(600));
    }
    trail.force(1_000_000, None, Action::DeploymentStateChanged { state: DeploymentState::Paused });
    trail.force(1_600_000, None, Action::DeploymentStateChanged { state: DeploymentState::Live });
    let ended = trail.0.remove(2);
    trail.0.push(ended);
    let setting = export(&trail).setting;
    assert_eq!((setting.threshold, setting.watchlist_size), (Some(640), Some(12_345)));
    let changes: Vec<(u16, u16)> = setting.threshold_changes.iter().map(|change| (change.from, change.to)).collect();
    assert_eq!(changes, [(640, 600), (600, 640)], "there and back are two changes");
    assert_eq!((setting.cameras.van, setting.cameras.r#static, setting.cameras.other), (2, 1, 0));
    assert_eq!((setting.duration_minutes, setting.live_minutes), (Some(122), Some(112)), "a pause is not live");
    assert_eq!(setting.algorithm.as_deref(), Some("vendor, name, 1.0"));
}

#[test]
fn the_columns_and_what_stands_beside_them_agree() {
    let export = export(&full(false));
    let cell = |name: &str| export.columns.iter().find(|column| column.column == name).unwrap().value.clone();
    assert_eq!(export.columns.len(), 16);
    let (counts, apart) = (export.published.counts, export.published.apart);
    assert_eq!(cell("Total Alerts"), counts.alerts.to_string());
    assert_eq!(cell("Outcome - Arrest"), counts.arrests.to_string());
    assert_eq!((counts.engaged, counts.engaged_false, counts.stops), (4, 1, 4));
    assert_eq!((apart.duplicates, apart.technical_withdrawals, apart.test_subjects), (1, 1, 1));
    let lengths = &export.published.stops_on_false_alerts;
    assert_eq!((lengths.seconds.as_slice(), lengths.over_5_minutes), ([360].as_slice(), 1));
    let codes: Vec<(&str, u64, u64)> =
        export.published.causes.iter().map(|cause| (cause.code, cause.cases, cause.primary)).collect();
    assert_eq!(codes, [("L1", 1, 0), ("P1", 1, 1)]);
    assert_eq!(export.published.apologies, 1);
    assert!(Trail::of(false).record().export(&policy()).is_ok());
    assert!(Trail(vec![]).record().export(&policy()).is_err(), "what has holes is not published");
}

#[test]
fn s52_long_stops_on_false_alerts_are_counted_for_review_in_the_export() {
    assert_eq!(export(&full(false)).published.stops_to_review, 1);
}

#[test]
fn s06_officers_who_put_off_too_often_are_counted_in_the_export_and_not_named() {
    let mut trail = full(false);
    for number in [5, 6, 7] {
        trail.phone(PHONE_2, 104_000, number, Action::JudgementSkipped { reason: SkipReason::PersonIsHere });
    }
    let blind = export(&trail).published.blind;
    assert_eq!((blind.officers, blind.officers_to_review, blind.review_above_percent), (2, 1, 20));
    let skipped = blind.skipped.unwrap();
    assert_eq!((skipped.numerator(), skipped.denominator()), (3, 5));
    assert!(!serde_json::to_string(&export(&trail)).unwrap().contains("PC-2"));
}

#[test]
fn a_right_person_on_a_wrong_entry_is_a_true_alert_counted_apart() {
    let mut trail = full(false);
    // One stop found the person no longer wanted already; one more officer leaves a stale entry alone.
    trail.ingest(20, false);
    trail.judge(PHONE_1, 105_000, 20, SamePersonLikely);
    trail.decide(PHONE_1, 108_000, 20, Decision::DoNotEngage(vec![NoEngagementReason::EntryStaleOrError]));
    let published = export(&trail).published;
    assert_eq!((published.apart.stale_true_alerts, published.counts.false_alerts()), (2, 3));
    let error = published.measures.watchlist_currency_error.unwrap();
    assert_eq!((error.numerator(), error.denominator()), (2, 5));
    // On a false alert the entry's age says nothing.
    trail.debrief(20, Truth::FalseAlert);
    trail.judge(PHONE_1, 109_000, 20, DifferentPeopleLikely);
    assert_eq!(export(&trail).published.apart.stale_true_alerts, 1);
}

#[test]
fn s04_two_officers_count_where_each_ones_own_log_says_that_they_judged_before() {
    let engaged = |told: bool, judged: bool| {
        let mut trail = Trail::of(false);
        trail.ingest(1, false);
        trail.judge(PHONE_1, 105_000, 1, SamePersonLikely);
        if judged {
            trail.judge(PHONE_2, 105_000, 1, SamePersonLikely);
        }
        if told {
            tell(&mut trail, PHONE_1, 1, "PC-2");
        }
        trail.stop(PHONE_1, 1, Some(Truth::TrueAlert), 2, Some(arrest()));
        export(&trail).published.two_persons.by_two.unwrap().numerator()
    };
    assert_eq!(engaged(true, true), 1);
    assert_eq!(engaged(true, false), 0, "a colleague's judgement that is in no log of theirs");
    assert_eq!(engaged(false, true), 0, "it was not known when the officer decided");
}

#[test]
fn s22_compliance_is_stated_for_the_alerts_that_the_rule_asks_for() {
    let mut trail = full(false);
    for (_, event) in &mut trail.0 {
        if let (Action::AlertIngested { under_18, vulnerable, .. }, Some(id)) = (&mut event.action, event.alert_id) {
            (*under_18, *vulnerable) = (Some(id == alert(1)), if id == alert(2) { None } else { Some(false) });
        }
    }
    let two = export(&trail).published.two_persons;
    assert_eq!((two.rule, two.unsaid), (TwoPersonRule::UnderEighteenOrVulnerable, 1));
    assert_eq!(two.where_asked.map(|rate| (rate.numerator(), rate.denominator())), Some((0, 1)));
    let mut always = policy();
    always.judgement.two_person = TwoPersonRule::Always;
    let two = trail.record().export(&always).unwrap().published.two_persons;
    assert_eq!((two.where_asked, two.unsaid), (two.by_two, 0));
}

#[test]
fn force_is_counted_where_officers_answered_and_the_last_answer_counts() {
    let mut trail = full(false);
    assert_eq!(export(&trail).published.force.answered, 0, "silence is not \"none\"");
    let used = ForceUse::Used { handcuffs: true, injury: false };
    trail.phone(PHONE_1, 156_000, 1, Action::ForceStated(ForceUse::NotUsed));
    trail.phone(PHONE_1, 157_000, 1, Action::ForceStated(used));
    trail.phone(PHONE_2, 157_000, 3, Action::ForceStated(ForceUse::NotUsed));
    let force = export(&trail).published.force;
    assert_eq!((force.answered, force.used, force.handcuffs, force.injuries), (2, 1, 1, 0));
}

#[test]
fn human_value_says_who_stopped_each_false_alert() {
    let mut trail = full(false);
    // Of the three: a stop, a blind judgement, an operator. Two more: after the reveal, and at the debrief alone.
    trail.ingest(20, false);
    trail.judge(PHONE_1, 105_000, 20, SamePersonLikely);
    judge_again(&mut trail, PHONE_1, 20, DifferentPeopleLikely);
    trail.ingest(21, false);
    trail.debrief(21, Truth::FalseAlert);
    let value = export(&trail).published.human_value;
    let all = [value.by_operator, value.by_blind_judgement, value.after_reveal, value.at_contact, value.otherwise];
    assert_eq!(all, [1, 1, 1, 1, 1]);
}

#[test]
fn the_blind_shift_counts_who_judged_again_and_was_drawn_along() {
    let mut trail = full(false);
    for (number, blind, again) in [
        (20, CannotTell, Some(SamePersonLikely)),
        (21, DifferentPeopleLikely, Some(SamePersonLikely)),
        (22, DifferentPeopleLikely, Some(DifferentPeopleLikely)),
        (23, SamePersonLikely, Some(DifferentPeopleLikely)),
        (24, DifferentPeopleLikely, None),
    ] {
        trail.ingest(number, false);
        trail.judge(PHONE_1, 105_000, number, blind);
        if let Some(value) = again {
            judge_again(&mut trail, PHONE_1, number, value);
        }
    }
    let shift = export(&trail).published.measures.blind_shift.unwrap();
    assert_eq!((shift.numerator(), shift.denominator()), (2, 3));
}

#[test]
fn s46_the_table_by_ethnicity_has_its_base_its_power_and_no_small_count() {
    let mut trail = Trail::of(false);
    stops(&mut trail, 100, 30, Truth::TrueAlert, EthnicityCode::W1);
    stops(&mut trail, 200, 20, Truth::TrueAlert, EthnicityCode::B2);
    stops(&mut trail, 300, 2, Truth::TrueAlert, EthnicityCode::A1);
    stops(&mut trail, 400, 8, Truth::FalseAlert, EthnicityCode::B1);
    stops(&mut trail, 500, 2, Truth::FalseAlert, EthnicityCode::W2);
    let table = export(&trail).published.by_ethnicity;
    assert_eq!((table.true_alerts, table.false_alerts, table.unasked), (52, 10, 0));
    let row = |group| table.rows.iter().find(|row| row.group == group).unwrap();
    let black = row(EthnicGroup::Black);
    assert_eq!((black.true_alerts, black.false_alerts), (Shown::Count(20), Shown::Count(8)));
    let base = black.base.unwrap();
    assert_eq!((base.numerator(), base.denominator()), (20, 52));
    assert!((black.fisher_p.unwrap() - 0.033_4).abs() < 5e-5, "{:?}", black.fisher_p);
    assert!(black.binomial_p.unwrap() < 0.02 && black.detectable_share.unwrap() > 0.8);
    let white = row(EthnicGroup::White);
    assert_eq!((white.true_alerts, white.false_alerts), (Shown::Count(30), Shown::Suppressed));
    assert_eq!((white.fisher_p, white.binomial_p, white.share_of_false), (None, None, None), "a test would tell it");
    assert!(white.detectable_share.is_some(), "the base and the number of cases are public");
    assert_eq!(row(EthnicGroup::Asian).true_alerts, Shown::Suppressed);
}

#[test]
fn s46_only_what_people_said_of_themselves_is_counted() {
    let mut trail = full(false);
    let stated = |stated| Action::EthnicityStated(stated);
    trail.phone(PHONE_1, 155_000, 1, stated(SelfDefined::NotStated(NotStated::N3)));
    // Nobody was stopped on alert 5: whatever a phone says, nobody was asked.
    trail.phone(PHONE_1, 155_000, 5, stated(SelfDefined::Code(EthnicityCode::B1)));
    // Nor can the phone by itself, or the force, say it.
    trail.core(PHONE_1, 155_000, 2, stated(SelfDefined::Code(EthnicityCode::B1)));
    trail.force(155_000, Some(alert(3)), stated(SelfDefined::Code(EthnicityCode::B1)));
    let record = trail.record();
    assert!(
        record.issues.contains(&Issue::WrongActor(alert(2))) && record.issues.contains(&Issue::WrongActor(alert(3)))
    );
    assert_eq!(record.practice.ethnicity_unasked, 3);
    assert_eq!(record.practice.by_ethnicity.keys().collect::<Vec<_>>(), [&EthnicGroup::NotStated]);
}

#[test]
fn s47_test_subjects_give_a_true_recognition_rate_by_group_and_no_alert() {
    let mut trail = full(false);
    for number in 30..47 {
        trail.ingest(number, true);
    }
    for (group, passes, recognised) in
        [(EthnicGroup::White, 10, 9), (EthnicGroup::Asian, 10, 5), (EthnicGroup::Asian, 5, 3)]
    {
        trail.push(Source::Events, supervisor(), 50_000, None, Action::TestWalked { group, passes, recognised });
    }
    // A phone's word on it counts for nothing.
    let said = Action::TestWalked { group: EthnicGroup::Black, passes: 3, recognised: 0 };
    trail.push(PHONE_1, officer_actor("PC-1"), 50_000, None, said);
    // Nor does the gateway's by itself.
    trail.force(50_000, None, Action::TestWalked { group: EthnicGroup::Black, passes: 3, recognised: 0 });
    let published = export(&trail).published;
    assert_eq!((published.counts.alerts, published.apart.test_subjects), (7, 18));
    let rows = published.test_subjects.by_group.iter();
    let rates: Vec<_> = rows.map(|row| (row.group, row.recognised.numerator(), row.recognised.denominator())).collect();
    assert_eq!(rates, [(EthnicGroup::White, 9, 10), (EthnicGroup::Asian, 8, 15)]);
    assert_eq!(published.test_subjects.all.map(|rate| rate.numerator()), Some(17));
    let more = Action::TestWalked { group: EthnicGroup::Black, passes: 3, recognised: 2 };
    trail.push(Source::Events, supervisor(), 50_000, None, more);
    assert!(trail.record().issues.contains(&Issue::TestWalksDoNotAddUp), "19 recognised by 18 alerts");
}

#[test]
fn contradictions_are_listed_all_at_once() {
    let mut trail = full(false);
    trail.ingest(40, false);
    trail.force(7_390_000, None, Action::FacesSeenEstimated { faces: 3 });
    let walked = Action::TestWalked { group: EthnicGroup::Black, passes: 1, recognised: 2 };
    trail.push(Source::Events, supervisor(), 50_000, None, walked);
    let issues = trail.record().issues;
    let codes: Vec<&str> = issues.iter().map(Issue::code).collect();
    let expected = [
        "record.truth_missing",
        "record.truth_does_not_add_up",
        "record.fewer_faces_than_alerts",
        "record.test_walks_do_not_add_up",
    ];
    assert_eq!(codes, expected);
    assert_eq!(issues.iter().filter(|issue| issue.calls_for_debrief()).count(), 1);
}

#[test]
fn versions_of_phones_and_models_are_published() {
    let mut trail = full(false);
    let joined = Action::Joined { role: Role::EngagementOfficer, software: Some("0.1.0".to_owned()) };
    trail.push(PHONE_1, officer_actor("PC-1"), 1_000, None, joined.clone());
    trail.push(PHONE_2, officer_actor("PC-2"), 1_000, None, joined);
    let compared = ComparisonRecord {
        comparison_id: comparison(1),
        purpose: ComparisonPurpose::AlertProbe,
        model_sha256: [0xab; 32],
        calibration_id: "calibration-1".to_owned(),
        calibration: None,
        likelihood: None,
        score_millionths: Some(1),
        band: Band::Inconclusive,
        reason: None,
        took_ms: 20,
    };
    trail.phone(PHONE_1, 106_000, 1, Action::Compared(compared));
    let published = export(&trail).published;
    assert_eq!(published.phone_software, ["0.1.0"]);
    assert_eq!(published.models[0].model_sha256, "ab".repeat(32));
}

/// Every string and number of a JSON value.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| leaves(item, found)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, found)),
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

#[test]
fn s58_the_export_has_the_deployments_place_and_no_other_place_person_or_time() {
    let mut trail = full(false);
    for (_, event) in &mut trail.0 {
        if let Action::DeploymentCreated(card) = &mut event.action {
            card.cameras = vec![Camera {
                camera_id: CameraId::new("cam-1").unwrap(),
                name: "North corner".to_owned(),
                kind: CameraKind::Van,
                view_bearing_deg: 10,
                latitude_udeg: 51_512_345,
                longitude_udeg: -123_456,
            }];
        }
    }
    trail.phone(PHONE_1, 155_000, 1, Action::EthnicityStated(SelfDefined::Code(EthnicityCode::B1)));
    let json = serde_json::to_value(export(&trail)).unwrap();
    let text = json.to_string();
    for (_, event) in &trail.0 {
        for id in [event.alert_id.map(|id| id.to_string()), event.deployment_id.map(|id| id.to_string())]
            .into_iter()
            .flatten()
        {
            assert!(!text.contains(&id), "{id}");
        }
        assert!(!text.contains(&event.at.utc_ms.to_string()), "a clock time");
    }
    for canary in [
        "PC-1",
        "PC-2",
        "cam-1",
        "North corner",
        "51512345",
        "123456",
        "A-1",
        "warrant confirmed",
        &uuid(101).to_string(),
        &uuid(2_001).to_string(),
        "B1",
    ] {
        assert!(!text.contains(canary), "{canary}");
    }
    let mut found = Vec::new();
    leaves(&json, &mut found);
    let places = found.iter().filter(|leaf| leaf.contains("High Street")).count();
    assert_eq!(places, 1, "the deployment's own words, once");
    let csv = trail.record().to_csv().unwrap();
    assert_eq!(csv.matches("High Street").count(), 1);
    // A day and no time of day, in both.
    assert_eq!(found.iter().filter(|leaf| leaf.contains("2026-05-01")).count(), 1);
    assert!(found.iter().all(|leaf| !leaf.contains("T12:") && leaf.matches(':').count() <= 1), "{found:?}");
}
