//! Event bodies as bytes, and what the types themselves rule out.

#![allow(clippy::assertions_on_constants)] // they assert what types are

mod support;

use peel_domain::deployment::Role;
use peel_domain::ethnicity::SelfDefined;
use peel_domain::event::{
    Action, Actor, BodyError, DeletionReason, EventBody, Justification, MediaClass, MediaDeleted,
};
use peel_domain::id::{CameraId, MediaId};
use peel_domain::judgement::{Decision, JudgementValue, NoEngagementReason, SkipReason};
use peel_domain::permit::ComparisonPermit;
use peel_domain::shift::SignedInOfficer;
use peel_domain::stop::{Explanation, ForceUse, IdentityConclusion, LegalFooting, Outcome};
use peel_domain::workflow::{Command, FalseAlertForm, ReceiptForm};
use serde::de::DeserializeOwned;
use support::*;

fn body(v: u8) -> EventBody {
    let deleted = MediaDeleted {
        media_id: MediaId(uuid(10)),
        class: MediaClass::Probe,
        commitment: [0xab; 32],
        reason: DeletionReason::AlertClosed,
    };
    EventBody {
        v,
        at: at(0),
        actor: Actor::Core,
        deployment_id: Some(deployment()),
        alert_id: None,
        justification: Justification::Retention,
        action: Action::MediaDeleted(deleted),
    }
}

#[test]
fn a_body_comes_back_from_its_bytes_and_nothing_may_follow_it() {
    let mut bytes = body(1).to_cbor().unwrap();
    assert_eq!(EventBody::from_cbor(&bytes), Ok(body(1)));
    bytes.push(0);
    assert_eq!(EventBody::from_cbor(&bytes), Err(BodyError::Decode));
    assert_eq!(EventBody::from_cbor(&bytes[..40]), Err(BodyError::Decode));
    let unknown = body(2).to_cbor().unwrap();
    assert_eq!(EventBody::from_cbor(&unknown), Err(BodyError::UnknownVersion));
}

#[test]
fn what_older_trails_do_not_say_is_read_as_unsaid_and_not_written() {
    let camera_id = CameraId::new("cam-1").unwrap();
    let ingested = |under_18| Action::AlertIngested {
        camera_id: camera_id.clone(),
        captured_at_ms: 1,
        test_subject: false,
        threshold: None,
        under_18,
        vulnerable: under_18,
    };
    let joined = |software| Action::Joined { role: Role::EngagementOfficer, software };
    let pairs = [
        (ingested(None), ingested(Some(true)), "under_18"),
        (joined(None), joined(Some("0.1.0".to_owned())), "software"),
    ];
    for (older, newer, field) in pairs {
        let bytes = |action: &Action| EventBody { action: action.clone(), ..body(1) }.to_cbor().unwrap();
        let has = |bytes: &[u8]| bytes.windows(field.len()).any(|window| window == field.as_bytes());
        assert!(!has(&bytes(&older)) && has(&bytes(&newer)), "{field}");
        for action in [older, newer] {
            assert_eq!(EventBody::from_cbor(&bytes(&action)).map(|body| body.action), Ok(action));
        }
    }
}

#[test]
fn hashes_stand_as_byte_strings_of_their_own_length() {
    let bytes = body(1).to_cbor().unwrap();
    let text = [&[0x58, 32][..], &[0xab; 32]].concat();
    let at = bytes.windows(text.len()).position(|window| window == text).expect("a byte string of 32");
    let mut short = bytes.clone();
    short.remove(at + 2);
    short[at + 1] = 31;
    assert_eq!(EventBody::from_cbor(&short), Err(BodyError::Decode));
}

/// Whether a type has a trait: the inherent constant is taken where its bound holds, else the blanket one.
struct Has<T>(std::marker::PhantomData<T>);

trait Lacks {
    const DEFAULT: bool = false;
    const DESERIALIZE: bool = false;
    const CLONE: bool = false;
}

impl<T> Lacks for Has<T> {}

#[allow(dead_code)] // each constant is there for the types that have the trait
impl<T: Default> Has<T> {
    const DEFAULT: bool = true;
}

#[allow(dead_code)]
impl<T: DeserializeOwned> Has<T> {
    const DESERIALIZE: bool = true;
}

#[allow(dead_code)]
impl<T: Clone> Has<T> {
    const CLONE: bool = true;
}

#[test]
fn s01_no_decision_judgement_outcome_or_reason_has_a_default() {
    assert!(Has::<u8>::DEFAULT, "the test can tell");
    let defaults = [
        Has::<Decision>::DEFAULT,
        Has::<JudgementValue>::DEFAULT,
        Has::<SkipReason>::DEFAULT,
        Has::<NoEngagementReason>::DEFAULT,
        Has::<Outcome>::DEFAULT,
        Has::<IdentityConclusion>::DEFAULT,
        Has::<Explanation>::DEFAULT,
        Has::<LegalFooting>::DEFAULT,
        Has::<FalseAlertForm>::DEFAULT,
        Has::<ReceiptForm>::DEFAULT,
        Has::<Command>::DEFAULT,
        Has::<SelfDefined>::DEFAULT,
        Has::<ForceUse>::DEFAULT,
    ];
    assert_eq!(defaults, [false; 13]);
}

#[test]
fn s02_an_officer_cannot_be_made_from_bytes_or_from_nothing() {
    assert!(Has::<u8>::DESERIALIZE, "the test can tell");
    assert!(!Has::<SignedInOfficer>::DESERIALIZE && !Has::<SignedInOfficer>::DEFAULT);
    assert!(!Has::<Command>::DESERIALIZE, "commands come from code, not from a message");
}

#[test]
fn s14_a_permit_is_used_once_and_cannot_be_made_from_bytes() {
    assert!(Has::<u8>::CLONE, "the test can tell");
    assert!(!Has::<ComparisonPermit>::CLONE && !Has::<ComparisonPermit>::DESERIALIZE);
    assert!(!Has::<ComparisonPermit>::DEFAULT);
}

#[test]
fn s05_the_proof_of_reveal_cannot_be_made_from_bytes() {
    assert!(!Has::<peel_domain::alert::Revealed>::DESERIALIZE && !Has::<peel_domain::alert::Revealed>::DEFAULT);
}
