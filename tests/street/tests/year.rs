//! The simulated year: the published figures come out of trails that have exactly those counts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers outside of #[test] functions

use std::sync::LazyLock;

use peel_domain::record::{DeploymentRecord, YearReport};
use peel_report::{Format, files};
use peel_street::year::plan::{PUBLISHED, Plan};
use peel_street::year::{records, report};

static YEAR: LazyLock<(Plan, Vec<DeploymentRecord>, YearReport)> = LazyLock::new(|| {
    let plan = Plan::draw(1);
    let (records, events) = records(&plan).unwrap();
    assert!(events > 50_000, "{events}");
    let report = report(&plan, &records).unwrap();
    (plan, records, report)
});

#[test]
fn the_published_figures_come_out_of_the_trails() {
    let (_, records, report) = &*YEAR;
    assert_eq!(records.len(), PUBLISHED.deployments);
    let (counts, published) = (&report.published.counts, &report.published);
    assert_eq!((counts.deployments, counts.alerts, counts.faces_seen), (203, 2_077, Some(3_147_436)));
    assert_eq!((counts.false_alerts(), counts.engaged_false, counts.arrests), (10, 6, 962));
    let [per_face, per_alert] = published.false_alert_rates.both().map(|rate| rate.unwrap().words());
    assert_eq!((per_face.share.as_str(), per_face.interval.as_str()), ("0.00032%", "0.00017% to 0.00058%"));
    assert_eq!((per_alert.share.as_str(), per_alert.interval.as_str()), ("0.48%", "0.26% to 0.88%"));
    assert_eq!(published.measures.true_alert_rate.unwrap().words().share, "99.52%");
    let [_, arrested, _] = published.measures.arrests_per_alert.unwrap().drawn();
    assert_eq!(format!("{:.1}", arrested * 100.0), "46.3");
    assert!(published.measures.arrests_per_deployment.unwrap().to_string().starts_with("962 over 203 = 4.74"));
    let lengths = &published.stops_on_false_alerts;
    assert_eq!((lengths.seconds.len(), lengths.over_5_minutes, published.apart.arrests_on_false_alerts), (6, 0, 0));
    assert_eq!(published.causes.len(), 10, "ten cases, ten causes");
    assert!(published.causes.iter().all(|cause| (cause.cases, cause.primary) == (1, 1)));
    assert_eq!(published.apologies, 6);
    let second = &report.second_check;
    assert_eq!(format!("{:.2}", second.true_where_supported.unwrap() * 100.0), "99.90");
    assert_eq!(format!("{:.0}", second.true_where_not_supported.unwrap() * 100.0), "91");
}

#[test]
fn every_record_is_whole_and_its_columns_add_up() {
    let (plan, records, report) = &*YEAR;
    for record in records {
        assert!(record.issues.is_empty(), "{:?}", record.issues);
        assert_eq!(record.true_alerts() + record.false_alerts(), record.total_alerts);
        assert_eq!(record.arrests + record.other_outcomes + record.no_action, record.true_confirmed);
        assert_eq!(record.media_without_receipt, 0, "every image is destroyed, with a receipt");
        assert!(record.conflicts.is_empty() && record.open_on.is_empty(), "{:?}", record.open_on);
    }
    let value = report.published.human_value;
    let found = [value.by_operator, value.by_blind_judgement, value.after_reveal, value.at_contact, value.otherwise];
    assert_eq!((found.iter().sum::<u64>(), value.at_contact), (10, 6));
    let walked: u32 = plan.deployments.iter().flat_map(|deployment| &deployment.walks).map(|walk| walk.passes).sum();
    assert_eq!(report.published.test_subjects.all.unwrap().denominator(), u64::from(walked));
    let two = report.published.two_persons.where_asked.unwrap();
    assert_eq!(two.numerator(), two.denominator(), "the phones let nobody engage without a second judgement");
}

#[test]
fn the_same_seed_gives_the_same_year_and_another_one_another_with_the_same_totals() {
    assert_eq!(Plan::draw(7), Plan::draw(7));
    let (one, other) = (Plan::draw(1), Plan::draw(2));
    assert_ne!(one, other);
    for plan in [one, other] {
        let faces: u64 = plan.deployments.iter().map(|deployment| deployment.faces).sum();
        assert_eq!((plan.deployments.len(), faces), (203, PUBLISHED.faces));
        assert!(plan.deployments.iter().all(|deployment| (plan.from..=plan.to).contains(&deployment.day)));
    }
}

#[test]
fn the_page_says_everything_in_words_and_takes_nothing_from_elsewhere() {
    let (_, _, report) = &*YEAR;
    let written = files(report, &Format::ALL, "2026-11-24").unwrap();
    let names: Vec<&str> = written.iter().map(|file| file.name).collect();
    assert_eq!(names, ["deployments.csv", "exports.csv", "measures.csv", "groups.csv", "report.json", "report.html"]);
    let page = &written.last().unwrap().text;
    for word in
        ["10 of 3,147,436", "0.00017% to 0.00058%", "10 of 2,077", "962 of 2,077", "<caption>", "<th scope=\"col\">"]
    {
        assert!(page.contains(word), "{word}");
    }
    for word in ["<script", "http://", "https://", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
    let figures = page.matches("<figure>").count();
    assert!(figures >= 5, "{figures}");
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), figures, "each plot in words");
    assert_eq!(page.matches("<figcaption>").count(), figures);
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count(), "each table with its caption");
}

#[test]
fn s58_the_years_files_name_no_officer_phone_or_alert() {
    let (_, records, report) = &*YEAR;
    let all: String = files(report, &Format::ALL, "").unwrap().into_iter().map(|file| file.text).collect();
    for record in records {
        assert!(record.officers.keys().all(|officer| !all.contains(officer.as_str())));
        for stop in &record.stops {
            for id in [stop.alert_id.to_string(), stop.engagement_id.to_string(), stop.enrolment_id.to_string()] {
                assert!(!all.contains(&id), "{id}");
            }
        }
    }
    assert!(!all.contains("van-1") && !all.contains("PS-001"));
}

#[test]
fn one_form_alone_may_be_written() {
    let (_, _, report) = &*YEAR;
    let written = files(report, &[Format::Json], "").unwrap();
    assert_eq!(written.len(), 1);
    assert_eq!([Format::named("csv"), Format::named("pdf")], [Some(Format::Csv), None]);
}
