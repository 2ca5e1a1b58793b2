//! The force of the exercise: the gateway's own commands, `serve` and `desk` as processes, and what they leave.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{ExerciseError, expect};
use crate::clock::ExerciseClock;

/// The force's domain name in the exercise.
pub const FORCE: &str = "exercise.example";
/// The drone's feed.
pub const FEED: &str = "drone-1";
/// The drone's incident.
pub const INCIDENT: &str = "EX-0042";
/// PIN of every role-player officer.
pub const PIN: &str = "483911";
/// The supervisor's number.
pub const SUPERVISOR: &str = "PS-0107";

/// The programs that the exercise runs.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `peel-gateway`.
    pub gateway: PathBuf,
    /// `peel-audit`.
    pub auditor: PathBuf,
    /// The phone's process.
    pub phone: PathBuf,
    /// The models' directory.
    pub models: PathBuf,
}

/// The running force.
#[derive(Debug)]
pub struct Force {
    programs: Programs,
    home: PathBuf,
    clock: ExerciseClock,
    serve: Child,
    desk: Child,
    /// Where `serve` listens.
    pub address: SocketAddr,
    /// The exercise's deployment.
    pub deployment_id: String,
}

/// Runs a program to its end; its standard output, or the end of its standard error.
pub async fn run(program: &Path, arguments: &[&str]) -> Result<String, ExerciseError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let tail: Vec<&str> = said.lines().rev().take(6).collect();
    let said = tail.into_iter().rev().collect::<Vec<_>>().join(" / ");
    let name = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Err(ExerciseError::Program { program: format!("{name} {}", arguments.first().unwrap_or(&"")), said })
}

fn field(text: &str, name: &str) -> Result<String, ExerciseError> {
    let value: Option<Value> = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    let found = value.as_ref().and_then(|value| value.get(name)).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| ExerciseError::Expected(format!("the gateway said its {name}")))
}

fn deployment_file(clock: &ExerciseClock) -> String {
    let start = clock.epoch_ms - 600_000;
    let end = clock.epoch_ms + 4 * 3_600_000;
    format!(
        r#"exercise = true
use_case = "crime_hotspot"
location_text = "Exercise: High Street"
authority_ref = "EX-AUTH-1"
planned_start_ms = {start}
planned_end_ms = {end}
algorithm = "street simulator, no algorithm"
threshold_thousandths = 640
watchlist_size = 6
policy_version = 1

[[cameras]]
camera_id = "van-north"
name = "Van, north camera"
kind = "van"
view_bearing_deg = 20
latitude_udeg = 51501200
longitude_udeg = -141900

[[cameras]]
camera_id = "van-south"
name = "Van, south camera"
kind = "van"
view_bearing_deg = 200
latitude_udeg = 51501100
longitude_udeg = -141950

[[feeds]]
feed_id = "{FEED}"
incident_ref = "{INCIDENT}"
overt = true
"#
    )
}

impl Force {
    /// Makes the force, its policy, its deployment and its officers, and starts both processes.
    pub async fn set_up(
        programs: &Programs,
        home: &Path,
        clock: ExerciseClock,
        officers: &[&str],
    ) -> Result<Self, ExerciseError> {
        let (clock_text, data) = (clock.to_string(), text(&home.join("serve")));
        let gateway = &programs.gateway;
        let (desk_dir, auditor_dir, vendor) =
            (text(&home.join("desk")), text(&home.join("auditor")), text(&home.join("vendor")));
        let init = ["init", "--data", &data, "--force", FORCE, "--exercise", "--desk", &desk_dir];
        run(gateway, &[&init[..], &["--auditor-key-out", &auditor_dir, "--vendor", &vendor]].concat()).await?;
        let at = ["--data", data.as_str(), "--exercise-clock", clock_text.as_str()];
        let policy = home.join("policy.toml");
        std::fs::write(&policy, run(gateway, &["policy", "strictest", "--force", FORCE]).await?)?;
        run(gateway, &[&["policy", "sign"], &at[..], &[&text(&policy)]].concat()).await?;
        let card = home.join("deployment.toml");
        std::fs::write(&card, deployment_file(&clock))?;
        let said = run(gateway, &[&["deployment", "create"], &at[..], &[&text(&card)]].concat()).await?;
        let deployment_id = field(&said, "deployment_id")?;
        let roles = |role: &str| format!("{deployment_id}:{role}");
        let engaging = roles("engagement_officer");
        for number in officers {
            let who = ["--id", number, "--pin", PIN, "--roster", &engaging];
            run(gateway, &[&["officer", "add"], &at[..], &who[..]].concat()).await?;
        }
        let supervising = roles("supervisor");
        let who = ["--id", SUPERVISOR, "--pin", PIN, "--roster", &supervising];
        run(gateway, &[&["officer", "add"], &at[..], &who[..]].concat()).await?;
        let (serve, address) = start_serve(gateway, &data, &clock_text, "127.0.0.1:0").await?;
        let desk = start_desk(gateway, &desk_dir, address)?;
        Ok(Self { programs: programs.clone(), home: home.to_owned(), clock, serve, desk, address, deployment_id })
    }

    /// `https://host:port`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A client that trusts the force's own root and nothing else.
    pub fn client(&self) -> Result<reqwest::Client, ExerciseError> {
        // Fails only where one was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem = std::fs::read(self.home.join("vendor/ca.pem"))?;
        let root = reqwest::Certificate::from_pem(&pem).map_err(std::io::Error::other)?;
        let builder = reqwest::Client::builder().tls_certs_only([root]).timeout(Duration::from_secs(30));
        Ok(builder.build().map_err(std::io::Error::other)?)
    }

    /// One of the keys that were handed to the vendor: `ingest` or `operator`.
    pub fn access_key(&self, name: &str) -> Result<String, ExerciseError> {
        Ok(std::fs::read_to_string(self.home.join("vendor").join(format!("{name}.key")))?.trim().to_owned())
    }

    /// A one-time code for a phone that reaches the gateway at `address`.
    pub async fn enrolment_code(&self, address: SocketAddr) -> Result<String, ExerciseError> {
        let url = format!("https://{address}");
        field(&self.command(&["enrol"], &["--url", &url]).await?, "code")
    }

    async fn command(&self, name: &[&str], rest: &[&str]) -> Result<String, ExerciseError> {
        let (data, clock) = (text(&self.home.join("serve")), self.clock.to_string());
        let at = ["--data", data.as_str(), "--exercise-clock", clock.as_str()];
        run(&self.programs.gateway, &[name, &at[..], rest].concat()).await
    }

    /// The supervisor states the truth of an alert that nobody judged.
    pub async fn debrief(&self, alert_id: &str, truth: &str) -> Result<(), ExerciseError> {
        let who = ["--supervisor", SUPERVISOR, "--pin", PIN, "--alert", alert_id, "--truth", truth];
        self.command(&["debrief"], &who).await.map(|_| ())
    }

    /// The desk computes the deployment's record from the trail.
    pub async fn record(&self, out: &Path) -> Result<String, ExerciseError> {
        let (desk, url, out_text) = (text(&self.home.join("desk")), self.url(), text(out));
        let what = ["record", "--desk", &desk, "--deployment", &self.deployment_id, "--gateway", &url];
        run(&self.programs.gateway, &[&what[..], &["--out", &out_text]].concat()).await?;
        Ok(std::fs::read_to_string(out)?)
    }

    /// Writes the bundle and the trust file.
    pub async fn bundle(&self, bundle: &Path, trust: &Path) -> Result<(), ExerciseError> {
        let (bundle, trust) = (text(bundle), text(trust));
        self.command(&["bundle"], &["--out", &bundle, "--trust", &trust]).await.map(|_| ())
    }

    /// The outsider verifies the bundle, and opens it with the auditor's key.
    pub async fn verify(&self, bundle: &Path, trust: &Path) -> Result<String, ExerciseError> {
        let (bundle, trust, key) = (text(bundle), text(trust), text(&self.home.join("auditor/auditor.key")));
        run(&self.programs.auditor, &["verify", &bundle, "--trust", &trust, "--open", &key]).await
    }

    /// The outsider verifies the bundle without opening it: signatures, order and completeness, not what was recorded.
    pub async fn verify_unopened(&self, bundle: &Path, trust: &Path) -> Result<String, ExerciseError> {
        let (bundle, trust) = (text(bundle), text(trust));
        run(&self.programs.auditor, &["verify", &bundle, "--trust", &trust]).await
    }

    /// Kills `serve` hard and starts it again at the same address.
    pub async fn crash_and_restart(&mut self) -> Result<(), ExerciseError> {
        self.serve.kill().await?;
        let (data, clock) = (text(&self.home.join("serve")), self.clock.to_string());
        let listen = self.address.to_string();
        let (serve, address) = start_serve(&self.programs.gateway, &data, &clock, &listen).await?;
        expect(address == self.address, "the gateway came back where it was")?;
        self.serve = serve;
        Ok(())
    }

    /// Stops the desk, so that a record can be computed without it.
    pub async fn stop_desk(&mut self) -> Result<(), ExerciseError> {
        self.desk.kill().await?;
        Ok(())
    }

    /// Stops both processes.
    pub async fn stop(mut self) -> Result<(), ExerciseError> {
        self.desk.kill().await?;
        self.serve.kill().await?;
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn start_serve(
    program: &Path,
    data: &str,
    clock: &str,
    listen: &str,
) -> Result<(Child, SocketAddr), ExerciseError> {
    let mut serve = Command::new(program)
        .args(["serve", "--data", data, "--exercise-clock", clock, "--listen", listen])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let output = serve.stdout.take().ok_or_else(|| ExerciseError::Expected("serve could be heard".to_owned()))?;
    let mut lines = BufReader::new(output).lines();
    let line = tokio::time::timeout(super::PATIENCE, lines.next_line())
        .await
        .map_err(|_| ExerciseError::Expected("serve was up within 20 s".to_owned()))??
        .unwrap_or_default();
    let address = field(&line, "listening")?;
    let address = address.parse().map_err(|_| ExerciseError::Expected("serve said where it listens".to_owned()))?;
    Ok((serve, address))
}

fn start_desk(program: &Path, desk_dir: &str, address: SocketAddr) -> Result<Child, ExerciseError> {
    let url = format!("https://{address}");
    let desk = Command::new(program)
        .args(["desk", "--data", desk_dir, "--gateway", &url, "--every-ms", "100"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok(desk)
}
