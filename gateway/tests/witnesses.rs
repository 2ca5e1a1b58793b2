//! Outside witnesses over HTTP: a small witness of this project's own here; one that others wrote in the referee.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::force::{ForceConfig, ForceKeys, WitnessConfig};
use peel_gateway::service::{Authority, DeploymentFile, create_deployment};
use peel_gateway::storage::{Db, DbLimits, LogStore as _, Logs};
use peel_gateway::witness::{Outcome, Witnesses};
use peel_ledger::Hash;
use peel_ledger::bundle::{Problem, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::checkpoint::Checkpoint;
use peel_ledger::mirror::AddCheckpoint;
use peel_ledger::note::{Ed25519Signer, SignedNote, VerifierKey};
use peel_ledger::tree::{empty_root, verify_consistency};
use reqwest::Method;
use support::device_log::Log;
use support::{TestForce, TestGateway, TestPhone};

/// How the witness behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Sound,
    Busy,
    Unknown,
    Foreign,
    Endless,
    Redirects,
    Hangs,
}

struct State {
    manner: Manner,
    size: u64,
    root: Hash,
    calls: u32,
    /// What happens elsewhere while the witness is asked; gives the size that it has seen there.
    meanwhile: Option<Box<dyn FnOnce() -> u64 + Send>>,
}

struct OwnWitness {
    url: String,
    vkey: String,
    state: Arc<Mutex<State>>,
}

fn answer(state: &Mutex<State>, key: &Ed25519Signer, log: &VerifierKey, body: &[u8]) -> Response {
    let mut state = state.lock().unwrap();
    state.calls += 1;
    match state.manner {
        Manner::Sound | Manner::Foreign | Manner::Hangs => {}
        Manner::Busy => return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], "").into_response(),
        Manner::Unknown => return StatusCode::NOT_FOUND.into_response(),
        Manner::Endless => return vec![b'x'; 1 << 20].into_response(),
        Manner::Redirects => return (StatusCode::FOUND, [("location", "/elsewhere")], "").into_response(),
    }
    if let Some(meanwhile) = state.meanwhile.take() {
        return (StatusCode::CONFLICT, format!("{}\n", meanwhile())).into_response();
    }
    let Ok(request) = AddCheckpoint::parse(body) else { return StatusCode::BAD_REQUEST.into_response() };
    if request.note.verify(std::slice::from_ref(log)).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    if request.old_size != state.size {
        let known = format!("{}\n", state.size);
        return (StatusCode::CONFLICT, [("content-type", "text/x.tlog.size")], known).into_response();
    }
    let (size, root) = (request.checkpoint.size, request.checkpoint.root);
    if verify_consistency(state.size, size, &state.root, &request.proof, &root).is_err() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    (state.size, state.root) = (size, root);
    let foreign = Ed25519Signer::from_seed(key.name(), &[99; 32]).unwrap();
    let signer = if state.manner == Manner::Foreign { &foreign } else { key };
    signer.cosign(request.note.text(), now_s()).unwrap().to_line().into_response()
}

/// The present second.
fn now_s() -> u64 {
    u64::try_from(support::now_ms() / 1_000).unwrap()
}

async fn own_witness(force: &TestForce, number: u8) -> OwnWitness {
    let key = Ed25519Signer::from_seed(&format!("witness.example/w{number}"), &[number; 32]).unwrap();
    let vkey = key.cosigner_verifier().unwrap().to_string();
    let log: VerifierKey = ForceConfig::read(&force.data()).unwrap().force_log_vkey.parse().unwrap();
    let state =
        Arc::new(Mutex::new(State { manner: Manner::Sound, size: 0, root: empty_root(), calls: 0, meanwhile: None }));
    let shared = Arc::clone(&state);
    let handler = move |body: Bytes| {
        let hangs = shared.lock().unwrap().manner == Manner::Hangs;
        let reply = answer(&shared, &key, &log, &body);
        async move { if hangs { std::future::pending().await } else { reply } }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/add-checkpoint", post(handler));
    tokio::spawn(async move { axum::serve(listener, router.into_make_service()).await });
    OwnWitness { url, vkey, state }
}

fn configure(force: &TestForce, witnesses: &[&OwnWitness], required: usize) {
    let mut config = ForceConfig::read(&force.data()).unwrap();
    config.witnesses = witnesses
        .iter()
        .map(|own| WitnessConfig { url: own.url.clone(), vkey: own.vkey.clone(), authority: None })
        .collect();
    config.witnesses_required = required;
    config.write(&force.data()).unwrap();
}

/// One round, as a process of its own would make it.
async fn round(force: &TestForce) -> Vec<Outcome> {
    let authority = Authority::open(force.data(), None).unwrap();
    let limits = DbLimits { queue: 64, file_mib: None };
    let db = Db::open(&authority.store, limits, Arc::new(|_| Ok(()))).unwrap();
    Witnesses::new(&authority.config, &force.data()).unwrap().round(&authority, &db).await.unwrap()
}

/// What fails in the bundle, and what the check says of witnesses that have not cosigned.
fn problems(force: &TestForce) -> (Vec<Problem>, Option<String>) {
    let files = force.change(bundle_files).unwrap();
    let trust = force.change(trust_text).unwrap();
    let report = verify(&files, &Trust::parse(&trust).unwrap(), VerifyOptions::default(), &mut |_| {});
    let open = report.not_checked.iter().find(|item| item.what.starts_with("outside witnesses")).map(|item| &item.what);
    assert_eq!(report.verdict == Verdict::Good, report.failed.is_empty() && open.is_none(), "{report:?}");
    (report.failed.iter().map(|failure| failure.problem).collect(), open.cloned())
}

fn is_cosigned(force: &TestForce) -> bool {
    let (failed, open) = problems(force);
    assert_eq!(failed, []);
    open.is_none()
}

/// Leaves more in the force log.
fn grow(force: &TestForce) {
    let file = DeploymentFile::parse(support::DEPLOYMENT).unwrap();
    force.change(|authority, tx| create_deployment(authority, tx, file)).unwrap();
}

#[tokio::test]
async fn two_of_three_witnesses_are_enough_and_one_is_not() {
    let force = TestForce::new();
    let (first, second, third) =
        (own_witness(&force, 1).await, own_witness(&force, 2).await, own_witness(&force, 3).await);
    configure(&force, &[&first, &second, &third], 2);
    second.state.lock().unwrap().manner = Manner::Busy;
    third.state.lock().unwrap().manner = Manner::Unknown;
    let outcomes = round(&force).await;
    assert!(matches!(outcomes[0], Outcome::Cosigned { .. }));
    assert_eq!(&outcomes[1..], [Outcome::Later, Outcome::Unknown]);
    assert!(problems(&force).1.unwrap().starts_with("outside witnesses: 1 of 2"));
    second.state.lock().unwrap().manner = Manner::Sound;
    let outcomes = round(&force).await;
    assert!(matches!(outcomes[..2], [Outcome::Cosigned { .. }, Outcome::Cosigned { .. }]));
    assert!(is_cosigned(&force));
    // The log grows: what was cosigned is not the newest any more, and then it is again, from the sizes they know.
    grow(&force);
    assert!(!is_cosigned(&force));
    round(&force).await;
    assert!(is_cosigned(&force));
    let calls = first.state.lock().unwrap().calls;
    round(&force).await;
    assert_eq!(first.state.lock().unwrap().calls, calls, "nobody is asked about what is cosigned already");
}

#[tokio::test]
async fn a_witness_that_knows_another_size_is_sent_the_proof_from_there() {
    let force = TestForce::new();
    let own = own_witness(&force, 1).await;
    configure(&force, &[&own], 1);
    round(&force).await;
    grow(&force);
    // The gateway's own memory of the witness is gone, as after a restore from a backup.
    force.change(|_, tx| Ok(tx.execute("delete from cosignature", &[]).map(|_| ())?)).unwrap();
    assert!(matches!(round(&force).await[0], Outcome::Cosigned { .. }));
    assert_eq!(own.state.lock().unwrap().calls, 3, "one that is refused with a size, and one from that size");
    assert!(is_cosigned(&force));
}

#[tokio::test]
async fn answers_that_are_none_are_not_taken_for_cosignatures() {
    let force = TestForce::new();
    let own = own_witness(&force, 1).await;
    configure(&force, &[&own], 1);
    for (manner, outcome) in [
        (Manner::Endless, Outcome::Later),
        (Manner::Redirects, Outcome::Malformed),
        (Manner::Foreign, Outcome::Malformed),
    ] {
        own.state.lock().unwrap().manner = manner;
        assert_eq!(round(&force).await, [outcome]);
        assert!(!is_cosigned(&force));
    }
    let gone = OwnWitness { url: "http://127.0.0.1:9".to_owned(), ..own };
    configure(&force, &[&gone], 1);
    assert_eq!(round(&force).await, [Outcome::Later]);
}

#[tokio::test]
async fn a_log_that_was_rolled_back_is_noticed_by_the_witness() {
    let force = TestForce::new();
    let own = own_witness(&force, 1).await;
    configure(&force, &[&own], 1);
    round(&force).await;
    own.state.lock().unwrap().size += 5;
    grow(&force);
    assert!(matches!(round(&force).await[..], [Outcome::Ahead { .. }]));
}

#[tokio::test]
async fn a_force_signs_nothing_more_when_too_many_witnesses_have_seen_a_longer_log_and_one_liar_is_not_enough() {
    let force = TestForce::new();
    let all = [own_witness(&force, 1).await, own_witness(&force, 2).await, own_witness(&force, 3).await];
    configure(&force, &all.each_ref(), 2);
    round(&force).await;
    let authority = Authority::open(force.data(), None).unwrap();
    let db = Db::open(&authority.store, DbLimits { queue: 64, file_mib: None }, Arc::new(|_| Ok(()))).unwrap();
    let ahead = async || {
        let witnesses = Witnesses::new(&authority.config, &force.data()).unwrap();
        witnesses.round(&authority, &db).await.unwrap();
        witnesses.ahead(authority.config.witnesses_required).await
    };
    let longer = all[0].state.lock().unwrap().size + 5;
    all[0].state.lock().unwrap().size = 1_000_000;
    grow(&force);
    assert_eq!(ahead().await, None, "two others can still cosign");
    all[1].state.lock().unwrap().size = longer;
    grow(&force);
    assert_eq!(ahead().await, Some(longer), "what both have seen");
    authority.signed.note_witnessed(&authority.force_log_origin, longer, None).unwrap();
    let file = DeploymentFile::parse(support::DEPLOYMENT).unwrap();
    let refused = force.change(|authority, tx| create_deployment(authority, tx, file));
    assert_eq!(refused.unwrap_err().code(), "storage.rolled_back");
}

#[tokio::test]
async fn a_witness_that_another_process_was_quicker_with_gives_no_alarm() {
    let force = Arc::new(TestForce::new());
    let own = own_witness(&force, 1).await;
    configure(&force, &[&own], 1);
    let held = Arc::clone(&force);
    own.state.lock().unwrap().meanwhile = Some(Box::new(move || {
        // On a thread of its own, as another process would.
        std::thread::spawn(move || {
            grow(&held);
            held.change(|_, tx| Ok(Logs(tx).log("log")?.unwrap().next_index)).unwrap()
        })
        .join()
        .unwrap()
    }));
    assert_eq!(round(&force).await, [Outcome::Later]);
    // Nobody has to wait: the next round asks about what is there now.
    assert!(matches!(round(&force).await[0], Outcome::Cosigned { .. }));
}

#[tokio::test]
async fn what_a_former_witness_or_a_former_key_signed_does_not_count() {
    let force = TestForce::new();
    let (first, second) = (own_witness(&force, 1).await, own_witness(&force, 2).await);
    configure(&force, &[&first, &second], 2);
    round(&force).await;
    let published = async || {
        let authority = Authority::open(force.data(), None).unwrap();
        let gateway = peel_gateway::service::Gateway::open(authority).unwrap();
        let note = gateway.published_checkpoint().await.unwrap();
        let lines = note.to_text().lines().filter(|line| line.starts_with("\u{2014} witness.example/")).count();
        (Checkpoint::from_note(&note).unwrap().size, lines)
    };
    let (size, lines) = published().await;
    assert_eq!(lines, 2);
    // The second witness has a new key, and a third took the first one's place: neither has cosigned yet.
    let third = own_witness(&force, 3).await;
    let renewed = Ed25519Signer::from_seed("witness.example/w2", &[77; 32]).unwrap();
    let renewed = OwnWitness { vkey: renewed.cosigner_verifier().unwrap().to_string(), ..second };
    configure(&force, &[&third, &renewed], 1);
    grow(&force);
    let (newest, lines) = published().await;
    assert!(newest > size && lines == 0, "the newest checkpoint, with what it has");
    round(&force).await;
    assert_eq!(published().await, (newest, 1));
    assert!(is_cosigned(&force));
}

#[test]
fn a_witness_that_would_count_twice_or_is_the_force_itself_is_refused() {
    let force = TestForce::new();
    let sound = ForceConfig::read(&force.data()).unwrap();
    let vkey = |name: &str, seed: u8| {
        Ed25519Signer::from_seed(name, &[seed; 32]).unwrap().cosigner_verifier().unwrap().to_string()
    };
    let own = ForceKeys::read(&force.data(), support::FORCE).unwrap().force_log;
    let own = Ed25519Signer::from_seed("w", &own.expose_seed()).unwrap().cosigner_verifier().unwrap().to_string();
    for (keys, is_sound) in [
        (vec![vkey("a", 1), vkey("b", 2)], true),
        (vec![vkey("a", 1), vkey("a", 2)], false),
        (vec![vkey("a", 1), vkey("b", 1)], false),
        (vec![vkey("a", 1), own], false),
        (vec![sound.mirror_vkey.clone()], false),
    ] {
        let mut config = sound.clone();
        let witness = |vkey| WitnessConfig { url: "http://127.0.0.1:9".to_owned(), vkey, authority: None };
        config.witnesses = keys.into_iter().map(witness).collect();
        config.write(&force.data()).unwrap();
        assert_eq!(ForceConfig::read(&force.data()).is_ok(), is_sound, "{:?}", config.witnesses);
    }
}

#[tokio::test]
async fn serve_asks_in_the_background_and_publishes_what_enough_witnesses_cosigned() {
    let force = TestForce::new();
    let own = own_witness(&force, 1).await;
    let late = own_witness(&force, 2).await;
    late.state.lock().unwrap().manner = Manner::Hangs;
    configure(&force, &[&own, &late], 1);
    let gateway = TestGateway::serve(force).await;
    // A phone's replies, and what is committed for them, do not wait for any of it, also while one witness hangs.
    let phone = TestPhone::enrol(&gateway).await;
    while late.state.lock().unwrap().calls == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut trail = Log::new(&phone);
    trail.write(3);
    phone.announce(&gateway, &trail, 0).await;
    assert_eq!(phone.upload(&gateway, &trail, 0).await.0, 200);
    let vkey: VerifierKey = own.vkey.parse().unwrap();
    let log: VerifierKey = ForceConfig::read(&gateway.force.data()).unwrap().force_log_vkey.parse().unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let text = gateway.call(Method::GET, "/v1/log/checkpoint").send().await.unwrap().text().await.unwrap();
        let note = SignedNote::parse(text.as_bytes()).unwrap();
        if note.verify_every_line(&[log.clone(), vkey.clone()]).unwrap().len() == 2 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the witness was not asked");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    gateway.restart().await;
}

#[test]
fn a_witness_over_https_needs_certificates_and_over_http_takes_none() {
    let force = TestForce::new();
    let authority = Authority::open(force.data(), None).unwrap();
    for (url, with) in
        [("https://witness.example", None), ("http://witness.example", Some("tls/ca.pem")), ("ftp://x", None)]
    {
        let mut config = authority.config.clone();
        let vkey = Ed25519Signer::from_seed("w", &[1; 32]).unwrap().cosigner_verifier().unwrap().to_string();
        config.witnesses = vec![WitnessConfig { url: url.to_owned(), vkey, authority: with.map(str::to_owned) }];
        assert!(Witnesses::new(&config, &force.data()).is_err(), "{url}");
        config.witnesses[0].url = "https://witness.example".to_owned();
        config.witnesses[0].authority = Some("tls/ca.pem".to_owned());
        assert!(Witnesses::new(&config, &force.data()).is_ok());
    }
}

#[test]
fn why_a_force_asks_for_no_witnesses_is_in_its_configuration_and_so_in_every_trust_file() {
    let force = TestForce::new();
    let mut config = ForceConfig::read(&force.data()).unwrap();
    config.without_witnesses = Some("two sites of one force, by agreement".to_owned());
    config.write(&force.data()).unwrap();
    let trust = Trust::parse(&force.change(trust_text).unwrap()).unwrap();
    assert_eq!(trust.without_witnesses, config.without_witnesses);
    for reason in [" ", "two\nlines"] {
        config.without_witnesses = Some(reason.to_owned());
        config.write(&force.data()).unwrap();
        assert!(ForceConfig::read(&force.data()).is_err(), "{reason:?}");
    }
}
