//! A force's keys, and an engine that is enrolled with it, signed in and in a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use ed25519_dalek::{Signer as _, SigningKey};
use peel_domain::alert::{Alert, Category, Grade, ReferenceSource, Thousandths, WarningMarker};
use peel_domain::deployment::{Camera, CameraKind, DeploymentCard, DeploymentState, Role, UseCase};
use peel_domain::event::EventBody;
use peel_domain::id::{AlertId, CameraId, DeploymentId, EnrolmentId, ForceId, MediaId, OfficerId};
use peel_domain::shift::{CertificateClaims, sign_certificate};
use peel_domain::wire::{AlertDto, MediaDto, RosteredDeployment, StreamEnvelope, StreamEvent};
use peel_ledger::entry::{CipherSuite, Entry};
use peel_ledger::mirror::MirrorReceipt;
use peel_ledger::note::Ed25519Signer;
use peel_ledger::seal::{RecipientPrivateKey, open};
use rcgen::{CertificateParams, KeyPair};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::engine::Engine;
use crate::engine::incoming::Fetched;
use crate::engine::state::DeviceRecord;
use crate::ffi::{ClockReading, DeviceClock, KeySlot, KeyVault as _, VaultError, WrapSlot};
use crate::vault::SoftwareVault;

pub(super) const START_MS: i64 = 1_800_000_000_000;
pub(super) const CANARY: &str = "role-player: canary reason";

/// Clocks that a test sets.
#[derive(Debug)]
pub(super) struct Hands(pub(super) Mutex<ClockReading>);

impl DeviceClock for Hands {
    fn now(&self) -> Result<ClockReading, VaultError> {
        Ok(self.0.lock().unwrap().clone())
    }
}

impl Hands {
    pub(super) fn advance(&self, ms: i64) {
        let mut reading = self.0.lock().unwrap();
        reading.wall_ms += ms;
        reading.monotonic_ns += u64::try_from(ms).unwrap() * 1_000_000;
    }

    pub(super) fn set_wall(&self, wall_ms: i64) {
        self.0.lock().unwrap().wall_ms = wall_ms;
    }

    pub(super) fn reboot(&self) {
        let mut reading = self.0.lock().unwrap();
        reading.boot_id = vec![2; 8];
        reading.monotonic_ns = 1;
    }
}

/// A phone and the private keys of its force.
pub(super) struct Bench {
    pub(super) home: tempfile::TempDir,
    pub(super) clock: Arc<Hands>,
    pub(super) vault: Arc<SoftwareVault>,
    pub(super) engine: Arc<Engine>,
    pub(super) deployment_id: DeploymentId,
    pub(super) auditor: RecipientPrivateKey,
    sequence: SigningKey,
    pub(super) enrolment_id: EnrolmentId,
    /// The force's root key, public.
    pub(super) root: [u8; 32],
}

/// The mirror of the bench's force.
pub(super) fn mirror() -> Ed25519Signer {
    Ed25519Signer::from_seed("force.example/peel/mirror", &[3; 32]).unwrap()
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

fn open_at(home: &Path, clock: &Arc<Hands>, vault: &Arc<SoftwareVault>) -> Engine {
    Engine::open(&home.join("data"), &models(), vault.clone(), clock.clone()).unwrap()
}

impl Bench {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let reading = ClockReading { wall_ms: START_MS, monotonic_ns: 1, boot_id: vec![1; 8], exercise: false };
        let clock = Arc::new(Hands(Mutex::new(reading)));
        let vault = Arc::new(SoftwareVault::open(home.path().join("vault")).unwrap());
        let engine = Arc::new(open_at(home.path(), &clock, &vault));
        let auditor = RecipientPrivateKey::generate(CipherSuite::X25519ChaCha20Poly1305, &mut rand::rng()).unwrap();
        let (sequence, force) = (SigningKey::from_bytes(&[5; 32]), SigningKey::from_bytes(&[6; 32]));
        let enrolment_id = EnrolmentId(Uuid::now_v7());
        let deployment_id = DeploymentId(Uuid::now_v7());
        let root = CertificateParams::new(Vec::new()).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
        let device = DeviceRecord {
            enrolment_id,
            force_id: ForceId::new("force.example").unwrap(),
            gateway_url: "https://127.0.0.1:9".to_owned(),
            spki_pins: [[0; 32]; 2],
            root_certificate: root.der().to_vec(),
            force_key: force.verifying_key().to_bytes(),
            origin: format!("force.example/peel/device/{enrolment_id}"),
            recipients: vec![auditor.public_key().unwrap().to_string()],
            operations: Vec::new(),
            mirror_vkey: String::new(),
            force_log_vkey: None,
            policy_signers: vec![vec![1], vec![2]],
            sequence_key: sequence.verifying_key().to_bytes(),
            approvers: Vec::new(),
            k_log_wrapped: vault.wrap(WrapSlot::Log, vec![9; 32]).unwrap(),
            k_hw_spki: vault.public_key(KeySlot::Hardware).unwrap(),
            k_auth_spki: Some(vault.public_key(KeySlot::Auth).unwrap()),
        };
        engine.keep_device(device).unwrap();
        let k_officer_spki = vault.public_key(KeySlot::Officer).unwrap();
        let claims = CertificateClaims {
            officer_id: OfficerId::new("PC-1").unwrap(),
            enrolment_id,
            k_officer_spki: k_officer_spki.clone(),
            roles: BTreeMap::from([(deployment_id, BTreeSet::from([Role::EngagementOfficer]))]),
            from_ms: START_MS - 1_000,
            until_ms: START_MS + 8 * 3_600_000,
        };
        let certificate = sign_certificate(&claims, |message| force.sign(message).to_bytes()).unwrap();
        engine.keep_shift(certificate, &k_officer_spki).unwrap();
        engine.keep_joined(rostered(deployment_id), Role::EngagementOfficer).unwrap();
        let root = force.verifying_key().to_bytes();
        Self { home, clock, vault, engine, deployment_id, auditor, sequence, enrolment_id, root }
    }

    /// What a kill would leave behind, opened by another engine on a copy.
    pub(super) fn after_kill(&self) -> (tempfile::TempDir, Arc<Engine>) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("data")).unwrap();
        for file in std::fs::read_dir(self.home.path().join("data")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), home.path().join("data").join(file.file_name())).unwrap();
        }
        let engine = Arc::new(open_at(home.path(), &self.clock, &self.vault));
        (home, engine)
    }

    /// A message as the gateway would sign it.
    pub(super) fn envelope(&self, alert_seq: u64, payload: &str) -> String {
        let message = StreamEnvelope::signed_message(self.enrolment_id, alert_seq, payload);
        let signature = base64::engine::general_purpose::STANDARD.encode(self.sequence.sign(&message).to_bytes());
        serde_json::to_string(&StreamEnvelope { alert_seq, payload: payload.to_owned(), signature }).unwrap()
    }

    pub(super) fn message(&self, alert_seq: u64, event: &StreamEvent) -> String {
        self.envelope(alert_seq, &serde_json::to_string(event).unwrap())
    }

    pub(super) fn dto(&self) -> AlertDto {
        let now = self.clock.0.lock().unwrap().wall_ms;
        let hash = |byte: u8| hex::encode(<[u8; 32]>::from(Sha256::digest(image(byte))));
        let media = |byte: u8| MediaDto {
            media_id: MediaId(Uuid::now_v7()),
            sha256: hash(byte),
            size: u32::try_from(image(byte).len()).unwrap(),
        };
        AlertDto {
            alert_id: AlertId(Uuid::now_v7()),
            deployment_id: self.deployment_id,
            camera_id: CameraId::new("cam-1").unwrap(),
            camera_name: "Van, north".to_owned(),
            direction: None,
            captured_at_ms: now - 400,
            sent_at_ms: now - 200,
            stale_at_ms: now + 180_000,
            media_expire_at_ms: now + 3_600_000,
            probes: vec![media(1)],
            reference: media(2),
            reference_source: ReferenceSource::Custody,
            reference_age_years: None,
            watchlist_entry_ref: "wl-canary".to_owned(),
            score_thousandths: 671,
            threshold_thousandths: 640,
            grade: Grade::Amber,
            categories: BTreeSet::from([Category::WantedByCourt]),
            reason_text: CANARY.to_owned(),
            warning_markers: BTreeSet::from([WarningMarker::Weapons]),
            entry_last_verified_at_ms: None,
            under_18: false,
            vulnerable: false,
            known_twin_or_sibling: false,
            display_name: None,
            operator_judgement: None,
        }
    }

    /// What the mirror says of the trail as it is, now.
    pub(super) fn confirmation(&self) -> MirrorReceipt {
        let checkpoint = self.engine.lock().trail().unwrap().checkpoint();
        let at_s = u64::try_from(self.now() / 1_000).unwrap();
        let lines = mirror().cosign(&checkpoint.note_text(), at_s).unwrap().to_line();
        MirrorReceipt::verify(lines.as_bytes(), &checkpoint, &mirror().cosigner_verifier().unwrap()).unwrap()
    }

    /// Stores an alert as if its images had been fetched and masked.
    pub(super) fn receive(&self, alert_seq: u64) -> AlertId {
        self.receive_for(alert_seq, 3_600_000)
    }

    /// The same with images that live for so long.
    pub(super) fn receive_for(&self, alert_seq: u64, life_ms: i64) -> AlertId {
        let dto = AlertDto { media_expire_at_ms: self.now() + life_ms, ..self.dto() };
        let alert: Alert = dto.validate(self.now()).unwrap();
        let alert_id = alert.open().alert_id;
        let fetched = [
            Fetched::of(alert.open().probes[0], peel_domain::event::MediaClass::Probe, image(1)),
            Fetched::of(alert.open().reference, peel_domain::event::MediaClass::Reference, image(2)),
        ];
        self.engine.keep_alert(alert_seq, alert, &fetched).unwrap();
        alert_id
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.0.lock().unwrap().wall_ms
    }

    /// The trail, opened by the auditor.
    pub(super) fn events(&self, engine: &Engine) -> Vec<EventBody> {
        let origin = engine.lock().trail().unwrap().checkpoint().origin;
        let size = engine.lock().trail().unwrap().size();
        let entries = engine.store.entries(0, size).unwrap();
        let opened = entries.iter().filter_map(|bytes| {
            let entry = Entry::decode(bytes).unwrap();
            entry.receipt_commitment().is_none().then(|| open(&entry, &origin, &self.auditor).unwrap())
        });
        opened.map(|body| EventBody::from_cbor(&body).unwrap()).collect()
    }
}

/// Whether an alarm is on the screen.
pub(super) fn shown(engine: &Engine, code: &str) -> bool {
    engine.connection_view().alarms.contains(&code.to_owned())
}

pub(super) fn image(byte: u8) -> Vec<u8> {
    [b"canary image ".as_slice(), &[byte; 300]].concat()
}

pub(super) fn rostered(deployment_id: DeploymentId) -> RosteredDeployment {
    let camera = Camera {
        camera_id: CameraId::new("cam-1").unwrap(),
        name: "Van, north".to_owned(),
        kind: CameraKind::Van,
        view_bearing_deg: 0,
        latitude_udeg: 51_500_000,
        longitude_udeg: -120_000,
    };
    let card = DeploymentCard {
        deployment_id,
        force_id: ForceId::new("force.example").unwrap(),
        exercise: true,
        use_case: UseCase::CrimeHotspot,
        location_text: "High Street".to_owned(),
        authority_ref: "AUTH-1".to_owned(),
        planned_start_ms: START_MS - 1_000,
        planned_end_ms: START_MS + 8 * 3_600_000,
        cameras: vec![camera],
        feeds: Vec::new(),
        algorithm: "vendor 1".to_owned(),
        threshold: Thousandths(640),
        watchlist_size: 10,
        faces_seen_estimate: None,
        policy_version: 1,
    };
    RosteredDeployment { card, state: DeploymentState::Live, roles: BTreeSet::from([Role::EngagementOfficer]) }
}
