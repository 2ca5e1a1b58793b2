//! The domain's documents: enrolment codes, policies, shift certificates, event bodies, stream messages.
//!
//! What a signature guards would stop a fuzzer at the signature. So each signed document has a check for the bytes
//! as they come, and one that signs whatever comes and looks behind the signature.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use coset::{CborSerializable as _, CoseSign1Builder, CoseSignBuilder, CoseSignatureBuilder, HeaderBuilder};
use coset::{TaggedCborSerializable as _, iana};
use ed25519_dalek::{Signer as _, SigningKey as Ed25519Key};
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::deployment::Role;
use peel_domain::ethnicity::{EthnicGroup, NotStated, SelfDefined};
use peel_domain::event::{Action, Actor, BODY_VERSION, CertificateBytes, EventBody, Justification};
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId, ForceId, OfficerId};
use peel_domain::judgement::{Decision, NoEngagementReason};
use peel_domain::policy::{Policy, PolicySigner, PolicyTrust, sign_policy, verify_policy};
use peel_domain::shift::{Binding, CertificateClaims, certificate_sha256, sign_certificate, verify_certificate};
use peel_domain::signed_decision::DecisionStatement;
use peel_domain::stop::ForceUse;
use peel_domain::time::{BootId, Moment, TimeSource};
use peel_domain::wire::{EnrolmentCode, StreamEnvelope, StreamEvent};
use peel_ledger::Origin;
use peel_ledger::entry::{CipherSuite, EntryClass, EntryTime};
use peel_ledger::seal::RecipientPrivateKey;
use peel_ledger::writer::WriterState;
use rand::RngExt as _;
use rand::rngs::StdRng;
use uuid::Uuid;

/// A policy signer's hardware key, in software, and its `SubjectPublicKeyInfo`.
fn signer(seed: u8) -> (SigningKey, Vec<u8>) {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let spki = key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec();
    (key, spki)
}

pub(crate) static SIGNERS: LazyLock<[(SigningKey, Vec<u8>); 2]> = LazyLock::new(|| [signer(3), signer(4)]);
pub(crate) static SPKIS: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| SIGNERS.iter().map(|(_, spki)| spki.clone()).collect());
static FORCE: LazyLock<ForceId> = LazyLock::new(|| ForceId::new("force.example").unwrap());

pub(crate) fn ecdsa(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

fn policy_trust() -> PolicyTrust<'static> {
    PolicyTrust { signers: &SPKIS, force_id: &FORCE, current_version: 0 }
}

fn signed_policy(policy: &Policy) -> Vec<u8> {
    let signs = SIGNERS.each_ref().map(|(key, _)| move |message: &[u8]| ecdsa(key, message));
    let [first, second] = [0, 1].map(|at| PolicySigner { spki: &SPKIS[at], sign: &signs[at] });
    sign_policy(policy, &[first, second]).unwrap()
}

fn force_key() -> Ed25519Key {
    Ed25519Key::from_bytes(&[8; 32])
}

pub(crate) fn enrolment_code(data: &[u8]) {
    let parse = |text: &str| EnrolmentCode::parse(text, 0);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(code) = parse(text)
    {
        assert_eq!(code.to_text().unwrap(), text.trim(), "a code has one text");
    }
    // The same bytes as the CBOR inside, so that a fuzzer need not learn base64.
    let text = URL_SAFE_NO_PAD.encode(data);
    if let Ok(code) = parse(&text) {
        assert_eq!(code.to_text().unwrap(), text, "a code has one encoding");
        assert!(code.gateway_url.starts_with("https://") && code.expires_ms > 0);
    }
}

pub(crate) fn enrolment_code_seeds() -> Vec<Vec<u8>> {
    let code = EnrolmentCode {
        gateway_url: "https://gateway.example:8443".to_owned(),
        spki_pins: [[1; 32], [2; 32]],
        root_certificate: vec![3; 40],
        force_vkey: "force.example+00000000+AQ==".to_owned(),
        keys_sha256: [5; 32],
        secret: [4; 32],
        expires_ms: 1_000,
    };
    let text = code.to_text().unwrap();
    vec![URL_SAFE_NO_PAD.decode(&text).unwrap(), text.into_bytes()]
}

/// A signed policy is taken in the one form that its signers gave it, or not at all.
pub(crate) fn policy(data: &[u8]) {
    if let Ok(taken) = verify_policy(data, policy_trust()) {
        assert_eq!(signed_policy(&taken.policy), data, "a policy is taken in another form than was signed");
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(policy) = Policy::from_toml(text)
    {
        assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()), Ok(policy), "a policy reads back");
    }
}

pub(crate) fn policy_seeds() -> Vec<Vec<u8>> {
    let policy = Policy::strictest(FORCE.clone(), 3);
    vec![signed_policy(&policy), policy.to_toml().unwrap().into_bytes()]
}

/// Whatever the signers sign: what is taken is deterministic CBOR.
pub(crate) fn policy_payload(data: &[u8]) {
    let mut builder = CoseSignBuilder::new().payload(data.to_vec());
    for (key, spki) in SIGNERS.iter() {
        let kid = peel_ledger::Hash::of(&[spki]).as_bytes()[..8].to_vec();
        let header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(kid).build();
        let signature = CoseSignatureBuilder::new().protected(header).build();
        builder = builder.add_created_signature(signature, b"peel/v1/policy", |message| ecdsa(key, message).to_vec());
    }
    let signed = builder.build().to_tagged_vec().unwrap();
    if let Ok(taken) = verify_policy(&signed, policy_trust()) {
        assert_eq!(taken.policy.to_cbor().unwrap(), data, "a policy has one encoding");
        assert!(taken.policy.contradictions().is_empty());
        assert_eq!(signed_policy(&taken.policy), signed);
    }
}

pub(crate) fn policy_payload_seeds() -> Vec<Vec<u8>> {
    vec![Policy::strictest(FORCE.clone(), 3).to_cbor().unwrap()]
}

fn claims() -> CertificateClaims {
    CertificateClaims {
        officer_id: OfficerId::new("O1").unwrap(),
        enrolment_id: EnrolmentId(Uuid::nil()),
        k_officer_spki: vec![9; 91],
        roles: BTreeMap::from([(DeploymentId(Uuid::max()), BTreeSet::from([Role::EngagementOfficer]))]),
        from_ms: 0,
        until_ms: 3_600_000,
    }
}

/// A certificate as it comes, and whatever the force signs as one.
pub(crate) fn shift_certificate(data: &[u8]) {
    let key = force_key();
    let public = key.verifying_key().to_bytes();
    let binding = Binding { enrolment_id: EnrolmentId(Uuid::nil()), k_officer_spki: &[9; 91] };
    if let Ok(officer) = verify_certificate(data, &public, binding, 1) {
        assert!(shift_certificate_seeds().iter().any(|seed| seed == data), "a certificate in another form is taken");
        assert!(officer.is_on_shift(1));
    }
    let signed = CoseSign1Builder::new()
        .protected(HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).build())
        .payload(data.to_vec())
        .create_signature(b"peel/v1/shift", |message| key.sign(message).to_bytes().to_vec())
        .build()
        .to_vec()
        .unwrap();
    if let Ok(officer) = verify_certificate(&signed, &public, binding, 1) {
        assert!(officer.is_on_shift(1) && officer.enrolment_id() == EnrolmentId(Uuid::nil()));
        assert!((1..=24 * 3_600_000).contains(&officer.until_ms()));
    }
}

pub(crate) fn shift_certificate_seeds() -> Vec<Vec<u8>> {
    let signed = sign_certificate(&claims(), |message| force_key().sign(message).to_bytes()).unwrap();
    let payload = coset::CoseSign1::from_slice(&signed).unwrap().payload.unwrap();
    vec![signed, payload]
}

pub(crate) fn event_body(data: &[u8]) {
    let Ok(body) = EventBody::from_cbor(data) else { return };
    assert_eq!(body.v, BODY_VERSION);
    let encoded = body.to_cbor().unwrap();
    assert_eq!(EventBody::from_cbor(&encoded), Ok(body), "a body reads back");
}

fn moment() -> Moment {
    Moment {
        utc_ms: 1_800_000_000_000,
        monotonic_ns: 77,
        boot_id: BootId([1; 8]),
        source: TimeSource::Device,
        uncertainty_ms: 500,
    }
}

fn body(action: Action) -> EventBody {
    EventBody {
        v: BODY_VERSION,
        at: moment(),
        actor: Actor::Officer(OfficerId::new("O1").unwrap()),
        deployment_id: Some(DeploymentId(Uuid::max())),
        alert_id: Some(AlertId(Uuid::nil())),
        justification: Justification::AlertResponse,
        action,
    }
}

pub(crate) fn event_body_seeds() -> Vec<Vec<u8>> {
    let actions = [
        Action::ShiftStarted { until_ms: 5, certificate: None },
        Action::ShiftStarted { until_ms: 5, certificate: Some(CertificateBytes(vec![1, 2])) },
        Action::ShiftEnded,
        Action::PolicyApplied { version: 2, sha256: [1; 32] },
        Action::Joined { role: Role::EngagementOfficer, software: None },
        Action::Joined { role: Role::EngagementOfficer, software: Some("0.1.0".to_owned()) },
        Action::EthnicityStated(SelfDefined::NotStated(NotStated::N3)),
        Action::ForceStated(ForceUse::Used { handcuffs: true, injury: false }),
        Action::TestWalked { group: EthnicGroup::Asian, passes: 20, recognised: 17 },
        Action::InputRefused { alert_seq: Some(4), code: "stream.signature".to_owned() },
    ];
    actions.into_iter().map(|action| body(action).to_cbor().unwrap()).collect()
}

/// An envelope as it comes, and whatever the gateway signs as its payload.
pub(crate) fn stream_message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let enrolment = EnrolmentId(Uuid::nil());
    let public = force_key().verifying_key().to_bytes();
    if let Ok(envelope) = StreamEnvelope::parse(text) {
        let again = serde_json::to_string(&envelope).unwrap();
        assert_eq!(StreamEnvelope::parse(&again).as_ref(), Ok(&envelope), "an envelope reads back");
        if envelope.verify(enrolment, &public).is_ok() {
            let known = stream_message_seeds().iter().any(|seed| {
                StreamEnvelope::parse(&String::from_utf8_lossy(seed))
                    .is_ok_and(|known| known.payload == envelope.payload)
            });
            assert!(known, "a payload that nobody signed is taken");
        }
    }
    let envelope = enveloped(text.to_owned());
    if let Ok(event) = envelope.verify(enrolment, &public) {
        let again = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<StreamEvent>(&again).unwrap(), event, "an event reads back");
    }
}

fn enveloped(payload: String) -> StreamEnvelope {
    let message = StreamEnvelope::signed_message(EnrolmentId(Uuid::nil()), 4, &payload);
    let signature = STANDARD.encode(force_key().sign(&message).to_bytes());
    StreamEnvelope { alert_seq: 4, payload, signature }
}

pub(crate) fn stream_message_seeds() -> Vec<Vec<u8>> {
    let events = [
        StreamEvent::Policy { version: 2 },
        StreamEvent::LfrWithdraw { alert_id: AlertId(Uuid::nil()), judged_false: true },
        StreamEvent::LfrExpire { alert_id: AlertId(Uuid::nil()) },
    ];
    let mut seeds = Vec::new();
    for event in events {
        let payload = serde_json::to_string(&event).unwrap();
        seeds.push(serde_json::to_vec(&enveloped(payload.clone())).unwrap());
        seeds.push(payload.into_bytes());
    }
    seeds
}

/// The signed documents, for other COSE libraries.
pub(crate) fn cose_cases() -> serde_json::Value {
    let policy = Policy::strictest(FORCE.clone(), 3);
    let certificate = sign_certificate(&claims(), |message| force_key().sign(message).to_bytes()).unwrap();
    serde_json::json!({
        "policy": hex::encode(signed_policy(&policy)),
        "policy_payload": hex::encode(policy.to_cbor().unwrap()),
        "policy_context": hex::encode(b"peel/v1/policy"),
        "policy_signers": SPKIS.iter().map(hex::encode).collect::<Vec<_>>(),
        "certificate": hex::encode(certificate),
        "certificate_context": hex::encode(b"peel/v1/shift"),
        "certificate_key": hex::encode(force_key().verifying_key().to_bytes()),
        "officer": claims().officer_id.as_str(),
    })
}

/// A phone's record, sealed: a shift with the force's certificate, decisions that its officer's key signed, and one that it
/// did not.
pub(crate) fn record_case(rng: &mut StdRng) -> serde_json::Value {
    let (officer, spki) = signer(6);
    let enrolment_id = EnrolmentId(Uuid::from_u128(rng.random()));
    let claims = CertificateClaims { enrolment_id, k_officer_spki: spki, ..claims() };
    let certificate = sign_certificate(&claims, |message| force_key().sign(message).to_bytes()).unwrap();
    let until_ms = claims.until_ms;
    let certificate_sha256 = certificate_sha256(&certificate);
    let mut actions = vec![(None, Action::ShiftStarted { until_ms, certificate: Some(CertificateBytes(certificate)) })];
    let reasons = vec![NoEngagementReason::DifferentPerson, NoEngagementReason::DuplicateAlert];
    let decisions = [
        Decision::Engage,
        Decision::DoNotEngage(reasons.clone()),
        Decision::PassTo(reasons.clone()),
        Decision::ObserveOnly(reasons),
    ];
    for (decision, note) in
        decisions.into_iter().flat_map(|decision| [(decision.clone(), None), (decision, Some("seen"))])
    {
        let alert_id = AlertId(Uuid::from_u128(rng.random()));
        let at = moment();
        let statement = DecisionStatement { enrolment_id, alert_id, decision: &decision, note, at, certificate_sha256 };
        let sign = |message: &[u8]| {
            let signature: Signature = officer.sign(message);
            Some(signature.to_der().as_bytes().to_vec())
        };
        let officer_signature = Some(statement.to_be_signed().unwrap().sign(sign).unwrap());
        let note = note.map(str::to_owned);
        actions.push((Some(alert_id), Action::Decided { decision, note, officer_signature }));
    }
    let unsigned = Action::Decided { decision: Decision::Engage, note: None, officer_signature: None };
    actions.push((Some(AlertId(Uuid::from_u128(1))), unsigned));
    let key = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, rng).unwrap();
    let origin = Origin::device("force.example", &enrolment_id.to_string()).unwrap();
    let (mut state, mut entries) = (WriterState::new(), Vec::new());
    for (alert_id, action) in actions {
        let body = EventBody { alert_id, actor: Actor::Officer(claims.officer_id.clone()), ..body(action) };
        let time = EntryTime { wall_ms: 0, mono_ns: 0, boot: [0; 8], beacon: None };
        let (bytes, to) = (body.to_cbor().unwrap(), [key.public_key().unwrap()]);
        let appended = state.append(&origin, EntryClass::Event, time, &bytes, &to, rng).unwrap();
        entries.push(hex::encode(&appended.entry));
        state = appended.state;
    }
    serde_json::json!({
        "origin": origin.as_str(),
        "auditor_key": hex::encode(key.expose_bytes().as_slice()),
        "root_key": hex::encode(force_key().verifying_key().to_bytes()),
        "signed": 8,
        "unsigned": 1,
        "entries": entries,
    })
}
