//! A force with its gateway in this process, and phones that are the real core: real TLS, real SQLite, real faces.
#![allow(dead_code)] // each test file uses its own part

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peel_companion::ffi::{
    AlertHeader, AlertListener, AlertView, AlertsSnapshot, ClockReading, ConnectionListener, ConnectionView,
    CoreConfig, CoreError, DeviceClock, EnrolmentView, OfficerCore, RevealedAlert, VaultError, software_vault,
    system_clock,
};
use peel_domain::deployment::Role;
use peel_domain::id::{AlertId, DeploymentId, EnrolmentId, OfficerId};
use peel_domain::judgement::Look;
use peel_gateway::bundle::{bundle_files, trust_text, write_bundle};
use peel_gateway::desk::DeskDir;
use peel_gateway::force::{AuditorKey, ForceDir, InitRequest, client_config, create};
use peel_gateway::server::RunningServer;
use peel_gateway::service::{
    Authority, DeploymentFile, RevocationReason, ServiceError, add_officer, create_deployment, enrolment_text,
    prepare_restart, propose_restart, propose_revocation, replacement_text, submit,
};
use peel_gateway::storage::{LogStore as _, Logs, Roster, Tx};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

pub(crate) const OFFICER: &str = "PC-4471";
pub(crate) const SECOND: &str = "PC-0815";
pub(crate) const PIN: &str = "493817";
/// A phone that lost its gateway waits up to 16 s between tries before half a minute is over.
pub(crate) const WITHIN: Duration = Duration::from_secs(90);
pub(crate) const LOOK: Look = Look { probe_ms: 1_500, reference_ms: 1_200, zoomed: false };

const DEPLOYMENT: &str = r#"
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

/// A force and its gateway.
pub(crate) struct Street {
    root: tempfile::TempDir,
    pub(crate) deployment_id: DeploymentId,
    pub(crate) server: RunningServer,
    pub(crate) http: Client,
}

/// A copy of a force's store.
pub(crate) struct Backup(tempfile::TempDir);

impl Backup {
    fn store(&self) -> PathBuf {
        self.0.path().join("store.db")
    }
}

fn copy_store(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let beside = |path: &Path| format!("{}{suffix}", path.display());
        let _ = std::fs::remove_file(beside(to));
        let _ = std::fs::copy(beside(from), beside(to));
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the exercise's role-players.
pub(crate) fn face(name: &str) -> Vec<u8> {
    std::fs::read(repository().join("tests/street/faces").join(name)).unwrap()
}

fn change<T: Send>(root: &Path, work: impl FnOnce(&Authority, &Tx) -> Result<T, ServiceError> + Send) -> T {
    Authority::open(ForceDir::new(root.join("data")), None).unwrap().change(work).unwrap()
}

impl Street {
    pub(crate) async fn open() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let request = InitRequest {
            data: at("data"),
            force: "force.example".to_owned(),
            exercise: true,
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            desk: at("desk"),
            auditor: AuditorKey::New(at("auditor")),
            vendor: at("vendor"),
            store: None,
        };
        create(&request, &mut rand::rng()).unwrap();
        let file = DeploymentFile::parse(DEPLOYMENT).unwrap();
        let deployment_id = change(root.path(), |authority, tx| create_deployment(authority, tx, file)).deployment_id;
        for number in [OFFICER, SECOND] {
            let roster = Roster::from([(deployment_id, [Role::EngagementOfficer].into())]);
            let officer = OfficerId::new(number).unwrap();
            change(root.path(), |_, tx| add_officer(tx, officer, PIN, roster, &mut rand::rng()));
        }
        let directory = ForceDir::new(root.path().join("data"));
        let server = RunningServer::start(directory, "127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        let authority = std::fs::read_to_string(at("vendor").join("ca.pem")).unwrap();
        let http = Client::builder()
            .tls_backend_preconfigured(client_config(&authority).unwrap())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let street = Self { root, deployment_id, server, http };
        assert_eq!(street.state("live").await.status(), 200);
        street
    }

    /// A copy of the store, as it is while the gateway stands still.
    pub(crate) async fn backed_up(self) -> (Self, Backup) {
        let backup = Backup(tempfile::tempdir().unwrap());
        let street = self.restarted(|force| copy_store(&force.database(), &backup.store())).await;
        (street, backup)
    }

    /// The store is put back, and the force's logs go on under other names.
    pub(crate) async fn put_back(self, backup: &Backup) -> Self {
        self.restarted(|force| {
            copy_store(&backup.store(), &force.database());
            prepare_restart(force, None).unwrap();
            let restart = |authority: &Authority, tx: &Tx| {
                let leaf = propose_restart(authority, tx)?;
                submit(authority, tx, &leaf, None)
            };
            Authority::open(force.clone(), None).unwrap().change(restart).unwrap();
        })
        .await
    }

    /// How many entries of a phone's log the force holds.
    pub(crate) fn held(&self, enrolment_id: EnrolmentId) -> u64 {
        let log = change(self.root.path(), |_, tx| Ok(Logs(tx).log(&enrolment_id.to_string())?));
        log.map_or(0, |log| log.next_index)
    }

    /// Stops the gateway, lets something happen to what it keeps, and starts it again at the same address.
    async fn restarted(self, meanwhile: impl FnOnce(&ForceDir)) -> Self {
        let Self { root, deployment_id, server, http } = self;
        let (address, directory) = (server.address(), ForceDir::new(root.path().join("data")));
        server.shut_down().await;
        meanwhile(&directory);
        let server = RunningServer::start(directory, address, None).await.unwrap();
        Self { root, deployment_id, server, http }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.server.address())
    }

    pub(crate) fn code(&self, ttl_s: u32) -> String {
        let url = self.url();
        change(self.root.path(), |authority, tx| enrolment_text(authority, tx, &url, ttl_s, &mut rand::rng()))
            .to_string()
    }

    /// The code for a phone whose log goes on from that of another enrolment.
    pub(crate) fn code_after(&self, before: EnrolmentId) -> String {
        let url = self.url();
        change(self.root.path(), |authority, tx| replacement_text(authority, tx, &url, 600, before, &mut rand::rng()))
            .to_string()
    }

    /// Two people revoke an enrolment.
    pub(crate) fn revoke(&self, enrolment_id: EnrolmentId) {
        change(self.root.path(), |authority, tx| {
            let leaf = propose_revocation(authority, tx, enrolment_id, RevocationReason::Lost)?;
            submit(authority, tx, &leaf, None)
        });
    }

    /// What an administrator does in a process of its own while the gateway runs.
    pub(crate) fn create_another_deployment(&self) {
        let file = DeploymentFile::parse(DEPLOYMENT).unwrap();
        change(self.root.path(), |authority, tx| create_deployment(authority, tx, file));
    }

    /// The desk's directory.
    pub(crate) fn desk(&self) -> DeskDir {
        DeskDir::new(self.root.path().join("desk"))
    }

    /// The bundle, what an outsider trusts, and the auditor's key.
    pub(crate) fn bundle(&self) -> (PathBuf, PathBuf, PathBuf) {
        let (bundle, trust) = (self.root.path().join("bundle"), self.root.path().join("trust.toml"));
        let files = change(self.root.path(), bundle_files);
        write_bundle(&bundle, &files).unwrap();
        std::fs::write(&trust, change(self.root.path(), trust_text)).unwrap();
        (bundle, trust, self.root.path().join("auditor").join("auditor.key"))
    }

    fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.root.path().join("vendor").join(name)).unwrap().trim().to_owned()
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Response {
        let request = self.http.request(Method::POST, format!("{}{path}", self.url()));
        request.bearer_auth(self.secret(key)).body(body.to_string()).send().await.unwrap()
    }

    pub(crate) async fn state(&self, state: &str) -> Response {
        let path = format!("/v1/ingest/deployments/{}/state", self.deployment_id);
        let faces = (state == "ended").then_some(1_000);
        self.post(&path, "operator.key", &json!({ "state": state, "faces_seen_estimate": faces })).await
    }

    pub(crate) async fn raise(&self) -> AlertId {
        self.raise_as(&alert(self.deployment_id, "avery_2.jpg", "avery_1.jpg")).await
    }

    pub(crate) async fn raise_as(&self, body: &Value) -> AlertId {
        let response = self.post("/v1/ingest/alerts", "ingest.key", body).await;
        assert_eq!(response.status(), 201);
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        body["alert_id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn withdraw(&self, alert_id: AlertId, judged_false: bool) {
        let path = format!("/v1/ingest/alerts/{alert_id}/withdraw");
        let response = self.post(&path, "ingest.key", &json!({ "judged_false": judged_false })).await;
        assert!(response.status().is_success());
    }
}

pub(crate) fn now_ms() -> i64 {
    system_clock().unwrap().now().unwrap().wall_ms
}

/// A sound alert whose score, reason and marker a test can look for.
pub(crate) fn alert(deployment_id: DeploymentId, probe: &str, reference: &str) -> Value {
    json!({
        "deployment_id": deployment_id, "camera_id": "cam-1", "captured_at_ms": now_ms() - 400,
        "direction": "towards the station", "probes": [{ "image": STANDARD.encode(face(probe)) }],
        "reference": { "image": STANDARD.encode(face(reference)), "source": "custody", "age_years": 4 },
        "watchlist_entry_ref": "wl-0042", "score_thousandths": 671, "threshold_thousandths": 640, "grade": "amber",
        "categories": ["wanted_by_court"], "reason_text": "role-player: failed to appear",
        "warning_markers": ["weapons"], "operator_judgement": "same_person_likely",
    })
}

/// The system's clocks, moved by a test.
pub(crate) struct TestClock {
    system: Arc<dyn DeviceClock>,
    ahead_ms: Mutex<i64>,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { system: system_clock().unwrap(), ahead_ms: Mutex::new(0) })
    }

    /// Time passes on both clocks.
    pub(crate) fn advance(&self, seconds: i64) {
        *self.ahead_ms.lock().unwrap() += seconds * 1_000;
    }
}

impl DeviceClock for TestClock {
    fn now(&self) -> Result<ClockReading, VaultError> {
        let ahead_ms = *self.ahead_ms.lock().unwrap();
        let mut reading = self.system.now()?;
        reading.wall_ms += ahead_ms;
        reading.monotonic_ns += u64::try_from(ahead_ms).unwrap() * 1_000_000;
        Ok(reading)
    }
}

#[derive(Default)]
struct Heard(Mutex<Option<AlertsSnapshot>>);

impl AlertListener for Heard {
    fn on_alerts(&self, snapshot: AlertsSnapshot) {
        *self.0.lock().unwrap() = Some(snapshot);
    }
}

#[derive(Default)]
struct Alarms(Mutex<Vec<String>>);

impl ConnectionListener for Alarms {
    fn on_connection(&self, state: ConnectionView) {
        *self.0.lock().unwrap() = state.alarms;
    }
}

/// A phone: the real core on directories of its own.
pub(crate) struct Phone {
    pub(crate) home: tempfile::TempDir,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) core: Arc<OfficerCore>,
    heard: Arc<Heard>,
    alarms: Arc<Alarms>,
    subscriptions: [Arc<peel_companion::ffi::Subscription>; 2],
}

pub(crate) fn open_core(home: &Path, clock: Arc<dyn DeviceClock>) -> Result<Arc<OfficerCore>, CoreError> {
    let text = |name: &str| home.join(name).to_string_lossy().into_owned();
    let models_dir = repository().join("models").to_string_lossy().into_owned();
    let config = CoreConfig { data_dir: text("data"), models_dir };
    OfficerCore::open(config, software_vault(text("vault")).unwrap(), clock)
}

impl Phone {
    pub(crate) fn on(home: tempfile::TempDir, clock: Arc<TestClock>) -> Self {
        let core = open_core(home.path(), clock.clone()).unwrap();
        let heard = Arc::new(Heard::default());
        let alarms = Arc::new(Alarms::default());
        let subscriptions =
            [core.subscribe_alerts(heard.clone()).unwrap(), core.subscribe_connection(alarms.clone()).unwrap()];
        Self { home, clock, core, heard, alarms, subscriptions }
    }

    pub(crate) fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap(), TestClock::new())
    }

    /// Enrolled, signed in, in the deployment and connected.
    pub(crate) async fn ready(street: &Street, officer: &str) -> Self {
        let phone = Self::new();
        phone.core.enrol(street.code(600)).await.unwrap();
        phone.core.sign_in(officer.to_owned(), PIN.to_owned()).await.unwrap();
        let offered = phone.core.deployments().await.unwrap();
        assert_eq!(offered[0].deployment_id, street.deployment_id);
        phone.core.join(street.deployment_id, Role::EngagementOfficer).await.unwrap();
        phone.core.acknowledge_briefing().await.unwrap();
        phone.core.connect().unwrap();
        phone
    }

    pub(crate) fn enrolment(&self) -> EnrolmentView {
        self.core.session().unwrap().enrolment.unwrap()
    }

    /// What a kill would leave behind, opened by another core.
    pub(crate) fn after_kill(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        for part in ["data", "vault"] {
            std::fs::create_dir_all(home.path().join(part)).unwrap();
            for file in std::fs::read_dir(self.home.path().join(part)).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), home.path().join(part).join(file.file_name())).unwrap();
            }
        }
        Self::on(home, self.clock.clone())
    }

    pub(crate) fn snapshot(&self) -> AlertsSnapshot {
        self.heard.0.lock().unwrap().clone().unwrap_or(AlertsSnapshot {
            deployment_id: None,
            alerts: Vec::new(),
            feeds: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Waits until the listener was told of what is looked for.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut(&AlertsSnapshot) -> Option<T>) -> T {
        let deadline = Instant::now() + WITHIN;
        loop {
            let snapshot = self.snapshot();
            if let Some(found) = look(&snapshot) {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "in time; refused so far: {:?}, alarms {:?}, session {:?}",
                snapshot.refused,
                self.alarms.0.lock().unwrap(),
                self.core.session()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an alarm is shown.
    pub(crate) async fn until_alarm(&self, code: &str) {
        let shown = || self.alarms.0.lock().unwrap().iter().any(|alarm| alarm == code);
        self.until(|_| shown().then_some(())).await;
    }

    pub(crate) async fn until_alert(&self, alert_id: AlertId) -> AlertHeader {
        self.until(|snapshot| snapshot.alerts.iter().find(|header| header.alert_id == alert_id).cloned()).await
    }

    pub(crate) fn revealed(&self, alert_id: AlertId) -> RevealedAlert {
        match self.core.alert(alert_id).unwrap() {
            AlertView::Revealed { alert } => alert,
            AlertView::Blind { .. } => panic!("the alert is still blind"),
        }
    }
}
