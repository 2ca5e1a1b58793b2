//! Changes of the force log by two people: enrolments, revocations, policies; at one desk and with files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use peel_domain::wire::ErrorBody;
use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::service::{RevocationReason, propose_revocation, submit};
use peel_ledger::Origin;
use peel_ledger::bundle::{Report, Trust, Verdict, VerifyOptions, verify};
use peel_ledger::force_log::ForceLeaf;
use reqwest::Method;
use serde_json::{Value, json};
use support::{OFFICER, TestForce, TestGateway, TestPhone, read_json};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-gateway")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(output: &Output) -> bool {
    !output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("panicked")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Takes an approver's key out of the force's directory, as a real force does.
fn take_away(force: &TestForce, approver: &str) -> PathBuf {
    let (from, to) = (force.data().keys().join(format!("{approver}.key")), force.path(&format!("{approver}.key")));
    std::fs::rename(from, &to).unwrap();
    to
}

fn audit(force: &TestForce) -> Report {
    let files = force.change(bundle_files).unwrap();
    let trust = force.change(trust_text).unwrap();
    verify(&files, &Trust::parse(&trust).unwrap(), VerifyOptions::default(), &mut |_| {})
}

async fn code_of(phone: &TestPhone, gateway: &TestGateway, method: Method, path: &str) -> (u16, String) {
    let response = phone.call(gateway, method, path).send().await.unwrap();
    let status = response.status().as_u16();
    (status, if status < 400 { String::new() } else { read_json::<ErrorBody>(response).await.code })
}

fn revoked() -> (u16, String) {
    (403, "device.revoked".to_owned())
}

/// Reads a stream to its end, which must come.
async fn ended(mut stream: support::TestStream) {
    while stream.next().await.is_some() {}
}

#[tokio::test]
async fn a_revoked_device_is_refused_everywhere_and_its_stream_ends() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let other = gateway.phone(OFFICER).await;
    let stream = phone.stream(&gateway, None).await;
    let (data, id) = (gateway.force.path("data"), phone.id().to_string());
    let revoke = ["device", "revoke", "--data", text(&data), "--device", &id, "--reason"];
    assert!(refused(&run(&[&revoke[..], &["Mrs Smith dropped it"]].concat())), "a reason is a code, never a name");
    assert_eq!(said(&run(&[&revoke[..], &["stolen"]].concat()))["revoked"], "stolen");
    ended(stream).await;
    let add = format!("/v1/logs/{id}/add-entries");
    for (method, path) in [
        (Method::GET, "/v1/deployments"),
        (Method::GET, "/v1/events"),
        (Method::POST, &add),
        (Method::POST, "/v1/sign-in"),
    ] {
        assert_eq!(code_of(&phone, &gateway, method, path).await, revoked(), "{path}");
    }
    let nonce = gateway.force.sessions().nonce(peel_gateway::clock::real_now_s());
    let proof = phone.proof(&Method::POST, &format!("{}/v1/token", gateway.url()), None, Some(&nonce));
    let request = gateway.post("/v1/token", &json!({ "enrolment_id": id })).header("dpop", proof);
    let response = request.send().await.unwrap();
    assert_eq!((response.status().as_u16(), read_json::<ErrorBody>(response).await.code), revoked());
    assert_eq!(code_of(&other, &gateway, Method::GET, "/v1/deployments").await.0, 200, "nobody else is");
    assert!(refused(&run(&[&revoke[..], &["lost"]].concat())), "once is enough");
    assert_ne!(audit(&gateway.force).verdict, Verdict::Tampered, "the record of it is sound");
}

#[tokio::test]
async fn the_mirror_refuses_a_revoked_device_before_anybody_has_told_this_process() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let revocation = |authority: &_, tx: &_| {
        let leaf = propose_revocation(authority, tx, phone.id(), RevocationReason::Lost)?;
        submit(authority, tx, &leaf, None)
    };
    gateway.force.change(revocation).unwrap();
    // At once: the list in memory may not be read anew yet, the mirror asks the store.
    for call in ["add-entries", "add-checkpoint"] {
        let path = format!("/v1/logs/{}/{call}", phone.id());
        assert_eq!(code_of(&phone, &gateway, Method::POST, &path).await, revoked());
    }
    let response = phone.try_sign_in(&gateway, OFFICER, support::PIN).await;
    let status = response.status().as_u16();
    assert_eq!((status, read_json::<ErrorBody>(response).await.code), revoked(), "nobody signs in on it either");
}

#[tokio::test]
async fn a_change_that_was_approved_for_another_force_or_for_none_is_refused() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let played = |force_log: Option<Origin>| {
        gateway.force.change(|authority, tx| {
            let own = propose_revocation(authority, tx, phone.id(), RevocationReason::Lost)?;
            let ForceLeaf::Change { change, at_s, .. } = own else { panic!("a change") };
            let mut leaf = ForceLeaf::Change { change, force_log, at_s, approvals: Vec::new() };
            for approver in &authority.keys.approvers {
                // By the ledger itself: the command would not let an approver sign for another force.
                leaf.approve(approver).unwrap();
            }
            submit(authority, tx, &leaf, None)
        })
    };
    for other in [None, Some(Origin::force_log("other.example").unwrap())] {
        assert_eq!(played(other).unwrap_err().code(), "change.force");
    }
    played(Some(Origin::force_log(support::FORCE).unwrap())).unwrap();
    assert_ne!(audit(&gateway.force).verdict, Verdict::Tampered);
}

#[tokio::test]
async fn a_revoked_device_sees_no_more_of_a_drones_stream() {
    let gateway = TestGateway::start().await;
    gateway.go_live().await;
    let phone = gateway.phone(OFFICER).await;
    let (frames, receiver) = tokio::sync::mpsc::channel::<bytes::Bytes>(4);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (Ok::<_, std::io::Error>(chunk), receiver))
    });
    let request = gateway.call(Method::PUT, "/v1/ingest/feeds/drone-1").bearer_auth(gateway.force.secret("ingest.key"));
    let sending = tokio::spawn(request.body(reqwest::Body::wrap_stream(body)).send());
    let frame = || bytes::Bytes::from_static(b"a frame");
    // The feed begins with the first bytes; until then there is nothing to see.
    let mut view = loop {
        frames.send(frame()).await.unwrap();
        let view = phone.get(&gateway, "/v1/feeds/drone-1/stream.ts").send().await.unwrap();
        if view.status() == 200 {
            break view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    frames.send(frame()).await.unwrap();
    assert!(view.chunk().await.unwrap().is_some());
    let (data, id) = (gateway.force.path("data"), phone.id().to_string());
    said(&run(&["device", "revoke", "--data", text(&data), "--device", &id, "--reason", "stolen"]));
    let ended = async { while view.chunk().await.unwrap().is_some() {} };
    let sent = async {
        loop {
            frames.send(frame()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = ended => {}
        () = sent => {}
        () = tokio::time::sleep(std::time::Duration::from_secs(20)) => panic!("the stream goes on"),
    }
    sending.abort();
}

#[tokio::test]
async fn two_people_revoke_with_files_where_one_key_is_kept_elsewhere() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let away = take_away(&gateway.force, "approver-2");
    let (data, id) = (gateway.force.path("data"), phone.id().to_string());
    let file = gateway.force.path("revoke.change");
    let alone = run(&["device", "revoke", "--data", text(&data), "--device", &id, "--reason", "lost"]);
    assert!(refused(&alone), "one person does not suffice");
    let propose = ["change", "propose", "revocation", "--data", text(&data), "--device", &id, "--reason", "lost"];
    let proposed = said(&run(&[&propose[..], &["--out", text(&file)]].concat()));
    assert_eq!(proposed["approved_by"], json!(["force.example/peel/approver-1"]));
    let submit = ["change", "submit", "--data", text(&data), text(&file)];
    assert!(refused(&run(&submit)), "one approval does not suffice");

    let own = gateway.force.data().keys().join("approver-1.key");
    let approve = |key: &Path, name: &str| run(&["change", "approve", text(&file), "--key", text(key), "--name", name]);
    for nobody in ["approver-2", "other.example/peel/approver-2", "force.example/peel/approver-"] {
        assert!(refused(&approve(&away, nobody)), "{nobody} is nobody here");
    }
    assert!(refused(&approve(&own, "force.example/peel/approver-1")), "the same person twice");
    assert!(refused(&approve(&own, "force.example/peel/approver-2")), "the same key under another name");
    assert!(refused(&run(&submit)));
    let approved = said(&approve(&away, "force.example/peel/approver-2"));
    assert_eq!(approved["approved_by"].as_array().unwrap().len(), 2);
    assert_eq!(said(&run(&["change", "show", text(&file)])), approved);
    assert_eq!(approved["change"]["reason"], "lost");
    said(&run(&submit));
    assert!(refused(&run(&submit)), "a change counts once");
    assert_eq!(code_of(&phone, &gateway, Method::POST, &format!("/v1/logs/{id}/add-entries")).await, revoked());
    assert_ne!(audit(&gateway.force).verdict, Verdict::Tampered);
}

#[tokio::test]
async fn a_device_waits_until_two_people_have_approved_its_enrolment() {
    let force = TestForce::new();
    let away = take_away(&force, "approver-2");
    let gateway = TestGateway::serve(force).await;
    let phone = TestPhone::enrol_without_token(&gateway).await;
    let ask = async || {
        let nonce = gateway.force.sessions().nonce(peel_gateway::clock::real_now_s());
        let proof = phone.proof(&Method::POST, &format!("{}/v1/token", gateway.url()), None, Some(&nonce));
        let request = gateway.post("/v1/token", &json!({ "enrolment_id": phone.id() })).header("dpop", proof);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, if status == 200 { String::new() } else { read_json::<ErrorBody>(response).await.code })
    };
    assert_eq!(ask().await, (403, "device.pending".to_owned()));
    let (data, id) = (gateway.force.path("data"), phone.id().to_string());
    let file = gateway.force.path("enrol.change");
    let propose = ["change", "propose", "enrolment", "--data", text(&data), "--device", &id, "--out", text(&file)];
    said(&run(&propose));
    let approve = ["change", "approve", text(&file), "--key", text(&away), "--name", "force.example/peel/approver-2"];
    said(&run(&approve));
    said(&run(&["change", "submit", "--data", text(&data), text(&file)]));
    assert_eq!(ask().await.0, 200);
    assert_ne!(audit(&gateway.force).verdict, Verdict::Tampered);
}

#[tokio::test]
async fn files_that_are_not_changes_and_changes_of_strangers_are_refused() {
    let gateway = TestGateway::start().await;
    let phone = TestPhone::enrol(&gateway).await;
    let (data, id) = (gateway.force.path("data"), phone.id().to_string());
    let file = gateway.force.path("a.change");
    for bad in ["", "peel change v1\n", "peel change v1\nAAAA\n", "peel change v2\n\n", "\u{0}"] {
        std::fs::write(&file, bad).unwrap();
        assert!(refused(&run(&["change", "show", text(&file)])), "{bad:?}");
        assert!(refused(&run(&["change", "submit", "--data", text(&data), text(&file)])), "{bad:?}");
    }
    // Another force's two people: their names are the same, their keys are not.
    let other = TestForce::new();
    take_away(&gateway.force, "approver-1");
    take_away(&gateway.force, "approver-2");
    said(&run(&[
        "change",
        "propose",
        "revocation",
        "--data",
        text(&data),
        "--device",
        &id,
        "--reason",
        "lost",
        "--out",
        text(&file),
    ]));
    for approver in ["approver-1", "approver-2"] {
        let key = other.data().keys().join(format!("{approver}.key"));
        let name = format!("force.example/peel/{approver}");
        said(&run(&["change", "approve", text(&file), "--key", text(&key), "--name", &name]));
    }
    assert!(refused(&run(&["change", "submit", "--data", text(&data), text(&file)])));
    assert_eq!(code_of(&phone, &gateway, Method::GET, "/v1/deployments").await.1, "sign_in.needed");
}
