//! `verify`: officers' signatures by the force's certificates, and the recipients of each entry.

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::event::{Action, CertificateBytes};
use peel_domain::id::{AlertId, EnrolmentId};
use peel_domain::judgement::Decision;
use peel_domain::shift::{CertificateClaims, sign_certificate};
use peel_domain::signed_decision::DecisionStatement;
use peel_ledger::bundle::{RecipientPurpose, TrustedRecipient};
use peel_ledger::note::Ed25519Signer;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{audit, body, code, officer, shift, text, written_of, written_with};
use crate::support::{Force, Item};

/// The name of the test's phone: an enrolment's id, as the gateway gives them.
const ENROLMENT: Uuid = Uuid::from_u128(0x019a_b000_0000_7000_8000_0000_0000_0001);

fn root(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/root", &[seed; 32]).unwrap()
}

fn officer_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn certificate(by: u8, enrolment: Uuid, number: &str) -> CertificateBytes {
    let claims = CertificateClaims {
        officer_id: number.to_owned().try_into().unwrap(),
        enrolment_id: EnrolmentId(enrolment),
        k_officer_spki: officer_key(3).verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
        roles: BTreeMap::new(),
        from_ms: 0,
        until_ms: 1,
    };
    CertificateBytes(sign_certificate(&claims, |message| root(by).sign_detached(message)).unwrap())
}

/// A signature over "engage" on this alert, by this key.
fn signature(alert: u128, by: u8) -> Vec<u8> {
    let statement = DecisionStatement {
        enrolment_id: EnrolmentId(ENROLMENT),
        alert_id: AlertId(Uuid::from_u128(alert)),
        decision: &Decision::Engage,
        note: None,
    };
    let sign = |message: &[u8]| {
        let signature: Signature = officer_key(by).sign(message);
        Some(signature.to_der().as_bytes().to_vec())
    };
    statement.to_be_signed().unwrap().sign(sign).unwrap()
}

fn decided_shift(certificate: Option<CertificateBytes>, officer_signature: Option<Vec<u8>>) -> TempDir {
    let mut bodies = shift();
    bodies[0] = body(0, officer(), None, Action::ShiftStarted { until_ms: 1, certificate });
    let decided = Action::Decided { decision: Decision::Engage, note: None, officer_signature };
    bodies[2] = body(2, officer(), Some(1), decided);
    let items: Vec<Item> = bodies.into_iter().map(Item::Body).collect();
    let mut force = Force::named(&ENROLMENT.to_string());
    crate::fixture::written_by(&mut force, &items, |_, trust| trust.root = Some(root(1).verifier().unwrap()))
}

#[test]
fn s02_a_decision_is_verified_by_the_key_that_the_forces_certificate_names() {
    let output =
        audit(decided_shift(Some(certificate(1, ENROLMENT, "4711")), Some(signature(1, 3))).path(), &["--open", "key"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("decided: engage, signed by the officer"));
    assert!(text(&output).contains("signed by the officer 1, unsigned 0, wrongly signed 0, signatures not verified 0"));
    let output = audit(decided_shift(Some(certificate(1, ENROLMENT, "4711")), None).path(), &["--open", "key"]);
    assert_eq!(code(&output), 0, "an unsigned decision stands: {}", text(&output));
    assert!(text(&output).contains("signed by the officer 0, unsigned 1"));
}

#[test]
fn s02_a_signature_by_another_key_or_over_another_alert_is_tampered() {
    for wrong in [signature(1, 4), signature(2, 3), vec![1]] {
        let output =
            audit(decided_shift(Some(certificate(1, ENROLMENT, "4711")), Some(wrong)).path(), &["--open", "key"]);
        assert_eq!(code(&output), 1);
        assert!(text(&output).contains("not the officer's over this decision"), "{}", text(&output));
    }
}

#[test]
fn s02_a_certificate_of_nobody_or_of_somebody_else_is_tampered() {
    let stranger = Uuid::from_u128(5);
    for (by, enrolment, number) in [(2, ENROLMENT, "4711"), (1, stranger, "4711"), (1, ENROLMENT, "9999")] {
        let folder = decided_shift(Some(certificate(by, enrolment, number)), Some(signature(1, 3)));
        let output = audit(folder.path(), &["--open", "key"]);
        assert_eq!(code(&output), 1, "{by} {enrolment} {number}");
        assert!(text(&output).contains("a shift's certificate is"), "{}", text(&output));
    }
}

#[test]
fn a_record_of_an_earlier_version_without_certificates_is_good_and_says_what_was_not_verified() {
    let output = audit(decided_shift(None, Some(signature(1, 3))).path(), &["--open", "key", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["trail"]["signatures"][0]["not_verified"], 1);
    assert_eq!(json["trail"]["alerts"][0]["signature"], "not_verified");
    assert!(json["trail"]["not_checked"].to_string().contains("no certificate of the force"));
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
    let items: Vec<Item> = shift().into_iter().map(Item::Body).collect();
    let output = audit(written_of(&items).path(), &[]);
    assert_eq!(code(&output), 0, "an older trust file");
    assert!(text(&output).contains("recipients: the trust file names none"));
}
