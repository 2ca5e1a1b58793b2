//! The policy on the phone: what is taken, what is refused, and that recording goes on.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use peel_domain::policy::{Policy, PolicyError, PolicySigner, sign_policy};
use peel_ledger::entry::CipherSuite;
use peel_ledger::seal::RecipientPrivateKey;

use super::support::{Bench, shown};
use crate::engine::state::DeviceRecord;
use crate::engine::{EngineError, persist};
use crate::store::Batch;

fn signed(policy: &Policy, people: &[SigningKey; 2]) -> Vec<u8> {
    let signers = people.each_ref().map(|key| {
        let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
        let sign = |message: &[u8]| -> [u8; 64] {
            let signature: Signature = key.sign(message);
            signature.to_bytes().into()
        };
        (spki, sign)
    });
    let [(first_spki, first), (second_spki, second)] = &signers;
    let signers = [PolicySigner { spki: first_spki, sign: first }, PolicySigner { spki: second_spki, sign: second }];
    sign_policy(policy, &signers).unwrap()
}

/// Two people whose policies the phone takes, and the device that knows them.
fn signers(bench: &Bench) -> ([SigningKey; 2], DeviceRecord) {
    let people = [1, 2].map(|number| SigningKey::from_slice(&[number; 32]).unwrap());
    let mut device = bench.engine.lock().device().unwrap().clone();
    let spki = |key: &SigningKey| key.verifying_key().to_public_key_der().unwrap().into_vec();
    device.policy_signers = people.iter().map(spki).collect();
    bench.engine.lock().device = Some(device.clone());
    (people, device)
}

#[test]
fn a_policy_whose_key_nothing_can_be_sealed_to_is_refused_and_recording_goes_on() {
    let bench = Bench::new();
    let (people, device) = signers(&bench);
    let mut policy = Policy::strictest(device.force_id.clone(), 7);
    let another_suite = RecipientPrivateKey::generate(CipherSuite::P256Aes256Gcm, &mut rand::rng()).unwrap();
    let auditors_own = bench.auditor.public_key().unwrap().to_string();
    let nobodys = format!("x25519:{}", "00".repeat(32));
    for (seq, key) in [another_suite.public_key().unwrap().to_string(), auditors_own, nobodys].into_iter().enumerate() {
        policy.trail.operations_key = Some(key);
        let refused = bench.engine.keep_policy(&signed(&policy, &people));
        assert_eq!(refused, Err(EngineError::Policy(PolicyError::Recipients)));
        assert!(shown(&bench.engine, "policy.refused"));
        bench.receive(seq as u64 + 1);
    }
    assert_eq!(bench.engine.session().policy_version, 0);

    // One that an earlier version of the app took in: the next start records to the keys of the enrolment.
    let mut batch = Batch::new();
    batch.push(persist::put(&bench.engine.store_key, persist::DEVICE, &device).unwrap());
    batch.push(persist::put(&bench.engine.store_key, persist::POLICY, &signed(&policy, &people)).unwrap());
    bench.engine.store.commit(batch).unwrap();
    let (_home, again) = bench.after_kill();
    assert!(shown(&again, "policy.refused"));
    let before = bench.events(&again).len();
    policy.version = 8;
    policy.trail.operations_key = None;
    again.keep_policy(&signed(&policy, &people)).unwrap();
    assert!(bench.events(&again).len() > before);
    assert!(!shown(&again, "policy.refused"));
}

#[test]
fn another_policy_under_the_version_in_force_is_refused_and_the_same_one_is_nothing_new() {
    let bench = Bench::new();
    let (people, device) = signers(&bench);
    let mut policy = Policy::strictest(device.force_id, 7);
    bench.engine.keep_policy(&signed(&policy, &people)).unwrap();
    let before = bench.events(&bench.engine).len();
    bench.engine.keep_policy(&signed(&policy, &people)).unwrap();
    assert_eq!(bench.events(&bench.engine).len(), before);
    policy.trail.keep_days += 1;
    let refused = bench.engine.keep_policy(&signed(&policy, &people));
    assert_eq!(refused, Err(EngineError::Policy(PolicyError::WrongVersion)));
    assert!(shown(&bench.engine, "policy.refused"));
    policy.version = 8;
    bench.engine.keep_policy(&signed(&policy, &people)).unwrap();
    assert!(!shown(&bench.engine, "policy.refused"));
}
