mod access;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server on loopback that answers every request with the same bytes.
struct Server {
    url: String,
    root: Vec<u8>,
    pin: [u8; 32],
}

fn authority() -> (Vec<u8>, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().der().to_vec();
    (root, Issuer::new(params, key))
}

async fn serve(reply: Vec<u8>) -> Server {
    serve_between(reply, 1975, 4096).await
}

/// A server whose certificate is good from the beginning of one year to that of another.
async fn serve_between(reply: Vec<u8>, from: i32, to: i32) -> Server {
    let (root, authority) = authority();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
    let certificate = params.signed_by(&key, &authority).unwrap();
    let pin = Sha256::digest(key.subject_public_key_info()).into();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, reply) = (acceptor.clone(), reply.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&reply).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Server { url, root, pin }
}

fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

fn client(server: &Server, root: &[u8], pin: [u8; 32]) -> GatewayClient {
    GatewayClient::new(&server.url, root, [[0; 32], pin], None).unwrap()
}

async fn ask(client: &GatewayClient) -> Result<serde_json::Value, TransportError> {
    client.post_open("/v1/enrol", &serde_json::json!({})).await
}

#[tokio::test]
async fn takes_the_pinned_key_under_the_right_root() {
    let server = serve(reply("200 OK", "", "{\"a\":1}")).await;
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await.unwrap()["a"], 1);
}

#[tokio::test]
async fn refuses_a_key_that_is_not_pinned_and_a_root_that_is_not_the_force() {
    let server = serve(reply("200 OK", "", "{}")).await;
    // Of the force's root, but unknown: the phone must be enrolled again.
    assert_eq!(ask(&client(&server, &server.root, [7; 32])).await, Err(TransportError::PinsOutdated));
    let (other, _) = authority();
    assert_eq!(ask(&client(&server, &other, server.pin)).await, Err(TransportError::Untrusted));
}

#[tokio::test]
async fn a_phone_whose_clock_is_decades_off_still_knows_the_pinned_key_and_no_other() {
    for (from, to) in [(1990, 1991), (2090, 2091)] {
        let server = serve_between(reply("200 OK", "", "{\"a\":1}"), from, to).await;
        assert_eq!(ask(&client(&server, &server.root, server.pin)).await.unwrap()["a"], 1);
        assert_eq!(ask(&client(&server, &server.root, [7; 32])).await, Err(TransportError::Untrusted));
        let (other, _) = authority();
        assert_eq!(ask(&client(&server, &other, server.pin)).await, Err(TransportError::Untrusted));
    }
}

#[tokio::test]
async fn a_gateway_that_is_gone_is_unreachable() {
    let server = serve(Vec::new()).await;
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(TransportError::Unreachable));
    let nobody = Server { url: "https://127.0.0.1:9".to_owned(), root: server.root.clone(), pin: server.pin };
    assert_eq!(ask(&client(&nobody, &nobody.root, nobody.pin)).await, Err(TransportError::Unreachable));
}

#[tokio::test]
async fn a_reply_that_is_cut_off_is_an_unknown_outcome() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{\"a\":".to_vec();
    let server = serve(cut).await;
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(TransportError::Unreachable));
}

#[tokio::test]
async fn refusals_keep_a_plain_code_and_nothing_else() {
    let body = "{\"code\":\"enrolment.unknown\",\"message\":\"failed to\"}";
    let server = serve(reply("401 Unauthorized", "", body)).await;
    let refused = TransportError::Refused { status: 401, code: "enrolment.unknown".to_owned() };
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(refused));
    let server = serve(reply("400 Bad Request", "", "{\"code\":\"Mrs Smith, 1 High St\",\"message\":\"\"}")).await;
    let refused = TransportError::Refused { status: 400, code: "gateway.status_400".to_owned() };
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(refused));
}

#[tokio::test]
async fn a_busy_gateway_says_for_how_long() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let server = serve(reply(status, "retry-after: 7\r\n", "")).await;
        let busy = TransportError::Busy { retry_after_s: Some(7) };
        assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(busy));
    }
}

#[tokio::test]
async fn a_huge_reply_is_refused_before_it_is_read() {
    let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 900000000\r\nconnection: close\r\n\r\n".to_vec();
    let server = serve(huge).await;
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(TransportError::TooLarge));
    let server = serve(reply("200 OK", "", "not json")).await;
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(TransportError::Malformed));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = serve(reply("302 Found", "location: https://elsewhere.invalid/\r\n", "")).await;
    let refused = TransportError::Refused { status: 302, code: "gateway.status_302".to_owned() };
    assert_eq!(ask(&client(&server, &server.root, server.pin)).await, Err(refused));
}
