//! TLS of the gateway: a certificate authority of the force's own, and what client and server make of it.
//!
//! Must never: listen without TLS, or use a provider other than ring.
//! Always: clients trust the force's root alone.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};

use super::{ForceDir, ForceError};
use crate::files;

/// The files of TLS in a force's directory.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The authority's certificate, PEM.
    pub authority: PathBuf,
    /// The server's certificate, PEM.
    pub certificate: PathBuf,
    /// The server's private key, PEM.
    pub key: PathBuf,
    /// The next server key, unused as yet, so that its pin can already be in enrolment codes.
    pub next_key: PathBuf,
}

impl TlsFiles {
    /// Where they lie.
    pub fn of(dir: &ForceDir) -> Self {
        let tls = dir.tls();
        Self {
            authority: tls.join("ca.pem"),
            certificate: tls.join("server.pem"),
            key: tls.join("server.key"),
            next_key: tls.join("server-next.key"),
        }
    }

    /// Makes an authority and a server certificate for `names` (host names or addresses). The authority's own key is
    /// dropped: a development authority signs once.
    pub fn create(&self, force: &str, names: &[String]) -> Result<(), ForceError> {
        let authority_key = KeyPair::generate().map_err(|_| ForceError::Tls)?;
        let mut authority = CertificateParams::new(Vec::new()).map_err(|_| ForceError::Tls)?;
        authority.distinguished_name.push(DnType::CommonName, format!("{force} development authority"));
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = authority.self_signed(&authority_key).map_err(|_| ForceError::Tls)?;
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().map_err(|_| ForceError::Tls)?;
        let mut leaf = CertificateParams::new(names.to_vec()).map_err(|_| ForceError::Tls)?;
        leaf.distinguished_name.push(DnType::CommonName, format!("{force} gateway"));
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.insert_extended_key_usage(ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = leaf.signed_by(&key, &issuer).map_err(|_| ForceError::Tls)?;

        let next = KeyPair::generate().map_err(|_| ForceError::Tls)?;
        files::write_public(&self.authority, root.pem().as_bytes())?;
        files::write_public(&self.certificate, certificate.pem().as_bytes())?;
        files::write_private(&self.key, key.serialize_pem().as_bytes())?;
        Ok(files::write_private(&self.next_key, next.serialize_pem().as_bytes())?)
    }

    /// SHA-256 of the `SubjectPublicKeyInfo` of the server's key and of its successor.
    pub fn pins(&self) -> Result<[[u8; 32]; 2], ForceError> {
        let pin = |path: &PathBuf| {
            let pair = KeyPair::from_pem(&files::read_text(path)?).map_err(|_| ForceError::Tls)?;
            Ok::<_, ForceError>(spki_pin(&rcgen::PublicKeyData::subject_public_key_info(&pair)))
        };
        Ok([pin(&self.key)?, pin(&self.next_key)?])
    }

    /// The authority's certificate in DER.
    pub fn authority_der(&self) -> Result<Vec<u8>, ForceError> {
        let first = read_certificates(&files::read_text(&self.authority)?)?.into_iter().next();
        Ok(first.ok_or(ForceError::Tls)?.to_vec())
    }
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

/// The server's TLS, from the force's files.
pub fn server_config(files: &TlsFiles) -> Result<ServerConfig, ForceError> {
    let chain = read_certificates(&files::read_text(&files.certificate)?)?;
    let pem = zeroize::Zeroizing::new(files::read_text(&files.key)?);
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| ForceError::Tls)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| ForceError::Tls)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| ForceError::Tls)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
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
