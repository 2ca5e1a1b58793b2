//! `verify`: officers' signatures by the force's certificates, and the recipients of each entry.

use peel_domain::event::{Action, Actor, CertificateBytes};
use peel_domain::id::EnrolmentId;
use peel_domain::shift::CertificateClaims;
use peel_domain::time::Moment;
use peel_ledger::bundle::{RecipientPurpose, TrustedRecipient};
use uuid::Uuid;

use crate::fixture::{
    audit, body, certificate, certificate_of, claims, code, decided, engaged_at, key, moment, officer, received, shift,
    shift_started, statement, text, written, written_with,
};
use crate::support::{Force, Item};

/// A signature over "engage" on this alert at entry 2, by this key.
fn signature(alert: u128, by: u8) -> Vec<u8> {
    statement(alert, moment(2)).to_be_signed().unwrap().sign(key(by)).unwrap()
}

/// The same of the first version, which names no moment.
fn old_signature() -> Vec<u8> {
    statement(1, moment(2)).to_be_signed_v1().unwrap().sign(key(3)).unwrap()
}

fn opened(bodies: &[Vec<u8>]) -> std::process::Output {
    audit(written(bodies).path(), &["--open", "key"])
}

/// A shift under this certificate, with this signature over its decision.
fn decided_shift(certificate: Option<CertificateBytes>, officer_signature: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut bodies = shift();
    bodies[0] = shift_started(0, certificate);
    bodies[2] = body(2, officer(), Some(1), decided(officer_signature));
    bodies
}

#[test]
fn s02_a_decision_is_verified_by_the_key_that_the_forces_certificate_names() {
    let output = opened(&decided_shift(Some(certificate()), Some(signature(1, 3))));
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("decided: engage, signed by the officer"));
    assert!(text(&output).contains("signed by the officer 1, unsigned 0, wrongly signed 0, signatures not verified 0"));
}

#[test]
fn s02_an_unsigned_decision_stands_is_listed_and_is_not_good() {
    let output = opened(&decided_shift(Some(certificate()), None));
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("signed by the officer 0, unsigned 1"));
    assert!(text(&output).contains("1 decisions without the officer's signature (entries 2)"));
}

#[test]
fn s02_a_signature_by_another_key_or_over_another_alert_is_tampered() {
    for wrong in [signature(1, 4), signature(2, 3), vec![1]] {
        let output = opened(&decided_shift(Some(certificate()), Some(wrong)));
        assert_eq!(code(&output), 1);
        assert!(text(&output).contains("not the officer's over this decision"), "{}", text(&output));
    }
}

#[test]
fn s02_a_certificate_of_nobody_of_somebody_else_or_of_another_time_is_tampered() {
    let other_phone = CertificateClaims { enrolment_id: EnrolmentId(Uuid::from_u128(5)), ..claims() };
    let other_officer = CertificateClaims { officer_id: "9999".to_owned().try_into().unwrap(), ..claims() };
    let later = CertificateClaims { from_ms: 1_000_000, ..claims() };
    for certificate in [
        certificate_of(&claims(), 2),
        certificate_of(&other_phone, 1),
        certificate_of(&other_officer, 1),
        certificate_of(&later, 1),
    ] {
        let output = opened(&decided_shift(Some(certificate), Some(signature(1, 3))));
        assert_eq!(code(&output), 1);
        assert!(text(&output).contains("a shift's certificate is"), "{}", text(&output));
    }
}

#[test]
fn s02_an_old_decision_signed_under_an_old_certificate_cannot_be_said_again() {
    // The officer observed first and engaged later. Whoever holds the log's key alone writes the first decision again,
    // with everything that the officer and the force once signed.
    let again = |at: Moment| {
        let mut bodies = shift();
        let old = bodies[2].clone();
        bodies[3] = engaged_at(1, moment(3));
        bodies.truncate(4);
        bodies.push(shift_started(4, Some(certificate())));
        let mut replayed = peel_domain::event::EventBody::from_cbor(&old).unwrap();
        replayed.at = at;
        bodies.push(replayed.to_cbor().unwrap());
        bodies.push(body(6, officer(), None, Action::ShiftEnded));
        opened(&bodies)
    };
    let moved = again(moment(5));
    assert_eq!(code(&moved), 1);
    assert!(text(&moved).contains("not the officer's over this decision at this moment"), "{}", text(&moved));
    let copied = again(moment(2));
    assert_eq!(code(&copied), 1);
    assert!(text(&copied).contains("stands in the record before"), "{}", text(&copied));
}

#[test]
fn s02_a_signature_of_the_first_version_is_read_binds_no_moment_and_counts_once() {
    let mut bodies = decided_shift(Some(certificate()), Some(old_signature()));
    let output = opened(&bodies);
    assert_eq!(code(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("signed by the officer, at this moment or another"));
    assert!(text(&output).contains("of the first version, does not bind its moment (entries 2)"));
    bodies.insert(3, body(3, officer(), Some(1), decided(Some(old_signature()))));
    for (index, index_body) in [(4, received(4, 2, 2)), (5, body(5, Actor::Core, Some(2), Action::NoDecision))] {
        bodies[index] = index_body;
    }
    bodies[6] = body(6, officer(), None, Action::ShiftEnded);
    let output = opened(&bodies);
    assert_eq!(code(&output), 1, "{}", text(&output));
    assert!(text(&output).contains("stands in the record before"));
}

#[test]
fn s02_a_decision_by_an_officer_whose_shift_is_not_open_is_tampered() {
    let other = Actor::Officer("9999".to_owned().try_into().unwrap());
    let mut bodies = shift();
    bodies[2] = body(2, other, Some(1), decided(None));
    let output = opened(&bodies);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("an officer whose shift was not open"), "{}", text(&output));
    let mut bodies = shift();
    bodies.swap(4, 5);
    bodies[4] = body(4, officer(), None, Action::ShiftEnded);
    bodies[5] = engaged_at(1, moment(5));
    let output = opened(&bodies);
    assert_eq!(code(&output), 1, "after the shift");
    assert!(text(&output).contains("an officer whose shift was not open"), "{}", text(&output));
}

#[test]
fn s02_a_shift_without_its_certificate_is_not_good_and_says_what_was_not_verified() {
    let folder = written(&decided_shift(None, Some(signature(1, 3))));
    let output = audit(folder.path(), &["--open", "key", "--format", "json"]);
    assert_eq!(code(&output), 3, "{}", text(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["trail"]["signatures"][0]["not_verified"], 1);
    assert_eq!(json["trail"]["alerts"][0]["signature"], "not_verified");
    assert!(json["trail"]["open"].to_string().contains("no certificate of the force"));
}

fn sealed_to(named: impl Fn(&Force) -> Vec<([u8; 8], RecipientPurpose)>) -> std::process::Output {
    let items: Vec<Item> = shift().into_iter().map(Item::Body).collect();
    let folder = written_with(&items, |force, trust| {
        let of = |(kid, purpose)| TrustedRecipient { kid, purpose, from_s: None, until_s: None };
        trust.recipients = named(force).into_iter().map(of).collect();
    });
    audit(folder.path(), &[])
}

#[test]
fn an_entry_sealed_to_a_stranger_or_not_to_the_desk_is_tampered() {
    let auditor = |force: &Force| (force.auditor.kid(), RecipientPurpose::Auditor);
    let output = sealed_to(|force| vec![auditor(force)]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("entries sealed to the recipients that the trust file names (6)"));
    let output = sealed_to(|_| vec![([9; 8], RecipientPurpose::Auditor)]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).contains("not sealed to the recipients that the trust file names"));
    let output = sealed_to(|force| vec![auditor(force), ([9; 8], RecipientPurpose::Operations)]);
    assert_eq!(code(&output), 1, "the desk was left out");
    let output = sealed_to(|_| Vec::new());
    assert_eq!(code(&output), 3, "an older trust file: {}", text(&output));
    assert!(text(&output).contains("recipients: the trust file names none"));
}
