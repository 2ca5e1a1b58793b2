//! A period's report from the desk's directory, by the program itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::path::Path;
use std::process::{Command, Output};

use peel_gateway::desk::{Desk, DeskDir};
use support::{TestForce, TestGateway, now_ms};

fn report(desk: &Path, days: [&str; 2], out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-gateway"))
        .args(["report", "--from", days[0], "--to", days[1], "--desk"])
        .arg(desk)
        .arg("--out")
        .arg(out)
        .args(more)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn followed(gateway: &TestGateway) -> std::path::PathBuf {
    let path = gateway.force.path("desk");
    Desk::open(&DeskDir::new(&path), &gateway.url()).unwrap().follow(&mut |_, _, _| {}).await.unwrap();
    path
}

fn today() -> String {
    chrono::DateTime::from_timestamp_millis(now_ms()).unwrap().format("%Y-%m-%d").to_string()
}

#[tokio::test]
async fn a_report_is_written_from_the_trail_and_holes_are_named_all_at_once() {
    let gateway = TestGateway::serve(TestForce::real()).await;
    gateway.go_live().await;
    assert_eq!(gateway.state("ended").await.status(), 200);
    let desk = followed(&gateway).await;
    let (day, out) = (today(), gateway.force.path("report"));
    let done = report(&desk, [&day, &day], &out, &[]);
    assert!(done.status.success(), "{}", said(&done));
    for name in ["deployments.csv", "exports.csv", "measures.csv", "groups.csv", "report.json", "report.html"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    assert_eq!((json["counts"]["deployments"].as_u64(), json["counts"]["faces_seen"].as_u64()), (Some(1), Some(1000)));
    assert_eq!(json["deployments"][0]["columns"][0]["value"], "High Street");
    // One form alone, and no other day.
    let one = gateway.force.path("one");
    assert!(report(&desk, [&day, &day], &one, &["--format", "json"]).status.success());
    assert_eq!(std::fs::read_dir(&one).unwrap().count(), 1);
    assert!(!report(&desk, ["2001-01-01", "2001-12-31"], &one, &[]).status.success());
    assert!(!report(&desk, [&day, "2001-01-01"], &one, &[]).status.success());
    assert!(!report(&desk, [&day, &day], &one, &["--format", "pdf"]).status.success());
    // The record's own command writes the same export.
    let figures = gateway.force.path("export.json");
    let record = Command::new(env!("CARGO_BIN_EXE_peel-gateway"))
        .args(["record", "--deployment", &gateway.force.deployment_id.to_string(), "--desk"])
        .arg(&desk)
        .arg("--figures")
        .arg(&figures)
        .output()
        .unwrap();
    assert!(record.status.success(), "{}", said(&record));
    let export: serde_json::Value = serde_json::from_slice(&std::fs::read(figures).unwrap()).unwrap();
    assert_eq!(export, json["deployments"][0]);
}

#[tokio::test]
async fn what_has_holes_is_refused_by_name_and_left_out_by_name_alone() {
    let gateway = TestGateway::serve(TestForce::real()).await;
    gateway.go_live().await;
    let alert_id = gateway.ingest().await;
    assert_eq!(gateway.state("ended").await.status(), 200);
    let desk = followed(&gateway).await;
    let (day, out) = (today(), gateway.force.path("report"));
    let refused = report(&desk, [&day, &day], &out, &[]);
    assert_eq!(refused.status.code(), Some(1));
    let deployment = gateway.force.deployment_id.to_string();
    for word in ["[record.truth_missing]", &alert_id.to_string(), &deployment, "[record.truth_does_not_add_up]"] {
        assert!(said(&refused).contains(word), "{word}: {}", said(&refused));
    }
    assert!(!out.exists(), "nothing is written");
    let alone = report(&desk, [&day, &day], &out, &["--without", &deployment]);
    assert!(!alone.status.success(), "a report on nothing is none");
}

#[tokio::test]
async fn an_exercise_is_no_part_of_a_report() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    assert_eq!(gateway.state("ended").await.status(), 200);
    let desk = followed(&gateway).await;
    let day = today();
    assert!(!report(&desk, [&day, &day], &gateway.force.path("report"), &[]).status.success());
}
