//! The shift certificate: the only way to an officer.

mod support;

use ed25519_dalek::{Signer, SigningKey};
use peel_domain::deployment::Role;
use peel_domain::id::EnrolmentId;
use peel_domain::shift::{
    Binding, CertificateClaims, ShiftError, SignedInOfficer, sign_certificate, verify_certificate,
};
use support::*;

fn claims() -> CertificateClaims {
    support::claims("PC-1", Role::EngagementOfficer)
}

fn verify(bytes: &[u8], now_ms: i64) -> Result<SignedInOfficer, ShiftError> {
    verify_certificate(bytes, &force_key().verifying_key().to_bytes(), binding(), now_ms)
}

#[test]
fn s02_a_certificate_of_the_force_makes_an_officer() {
    let officer = verify(&certificate(&claims()), START_MS).unwrap();
    assert_eq!(officer.officer_id().as_str(), "PC-1");
    assert!(officer.has_role(deployment(), Role::EngagementOfficer));
    assert!(!officer.has_role(deployment(), Role::Supervisor));
    assert!(officer.roles(peel_domain::id::DeploymentId(uuid(77))).is_empty());
    assert_eq!(officer.until_ms(), claims().until_ms);
}

#[test]
fn s02_a_certificate_by_anybody_else_makes_none() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let forged = sign_certificate(&claims(), |message| other.sign(message).to_bytes()).unwrap();
    assert_eq!(verify(&forged, START_MS), Err(ShiftError::Signature));
    let good = certificate(&claims());
    for index in 0..good.len() {
        let mut flipped = good.clone();
        flipped[index] ^= 1;
        assert!(verify(&flipped, START_MS).is_err(), "byte {index}");
        assert!(verify(&good[..index], START_MS).is_err(), "cut at {index}");
    }
}

#[test]
fn s38_a_shift_lasts_as_long_as_its_certificate_whatever_the_phones_clock_says() {
    const TEN_YEARS_MS: i64 = 10 * 365 * 86_400_000;
    let good = certificate(&claims());
    let length = claims().until_ms - claims().from_ms;
    for signed_in_ms in [0, START_MS - TEN_YEARS_MS, START_MS, START_MS + TEN_YEARS_MS, i64::MAX - length] {
        let officer = verify(&good, signed_in_ms).unwrap();
        assert!(officer.is_on_shift(signed_in_ms) && officer.is_on_shift(signed_in_ms + length - 1));
        assert!(!officer.is_on_shift(signed_in_ms + length));
        assert!(officer.is_on_shift(signed_in_ms - 1), "a clock that is set back ends no shift");
        assert_eq!(officer.until_ms(), claims().until_ms, "the force's own words stay");
    }
}

#[test]
fn a_certificate_of_no_or_too_long_a_time_is_none() {
    for length in [0, -1, 25 * 3_600_000, i64::MAX] {
        let from_ms = claims().from_ms;
        let until_ms = from_ms.saturating_add(length);
        let odd = certificate(&CertificateClaims { until_ms, ..claims() });
        assert_eq!(verify(&odd, START_MS), Err(ShiftError::Length));
    }
}

#[test]
fn a_certificate_is_bound_to_the_enrolment_and_the_key() {
    let good = certificate(&claims());
    let force = force_key().verifying_key().to_bytes();
    let elsewhere = Binding { enrolment_id: EnrolmentId(uuid(7)), ..binding() };
    assert_eq!(verify_certificate(&good, &force, elsewhere, START_MS), Err(ShiftError::OtherEnrolment));
    let other_key = Binding { k_officer_spki: b"another key", ..binding() };
    assert_eq!(verify_certificate(&good, &force, other_key, START_MS), Err(ShiftError::OtherKey));
    let keyless = CertificateClaims { k_officer_spki: Vec::new(), ..claims() };
    let no_key = Binding { k_officer_spki: b"", ..binding() };
    assert_eq!(verify_certificate(&certificate(&keyless), &force, no_key, START_MS), Err(ShiftError::OtherKey));
}

#[test]
fn a_certificate_has_one_form() {
    use coset::CborSerializable as _;
    let good = certificate(&claims());
    let mut noted = coset::CoseSign1::from_slice(&good).unwrap();
    noted.unprotected = coset::HeaderBuilder::new().text_value("note".to_owned(), 1.into()).build();
    assert_eq!(verify(&noted.to_vec().unwrap(), START_MS), Err(ShiftError::Malformed));
    assert_eq!(good[0], 0x84);
    assert_eq!(verify(&[&[0x98, 4], &good[1..]].concat(), START_MS), Err(ShiftError::Malformed), "a longer head");
}
