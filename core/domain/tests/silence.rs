//! How long a phone has been without its force, for clocks that lie.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use peel_domain::event::DeletionReason;
use peel_domain::policy::Contradiction;
use peel_domain::retention::{Known, due_media_knowing};
use peel_domain::silence::Silence;
use peel_domain::time::{BootId, Moment};
use proptest::prelude::*;
use support::*;

const HOUR_MS: u64 = 3_600_000;
const LIMIT_MS: u64 = 12 * HOUR_MS;

/// A phone's clocks, and how long they have really run.
#[derive(Clone, Copy)]
struct Phone {
    wall_ms: i64,
    up_ms: u64,
    boot: u8,
}

impl Phone {
    fn new() -> Self {
        Self { wall_ms: START_MS, up_ms: 5_000, boot: 1 }
    }

    fn run(&mut self, ms: u64) {
        self.up_ms += ms;
        self.wall_ms += i64::try_from(ms).unwrap();
    }

    fn reboot(&mut self, off_ms: u64) {
        self.wall_ms += i64::try_from(off_ms).unwrap();
        (self.boot, self.up_ms) = (self.boot + 1, 0);
    }

    fn now(&self) -> Moment {
        let monotonic_ns = self.up_ms * 1_000_000;
        Moment { utc_ms: self.wall_ms, monotonic_ns, boot_id: BootId([self.boot; 8]), ..at(0) }
    }
}

fn lapses(silence: Silence, phone: &Phone) -> bool {
    silence.carried(&policy(), &phone.now()).has_lapsed()
}

#[test]
fn s39_the_limit_is_exact_and_a_contact_begins_anew() {
    let mut phone = Phone::new();
    let begun = Silence::beginning(phone.now());
    phone.run(LIMIT_MS - 1);
    assert!(!lapses(begun, &phone));
    let heard = begun.broken(&policy(), &phone.now());
    phone.run(1);
    assert!(lapses(begun, &phone) && !lapses(heard, &phone));
    let late = begun.broken(&policy(), &phone.now());
    assert!(late.has_lapsed(), "a contact that comes too late brings nothing back");
    assert!(!late.settled().has_lapsed() && !lapses(late.settled(), &phone));
    assert!(lapses(begun.carried(&policy(), &phone.now()).settled(), &phone), "without a contact it stays too long");
}

#[test]
fn s39_a_phone_that_was_off_counts_that_time_by_its_wall_clock_and_a_clock_set_back_is_doubt() {
    let begun = Silence::beginning(Phone::new().now());
    for (off_ms, lapsed) in [(LIMIT_MS - 1, false), (LIMIT_MS, true)] {
        let mut phone = Phone::new();
        phone.reboot(off_ms);
        assert_eq!(lapses(begun, &phone), lapsed);
    }
    let mut set_back = Phone::new();
    set_back.reboot(60_000);
    set_back.wall_ms = START_MS - 1;
    assert!(lapses(begun, &set_back));
}

#[test]
fn s39_time_that_the_gateways_clock_passed_over_and_the_phones_did_not_was_silence() {
    let mut phone = Phone::new();
    let signed_ms = START_MS + 70_000;
    let begun = Silence::beginning(phone.now()).broken_by_signed(&policy(), &phone.now(), signed_ms);
    assert!(!begun.has_lapsed(), "a clock that is merely wrong is none");
    phone.run(HOUR_MS);
    let hour = i64::try_from(HOUR_MS).unwrap();
    let contact = |passed_ms: i64| begun.broken_by_signed(&policy(), &phone.now(), signed_ms + passed_ms);
    assert!(!contact(hour).has_lapsed() && !contact(12 * hour - 1).has_lapsed());
    assert!(contact(12 * hour).has_lapsed(), "set back while it was off, so that the reboot hid eleven hours");
    assert!(!contact(-hour).has_lapsed());
}

#[test]
fn s39_lapsed_images_are_due_even_in_a_running_stop_with_that_cause() {
    let known = Known { lapsed: true, ..Known::default() };
    for state in [fresh(), in_contact()] {
        let due = due_media_knowing(&state, &policy(), &at(30_000), known);
        assert_eq!(due.iter().map(|media| media.reason).collect::<Vec<_>>(), [DeletionReason::Lapsed; 3]);
    }
    let mut at_once = policy();
    at_once.device.lapse_without_contact_h = 0;
    assert!(at_once.contradictions().contains(&Contradiction::LapsesAtOnce));
}

proptest! {
    /// Whatever is done to the wall clock, what a phone has run since its last contact never counts for less.
    #[test]
    fn s27_s39_no_setting_of_the_clock_and_no_reboot_takes_running_time_away(
        steps in prop::collection::vec((0_u64..3 * HOUR_MS, -100_000_000_i64..100_000_000, any::<bool>()), 1..20)
    ) {
        let mut phone = Phone::new();
        let mut silence = Silence::beginning(phone.now());
        let mut ran_ms = 0;
        for (run_ms, set_ms, reboots) in steps {
            phone.run(run_ms);
            ran_ms += run_ms;
            silence = silence.carried(&policy(), &phone.now());
            phone.wall_ms += set_ms;
            if reboots {
                phone.reboot(0);
            }
            prop_assert!(ran_ms < LIMIT_MS || silence.has_lapsed());
        }
        let bytes = serde_json::to_vec(&silence).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Silence>(&bytes).unwrap(), silence);
    }
}
