use peel_domain::deployment::{DeploymentState, Feed};
use peel_domain::event::Action;
use peel_domain::id::{AlertId, FeedId};
use peel_domain::wire::StreamEvent;
use uuid::Uuid;

use super::support::{Bench, START_MS};
use crate::engine::EngineError;

fn refused(bench: &Bench) -> Vec<String> {
    let codes = bench.events(&bench.engine).into_iter().filter_map(|event| match event.action {
        Action::InputRefused { code, .. } => Some(code),
        _ => None,
    });
    codes.collect()
}

async fn take(bench: &Bench, name: &str, data: String) -> Result<(), EngineError> {
    bench.engine.take_stream_event(name, data).await
}

#[tokio::test]
async fn a_message_that_the_gateway_did_not_sign_is_refused_and_on_record() {
    let bench = Bench::new();
    let good = bench.message(1, &StreamEvent::Policy { version: 1 });
    let forged = good.replace("\\\"version\\\":1", "\\\"version\\\":2");
    assert_ne!(good, forged);
    for bad in [forged, "{}".to_owned(), String::new()] {
        assert!(matches!(take(&bench, "policy", bad).await, Err(EngineError::Integrity(_))));
    }
    assert_eq!(refused(&bench), ["stream.signature", "stream.envelope", "stream.envelope"]);
    assert_eq!(bench.engine.lock().cursor, 0);
}

#[tokio::test]
async fn a_signed_message_of_an_unknown_form_is_on_record_and_does_not_stop_the_stream() {
    let bench = Bench::new();
    take(&bench, "later", bench.envelope(1, "{\"later_event\":{}}")).await.unwrap();
    assert_eq!(refused(&bench), ["stream.payload"]);
    assert_eq!(bench.engine.lock().cursor, 1);
}

#[tokio::test]
async fn a_number_seen_before_is_skipped_and_a_gap_is_asked_for_again_then_recorded() {
    let bench = Bench::new();
    let state = |state| StreamEvent::DeploymentState { deployment_id: bench.deployment_id, state };
    take(&bench, "deployment.state", bench.message(1, &state(DeploymentState::Paused))).await.unwrap();
    take(&bench, "deployment.state", bench.message(1, &state(DeploymentState::Live))).await.unwrap();
    assert_eq!(bench.engine.session().deployment_state, Some(DeploymentState::Paused));
    let skipping = bench.message(4, &state(DeploymentState::Live));
    assert!(take(&bench, "deployment.state", skipping.clone()).await.is_err());
    assert_eq!(bench.engine.lock().cursor, 1);
    take(&bench, "deployment.state", skipping).await.unwrap();
    assert_eq!(bench.engine.lock().cursor, 4);
    assert_eq!(refused(&bench), ["stream.gap"]);
}

#[tokio::test]
async fn alerts_with_bad_fields_are_refused_with_their_code() {
    let bench = Bench::new();
    let mut ancient = bench.dto();
    ancient.captured_at_ms = START_MS - 3 * 86_400_000;
    let mut future = bench.dto();
    future.captured_at_ms = START_MS + 3_600_000;
    let mut contradictory = bench.dto();
    contradictory.score_thousandths = 10;
    let mut elsewhere = bench.dto();
    elsewhere.deployment_id.0 = uuid::Uuid::now_v7();
    for (seq, dto) in (1..).zip([ancient, future, contradictory, elsewhere]) {
        let message = bench.message(seq, &StreamEvent::LfrAlert(Box::new(dto)));
        take(&bench, "lfr.alert", message).await.unwrap();
    }
    let codes = ["alert.too_old", "alert.from_the_future", "alert.score_contradicts", "alert.other_deployment"];
    assert_eq!(refused(&bench), codes);
    assert_eq!(bench.engine.alerts_snapshot().refused, codes);
    assert!(bench.engine.alerts_snapshot().alerts.is_empty());
}

#[tokio::test]
async fn an_alert_whose_images_cannot_be_had_now_waits_at_the_cursor() {
    let bench = Bench::new();
    let message = bench.message(1, &StreamEvent::LfrAlert(Box::new(bench.dto())));
    assert!(matches!(take(&bench, "lfr.alert", message).await, Err(EngineError::Transport(_))));
    assert_eq!(bench.engine.lock().cursor, 0);
}

#[tokio::test]
async fn a_feed_that_is_covert_or_has_no_incident_is_refused() {
    let bench = Bench::new();
    let feed = |incident: &str, overt| Feed {
        feed_id: FeedId::new("drone-1").unwrap(),
        incident_ref: incident.to_owned(),
        overt,
    };
    for (seq, feed) in (1..).zip([feed("", true), feed("INC-7", false), feed("INC-7", true)]) {
        let event = StreamEvent::DroneAssigned { deployment_id: bench.deployment_id, feed };
        take(&bench, "drone.assigned", bench.message(seq, &event)).await.unwrap();
    }
    assert_eq!(refused(&bench), ["feed.no_incident", "feed.not_overt"]);
    assert_eq!(bench.engine.alerts_snapshot().feeds.len(), 1);
}

#[tokio::test]
async fn s35_an_unsigned_reset_moves_nothing_and_loses_no_alert() {
    let bench = Bench::new();
    for after in ["40", "18446744073709551615", "nothing"] {
        take(&bench, "reset", format!("{{\"after\":{after}}}")).await.unwrap();
    }
    assert_eq!(refused(&bench), ["stream.reset"], "on record once");
    assert_eq!(bench.engine.lock().cursor, 0);
    assert!(bench.engine.connection_view().alarms.contains(&"stream.reset".to_owned()));
    let event = StreamEvent::LfrExpire { alert_id: AlertId(Uuid::now_v7()) };
    take(&bench, "lfr.expire", bench.message(1, &event)).await.unwrap();
    assert_eq!(bench.engine.lock().cursor, 1, "what was to be passed over is taken");
    // Where it was true, the next signed message says so, and the phone goes on with it after asking once more.
    let later = || bench.message(41, &event);
    assert!(take(&bench, "lfr.expire", later()).await.is_err());
    assert_eq!(bench.engine.lock().cursor, 1);
    take(&bench, "lfr.expire", later()).await.unwrap();
    assert_eq!(bench.engine.lock().cursor, 41);
}

#[test]
fn an_unsigned_policy_is_refused_and_the_strictest_stays() {
    let bench = Bench::new();
    assert!(matches!(bench.engine.keep_policy(&[0xD8, 0x62, 0x84]), Err(EngineError::Policy(_))));
    assert_eq!(bench.engine.session().policy_version, 0);
    assert_eq!(refused(&bench).len(), 1);
    assert!(bench.engine.connection_view().alarms.contains(&"policy.refused".to_owned()));
}
