//! The force's side: the gateway's own service on its own store, without HTTP, that can be killed, restored and filled.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use p256::pkcs8::EncodePublicKey as _;
use peel_domain::id::EnrolmentId;
use peel_gateway::clock::ExerciseClock;
use peel_gateway::force::{AuditorKey, ForceDir, InitRequest, create};
use peel_gateway::service::{Authority, Gateway, NewDevice, ServiceError, SignedMemory, enrolment_code};
use peel_gateway::storage::{LogRow, LogStore as _, Logs, StoreAddress};
use peel_journal::upload::Endpoint;
use peel_ledger::note::{Ed25519Signer, VerifierKey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::runtime::Runtime;

use super::device::Device;
use crate::phone::{self, Keys, recipient};
use crate::run::{Counts, Run};

/// A force with one enrolled device, and its store as it is then.
pub(crate) struct Force {
    data: ForceDir,
    fresh: PathBuf,
    pub(crate) device: EnrolmentId,
    pub(crate) keys: Keys,
    pub(crate) mirror: VerifierKey,
    runtime: Runtime,
}

thread_local! {
    static FORCE: RefCell<Option<&'static Force>> = const { RefCell::new(None) };
}

/// This thread's force; made once, because keys and certificates take their time.
pub(crate) fn force() -> &'static Force {
    FORCE.with(|force| *force.borrow_mut().get_or_insert_with(|| Box::leak(Box::new(Force::make()))))
}

/// The clock of this machine, by which both sides begin; what the runs do with time is added to it.
pub(crate) fn real_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// What a phone sends to be enrolled: a key of its log's own, and the same keys of its hardware each time.
fn new_device(log: &[u8; 32]) -> NewDevice {
    let spki = |byte| {
        let key = p256::ecdsa::SigningKey::from_slice(&[byte; 32]).unwrap();
        key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec()
    };
    NewDevice {
        log_key: Ed25519Signer::from_seed("phone", log).unwrap().verifier().unwrap().key_bytes(),
        hw_spki: spki(5),
        auth_spki: spki(6),
        model: "a phone".to_owned(),
    }
}

impl Force {
    fn make() -> Self {
        let root = phone::home().join("force");
        let at = |name: &str| root.join(name);
        let mut rng = StdRng::seed_from_u64(3);
        let request = InitRequest {
            data: at("data"),
            force: "force.example".to_owned(),
            exercise: true,
            names: vec!["localhost".to_owned()],
            desk: at("desk"),
            auditor: AuditorKey::New(at("auditor")),
            vendor: at("vendor"),
            store: None,
        };
        create(&request, &mut rng).unwrap();
        let data = ForceDir::new(at("data"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let authority = Authority::open(data.clone(), None).unwrap();
        let code = authority.change(|authority, tx| enrolment_code(authority, tx, 600, &mut rng)).unwrap();
        let log = [11; 32];
        let gateway = Gateway::open(authority).unwrap();
        let enrolled = runtime.block_on(gateway.enrol(code.secret.to_vec(), new_device(&log))).unwrap();
        let fresh = at("fresh.db");
        copy(&data.database(), &fresh);
        let origin = enrolled.origin.parse().unwrap();
        let keys = Keys { origin, log, recipients: vec![recipient().public_key().unwrap()] };
        let mirror = enrolled.mirror_vkey.parse().unwrap();
        Self { data, fresh, device: enrolled.enrolment_id, keys, mirror, runtime }
    }
}

/// A companion of a store's file.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Copies a store's files as they lie there: what a process that ended at this moment would leave.
pub(crate) fn copy(from: &Path, to: &Path) {
    remove(to);
    std::fs::copy(from, to).unwrap();
    if beside(from, "-wal").exists() {
        std::fs::copy(beside(from, "-wal"), beside(to, "-wal")).unwrap();
    }
}

/// Removes a store's files.
pub(crate) fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-signed", "-signed.lock"] {
        let _ = std::fs::remove_file(beside(path, suffix));
    }
}

/// What the server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after_s: Option<u64>,
}

impl Reply {
    pub(crate) fn bare(status: u16) -> Self {
        Self { status, body: Vec::new(), retry_after_s: None }
    }
}

/// A running gateway.
pub(crate) struct Server {
    gateway: Arc<Gateway>,
    path: PathBuf,
    clock_ms: i64,
    store_mib: Option<u32>,
}

impl Drop for Server {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Where the next store lies.
pub(crate) fn new_path() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    phone::home().join(format!("gateway-{}.db", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn open(path: &Path, clock_ms: i64, store_mib: Option<u32>) -> Arc<Gateway> {
    let now = real_ms();
    let clock = ExerciseClock { epoch_ms: now + clock_ms, real_ms: now, speed_thousandths: 1_000 };
    let mut authority = Authority::open(force().data.clone(), Some(clock)).unwrap();
    authority.store = StoreAddress::file(path);
    let signed = beside(path, "-signed");
    let known = signed.exists();
    authority.signed = Arc::new(SignedMemory::open(signed).unwrap());
    if !known {
        // The whole machine was put back, with no witness to say so: what the phones make of it is tried here.
        authority.adopt().unwrap();
    }
    authority.config.limits.store_mib = store_mib;
    Gateway::open(authority).unwrap()
}

impl Server {
    /// A gateway with one enrolled device and nothing of its log yet.
    pub(crate) fn start(store_mib: Option<u32>) -> Self {
        let path = new_path();
        copy(&force().fresh, &path);
        Self { gateway: open(&path, 0, store_mib), path, clock_ms: 0, store_mib }
    }

    /// A gateway on a copy of a store.
    pub(crate) fn on_copy(from: &Path) -> Self {
        let path = new_path();
        copy(from, &path);
        Self { gateway: open(&path, 0, None), path, clock_ms: 0, store_mib: None }
    }

    /// Where its store lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the process and starts it on what it left, or on a copy of the store that was made earlier.
    pub(crate) fn restart(&mut self, from: Option<&Path>) {
        let path = new_path();
        copy(from.unwrap_or(&self.path), &path);
        if from.is_none() {
            std::fs::copy(beside(&self.path, "-signed"), beside(&path, "-signed")).unwrap();
        }
        self.gateway = open(&path, self.clock_ms, self.store_mib);
        remove(&self.path);
        self.path = path;
    }

    /// Starts again with another clock.
    pub(crate) fn jump(&mut self, clock_ms: i64) {
        self.clock_ms = clock_ms;
        self.restart(None);
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, ms: i64) {
        self.jump(self.clock_ms + ms);
    }

    /// Starts again with another bound on the store's file.
    pub(crate) fn resize(&mut self, store_mib: Option<u32>) {
        self.store_mib = store_mib;
        self.restart(None);
    }

    /// Copies the store away.
    pub(crate) fn back_up(&self) -> PathBuf {
        let path = new_path();
        copy(&self.path, &path);
        path
    }

    /// Handles a request of a device.
    pub(crate) fn handle(&self, device: EnrolmentId, endpoint: Endpoint, body: &[u8]) -> Reply {
        let body = bytes::Bytes::copy_from_slice(body);
        let reply = force().runtime.block_on(async {
            match endpoint {
                Endpoint::AddCheckpoint => self.gateway.add_checkpoint(device, body).await,
                Endpoint::AddEntries => self.gateway.add_entries(device, body).await,
            }
        });
        match reply {
            Ok(reply) => Reply { status: reply.status, body: reply.body.into_bytes(), retry_after_s: None },
            Err(error) => Reply::bare(error.status()),
        }
    }

    /// Enrols the phone anew, with another key for its log.
    pub(crate) fn enrol(&self, log: [u8; 32], rng: &mut StdRng) -> (EnrolmentId, Keys) {
        let (authority, mut rng) = (self.gateway.authority.clone(), StdRng::from_rng(rng));
        let enrolled = force().runtime.block_on(async {
            let code = self.gateway.db.write(move |tx| enrolment_code(&authority, tx, 600, &mut rng)).await.unwrap();
            self.gateway.enrol(code.secret.to_vec(), new_device(&log)).await.unwrap()
        });
        let origin = enrolled.origin.parse().unwrap();
        (enrolled.enrolment_id, Keys { origin, log, recipients: force().keys.recipients.clone() })
    }

    /// A device's entries that the force holds; nothing of a device that it does not know.
    pub(crate) fn entries(&self, device: EnrolmentId) -> Vec<Vec<u8>> {
        let id = device.to_string();
        let read = self
            .gateway
            .db
            .read(move |tx| Ok::<_, ServiceError>(Logs(tx).read_entries(&id, 0, u64::from(u32::MAX), usize::MAX)?));
        force().runtime.block_on(read).unwrap()
    }

    fn log(&self, device: EnrolmentId) -> Option<LogRow> {
        let id = device.to_string();
        let read = self.gateway.db.read(move |tx| Ok::<_, ServiceError>(Logs(tx).log(&id)?));
        force().runtime.block_on(read).unwrap()
    }

    /// Whether the force has a log of this device at all.
    pub(crate) fn knows(&self, device: EnrolmentId) -> bool {
        self.log(device).is_some()
    }

    /// The size of the last checkpoint that was cosigned.
    pub(crate) fn cosigned(&self, device: EnrolmentId) -> u64 {
        self.log(device).and_then(|row| row.committed).map_or(0, |committed| committed.size)
    }
}

/// Fills a store of one mebibyte, and gives it room again.
pub(crate) fn fill(run: &Run) -> Counts {
    let mut rng = run.rng();
    let mut counts = Counts::default();
    let mut server = Server::start(Some(1));
    let mut device = Device::new(&mut rng);
    let refused = loop {
        device.record_many(&mut rng, 60);
        let before = device.cosigned();
        let refused = device.send_all(&server);
        let held = server.entries(device.enrolment);
        assert!(device.entries().starts_with(&held), "the force holds what the phone has not");
        assert!(server.cosigned(device.enrolment) <= held.len() as u64, "the force signed what it does not hold");
        assert!(
            device.cosigned() <= server.cosigned(device.enrolment),
            "the phone has a receipt for what is not durable"
        );
        assert!(device.cosigned() >= before);
        if let Some(status) = refused {
            break status;
        }
    };
    assert_eq!(refused, 507, "a full store says so");
    counts.add("stores filled", 1);
    counts.add("entries held by full stores", server.entries(device.enrolment).len() as u64);
    for _ in 0..3 {
        assert_eq!(device.send_all(&server), Some(507));
        server.restart(None);
    }
    server.resize(Some(64));
    assert_eq!(device.send_all(&server), None, "with room again the phone goes on");
    assert!(server.entries(device.enrolment) == device.entries(), "the force has the whole log");
    counts.add("went on with room again", 1);
    device.end();
    counts
}
