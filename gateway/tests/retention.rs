//! When the gateway's copies of images go: with the alert, as far as the front can know that it is over.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::time::Duration;

use peel_domain::event::{Action, Actor, BODY_VERSION, DeletionReason, EventBody, Justification};
use peel_domain::id::AlertId;
use peel_domain::time::Clock as _;
use peel_domain::wire::StreamEvent;
use peel_gateway::clock::GatewayClock;
use peel_gateway::desk::{Desk, DeskDir};
use peel_gateway::storage::{alert_over_ms, closed_everywhere, due_media};
use serde_json::json;
use support::device_log::Log;
use support::{OFFICER, TestGateway, TestPhone};

fn files(gateway: &TestGateway) -> usize {
    std::fs::read_dir(gateway.force.data().media()).unwrap().count()
}

/// Waits for the next sweep.
async fn until_gone(gateway: &TestGateway) {
    for _ in 0..300 {
        if files(gateway) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the images are still there");
}

async fn withdraw(gateway: &TestGateway, alert_id: AlertId) {
    let path = format!("/v1/ingest/alerts/{alert_id}/withdraw");
    assert_eq!(gateway.vendor_post(&path, &json!({ "judged_false": true })).send().await.unwrap().status(), 200);
}

/// What the core of a phone records.
async fn record(gateway: &TestGateway, phone: &TestPhone, log: &mut Log, alert_id: Option<AlertId>, action: Action) {
    let at = GatewayClock::new(None, &mut rand::rng()).now();
    let deployment_id = Some(gateway.force.deployment_id);
    let justification = Justification::Exercise;
    let body = EventBody { v: BODY_VERSION, at, actor: Actor::Core, deployment_id, alert_id, justification, action };
    let before = log.state.size();
    log.event(&body);
    assert_eq!(phone.announce(gateway, log, before).await.0, 200);
    assert_eq!(phone.upload(gateway, log, before).await.0, 200);
}

/// Why images went, as the force's own log says it.
async fn reasons(gateway: &TestGateway, desk: &mut Desk) -> Vec<DeletionReason> {
    let mut reasons = Vec::new();
    let mut seen = |log: &str, _: u64, event: &EventBody| match &event.action {
        Action::MediaDeleted(deleted) if log == "events" => reasons.push(deleted.reason),
        _ => {}
    };
    desk.follow(&mut seen).await.unwrap();
    assert_eq!(files(gateway), 0);
    reasons
}

fn desk(gateway: &TestGateway) -> Desk {
    Desk::open(&DeskDir::new(gateway.force.path("desk")), &gateway.url()).unwrap()
}

#[tokio::test]
async fn s24_a_withdrawn_alerts_images_go_from_the_gateway_and_what_was_said_with_them() {
    let gateway = TestGateway::start().await;
    gateway.force.set_policy(1, |policy| policy.media.after_close_s = 0);
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    let (seq, alert) = stream.next_alert().await;
    assert_eq!(files(&gateway), 3);
    withdraw(&gateway, alert_id).await;
    until_gone(&gateway).await;
    let path = format!("/v1/media/{}", alert.probes[0].media_id);
    assert_eq!(phone.get(&gateway, &path).send().await.unwrap().status(), 410);
    let mut late = phone.stream(&gateway, Some(seq - 1)).await;
    assert_eq!(late.next_stored().await.unwrap(), (seq, StreamEvent::LfrExpire { alert_id }));
    assert_eq!(reasons(&gateway, &mut desk(&gateway)).await, [DeletionReason::AlertClosed; 3]);
}

#[tokio::test]
async fn s24_the_images_go_when_every_phone_that_had_the_alert_has_closed_or_refused_it() {
    let gateway = TestGateway::start().await;
    gateway.force.set_policy(1, |policy| policy.media.after_close_s = 0);
    gateway.go_live().await;
    gateway.force.add_officer("PC-2", peel_domain::deployment::Role::EngagementOfficer);
    let (first, second) = (gateway.phone(OFFICER).await, gateway.phone("PC-2").await);
    let mut stream = second.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    let (alert_seq, _) = stream.next_alert().await;
    let (mut of_first, mut of_second) = (Log::new(&first), Log::new(&second));
    let mut desk = desk(&gateway);
    record(&gateway, &first, &mut of_first, Some(alert_id), Action::Closed).await;
    // A phone speaks for itself: what it says of another's alerts, or twice, closes nothing.
    record(&gateway, &first, &mut of_first, Some(alert_id), Action::Closed).await;
    let refused = |code: &str| Action::InputRefused { alert_seq: Some(alert_seq), code: code.to_owned() };
    record(&gateway, &second, &mut of_second, None, refused("stream.gap")).await;
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    let open = gateway.force.change(|_, tx| Ok((closed_everywhere(tx)?, alert_over_ms(tx, alert_id)?))).unwrap();
    assert_eq!((open, files(&gateway)), ((Vec::new(), None), 3), "the second phone has it still");
    record(&gateway, &second, &mut of_second, None, refused("alert.image")).await;
    desk.follow(&mut |_, _, _| {}).await.unwrap();
    until_gone(&gateway).await;
    assert_eq!(reasons(&gateway, &mut desk).await, [DeletionReason::AlertClosed; 3]);
}

#[tokio::test]
async fn s24_what_is_over_is_kept_for_as_long_as_the_policy_says_and_no_longer() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    let (_, alert) = stream.next_alert().await;
    withdraw(&gateway, alert_id).await;
    let path = format!("/v1/media/{}", alert.probes[0].media_id);
    assert_eq!(phone.get(&gateway, &path).send().await.unwrap().status(), 200, "a phone that is slow may fetch it yet");
    let over_ms = gateway.force.change(|_, tx| Ok(alert_over_ms(tx, alert_id)?)).unwrap().unwrap();
    let due = |at_ms: i64| gateway.force.change(move |_, tx| Ok(due_media(tx, at_ms)?.len())).unwrap();
    assert_eq!((due(over_ms + 59_999), due(over_ms + 60_000)), (0, 3));
    assert_eq!(due(over_ms - 1), 3, "S27: a clock that was set back");
}

#[tokio::test]
async fn s24_an_alert_that_nobody_was_sent_is_over_at_once() {
    let gateway = TestGateway::start().await;
    gateway.force.set_policy(1, |policy| policy.media.after_close_s = 0);
    gateway.go_live().await;
    gateway.ingest().await;
    until_gone(&gateway).await;
    assert_eq!(reasons(&gateway, &mut desk(&gateway)).await, [DeletionReason::AlertClosed; 3]);
}
