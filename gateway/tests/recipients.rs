//! The desk's key by period: what the trust file says of each, over a change by the signed policy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use peel_domain::id::ForceId;
use peel_domain::policy::{Policy, PolicySigner, sign_policy};
use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::clock::ExerciseClock;
use peel_gateway::desk::{Desk, DeskDir};
use peel_gateway::force::PolicySigners;
use peel_gateway::server::RunningServer;
use peel_gateway::service::install_policy;
use peel_gateway::storage::{LogStore as _, Logs};
use peel_ledger::bundle::{Problem, RecipientPurpose, Report, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::entry::{CipherSuite, Entry, EntryClass, EntryTime};
use peel_ledger::seal::{RecipientPrivateKey, RecipientPublicKey};
use reqwest::Method;
use support::device_log::Log;
use support::{FORCE, Serving, TestForce, TestGateway, TestPhone};

const MONTH_MS: i64 = 31 * 86_400_000;

/// Puts a policy into force that names this key of the desk.
fn change_key(force: &TestForce, version: u32, key: &str) {
    let mut policy = Policy::strictest(ForceId::new(FORCE).unwrap(), version);
    policy.trail.operations_key = Some(key.to_owned());
    let signers = PolicySigners::read(&force.data()).unwrap();
    let spki = signers.public_spki().unwrap();
    let sign = signers.0.each_ref().map(|key| {
        move |message: &[u8]| {
            let signature: Signature = key.sign(message);
            <[u8; 64]>::from(signature.to_bytes())
        }
    });
    let both = [0, 1].map(|at| PolicySigner { spki: &spki[at], sign: &sign[at] });
    let cose = sign_policy(&policy, &both).unwrap();
    force.change(|authority, tx| install_policy(authority, tx, cose)).unwrap();
}

#[test]
fn a_policy_whose_key_records_cannot_be_sealed_to_is_not_taken_into_force() {
    let force = TestForce::new();
    let auditor = force.change(|authority, _| Ok(authority.config.recipients[0].public_key.clone())).unwrap();
    let another_suite = RecipientPrivateKey::generate(CipherSuite::P256Aes256Gcm, &mut rand::rng()).unwrap();
    let another_suite = another_suite.public_key().unwrap().to_string();
    for bad in [auditor, another_suite, format!("x25519:{}", "00".repeat(32))] {
        let mut policy = Policy::strictest(ForceId::new(FORCE).unwrap(), 1);
        policy.trail.operations_key = Some(bad);
        let cose = PolicySigners::read(&force.data()).unwrap().sign(&policy).unwrap();
        let refused = force.change(|authority, tx| install_policy(authority, tx, cose)).unwrap_err();
        assert_eq!(refused.code(), "policy.recipients");
    }
    let december = DeskDir::new(force.path("desk")).add_operations_key("2026-12", &mut rand::rng()).unwrap();
    change_key(&force, 1, &december);
}

/// The gateway, so long after the present.
async fn later(gateway: TestGateway, by_ms: i64) -> TestGateway {
    let TestGateway { force, serving, http } = gateway;
    if let Serving::Here(server) = serving {
        server.shut_down().await;
    }
    let real_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let clock = ExerciseClock { epoch_ms: real_ms + by_ms, real_ms, speed_thousandths: 1_000 };
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = RunningServer::start(force.data(), listen, Some(clock)).await.unwrap();
    TestGateway { force, serving: Serving::Here(server), http }
}

async fn beacon(gateway: &TestGateway) -> peel_ledger::Hash {
    let response = gateway.call(Method::GET, "/v1/beacon").send().await.unwrap();
    let beacon: peel_domain::wire::BeaconResponse = support::read_json(response).await;
    peel_ledger::Hash::new(hex::decode(beacon.beacon).unwrap().try_into().unwrap())
}

/// Records something that was made after the gateway's newest beacon, and syncs.
async fn record(gateway: &TestGateway, phone: &TestPhone, log: &mut Log, to: &[RecipientPublicKey]) {
    let (held, seq) = (log.state.size(), log.state.size());
    let beacon = Some(beacon(gateway).await);
    let time = EntryTime { wall_ms: support::now_ms(), mono_ns: seq, boot: [1; 8], beacon };
    let appended = log.state.append(&log.origin, EntryClass::Event, time, b"body", to, &mut rand::rng()).unwrap();
    log.keep(appended);
    assert_eq!(phone.announce(gateway, log, held).await.0, 200);
    assert_eq!(phone.upload(gateway, log, held).await.0, 200);
}

fn checked(force: &TestForce) -> (Trust, Report) {
    let made = |authority: &_, tx: &_| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?));
    let (files, trust) = force.change(made).unwrap();
    let trust = Trust::parse(&trust).unwrap();
    let report = verify(&files, &trust, VerifyOptions::default(), &mut |_| {});
    (trust, report)
}

#[tokio::test]
async fn each_period_of_the_desks_key_is_in_the_trust_file_and_judged() {
    let gateway = TestGateway::start().await;
    let mut phone = TestPhone::enrol(&gateway).await;
    let mut log = Log::new(&phone);
    let november = log.recipients.clone();
    let auditor = |keys: &[RecipientPublicKey], trust: &Trust| {
        let is_auditors = |key: &&RecipientPublicKey| {
            trust.recipients.iter().any(|known| known.kid == key.kid() && known.purpose == RecipientPurpose::Auditor)
        };
        keys.iter().find(is_auditors).unwrap().clone()
    };
    record(&gateway, &phone, &mut log, &november).await;
    let (trust, report) = checked(&gateway.force);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    assert!(trust.recipients.iter().all(|known| (known.from_s, known.until_s) == (None, None)));

    let december = DeskDir::new(gateway.force.path("desk")).add_operations_key("2026-12", &mut rand::rng()).unwrap();
    change_key(&gateway.force, 1, &december);
    let december: RecipientPublicKey = december.parse().unwrap();
    let mut new = vec![auditor(&november, &trust), december.clone()];
    new.sort_by_key(RecipientPublicKey::kid);
    // A phone that has not heard of it yet, one that has, and one that is enrolled now.
    record(&gateway, &phone, &mut log, &november).await;
    record(&gateway, &phone, &mut log, &new).await;
    let newcomer = TestPhone::enrol(&gateway).await;
    let mut its_log = Log::new(&newcomer);
    let kids = |keys: &[RecipientPublicKey]| {
        keys.iter().map(RecipientPublicKey::kid).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(kids(&its_log.recipients), kids(&new), "it is told the key of the present period");
    let told = its_log.recipients.clone();
    record(&gateway, &newcomer, &mut its_log, &told).await;
    let (trust, report) = checked(&gateway.force);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    let period = |key: &RecipientPublicKey| trust.recipients.iter().find(|known| known.kid == key.kid()).unwrap();
    let old = november.iter().find(|key| period(key).purpose == RecipientPurpose::Operations).unwrap();
    assert!(period(old).from_s.is_none() && period(old).until_s.is_some());
    assert!(period(&december).from_s.is_some() && period(&december).until_s.is_none());
    assert!(period(&december).from_s < period(old).until_s, "a phone may be late");

    // A month later: what is sealed to the old key is found.
    let gateway = later(gateway, MONTH_MS).await;
    phone.token = phone.fetch_token(&gateway).await;
    gateway.go_live().await;
    let logs = |_: &_, tx: &_| {
        let events = Logs(tx);
        let last = events.log("events")?.unwrap().next_index - 1;
        Ok(events.read_entries("events", last, 1, usize::MAX)?.remove(0))
    };
    let event = Entry::decode(&gateway.force.change(logs).unwrap()).unwrap();
    let sealed_to: std::collections::BTreeSet<_> = event.recipients().iter().map(|to| to.kid).collect();
    assert_eq!(sealed_to, kids(&new), "the force's own events are sealed to the key of the period");
    record(&gateway, &phone, &mut log, &new).await;
    let (_, report) = checked(&gateway.force);
    assert_eq!(report.verdict, Verdict::Good, "{report:?}");
    let wrong = log.state.size();
    record(&gateway, &phone, &mut log, &november).await;
    let (_, report) = checked(&gateway.force);
    let found: Vec<_> = report.failed.iter().map(|failure| (failure.problem, failure.index)).collect();
    assert_eq!(found, [(Problem::Recipients, Some(wrong))]);
    // The desk opens the force's events of both periods.
    let dir = DeskDir::new(gateway.force.path("desk"));
    let followed = Desk::open(&dir, &gateway.url()).unwrap().follow(&mut |_, _, _| ()).await.unwrap();
    assert!(followed.entries > 8);
}
