//! Who the gateway is: the root that the enrolment code names, and one of two pinned keys.
//!
//! Must never: ask the system's trust store, or take a certificate whose key is not pinned. Always: the usual checks of
//! rustls-webpki (chain, name, dates) run first; a pinned key's certificate is then also taken outside its dates, because a
//! phone's clock may be years off and must not lock it out: what ends a key is the force's statement of pins. Two pins are
//! known at all times; new ones come from a statement that the force's root key signed, never from a connection alone.

use std::sync::Arc;

use peel_ledger::pins::PinStatement;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::error::TransportError;

/// Certificates between the gateway's and the root whose dates are looked at.
const MAX_INTERMEDIATES: usize = 4;

/// A certificate of the force's root whose key is not pinned: the gateway has moved on by more than one rotation, or
/// somebody else has a certificate of that root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("know the gateway's key")]
pub(super) struct UnknownPin;

/// The pins that this phone knows, shared with every connection.
#[derive(Debug)]
pub(super) struct KnownPins {
    known: watch::Sender<PinStatement>,
}

impl KnownPins {
    /// The pins of an enrolment code are version 0: whatever the force states later is newer.
    pub(super) fn new(known: PinStatement) -> Arc<Self> {
        Arc::new(Self { known: watch::Sender::new(known) })
    }

    /// What is known now.
    pub(super) fn now(&self) -> PinStatement {
        *self.known.borrow()
    }

    /// Takes a statement that was verified, if it is newer.
    pub(super) fn learn(&self, statement: PinStatement) {
        self.known.send_if_modified(|known| {
            let newer = statement.version > known.version;
            if newer {
                *known = statement;
            }
            newer
        });
    }

    /// Hears of new ones.
    pub(super) fn subscribe(&self) -> watch::Receiver<PinStatement> {
        self.known.subscribe()
    }
}

/// Checks the chain against the force's root, then the pins.
#[derive(Debug)]
struct PinnedVerifier {
    chain: Arc<WebPkiServerVerifier>,
    pins: Arc<KnownPins>,
}

impl PinnedVerifier {
    fn is_pinned(&self, end_entity: &CertificateDer<'_>) -> Result<bool, Error> {
        let certificate = rustls::server::ParsedCertificate::try_from(end_entity)?;
        let spki: [u8; 32] = Sha256::digest(certificate.subject_public_key_info()).into();
        Ok(self.pins.now().pins.contains(&spki))
    }
}

/// The nearest time that a certificate's dates allow, where a check failed by them alone.
fn within_dates(error: &Error) -> Option<UnixTime> {
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => Some(*not_after),
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => Some(*not_before),
        _ => None,
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let check = |at| self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, at);
        let pinned = self.is_pinned(end_entity)?;
        let mut checked = check(now);
        // The server's certificate and those between it and the root each have dates.
        for _ in 0..=intermediates.len().min(MAX_INTERMEDIATES) {
            let Err(error) = &checked else { break };
            let Some(at) = within_dates(error).filter(|_| pinned) else { break };
            checked = check(at);
        }
        let verified = checked?;
        if pinned {
            Ok(verified)
        } else {
            let unknown = rustls::OtherError(Arc::new(UnknownPin));
            Err(Error::InvalidCertificate(CertificateError::Other(unknown)))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// A TLS configuration that trusts this root and these keys, and nothing else.
pub(super) fn client_config(root: &[u8], pins: Arc<KnownPins>) -> Result<ClientConfig, TransportError> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec())).map_err(|_| TransportError::SetUp)?;
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|_| TransportError::SetUp)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportError::SetUp)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedVerifier { chain, pins }))
        .with_no_client_auth();
    Ok(config)
}
