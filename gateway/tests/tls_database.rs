//! The way to a database server by network: TLS alone, with a certificate of the authority that the force named.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod support;

use peel_gateway::params;
use peel_gateway::storage::{Db, StoreAddress, StoreError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Method;
use support::postgresql::{ABSENT, Server};
use support::{TestForce, TestGateway, TestPhone};

/// An authority, as PEM, and a certificate of it for a name, with its key.
fn authority(name: &str) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    (pem, certificate.pem(), own.serialize_pem())
}

/// Whether the connection that a store opens has TLS; the reason where there is none.
fn is_encrypted(address: &StoreAddress) -> Result<bool, StoreError> {
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    Db::once(address, |tx| tx.query_one(sql, params![], |row| row.take::<bool>(0))).map(Option::unwrap)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_by_network_is_reached_with_tls_by_the_named_authority_alone() {
    let (right, certificate, key) = authority("localhost");
    let (wrong, ..) = authority("localhost");
    let Some(server) = Server::with_tls(&certificate, &key) else {
        println!("{ABSENT}");
        return;
    };
    let name = server.database();
    let url = server.network_url("localhost", &name);
    let address = StoreAddress::server_with_tls(&url, &right).unwrap();
    assert_eq!(is_encrypted(&address), Err(StoreError::NoTls), "a server that does not offer it");
    server.say("postgres", "alter system set ssl = on");
    server.say("postgres", "select pg_reload_conf()");
    // The server reads its settings when it gets to it.
    let mut tries = (0..500).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        is_encrypted(&address)
    });
    assert_eq!(tries.find(|tried| *tried != Err(StoreError::NoTls)), Some(Ok(true)));
    // What the address says about TLS does not turn it off.
    let asking = StoreAddress::server_with_tls(&format!("{url}?sslmode=disable"), &right).unwrap();
    assert_eq!(is_encrypted(&asking), Ok(true));
    let stranger = StoreAddress::server_with_tls(&url, &wrong).unwrap();
    assert_eq!(is_encrypted(&stranger), Err(StoreError::Certificate));
    let other_name = StoreAddress::server_with_tls(&server.network_url("127.0.0.1", &name), &right).unwrap();
    assert_eq!(is_encrypted(&other_name), Err(StoreError::Certificate));

    // A whole force: writer, readers, admissions and listener.
    let gateway = TestGateway::serve(TestForce::with_store(Some(address.clone()))).await;
    TestPhone::enrol(&gateway).await;
    assert_eq!(gateway.call(Method::GET, "/healthz").send().await.unwrap().status(), 200);
    let counted = "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) \
                   where application_name = 'peel-gateway' and not ssl";
    let plain = Db::once(&address, |tx| tx.query_one(counted, params![], |row| row.take::<i64>(0))).unwrap();
    assert_eq!(plain, Some(0));
}
