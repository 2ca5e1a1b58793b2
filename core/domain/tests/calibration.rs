//! The calibration as a document: what is read, what is refused, what is signed, and what its ratio says of a score.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers outside of #[test] functions
#![allow(clippy::assigning_clones)] // changes are written as they read

use std::collections::BTreeSet;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::calibration::{
    BandsFrom, Calibration, CalibrationError, CalibrationSigner, CalibrationTrust, Contradiction, Knot,
    LEAST_JUDGED_PEOPLE, LikelihoodInterval, Limit, MAX_LOG10_THOUSANDTHS, Millionths, Models, RateCode,
    SignedCalibration, Study, TestedRate, UseCalibration, ratio_at, sign_calibration, verify_calibration,
};
use proptest::prelude::*;

/// The committed one: starting values or a demonstration, whichever stands there.
fn committed() -> Calibration {
    Calibration::from_toml(include_str!("../../../models/calibration.toml")).unwrap()
}

fn fitted_use(part: &UseCalibration) -> UseCalibration {
    UseCalibration {
        bands_from: BandsFrom::LikelihoodRatio,
        supports_above: Millionths(550_000),
        does_not_support_below: Millionths(210_000),
        likelihood: [[200_000, -1_400, -1_021, -700], [400_000, -100, 0, 90], [600_000, 700, 1_500, 1_900]]
            .map(Knot::from)
            .to_vec(),
        study: Some(Study {
            scores_sha256: "0".repeat(64),
            fitted_people: 30,
            judged_people: 30,
            watchlist_entries: 30,
            supports_ratio: 10,
            does_not_support_ratio: 9,
        }),
        tested: vec![TestedRate {
            code: RateCode::FalseAlertsGivenSupports,
            errors: 0,
            of: 200,
            people: 30,
            from: Millionths(0),
            to: Millionths(95_034),
        }],
        ..part.clone()
    }
}

/// A fitted calibration that says nothing against itself.
fn fitted() -> Calibration {
    let committed = committed();
    Calibration {
        demonstration: true,
        alert_probe: fitted_use(&committed.alert_probe),
        close_photograph: fitted_use(&committed.close_photograph),
        ..committed
    }
}

struct Person {
    key: SigningKey,
    spki: Vec<u8>,
}

fn person(number: u8) -> Person {
    let key = SigningKey::from_slice(&[number; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
    Person { key, spki }
}

fn sign(calibration: &Calibration, people: [&Person; 2]) -> Result<Vec<u8>, CalibrationError> {
    let signs = people.map(|person| {
        move |message: &[u8]| -> [u8; 64] {
            let signature: Signature = person.key.sign(message);
            signature.to_bytes().into()
        }
    });
    let signers = [0, 1].map(|at| CalibrationSigner { spki: &people[at].spki, sign: &signs[at] });
    sign_calibration(calibration, &signers)
}

fn verify(bytes: &[u8], people: &[&Person], least_version: u32) -> Result<SignedCalibration, CalibrationError> {
    let signers: Vec<Vec<u8>> = people.iter().map(|person| person.spki.clone()).collect();
    verify_calibration(bytes, CalibrationTrust { signers: &signers, models: &fitted().models, least_version })
}

#[test]
fn a_calibration_comes_back_from_its_toml_and_its_signed_bytes() {
    for calibration in [committed(), fitted()] {
        assert_eq!(Calibration::from_toml(&calibration.to_toml().unwrap()), Ok(calibration.clone()));
        let (one, other) = (person(1), person(2));
        let bytes = sign(&calibration, [&one, &other]).unwrap();
        assert_eq!(sign(&calibration, [&other, &one]).unwrap(), bytes, "one calibration is one document");
        assert_eq!(verify(&bytes, &[&one, &other], 1).unwrap().calibration, calibration);
    }
}

#[test]
fn s54_the_signed_calibration_is_the_one_that_people_can_read() {
    let signed = include_bytes!("../../../models/calibration.cose");
    let payload = committed().to_cbor().unwrap();
    assert!(signed.windows(payload.len()).any(|window| window == payload), "sign calibration.toml again");
}

#[test]
fn what_was_altered_unsigned_or_signed_by_a_stranger_is_refused() {
    let (one, other, stranger) = (person(1), person(2), person(3));
    let bytes = sign(&fitted(), [&one, &other]).unwrap();
    let trusted = [&one, &other];
    assert_eq!(sign(&fitted(), [&one, &one]), Err(CalibrationError::SignerKeys));
    assert_eq!(verify(&bytes, &[&one, &stranger], 1), Err(CalibrationError::Signature));
    assert_eq!(verify(&bytes, &[&one], 1), Err(CalibrationError::SignerKeys), "nobody trusts one person alone");
    for (kept, refused) in [(0, CalibrationError::Unsigned), (1, CalibrationError::OneSigner)] {
        use coset::TaggedCborSerializable as _;
        let mut fewer = coset::CoseSign::from_tagged_slice(&bytes).unwrap();
        fewer.signatures.truncate(kept);
        assert_eq!(verify(&fewer.to_tagged_vec().unwrap(), &trusted, 1), Err(refused));
    }
    for empty in [&[][..], &[0xff][..], b"format = 1"] {
        assert_eq!(verify(empty, &trusted, 1), Err(CalibrationError::Malformed { line: None }));
    }
    for place in (0..bytes.len()).step_by(3) {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert!(verify(&altered, &trusted, 1).is_err(), "byte {place}");
    }
    for length in [1, bytes.len() / 2, bytes.len() - 1] {
        assert!(verify(&bytes[..length], &trusted, 1).is_err());
    }
    assert!(verify(&[&bytes[..], &[0]].concat(), &trusted, 1).is_err());
}

#[test]
fn a_policys_signature_is_none_over_a_calibration() {
    use coset::TaggedCborSerializable as _;
    let (one, other) = (person(1), person(2));
    let bytes = sign(&fitted(), [&one, &other]).unwrap();
    let mut signed = coset::CoseSign::from_tagged_slice(&bytes).unwrap();
    for signature in &mut signed.signatures {
        let person = if signature.protected.header.key_id == kid(&one) { &one } else { &other };
        let message = coset::sig_structure_data(
            coset::SignatureContext::CoseSignature,
            signed.protected.clone(),
            Some(signature.protected.clone()),
            b"peel/v1/policy",
            signed.payload.as_ref().unwrap(),
        );
        let over: Signature = person.key.sign(&message);
        signature.signature = over.normalize_s().to_bytes().to_vec();
    }
    let taken = verify(&signed.to_tagged_vec().unwrap(), &[&one, &other], 1);
    assert_eq!(taken, Err(CalibrationError::Signature));
}

fn kid(person: &Person) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(&person.spki)[..8].to_vec()
}

#[test]
fn other_models_and_older_versions_are_refused() {
    let (one, other) = (person(1), person(2));
    let second = Calibration { version: 2, ..fitted() };
    let bytes = sign(&second, [&one, &other]).unwrap();
    assert!(verify(&bytes, &[&one, &other], 2).is_ok());
    assert_eq!(verify(&bytes, &[&one, &other], 3), Err(CalibrationError::WrongVersion));
    let models = Models { embedder_sha256: "1".repeat(64), ..fitted().models };
    let bytes = sign(&Calibration { models, ..fitted() }, [&one, &other]).unwrap();
    assert_eq!(verify(&bytes, &[&one, &other], 1), Err(CalibrationError::OtherModels));
}

#[test]
fn a_number_that_is_none_a_field_too_many_and_another_format_are_refused_with_their_line() {
    let text = fitted().to_toml().unwrap();
    let line = |text: &str, start: &str| text.lines().position(|line| line.starts_with(start)).map(|at| at + 1);
    for number in ["nan", "inf", "0.5", "99999999999", "-0.0", "\"500000\""] {
        let bad = text.replacen("supports_above = 550000", &format!("supports_above = {number}"), 1);
        assert_ne!(bad, text);
        let refused = CalibrationError::Malformed { line: line(&bad, "supports_above") };
        assert_eq!(Calibration::from_toml(&bad), Err(refused), "{number}");
    }
    let more = text.replacen("demonstration = true", "demonstration = true\nidentifies = true", 1);
    assert_eq!(Calibration::from_toml(&more), Err(CalibrationError::Malformed { line: line(&more, "identifies") }));
    let other = text.replacen("format = 1", "format = 2", 1);
    assert_eq!(Calibration::from_toml(&other), Err(CalibrationError::UnknownFormat));
    let unknown = text.replacen("calibration_not_fitted", "match_confirmed", 1);
    assert!(matches!(Calibration::from_toml(&unknown), Err(CalibrationError::Malformed { .. })), "no words of its own");
}

type Change = fn(&mut Calibration);

/// Each with what it contradicts.
const CHANGES: &[(Contradiction, Change)] = &[
    (Contradiction::Names, |bad| bad.version = 0),
    (Contradiction::Names, |bad| bad.statement = " \n".to_owned()),
    (Contradiction::Names, |bad| bad.statement = "a\u{7}".to_owned()),
    (Contradiction::Names, |bad| bad.alert_probe.id = String::new()),
    (Contradiction::Names, |bad| bad.alert_probe.id = "A b".to_owned()),
    (Contradiction::Names, |bad| bad.alert_probe.id = "a".repeat(65)),
    (Contradiction::Names, |bad| bad.alert_probe.id = bad.close_photograph.id.clone()),
    (Contradiction::Names, |bad| bad.close_photograph.statement = "x".repeat(4_001)),
    (Contradiction::Hash, |bad| bad.models.detector_sha256 = "0".repeat(63)),
    (Contradiction::Hash, |bad| bad.models.embedder_sha256 = "A".repeat(64)),
    (Contradiction::Hash, |bad| study(bad).scores_sha256 = "z".repeat(64)),
    (Contradiction::Bounds, |bad| bad.alert_probe.supports_above = Millionths(200_000)),
    (Contradiction::Bounds, |bad| bad.alert_probe.supports_above = bad.alert_probe.does_not_support_below),
    (Contradiction::Bounds, |bad| bad.close_photograph.supports_above = Millionths(1_000_001)),
    (Contradiction::Bounds, |bad| bad.alert_probe.does_not_support_below = Millionths(i32::MIN)),
    (Contradiction::NotMonotone, |bad| bad.alert_probe.likelihood.swap(0, 1)),
    (Contradiction::NotMonotone, |bad| bad.alert_probe.likelihood[1].score = Millionths(200_000)),
    (Contradiction::NotMonotone, |bad| bad.alert_probe.likelihood[2].from = -200),
    (Contradiction::NotMonotone, |bad| bad.alert_probe.likelihood[0].score = Millionths(-1_000_001)),
    (Contradiction::NotMonotone, |bad| bad.alert_probe.likelihood = (0..513).map(|at| [at, 0, 0, 0].into()).collect()),
    (Contradiction::RatioTooGreat, |bad| bad.alert_probe.likelihood[2].to = MAX_LOG10_THOUSANDTHS + 1),
    (Contradiction::RatioTooGreat, |bad| bad.close_photograph.likelihood[0].from = i32::MIN),
    (Contradiction::Interval, |bad| bad.alert_probe.likelihood[1].ratio = 91),
    (Contradiction::BoundAgainstRatio, |bad| bad.alert_probe.supports_above = Millionths(520_000)),
    (Contradiction::BoundAgainstRatio, |bad| bad.alert_probe.does_not_support_below = Millionths(300_000)),
    (Contradiction::BoundAgainstRatio, |bad| {
        bad.alert_probe.bands_from = BandsFrom::StricterOfBoth;
        bad.alert_probe.supports_above = Millionths(500_000);
    }),
    (Contradiction::Study, |bad| bad.alert_probe.study = None),
    (Contradiction::Study, |bad| bad.alert_probe.likelihood.clear()),
    (Contradiction::Study, |bad| study(bad).judged_people = 0),
    (Contradiction::Study, |bad| study(bad).judged_people = 29),
    (Contradiction::Study, |bad| study(bad).watchlist_entries = 0),
    (Contradiction::Study, |bad| study(bad).supports_ratio = 1),
    (Contradiction::NotMarked, |bad| bad.demonstration = false),
    (Contradiction::NotMarked, |bad| {
        bad.demonstration = false;
        study(bad).judged_people = LEAST_JUDGED_PEOPLE;
    }),
    (Contradiction::Floors, |bad| bad.alert_probe.possible.sharpness.0 = 1_000_000),
    (Contradiction::Floors, |bad| bad.alert_probe.conclusive.yaw.0 = 400),
    (Contradiction::Floors, |bad| bad.close_photograph.conclusive.darkest.0 = 254_000),
    (Contradiction::Floors, |bad| bad.close_photograph.conclusive.detector_score.0 = 1_001),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].errors = 201),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].of = 0),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].people = 0),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].to = Millionths(0)),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].from = Millionths(1)),
    (Contradiction::Rate, |bad| bad.alert_probe.tested[0].to = Millionths(1_000_001)),
    (Contradiction::Rate, |bad| bad.alert_probe.told[0].denominator = 0),
    (Contradiction::Rate, |bad| bad.alert_probe.told[0].numerator = bad.alert_probe.told[0].denominator + 1),
    (Contradiction::Limit, |bad| {
        bad.close_photograph.limits.remove(&Limit::CannotSeparateTwinsOrCloseRelatives);
    }),
    (Contradiction::Limit, |bad| {
        bad.alert_probe.limits.remove(&Limit::SameImagesAsTheAlert);
    }),
    (Contradiction::Limit, |bad| {
        bad.close_photograph.limits.insert(Limit::SameImagesAsTheAlert);
    }),
    (Contradiction::Limit, |bad| {
        bad.alert_probe.limits.remove(&Limit::CalibrationNotFitted);
    }),
];

fn study(calibration: &mut Calibration) -> &mut Study {
    calibration.alert_probe.study.as_mut().unwrap()
}

#[test]
fn s21_what_contradicts_itself_or_leaves_a_limit_out_is_neither_read_nor_signed() {
    assert_eq!(fitted().contradictions(), BTreeSet::new());
    for (place, (what, change)) in CHANGES.iter().enumerate() {
        let mut bad = fitted();
        change(&mut bad);
        assert!(bad.contradictions().contains(what), "{place}: {what:?} in {:?}", bad.contradictions());
        let refused = |error| matches!(error, CalibrationError::Contradictory(_));
        assert!(Calibration::from_toml(&bad.to_toml().unwrap()).is_err_and(refused), "{place}");
        assert!(sign(&bad, [&person(1), &person(2)]).is_err_and(refused), "{place}");
    }
}

#[test]
fn a_mark_may_only_go_when_enough_people_judged_both_uses() {
    let mut enough = fitted();
    enough.demonstration = false;
    for purpose in
        [peel_domain::permit::ComparisonPurpose::AlertProbe, peel_domain::permit::ComparisonPurpose::ClosePhotograph]
    {
        assert!(enough.contradictions().contains(&Contradiction::NotMarked));
        enough.of_mut(purpose).study.as_mut().unwrap().judged_people = LEAST_JUDGED_PEOPLE;
    }
    assert_eq!(enough.contradictions(), BTreeSet::new());
}

#[test]
fn between_two_knots_the_ratio_lies_on_a_line_and_beyond_them_it_stays() {
    let map = fitted().alert_probe.likelihood;
    let at = |score| <[i32; 4]>::from(ratio_at(&map, Millionths(score)).unwrap());
    assert_eq!(at(400_000), [400_000, -100, 0, 90]);
    assert_eq!(at(500_000), [500_000, 300, 750, 995]);
    assert_eq!(at(-1_000_000)[1..], [-1_400, -1_021, -700]);
    assert_eq!(at(1_000_000)[1..], [700, 1_500, 1_900]);
    assert_eq!(ratio_at(&[], Millionths(0)), None);
}

#[test]
fn a_ratio_that_the_bands_do_not_rest_on_is_in_no_record() {
    let mut part = fitted().alert_probe;
    let rest = |part: &UseCalibration| part.likelihood_of(Millionths(600_000));
    let interval = LikelihoodInterval { from_log10_thousandths: 700, to_log10_thousandths: 1_900 };
    assert_eq!(rest(&part), Some(interval));
    part.bands_from = BandsFrom::StartingValues;
    assert_eq!(rest(&part), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,400}") {
        let _ = Calibration::from_toml(&text);
    }

    #[test]
    fn no_bytes_make_the_verifier_panic_or_pass(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(verify(&bytes, &[&person(1), &person(2)], 1).is_err());
    }

    #[test]
    fn a_greater_score_never_has_a_lesser_ratio(left in -1_000_000..1_000_000_i32, right in -1_000_000..1_000_000_i32) {
        let map = fitted().alert_probe.likelihood;
        let [low, high] = [left.min(right), left.max(right)].map(|score| ratio_at(&map, Millionths(score)).unwrap());
        prop_assert!(low.from <= high.from && low.ratio <= high.ratio && low.to <= high.to);
        prop_assert!(low.from <= low.ratio && low.ratio <= low.to);
    }

    #[test]
    fn any_map_at_any_score_gives_an_answer(knots in proptest::collection::vec(any::<[i32; 4]>(), 0..6), score: i32) {
        let map: Vec<Knot> = knots.into_iter().map(Knot::from).collect();
        prop_assert_eq!(ratio_at(&map, Millionths(score)).is_none(), map.is_empty());
    }
}
