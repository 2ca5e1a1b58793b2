//! The face check's calibration: as it comes, and behind the signatures.

use std::sync::LazyLock;

use coset::{CoseSignBuilder, CoseSignatureBuilder, HeaderBuilder, TaggedCborSerializable as _, iana};
use peel_domain::calibration::{
    Calibration, CalibrationSigner, CalibrationTrust, Millionths, ratio_at, sign_calibration, verify_calibration,
};

use crate::domain::{SIGNERS, SPKIS, ecdsa};

/// The committed one.
static COMMITTED: LazyLock<Calibration> =
    LazyLock::new(|| Calibration::from_toml(include_str!("../../../models/calibration.toml")).unwrap());

fn trust() -> CalibrationTrust<'static> {
    CalibrationTrust { signers: &SPKIS, models: &COMMITTED.models, least_version: 1 }
}

fn signed(calibration: &Calibration) -> Vec<u8> {
    let signs = SIGNERS.each_ref().map(|(key, _)| move |message: &[u8]| ecdsa(key, message));
    let [first, second] = [0, 1].map(|at| CalibrationSigner { spki: &SPKIS[at], sign: &signs[at] });
    sign_calibration(calibration, &[first, second]).unwrap()
}

/// What every calibration that is taken keeps.
fn is_sound(calibration: &Calibration) {
    assert!(calibration.contradictions().is_empty());
    for part in [&calibration.alert_probe, &calibration.close_photograph] {
        assert!(part.does_not_support_below < part.supports_above);
        let ratios: Vec<_> =
            (-10..=10).map_while(|step| ratio_at(&part.likelihood, Millionths(step * 100_000))).collect();
        assert!(ratios.iter().all(|knot| knot.from <= knot.ratio && knot.ratio <= knot.to));
        assert!(ratios.windows(2).all(|pair| pair[0].ratio <= pair[1].ratio), "a greater score, a lesser ratio");
    }
}

/// A signed calibration is taken in the one form that its signers gave it, or not at all.
pub(crate) fn calibration(data: &[u8]) {
    if let Ok(taken) = verify_calibration(data, trust()) {
        assert_eq!(signed(&taken.calibration), data, "a calibration is taken in another form than was signed");
        is_sound(&taken.calibration);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(read) = Calibration::from_toml(text)
    {
        is_sound(&read);
        assert_eq!(Calibration::from_toml(&read.to_toml().unwrap()), Ok(read), "a calibration reads back");
    }
}

pub(crate) fn calibration_seeds() -> Vec<Vec<u8>> {
    vec![signed(&COMMITTED), COMMITTED.to_toml().unwrap().into_bytes()]
}

/// Whatever the signers sign: what is taken is deterministic CBOR and says nothing against itself.
pub(crate) fn calibration_payload(data: &[u8]) {
    let mut builder = CoseSignBuilder::new().payload(data.to_vec());
    for (key, spki) in SIGNERS.iter() {
        let kid = peel_ledger::Hash::of(&[spki]).as_bytes()[..8].to_vec();
        let header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(kid).build();
        let signature = CoseSignatureBuilder::new().protected(header).build();
        let sign = |message: &[u8]| ecdsa(key, message).to_vec();
        builder = builder.add_created_signature(signature, b"peel/v1/calibration", sign);
    }
    let document = builder.build().to_tagged_vec().unwrap();
    if let Ok(taken) = verify_calibration(&document, trust()) {
        assert_eq!(taken.calibration.to_cbor().unwrap(), data, "a calibration has one encoding");
        is_sound(&taken.calibration);
        assert_eq!(signed(&taken.calibration), document);
    }
}

pub(crate) fn calibration_payload_seeds() -> Vec<Vec<u8>> {
    vec![COMMITTED.to_cbor().unwrap()]
}
