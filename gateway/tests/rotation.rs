//! Moving the server to its next TLS key, over real TLS: who was online once in between is never locked out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use peel_gateway::bundle::{bundle_files, trust_text};
use peel_gateway::force::{ForceConfig, client_config, spki_pin};
use peel_gateway::service::{read_change_file, submit};
use peel_ledger::bundle::{Trust, Verdict, VerifyOptions, verify};
use peel_ledger::note::VerifierKey;
use peel_ledger::pins::{PinStatement, Pins, split};
use reqwest::Method;
use support::{FORCE, TestForce, TestGateway};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peel-gateway")).args(arguments).output().unwrap()
}

fn rotate(force: &TestForce) -> bool {
    run(&["tls", "rotate", "--data", force.path("data").to_str().unwrap()]).status.success()
}

/// The pin of the key that the server shows in a new connection, which its certificate's chain must allow.
async fn shown(gateway: &TestGateway) -> [u8; 32] {
    let authority = std::fs::read_to_string(gateway.force.path("vendor").join("ca.pem")).unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client_config(&authority).unwrap()));
    let stream = tokio::net::TcpStream::connect(gateway.url().trim_start_matches("https://")).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let tls = connector.connect(name, stream).await.unwrap();
    let certificate = tls.get_ref().1.peer_certificates().unwrap()[0].clone();
    spki_pin(&rustls::server::ParsedCertificate::try_from(&certificate).unwrap().subject_public_key_info())
}

/// What a phone learns over a connection of its own, verified.
async fn stated(gateway: &TestGateway) -> PinStatement {
    let text =
        gateway.force.http().get(format!("{}/v1/pins", gateway.url())).send().await.unwrap().text().await.unwrap();
    let config = ForceConfig::read(&gateway.force.data()).unwrap();
    let approvers: Vec<VerifierKey> = config.approver_vkeys.iter().map(|text| text.parse().unwrap()).collect();
    let root = config.root_vkey.parse().unwrap();
    PinStatement::verify_approved(text.as_bytes(), FORCE, &root, &approvers, 0).unwrap()
}

/// The running server follows a rotation of another process.
async fn followed(gateway: &TestGateway, version: u64) -> Pins {
    for _ in 0..400 {
        let statement = stated(gateway).await;
        if statement.version == version {
            return statement.pins;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not follow");
}

#[tokio::test]
async fn a_phone_that_was_online_between_two_rotations_knows_the_server_after_both() {
    let gateway = TestGateway::start().await;
    let enrolled = gateway.force.code(&gateway.url(), 60).spki_pins;
    assert_eq!(shown(&gateway).await, enrolled[0]);
    assert_eq!(stated(&gateway).await, PinStatement { version: 1, pins: enrolled });

    assert!(rotate(&gateway.force));
    let second = followed(&gateway, 2).await;
    assert_eq!(shown(&gateway).await, enrolled[1], "phones of old know the next key already");
    assert_eq!((second[0], gateway.force.code(&gateway.url(), 60).spki_pins), (enrolled[1], second));
    assert!(!enrolled.contains(&second[1]));

    assert!(rotate(&gateway.force));
    let third = followed(&gateway, 3).await;
    let now = shown(&gateway).await;
    assert!(second.contains(&now) && third[0] == now, "whoever was online in between knows this one");
    assert!(!enrolled.contains(&now), "whoever missed both must be enrolled again");
    // A connection that is open goes on.
    assert_eq!(gateway.call(Method::GET, "/healthz").send().await.unwrap().status(), 200);
    let gateway = gateway.restart().await;
    assert_eq!(shown(&gateway).await, now);
}

#[tokio::test]
async fn a_rotation_that_stopped_halfway_leaves_a_server_that_serves_and_can_be_finished() {
    let force = TestForce::new();
    let (tls, kept) = (force.data().tls(), tempfile::tempdir().unwrap());
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    copy(&tls, kept.path());
    let before = force.code("https://127.0.0.1:1", 60).spki_pins;
    assert!(rotate(&force));
    // As if it had stopped after the certificate was written: the key still has its old name.
    let certificate = std::fs::read(tls.join("server.pem")).unwrap();
    let (third, statement) =
        (std::fs::read(tls.join("server-next.key")).unwrap(), std::fs::read_to_string(tls.join("pins.note")).unwrap());
    copy(kept.path(), &tls);
    std::fs::write(tls.join("server.pem"), certificate).unwrap();
    std::fs::write(tls.join("server-third.key"), third).unwrap();
    std::fs::write(tls.join("pins-next.note"), split(&statement).0).unwrap();
    std::fs::write(tls.join("pins-next.approved"), statement).unwrap();
    let gateway = TestGateway::serve(force).await;
    assert_eq!(shown(&gateway).await, before[1]);
    assert_eq!(stated(&gateway).await.version, 1, "phones hear of new pins when the server has moved");
    // The next command finishes it, and then does its own.
    assert!(rotate(&gateway.force));
    followed(&gateway, 3).await;
    assert!(!before.contains(&shown(&gateway).await));
}

#[tokio::test]
async fn a_submission_that_stopped_after_its_commit_is_finished_by_the_same_file_and_counts_once() {
    let force = TestForce::new();
    let (data, file) = (force.path("data"), force.path("pins.change"));
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    assert!(run(&["change", "propose", "pins", "--data", data, "--out", file]).status.success());
    let leaf = read_change_file(&std::fs::read_to_string(file).unwrap()).unwrap();
    force.change(|authority, tx| submit(authority, tx, &leaf, None)).unwrap();
    let before = force.code("https://127.0.0.1:1", 60).spki_pins;
    assert!(run(&["change", "submit", "--data", data, file]).status.success());
    let after = force.code("https://127.0.0.1:1", 60).spki_pins;
    assert_eq!(after[0], before[1], "the files have moved");
    assert!(!run(&["change", "submit", "--data", data, file]).status.success(), "it is over");
    let (files, trust) =
        force.change(|authority, tx| Ok((bundle_files(authority, tx)?, trust_text(authority, tx)?))).unwrap();
    let report = verify(&files, &Trust::parse(&trust).unwrap(), VerifyOptions::default(), &mut |_| {});
    assert_ne!(report.verdict, Verdict::Tampered, "{:?}", report.failed);
}

#[tokio::test]
async fn a_force_without_a_statement_of_its_pins_states_them() {
    let force = TestForce::new();
    std::fs::remove_file(force.data().tls().join("pins.note")).unwrap();
    let pins = force.code("https://127.0.0.1:1", 60).spki_pins;
    let gateway = TestGateway::serve(force).await;
    assert_eq!(stated(&gateway).await, PinStatement { version: 1, pins });
}

#[tokio::test]
async fn one_person_does_not_rotate() {
    let gateway = TestGateway::start().await;
    let away = gateway.force.path("approver-2.key");
    std::fs::rename(gateway.force.data().keys().join("approver-2.key"), &away).unwrap();
    let before = shown(&gateway).await;
    assert!(!rotate(&gateway.force));
    assert_eq!((shown(&gateway).await, stated(&gateway).await.version), (before, 1));
    let (data, file) = (gateway.force.path("data"), gateway.force.path("pins.change"));
    let (data, file, away) = (data.to_str().unwrap(), file.to_str().unwrap(), away.to_str().unwrap());
    assert!(run(&["change", "propose", "pins", "--data", data, "--out", file]).status.success());
    assert!(!run(&["change", "submit", "--data", data, file]).status.success());
    let name = "force.example/peel/approver-2";
    assert!(run(&["change", "approve", file, "--key", away, "--name", name]).status.success());
    assert!(run(&["change", "submit", "--data", data, file]).status.success());
    followed(&gateway, 2).await;
    assert_ne!(shown(&gateway).await, before);
}
