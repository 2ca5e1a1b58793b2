//! Proofs of possession and pins, as a gateway sees them: a server on loopback that follows a script and remembers what
//! it was asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use peel_domain::id::EnrolmentId;
use peel_domain::wire::dpop::{DpopProof, DpopRequest, Thumbprint};
use peel_ledger::Origin;
use peel_ledger::force_log::{Change, ForceLeaf};
use peel_ledger::note::Ed25519Signer;
use peel_ledger::pins::{PinStatement, statement_hash, with_approvals};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::*;
use crate::ffi::{KeySlot, KeyVault as _};
use crate::transport::ForceRoot;
use crate::vault::{SoftwareVault, VaultFault};

const FORCE: &str = "force.example";

/// A request as it came in.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    head: String,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        let field = |line: &'_ str| line.split_once(": ").map(|(name, _)| name.to_ascii_lowercase());
        self.head.lines().find(|line| field(line).as_deref() == Some(name))?.split_once(": ").map(|(_, value)| value)
    }

    fn proof(&self) -> DpopProof {
        DpopProof::parse(self.header("dpop").unwrap()).unwrap()
    }
}

/// Which of the server's keys is shown now.
#[derive(Debug)]
struct Shown(Mutex<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

struct Scripted {
    url: String,
    root: Vec<u8>,
    keys: Vec<(Arc<CertifiedKey>, [u8; 32])>,
    shown: Arc<Shown>,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Vec<u8>>>>,
    vault: Arc<SoftwareVault>,
    _home: tempfile::TempDir,
}

async fn scripted() -> Scripted {
    let (root, authority) = authority();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = |_| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let certified = CertifiedKey::from_der(vec![certificate.der().clone()], private, &provider).unwrap();
        (Arc::new(certified), Sha256::digest(key.subject_public_key_info()).into())
    };
    let keys: Vec<(Arc<CertifiedKey>, [u8; 32])> = (0..4).map(key).collect();
    let shown = Arc::new(Shown(Mutex::new(Arc::clone(&keys[0].0))));
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (asked, replies) = (Arc::default(), Arc::default());
    tokio::spawn(follow_script(listener, Arc::new(config), Arc::clone(&asked), Arc::clone(&replies)));
    let home = tempfile::tempdir().unwrap();
    let vault = Arc::new(SoftwareVault::open(home.path()).unwrap());
    Scripted { url, root, keys, shown, asked, replies, vault, _home: home }
}

async fn follow_script(
    listener: TcpListener,
    config: Arc<rustls::ServerConfig>,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Vec<u8>>>>,
) {
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    while let Ok((socket, _)) = listener.accept().await {
        let Ok(mut stream) = acceptor.accept(socket).await else { continue };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                break;
            }
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8(head).unwrap();
        let line = head.lines().next().unwrap_or_default().to_owned();
        asked.lock().unwrap().push(Asked { line, head });
        let reply = replies.lock().unwrap().pop_front().unwrap_or_else(|| reply("500 Script Ended", "", ""));
        let _ = stream.write_all(&reply).await;
        let _ = stream.shutdown().await;
    }
}

const ASKS_FOR_NONCE: &str = "www-authenticate: DPoP error=\"use_dpop_nonce\"\r\ndpop-nonce: fresh-1\r\n";

fn asks_for_nonce() -> Vec<u8> {
    reply("401 Unauthorized", ASKS_FOR_NONCE, "{\"code\":\"use_dpop_nonce\",\"message\":\"\"}")
}

fn token() -> Vec<u8> {
    reply("200 OK", "dpop-nonce: fresh-2\r\n", "{\"token\":\"the-token\",\"expires_in_s\":600}")
}

impl Scripted {
    fn will(&self, replies: impl IntoIterator<Item = Vec<u8>>) {
        self.replies.lock().unwrap().extend(replies);
    }

    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn show(&self, number: usize) {
        *self.shown.0.lock().unwrap() = Arc::clone(&self.keys[number].0);
    }

    fn pins(&self, first: usize) -> [[u8; 32]; 2] {
        [self.keys[first].1, self.keys[first + 1].1]
    }

    fn phone(&self) -> GatewayClient {
        let enrolment_id = EnrolmentId(uuid::Uuid::from_u128(1));
        let authenticator = Authenticator { enrolment_id, vault: Arc::clone(&self.vault) as _ };
        GatewayClient::new(&self.url, &self.root, self.pins(0), Some(authenticator)).unwrap()
    }

    /// A statement of the force's own root key that these people approved.
    fn by_root_and(&self, people: &[u8]) -> Vec<u8> {
        let signer = Ed25519Signer::from_seed("force.example/peel/root", &[1; 32]).unwrap();
        let note = PinStatement { version: 9, pins: self.pins(1) }.sign(FORCE, &signer).unwrap().to_text();
        reply("200 OK", "", &if people.is_empty() { note } else { approved(&note, 9, people) })
    }

    /// A statement of the pins from key `first` on, signed by the force with this seed.
    fn statement(&self, version: u64, first: usize, seed: u8) -> Vec<u8> {
        let signer = Ed25519Signer::from_seed("force.example/peel/root", &[seed; 32]).unwrap();
        let note = PinStatement { version, pins: self.pins(first) }.sign(FORCE, &signer).unwrap().to_text();
        reply("200 OK", "", &approved(&note, version, &[1, 2]))
    }
}

fn approver(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("force.example/peel/approver-{number}"), &[number; 32]).unwrap()
}

fn approved(note: &str, version: u64, people: &[u8]) -> String {
    let change = Change::PinChange { version, statement: statement_hash(note) };
    let mut leaf = ForceLeaf::change(change, Origin::force_log(FORCE).unwrap(), 7);
    for number in people {
        // The same person twice is refused here already: then one has approved.
        let _ = leaf.approve(&approver(*number));
    }
    with_approvals(note, &leaf)
}

fn force(seed: u8) -> ForceRoot {
    let signer = Ed25519Signer::from_seed("force.example/peel/root", &[seed; 32]).unwrap();
    let approvers = [1, 2].map(|number| approver(number).verifier().unwrap().to_string());
    ForceRoot::new(FORCE, &signer.verifier().unwrap().key_bytes().try_into().unwrap(), &approvers).unwrap()
}

#[tokio::test]
async fn every_request_carries_the_token_and_a_proof_and_a_wanted_nonce_is_given_once_more() {
    let server = scripted().await;
    let phone = server.phone();
    server.will([
        asks_for_nonce(),
        token(),
        reply("200 OK", "dpop-nonce: fresh-3\r\n", "{}"),
        reply("200 OK", "", "{}"),
    ]);
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    let asked = server.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let (for_token, for_more) = ("POST /v1/token HTTP/1.1", "GET /v1/deployments HTTP/1.1");
    assert_eq!(lines, [for_token, for_token, for_more, for_more], "one token serves both");
    let nonces: Vec<Option<String>> = asked.iter().map(|asked| asked.proof().nonce().map(str::to_owned)).collect();
    let nonces: Vec<Option<&str>> = nonces.iter().map(Option::as_deref).collect();
    assert_eq!(nonces, [None, Some("fresh-1"), Some("fresh-2"), Some("fresh-3")], "the newest one each time");
    let own = Thumbprint::of_spki(&server.vault.public_key(KeySlot::Auth).unwrap()).unwrap();
    let mut ids: Vec<String> = asked.iter().map(|asked| asked.proof().jti().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "no proof is used twice");
    for asked in &asked[2..] {
        assert_eq!(asked.header("authorization"), Some("DPoP the-token"));
        let address = format!("{}/v1/deployments", server.url);
        let request = DpopRequest { method: "GET", address: &address, token: Some("the-token") };
        assert_eq!((asked.proof().check(request), asked.proof().thumbprint()), (Ok(()), own));
    }
}

#[tokio::test]
async fn a_gateway_that_asks_for_nonces_for_ever_is_not_asked_for_ever() {
    let server = scripted().await;
    server.will((0..20).map(|_| asks_for_nonce()));
    let refused = server.phone().get::<serde_json::Value>("/v1/deployments").await;
    assert_eq!(refused, Err(TransportError::Refused { status: 401, code: "use_dpop_nonce".to_owned() }));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let server = scripted().await;
    let phone = server.phone();
    let refusal = || reply("401 Unauthorized", "", "{\"code\":\"unauthenticated\",\"message\":\"\"}");
    server.will([token(), refusal(), token(), reply("200 OK", "", "{}")]);
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    server.will([refusal(), token(), refusal()]);
    let refused = phone.get::<serde_json::Value>("/v1/deployments").await;
    assert_eq!(refused, Err(TransportError::Refused { status: 401, code: "unauthenticated".to_owned() }));
    assert_eq!(server.asked().len(), 7);
}

#[tokio::test]
async fn a_revoked_or_waiting_phone_hears_so_in_a_code() {
    let server = scripted().await;
    let phone = server.phone();
    for code in ["device.revoked", "device.pending"] {
        server.will([reply("403 Forbidden", "", &format!("{{\"code\":\"{code}\",\"message\":\"\"}}"))]);
        let refused = phone.get::<serde_json::Value>("/v1/deployments").await.unwrap_err();
        assert_eq!((refused.code().as_str(), refused.is_passing()), (code, false));
    }
}

#[tokio::test]
async fn a_key_store_that_refuses_is_a_typed_error_and_nothing_is_sent() {
    let server = scripted().await;
    server.vault.inject(VaultFault { refuse: Some(KeySlot::Auth), ..VaultFault::default() });
    let refused = server.phone().get::<serde_json::Value>("/v1/deployments").await.unwrap_err();
    assert_eq!(refused.code(), "vault.auth_key");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_phone_that_was_online_between_two_changes_of_keys_knows_the_gateway_after_both() {
    let server = scripted().await;
    let phone = server.phone().following(force(1), None);
    let sleeper = server.phone().following(force(1), None);
    let mut heard = phone.pins();
    server.show(1);
    server.will([token(), reply("200 OK", "peel-pins: 2\r\n", "{}"), server.statement(2, 1, 1)]);
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    assert!(heard.has_changed().unwrap());
    let learnt = *heard.borrow_and_update();
    assert_eq!((learnt.version, learnt.pins), (2, server.pins(1)));

    server.show(2);
    server.will([reply("200 OK", "peel-pins: 2\r\n", "{}")]);
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    let missed = sleeper.get::<serde_json::Value>("/v1/deployments").await.unwrap_err();
    assert_eq!((missed.code().as_str(), missed.is_passing()), ("gateway.pins_outdated", false), "enrol again");
    // A new process of the phone begins with what was kept.
    server.will([token(), reply("200 OK", "", "{}")]);
    let restarted = server.phone().following(force(1), Some(learnt));
    restarted.get::<serde_json::Value>("/v1/deployments").await.unwrap();
}

#[tokio::test]
async fn pins_of_another_signer_an_older_version_or_no_form_change_nothing() {
    let server = scripted().await;
    let known = PinStatement { version: 5, pins: server.pins(0) };
    let phone = server.phone().following(force(1), Some(known));
    let news = || reply("200 OK", "peel-pins: 9\r\n", "{}");
    server.will([token()]);
    for statement in [
        server.statement(9, 1, 2),
        server.statement(4, 1, 1),
        server.statement(5, 1, 1),
        // Whoever has the root key alone, or one approver's key too, moves no phone, nor uses up all versions.
        server.by_root_and(&[]),
        server.by_root_and(&[1]),
        server.by_root_and(&[1, 1]),
        server.by_root_and(&[1, 3]),
        server.statement(1_006, 1, 1),
        server.statement(u64::MAX, 1, 1),
        reply("200 OK", "", "nonsense"),
        reply("200 OK", "", &"x".repeat(100_000)),
        reply("404 Not Found", "", ""),
    ] {
        server.will([news(), statement]);
        phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
        assert_eq!(*phone.pins().borrow(), known);
    }
    server.will([news(), server.statement(9, 0, 1)]);
    phone.get::<serde_json::Value>("/v1/deployments").await.unwrap();
    assert_eq!(phone.pins().borrow().version, 9);
}
