//! Images of a phone that nobody hears from (S39), with clocks that lie (S27).

use peel_domain::event::{Action, DeletionReason};
use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, JudgementValue, Look};
use peel_domain::stop::LegalFooting;

use super::support::Bench;
use crate::engine::Engine;
use crate::ffi::{DecisionRequest, FaceSide, JudgementRequest};

const HOUR_MS: i64 = 3_600_000;
const LIMIT_MS: i64 = 12 * HOUR_MS;

/// A running stop, so that the images are not due for another reason.
fn in_contact(bench: &Bench) -> AlertId {
    let alert_id = bench.receive_for(1, 23 * HOUR_MS);
    let look = Look { probe_ms: 1_000, reference_ms: 900, zoomed: false };
    bench.engine.displayed(alert_id).unwrap();
    bench.engine.judge(alert_id, JudgementRequest { value: JudgementValue::SamePersonLikely, look }).unwrap();
    bench.engine.decide(alert_id, &DecisionRequest { decision: Decision::Engage, note: None }).unwrap();
    bench.engine.contact_made(alert_id, LegalFooting::VoluntaryConversation).unwrap();
    bench.engine.tick().unwrap();
    alert_id
}

fn shows(engine: &Engine, alert_id: AlertId) -> bool {
    engine.face_image(alert_id, FaceSide::Reference).is_ok()
}

fn reasons(bench: &Bench, engine: &Engine) -> Vec<DeletionReason> {
    let deleted = |action| match action {
        Action::MediaDeleted(deleted) => Some(deleted.reason),
        _ => None,
    };
    bench.events(engine).into_iter().filter_map(|event| deleted(event.action)).collect()
}

#[test]
fn s39_images_lapse_without_contact_and_each_leaves_a_receipt_with_its_cause() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    bench.clock.advance(LIMIT_MS - 1);
    bench.engine.tick().unwrap();
    assert!(shows(&bench.engine, alert_id));
    bench.clock.advance(1);
    assert!(!shows(&bench.engine, alert_id), "before any tick: the release itself looks");
    bench.engine.tick().unwrap();
    assert_eq!(reasons(&bench, &bench.engine), [DeletionReason::Lapsed; 2]);
    assert!(bench.engine.store.media_lines().unwrap().is_empty());
    bench.engine.tick().unwrap();
    assert_eq!(reasons(&bench, &bench.engine).len(), 2);
}

#[test]
fn s39_a_contact_begins_the_time_anew_and_one_that_comes_too_late_brings_nothing_back() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    bench.clock.advance(5 * HOUR_MS);
    bench.engine.heard();
    bench.clock.advance(LIMIT_MS - 1);
    bench.engine.tick().unwrap();
    assert!(shows(&bench.engine, alert_id));
    bench.clock.advance(1);
    bench.engine.heard();
    assert!(!shows(&bench.engine, alert_id));
    bench.engine.settle_lapse().unwrap();
    assert_eq!(reasons(&bench, &bench.engine), [DeletionReason::Lapsed; 2]);
    // What comes with that contact stays.
    let next = bench.receive(2);
    bench.engine.tick().unwrap();
    assert!(shows(&bench.engine, next));
    let (_home, engine) = bench.after_kill();
    engine.tick().unwrap();
    assert!(shows(&engine, next), "also after a kill");
}

#[test]
fn s27_s39_a_clock_that_is_set_changes_nothing_within_a_boot() {
    for set_by_ms in [-30 * HOUR_MS, 13 * HOUR_MS] {
        let bench = Bench::new();
        let alert_id = in_contact(&bench);
        bench.clock.set_wall(bench.now() + set_by_ms);
        bench.engine.tick().unwrap();
        assert!(shows(&bench.engine, alert_id), "{set_by_ms}: only minutes have passed");
        bench.clock.set_wall(bench.now() - set_by_ms - HOUR_MS);
        bench.clock.advance(LIMIT_MS);
        assert!(!shows(&bench.engine, alert_id));
        bench.engine.tick().unwrap();
        assert_eq!(reasons(&bench, &bench.engine), [DeletionReason::Lapsed; 2], "{set_by_ms}");
    }
}

#[test]
fn s39_a_phone_that_was_off_too_long_shows_nothing_when_it_starts() {
    for (off_ms, stays) in [(HOUR_MS, true), (LIMIT_MS, false), (-HOUR_MS, false)] {
        let bench = Bench::new();
        let alert_id = in_contact(&bench);
        bench.clock.advance(off_ms.max(0));
        bench.clock.reboot();
        if off_ms < 0 {
            // S27: it was set back while the phone was off, and nobody knows for how long that was.
            bench.clock.set_wall(bench.now() + off_ms);
        }
        let (_home, engine) = bench.after_kill();
        assert_eq!(shows(&engine, alert_id), stays, "{off_ms}");
        engine.tick().unwrap();
        let expected = if stays { Vec::new() } else { vec![DeletionReason::Lapsed; 2] };
        assert_eq!(reasons(&bench, &engine), expected, "{off_ms}");
    }
}

#[test]
fn s39_what_was_silent_before_a_reboot_counts_after_it() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    bench.clock.advance(LIMIT_MS - HOUR_MS);
    bench.engine.tick().unwrap();
    // Set back to the beginning, then off and on: the wall clock alone would say that no time has passed.
    bench.clock.set_wall(bench.now() - LIMIT_MS + HOUR_MS);
    bench.engine.tick().unwrap();
    bench.clock.advance(60_000);
    bench.engine.tick().unwrap();
    bench.clock.reboot();
    bench.clock.advance(HOUR_MS - 60_000);
    let (_home, engine) = bench.after_kill();
    assert!(!shows(&engine, alert_id));
    engine.tick().unwrap();
    assert_eq!(reasons(&bench, &engine), [DeletionReason::Lapsed; 2]);
}

#[test]
fn s27_s39_a_receipt_of_before_is_no_time_of_now() {
    let bench = Bench::new();
    let alert_id = in_contact(&bench);
    let early = bench.confirmation();
    bench.engine.keep_receipt(&early).unwrap();
    // In contact all the time, and nothing new is confirmed for so long: the mirror says again what it said.
    for _ in 0..2 {
        for _ in 0..7 {
            bench.clock.advance(HOUR_MS);
            bench.engine.heard();
        }
        bench.engine.keep_receipt(&early).unwrap();
    }
    bench.receive(2);
    bench.engine.keep_receipt(&bench.confirmation()).unwrap();
    assert!(shows(&bench.engine, alert_id), "nobody was silent for more than an hour");
    bench.engine.tick().unwrap();
    assert_eq!(reasons(&bench, &bench.engine), []);
}
