//! The opened reference of an alert: one at most, and no longer than the alert's images.

use std::path::Path;
use std::sync::Arc;

use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, NoEngagementReason, SkipReason};
use peel_face::OpenReference;

use super::support::Bench;
use crate::engine::Engine;
use crate::ffi::DecisionRequest;

/// A reference as the check opens it, from one of the exercise's photographs.
fn opened(engine: &Engine) -> Arc<OpenReference> {
    let faces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/street/faces");
    let photograph = std::fs::read(faces.join("avery_1.jpg")).unwrap();
    Arc::new(engine.face().unwrap().open_reference(&photograph).unwrap())
}

/// Puts one into the engine's memory, as a comparison does, and watches it.
fn kept(bench: &Bench, alert_id: AlertId) -> std::sync::Weak<OpenReference> {
    let reference = opened(&bench.engine);
    let watched = Arc::downgrade(&reference);
    bench.engine.lock().reference = Some((alert_id, reference));
    watched
}

#[test]
fn s15_an_opened_reference_goes_with_the_alerts_images() {
    let bench = Bench::new();
    let (first, second) = (bench.receive(1), bench.receive(2));
    let (watched, other) = (kept(&bench, first), kept(&bench, second));
    assert!(watched.upgrade().is_none(), "one at most");
    bench.engine.tick().unwrap();
    assert!(other.upgrade().is_some(), "the images are there");
    bench.clock.advance(86_400_000);
    bench.engine.tick().unwrap();
    assert!(other.upgrade().is_none());
}

#[test]
fn s15_an_opened_reference_goes_when_the_alert_is_closed_or_the_app_sleeps() {
    let bench = Bench::new();
    let alert_id = bench.receive(1);
    bench.engine.displayed(alert_id).unwrap();
    bench.engine.skip_judgement(alert_id, SkipReason::CannotSeeScreen).unwrap();
    let decision = Decision::DoNotEngage(vec![NoEngagementReason::DifferentPerson]);
    bench.engine.decide(alert_id, &DecisionRequest { decision, note: None }).unwrap();
    let watched = kept(&bench, alert_id);
    bench.engine.close_alert(alert_id).unwrap();
    assert!(watched.upgrade().is_none());
    let watched = kept(&bench, alert_id);
    bench.engine.suspend();
    assert!(watched.upgrade().is_none());
}
