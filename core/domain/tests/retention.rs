//! When images are due, also for clocks that lie.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use peel_domain::event::{Action, Actor, DeletionReason, EventBody, Justification, MediaClass, MediaDeleted};
use peel_domain::judgement::{Decision, NoEngagementReason};
use peel_domain::retention::{
    ForceCopy, Known, copies_until_ms, copy_due, due_media, due_media_knowing, live_capture_due,
};
use peel_domain::time::{BootId, Moment};
use peel_domain::workflow::{AlertState, Command, Phase, due};
use support::*;

fn not_engaged() -> AlertState {
    let mut state = revealed();
    let decision = Decision::DoNotEngage(vec![NoEngagementReason::DifferentPerson]);
    play(&mut state, Command::Decide { decision, note: None }, 6_000).unwrap();
    state
}

fn reasons(state: &AlertState, now: Moment, known: Known) -> Vec<DeletionReason> {
    due_media_knowing(state, &policy(), &now, known).iter().map(|due| due.reason).collect()
}

fn reason(state: &AlertState, now: Moment) -> Option<DeletionReason> {
    due_media(state, &policy(), &now).first().map(|due| due.reason)
}

#[test]
fn s24_images_of_somebody_not_engaged_go_within_a_minute_of_closing() {
    let state = not_engaged();
    assert_eq!(reason(&state, at(65_999)), None);
    let due = due_media(&state, &policy(), &at(66_000));
    assert!(due.iter().all(|media| media.reason == DeletionReason::AlertClosed));
    let classes: Vec<MediaClass> = due.iter().map(|media| media.class).collect();
    assert_eq!(classes, [MediaClass::Probe, MediaClass::Probe, MediaClass::Reference], "S26: the reference with them");
}

#[test]
fn s25_no_image_outlives_the_day_whatever_happens() {
    let day_ms = 24 * 3_600_000;
    for state in [fresh(), revealed(), in_contact()] {
        assert_eq!(reason(&state, at(19 * 3_600_000)), None);
        assert_eq!(reason(&state, at(day_ms)), Some(DeletionReason::Expired));
    }
}

#[test]
fn s26_the_end_of_the_deployment_takes_images_but_not_from_a_running_stop() {
    let known = Known { deployment_ended: true, ..Known::default() };
    assert_eq!(reasons(&fresh(), at(1_000), known), [DeletionReason::DeploymentEnded; 3]);
    assert!(reasons(&in_contact(), at(30_000), known).is_empty());
}

#[test]
fn s27_a_clock_set_back_within_a_boot_does_not_lengthen_a_life() {
    let set_back = Moment { utc_ms: START_MS - 1_000_000, ..at(66_000) };
    assert_eq!(reason(&not_engaged(), set_back), Some(DeletionReason::AlertClosed));
    let a_day_later = Moment { utc_ms: START_MS, ..at(24 * 3_600_000) };
    assert_eq!(reason(&fresh(), a_day_later), Some(DeletionReason::Expired));
}

#[test]
fn s27_a_clock_set_back_over_a_reboot_deletes_on_doubt() {
    let rebooted = |utc_ms: i64, up_ms: u64| Moment {
        utc_ms: START_MS + utc_ms,
        monotonic_ns: up_ms * 1_000_000,
        boot_id: BootId([2; 8]),
        ..at(0)
    };
    assert_eq!(reason(&not_engaged(), rebooted(-50_000, 1_000)), Some(DeletionReason::AlertClosed));
    assert_eq!(reason(&fresh(), rebooted(0, 24 * 3_600_000)), Some(DeletionReason::Expired));
    let gateway = Known { latest_ms: Some(START_MS + 24 * 3_600_000), ..Known::default() };
    assert_eq!(reasons(&fresh(), rebooted(1_000, 1_000), gateway), [DeletionReason::Expired; 3]);
    let gateway = Known { latest_ms: Some(START_MS + 66_000), ..Known::default() };
    assert_eq!(reasons(&not_engaged(), at(10_000), gateway), [DeletionReason::AlertClosed; 3]);
}

#[test]
fn s24_the_forces_copies_go_within_a_minute_of_the_alerts_end() {
    let day_ms = 24 * 3_600_000;
    let due = |over_ms: Option<i64>, now_ms: i64| {
        let copy = ForceCopy { expire_ms: START_MS + day_ms, over_ms: over_ms.map(|ms| START_MS + ms) };
        copy_due(&policy(), copy, START_MS + now_ms)
    };
    assert_eq!((due(None, day_ms - 1), due(None, day_ms)), (None, Some(DeletionReason::Expired)));
    assert_eq!((due(Some(6_000), 65_999), due(Some(6_000), 66_000)), (None, Some(DeletionReason::AlertClosed)));
    assert_eq!(copies_until_ms(&policy(), START_MS + 6_000), START_MS + 66_000);
    // S27: two machines differ by a little; a clock that was set back is not believed.
    assert_eq!((due(Some(6_000), 2_000), due(Some(6_000), 999)), (None, Some(DeletionReason::AlertClosed)));
}

#[test]
fn s29_an_alert_whose_images_all_have_receipts_is_done() {
    let mut state = not_engaged();
    for due in due_media(&state, &policy(), &at(66_000)) {
        let deleted =
            MediaDeleted { media_id: due.media_id, class: due.class, commitment: [3; 32], reason: due.reason };
        let event = EventBody {
            v: 1,
            at: at(66_000),
            actor: Actor::Core,
            deployment_id: Some(deployment()),
            alert_id: Some(state.alert_id()),
            justification: Justification::Retention,
            action: Action::MediaDeleted(deleted),
        };
        state.apply(&event).unwrap();
    }
    assert_eq!(state.phase(), Phase::MediaDeleted);
    assert!(due_media(&state, &policy(), &at(70_000)).is_empty());
}

#[test]
fn s27_a_clock_set_back_over_a_reboot_ends_every_life_and_revives_no_alert() {
    let rebooted = |utc_ms: i64, up_ms: u64| Moment {
        utc_ms: START_MS + utc_ms,
        monotonic_ns: up_ms * 1_000_000,
        boot_id: BootId([2; 8]),
        ..at(0)
    };
    let mut undecided = fresh();
    play(&mut undecided, Command::Displayed, 1_000).unwrap();
    assert_eq!(reason(&undecided, rebooted(60_000, 1_000)), None, "a reboot alone takes nothing");
    assert!(due(&undecided, &policy(), rebooted(60_000, 1_000)).events.is_empty());
    for before_the_trail in [rebooted(-1, 1_000), rebooted(999, 1_000)] {
        let due = due(&undecided, &policy(), before_the_trail);
        let actions: Vec<&Action> = due.events.iter().map(|event| &event.action).collect();
        assert_eq!(actions, [&Action::NoDecision, &Action::Expired, &Action::Closed]);
        assert_eq!(reason(&undecided, before_the_trail), Some(DeletionReason::Expired));
        assert_eq!(reason(&in_contact(), before_the_trail), Some(DeletionReason::Expired));
    }
    // The clock says that a minute has passed; the boot alone has lasted longer than the alert is fresh.
    let late = due(&undecided, &policy(), rebooted(60_000, 200_000));
    assert_eq!(late.events.len(), 3);
}

#[test]
fn s19_a_close_photograph_goes_within_a_minute_and_on_doubt_at_once() {
    let (policy, taken) = (policy(), at(5_000));
    assert_eq!(policy.check.live_capture_max_s, 60);
    let due = |now: Moment| live_capture_due(&policy, &taken, &now);
    assert!(!due(at(5_000)) && !due(at(63_000)));
    assert!(due(at(64_000)), "before the minute is over");
    assert!(!due(Moment { utc_ms: 0, ..at(63_000) }), "the wall clock is not asked");
    assert!(due(Moment { utc_ms: 0, ..at(64_000) }), "so to set it back gains nothing");
    assert!(due(at(4_999)), "a clock that runs backwards is doubt");
    assert!(due(Moment { boot_id: BootId([9; 8]), ..at(6_000) }), "and so is another boot");
    let mut short = policy.clone();
    short.check.live_capture_max_s = 10;
    assert!(live_capture_due(&short, &taken, &at(14_000)) && !live_capture_due(&short, &taken, &at(13_999)));
}
