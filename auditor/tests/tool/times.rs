//! `verify --open`: what a record says about time, against the envelope that the force cosigned.

use peel_domain::event::Action;
use peel_domain::id::EngagementId;
use peel_domain::stop::LegalFooting;
use peel_domain::time::{BootId, Elapsed, Moment};
use uuid::Uuid;

use crate::fixture::{audit, body, code, engaged_at, moment, officer, shift, text, written};

/// A shift with a stop that is said to have lasted so many milliseconds.
fn with_stop(stated_ms: u64) -> Vec<Vec<u8>> {
    let contact = Action::ContactMade {
        engagement_id: EngagementId(Uuid::from_u128(3)),
        footing: LegalFooting::VoluntaryConversation,
    };
    let released = Action::Released { duration: Elapsed { ms: stated_ms, uncertainty_ms: 0 } };
    let mut bodies = shift()[..3].to_vec();
    bodies.push(body(3, officer(), Some(1), contact));
    bodies.push(body(4, officer(), Some(1), released));
    bodies.push(body(5, officer(), None, Action::ShiftEnded));
    bodies
}

#[test]
fn s34_a_stop_that_states_another_length_than_its_entries_is_tampered() {
    let output = audit(written(&with_stop(0)).path(), &["--open", "key"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("1 stops whose length agrees"));
    let output = audit(written(&with_stop(600_000)).path(), &["--open", "key"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("a stop's length is not that of its entries"));
}

#[test]
fn s34_a_record_of_another_time_or_start_than_its_envelope_is_tampered() {
    let sound = moment(2);
    let cases = [
        (Moment { utc_ms: sound.utc_ms + 61_000, ..sound }, 1, "another time than its envelope"),
        (Moment { utc_ms: sound.utc_ms - 61_000, ..sound }, 1, "another time than its envelope"),
        (Moment { monotonic_ns: 61_000_000_100, ..sound }, 1, "another time than its envelope"),
        (Moment { boot_id: BootId([8; 8]), ..sound }, 1, "another start of the phone"),
        (Moment { utc_ms: sound.utc_ms + 5_000, ..sound }, 0, "GOOD"),
    ];
    for (at, exit, said) in cases {
        let mut bodies = shift();
        bodies[2] = engaged_at(1, at);
        let output = audit(written(&bodies).path(), &["--open", "key"]);
        assert_eq!(code(&output), exit, "{at:?}: {}", text(&output));
        assert!(text(&output).contains(said), "{}", text(&output));
    }
}
