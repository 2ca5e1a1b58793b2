//! TLS of the gateway: a certificate authority of the force's own, and what client and server make of it.
//!
//! Must never: listen without TLS, or use a provider other than ring.
//! Always: clients trust the force's root alone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::uri::Authority;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};

use super::{ForceDir, ForceError};
use crate::files;

/// The files of TLS in a force's directory.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The authority's certificate, PEM.
    pub authority: PathBuf,
    /// A development authority's private key, PEM; a force with an authority of its own has none here.
    pub authority_key: PathBuf,
    /// The names of the server's certificates, a line each.
    pub names: PathBuf,
    /// The server's certificate, PEM.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// The next server key, unused as yet, so that its pin is already with every phone.
    pub next_key: PathBuf,
    /// The next key's certificate, where another authority than the development one issued it.
    pub next_certificate: PathBuf,
    /// What the force states about its pins, for phones.
    pub pins: PathBuf,
}

impl TlsFiles {
    /// Where they lie.
    pub fn of(dir: &ForceDir) -> Self {
        let tls = dir.tls();
        Self {
            authority: tls.join("ca.pem"),
            authority_key: tls.join("ca.key"),
            names: tls.join("names"),
            certificate: tls.join("server.pem"),
            key: tls.join("server.key"),
            next_key: tls.join("server-next.key"),
            next_certificate: tls.join("server-next.pem"),
            pins: tls.join("pins.note"),
        }
    }

    /// Makes a development authority and a server certificate for `names` (host names or addresses).
    pub fn create(&self, force: &str, names: &[String]) -> Result<(), ForceError> {
        let authority_key = KeyPair::generate().map_err(|_| ForceError::Tls)?;
        let root = authority_params(force)?.self_signed(&authority_key).map_err(|_| ForceError::Tls)?;
        let (key, next) = (new_key()?, new_key()?);
        files::write_public(&self.authority, root.pem().as_bytes())?;
        files::write_private(&self.authority_key, authority_key.serialize_pem().as_bytes())?;
        files::write_public(&self.names, names.join("\n").as_bytes())?;
        files::write_public(&self.certificate, self.issue(force, &key)?.as_bytes())?;
        files::write_private(&self.key, key.serialize_pem().as_bytes())?;
        Ok(files::write_private(&self.next_key, next.serialize_pem().as_bytes())?)
    }

    /// A server certificate for a key by the development authority, PEM.
    pub(super) fn issue(&self, force: &str, key: &KeyPair) -> Result<String, ForceError> {
        let issuer = Issuer::new(authority_params(force)?, read_key(&self.authority_key)?);
        let names: Vec<String> = files::read_text(&self.names)?.lines().map(str::to_owned).collect();
        let mut leaf = CertificateParams::new(names).map_err(|_| ForceError::Tls)?;
        leaf.distinguished_name.push(DnType::CommonName, format!("{force} gateway"));
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.insert_extended_key_usage(ExtendedKeyUsagePurpose::ServerAuth);
        Ok(leaf.signed_by(key, &issuer).map_err(|_| ForceError::Tls)?.pem())
    }

    /// SHA-256 of the `SubjectPublicKeyInfo` of the server's key and of its successor.
    pub fn pins(&self) -> Result<[[u8; 32]; 2], ForceError> {
        Ok([pin_of(&read_key(&self.key)?), pin_of(&read_key(&self.next_key)?)])
    }

    /// The authority's certificate in DER.
    pub fn authority_der(&self) -> Result<Vec<u8>, ForceError> {
        let first = read_certificates(&files::read_text(&self.authority)?)?.into_iter().next();
        Ok(first.ok_or(ForceError::Tls)?.to_vec())
    }
}

fn authority_params(force: &str) -> Result<CertificateParams, ForceError> {
    let mut authority = CertificateParams::new(Vec::new()).map_err(|_| ForceError::Tls)?;
    authority.distinguished_name.push(DnType::CommonName, format!("{force} development authority"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(authority)
}

pub(super) fn new_key() -> Result<KeyPair, ForceError> {
    KeyPair::generate().map_err(|_| ForceError::Tls)
}

pub(super) fn read_key(path: &Path) -> Result<KeyPair, ForceError> {
    let pem = zeroize::Zeroizing::new(files::read_text(path)?);
    KeyPair::from_pem(&pem).map_err(|_| ForceError::Tls)
}

pub(super) fn pin_of(key: &KeyPair) -> [u8; 32] {
    spki_pin(&rcgen::PublicKeyData::subject_public_key_info(key))
}

/// The pin of a public key: SHA-256 of its DER `SubjectPublicKeyInfo`.
pub fn spki_pin(spki_der: &[u8]) -> [u8; 32] {
    Sha256::digest(spki_der).into()
}

/// Certificates of a PEM text.
pub fn read_certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, ForceError> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| ForceError::Tls)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The server's certificate with its key, which in the middle of a rotation may still be called the next one.
fn certified(files: &TlsFiles) -> Result<CertifiedKey, ForceError> {
    let chain = read_certificates(&files::read_text(&files.certificate)?)?;
    let with = |path: &Path| {
        let pem = zeroize::Zeroizing::new(files::read_text(path)?);
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| ForceError::Tls)?;
        CertifiedKey::from_der(chain.clone(), key, &provider()).map_err(|_| ForceError::Tls)
    };
    with(&files.key).or_else(|_| with(&files.next_key))
}

#[derive(Debug)]
struct Loaded {
    certified: Arc<CertifiedKey>,
    pins: String,
}

/// What the server shows to phones: its certificate and the statement of its pins, always of one rotation.
#[derive(Debug)]
pub struct ServerIdentity {
    files: TlsFiles,
    loaded: RwLock<Loaded>,
}

impl ServerIdentity {
    fn read(files: &TlsFiles) -> Result<Loaded, ForceError> {
        Ok(Loaded { certified: Arc::new(certified(files)?), pins: files::read_text(&files.pins)? })
    }

    /// Reads the force's files.
    pub fn open(files: TlsFiles) -> Result<Arc<Self>, ForceError> {
        let loaded = RwLock::new(Self::read(&files)?);
        Ok(Arc::new(Self { files, loaded }))
    }

    /// Reads the files anew: another process may have rotated the key. What cannot be read leaves things as they are.
    pub fn reload(&self) -> Result<(), ForceError> {
        let loaded = Self::read(&self.files)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// Whether the certificate is for the host of this authority (`host` or `host:port`).
    pub fn is_named(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let Ok(name) = ServerName::try_from(authority.host().trim_matches(['[', ']'])) else { return false };
        let certified = Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).certified);
        let Some(certificate) = certified.cert.first() else { return false };
        let Ok(certificate) = ParsedCertificate::try_from(certificate) else { return false };
        rustls::client::verify_server_name(&certificate, &name).is_ok()
    }

    /// The statement of the pins, a signed note.
    pub fn pins(&self) -> String {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).pins.clone()
    }

    /// The version of the pins.
    pub fn pins_version(&self) -> u64 {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.pins.lines().nth(1).and_then(|version| version.parse().ok()).unwrap_or_default()
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).certified))
    }
}

/// The server's TLS with the force's present identity.
pub fn server_config(identity: Arc<ServerIdentity>) -> Result<ServerConfig, ForceError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| ForceError::Tls)?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Without tickets and a session cache every connection shows the present certificate.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// A client's TLS that trusts the given root alone.
pub fn client_config(authority_pem: &str) -> Result<ClientConfig, ForceError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(authority_pem)? {
        roots.add(certificate).map_err(|_| ForceError::Tls)?;
    }
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| ForceError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
