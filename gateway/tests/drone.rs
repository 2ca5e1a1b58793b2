//! A drone's feed through the gateway.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use peel_domain::deployment::DeploymentState;
use peel_domain::wire::{DroneStateDto, StreamEvent};
use reqwest::Method;
use support::{OFFICER, TestGateway, TestPhone};
use tokio::sync::mpsc;

/// A feed that is being sent, chunk by chunk.
fn send(gateway: &TestGateway, feed: &str) -> (mpsc::Sender<Bytes>, tokio::task::JoinHandle<u16>) {
    let (chunks, receiver) = mpsc::channel::<Bytes>(8);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (Ok::<_, std::io::Error>(chunk), receiver))
    });
    let request = gateway
        .call(Method::PUT, &format!("/v1/ingest/feeds/{feed}"))
        .bearer_auth(gateway.force.secret("ingest.key"))
        .body(reqwest::Body::wrap_stream(body));
    let sending = tokio::spawn(async move { request.send().await.unwrap().status().as_u16() });
    (chunks, sending)
}

#[tokio::test]
async fn a_feed_is_assigned_relayed_and_ended() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let (chunks, sending) = send(&gateway, "drone-1");
    let feed = loop {
        if let StreamEvent::DroneAssigned { feed, .. } = stream.next_stored().await.unwrap().1 {
            break feed;
        }
    };
    assert_eq!((feed.incident_ref.as_str(), feed.overt), ("INC-7", true));
    let view = phone.get(&gateway, "/v1/feeds/drone-1/stream.ts").send().await.unwrap();
    assert_eq!(view.headers()["content-type"], "video/mp2t");
    let mut body = view.bytes_stream();
    chunks.send(Bytes::from_static(b"live bytes")).await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "live bytes");
    drop(chunks);
    assert_eq!(sending.await.unwrap(), 200);
    // HTTP/2 may close with an empty frame; an error or more bytes would be wrong.
    while let Some(rest) = body.next().await {
        assert!(rest.unwrap().is_empty());
    }
    assert!(matches!(stream.next_stored().await.unwrap().1, StreamEvent::DroneEnded { .. }));
    let gone = phone.get(&gateway, "/v1/feeds/drone-1/stream.ts").send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn a_sender_that_breaks_off_ends_the_feed_for_everybody() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let (chunks, sending) = send(&gateway, "drone-1");
    chunks.send(Bytes::from_static(b"x")).await.unwrap();
    while !matches!(stream.next_stored().await.unwrap().1, StreamEvent::DroneAssigned { .. }) {}
    sending.abort();
    drop(chunks);
    let ended = tokio::time::timeout(Duration::from_secs(15), stream.next_stored()).await.unwrap();
    assert!(matches!(ended.unwrap().1, StreamEvent::DroneEnded { .. }));
}

#[tokio::test]
async fn wherever_a_sender_breaks_off_each_feed_that_was_told_of_is_told_to_have_ended() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    for step in 0..40_u64 {
        let (chunks, sending) = send(&gateway, "drone-1");
        tokio::time::sleep(Duration::from_micros(step * 300)).await;
        sending.abort();
        drop(chunks);
    }
    // A last feed that ends as it should; the pause is told after everything before it.
    loop {
        let (chunks, sending) = send(&gateway, "drone-1");
        let _ = chunks.send(Bytes::from_static(b"x")).await;
        drop(chunks);
        if sending.await.unwrap() == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.state("paused").await;
    let mut live = false;
    loop {
        match stream.next_stored().await.unwrap().1 {
            StreamEvent::DroneAssigned { .. } => assert!(!std::mem::replace(&mut live, true), "told twice to be live"),
            StreamEvent::DroneEnded { .. } => assert!(std::mem::replace(&mut live, false), "ended before it was live"),
            StreamEvent::DeploymentState { state: DeploymentState::Paused, .. } => break,
            _ => {}
        }
    }
    assert!(!live, "a feed that nobody sends is said to be live");
}

#[tokio::test]
async fn telemetry_reaches_the_deployment_as_states_without_a_number() {
    use peel_feeds::klv::{Item, UasEncoder};
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let mut stream = phone.stream(&gateway, None).await;
    let (chunks, sending) = send(&gateway, "drone-1");
    let now_us = u64::try_from(support::now_ms()).unwrap() * 1_000;
    let mut encoder = UasEncoder::new(now_us);
    encoder.value(Item::SensorLatitude, 51.5).unwrap().value(Item::SensorLongitude, -0.12).unwrap();
    encoder.value(Item::PlatformHeading, 90.0).unwrap();
    let stream_bytes = support::klv::klv_stream(&encoder.finish());
    chunks.send(stream_bytes.into()).await.unwrap();
    let state: DroneStateDto = loop {
        let message = stream.next().await.unwrap();
        if message.event == "drone.state" {
            assert_eq!(message.id, None);
            break serde_json::from_str(&message.data).unwrap();
        }
    };
    assert!((state.position.unwrap().latitude_deg - 51.5).abs() < 1e-6);
    assert!((state.heading_deg.unwrap() - 90.0).abs() < 0.01);
    drop(chunks);
    assert_eq!(sending.await.unwrap(), 200);
}

#[tokio::test]
async fn s16_a_feed_without_incident_or_covert_is_refused_and_strangers_see_nothing() {
    use peel_gateway::service::{DeploymentFile, create_deployment};
    let gateway = TestGateway::start().await;
    for (from, to) in [("overt = true", "overt = false"), ("\"INC-7\"", "\" \"")] {
        let file = DeploymentFile::parse(&support::DEPLOYMENT.replace(from, to)).unwrap();
        let refused = gateway.force.change(|authority, tx| create_deployment(authority, tx, file));
        assert_eq!(refused.unwrap_err().code(), "feed.refused");
    }
    let (_chunks, sending) = send(&gateway, "drone-1");
    assert_eq!(sending.await.unwrap(), 404, "the deployment is not live");
    gateway.go_live().await;
    let (_chunks, sending) = send(&gateway, "drone-9");
    assert_eq!(sending.await.unwrap(), 404);
    let mut stranger = TestPhone::enrol(&gateway).await;
    gateway.force.add_officer("PC-8", peel_domain::deployment::Role::Spotter);
    stranger.sign_in(&gateway, "PC-8").await;
    let (_chunks, _sending) = send(&gateway, "drone-1");
    let view = stranger.get(&gateway, "/v1/feeds/drone-1/stream.ts").send().await.unwrap();
    assert_eq!(view.status(), 404, "not in the deployment");
}
