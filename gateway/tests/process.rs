//! The program itself: its commands, its signals, its death.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use support::{TestForce, now_ms};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_peel-gateway"))
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn serve(data: &str) -> (Child, String) {
    let mut child =
        program().args(["serve", "--data", data, "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    (child, format!("https://{}", said["listening"].as_str().unwrap()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        &["--help"][..],
        &["init", "--help"],
        &["deployment", "create", "--help"],
        &["officer", "add", "--help"],
        &["enrol", "--help"],
        &["policy", "check", "--help"],
        &["policy", "sign", "--help"],
        &["serve", "--help"],
        &["desk", "--help"],
        &["record", "--help"],
        &["report", "--help"],
        &["test-walk", "--help"],
        &["debrief", "--help"],
        &["evidence", "hold", "--help"],
        &["evidence", "export", "--help"],
        &["evidence", "release", "--help"],
        &["bundle", "--help"],
    ];
    for command in commands {
        let output = run(command);
        assert!(output.status.success() && output.stdout.len() > 80, "{command:?}");
    }
    assert!(!run(&["nonsense"]).status.success());
}

#[test]
fn a_force_is_set_up_by_commands_alone() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let (data, desk, auditor, vendor) = (at("data"), at("desk"), at("auditor"), at("vendor"));
    let evidence = at("evidence");
    let init = || {
        run(&[
            "init",
            "--data",
            text(&data),
            "--force",
            "force.example",
            "--exercise",
            "--desk",
            text(&desk),
            "--auditor-key-out",
            text(&auditor),
            "--evidence-key-out",
            text(&evidence),
            "--vendor",
            text(&vendor),
        ])
    };
    let made = json(&init());
    assert_eq!(made["force"], "force.example");
    assert!(made["evidence_key"].as_str().unwrap().parse::<peel_ledger::seal::RecipientPublicKey>().is_ok());
    assert!(!init().status.success(), "a force is never overwritten");
    std::fs::write(at("deployment.toml"), support::DEPLOYMENT).unwrap();
    let created = json(&run(&["deployment", "create", "--data", text(&data), text(&at("deployment.toml"))]));
    let roster = format!("{}:engagement_officer+supervisor", created["deployment_id"].as_str().unwrap());
    let officer =
        run(&["officer", "add", "--data", text(&data), "--id", "PC-1", "--pin", "111222", "--roster", &roster]);
    assert_eq!(json(&officer)["officer_id"], "PC-1");
    let policy = run(&["policy", "strictest", "--force", "force.example"]);
    std::fs::write(at("policy.toml"), &policy.stdout).unwrap();
    assert_eq!(json(&run(&["policy", "check", text(&at("policy.toml"))]))["sound"], true);
    let sign = || run(&["policy", "sign", "--data", text(&data), text(&at("policy.toml"))]);
    assert_eq!(json(&sign())["in_force"], true);
    assert!(!sign().status.success(), "a version is never replaced");
    std::fs::write(at("bad.toml"), "version = 1").unwrap();
    assert!(!run(&["policy", "check", text(&at("bad.toml"))]).status.success());
    let code = json(&run(&["enrol", "--data", text(&data), "--url", "https://127.0.0.1:8443"]));
    let code = peel_domain::wire::EnrolmentCode::parse(code["code"].as_str().unwrap(), now_ms()).unwrap();
    assert_eq!(code.gateway_url, "https://127.0.0.1:8443");
    let refused = run(&["enrol", "--data", text(&data), "--url", "http://127.0.0.1:8443"]);
    assert!(!refused.status.success());
    let bundle = at("out/bundle");
    assert!(json(&run(&["bundle", "--data", text(&data), "--out", text(&bundle)]))["files"].as_u64().unwrap() > 3);
    assert!(at("out/trust.toml").is_file());
    for folder in [&data, &desk, &auditor, &evidence, &vendor] {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(folder).unwrap().chain(std::fs::read_dir(data.join("keys")).unwrap()) {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "key") {
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }
}

fn refusal(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_refusal_says_what_is_wrong_and_names_no_path() {
    let force = TestForce::with_store(None);
    let data = force.path("data");
    let data = text(&data);
    let file = force.path("file.toml");
    let file = text(&file);
    let policy = run(&["policy", "strictest", "--force", support::FORCE]);
    std::fs::write(file, &policy.stdout).unwrap();
    json(&run(&["policy", "sign", "--data", data, file]));
    let again = refusal(&["policy", "sign", "--data", data, file]);
    assert!(again.contains("version 1 is in force; a new policy needs a higher version"), "{again}");
    let create = |content: &str| {
        std::fs::write(file, content).unwrap();
        refusal(&["deployment", "create", "--data", data, file])
    };
    let sound = support::DEPLOYMENT;
    let broken = sound.replacen("exercise = true", "exercise = maybe", 1);
    let line = sound.lines().position(|line| line == "exercise = true").unwrap() + 1;
    assert!(create(&broken).contains(&format!("line {line} is not understood")), "{}", create(&broken));
    let missing = create(&sound.replacen("exercise = true", "", 1));
    assert!(missing.contains("exercise is missing"), "{missing}");
    let serve = || {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        (refusal(&["serve", "--data", data, "--listen", &address]), address)
    };
    let (said, address) = serve();
    assert!(said.contains(&format!("listen on {address}: address in use")), "{said}");
    let full = force.path("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("kept"), "kept").unwrap();
    let absent = force.path("absent");
    let cases: [(&[&str], &str); 5] = [
        (&["officer", "add", "--data", data, "--id", "PC-9", "--pin", "123"], "a pin has 6 to 64 characters"),
        (&["enrol", "--data", data, "--url", "localhost"], "must be https://host:port"),
        (&["bundle", "--data", data, "--out", text(&full)], "neither empty nor an older bundle"),
        (&["policy", "check", text(&absent)], "read the policy's file: entity not found"),
        (&["enrol", "--data", text(&absent), "--url", "https://localhost:1"], "it has no force.toml"),
    ];
    for (arguments, words) in cases {
        let said = refusal(arguments);
        assert!(said.contains(words) && !said.contains(text(force.root.path())), "{arguments:?}: {said}");
    }
    assert!(full.join("kept").is_file());
}

fn files_below(folder: &Path) -> peel_ledger::bundle::Files {
    let mut files = peel_ledger::bundle::Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = text(path.strip_prefix(folder).unwrap()).to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn records_are_sealed_to_the_auditors_own_key_and_none_is_made() {
    use peel_ledger::bundle::{Trust, Verdict, VerifyOptions, verify};
    use peel_ledger::entry::CipherSuite;
    use peel_ledger::seal::RecipientPrivateKey;
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let key = RecipientPrivateKey::generate(CipherSuite::P256Aes256Gcm, &mut rand::rng()).unwrap();
    let public = key.public_key().unwrap().to_string();
    let (data, desk, vendor) = (at("data"), at("desk"), at("vendor"));
    let init = |more: &[&str]| {
        let common = ["--force", support::FORCE, "--exercise", "--data", text(&data), "--desk", text(&desk)];
        run(&[&["init", "--vendor", text(&vendor)], &common[..], more].concat())
    };
    let both = ["--auditor-public", &public, "--auditor-key-out", text(&vendor)];
    for bad in [&[][..], &["--auditor-public", "x25519:00"], &both] {
        assert!(!init(bad).status.success() && !data.exists(), "{bad:?}");
    }
    json(&init(&both[..2]));
    assert!(!desk.join("auditor.key").exists() && !vendor.join("auditor.key").exists());
    std::fs::write(at("deployment.toml"), support::DEPLOYMENT).unwrap();
    json(&run(&["deployment", "create", "--data", text(&data), text(&at("deployment.toml"))]));
    json(&run(&["bundle", "--data", text(&data), "--out", text(&at("bundle"))]));
    let trust = Trust::parse(&std::fs::read_to_string(at("trust.toml")).unwrap()).unwrap();
    let files = files_below(&at("bundle"));
    let opened_with = |key: RecipientPrivateKey| {
        let mut opened = 0;
        let asked = VerifyOptions { open: &[key], ..VerifyOptions::default() };
        let report = verify(&files, &trust, asked, &mut |_| opened += 1);
        (report.verdict, opened)
    };
    let (verdict, opened) = opened_with(key);
    assert!(verdict == Verdict::Good && opened > 0, "{opened}");
    let stranger = RecipientPrivateKey::generate(CipherSuite::P256Aes256Gcm, &mut rand::rng()).unwrap();
    assert_eq!(opened_with(stranger), (Verdict::Incomplete, 0));
}

#[tokio::test]
async fn s35_a_hard_kill_loses_nothing_that_was_acknowledged_and_a_polite_end_is_clean() {
    let force = TestForce::new();
    let data = force.path("data");
    let http = force.http();
    let operator = force.secret("operator.key");
    let deployment = force.deployment_id;
    let set = async |url: &str, state: &str| {
        http.post(format!("{url}/v1/ingest/deployments/{deployment}/state"))
            .bearer_auth(&operator)
            .body(format!("{{\"state\":\"{state}\"}}"))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let (mut child, url) = serve(text(&data));
    assert_eq!(set(&url, "live").await, 200);
    child.kill().unwrap();
    child.wait().unwrap();
    let (mut child, url) = serve(text(&data));
    assert_eq!(set(&url, "live").await, 409, "it is live already");
    assert_eq!(set(&url, "paused").await, 200);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let (mut child, url) = serve(text(&data));
    assert_eq!(set(&url, "live").await, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}
