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
        &["debrief", "--help"],
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
            "--vendor",
            text(&vendor),
        ])
    };
    assert_eq!(json(&init())["force"], "force.example");
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
    for folder in [&data, &desk, &auditor, &vendor] {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(folder).unwrap().chain(std::fs::read_dir(data.join("keys")).unwrap()) {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "key") {
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }
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
