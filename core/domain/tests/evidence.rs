//! Who may hold evidence, and for how long.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use peel_domain::event::{Action, Actor, EventBody, EvidenceHeld, EvidenceReleased, HeldImage, HoldEnd, MediaClass};
use peel_domain::evidence::{HoldError, HoldTerms, MAX_HOLD_TEXT};
use peel_domain::id::{HoldId, MediaId, OfficerId};
use peel_domain::policy::Contradiction;
use peel_domain::record::{Issue, Source};
use support::trail::*;
use support::*;

const DAY_MS: i64 = 86_400_000;

fn check(reason: &str, case_ref: &str, until_ms: i64) -> Result<(), HoldError> {
    HoldTerms { reason, case_ref, until_ms: START_MS + until_ms }.check(&policy(), START_MS)
}

#[test]
fn s28_a_hold_has_a_reason_a_case_and_an_end_that_the_policy_allows() {
    let (reason, case) = ("complaint about the stop", "CR/1234/26");
    assert_eq!(check(reason, case, 31 * DAY_MS), Ok(()));
    assert_eq!(check(reason, case, 31 * DAY_MS + 1), Err(HoldError::TooLong { max_days: 31 }));
    for ended in [0, -1, -START_MS] {
        assert_eq!(check(reason, case, ended), Err(HoldError::Ended));
    }
    for none in ["", "because", "          ", "with a\nline break", &"x".repeat(MAX_HOLD_TEXT + 1)] {
        assert_eq!(check(none, case, DAY_MS), Err(HoldError::Reason), "{none}");
    }
    for none in ["", " ", "CR\t1", &"x".repeat(MAX_HOLD_TEXT + 1)] {
        assert_eq!(check(reason, none, DAY_MS), Err(HoldError::CaseRef), "{none}");
    }
}

#[test]
fn s28_a_policy_bounds_holds_and_names_a_key_or_none() {
    let with = |days: u32, key: Option<&str>| {
        let mut policy = policy();
        policy.media.evidence_hold_max_days = days;
        policy.media.evidence_key = key.map(str::to_owned);
        policy.contradictions()
    };
    assert!(with(31, None).is_empty() && with(366, Some(&format!("x25519:{}", "a7".repeat(32)))).is_empty());
    for days in [0, 367] {
        assert_eq!(with(days, None), [Contradiction::EvidenceHold].into());
    }
    assert_eq!(with(31, Some("x25519:A7")), [Contradiction::EvidenceKey].into());
    // A policy that was signed before there was such a key is what it was.
    let bytes = policy().to_cbor().unwrap();
    assert!(!bytes.windows(12).any(|part| part == b"evidence_key"));
}

fn held(number: u128) -> EvidenceHeld {
    let media_id = MediaId(uuid(50));
    EvidenceHeld {
        hold_id: HoldId(uuid(number)),
        reason: "complaint about the stop".to_owned(),
        case_ref: "CR/1234/26".to_owned(),
        until_ms: START_MS + DAY_MS,
        media: vec![HeldImage { media_id, class: MediaClass::Probe, commitment: [7; 32] }],
    }
}

fn supervisor() -> Actor {
    Actor::Supervisor(OfficerId::new("S-1").unwrap())
}

#[test]
fn s28_holds_are_counted_once_and_published_and_only_a_supervisors_count() {
    let mut trail = full(false);
    assert_eq!(trail.record().export(&policy()).unwrap().published.deletions.evidence_holds, 0);
    for number in [61, 62, 62] {
        trail.push(Source::Events, supervisor(), 170_000, Some(alert(1)), Action::EvidenceHeld(held(number)));
    }
    let released = EvidenceReleased { hold_id: HoldId(uuid(61)), end: HoldEnd::DateReached };
    trail.force(180_000, Some(alert(1)), Action::EvidenceReleased(released));
    let export = trail.record().export(&policy()).unwrap();
    assert_eq!((export.published.deletions.evidence_holds, export.published.counts.engaged), (2, 4));
    let json = serde_json::to_value(&export).unwrap();
    assert_eq!(json["deletions"]["evidence_holds"], 2);
    // Neither the gateway by itself nor an officer's phone holds anything.
    let others = [
        (Source::Events, Actor::Gateway),
        (PHONE_1, supervisor()),
        (PHONE_1, officer_actor("PC-1")),
        (PHONE_1, Actor::Core),
    ];
    for (source, actor) in others {
        let mut trail = full(false);
        trail.push(source, actor, 170_000, Some(alert(1)), Action::EvidenceHeld(held(63)));
        let record = trail.record();
        assert_eq!(record.evidence_holds, 0);
        assert!(record.issues.contains(&Issue::WrongActor(alert(1))) && record.export(&policy()).is_err());
    }
}

#[test]
fn s28_the_events_come_back_from_their_bytes() {
    let released = EvidenceReleased { hold_id: HoldId(uuid(61)), end: HoldEnd::BySupervisor };
    for action in [Action::EvidenceHeld(held(61)), Action::EvidenceReleased(released)] {
        let mut trail = Trail(Vec::new());
        trail.push(Source::Events, supervisor(), 0, Some(alert(1)), action);
        let (_, event) = trail.0.pop().unwrap();
        assert_eq!(EventBody::from_cbor(&event.to_cbor().unwrap()), Ok(event));
    }
}
