//! Alerts: in from the LFR system, out to phones, and gone when their time is over.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_domain::deployment::{DeploymentState, Role};
use peel_domain::wire::{ErrorBody, StreamEvent};
use reqwest::Method;
use serde_json::{Value, json};
use support::{OFFICER, TestGateway, TestPhone, alert, b64, image, read_json};

#[tokio::test]
async fn an_alert_reaches_the_phone_numbered_signed_and_with_its_images() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    let (seq, alert) = stream.next_alert().await;
    assert_eq!((alert.alert_id, alert.camera_name.as_str(), alert.probes.len()), (alert_id, "Van, north", 2));
    assert!(seq >= 1);
    let path = format!("/v1/media/{}", alert.reference.media_id);
    let response = phone.get(&gateway, &path).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/jpeg");
    assert_eq!(response.bytes().await.unwrap().to_vec(), image(3));
    alert.validate(support::now_ms()).unwrap();
}

#[tokio::test]
async fn a_phone_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut expected = Vec::new();
    let mut received = Vec::new();
    let mut cursor = 0;
    for round in 0..4 {
        let mut stream = phone.stream(&gateway, Some(cursor)).await;
        for _ in 0..2 {
            expected.push(gateway.ingest().await);
            let (seq, alert) = stream.next_alert().await;
            received.push(alert.alert_id);
            assert!(seq > cursor);
            cursor = seq;
        }
        drop(stream);
        // While nobody listens, and once across a restart of the phone's connection.
        if round < 3 {
            expected.push(gateway.ingest().await);
            let mut stream = phone.stream(&gateway, Some(cursor)).await;
            let (seq, alert) = stream.next_alert().await;
            assert_eq!(seq, cursor + 1);
            received.push(alert.alert_id);
            cursor = seq;
        }
    }
    assert_eq!(received, expected);
}

#[tokio::test]
async fn numbers_have_no_gaps_across_a_restart_of_the_gateway() {
    let mut gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    gateway.ingest().await;
    gateway = gateway.restart().await;
    gateway.ingest().await;
    let known = phone.get(&gateway, "/v1/deployments").send().await.unwrap();
    assert_eq!(known.status(), 200, "tokens are the force's, not one process's");
    let mut stream = phone.stream(&gateway, None).await;
    let mut numbers = Vec::new();
    let mut alerts = 0;
    while alerts < 2 {
        let (seq, event) = stream.next_stored().await.unwrap();
        numbers.push(seq);
        alerts += usize::from(matches!(event, StreamEvent::LfrAlert(_)));
    }
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_that_the_gateway_never_gave_is_reset() {
    let gateway = TestGateway::start().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, Some(9_000)).await;
    let message = stream.next().await.unwrap();
    assert_eq!((message.event.as_str(), message.id), ("reset", None));
    assert_eq!(stream.next_stored().await.unwrap().0, 1);
}

#[tokio::test]
async fn a_backlog_is_bounded_and_a_cursor_before_it_is_reset() {
    let force = support::TestForce::new();
    let path = force.data().config();
    let text = std::fs::read_to_string(&path).unwrap().replace("stream_backlog = 20000", "stream_backlog = 3");
    std::fs::write(&path, text).unwrap();
    let gateway = TestGateway::serve(force).await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    for _ in 0..5 {
        gateway.ingest().await;
    }
    for _ in 0..300 {
        let mut stream = phone.stream(&gateway, Some(0)).await;
        let first = stream.next().await.unwrap();
        // A sweep in the middle of the five cuts at an earlier place; the next one cuts here.
        if first.event == "reset" && first.data == r#"{"after":3}"# {
            assert_eq!(stream.next_stored().await.unwrap().0, 4);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the backlog was never cut");
}

#[tokio::test]
async fn a_second_stream_of_a_device_ends_the_first() {
    let gateway = TestGateway::start().await;
    let phone = gateway.phone(OFFICER).await;
    let mut first = phone.stream(&gateway, None).await;
    first.next_stored().await.unwrap();
    let mut second = phone.stream(&gateway, None).await;
    assert!(first.next().await.is_none());
    assert!(second.next_stored().await.is_some());
}

#[tokio::test]
async fn only_engaging_roles_get_alerts_and_only_the_rostered_join() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    gateway.force.add_officer("PC-9", Role::Spotter);
    let mut spotter = TestPhone::enrol(&gateway).await;
    assert_eq!(spotter.join(&gateway, "spotter").await, 403, "nobody is signed in");
    spotter.sign_in(&gateway, "PC-9").await;
    assert_eq!(spotter.join(&gateway, "engagement_officer").await, 403);
    assert_eq!(spotter.join(&gateway, "spotter").await, 200);
    let mut stream = spotter.stream(&gateway, None).await;
    gateway.ingest().await;
    assert_eq!(gateway.state("paused").await.status(), 200);
    let mut states = 0;
    while states < 2 {
        match stream.next_stored().await.unwrap().1 {
            StreamEvent::DeploymentState { .. } => states += 1,
            other => panic!("a spotter was sent {}", other.name()),
        }
    }
}

#[tokio::test]
async fn malformed_alerts_are_refused_with_their_own_code_and_leave_nothing() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let now = support::now_ms();
    let hour = 3_600_000;
    let cases: Vec<(&str, Value, &str)> = vec![
        ("/captured_at_ms", json!(now + hour), "alert.from_the_future"),
        ("/captured_at_ms", json!(now - 25 * hour), "alert.too_old"),
        ("/captured_at_ms", json!(now - hour), "alert.times_contradict"),
        ("/score_thousandths", json!(500), "alert.score_contradicts"),
        ("/threshold_thousandths", json!(1_001), "alert.score_contradicts"),
        ("/categories", json!([]), "alert.no_category"),
        ("/probes", json!([]), "alert.probe_count"),
        ("/probes", json!(vec![json!({ "image": b64(image(1)) }); 9]), "alert.probe_count"),
        ("/probes/0/image", json!(b64("<svg>not an image</svg>")), "alert.image"),
        ("/probes/0/image", json!("&&&"), "alert.image"),
        ("/reference/image", json!(b64([])), "alert.image"),
        ("/reason_text", json!(""), "alert.text"),
        ("/reason_text", json!("x".repeat(501)), "alert.text"),
        ("/direction", json!("a\u{7}b"), "alert.text"),
        ("/camera_id", json!("cam-99"), "alert.camera"),
        ("/camera_id", json!("../etc"), "body.malformed"),
        ("/grade", json!("purple"), "body.malformed"),
        ("/captured_at_ms", json!("now"), "body.malformed"),
        ("/deployment_id", json!("x"), "body.malformed"),
        ("/deployment_id", json!(uuid::Uuid::nil()), "not_found"),
    ];
    for (pointer, value, code) in cases {
        let mut body = alert(gateway.force.deployment_id);
        *body.pointer_mut(pointer).unwrap() = value;
        let response = gateway.vendor_post("/v1/ingest/alerts", &body).send().await.unwrap();
        assert!([404, 422].contains(&response.status().as_u16()), "{pointer} {code}");
        assert_eq!(read_json::<ErrorBody>(response).await.code, code, "{pointer}");
    }
    for missing in ["probes", "reference", "score_thousandths", "grade", "watchlist_entry_ref"] {
        let mut body = alert(gateway.force.deployment_id);
        body.as_object_mut().unwrap().remove(missing);
        let response = gateway.vendor_post("/v1/ingest/alerts", &body).send().await.unwrap();
        assert_eq!(response.status(), 422, "{missing}");
    }
    let mut unknown = alert(gateway.force.deployment_id);
    unknown["watchlist"] = json!([1, 2, 3]);
    assert_eq!(gateway.vendor_post("/v1/ingest/alerts", &unknown).send().await.unwrap().status(), 422);
    assert_eq!(std::fs::read_dir(gateway.force.data().media()).unwrap().count(), 0);
    // The stream shows the good alert next: nothing of the bad ones was sent.
    let mut stream = phone.stream(&gateway, None).await;
    let good = gateway.ingest().await;
    assert_eq!(stream.next_alert().await.1.alert_id, good);
}

#[tokio::test]
async fn a_body_of_fifty_megabytes_is_too_large() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let huge = gateway
        .call(Method::POST, "/v1/ingest/alerts")
        .bearer_auth(gateway.force.secret("ingest.key"))
        .header("content-length", "200000000")
        .body(vec![b' '; 50_000_000]);
    // A sender may notice the answer or only that the connection was closed on it.
    match huge.send().await {
        Ok(response) => assert_eq!(response.status(), 413),
        Err(error) => assert!(!error.is_timeout()),
    }
    let endless =
        futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b' '; 1 << 20])));
    let request = gateway
        .call(Method::POST, "/v1/ingest/alerts")
        .bearer_auth(gateway.force.secret("ingest.key"))
        .body(reqwest::Body::wrap_stream(endless));
    match request.send().await {
        Ok(response) => assert_eq!(response.status(), 413),
        Err(error) => assert!(!error.is_timeout()),
    }
    gateway.ingest().await;
}

#[tokio::test]
async fn media_are_for_those_who_were_sent_the_alert() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let stranger = TestPhone::enrol(&gateway).await;
    let mut stream = phone.stream(&gateway, None).await;
    gateway.ingest().await;
    let (_, alert) = stream.next_alert().await;
    let path = format!("/v1/media/{}", alert.probes[0].media_id);
    assert_eq!(stranger.get(&gateway, &path).send().await.unwrap().status(), 404);
    assert_eq!(gateway.call(Method::GET, &path).send().await.unwrap().status(), 401);
    assert_eq!(phone.get(&gateway, &path).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn s25_at_the_end_media_and_what_was_said_are_gone() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    let (seq, alert) = stream.next_alert().await;
    assert_eq!(std::fs::read_dir(gateway.force.data().media()).unwrap().count(), 3);
    assert_eq!(gateway.state("ended").await.status(), 200);
    let path = format!("/v1/media/{}", alert.probes[0].media_id);
    let response = phone.get(&gateway, &path).send().await.unwrap();
    assert_eq!(response.status(), 410);
    assert_eq!(read_json::<ErrorBody>(response).await.code, "gone");
    assert_eq!(std::fs::read_dir(gateway.force.data().media()).unwrap().count(), 0);
    // The same number now says only that the alert is over.
    let mut late = phone.stream(&gateway, Some(seq - 1)).await;
    let (again, event) = late.next_stored().await.unwrap();
    assert_eq!((again, event), (seq, StreamEvent::LfrExpire { alert_id }));
    let ended = late.next_stored().await.unwrap().1;
    assert!(matches!(ended, StreamEvent::DeploymentState { state: DeploymentState::Ended, .. }));
    if gateway.force.data().store().unwrap().is_shared() {
        return; // What a server's pages keep stands in SECURITY.md.
    }
    // Neither the database nor its write-ahead log says any more why the person was sought.
    for suffix in ["", "-wal"] {
        let mut name = gateway.force.data().database().into_os_string();
        name.push(suffix);
        let stored = std::fs::read(&name).unwrap();
        let reason = b"failed to appear";
        assert!(!stored.windows(reason.len()).any(|window| window == reason), "{suffix}");
    }
}

#[tokio::test]
async fn a_withdrawal_reaches_whoever_was_sent_the_alert_once() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let alert_id = gateway.ingest().await;
    stream.next_alert().await;
    let path = format!("/v1/ingest/alerts/{alert_id}/withdraw");
    for _ in 0..2 {
        let response = gateway.vendor_post(&path, &json!({ "judged_false": true })).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    let next = stream.next_stored().await.unwrap().1;
    assert_eq!(next, StreamEvent::LfrWithdraw { alert_id, judged_false: true });
    let other = gateway.ingest().await;
    assert_eq!(stream.next_alert().await.1.alert_id, other, "the second withdrawal sent nothing");
    let unknown = format!("/v1/ingest/alerts/{}/withdraw", uuid::Uuid::nil());
    let response = gateway.vendor_post(&unknown, &json!({ "judged_false": true })).send().await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn a_deployment_that_is_not_live_takes_no_alert_and_ends_once() {
    let gateway = TestGateway::start().await;
    let body = alert(gateway.force.deployment_id);
    let early = gateway.vendor_post("/v1/ingest/alerts", &body).send().await.unwrap();
    assert_eq!(early.status(), 409);
    assert_eq!(read_json::<ErrorBody>(early).await.code, "deployment.not_live");
    gateway.go_live().await;
    assert_eq!(gateway.state("not_live").await.status(), 409);
    assert_eq!(gateway.state("ended").await.status(), 200);
    assert_eq!(gateway.state("live").await.status(), 409);
}
