//! The policy as a document: what is read, what is refused, what is signed.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions

mod support;

use std::collections::BTreeSet;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::alert::Thousandths;
use peel_domain::id::ForceId;
use peel_domain::policy::{
    BlindRule, Contradiction, Policy, PolicyError, PolicySigner, PolicyTrust, SignedPolicy, TwoPersonRule, WitnessRule,
    sign_policy, verify_policy,
};
use peel_domain::stop::Power;
use support::policy;

struct Person {
    key: SigningKey,
    spki: Vec<u8>,
}

fn person(number: u8) -> Person {
    let key = SigningKey::from_slice(&[number; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    Person { key, spki }
}

fn sign(policy: &Policy, people: [&Person; 2]) -> Result<Vec<u8>, PolicyError> {
    let signers = people.map(|person| {
        let sign = |message: &[u8]| -> [u8; 64] {
            let signature: Signature = person.key.sign(message);
            signature.to_bytes().into()
        };
        (person.spki.as_slice(), sign)
    });
    let [(first_spki, first), (second_spki, second)] = &signers;
    sign_policy(
        policy,
        &[PolicySigner { spki: first_spki, sign: first }, PolicySigner { spki: second_spki, sign: second }],
    )
}

fn verify(bytes: &[u8], people: &[&Person], current_version: u32) -> Result<SignedPolicy, PolicyError> {
    let signers: Vec<Vec<u8>> = people.iter().map(|person| person.spki.clone()).collect();
    let force_id = ForceId::new("force.example").unwrap();
    verify_policy(bytes, PolicyTrust { signers: &signers, force_id: &force_id, current_version })
}

/// Takes signatures away from a signed policy: the last element of the COSE array.
fn with_signatures(bytes: &[u8], keep: usize) -> Vec<u8> {
    use coset::TaggedCborSerializable as _;
    let mut signed = coset::CoseSign::from_tagged_slice(bytes).unwrap();
    signed.signatures.truncate(keep);
    signed.to_tagged_vec().unwrap()
}

#[test]
fn the_strictest_policy_is_sound_and_comes_back_from_its_toml() {
    let strictest = policy();
    assert!(strictest.contradictions().is_empty());
    let text = strictest.to_toml().unwrap();
    assert_eq!(Policy::from_toml(&text), Ok(strictest));
}

#[test]
fn the_numbers_of_the_safeguards_are_the_defaults() {
    let strictest = policy();
    assert_eq!(strictest.judgement.skip_review_percent, 20, "S06");
    assert_eq!(strictest.media.after_close_s, 60, "S24");
    assert_eq!(strictest.media.after_capture_s, 24 * 3_600, "S25");
    assert_eq!(strictest.media.evidence_hold_max_days, 31, "S28");
    assert_eq!(strictest.check.live_capture_max_s, 60, "S19");
    assert_eq!(strictest.device.lock_after_s, 120, "S38");
    assert_eq!(strictest.device.session_max_s, 12 * 3_600, "S38");
    assert_eq!(strictest.device.failed_unlocks_max, 5, "S38");
    assert_eq!(strictest.device.lapse_without_contact_h, 12, "S39");
    assert_eq!(strictest.alert.threshold_floor, Thousandths(600), "S44");
    assert_eq!(strictest.alert.entry_current_for_h, 24, "S53");
    assert_eq!(strictest.stop.review_over_s, 300, "S52");
    assert_eq!(strictest.deployment.signage_check_every_min, 60, "S57");
    assert_eq!((strictest.trail.keep_days, strictest.trail.backup_horizon_days), (31, 7));
    assert_eq!(strictest.stop.prompts_s, [120, 300, 600]);
    assert_eq!((strictest.judgement.blind, strictest.judgement.show_name), (BlindRule::Required, false));
}

#[test]
fn s09_the_known_rate_is_the_one_of_the_setting() {
    let mut policy = policy();
    assert_eq!(policy.known_rate(Thousandths(599)), None);
    assert_eq!(policy.known_rate(Thousandths(640)).map(|rate| rate.false_alerts), Some(10));
    let mut higher = policy.known_rates[0].clone();
    higher.from_threshold = Thousandths(640);
    higher.false_alerts = 8;
    policy.known_rates.push(higher);
    assert_eq!(policy.known_rate(Thousandths(640)).map(|rate| rate.false_alerts), Some(8));
}

#[test]
fn unknown_and_missing_fields_are_refused_with_their_line() {
    let text = policy().to_toml().unwrap();
    let unknown = text.replace("[alert]\n", "[alert]\nauto_engage = true\n");
    let line = unknown.lines().position(|line| line.starts_with("auto_engage")).map(|index| index + 1);
    assert_eq!(Policy::from_toml(&unknown), Err(PolicyError::Malformed { line }));
    let missing = text.replace("stale_after_s = 180\n", "");
    assert!(matches!(Policy::from_toml(&missing), Err(PolicyError::Malformed { .. })));
    let format = text.replace("format = 1\n", "format = 2\n");
    assert_eq!(Policy::from_toml(&format), Err(PolicyError::UnknownFormat));
}

#[test]
fn all_contradictions_are_listed_at_once() {
    let mut bad = policy();
    bad.version = 0;
    bad.judgement.blind = BlindRule::Off;
    bad.judgement.two_person = TwoPersonRule::Always;
    bad.media.after_capture_s = 100_000;
    bad.stop.prompts_s = vec![300, 120];
    bad.trail.backup_horizon_days = 0;
    bad.code_g_powers = BTreeSet::from([Power::NoneVoluntary]);
    let expected = BTreeSet::from([
        Contradiction::Version,
        Contradiction::SecondNotBlind,
        Contradiction::MediaLife,
        Contradiction::PromptsOrder,
        Contradiction::BackupHorizon,
        Contradiction::CodeGUnused,
        Contradiction::CodeGMissing,
    ]);
    assert_eq!(Policy::from_toml(&bad.to_toml().unwrap()), Err(PolicyError::Contradictory(expected)));
    assert!(sign(&bad, [&person(1), &person(2)]).is_err(), "nor is it signed");
}

#[test]
fn the_desks_key_is_a_public_key_or_it_is_refused() {
    let mut policy = policy();
    for good in [format!("x25519:{}", "ab".repeat(32)), format!("p256:04{}", "0f".repeat(64))] {
        policy.trail.operations_key = Some(good);
        assert!(policy.contradictions().is_empty());
        assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()), Ok(policy.clone()));
    }
    let short = format!("x25519:{}", "ab".repeat(31));
    for bad in ["", "x25519:", "x448:ab", &short, &short.replace("ab", "AB"), &format!("p256:{}", "zz".repeat(65))] {
        policy.trail.operations_key = Some(bad.to_owned());
        assert_eq!(policy.contradictions(), BTreeSet::from([Contradiction::OperationsKey]), "{bad}");
    }
}

#[test]
fn witnesses_that_are_asked_for_are_there_and_different() {
    let mut policy = policy();
    let rule =
        |keys: &[&str], needed| Some(WitnessRule { keys: keys.iter().map(ToString::to_string).collect(), needed });
    policy.trail.witnesses = rule(&["a+1+AA==", "b+2+AA=="], 2);
    assert!(policy.contradictions().is_empty());
    assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()), Ok(policy.clone()));
    for bad in [rule(&["a", "b"], 0), rule(&["a", "b"], 3), rule(&["a", "a"], 1), rule(&[], 0)] {
        policy.trail.witnesses = bad;
        assert_eq!(policy.contradictions(), BTreeSet::from([Contradiction::Witnesses]));
    }
}

#[test]
fn s24_s25_no_policy_lets_images_live_longer() {
    let mut longer = policy();
    longer.media.after_close_s = 61;
    longer.media.after_capture_s = 86_401;
    longer.check.live_capture_max_s = 61;
    let expected =
        BTreeSet::from([Contradiction::MediaLife, Contradiction::MediaAfterClose, Contradiction::LiveCapture]);
    assert_eq!(longer.contradictions(), expected);
}

#[test]
fn two_distinct_trusted_signers_make_a_policy() {
    let (first, second) = (person(1), person(2));
    let bytes = sign(&policy(), [&first, &second]).unwrap();
    let verified = verify(&bytes, &[&first, &second], 0).unwrap();
    assert_eq!(verified.policy, policy());
    assert!(verify(&bytes, &[&second, &first], 1).is_ok(), "the same version again");
    assert_eq!(sign(&policy(), [&first, &first]), Err(PolicyError::SignerKeys));
}

#[test]
fn unsigned_half_signed_and_wrongly_signed_policies_are_told_apart() {
    let (first, second, stranger) = (person(1), person(2), person(3));
    let bytes = sign(&policy(), [&first, &second]).unwrap();
    let trusted = [&first, &second];
    assert_eq!(verify(&with_signatures(&bytes, 0), &trusted, 0), Err(PolicyError::Unsigned));
    assert_eq!(verify(&with_signatures(&bytes, 1), &trusted, 0), Err(PolicyError::OneSigner));
    let strange = sign(&policy(), [&first, &stranger]).unwrap();
    assert_eq!(verify(&strange, &trusted, 0), Err(PolicyError::Signature));
    assert_eq!(verify(&bytes, &[&first], 0), Err(PolicyError::SignerKeys));
    assert_eq!(verify(&bytes, &[&first, &first], 0), Err(PolicyError::SignerKeys));
}

#[test]
fn the_same_signature_twice_is_one_signer() {
    use coset::TaggedCborSerializable as _;
    let (first, second) = (person(1), person(2));
    let bytes = sign(&policy(), [&first, &second]).unwrap();
    let mut signed = coset::CoseSign::from_tagged_slice(&bytes).unwrap();
    signed.signatures[1] = signed.signatures[0].clone();
    let bytes = signed.to_tagged_vec().unwrap();
    assert_eq!(verify(&bytes, &[&first, &second], 0), Err(PolicyError::OneSigner));
}

#[test]
fn an_older_policy_and_another_forces_policy_are_refused() {
    let (first, second) = (person(1), person(2));
    let old = sign(&policy(), [&first, &second]).unwrap();
    assert_eq!(verify(&old, &[&first, &second], 2), Err(PolicyError::WrongVersion));
    let other = Policy::strictest(ForceId::new("other.example").unwrap(), 1);
    let bytes = sign(&other, [&first, &second]).unwrap();
    assert_eq!(verify(&bytes, &[&first, &second], 0), Err(PolicyError::OtherForce));
}

#[test]
fn no_flipped_bit_in_a_signed_policy_is_taken_for_the_policy() {
    let (first, second) = (person(1), person(2));
    let bytes = sign(&policy(), [&first, &second]).unwrap();
    for index in (0..bytes.len()).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[index] ^= 1;
        assert!(verify(&flipped, &[&first, &second], 0).is_err(), "byte {index}");
    }
}

#[test]
fn refusals_read_after_failed_to() {
    let error = PolicyError::Contradictory(BTreeSet::from([Contradiction::Version]));
    assert_eq!(error.to_string(), "take a policy with 1 contradictions");
    assert_eq!(error.code(), "policy.contradictory");
}

/// One way of writing a signed document differently.
type Rewriting<'a> = &'a dyn Fn(&mut coset::CoseSign);

/// Every way of writing the same signed policy differently without a signer's key.
#[test]
fn a_signed_policy_has_one_form() {
    use coset::TaggedCborSerializable as _;
    let (first, second) = (person(1), person(2));
    let people = [&first, &second];
    let bytes = sign(&policy(), people).unwrap();
    assert_eq!(sign(&policy(), [&second, &first]).unwrap(), bytes, "whoever signs first");
    let sound = coset::CoseSign::from_tagged_slice(&bytes).unwrap();
    let header = || coset::HeaderBuilder::new().text_value("note".to_owned(), 1.into()).build();
    let ways: [(&str, Rewriting<'_>); 5] = [
        ("an unprotected header", &|signed| signed.unprotected = header()),
        ("a signer's unprotected header", &|signed| signed.signatures[0].unprotected = header()),
        ("the signatures exchanged", &|signed| signed.signatures.reverse()),
        ("a signature twice", &|signed| signed.signatures.push(signed.signatures[0].clone())),
        ("the other value of s", &|signed| {
            let signature = Signature::from_slice(&signed.signatures[0].signature).unwrap();
            let other = Signature::from_scalars(*signature.r(), *-signature.s()).unwrap();
            signed.signatures[0].signature = other.to_bytes().to_vec();
        }),
    ];
    assert!(verify(&bytes, &people, 0).is_ok());
    for (what, rewrite) in ways {
        let mut other = sound.clone();
        rewrite(&mut other);
        let other = other.to_tagged_vec().unwrap();
        assert_ne!(other, bytes, "{what}");
        assert!(verify(&other, &people, 0).is_err(), "{what}");
    }
    // The tag, and the array after it, in a longer form.
    assert!(verify(&[&[0xd9, 0, 98], &bytes[2..]].concat(), &people, 0).is_err(), "a longer tag");
    assert!(verify(&[&bytes[..2], &[0x98, 4], &bytes[3..]].concat(), &people, 0).is_err(), "a longer array head");
}
