//! A force, its gateway and a phone, for tests: real TLS over loopback, real keys, temporary directories.
#![allow(dead_code, unused_imports)] // each test file uses its own part

pub(crate) mod device_log;
pub(crate) mod klv;
mod phone;
pub(crate) mod postgresql;
pub(crate) mod store;
mod stream;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use peel_domain::deployment::Role;
use peel_domain::id::{AlertId, DeploymentId, ForceId, OfficerId};
use peel_domain::policy::Policy;
use peel_domain::wire::EnrolmentCode;
use peel_gateway::clock::GatewayClock;
use peel_gateway::force::{AuditorKey, ForceDir, ForceKeys, InitRequest, PolicySigners, client_config, create};
use peel_gateway::server::RunningServer;
use peel_gateway::service::{
    Authority, DeploymentFile, ServiceError, Sessions, add_officer, create_deployment, enrolment_text, install_policy,
};
use peel_gateway::storage::{Roster, StoreAddress, Tx};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) use self::phone::{TestPhone, b64, enrol_body, p256_key, spki};
pub(crate) use self::stream::TestStream;

pub(crate) const FORCE: &str = "force.example";
pub(crate) const OFFICER: &str = "PC-4471";
pub(crate) const PIN: &str = "493817";

/// A force in temporary directories.
pub(crate) struct TestForce {
    pub(crate) root: tempfile::TempDir,
    pub(crate) deployment_id: DeploymentId,
}

/// A gateway that serves it.
pub(crate) struct TestGateway {
    pub(crate) force: Arc<TestForce>,
    pub(crate) serving: Serving,
    pub(crate) http: Client,
}

/// What serves.
pub(crate) enum Serving {
    /// A server in the test's own process.
    Here(RunningServer),
    /// The program itself, and where it listens.
    Process(ServeProcess, String),
}

/// A `peel-gateway serve` that ends, hard, with the test at the latest.
pub(crate) struct ServeProcess(pub(crate) Child);

impl Drop for ServeProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl TestForce {
    pub(crate) fn new() -> Self {
        Self::with_store(store::for_this_binary())
    }

    pub(crate) fn with_store(store: Option<StoreAddress>) -> Self {
        Self::of_kind(store, true)
    }

    /// A force whose deployments are no exercises.
    #[allow(dead_code)]
    pub(crate) fn real() -> Self {
        Self::of_kind(store::for_this_binary(), false)
    }

    fn of_kind(store: Option<StoreAddress>, exercise: bool) -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let request = InitRequest {
            data: at("data"),
            force: FORCE.to_owned(),
            exercise,
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            desk: at("desk"),
            auditor: AuditorKey::New(at("auditor")),
            vendor: at("vendor"),
            store,
        };
        create(&request, &mut rand::rng()).unwrap();
        let mut force = Self { root, deployment_id: DeploymentId(uuid::Uuid::nil()) };
        let text = DEPLOYMENT.replace("exercise = true", &format!("exercise = {exercise}"));
        let file = DeploymentFile::parse(&text).unwrap();
        force.deployment_id =
            force.change(|authority, tx| create_deployment(authority, tx, file)).unwrap().deployment_id;
        force.add_officer(OFFICER, Role::EngagementOfficer);
        force
    }

    /// What any gateway process of this force makes of tokens and nonces.
    pub(crate) fn sessions(&self) -> Sessions {
        Sessions::new(ForceKeys::read(&self.data(), FORCE).unwrap().access)
    }

    pub(crate) fn data(&self) -> ForceDir {
        ForceDir::new(self.root.path().join("data"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn change<T: Send>(
        &self,
        work: impl FnOnce(&Authority, &Tx) -> Result<T, ServiceError> + Send,
    ) -> Result<T, ServiceError> {
        Authority::open(self.data(), None)?.change(work)
    }

    /// Puts a policy into force: the strictest one, changed.
    pub(crate) fn set_policy(&self, version: u32, change: impl FnOnce(&mut Policy)) {
        let mut policy = Policy::strictest(ForceId::new(FORCE).unwrap(), version);
        change(&mut policy);
        let cose = PolicySigners::read(&self.data()).unwrap().sign(&policy).unwrap();
        self.change(|authority, tx| install_policy(authority, tx, cose)).unwrap();
    }

    pub(crate) fn add_officer(&self, number: &str, role: Role) {
        let roster = Roster::from([(self.deployment_id, [role].into())]);
        let officer = OfficerId::new(number).unwrap();
        self.change(|_, tx| add_officer(tx, officer, PIN, roster, &mut rand::rng())).unwrap();
    }

    pub(crate) fn code(&self, url: &str, ttl_s: u32) -> EnrolmentCode {
        let text = self.change(|authority, tx| enrolment_text(authority, tx, url, ttl_s, &mut rand::rng())).unwrap();
        EnrolmentCode::parse(&text, i64::MIN).unwrap()
    }

    pub(crate) fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("vendor").join(name)).unwrap().trim().to_owned()
    }

    pub(crate) fn http(&self) -> Client {
        let authority = std::fs::read_to_string(self.path("vendor").join("ca.pem")).unwrap();
        Client::builder()
            .tls_backend_preconfigured(client_config(&authority).unwrap())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap()
    }
}

impl TestGateway {
    pub(crate) async fn start() -> Self {
        Self::serve(TestForce::new()).await
    }

    pub(crate) async fn serve(force: impl Into<Arc<TestForce>>) -> Self {
        let force = force.into();
        let server = RunningServer::start(force.data(), "127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let http = force.http();
        Self { force, serving: Serving::Here(server), http }
    }

    /// Ends the gateway; what it kept is there for the next one.
    pub(crate) async fn stop(self) -> Arc<TestForce> {
        let Self { force, serving, http } = self;
        drop(http);
        if let Serving::Here(server) = serving {
            server.shut_down().await;
        }
        force
    }

    /// Starts the program on a force.
    pub(crate) fn process(force: &Arc<TestForce>) -> Self {
        // Cargo gives it to this package's own tests; others must have it in their path.
        let program = option_env!("CARGO_BIN_EXE_peel-gateway").unwrap_or("peel-gateway");
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(force.path("data"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let url = format!("https://{}", said["listening"].as_str().unwrap());
        Self { force: Arc::clone(force), serving: Serving::Process(ServeProcess(child), url), http: force.http() }
    }

    pub(crate) async fn restart(self) -> Self {
        let Self { force, serving, http } = self;
        drop(http);
        if let Serving::Here(server) = serving {
            server.shut_down().await;
        }
        Self::serve(force).await
    }

    pub(crate) fn url(&self) -> String {
        match &self.serving {
            Serving::Here(server) => format!("https://{}", server.address()),
            Serving::Process(_, url) => url.clone(),
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url()))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.call(Method::POST, path).body(body.to_string())
    }

    pub(crate) fn vendor_post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post(path, body).bearer_auth(self.force.secret("ingest.key"))
    }

    pub(crate) async fn state(&self, state: &str) -> Response {
        let path = format!("/v1/ingest/deployments/{}/state", self.force.deployment_id);
        let body = json!({ "state": state, "faces_seen_estimate": if state == "ended" { Some(1000) } else { None } });
        self.post(&path, &body).bearer_auth(self.force.secret("operator.key")).send().await.unwrap()
    }

    pub(crate) async fn go_live(&self) {
        assert_eq!(self.state("live").await.status(), 200);
    }

    pub(crate) async fn ingest(&self) -> AlertId {
        let response = self.vendor_post("/v1/ingest/alerts", &alert(self.force.deployment_id)).send().await.unwrap();
        assert_eq!(response.status(), 201);
        let body: Value = read_json(response).await;
        body["alert_id"].as_str().unwrap().parse().unwrap()
    }

    /// A phone that is enrolled, signed in and in the deployment.
    pub(crate) async fn phone(&self, officer: &str) -> TestPhone {
        let mut phone = TestPhone::enrol(self).await;
        phone.sign_in(self, officer).await;
        assert_eq!(phone.join(self, "engagement_officer").await, 200);
        phone
    }
}

/// The status line of a request over a connection of its own, whose `Host` is whatever the caller says.
pub(crate) async fn status_line(gateway: &TestGateway, host: &str, path: &str, token: &str, proof: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let authority = std::fs::read_to_string(gateway.force.path("vendor").join("ca.pem")).unwrap();
    let mut config = client_config(&authority).unwrap();
    config.alpn_protocols.clear();
    let url = gateway.url();
    let stream = tokio::net::TcpStream::connect(url.trim_start_matches("https://")).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut tls = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: DPoP {token}\r\ndpop: {proof}\r\nconnection: close\r\n\r\n"
    );
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    let _ = tls.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).lines().next().unwrap_or_default().to_owned()
}

pub(crate) async fn read_json<T: serde::de::DeserializeOwned>(response: Response) -> T {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// Bytes that begin as a JPEG does and are different each time.
pub(crate) fn image(seed: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend((0..400_u16).map(|n| n.to_le_bytes()[0] ^ seed));
    bytes
}

pub(crate) fn now_ms() -> i64 {
    GatewayClock::new(None, &mut rand::rng()).now_ms()
}

/// A sound alert.
pub(crate) fn alert(deployment_id: DeploymentId) -> Value {
    json!({
        "deployment_id": deployment_id, "camera_id": "cam-1", "captured_at_ms": now_ms() - 400,
        "direction": "towards the station", "probes": [{ "image": b64(image(1)) }, { "image": b64(image(2)) }],
        "reference": { "image": b64(image(3)), "source": "custody", "age_years": 4 },
        "watchlist_entry_ref": "wl-0042", "score_thousandths": 671, "threshold_thousandths": 640, "grade": "amber",
        "categories": ["wanted_by_court"], "reason_text": "failed to appear", "warning_markers": ["weapons"],
    })
}

pub(crate) const DEPLOYMENT: &str = r#"
exercise = true
use_case = "crime_hotspot"
location_text = "High Street"
authority_ref = "AUTH-1"
planned_start_ms = 1700000000000
planned_end_ms = 1900000000000
algorithm = "vendor algorithm 1"
threshold_thousandths = 640
watchlist_size = 900
policy_version = 1

[[cameras]]
camera_id = "cam-1"
name = "Van, north"
kind = "van"
view_bearing_deg = 10
latitude_udeg = 51500000
longitude_udeg = -120000

[[feeds]]
feed_id = "drone-1"
incident_ref = "INC-7"
overt = true
"#;
